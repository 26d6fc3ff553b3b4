// SPDX-License-Identifier: GPL-2.0
/* The caller's TSC. */
#include <linux/kvm_hcx.h>
#include <linux/math64.h>

/*
 * kvm_read_l1_tsc() in arch/x86/kvm/x86.c, which from 6.18 on is not for modules. A
 * handler's caller is no L2 guest, so the current ratio is L1's; its fraction has 48
 * bits on Intel (vmx_hardware_setup()) and 32 on AMD (svm_hardware_setup()). Where the
 * CPU cannot scale it is 1.
 */
u64 hcx_guest_tsc(const struct hcx_call *call, u64 tsc)
{
	const struct kvm_vcpu_arch *vcpu = &call->vcpu->arch;
	unsigned int shift = boot_cpu_has(X86_FEATURE_VMX) ? 48 : 32;

	if (vcpu->tsc_scaling_ratio > 1)
		tsc = mul_u64_u64_shr(tsc, vcpu->tsc_scaling_ratio, shift);

	return tsc + vcpu->l1_tsc_offset;
}
EXPORT_SYMBOL_GPL(hcx_guest_tsc);
