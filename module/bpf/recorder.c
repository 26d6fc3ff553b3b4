// SPDX-License-Identifier: GPL-2.0
/* Prints what recorder.bpf.c records, while it is attached with --pin. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdio.h>
#include "recorder.h"

#define RECORDS "/sys/fs/bpf/kvm_hcx/recorder/records"

static int print(__attribute__((unused)) void *unused, void *data,
		 __attribute__((unused)) size_t size)
{
	const struct record *r = data;

	printf("%llu.%09llu process %d vCPU %u id %llu %.*s\n", r->ns / 1000000000,
	       r->ns % 1000000000, r->pid, r->vcpu, r->id, (int)sizeof(r->text), r->text);
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
