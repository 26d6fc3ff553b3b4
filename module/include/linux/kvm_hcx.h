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
#include <linux/wait.h>
#include <uapi/linux/kvm_hcx.h>

/*
 * Raised whenever a structure or a function below changes. A handler module
 * carries the one it was built with, and another core refuses it.
 */
#define HCX_API_VERSION		3

/* How many handlers can be registered at a time, discovery among them. */
#define HCX_MAX_HANDLERS	4096

/* How long hcx_wait_event() waits in a handler that declares no budget. */
#define HCX_WAIT_MS		1000

/* The longest budget that can be declared; the host's suspend waits 20 s for tasks. */
#define HCX_BUDGET_MS_MAX	15000

struct hcx_binding;
struct hcx_entry;
struct hcx_handler;

/* private: as the core's struct hcx_binding begins, for hcx_handler() */
struct hcx_bound {
	struct hlist_node hash;
	struct hcx_handler *handler;
};

/**
 * struct hcx_call - one hypercall, as its handler sees it
 * @vcpu: the caller. vcpu->kvm is its VM; vcpu->vcpu_id tells the vCPUs of a VM
 *	apart.
 * @long_mode: the caller is in 64-bit mode. If not, its arguments are the low
 *	32 bits of its registers, and it receives the low 32 bits of the result.
 * @user: the caller's CPL is not 0; possible only with %HCX_RING3
 *
 * Valid until the handler returns, and to be passed on by its address, not copied;
 * hcx_arg() reads the arguments, and hcx_handler() tells whose call it is.
 *
 * Since: 0.1
 */
struct hcx_call {
	struct kvm_vcpu *vcpu;
	bool long_mode : 1;
	bool user : 1;
	/* private: the core's */
	bool forwarded : 1;
	int kvm_ret;	/* here, as a register for it would have to be saved */
	union {
		struct hcx_binding *binding;
		const struct hcx_bound *bound;
	};
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

/**
 * hcx_handler() - the handler of a call
 * @call: the call
 *
 * Context: @call's handler.
 * Return: the structure that was registered; its nr is the hypercall number.
 *
 * Since: 0.2
 */
static __always_inline struct hcx_handler *hcx_handler(const struct hcx_call *call)
{
	return call->bound->handler;
}

/**
 * hcx_set_result() - return a value in another register than RAX
 * @call: the call
 * @n: which, 0 to 3: RBX, RCX, RDX or RSI; the handler's flags declare it
 * @value: the value; its low 32 bits for a caller outside 64-bit mode
 *
 * The guest sees it whatever RAX says, and sees what it passed in a register that
 * is declared but not set. A register that is not declared is left alone, with one
 * warning in the kernel log. A Linux guest whose registers are encrypted (SEV-ES) takes
 * none but RAX from the host.
 *
 * Context: @call's handler.
 *
 * Since: 0.2
 */
void hcx_set_result(struct hcx_call *call, unsigned int n, u64 value);

/**
 * hcx_read_guest() - copy from the caller's memory
 * @call: the call
 * @gpa: from this guest-physical address, in the address space that the caller is
 *	in (its SMRAM, too, while it is in SMM)
 * @data: to here, in the kernel's memory
 * @len: so many bytes; 0 succeeds. May cross pages and memory slots.
 *
 * On an error @data holds nothing of the guest's: all of the range is looked up before
 * any of it is read, and an error then leaves @data as it was. Where the VMM has
 * unmapped memory under a memory slot, and with -HCX_EINTR, it is all zeroes.
 *
 * Context: @call's handler. Sleeps and takes page faults.
 * Return: 0, or what a handler can return as it is:
 * * -KVM_EINVAL - the range goes past the end of the 64-bit address space
 * * -KVM_EPERM - the caller is not in ring 0: memory by its physical address is for
 *   the guest's kernel only, whatever the handler is open to
 * * -KVM_EFAULT - part of the range is in no memory slot of the VMM's (a hole, emulated
 *   MMIO), or the VMM has unmapped it
 * * -KVM_EOPNOTSUPP - part of it is private to the guest (guest_memfd). The memory
 *   of SEV guests that have no guest_memfd reads as its ciphertext where it is
 *   encrypted, as for all of KVM.
 * * -HCX_EINTR - the VMM is being killed
 *
 * Since: 0.2
 */
long hcx_read_guest(struct hcx_call *call, gpa_t gpa, void *data, size_t len);

/**
 * hcx_write_guest() - copy to the caller's memory
 * @call: the call
 * @gpa: as for hcx_read_guest()
 * @data: from here, in the kernel's memory
 * @len: as for hcx_read_guest()
 *
 * Dirty logging sees every page that is written. The errors below come before
 * anything is written, with two exceptions: memory that the VMM has unmapped under a
 * memory slot, and -HCX_EINTR.
 *
 * Context: @call's handler. Sleeps and takes page faults.
 * Return: 0, or what a handler can return as it is:
 * * -KVM_EINVAL, -KVM_EPERM, -KVM_EOPNOTSUPP, -HCX_EINTR - as for hcx_read_guest()
 * * -KVM_EFAULT - likewise; or part of the range is in a read-only memory slot
 * * -HCX_EBUSY - the VMM is logging dirty pages of it to a ring
 *   (KVM_CAP_DIRTY_LOG_RING), which no module can push to
 *
 * Since: 0.2
 */
long hcx_write_guest(struct hcx_call *call, gpa_t gpa, const void *data, size_t len);

/**
 * hcx_read_guest_string() - copy a string from the caller's memory
 * @call: the call
 * @gpa: as for hcx_read_guest()
 * @text: to here, in the kernel's memory
 * @size: the size of @text, 1 to 65536: room for @size - 1 characters and the NUL
 *
 * Nothing behind the word in which the string ends is looked at. What @text holds behind
 * the NUL is undefined; on an error it is the empty string.
 *
 * Context: @call's handler. Sleeps and takes page faults.
 * Return: the length of the string, without the NUL; or an error of
 * hcx_read_guest(), where only what comes before the NUL counts; or
 * * -KVM_E2BIG - there is no NUL within @size characters
 * * -KVM_EINVAL - @size is not 1 to 65536; @text is left alone
 *
 * Since: 0.2
 */
long hcx_read_guest_string(struct hcx_call *call, gpa_t gpa, char *text, size_t size);

/**
 * hcx_deadline() - until when a handler may wait
 * @call: the call
 *
 * Context: @call's handler.
 * Return: when the budget is spent, which began with the call; in a handler without
 * one, %HCX_WAIT_MS from now. In CLOCK_MONOTONIC, as ktime_get().
 *
 * Since: 0.2
 */
ktime_t hcx_deadline(const struct hcx_call *call);

/**
 * hcx_jiffies_until() - a time as a timeout
 * @deadline: as hcx_deadline() returns it
 *
 * Context: any.
 * Return: the jiffies until then, rounded up; 0 if it is past.
 *
 * Since: 0.2
 */
unsigned long hcx_jiffies_until(ktime_t deadline);

/**
 * hcx_wait_event() - wait, as long as the handler's budget allows
 * @call: the call
 * @wq_head: the wait queue that is woken when @condition may have changed
 * @condition: an expression
 *
 * It waits until hcx_deadline().
 *
 * Context: @call's handler. Sleeps; evaluates @condition many times.
 * Return: 0 when @condition is true, or what a handler can return as it is:
 * * -HCX_ETIMEDOUT - the budget is spent
 * * -HCX_EINTR - the VMM is being killed
 *
 * Since: 0.2
 */
#define hcx_wait_event(call, wq_head, condition) ({				\
	ktime_t __deadline = hcx_deadline(call);				\
	long __left;								\
										\
	/* A timeout in jiffies can end early. */				\
	do {									\
		__left = wait_event_killable_timeout(wq_head, condition,	\
					hcx_jiffies_until(__deadline));		\
	} while (!__left && hcx_jiffies_until(__deadline));			\
	__left > 0 ? 0 : __left ? -HCX_EINTR : -HCX_ETIMEDOUT;			\
})

/**
 * hcx_guest_tsc() - what the caller's TSC is when the host's is @tsc
 * @call: the call
 * @tsc: a value of this CPU's TSC, as from rdtsc_ordered()
 *
 * When a vCPU comes to another CPU KVM may change what is added to its TSC (where the host's is
 * unstable), so @tsc is to be read within the same preempt_disable().
 *
 * Context: @call's handler, with preemption disabled.
 * Return: the value that the guest would read at that moment; of no meaning for an SNP
 * guest with Secure TSC, which keeps its TSC's rate and offset from the host.
 *
 * Since: 0.2
 */
u64 hcx_guest_tsc(const struct hcx_call *call, u64 tsc);

/**
 * struct hcx_handler - what answers one hypercall number
 * @nr: the number, 13 (one above %HCX_NR_KVM_LAST) to %HCX_NR_LAST except
 *	those that the host allots, or %HCX_NR_ANY to be allotted one.
 *	hcx_register() stores the allotted number here.
 * @flags: %HCX_RING3 to let guest user space call it too; %HCX_OPT_IN to have it
 *	answer only VMs that a rule opens it to (HCX_HOST_RULE in uapi/linux/hcx_host.h),
 *	while the others find what they would without it; %HCX_RESULT_RBX and its like for
 *	the registers that hcx_set_result() may set.
 * @budget_ms: how long a call may take at most, 1 to %HCX_BUDGET_MS_MAX
 *	milliseconds; or 0. It ends hcx_wait_event(). A call that takes longer is
 *	counted (kvm_hcx/handlers in debugfs) and traced (hcx:hcx_over_budget), and
 *	goes on; so is one whose wait was ended.
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
	u32 budget_ms;
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
 * * -EBUSY - the number or the name is taken
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
