// SPDX-License-Identifier: GPL-2.0
/* A hypercall of KVM's own that exits to the VMM still does, and takes the VMM's result. */
#include "guest.h"
#include "hcx_util.h"

int main(void)
{
	struct guest guest;
	struct kvm_run *run;

	require_hcx(5);
	__TEST_REQUIRE(kvm_check_cap(KVM_CAP_EXIT_HYPERCALL) & (1 << KVM_HC_MAP_GPA_RANGE),
		       "KVM exits on no hypercall");
	guest_create(&guest, GUEST_LONG, 0);
	run = guest.vcpu->run;
	expect(guest_call(&guest, KVM_HC_MAP_GPA_RANGE, 0x1000, 1, 0, 0), ERR64(KVM_ENOSYS),
	       "not enabled: unknown");

	vm_enable_cap(guest.vm, KVM_CAP_EXIT_HYPERCALL, 1 << KVM_HC_MAP_GPA_RANGE);
	guest_prepare(&guest, KVM_HC_MAP_GPA_RANGE, 0x1000, 1, 0, 0);
	guest_enter(&guest);
	expect(run->exit_reason, KVM_EXIT_HYPERCALL, "enabled: exits to the VMM");
	expect(run->hypercall.nr, KVM_HC_MAP_GPA_RANGE, "with its number");
	run->hypercall.ret = 0x55;
	vcpu_run(guest.vcpu);
	vcpu_regs_get(guest.vcpu, &guest.regs);
	expect(run->exit_reason, KVM_EXIT_IO, "goes on behind the call");
	expect(guest.regs.rax, 0x55, "with the VMM's result");

	guest_free(&guest);
	ksft_finished();
}
