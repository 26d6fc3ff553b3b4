// SPDX-License-Identifier: GPL-2.0
/* A guest's user program: finds a hypercall that is open to ring 3, and calls it. */
#include <linux/hcx_guest.h>
#include <stdio.h>

static const char wanted[] = "ring3echo";

/* What the lines begin with: the program is built for both. */
static const char *me = sizeof(long) == 8 ? "user64" : "user32";

int main(void)
{
	struct hcx_regs regs = { 0x123456789abcdef0, 2, 3, 4 };
	struct hcx_guest guest;
	int error = hcx_guest_detect(&guest);
	long long nr;

	if (error) {
		printf("%s: hcx_guest_detect: %d\n", me, error);
		return 1;
	}
	nr = hcx_guest_find(&guest, wanted);
	if (nr < 0) {
		printf("%s: discovery does not know %s: %lld\n", me, wanted, nr);
		return 1;
	}
	printf("%s: %s is %#llx, its flags %#llx\n", me, wanted, nr, hcx_guest_flags(&guest, nr));
	printf("%s: RAX = %#llx\n", me, hcx_guest_call(&guest, nr, &regs));
	printf("%s: registers %#llx %llu %llu %llu\n", me, regs.rbx, regs.rcx, regs.rdx, regs.rsi);
	printf("%s: unregistered: %lld\n", me,
	       hcx_guest_call(&guest, HCX_NR_ALLOTTED_LAST, &regs));
	printf("%s: a name of 12 bytes: %lld, of 13: %lld\n", me,
	       hcx_guest_find(&guest, "twelve-bytes"), hcx_guest_find(&guest, "twelve-bytes+"));

	hcx_guest_call(&guest, hcx_guest_find(&guest, "ring3results"), &regs);
	printf("%s: results %#llx %#llx %#llx %#llx\n", me, regs.rbx, regs.rcx, regs.rdx, regs.rsi);

	return 0;
}
