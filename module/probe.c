// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has. Kbuild compiles this once as it is, which must succeed, and once
 * with HCX_PROBE, where each part below is a file by the name in its #line: one that
 * the compiler says nothing of is an HCX_HAVE_ in probed.h, for compat.h. The versions are
 * those of the first kernel that has it.
 */
#include <linux/bpf.h>
#include <linux/eventfd.h>
#include <linux/ftrace.h>
#include <linux/kvm_host.h>

#ifdef HCX_PROBE

#line 1 "DIRECT_OPS"
/* 6.4: a direct call is an ftrace_ops. */
static int __used has_direct_ops(struct ftrace_ops *ops)
{
	return register_ftrace_direct(ops, 0UL) ?: unregister_ftrace_direct(ops, 0UL, false);
}

#line 1 "DIRECT_MULTI"
/* 5.17 to 6.3: it is an ftrace_ops by another name. */
static int __used has_direct_multi(struct ftrace_ops *ops)
{
	return register_ftrace_direct_multi(ops, 0UL) ?: unregister_ftrace_direct_multi(ops, 0UL);
}

#line 1 "FTRACE_REGS"
/* 5.11: what an ftrace callback gets. */
static void has_ftrace_regs(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ftrace_regs_ops __used = { .func = has_ftrace_regs };

#line 1 "OPS_FUNC"
/* 6.0: how an ftrace_ops is asked to share with a livepatch. */
static int has_ops_func(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct ftrace_ops ops_func_ops __used = { .ops_func = has_ops_func };

#line 1 "OPS_FUNC_IP"
/* 7.0, or 6.19: the same, function by function. */
static int has_ops_func_ip(struct ftrace_ops *ops, unsigned long ip, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct ftrace_ops ops_func_ip_ops __used = { .ops_func = has_ops_func_ip };

#line 1 "HYPERV"
/* A kernel with Hyper-V emulation. */
static u64 __used has_hyperv(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.hyperv.hv_guest_os_id;
}

#line 1 "HYPERV_ENABLED"
/* 5.11: which a VMM switches on for each vCPU. */
static bool __used has_hyperv_enabled(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hyperv_enabled && vcpu->kvm->arch.hyperv.hv_guest_os_id;
}

#line 1 "XEN_HVM_CONFIG"
/* 7.0, or 6.19, with Xen emulation: where a VM's state of it is. */
static u32 __used has_xen_hvm_config(struct kvm *kvm)
{
	return kvm->arch.xen.hvm_config.flags;
}

#line 1 "DIRTY_RING"
/* 5.11: dirty pages can be logged to a ring. */
static u32 __used has_dirty_ring(struct kvm *kvm)
{
	return kvm->dirty_ring_size;
}

#line 1 "PRIVATE_MEMORY"
/* 6.10, with guest_memfd: a VM that can have private memory. */
static bool __used has_private_memory(struct kvm *kvm)
{
	return kvm_arch_has_private_mem(kvm) && kvm_mem_is_private(kvm, 0);
}

#line 1 "EVENTFD_SIGNAL_ONE"
/* 6.8: an eventfd is always signalled with 1. */
static void __used has_eventfd_signal_one(struct eventfd_ctx *eventfd)
{
	eventfd_signal(eventfd);
}

#line 1 "HYPERCALL_FLAGS"
/* 6.5: what KVM_EXIT_HYPERCALL says of the caller. */
static u64 __used has_hypercall_flags(struct kvm_run *run)
{
	return run->hypercall.flags & KVM_EXIT_HYPERCALL_LONG_MODE;
}

#line 1 "STRUCT_OPS"
/* 6.11, with BTF of modules: a module can have a struct_ops type, which is told of links. */
#if !defined(register_bpf_struct_ops) || !defined(CONFIG_DEBUG_INFO_BTF_MODULES) || \
	!defined(CONFIG_BPF_JIT)
#error "not here"
#endif
static int has_struct_ops(void *data, struct bpf_link *link)
{
	return 0;
}

static struct bpf_struct_ops struct_ops __used = { .reg = has_struct_ops };

#line 1 "END"
/* Nothing has it: so the compiler did not give up before it came here. */
static_assert(0, "seen");

#endif
