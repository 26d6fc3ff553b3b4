// SPDX-License-Identifier: GPL-2.0
/*
 * Another user of kvm_emulate_hypercall()'s fentry site:
 *
 *	how=direct	a direct call that shares with IPMODIFY, as a BPF fentry does
 *	how=alone	a direct call that does not share
 *	how=ipmodify	an ftrace_ops that may move the ip, as a livepatch does
 *	how=answer	the same, and KVM answers -38 to every unknown hypercall
 *	how=later	the same, but not to the first
 */
#include <linux/ftrace.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include "../../module/compat.h"

#define HOOKED "kvm_emulate_hypercall"

static char *how = "";
module_param(how, charp, 0444);

void hcx_interfere_trampoline(void);
asm(".pushsection .text\n"
	".type hcx_interfere_trampoline, @function\n"
	"hcx_interfere_trampoline:\n"
	ASM_ENDBR
	ASM_RET
	".size hcx_interfere_trampoline, . - hcx_interfere_trampoline\n"
	".popsection\n");

/* Behind the fentry site. No ENDBR is there: not for a host that enforces IBT. */
static int (*body)(struct kvm_vcpu *vcpu);

/* In place of kvm_emulate_hypercall(). */
static int answer_38(struct kvm_vcpu *vcpu)
{
	unsigned long *rax = &vcpu->arch.regs[VCPU_REGS_RAX];
	static bool was_called;
	int ret = body(vcpu);

	if ((u32)*rax != (u32)-KVM_ENOSYS)
		return ret;
	if (!strcmp(how, "answer") || was_called)
		*rax = -38;
	was_called = true;

	return ret;
}

static notrace void callback(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (strcmp(how, "answer") && strcmp(how, "later"))
		return;
	body = (void *)ip + MCOUNT_INSN_SIZE;
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)answer_38);
}

static struct ftrace_ops alone_ops, sharing_ops = { HCX_SHARES_FUNCTION };
static struct ftrace_ops *ops = &alone_ops;

static bool is_direct(void)
{
	return !strcmp(how, "direct") || !strcmp(how, "alone");
}

static int __init interfere_init(void)
{
	int ret;

	if (!strcmp(how, "direct"))
		ops = &sharing_ops;
	ret = ftrace_set_filter(ops, HOOKED, strlen(HOOKED), 1);
	if (ret)
		return ret;
	if (is_direct()) {
		ret = hcx_register_ftrace_direct(ops, (unsigned long)hcx_interfere_trampoline);
	} else {
		ops->func = callback;
		ops->flags |= HCX_FTRACE_OPS_FL_IPMODIFY;
		ret = register_ftrace_function(ops);
	}
	if (ret)
		ftrace_set_filter(ops, NULL, 0, 1);
	return ret;
}

static void __exit interfere_exit(void)
{
	if (is_direct())
		hcx_unregister_ftrace_direct(ops, (unsigned long)hcx_interfere_trampoline);
	else
		unregister_ftrace_function(ops);
	ftrace_set_filter(ops, NULL, 0, 1);
	synchronize_rcu_tasks();
}

module_init(interfere_init);
module_exit(interfere_exit);
MODULE_DESCRIPTION("Takes the fentry site of kvm_emulate_hypercall()");
MODULE_LICENSE("GPL");
