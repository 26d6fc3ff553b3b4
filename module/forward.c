// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that a VMM answers, by KVM_EXIT_HYPERCALL. The handler returns at once, with
 * -KVM_ENOSYS in RAX; what is left of the call is that KVM's next KVM_RUN of the vCPU begins
 * with a function of ours (complete_userspace_io, see kvm_arch_vcpu_ioctl_run() in
 * arch/x86/kvm/x86.c). The vCPU's mutex is held wherever that is looked at.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include "binding.h"
#include "compat.h"
#include "forward.h"
#include "registry.h"
#include "vm.h"

/**
 * struct pending - a call that a VMM is to answer
 * @list: in its VM's
 * @vcpu: the caller
 * @nr: the number
 * @args: the arguments
 * @long_mode: the caller is in 64-bit mode
 * @rcu: for kfree_rcu()
 */
struct pending {
	struct list_head list;
	struct kvm_vcpu *vcpu;
	u32 nr;
	u64 args[4];
	bool long_mode;
	struct rcu_head rcu;
};

static unsigned long to_rax(const struct pending *pending, u64 value)
{
	return pending->long_mode ? value : (u32)value;
}

static struct pending *find(struct kvm_vcpu *vcpu)
{
	struct hcx_vm *vm = hcx_vm_find(vcpu->kvm);
	struct pending *pending;

	if (vm)
		list_for_each_entry(pending, &vm->forwarded, list)
			if (pending->vcpu == vcpu)
				return pending;

	return NULL;
}

static struct pending *take(struct kvm_vcpu *vcpu)
{
	struct pending *pending;

	raw_spin_lock(&hcx_binding_lock);
	pending = find(vcpu);
	if (pending)
		list_del(&pending->list);
	raw_spin_unlock(&hcx_binding_lock);

	return pending;
}

/*
 * KVM_RUN after the VMM's answer. Where RAX is not what it was, the VMM has given the vCPU
 * another state, by a reset for instance, and the answer is to nothing.
 *
 * Nothing may sleep here: hcx_exit()'s synchronize_rcu_tasks() waits for it.
 */
static int take_answer(struct kvm_vcpu *vcpu)
{
	struct pending *pending = take(vcpu);
	unsigned long *rax = &vcpu->arch.regs[VCPU_REGS_RAX];
	u64 ret = vcpu->run->hypercall.ret;

	if (WARN_ON_ONCE(!pending))
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
 * Context: as struct hcx_handler's call.
 * Return: what is in RAX until it is answered.
 */
long hcx_forward(struct hcx_call *call)
{
	struct pending *pending = make(call);

	/* KVM may be about to exit already, since the guest is single-stepped. */
	if (call->kvm_ret > 0) {
		exit_to_vmm(pending);
		call->kvm_ret = 0;
	} else {
		call->vcpu->arch.complete_userspace_io = exit_now;
	}
	raw_spin_lock(&hcx_binding_lock);
	list_add(&pending->list, &call->binding->vm->forwarded);
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
 * Context: any; the caller is a vCPU of @kvm, or as for hcx_find_nr().
 * Return: that, or NULL: the VMM does not.
 */
struct hcx_entry *hcx_find_forwarder(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry = NULL;
	struct hcx_vm *vm;

	if (nr > HCX_NR_LAST)
		return NULL;
	raw_spin_lock(&hcx_binding_lock);
	vm = hcx_vm_find(kvm);
	if (vm && vm->forwarder && !vm->forwarder->closed &&
	    hcx_judge(vm, nr, false).verb == HCX_HOST_FORWARD)
		entry = vm->forwarder;
	raw_spin_unlock(&hcx_binding_lock);

	return entry;
}

/**
 * hcx_forward_forget() - a VM goes
 * @vm: the VM, no vCPU of which runs any more
 *
 * Context: any but an interrupt; hcx_binding_lock is held.
 */
void hcx_forward_forget(struct hcx_vm *vm)
{
	struct pending *pending, *next;

	list_for_each_entry_safe(pending, next, &vm->forwarded, list) {
		list_del(&pending->list);
		kfree_rcu(pending, rcu);
	}
}

static void look_for_pending(struct hcx_vm *vm, void *data)
{
	struct kvm_vcpu **vcpu = data;
	const struct pending *pending;

	pending = list_first_entry_or_null(&vm->forwarded, struct pending, list);
	if (pending && !*vcpu && refcount_inc_not_zero(&vm->kvm->users_count))
		*vcpu = pending->vcpu;
}

/* A vCPU that has one, and keeps its VM; NULL: none has. */
static struct kvm_vcpu *any_pending(void)
{
	struct kvm_vcpu *vcpu = NULL;

	hcx_vms_walk(look_for_pending, &vcpu);
	return vcpu;
}

/* Unless its KVM_RUN is just about to take the answer. */
static void cancel(struct kvm_vcpu *vcpu)
{
	struct pending *pending;

	if (!mutex_trylock(&vcpu->mutex)) {
		schedule_timeout_idle(1);
		return;
	}
	pending = take(vcpu);
	if (pending) {
		vcpu->arch.complete_userspace_io = NULL;
		kfree_rcu(pending, rcu);
	}
	mutex_unlock(&vcpu->mutex);
}

/**
 * hcx_forward_exit() - let no VMM answer any more, when no vCPU can call
 *
 * Guests whose calls have not been answered find -KVM_ENOSYS.
 *
 * Context: process; may sleep.
 */
void hcx_forward_exit(void)
{
	struct kvm_vcpu *vcpu;

	hcx_forwarders_retire();
	while ((vcpu = any_pending())) {
		cancel(vcpu);
		kvm_put_kvm(vcpu->kvm);
	}
}
