// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's program calls what daemons on its host answer: "weather" and "knock", then "weather"
 * until it is denied, and until it is not, then "hold" twice. Meanwhile the first daemon that has
 * "hold" is killed, and, in the second call, the VMM.
 */
#include <linux/hcx_guest.h>
#include <stdbool.h>
#include <unistd.h>
#include "vcpus.h"

static __s64 ask(__u32 nr, __u64 arg)
{
	struct hcx_dev_call c = { .nr = nr, .args = { arg } };

	return call(&c);
}

static void report(const char *name, __u32 nr, __u64 arg)
{
	printf("ask: %s answers %lld\n", name, ask(nr, arg));
}

static void ask_until_denied(__u32 nr, bool denied)
{
	while ((ask(nr, 0) == -(__s64)HCX_GUEST_ENOSYS) != denied)
		usleep(100000);
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
	__u32 weather, hold;

	open_dev();
	weather = find_soon("weather");
	report("weather", weather, 3);
	report("knock", find_soon("knock"), 0);
	ask_until_denied(weather, true);
	printf("ask: weather is denied, and %s\n", find("weather") ? "named" : "not named");
	ask_until_denied(weather, false);
	report("weather", weather, 4);
	hold = find_soon("hold");
	report("hold", hold, 0);
	report("hold", hold, 0);
	report("hold", find_soon("hold"), 0);

	return 0;
}
