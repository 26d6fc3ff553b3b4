// SPDX-License-Identifier: GPL-2.0
/* One hypercall: KVM first, then the handler. */
#include "compat.h"
#include "hook.h"
#include "registry.h"

static __always_inline unsigned long *guest_rax(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.regs[VCPU_REGS_RAX];
}

/*
 * Tells who calls and whether KVM left the call to us. To a 32-bit caller KVM
 * gives the low half of -KVM_ENOSYS, and ring 3 gets -KVM_EPERM before KVM
 * looks at the number (kvm_emulate_hypercall() in arch/x86/kvm/x86.c). A
 * Hyper-V or Xen answer may look like the latter.
 */
static notrace bool left_to_us(struct hcx_call *call, u32 flags)
{
	unsigned long rax = *guest_rax(call->vcpu);

	call->long_mode = rax > U32_MAX;
	call->user = rax == (u64)-KVM_EPERM || rax == (u32)-KVM_EPERM;
	if (call->user)
		return (flags & HCX_RING3) && !hcx_other_hypercalls(call->vcpu);

	return rax == (u64)-KVM_ENOSYS || rax == (u32)-KVM_ENOSYS;
}

static notrace unsigned long to_rax(const struct hcx_call *call, long result)
{
	return call->long_mode ? result : (u32)result;
}

/*
 * Any caller but a 64-bit kernel. The upper half of RAX is part of the number
 * in 64-bit mode only, and which mode it is KVM's answer tells.
 */
static notrace noinline void answer_other(struct kvm_vcpu *vcpu, struct hcx_entry *entry,
					  bool upper_bits)
{
	struct hcx_call call = { .vcpu = vcpu, .handler = entry->handler };

	if (!left_to_us(&call, entry->flags) || (upper_bits && call.long_mode))
		return;
	*guest_rax(vcpu) = to_rax(&call, -KVM_ENOSYS);
	*guest_rax(vcpu) = to_rax(&call, entry->call(&call));
}

/*
 * KVM has dispatched Hyper-V and Xen calls, traced, checked the CPL, moved the
 * RIP on and counted the exit. Its return value goes back as it is: under
 * single-step it may already be an exit to the VMM. Where the handler runs,
 * RAX holds KVM's -KVM_ENOSYS, so that one which never returns leaves nothing
 * stale.
 *
 * The entry is put last, and nothing may sleep after it: what follows is
 * covered only by hcx_hook_detach()'s synchronize_rcu_tasks().
 */
static __always_inline int call_entry(struct kvm_vcpu *vcpu, unsigned long body,
				      struct hcx_entry *entry, bool upper_bits)
{
	int ret = hcx_call_kvm(vcpu, body);

	if (!upper_bits && likely(*guest_rax(vcpu) == (u64)-KVM_ENOSYS)) {
		struct hcx_call call = {
			.vcpu = vcpu, .handler = entry->handler, .long_mode = true
		};

		*guest_rax(vcpu) = entry->call(&call);
	} else {
		answer_other(vcpu, entry, upper_bits);
	}
	hcx_entry_put(entry);

	return ret;
}

static notrace noinline int call_upper_bits(struct kvm_vcpu *vcpu, unsigned long body)
{
	struct hcx_entry *entry = hcx_entry_get((u32)*guest_rax(vcpu));

	return entry ? call_entry(vcpu, body, entry, true) : hcx_call_kvm(vcpu, body);
}

/**
 * hcx_hypercall() - kvm_emulate_hypercall(), for numbers that may be ours
 * @vcpu: the caller
 * @body: kvm_emulate_hypercall() itself, behind its fentry site
 *
 * Context: as kvm_emulate_hypercall(): the vCPU's thread, vcpu->mutex held,
 * kvm->srcu held for reading; may sleep.
 * Return: what kvm_emulate_hypercall() returns.
 */
notrace int hcx_hypercall(struct kvm_vcpu *vcpu, unsigned long body)
{
	unsigned long nr = *guest_rax(vcpu);
	struct hcx_entry *entry;

	/* An L2 guest's hypercall is its L1 hypervisor's. */
	if (unlikely(vcpu->arch.hflags & HF_GUEST_MASK))
		return hcx_call_kvm(vcpu, body);

	entry = hcx_entry_get(nr);
	if (likely(entry))
		return call_entry(vcpu, body, entry, false);
	if (unlikely(nr > U32_MAX))
		return call_upper_bits(vcpu, body);

	return hcx_call_kvm(vcpu, body);
}
