// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel has. Kbuild compiles this once as it is, which must succeed,
 * and once for each HCX_PROBE_ below: those that compile are an HCX_HAVE_ in
 * probed.h, for compat.h. The versions are those of the first kernel that has it.
 */
#include <linux/ftrace.h>
#include <linux/kvm_host.h>

/* 6.4: a direct call is an ftrace_ops. */
#ifdef HCX_PROBE_DIRECT_OPS
static int __used probe(struct ftrace_ops *ops)
{
	return register_ftrace_direct(ops, 0UL) ?: unregister_ftrace_direct(ops, 0UL, false);
}
#endif

/* 5.17 to 6.3: it is an ftrace_ops by another name. */
#ifdef HCX_PROBE_DIRECT_MULTI
static int __used probe(struct ftrace_ops *ops)
{
	return register_ftrace_direct_multi(ops, 0UL) ?: unregister_ftrace_direct_multi(ops, 0UL);
}
#endif

/* 5.11: what an ftrace callback gets. */
#ifdef HCX_PROBE_FTRACE_REGS
static void probe(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
		  struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ops __used = { .func = probe };
#endif

/* 6.0: how an ftrace_ops is asked to share with a livepatch. */
#ifdef HCX_PROBE_OPS_FUNC
static int probe(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct ftrace_ops ops __used = { .ops_func = probe };
#endif

/* 7.0, or 6.19: the same, function by function. */
#ifdef HCX_PROBE_OPS_FUNC_IP
static int probe(struct ftrace_ops *ops, unsigned long ip, enum ftrace_ops_cmd cmd)
{
	return 0;
}

static struct ftrace_ops ops __used = { .ops_func = probe };
#endif

/* A kernel with Hyper-V emulation. */
#ifdef HCX_PROBE_HYPERV
static u64 __used probe(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.hyperv.hv_guest_os_id;
}
#endif

/* 5.11: which a VMM switches on for each vCPU. */
#ifdef HCX_PROBE_HYPERV_ENABLED
static bool __used probe(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hyperv_enabled && vcpu->kvm->arch.hyperv.hv_guest_os_id;
}
#endif

/* 7.0, or 6.19, with Xen emulation: where a VM's state of it is. */
#ifdef HCX_PROBE_XEN_HVM_CONFIG
static u32 __used probe(struct kvm *kvm)
{
	return kvm->arch.xen.hvm_config.flags;
}
#endif

/* 5.11: dirty pages can be logged to a ring. */
#ifdef HCX_PROBE_DIRTY_RING
static u32 __used probe(struct kvm *kvm)
{
	return kvm->dirty_ring_size;
}
#endif

/* 6.10, with guest_memfd: a VM that can have private memory. */
#ifdef HCX_PROBE_PRIVATE_MEMORY
static bool __used probe(struct kvm *kvm)
{
	return kvm_arch_has_private_mem(kvm) && kvm_mem_is_private(kvm, 0);
}
#endif
