// SPDX-License-Identifier: GPL-2.0
/* Prints what recorder.bpf.c records, while it is attached with --pin. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include "recorder.h"

#define RECORDS "/sys/fs/bpf/kvm_hcx/recorder/records"

static int print(__attribute__((unused)) void *unused, void *data,
		 __attribute__((unused)) size_t size)
{
	const struct record *r = data;
	size_t i;

	printf("%llu.%09llu process %d vCPU %u id %llu ", r->ns / 1000000000,
	       r->ns % 1000000000, r->pid, r->vcpu, r->id);
	/* The guest's text goes to a terminal. */
	for (i = 0; i < sizeof(r->text) && r->text[i]; i++)
		putchar(isprint((unsigned char)r->text[i]) ? r->text[i] : '?');
	putchar('\n');
	return fflush(stdout);
}

int main(void)
{
	int map = bpf_obj_get(RECORDS);
	struct ring_buffer *records = map < 0 ? NULL : ring_buffer__new(map, print, NULL, NULL);

	if (!records)
		err(1, RECORDS);
	while (ring_buffer__poll(records, -1) >= 0)
		;
	err(1, "reading");
}
