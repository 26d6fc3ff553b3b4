// SPDX-License-Identifier: GPL-2.0
/* VMs that have called, and how they go. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/slab.h>
#include "binding.h"
#include "compat.h"
#include "hook.h"
#include "vm.h"

/*
 * The last that KVM does with a VM before its memory goes, and with each: a function of
 * its own in every kernel (kvm_destroy_vm() in virt/kvm/kvm_main.c calls it).
 */
#define DESTROYS "kvm_arch_destroy_vm"

/* All; under hcx_binding_lock. */
static LIST_HEAD(vms);

static struct hcx_vm *find(const struct kvm *kvm)
{
	struct hcx_vm *vm;

	lockdep_assert_held(&hcx_binding_lock);
	list_for_each_entry(vm, &vms, next)
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

static struct hcx_vm *alloc_vm(struct kvm *kvm)
{
	struct hcx_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);

	vm->kvm = kvm;
	INIT_LIST_HEAD(&vm->bindings);
	name_vm(vm);

	return vm;
}

/**
 * hcx_vm_of() - what the core knows of a VM
 * @kvm: the VM, of which a vCPU is calling; that keeps what is returned
 *
 * Context: process; may sleep.
 * Return: that; never NULL.
 */
struct hcx_vm *hcx_vm_of(struct kvm *kvm)
{
	struct hcx_vm *vm, *new;

	raw_spin_lock(&hcx_binding_lock);
	vm = find(kvm);
	raw_spin_unlock(&hcx_binding_lock);
	if (vm)
		return vm;

	new = alloc_vm(kvm);
	raw_spin_lock(&hcx_binding_lock);
	vm = find(kvm);
	if (!vm) {
		list_add_tail(&new->next, &vms);
		swap(vm, new);
	}
	raw_spin_unlock(&hcx_binding_lock);
	kfree(new);

	return vm;
}

/* None of its vCPUs runs any more. Where a VM's memory was, another may be next. */
static void notrace vm_destroyed(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct kvm *kvm = (struct kvm *)ftrace_get_regs(fregs)->di;
	struct hcx_vm *vm;

	raw_spin_lock(&hcx_binding_lock);
	vm = find(kvm);
	if (vm)
		list_del(&vm->next);
	raw_spin_unlock(&hcx_binding_lock);
	if (vm) {
		hcx_bindings_remove(&vm->bindings);
		kfree_rcu(vm, rcu);
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
	int ret = hcx_trace_function(&destroy_ops, DESTROYS);

	if (ret)
		pr_err(DESTROYS "() cannot be traced (%d)\n", ret);
	return ret;
}

/**
 * hcx_vms_exit() - undo hcx_vms_init(), when no handler is left
 *
 * Context: process; may sleep.
 */
void hcx_vms_exit(void)
{
	struct hcx_vm *vm, *next;

	hcx_untrace_function(&destroy_ops);
	list_for_each_entry_safe(vm, next, &vms, next)
		kfree(vm);
}
