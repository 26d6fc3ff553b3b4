// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that a VMM answers, by KVM_EXIT_HYPERCALL. The handler returns at once, with
 * -KVM_ENOSYS in RAX; what is left of the call is that KVM's next KVM_RUN of the vCPU begins
 * with a function of ours (complete_userspace_io, see kvm_arch_vcpu_ioctl_run() in
 * arch/x86/kvm/x86.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hashtable.h>
#include <linux/slab.h>
#include "binding.h"
#include "compat.h"
#include "forward.h"
#include "registry.h"
#include "vm.h"

/**
 * struct pending - a call that a VMM is to answer
 * @of_vm: in its VM's list
 * @by_vcpu: in pendings
 * @vcpu: the caller
 * @nr: the number
 * @args: the arguments
 * @long_mode: the caller is in 64-bit mode
 * @rcu: for kfree_rcu()
 */
struct pending {
	struct list_head of_vm;
	struct hlist_node by_vcpu;
	struct kvm_vcpu *vcpu;
	u32 nr;
	u64 args[4];
	bool long_mode;
	struct rcu_head rcu;
};

/* All of them, one for each vCPU at most; under hcx_binding_lock. */
static DEFINE_HASHTABLE(pendings, 8);

static unsigned long to_rax(const struct pending *pending, u64 value)
{
	return pending->long_mode ? value : (u32)value;
}

static struct pending *find(const struct kvm_vcpu *vcpu)
{
	struct pending *pending;

	hash_for_each_possible(pendings, pending, by_vcpu, (unsigned long)vcpu)
		if (pending->vcpu == vcpu)
			return pending;

	return NULL;
}

static void unlink(struct pending *pending)
{
	list_del(&pending->of_vm);
	hash_del(&pending->by_vcpu);
}

static struct pending *take(const struct kvm_vcpu *vcpu)
{
	struct pending *pending;

	raw_spin_lock(&hcx_binding_lock);
	pending = find(vcpu);
	if (pending)
		unlink(pending);
	raw_spin_unlock(&hcx_binding_lock);

	return pending;
}

/*
 * KVM_RUN after the VMM's answer. Where RAX is not what it was, the VMM has given the vCPU
 * another state, by a reset for instance, and the answer is to nothing.
 *
 * Nothing may sleep here: see hcx_forward_exit().
 */
static int take_answer(struct kvm_vcpu *vcpu)
{
	struct pending *pending = take(vcpu);
	unsigned long *rax = &vcpu->arch.regs[VCPU_REGS_RAX];
	u64 ret = vcpu->run->hypercall.ret;

	/* hcx_forward_exit() was quicker. */
	if (!pending)
		return 1;
	if (*rax == to_rax(pending, -KVM_ENOSYS))
		*rax = to_rax(pending, ret);
	kfree_rcu(pending, rcu);

	return 1;
}

static void exit_to_vmm(const struct pending *pending)
{
	struct kvm_vcpu *vcpu = pending->vcpu;
	struct kvm_run *run = vcpu->run;

	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->exit_reason = KVM_EXIT_HYPERCALL;
	run->hypercall.nr = pending->nr;
	memcpy(run->hypercall.args, pending->args, sizeof(pending->args));
	run->hypercall.ret = -KVM_ENOSYS;
	hcx_set_hypercall_long_mode(run, pending->long_mode);
	vcpu->arch.complete_userspace_io = take_answer;
}

/* KVM_RUN after an exit that came before ours. */
static int exit_now(struct kvm_vcpu *vcpu)
{
	const struct pending *pending;

	raw_spin_lock(&hcx_binding_lock);
	pending = find(vcpu);
	if (pending)
		exit_to_vmm(pending);
	raw_spin_unlock(&hcx_binding_lock);

	return pending ? 0 : 1;
}

/* As small as a binding, one for each vCPU at most, and charged to the VMM: it may not fail. */
static struct pending *make(const struct hcx_call *call)
{
	struct pending *pending = kzalloc(sizeof(*pending), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	unsigned int i;

	pending->vcpu = call->vcpu;
	pending->nr = call->binding->nr;
	pending->long_mode = call->long_mode;
	for (i = 0; i < ARRAY_SIZE(pending->args); i++)
		pending->args[i] = hcx_arg(call, i);

	return pending;
}

/**
 * hcx_forward() - have a call answered by the VMM
 * @call: the call
 *
 * Ring 3's is not: nothing in KVM_EXIT_HYPERCALL tells a VMM who calls, and of all calls that KVM
 * itself hands over it has looked at the CPL.
 *
 * Context: as struct hcx_handler's call.
 * Return: what is in RAX until it is answered.
 */
long hcx_forward(struct hcx_call *call)
{
	struct pending *pending;

	if (call->user)
		return hcx_call_denied(call);

	pending = make(call);
	/* KVM may be about to exit already, since the guest is single-stepped. */
	if (call->kvm_ret > 0) {
		exit_to_vmm(pending);
		call->kvm_ret = 0;
	} else {
		call->vcpu->arch.complete_userspace_io = exit_now;
	}
	raw_spin_lock(&hcx_binding_lock);
	list_add(&pending->of_vm, &call->binding->vm->forwarded);
	hash_add(pendings, &pending->by_vcpu, (unsigned long)pending->vcpu);
	raw_spin_unlock(&hcx_binding_lock);
	call->forwarded = true;

	return -KVM_ENOSYS;
}

/* What is called where no rule forwards the number any more. */
static struct hcx_handler forwarder = {
	.nr = HCX_NR_ANY,
	.name = "forwarded",
	.owner = THIS_MODULE,
	.call = hcx_call_denied,
};

/**
 * hcx_forward_prepare() - get ready to forward what no handler has
 * @vm: of this VM
 *
 * Context: process, that of the program; may sleep.
 * Return: 0, or -ENOMEM.
 */
int hcx_forward_prepare(struct hcx_vm *vm)
{
	return hcx_forwarder_add(vm, &forwarder);
}

/**
 * hcx_find_forwarder() - what counts the calls to a number that a VMM answers
 * @kvm: the VM
 * @nr: the number, which no handler has
 *
 * Context: as hcx_find_nr().
 * Return: that, or NULL: the VMM does not.
 */
struct hcx_entry *hcx_find_forwarder(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry = hcx_forwarder_of(kvm);
	bool forwards;

	if (!entry || nr > HCX_NR_LAST)
		return NULL;
	raw_spin_lock(&hcx_binding_lock);
	forwards = !entry->closed && hcx_judge(entry->vm, nr, false).verb == HCX_HOST_FORWARD;
	raw_spin_unlock(&hcx_binding_lock);

	return forwards ? entry : NULL;
}

/**
 * hcx_forward_forget() - nobody answers a VM's calls any more
 * @vm: the VM
 *
 * Context: any but an interrupt; hcx_binding_lock is held.
 */
void hcx_forward_forget(struct hcx_vm *vm)
{
	struct pending *pending, *next;

	list_for_each_entry_safe(pending, next, &vm->forwarded, of_vm) {
		unlink(pending);
		kfree_rcu(pending, rcu);
	}
}

/*
 * Under the lock, since a vCPU is there as long as its VM is found. One whose KVM_RUN is just
 * about to take the answer finds none.
 */
static void cancel(struct hcx_vm *vm, void *unused)
{
	struct pending *pending;

	list_for_each_entry(pending, &vm->forwarded, of_vm) {
		cmpxchg(&pending->vcpu->arch.complete_userspace_io, take_answer, NULL);
		cmpxchg(&pending->vcpu->arch.complete_userspace_io, exit_now, NULL);
	}
	hcx_forward_forget(vm);
}

/**
 * hcx_forward_exit() - let no VMM answer any more, when no vCPU can call
 *
 * Guests whose calls have not been answered find -KVM_ENOSYS. After synchronize_rcu_tasks()
 * no vCPU is in what would have taken the answer: KVM does not sleep between when it looks
 * for that and when it calls it.
 *
 * Context: process; may sleep.
 */
void hcx_forward_exit(void)
{
	hcx_forwarders_retire();
	hcx_vms_walk(cancel, NULL);
}
