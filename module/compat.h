/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that the core knows about kernel versions. The rest reads as if only the
 * newest kernel existed.
 */
#ifndef _HCX_COMPAT_H
#define _HCX_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "kvm-hcx needs Linux 5.10 or later"
#endif

#ifndef __ASSEMBLY__

#include <linux/ftrace.h>
#include <linux/kvm_host.h>

/* The name of the function that sets where a traced function continues. */
#ifndef ftrace_regs_set_instruction_pointer
#define ftrace_regs_set_instruction_pointer(fregs, ip) \
	ftrace_instruction_pointer_set(fregs, ip)
#endif

/* An IPMODIFY callback needs all registers saved where only those can hold the ip. */
#ifdef CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS
#define HCX_FTRACE_OPS_FL_IPMODIFY	FTRACE_OPS_FL_IPMODIFY
#else
#define HCX_FTRACE_OPS_FL_IPMODIFY	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS)
#endif

static inline int hcx_register_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
	return register_ftrace_direct_multi(ops, addr);
}

static inline int hcx_unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
	return unregister_ftrace_direct_multi(ops, addr);
}

/*
 * True where kvm_emulate_hypercall() hands over to Hyper-V's or Xen's
 * hypercalls (kvm_hv_hypercall_enabled() in arch/x86/kvm/hyperv.h,
 * kvm_xen_hypercall_enabled() in arch/x86/kvm/xen.h).
 */
static inline bool hcx_other_hypercalls(struct kvm_vcpu *vcpu)
{
	return (unlikely(vcpu->arch.hyperv_enabled) && vcpu->kvm->arch.hyperv.hv_guest_os_id) ||
	       (IS_ENABLED(CONFIG_KVM_XEN) && (vcpu->kvm->arch.xen_hvm_config.flags &
					       KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL));
}

#endif /* !__ASSEMBLY__ */
#endif /* _HCX_COMPAT_H */
