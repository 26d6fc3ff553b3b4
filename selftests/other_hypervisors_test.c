// SPDX-License-Identifier: GPL-2.0
/*
 * Hyper-V and Xen guests' hypercalls are theirs: a registered number in RAX
 * changes nothing. And before a guest says that it is a Hyper-V one, or without
 * Xen interception, it is a KVM guest.
 */
#include "guest.h"
#include "hcx_util.h"
#include "hyperv.h"

#define NR 0x35

/* RAX as a VM finds it with the handler registered must be the same as without. */
static void expect_untouched(struct guest *guest, const char *what)
{
	uint64_t with, without, exit_with, exit_without;

	guest_prepare(guest, NR, 0, 0, 0, 0);
	guest_enter(guest);
	without = guest->regs.rax;
	exit_without = guest->vcpu->run->exit_reason;

	must_control("register other %#x %d value 0x35", NR, HCX_RING3);
	guest_prepare(guest, NR, 0, 0, 0, 0);
	guest_enter(guest);
	with = guest->regs.rax;
	exit_with = guest->vcpu->run->exit_reason;

	expect(with, without, "%s: the same RAX", what);
	expect(exit_with, exit_without, "%s: the same exit", what);
	expect(calls_of("other"), 0, "%s: no call of the handler", what);
	must_control("unregister other");
}

static void test_hyperv(void)
{
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	vcpu_set_hv_cpuid(guest.vcpu);
	must_control("register other %#x 0 value 0x35", NR);
	expect(guest_call0(&guest, NR), 0x35, "Hyper-V CPUID, but no Hyper-V guest");
	must_control("unregister other");

	vcpu_set_msr(guest.vcpu, HV_X64_MSR_GUEST_OS_ID, 1);
	expect_untouched(&guest, "Hyper-V");
	guest_free(&guest);
}

static void test_xen(int ring)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = 0x40000200,
	};
	struct guest guest;
	char what[32];
	int i;

	snprintf(what, sizeof(what), "Xen, ring %d", ring);
	if (!(kvm_check_cap(KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL)) {
		for (i = 0; i < 3; i++)
			ksft_test_result_skip("%s: this KVM has no Xen support\n", what);
		return;
	}
	guest_create(&guest, GUEST_LONG, ring);
	vm_ioctl(guest.vm, KVM_XEN_HVM_CONFIG, &config);
	expect_untouched(&guest, what);
	guest_free(&guest);
}

int main(void)
{
	require_hcx(1 + 3 + 3 + 3);
	test_hyperv();
	test_xen(0);
	test_xen(3);
	ksft_finished();
}
