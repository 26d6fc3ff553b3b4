// SPDX-License-Identifier: GPL-2.0
/*
 * Another user of kvm_emulate_hypercall()'s fentry site:
 *
 *	how=direct	a direct call that shares with IPMODIFY, as a BPF fentry does
 *	how=alone	a direct call that does not share
 *	how=ipmodify	an ftrace_ops that may move the ip, as a livepatch does
 *	how=answer	the same, and KVM answers -38 to every hypercall
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

static int share(struct ftrace_ops *ops, enum ftrace_ops_cmd cmd)
{
	return 0;
}

/* In place of kvm_emulate_hypercall(); VMCALL and VMMCALL are 3 bytes long. */
static int answer_38(struct kvm_vcpu *vcpu)
{
	vcpu->arch.regs[VCPU_REGS_RAX] = -38;
	vcpu->arch.regs[VCPU_REGS_RIP] += 3;
	__set_bit(VCPU_REGS_RIP, (unsigned long *)&vcpu->arch.regs_dirty);
	return 1;
}

static notrace void callback(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (!strcmp(how, "answer"))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)answer_38);
}

static struct ftrace_ops ops;

static bool is_direct(void)
{
	return !strcmp(how, "direct") || !strcmp(how, "alone");
}

static int __init interfere_init(void)
{
	int ret = ftrace_set_filter(&ops, HOOKED, strlen(HOOKED), 1);

	if (ret)
		return ret;
	if (!strcmp(how, "direct"))
		ops.ops_func = share;
	if (is_direct()) {
		ret = hcx_register_ftrace_direct(&ops, (unsigned long)hcx_interfere_trampoline);
	} else {
		ops.func = callback;
		ops.flags |= HCX_FTRACE_OPS_FL_IPMODIFY;
		ret = register_ftrace_function(&ops);
	}
	if (ret)
		ftrace_free_filter(&ops);
	return ret;
}

static void __exit interfere_exit(void)
{
	if (is_direct())
		hcx_unregister_ftrace_direct(&ops, (unsigned long)hcx_interfere_trampoline);
	else
		unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
	synchronize_rcu_tasks();
}

module_init(interfere_init);
module_exit(interfere_exit);
MODULE_DESCRIPTION("Takes the fentry site of kvm_emulate_hypercall()");
MODULE_LICENSE("GPL");
