// SPDX-License-Identifier: GPL-2.0
/* A guest's program sets 10,000 markers, half of them on each of two vCPUs. */
#include <linux/hcx_marker.h>
#include "vcpus.h"

#define MARKERS 5000

static __u32 nr;

static void *mark(void *vcpu)
{
	char text[HCX_MARKER_TEXT_MAX];
	struct hcx_dev_call c = {
		.nr = nr,
		.args = { (intptr_t)vcpu },
		.buffer = (uintptr_t)text,
		.buffer_arg = 2,
		.flags = HCX_CALL_BUFFER_READ,
	};
	intptr_t good = 0;

	for (c.args[1] = 0; c.args[1] < MARKERS; c.args[1]++) {
		c.buffer_len = snprintf(text, sizeof(text), "vCPU %d says %llu",
					(int)(intptr_t)vcpu, c.args[1]);
		c.args[3] = c.buffer_len;
		good += !call(&c);
	}
	return (void *)good;
}

int main(void)
{
	pthread_t threads[VCPUS];
	void *good;
	int i;

	open_dev();
	nr = find(HCX_MARKER_NAME);
	if (!nr) {
		puts("marker: nobody has the name");
		return 1;
	}
	for (i = 0; i < VCPUS; i++)
		threads[i] = start_on(i, mark);
	for (i = 0; i < VCPUS; i++) {
		pthread_join(threads[i], &good);
		printf("marker: vCPU %d: %d were answered with 0\n", i, (int)(intptr_t)good);
	}
	return 0;
}
