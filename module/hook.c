// SPDX-License-Identifier: GPL-2.0
/*
 * The hook on kvm_emulate_hypercall(): found by name through ftrace, so that
 * no KVM symbol is imported or looked up for it. Documentation/hook.rst.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/rcupdate.h>
#include "compat.h"
#include "hook.h"

#define HOOKED "kvm_emulate_hypercall"

/*
 * The import makes kvm.ko a module in use while this one is loaded; every
 * kernel lets any module have this symbol.
 */
static void (*const pin_kvm)(struct kvm *kvm) __used = kvm_put_kvm;

unsigned long hcx_redirected_body;

static bool redirecting;

static struct ftrace_ops direct_ops = { HCX_SHARES_FUNCTION };

static notrace void redirect(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	unsigned long body = ip + MCOUNT_INSN_SIZE;

	/* It never changes: read first, so that vCPUs share a clean line. */
	if (READ_ONCE(hcx_redirected_body) != body)
		WRITE_ONCE(hcx_redirected_body, body);
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)hcx_trampoline_redirected);
}

static struct ftrace_ops redirect_ops = {
	.func = redirect,
	.flags = HCX_FTRACE_OPS_FL_IPMODIFY,
};

/* By name: the address is for KVM's own modules. */
static int filter(struct ftrace_ops *ops)
{
	unsigned char name[] = HOOKED;

	/* -EINVAL: ftrace knows no such function, or no fentry site of it. */
	return ftrace_set_filter(ops, name, strlen(HOOKED), true);
}

/* ftrace_free_filter() is not there for modules on every kernel. */
static void unfilter(struct ftrace_ops *ops)
{
	ftrace_set_filter(ops, NULL, 0, true);
}

/*
 * An ftrace that has shut itself down after a fault leaves our calls where they
 * are. Nobody may free the code that they lead to.
 */
static void must_detach(int error)
{
	if (!error)
		return;
	pr_emerg("ftrace is broken (%d) and keeps the hook: kvm_hcx stays, reboot to be rid of it\n",
		 error);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

static int register_filtered(struct ftrace_ops *ops)
{
	int ret = register_ftrace_function(ops);

	if (ret)
		unfilter(ops);
	return ret;
}

/**
 * hcx_trace_function() - have an ftrace_ops called where a function begins
 * @ops: the ops
 * @function: the function, which is the kernel's own or ours
 *
 * By its address: ftrace looks through the names of all functions for one, which takes longer
 * than all else that a load does.
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno.
 */
int hcx_trace_function(struct ftrace_ops *ops, void *function)
{
	return ftrace_set_filter_ip(ops, (unsigned long)function, 0, 1) ?: register_filtered(ops);
}

/**
 * hcx_untrace_function() - undo hcx_trace_function()
 * @ops: the ops, which is not called any more when this returns
 *
 * Context: process; may sleep.
 */
void hcx_untrace_function(struct ftrace_ops *ops)
{
	must_detach(unregister_ftrace_function(ops));
	unfilter(ops);
}

/*
 * A function of our own, with an ops that must not be switched off: shows
 * that ftrace works, and keeps kernel.ftrace_enabled at 1, without which the
 * hook would silently be gone (ftrace_enable_sysctl() in kernel/trace/ftrace.c).
 */
static noinline void guarded_function(void)
{
	barrier();
}

static bool guard_called;

static notrace void guard_hit(unsigned long ip, unsigned long parent_ip,
			      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	guard_called = true;
}

static struct ftrace_ops guard_ops = {
	.func = guard_hit,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static int guard_attach(void)
{
	int ret = hcx_trace_function(&guard_ops, guarded_function);

	if (ret) {
		pr_err("ftrace is off (%d): %s\n", ret, ret == -EBUSY ?
		       "run 'sysctl kernel.ftrace_enabled=1' first" :
		       "the kernel was built or booted without it, or has disabled it after a fault");
		return ret;
	}

	guarded_function();
	if (READ_ONCE(guard_called))
		return 0;
	hcx_untrace_function(&guard_ops);
	pr_err("ftrace does not call back on this kernel\n");
	return -ENODEV;
}

/* The owner of the direct call may be busy for a moment, and says so. */
static int attach_redirect_patiently(void)
{
	int tries = 100, ret;

	do {
		ret = filter(&redirect_ops) ?: register_filtered(&redirect_ops);
	} while (ret == -EAGAIN && --tries && !msleep_interruptible(10));

	return ret;
}

/* The function may be held by a direct call, or its address not be known. */
static int attach_otherwise(int direct_error)
{
	int ret = attach_redirect_patiently();

	redirecting = !ret;
	if (ret == -EBUSY)
		pr_err(HOOKED "() is taken by others that do not share it, a BPF fentry/fexit program, a livepatch or both: unload one of them\n");
	else if (direct_error == -EBUSY && !ret)
		pr_notice(HOOKED "() has a direct call already, of a BPF fentry/fexit program as a rule; redirecting it through ftrace instead, which costs each hypercall about 40 instructions\n");
	else if (!ret)
		pr_notice(HOOKED "() could not be watched, as no VM can be run now; redirecting it through ftrace, which costs each hypercall about 40 instructions: load kvm-amd or kvm-intel, and this module again\n");
	return ret;
}

static void complain(int error)
{
	pr_err(HOOKED "() cannot be hooked (%d)%s\n", error,
	       error == -EINVAL ? ": this kernel was built without a fentry site there" : "");
}

/**
 * hcx_hook_prepare() - make sure that ftrace works, and goes on working
 *
 * A VM should be run before hcx_hook_attach() and make a hypercall: on some
 * kernels a direct call needs to see one (hcx_watch()).
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno with a line in the kernel log.
 */
int hcx_hook_prepare(void)
{
	int ret = guard_attach();

	if (ret)
		return ret;
	ret = filter(&direct_ops) ?: hcx_watch(&direct_ops);
	if (ret) {
		complain(ret);
		hcx_hook_release();
	}
	return ret;
}

/**
 * hcx_hook_release() - undo hcx_hook_prepare()
 *
 * Context: process; may sleep.
 */
void hcx_hook_release(void)
{
	must_detach(hcx_unwatch(&direct_ops));
	unfilter(&direct_ops);
	hcx_untrace_function(&guard_ops);
}

/**
 * hcx_hook_attach() - let kvm_emulate_hypercall() call hcx_hypercall()
 *
 * As a direct call, or, where another direct call holds the function, by an
 * ftrace_ops that moves the ip.
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno with a line in the kernel log.
 */
int hcx_hook_attach(void)
{
	int ret;

	must_detach(hcx_unwatch(&direct_ops));
	ret = hcx_register_ftrace_direct(&direct_ops, (unsigned long)hcx_trampoline);
	if (ret == -EBUSY || ret == -ENOENT)
		ret = attach_otherwise(ret);
	if (ret && ret != -EBUSY)
		complain(ret);
	return ret;
}

/**
 * hcx_hook_detach() - undo hcx_hook_attach()
 *
 * No vCPU enters the trampoline any more when this returns. Those that wait for
 * KVM or for a handler in hcx_hypercall() are counted in an entry.
 *
 * Context: process; may sleep.
 */
void hcx_hook_detach(void)
{
	if (redirecting) {
		hcx_untrace_function(&redirect_ops);
	} else {
		must_detach(hcx_unregister_ftrace_direct(&direct_ops,
							 (unsigned long)hcx_trampoline));
	}
	synchronize_rcu_tasks();
}
