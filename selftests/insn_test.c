// SPDX-License-Identifier: GPL-2.0
/* VMCALL and VMMCALL: KVM patches the other vendor's, unless told not to. */
#include "guest.h"
#include "hcx_util.h"

static const uint8_t *foreign_insn(void)
{
	return native_insn() == insn_vmcall ? insn_vmmcall : insn_vmcall;
}

static void test_patched(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	expect(guest_call0(&guest, 0x20), 7, "the vendor's own instruction");
	memcpy(guest_insn(&guest), foreign_insn(), INSN_SIZE);
	expect(guest_call0(&guest, 0x20), 7, "the other vendor's");
	ksft_test_result(!memcmp(guest_insn(&guest), native_insn(), INSN_SIZE),
			 "which KVM has patched\n");
	guest_free(&guest);
}

/* With no IDT, #UD becomes a triple fault. Returns how many calls are answered. */
static int test_unpatched(void)
{
	struct guest guest;

	if (!(kvm_check_cap(KVM_CAP_DISABLE_QUIRKS2) & KVM_X86_QUIRK_FIX_HYPERCALL_INSN)) {
		ksft_test_result_skip("this KVM always patches\n");
		ksft_test_result_skip("this KVM always patches\n");
		return 0;
	}
	guest_create(&guest, GUEST_LONG, 0);
	vm_enable_cap(guest.vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_FIX_HYPERCALL_INSN);
	expect(guest_call0(&guest, 0x20), 7, "the vendor's own, patching off");
	memcpy(guest_insn(&guest), foreign_insn(), INSN_SIZE);
	guest_prepare(&guest, 0x20, 0, 0, 0, 0);
	guest_enter(&guest);
	expect(guest.vcpu->run->exit_reason, KVM_EXIT_SHUTDOWN, "the other's faults then");
	guest_free(&guest);

	return 1;
}

int main(void)
{
	int answered = 2;

	require_hcx(3 + 2 + 1);
	must_control("register insn 0x20 0 value 7");
	test_patched();
	answered += test_unpatched();
	expect(calls_of("insn"), answered, "the handler was called once for each answer");
	must_control("unregister insn");
	ksft_finished();
}
