// SPDX-License-Identifier: GPL-2.0
/*
 * Lets a function of the kernel's fail when kvm_hcx calls it: it returns at once, with what is
 * asked for. As fail_function does (kernel/fail_function.c), which takes only functions
 * that are marked for it, and no function that kvm_hcx calls is.
 *
 *	function=	its name
 *	nth=		which of the calls fails, of each load of kvm_hcx
 *	result=		what that returns
 *	calls		how many there have been since it was loaded last
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>
#include "../../module/compat.h"

static char *function = "";
module_param(function, charp, 0444);
static unsigned int nth;
module_param(nth, uint, 0444);
static long result;
module_param(result, long, 0444);
static unsigned int calls;
module_param(calls, uint, 0444);

void hcx_fail_return(void);
asm(".pushsection .text\n"
	".type hcx_fail_return, @function\n"
	"hcx_fail_return:\n"
	ASM_ENDBR
	ASM_RET
	".size hcx_fail_return, . - hcx_fail_return\n"
	".popsection\n");

/* At the function's first instruction the return address is on top of the stack. */
static bool is_called_by_core(const struct pt_regs *regs)
{
	char caller[KSYM_SYMBOL_LEN];

	sprint_symbol(caller, *(unsigned long *)regs->sp);
	return strstr(caller, "[kvm_hcx]");
}

static int enter(struct kprobe *probe, struct pt_regs *regs)
{
	if (!is_called_by_core(regs) || ++calls != nth)
		return 0;
	regs->ax = result;
	regs->ip = (unsigned long)hcx_fail_return;

	return 1;
}

/* With it the probe is no jump, which could not move the ip (optimize_kprobe(), kprobes.c). */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

/* Busybox's modprobe tries again by another system call. */
static int module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *module = data;

	if (event == MODULE_STATE_COMING && !strcmp(module->name, "kvm_hcx"))
		calls = 0;
	return NOTIFY_OK;
}

static struct notifier_block module_nb = { .notifier_call = module_event };

static struct kprobe probe = { .pre_handler = enter, .post_handler = after };

static int __init fail_init(void)
{
	int ret = register_module_notifier(&module_nb);

	if (ret)
		return ret;
	probe.symbol_name = function;
	ret = register_kprobe(&probe);
	if (ret)
		unregister_module_notifier(&module_nb);

	return ret;
}

static void __exit fail_exit(void)
{
	unregister_kprobe(&probe);
	unregister_module_notifier(&module_nb);
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("Lets a function fail that kvm_hcx calls");
MODULE_LICENSE("GPL");
