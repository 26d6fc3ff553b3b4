/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that kvm-hcx knows about kernel versions; probe.c finds out which applies.
 * The rest reads as if only the newest kernel existed.
 */
#ifndef _HCX_COMPAT_H
#define _HCX_COMPAT_H

#include <linux/version.h>
#include "probed.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "kvm-hcx needs Linux 5.10 or later"
#endif

#ifndef CONFIG_CGROUPS
#error "kvm-hcx needs a kernel with CONFIG_CGROUPS: rules can be about a control group"
#endif

#ifdef __ASSEMBLER__

#include <asm/nospec-branch.h>

/* asm/ibt.h has it from 5.18 on; without IBT it is nothing. */
#ifndef ENDBR
#define ENDBR
#endif

/*
 * What balances the return from a function that ftrace has called: needed where
 * CALL_DEPTH_ACCOUNT, an assembler macro, is there and more than nothing.
 */
#if defined(CONFIG_MITIGATION_CALL_DEPTH_TRACKING) || defined(CONFIG_CALL_DEPTH_TRACKING)
#define HCX_CALL_DEPTH_ACCOUNT	CALL_DEPTH_ACCOUNT
#else
#define HCX_CALL_DEPTH_ACCOUNT
#endif

#else /* !__ASSEMBLER__ */

#include <linux/btf.h>
#include <linux/eventfd.h>
#include <linux/ftrace.h>
#include <linux/kvm_host.h>

/* ENDBR for an asm statement, and a function without: asm/ibt.h, from 5.18 on. */
#ifndef ASM_ENDBR
#define ASM_ENDBR
#endif
#ifndef __noendbr
#define __noendbr
#endif

/* Before 5.11 an ftrace callback has the registers themselves. */
#ifndef HCX_HAVE_FTRACE_REGS
#define ftrace_regs pt_regs
#define ftrace_get_regs(fregs)	(fregs)
#define ftrace_regs_set_instruction_pointer(fregs, ip)	instruction_pointer_set(fregs, ip)
#endif

/* Not there where every kfunc takes trusted pointers only: in 7.3, and perhaps before. */
#ifdef KF_TRUSTED_ARGS
#define HCX_KF_TRUSTED_ARGS	KF_TRUSTED_ARGS
#else
#define HCX_KF_TRUSTED_ARGS	0
#endif

/* The name of the function that sets where a traced function continues. */
#ifndef ftrace_regs_set_instruction_pointer
#define ftrace_regs_set_instruction_pointer(fregs, ip)	ftrace_instruction_pointer_set(fregs, ip)
#endif

/* An IPMODIFY callback needs all registers saved where only those can hold the ip. */
#ifdef CONFIG_HAVE_DYNAMIC_FTRACE_WITH_ARGS
#define HCX_FTRACE_OPS_FL_IPMODIFY	FTRACE_OPS_FL_IPMODIFY
#else
#define HCX_FTRACE_OPS_FL_IPMODIFY	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS)
#endif

/* An ops_func that lets a livepatch, or another IPMODIFY user, share the function. */
#if defined(HCX_HAVE_OPS_FUNC_IP)
static inline int hcx_share_function(struct ftrace_ops *ops, unsigned long ip,
				     enum ftrace_ops_cmd cmd)
{
	return 0;
}
#elif defined(HCX_HAVE_OPS_FUNC)
static inline int hcx_share_function(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}
#endif

/* For a struct ftrace_ops' initializer; before 6.0 nothing can share with a direct call. */
#if defined(HCX_HAVE_OPS_FUNC_IP) || defined(HCX_HAVE_OPS_FUNC)
#define HCX_SHARES_FUNCTION	.ops_func = hcx_share_function,
#else
#define HCX_SHARES_FUNCTION
#endif

#if defined(HCX_HAVE_DIRECT_OPS) || defined(HCX_HAVE_DIRECT_MULTI)

static inline int hcx_watch(struct ftrace_ops *ops)
{
	return 0;
}

static inline int hcx_unwatch(struct ftrace_ops *ops)
{
	return 0;
}

#else

static notrace void __maybe_unused hcx_watched(unsigned long ip, unsigned long parent_ip,
					       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	WRITE_ONCE(ops->private, (void *)ip);
}

/*
 * Before 5.17 a direct call is registered for an address, which only a callback
 * tells without a look-up of KVM's symbols: the function must have been called
 * between hcx_watch() and hcx_unwatch() once.
 */
static inline int hcx_watch(struct ftrace_ops *ops)
{
	ops->func = hcx_watched;
	return register_ftrace_function(ops);
}

static inline int hcx_unwatch(struct ftrace_ops *ops)
{
	return ops->flags & FTRACE_OPS_FL_ENABLED ? unregister_ftrace_function(ops) : 0;
}

#endif

/* -ENOENT: the function's address is not known, see hcx_watch(). */
static inline int hcx_register_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
#if defined(HCX_HAVE_DIRECT_OPS)
	return register_ftrace_direct(ops, addr);
#elif defined(HCX_HAVE_DIRECT_MULTI)
	return register_ftrace_direct_multi(ops, addr);
#else
	return ops->private ? register_ftrace_direct((unsigned long)ops->private, addr) : -ENOENT;
#endif
}

static inline int hcx_unregister_ftrace_direct(struct ftrace_ops *ops, unsigned long addr)
{
#if defined(HCX_HAVE_DIRECT_OPS)
	return unregister_ftrace_direct(ops, addr, false);
#elif defined(HCX_HAVE_DIRECT_MULTI)
	return unregister_ftrace_direct_multi(ops, addr);
#else
	return unregister_ftrace_direct((unsigned long)ops->private, addr);
#endif
}

/*
 * True where kvm_emulate_hypercall() hands over to Hyper-V's hypercalls
 * (kvm_hv_hypercall_enabled() in arch/x86/kvm/hyperv.h).
 */
static inline bool hcx_hyperv_hypercalls(struct kvm_vcpu *vcpu)
{
#if defined(HCX_HAVE_HYPERV_ENABLED)
	return unlikely(vcpu->arch.hyperv_enabled) && vcpu->kvm->arch.hyperv.hv_guest_os_id;
#elif defined(HCX_HAVE_HYPERV)
	return READ_ONCE(vcpu->kvm->arch.hyperv.hv_guest_os_id);
#else
	return false;
#endif
}

/* The same of Xen's (kvm_xen_hypercall_enabled() in arch/x86/kvm/xen.h). */
static inline bool hcx_xen_hypercalls(struct kvm_vcpu *vcpu)
{
#if defined(HCX_HAVE_XEN_HVM_CONFIG)
	return vcpu->kvm->arch.xen.hvm_config.flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;
#elif defined(CONFIG_KVM_XEN)
	return vcpu->kvm->arch.xen_hvm_config.flags & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;
#else
	return false;
#endif
}

static inline bool hcx_other_hypercalls(struct kvm_vcpu *vcpu)
{
	return hcx_hyperv_hypercalls(vcpu) || hcx_xen_hypercalls(vcpu);
}

/* What a kernel has, and has in another way than any that is known, is not to be passed over. */
#if defined(CONFIG_KVM_HYPERV) && !defined(HCX_HAVE_HYPERV)
#error "this kernel keeps what it knows of Hyper-V guests where kvm_hcx does not find it"
#endif
#if defined(CONFIG_HAVE_KVM_DIRTY_RING) && !defined(HCX_HAVE_DIRTY_RING)
#error "this kernel has a dirty ring that kvm_hcx does not know"
#endif
#if defined(CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES) && !defined(HCX_HAVE_PRIVATE_MEMORY)
#error "this kernel has private memory that kvm_hcx does not know"
#endif

/* Whether what is written to memory with KVM_MEM_LOG_DIRTY_PAGES goes to a ring. */
static inline bool hcx_has_dirty_ring(const struct kvm *kvm)
{
#ifdef HCX_HAVE_DIRTY_RING
	return kvm->dirty_ring_size;
#else
	return false;
#endif
}

/* Whether hcx_is_private() can be true of any page of the VM. */
static inline bool hcx_has_private_memory(struct kvm *kvm)
{
#ifdef HCX_HAVE_PRIVATE_MEMORY
	return kvm_arch_has_private_mem(kvm);
#else
	return false;
#endif
}

static inline bool hcx_is_private(struct kvm *kvm, gfn_t gfn)
{
#ifdef HCX_HAVE_PRIVATE_MEMORY
	return kvm_mem_is_private(kvm, gfn);
#else
	return false;
#endif
}

static inline void hcx_signal_eventfd(struct eventfd_ctx *eventfd)
{
#ifdef HCX_HAVE_EVENTFD_SIGNAL_ONE
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

static inline void hcx_set_hypercall_long_mode(struct kvm_run *run, bool long_mode)
{
#ifdef HCX_HAVE_HYPERCALL_FLAGS
	run->hypercall.flags = long_mode ? KVM_EXIT_HYPERCALL_LONG_MODE : 0;
#else
	run->hypercall.longmode = long_mode;
#endif
}

#endif /* !__ASSEMBLER__ */
#endif /* _HCX_COMPAT_H */
