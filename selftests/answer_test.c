// SPDX-License-Identifier: GPL-2.0
/* A registered number is answered, and nothing but RAX changes. */
#include "guest.h"
#include "hcx_util.h"

static void test_arguments(struct guest *guest)
{
	static const char * const registers[] = { "RBX", "RCX", "RDX", "RSI" };
	int i;

	for (i = 0; i < 4; i++) {
		must_control("register arg%d 0x1f 0 arg %d", i, i);
		expect(guest_call(guest, 0x1f, 0x8000000000000001, 0x8000000000000002,
				  0x8000000000000003, 0x8000000000000004),
		       0x8000000000000001 + i, "argument %d is %s", i, registers[i]);
		must_control("unregister arg%d", i);
	}
	must_control("register arg4 0x1f 0 arg 4");
	expect(guest_call(guest, 0x1f, 1, 2, 3, 4), 0, "there is no argument 4");
	must_control("unregister arg4");
}

static void test_other_registers(struct guest *guest)
{
	struct kvm_regs before, after;

	must_control("register all64 0x1f 0 value -81985529216486896");
	guest_prepare(guest, 0x1f, 1, 2, 3, 4);
	before = guest->regs;
	guest_enter(guest);
	after = guest->regs;
	expect(after.rax, -81985529216486896, "all 64 bits of RAX are the result");

	before.rax = after.rax;
	before.rip += INSN_SIZE;	/* at the OUT, which KVM completes when it enters again */
	ksft_test_result(!memcmp(&before, &after, sizeof(before)),
			 "every other register is unchanged\n");
	must_control("unregister all64");
}

static void test_extremes(struct guest *guest)
{
	static const uint32_t numbers[] = { 13, 100, 0x4b57ffff, 0x4b590000, 0x7fffffff };
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		must_control("register extreme %#x 0 value %d", numbers[i], i + 70);
		expect(guest_call0(guest, numbers[i]), i + 70, "number %#x can be had", numbers[i]);
		must_control("unregister extreme");
		expect(guest_call0(guest, numbers[i]), ERR64(KVM_ENOSYS),
		       "number %#x is gone when unregistered", numbers[i]);
	}
}

int main(void)
{
	struct guest guest;

	require_hcx(5 + 2 + 10);
	guest_create(&guest, GUEST_LONG, 0);

	test_arguments(&guest);
	test_other_registers(&guest);
	test_extremes(&guest);

	guest_free(&guest);
	ksft_finished();
}
