/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvm-hcx: KVM hypercalls that are added at run time. This is all that a
 * handler module includes; Documentation/writing-a-handler.rst is its guide.
 */
#ifndef _LINUX_KVM_HCX_H
#define _LINUX_KVM_HCX_H

#include <linux/device/driver.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <uapi/linux/kvm_hcx.h>

/*
 * Raised whenever a structure or a function below changes. A handler module
 * carries the one it was built with, and another core refuses it.
 */
#define HCX_API_VERSION		1

/* struct hcx_handler's nr: allot one of HCX_NR_ALLOTTED_FIRST to _LAST. */
#define HCX_NR_ANY		0xffffffffU

/* How many handlers can be registered at a time, discovery among them. */
#define HCX_MAX_HANDLERS	4096

struct hcx_handler;

/**
 * struct hcx_call - one hypercall, as its handler sees it
 * @vcpu: the caller. vcpu->kvm is its VM; vcpu->vcpu_id tells the vCPUs of a VM
 *	apart.
 * @handler: the handler that answers; its nr is the hypercall number
 * @long_mode: the caller is in 64-bit mode. If not, its arguments are the low
 *	32 bits of its registers, and it receives the low 32 bits of the result.
 * @user: the caller's CPL is not 0; possible only with %HCX_RING3
 *
 * Valid until the handler returns; hcx_arg() reads the arguments.
 *
 * Since: 0.1
 */
struct hcx_call {
	struct kvm_vcpu *vcpu;
	const struct hcx_handler *handler;
	bool long_mode;
	bool user;
	/* private: the core's */
	int kvm_ret;
};

/**
 * hcx_arg() - an argument of a hypercall
 * @call: the call
 * @n: which, 0 to 3: RBX, RCX, RDX or RSI; another is 0
 *
 * The value is the guest's: treat it as hostile, and clamp what becomes an
 * index with array_index_nospec().
 *
 * Context: @call's handler.
 * Return: the argument, its low 32 bits only for a caller outside 64-bit mode.
 *
 * Since: 0.1
 */
static __always_inline u64 hcx_arg(const struct hcx_call *call, unsigned int n)
{
	const unsigned long *regs = call->vcpu->arch.regs;
	u64 value = n == 0 ? regs[VCPU_REGS_RBX] :
		    n == 1 ? regs[VCPU_REGS_RCX] :
		    n == 2 ? regs[VCPU_REGS_RDX] :
		    n == 3 ? regs[VCPU_REGS_RSI] : 0;

	return call->long_mode ? value : (u32)value;
}

struct hcx_entry;

/**
 * struct hcx_handler - what answers one hypercall number
 * @nr: the number, 13 (one above %HCX_NR_KVM_LAST) to %HCX_NR_LAST except
 *	those that the host allots, or %HCX_NR_ANY to be allotted one.
 *	hcx_register() stores the allotted number here.
 * @flags: 0, or %HCX_RING3 to let guest user space call it too.
 * @name: 1 to %HCX_NAME_LEN of a-z, 0-9, '_', '-' and '.'; no two handlers have
 *	the same. A guest finds the number by it. Copied.
 * @owner: the module whose code @call is, normally THIS_MODULE.
 * @call: answers one call; its result goes to the caller's RAX. Negative
 *	results are errors in KVM's numbering (-KVM_EINVAL and its like,
 *	uapi/linux/kvm_para.h).
 *
 * @call runs in the vCPU's thread, with the VMM's mm, vcpu->mutex held and
 * kvm->srcu held for reading; interrupts and preemption are on. It may sleep
 * and take page faults. It must not wait for long where a signal cannot end the
 * wait: while it runs, its vCPU cannot be killed, the VM's memory slots cannot
 * change, and its handler cannot be unregistered. It may run on many vCPUs at
 * once. It runs after the guest's RIP has moved past the instruction.
 *
 * The caller owns the structure and keeps it, unchanged, from hcx_register() to
 * hcx_unregister().
 *
 * Since: 0.1
 */
struct hcx_handler {
	u32 nr;
	u32 flags;
	const char *name;
	struct module *owner;
	long (*call)(struct hcx_call *call);
	/* private: the core's */
	struct hcx_entry *entry;
};

int __hcx_register(struct hcx_handler *handlers, unsigned int count,
		   unsigned int api_version, const char *caller);
int __hcx_replace(struct hcx_handler *old, struct hcx_handler *new,
		  unsigned int api_version, const char *caller);
void hcx_unregister_handlers(struct hcx_handler *handlers, unsigned int count);

/**
 * hcx_register_handlers() - start answering hypercalls
 * @handlers: an array; all of them are registered, or none
 * @count: how many
 *
 * A guest may call before this returns.
 *
 * Context: process; may sleep.
 * Return: 0, or, with a line in the kernel log but for -ENOMEM,
 * * -EINVAL - a field is wrong, or the structure is registered already
 * * -EEXIST - the number or the name is taken
 * * -ENOSPC - %HCX_MAX_HANDLERS are registered
 * * -ENOMEM - no memory
 * * -EPROTONOSUPPORT - the caller was built for another %HCX_API_VERSION
 *
 * Since: 0.1
 */
#define hcx_register_handlers(handlers, count) \
	__hcx_register(handlers, count, HCX_API_VERSION, KBUILD_MODNAME)

/**
 * hcx_register() - start answering one hypercall
 * @handler: the handler
 *
 * hcx_register_handlers() for an array of one.
 *
 * Since: 0.1
 */
#define hcx_register(handler) hcx_register_handlers(handler, 1)

/**
 * hcx_unregister() - stop answering one hypercall
 * @handler: the handler; registered
 *
 * hcx_unregister_handlers() for an array of one.
 *
 * Since: 0.1
 */
#define hcx_unregister(handler) hcx_unregister_handlers(handler, 1)

/**
 * hcx_replace() - let another handler answer a number from now on
 * @old: a registered handler
 * @new: the one that takes over; its nr is @old's or %HCX_NR_ANY, its name
 *	@old's or a free one
 *
 * Every call is answered by @old or by @new, none by neither. When this returns,
 * @old is unregistered as by hcx_unregister().
 *
 * Context: process; may sleep. Not from @old's handler.
 * Return: 0, or an error of hcx_register_handlers(), with @old still
 * registered; -EINVAL also for a nr that is not @old's.
 *
 * Since: 0.1
 */
#define hcx_replace(old, new) \
	__hcx_replace(old, new, HCX_API_VERSION, KBUILD_MODNAME)

/**
 * module_hcx_handler() - a module that is one handler
 * @__handler: a struct hcx_handler
 *
 * Stands for module_init() and module_exit().
 *
 * Since: 0.1
 */
#define module_hcx_handler(__handler) \
	module_driver(__handler, hcx_register, hcx_unregister)

#endif /* _LINUX_KVM_HCX_H */
