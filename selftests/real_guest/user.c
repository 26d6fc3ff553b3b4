// SPDX-License-Identifier: GPL-2.0
/* A guest's user program: finds a hypercall that is open to ring 3, and calls it. */
#include <cpuid.h>
#include <linux/kvm_hcx.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* As discovery takes it: in two registers, with zeroes behind. */
union name {
	char text[HCX_NAME_LEN];
	unsigned long word[2];
};

static const union name wanted = { "ring3echo" };

/* The other vendor's instruction is an invalid opcode. */
static bool has_vmmcall(void)
{
	union {
		unsigned int reg[3];
		char text[12];
	} vendor;
	unsigned int max;

	__cpuid(0, max, vendor.reg[0], vendor.reg[2], vendor.reg[1]);

	return !memcmp(vendor.text, "AuthenticAMD", 12) ||
	       !memcmp(vendor.text, "HygonGenuine", 12);
}

static long hypercall(unsigned long nr, unsigned long a0, unsigned long a1, unsigned long a2)
{
	long ret;

	if (has_vmmcall())
		asm volatile("vmmcall" : "=a"(ret)
			     : "a"(nr), "b"(a0), "c"(a1), "d"(a2) : "memory");
	else
		asm volatile("vmcall" : "=a"(ret)
			     : "a"(nr), "b"(a0), "c"(a1), "d"(a2) : "memory");

	return ret;
}

int main(void)
{
	long nr = hypercall(HCX_NR_DISCOVERY, HCX_DISCOVER_NAME, wanted.word[0], wanted.word[1]);

	if (nr < 0) {
		printf("user: discovery does not know %s: %ld\n", wanted.text, nr);
		return 1;
	}
	printf("user: %s is %#lx\n", wanted.text, nr);
	printf("user: RAX = %#lx\n", hypercall(nr, 0x123456789abcdef0, 0, 0));
	printf("user: unregistered: %ld\n", hypercall(HCX_NR_ALLOTTED_LAST, 0, 0, 0));

	return 0;
}
