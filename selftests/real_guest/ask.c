// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's program calls what daemons on its host answer: "weather" and "knock", and "hold"
 * twice. Meanwhile the first daemon that has "hold" is killed, and, in the second call, the VMM.
 */
#include <unistd.h>
#include "vcpus.h"

static void report(const char *name, __u32 nr, __u64 arg)
{
	struct hcx_dev_call c = { .nr = nr, .args = { arg } };

	printf("ask: %s answers %lld\n", name, call(&c));
}

static __u32 find_soon(const char *name)
{
	__u32 nr;

	while (!(nr = find(name)))
		usleep(100000);

	return nr;
}

int main(void)
{
	__u32 hold;

	open_dev();
	report("weather", find_soon("weather"), 3);
	report("knock", find_soon("knock"), 0);
	hold = find_soon("hold");
	report("hold", hold, 0);
	report("hold", hold, 0);
	report("hold", find_soon("hold"), 0);

	return 0;
}
