// SPDX-License-Identifier: GPL-2.0
/* One hypercall: KVM first, then the handler. */
#include <linux/nospec.h>
#include "binding.h"
#include "compat.h"
#include "hook.h"
#include "offsets.h"
#include "registry.h"
#include "trace.h"

/* What trampoline.S and hcx_arg() rely on. */
static_assert(HCX_VCPU_RAX == offsetof(struct kvm_vcpu, arch.regs[VCPU_REGS_RAX]));
static_assert(sizeof_field(struct kvm_vcpu, arch.regs[0]) == sizeof(u64));
static_assert(VCPU_REGS_RAX == 0 && VCPU_REGS_RCX == 1 && VCPU_REGS_RDX == 2 &&
	      VCPU_REGS_RBX == 3 && VCPU_REGS_RSI == 6);

static __always_inline unsigned long *guest_rax(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.regs[VCPU_REGS_RAX];
}

/* An L2 guest's hypercall is its L1 hypervisor's. */
static __always_inline bool in_l2(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK;
}

/* The number as this vCPU has called it before, counted in, or NULL. */
static __always_inline struct hcx_binding *claim(struct kvm_vcpu *vcpu, u64 nr)
{
	struct hlist_head *bucket = hcx_binding_bucket(vcpu, nr);
	struct hcx_binding *binding;

	rcu_read_lock_sched_notrace();
	hlist_for_each_entry_rcu_notrace(binding, bucket, hash)
		/* Another vCPU's may change, see enter_forwarder(), but is another's. */
		if (likely(data_race(binding->nr) == nr && binding->vcpu == vcpu)) {
			hcx_binding_enter(binding);
			rcu_read_unlock_sched_notrace();
			return binding;
		}
	rcu_read_unlock_sched_notrace();

	return NULL;
}

/*
 * Tells who calls and whether KVM left the call to us. To a 32-bit caller KVM
 * gives the low half of -KVM_ENOSYS, and ring 3 gets -KVM_EPERM before KVM
 * looks at the number (kvm_emulate_hypercall() in arch/x86/kvm/x86.c).
 *
 * Where KVM handed over to Hyper-V's or Xen's hypercalls, RAX is what it was, a
 * Hyper-V status (of 16 bits, with a count above bit 31), a Xen errno or Xen's version. None of
 * them can be the 64 bits of -KVM_ENOSYS, 1000; but Xen has -KVM_EPERM, 1, and its version is any
 * 32 bits that the VMM likes (kvm_xen_hypercall() in arch/x86/kvm/xen.c).
 */
static notrace bool left_to_us(struct hcx_call *call)
{
	unsigned long rax = *guest_rax(call->vcpu);

	call->long_mode = rax > U32_MAX;
	call->user = rax == (u64)-KVM_EPERM || rax == (u32)-KVM_EPERM;
	if (call->user || rax == (u32)-KVM_ENOSYS)
		return !hcx_other_hypercalls(call->vcpu);

	return rax == (u64)-KVM_ENOSYS;
}

static notrace unsigned long to_rax(const struct hcx_call *call, long result)
{
	return call->long_mode ? result : (u32)result;
}

/* What a VMM answers, nobody counts. */
static notrace noinline void count_error(struct hcx_binding *binding, long error, bool forwarded)
{
	if (!forwarded)
		hcx_count_error(&binding->counts, error);
}

/* Without the address of @call, for which calls would save a register. */
static __always_inline void count_result(const struct hcx_call *call, long result)
{
	if (unlikely(result < 0))
		count_error(call->binding, result, call->forwarded);
}

/* Ring 3 called what is not open to it. KVM's -KVM_EPERM stays. */
static notrace void deny(struct hcx_call *call)
{
	hcx_count(&call->binding->counts.denied);
	trace_hcx_denied(call, "ring3");
}

/* Any caller but a 64-bit kernel. */
static notrace noinline void answer_other(struct hcx_call *call, bool upper_bits)
{
	struct hcx_binding *binding = call->binding;
	unsigned long *rax = guest_rax(call->vcpu);
	long result;

	if (!left_to_us(call) || (upper_bits && call->long_mode))
		return;
	if (call->user && !(binding->entry->flags & HCX_RING3)) {
		deny(call);
		return;
	}
	barrier_nospec();
	*rax = to_rax(call, -KVM_ENOSYS);
	result = READ_ONCE(binding->call)(call);
	*rax = to_rax(call, result);
	count_result(call, result);
}

/*
 * The int of KVM's body as hcx_hypercall() returns it. The return that follows a
 * CPU may predict to be into the body, since hcx_call_kvm() entered that by one:
 * %rdi is the vcpu there, not what a handler left in it.
 */
static __always_inline unsigned long body_result(struct kvm_vcpu *vcpu, int ret)
{
	asm volatile("" : : "D" (vcpu));
	return (u32)ret;
}

/* From where it is kept: in a register, it would be one more that each call saves. */
static __always_inline struct hcx_binding *binding_of(const struct hcx_call *call)
{
	return READ_ONCE(call->binding);
}

/*
 * A call that has been claimed: KVM's body, then whoever is to answer. @upper_bits is a constant,
 * since it would take a register, to be saved by each call.
 */
static __always_inline unsigned long call_and_answer(struct kvm_vcpu *vcpu,
						     struct hcx_binding *binding,
						     unsigned long body, const bool upper_bits)
{
	struct hcx_call call = { .vcpu = vcpu, .binding = binding, .long_mode = true };
	long result;

	call.kvm_ret = hcx_call_kvm(vcpu, body);
	if (likely(!upper_bits && *guest_rax(vcpu) == (u64)-KVM_ENOSYS)) {
		barrier_nospec();
		result = READ_ONCE(binding_of(&call)->call)(&call);
		*guest_rax(vcpu) = result;
		count_result(&call, result);
	} else {
		answer_other(&call, upper_bits);
	}
	/* It may be another by now, see call_closed(). */
	hcx_binding_leave(binding_of(&call));

	return body_result(vcpu, call.kvm_ret);
}

/*
 * A number that this vCPU calls for the first time, or one that has bits in the upper
 * half of RAX. These are part of the number in 64-bit mode only, and which mode it is
 * KVM's answer will tell: what the lower half alone has claimed answers only outside
 * 64-bit mode.
 */
static notrace noinline unsigned long hypercall_unclaimed(struct kvm_vcpu *vcpu,
							  unsigned long body)
{
	u64 nr = *guest_rax(vcpu);
	bool upper_bits = nr > U32_MAX;
	struct hcx_binding *binding = NULL;

	if (upper_bits)
		binding = claim(vcpu, (u32)nr);
	if (!binding)
		binding = hcx_bind(vcpu, (u32)nr);

	if (!binding)
		return (unsigned long)vcpu;

	return upper_bits ? call_and_answer(vcpu, binding, body, true) :
			    call_and_answer(vcpu, binding, body, false);
}

/* Most likely a call that is not ours. */
static notrace noinline unsigned long hypercall_other(struct kvm_vcpu *vcpu, unsigned long body)
{
	struct hcx_entry *entry;

	rcu_read_lock_sched_notrace();
	entry = hcx_find_target(vcpu->kvm, (u32)*guest_rax(vcpu));
	rcu_read_unlock_sched_notrace();
	if (likely(!entry || in_l2(vcpu)))
		return (unsigned long)vcpu;

	return hypercall_unclaimed(vcpu, body);
}

/**
 * hcx_hypercall() - kvm_emulate_hypercall(), where a handler may answer
 * @vcpu: the caller
 * @body: kvm_emulate_hypercall() itself, behind its fentry site
 *
 * A handler runs after KVM has dispatched, traced, checked the CPL, moved the
 * RIP on and counted the exit. What KVM returned goes back as it is: under
 * single-step it may already be an exit to the VMM. RAX holds KVM's
 * -KVM_ENOSYS while the handler runs, so that one which never returns leaves
 * nothing stale.
 *
 * A CPU may mispredict what RAX holds, and the return of hcx_call_kvm()'s stub to
 * be to here: the handler must not run ahead of KVM's CPL check even
 * speculatively.
 *
 * The binding is left last, and nothing may sleep after it: what follows is
 * covered only by hcx_hook_detach()'s synchronize_rcu_tasks().
 *
 * Context: as kvm_emulate_hypercall(): the vCPU's thread, vcpu->mutex held,
 * kvm->srcu held for reading; may sleep.
 * Return: the int that kvm_emulate_hypercall() returned, with the sign bit of
 * the long clear; or, where no handler is to be asked and @body was not
 * entered, @vcpu, which as every kernel address has it set.
 */
notrace __noendbr unsigned long hcx_hypercall(struct kvm_vcpu *vcpu, unsigned long body)
{
	struct hcx_binding *binding;

	if (likely(!in_l2(vcpu))) {
		binding = claim(vcpu, *guest_rax(vcpu));
		if (likely(binding))
			return call_and_answer(vcpu, binding, body, false);
	}

	return hypercall_other(vcpu, body);
}
