// SPDX-License-Identifier: GPL-2.0
/* All of hcx_guest.h, for a compiler with no headers of its own. */
#include <linux/hcx_guest.h>

long long ask_echo(struct hcx_guest *guest, struct hcx_regs *regs);

long long ask_echo(struct hcx_guest *guest, struct hcx_regs *regs)
{
	long long nr = hcx_guest_detect(guest);

	if (nr || hcx_guest_version(guest) < 0 || hcx_guest_features(guest) < 0)
		return nr;
	nr = hcx_guest_find(guest, "echo");
	if (nr < 0 || hcx_guest_flags(guest, nr) < 0)
		return nr;

	return hcx_guest_call(guest, nr, regs);
}
