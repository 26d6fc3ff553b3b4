// SPDX-License-Identifier: GPL-2.0
/* VMs that have called, and how they go. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include "binding.h"
#include "compat.h"
#include "forward.h"
#include "hook.h"
#include "registry.h"
#include "session.h"
#include "vm.h"

/*
 * A VM goes when KVM unregisters its mmu_notifier, in every kernel (kvm_destroy_vm() in
 * virt/kvm/kvm_main.c): that is before any of its memory goes, and no vCPU runs any more.
 */
#define DESTROYS mmu_notifier_unregister

/* All that are there; under hcx_binding_lock. */
static DEFINE_HASHTABLE(vms, 8);

static u64 last_id;

struct workqueue_struct *hcx_workqueue;

/**
 * hcx_vm_find() - what the core knows of a VM
 * @kvm: the VM
 *
 * Context: any; hcx_binding_lock is held.
 * Return: that, or NULL.
 */
struct hcx_vm *hcx_vm_find(const struct kvm *kvm)
{
	struct hcx_vm *vm;

	lockdep_assert_held(&hcx_binding_lock);
	hash_for_each_possible(vms, vm, hash, (unsigned long)kvm)
		if (vm->kvm == kvm)
			return vm;

	return NULL;
}

/* The directory that KVM has made for the VM; there may be no debugfs. */
static void name_vm(struct hcx_vm *vm)
{
	const struct dentry *dir = vm->kvm->debugfs_dentry;

	if (IS_ERR_OR_NULL(dir))
		snprintf(vm->name, sizeof(vm->name), "%d", vm->kvm->userspace_pid);
	else
		strscpy(vm->name, dir->d_name.name, sizeof(vm->name));
}

static void tell_and_put(struct work_struct *work)
{
	struct hcx_vm *vm = container_of(work, struct hcx_vm, going);

	hcx_bindings_remove(&vm->bindings);
	hcx_sessions_hang_up(vm);
	hcx_vm_put(vm);
}

static struct hcx_vm *alloc_vm(struct kvm *kvm, gfp_t gfp)
{
	struct hcx_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT | gfp);

	if (!vm)
		return NULL;
	vm->kvm = kvm;
	refcount_set(&vm->users, 1);
	vm->next_allotted = HCX_NR_ALLOTTED_IN_VM;
	INIT_LIST_HEAD(&vm->rules);
	INIT_LIST_HEAD(&vm->forwarded);
	INIT_LIST_HEAD(&vm->bindings);
	INIT_LIST_HEAD(&vm->sessions);
	INIT_WORK(&vm->going, tell_and_put);
	name_vm(vm);
	hcx_subject_is_current(&vm->vmm);

	return vm;
}

static void free_vm(struct hcx_vm *vm)
{
	hcx_forwarder_free(vm->forwarder);
	hcx_rules_free(&vm->rules);
	hcx_subject_put(&vm->vmm);
	kfree_rcu(vm, rcu);
}

/* @new, unless the VM has one by now; counts the caller in. */
static struct hcx_vm *add_or_find(struct hcx_vm *new)
{
	struct hcx_vm *vm;

	raw_spin_lock(&hcx_binding_lock);
	vm = hcx_vm_find(new->kvm);
	if (!vm) {
		new->id = ++last_id;
		hash_add(vms, &new->hash, (unsigned long)new->kvm);
		swap(vm, new);
	}
	refcount_inc(&vm->users);
	raw_spin_unlock(&hcx_binding_lock);
	if (new)
		free_vm(new);

	return vm;
}

static struct hcx_vm *get(struct kvm *kvm, gfp_t gfp)
{
	struct hcx_vm *vm;

	raw_spin_lock(&hcx_binding_lock);
	vm = hcx_vm_find(kvm);
	if (vm)
		refcount_inc(&vm->users);
	raw_spin_unlock(&hcx_binding_lock);
	if (vm)
		return vm;

	vm = alloc_vm(kvm, gfp);
	return vm ? add_or_find(vm) : NULL;
}

/**
 * hcx_vm_get() - what the core knows of a VM, and keep it
 * @kvm: the VM; the caller sees to it that it does not go meanwhile
 *
 * Context: the VMM's process; may sleep.
 * Return: that; hcx_vm_put() is owed, and may come after the VM has gone. NULL without
 * memory.
 */
struct hcx_vm *hcx_vm_get(struct kvm *kvm)
{
	return get(kvm, 0);
}

/**
 * hcx_vm_put() - undo hcx_vm_get()
 * @vm: what it returned
 *
 * Context: process; may sleep.
 */
void hcx_vm_put(struct hcx_vm *vm)
{
	if (refcount_dec_and_test(&vm->users))
		free_vm(vm);
}

/**
 * hcx_vm_of() - what the core knows of a VM
 * @kvm: the VM, of which a vCPU is calling; that keeps what is returned
 *
 * Context: the vCPU's thread; may sleep.
 * Return: that; never NULL.
 */
struct hcx_vm *hcx_vm_of(struct kvm *kvm)
{
	struct hcx_vm *vm = get(kvm, __GFP_NOFAIL);

	hcx_vm_put(vm);
	return vm;
}

/**
 * hcx_vms_walk() - look at all VMs
 * @look: what does; under hcx_binding_lock
 * @data: for it
 *
 * Context: any but an interrupt.
 */
void hcx_vms_walk(void (*look)(struct hcx_vm *vm, void *data), void *data)
{
	struct hcx_vm *vm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		raw_spin_lock(&hcx_binding_lock);
		hlist_for_each_entry(vm, &vms[i], hash)
			look(vm, data);
		raw_spin_unlock(&hcx_binding_lock);
	}
}

/*
 * Where a VM's memory was, another may be next. The notifier may be somebody else's than
 * KVM's: then what is around it is no VM that is found.
 */
static void notrace vm_destroyed(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct mmu_notifier *notifier = (struct mmu_notifier *)ftrace_get_regs(fregs)->di;
	const struct kvm *kvm = container_of(notifier, struct kvm, mmu_notifier);
	struct hcx_vm *vm;

	raw_spin_lock(&hcx_binding_lock);
	vm = hcx_vm_find(kvm);
	if (vm) {
		hash_del(&vm->hash);
		/* hcx_find_nr() looks at it without the lock. */
		WRITE_ONCE(vm->kvm, NULL);
		hcx_forward_forget(vm);
	}
	raw_spin_unlock(&hcx_binding_lock);
	/* The rest is done where that may sleep: ftrace may keep preemption off here. */
	if (vm) {
		hcx_bindings_unhash(&vm->bindings);
		queue_work(hcx_workqueue, &vm->going);
	}
}

static struct ftrace_ops destroy_ops = {
	.func = vm_destroyed,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_PERMANENT,
};

/**
 * hcx_vms_init() - be told of VMs that go, before any can call
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno with a line in the kernel log.
 */
int hcx_vms_init(void)
{
	int ret;

	hcx_workqueue = alloc_workqueue("kvm_hcx", WQ_UNBOUND, 0);
	if (!hcx_workqueue) {
		pr_err("there is no memory for a workqueue\n");
		return -ENOMEM;
	}
	ret = hcx_trace_function(&destroy_ops, DESTROYS);
	if (ret) {
		pr_err(__stringify(DESTROYS) "() cannot be traced (%d)\n", ret);
		destroy_workqueue(hcx_workqueue);
	}

	return ret;
}

/**
 * hcx_vms_exit() - undo hcx_vms_init(), when no handler is left
 *
 * Context: process; may sleep.
 */
void hcx_vms_exit(void)
{
	struct hlist_node *next;
	struct hcx_vm *vm;
	unsigned int i;

	hcx_untrace_function(&destroy_ops);
	destroy_workqueue(hcx_workqueue);
	hash_for_each_safe(vms, i, next, vm, hash)
		free_vm(vm);
}
