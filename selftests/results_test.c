// SPDX-License-Identifier: GPL-2.0
/* A handler returns values in the registers that it declares, and in no other. */
#include "guest.h"
#include "hcx_util.h"

#define RESULT(n) (HCX_RESULT_RBX << (n))

static uint64_t *result_register(struct kvm_regs *regs, int n)
{
	uint64_t *registers[] = {
		(uint64_t *)&regs->rbx, (uint64_t *)&regs->rcx,
		(uint64_t *)&regs->rdx, (uint64_t *)&regs->rsi,
	};

	return registers[n];
}

/* One call of a handler that declares the registers of @flags, and sets them. */
static void test_flags(struct guest *guest, bool long_mode, int flags)
{
	struct kvm_regs wanted;
	int n;

	must_control("register results 0x20 %d results 7", flags);
	guest_prepare(guest, 0x20, 1, 2, 3, 4);
	wanted = guest->regs;
	wanted.rax = 7;
	wanted.rip += INSN_SIZE;
	for (n = 0; n < 4; n++)
		if (flags & RESULT(n))
			*result_register(&wanted, n) = n + (long_mode ? 0xabcdef0000000000 : 0);
	guest_enter(guest);
	ksft_test_result(!memcmp(&guest->regs, &wanted, sizeof(wanted)),
			 "%s mode, flags %#x: these registers change, and no other\n",
			 long_mode ? "64-bit" : "32-bit", flags);
	must_control("unregister results");
}

static void test_mode(bool long_mode)
{
	struct guest guest;
	int flags;

	guest_create(&guest, long_mode ? GUEST_LONG : GUEST_PROTECTED, 0);
	for (flags = 0; flags <= 0xf; flags++)
		test_flags(&guest, long_mode, flags * HCX_RESULT_RBX);
	guest_free(&guest);
}

/* Its author is told of it once, however often guests call. */
static void test_undeclared(void)
{
	struct kvm_regs wanted;
	struct guest guest;
	int log, i;

	guest_create(&guest, GUEST_LONG, 0);
	must_control("register results 0x20 %d undeclared 7", HCX_RESULT_RCX);
	log = log_mark();
	for (i = 0; i < 3; i++) {
		guest_prepare(&guest, 0x20, 1, 2, 3, 4);
		wanted = guest.regs;
		wanted.rax = 7;
		*result_register(&wanted, 1) = 0xabcdef0000000001;
		wanted.rip += INSN_SIZE;
		guest_enter(&guest);
	}
	ksft_test_result(!memcmp(&guest.regs, &wanted, sizeof(wanted)),
			 "a register that is set and not declared stays\n");
	expect(log_lines(log, "hcx") > 1, 0, "it is logged once");
	close(log);
	must_control("unregister results");
	guest_free(&guest);
}

static void test_discovery(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	must_control("register results 0x20 %d results 7", HCX_RESULT_RCX | HCX_RING3);
	expect(guest_call(&guest, HCX_NR_DISCOVERY, HCX_DISCOVER_NUMBER, 0x20, 0, 0),
	       HCX_RESULT_RCX | HCX_RING3, "discovery tells which they are");
	must_control("unregister results");
	expect(guest_call(&guest, HCX_NR_DISCOVERY, HCX_DISCOVER_FEATURES, 0, 0, 0) &
	       HCX_FEATURE_RESULTS, HCX_FEATURE_RESULTS, "and that there can be any");
	guest_free(&guest);
}

int main(void)
{
	require_hcx(16 + 16 + 2 + 2);
	test_mode(true);
	test_mode(false);
	test_undeclared();
	test_discovery();
	ksft_finished();
}
