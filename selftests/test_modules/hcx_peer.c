// SPDX-License-Identifier: GPL-2.0
/*
 * What make bench compares the core with: hypercall 0x1f, answered with 0 by other means.
 *
 *	how=kprobe	a kprobe moves the ip to a function that calls KVM's body, and then
 *			answers
 *	how=ftrace	an ftrace_ops with all registers saved does
 *	how=kretprobe	a kretprobe answers when the body has returned
 *	how=fprobe	an fprobe does
 *	alone=1		with the first two: KVM's body is left out, and with it the check of
 *			the CPL, the truncation for callers outside 64-bit mode, Hyper-V's and
 *			Xen's hypercalls, and KVM's own tracepoint and count
 *
 * All of them take one CPU at a time for granted where a real one could not.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include "../../module/compat.h"

#define HOOKED	"kvm_emulate_hypercall"
#define NR	0x1f

static char *how = "";
module_param(how, charp, 0444);

static bool alone;
module_param(alone, bool, 0444);

static unsigned long *guest_rax(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.regs[VCPU_REGS_RAX];
}

static bool is_ours(struct kvm_vcpu *vcpu)
{
	return *guest_rax(vcpu) == NR;
}

static noinline long null_handler(struct kvm_vcpu *vcpu)
{
	return 0;
}

/* KVM's body has run. */
static void answer(struct kvm_vcpu *vcpu)
{
	if (*guest_rax(vcpu) == (u64)-KVM_ENOSYS)
		*guest_rax(vcpu) = null_handler(vcpu);
}

/* Behind the fentry site. No ENDBR is there: not for a host that enforces IBT. */
static int (*body)(struct kvm_vcpu *vcpu);

/* These two run in place of kvm_emulate_hypercall(). */
static int call_body_and_answer(struct kvm_vcpu *vcpu)
{
	int ret = body(vcpu);

	answer(vcpu);
	return ret;
}

#ifdef HCX_PEER_CAN_SKIP
static int answer_alone(struct kvm_vcpu *vcpu)
{
	*guest_rax(vcpu) = null_handler(vcpu);
	return kvm_skip_emulated_instruction(vcpu);
}
#else
#define answer_alone	NULL
#endif

static int (*instead)(struct kvm_vcpu *vcpu) = call_body_and_answer;

/* The registers where the function begins: where it is to continue, if it is our call. */
static bool redirect(struct pt_regs *regs, unsigned long ip)
{
	if (!is_ours((struct kvm_vcpu *)regs->di))
		return false;
	body = (void *)ip + MCOUNT_INSN_SIZE;
	return true;
}

static int kprobe_hit(struct kprobe *kp, struct pt_regs *regs)
{
	if (!redirect(regs, (unsigned long)kp->addr))
		return 0;
	instruction_pointer_set(regs, (unsigned long)instead);
	return 1;
}

/* Only with one may a kprobe move the ip (arm_kprobe_ftrace() in kernel/kprobes.c). */
static void kprobe_passed(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe kprobe = {
	.symbol_name = HOOKED,
	.pre_handler = kprobe_hit,
	.post_handler = kprobe_passed,
};

static int kprobe_attach(void)
{
	return register_kprobe(&kprobe);
}

static void kprobe_detach(void)
{
	unregister_kprobe(&kprobe);
}

static notrace void ftrace_hit(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (redirect(ftrace_get_regs(fregs), ip))
		ftrace_regs_set_instruction_pointer(fregs, (unsigned long)instead);
}

static struct ftrace_ops ftrace_ops = {
	.func = ftrace_hit,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS,
};

static int ftrace_attach(void)
{
	return ftrace_set_filter(&ftrace_ops, HOOKED, strlen(HOOKED), 1) ?:
		register_ftrace_function(&ftrace_ops);
}

static void ftrace_detach(void)
{
	unregister_ftrace_function(&ftrace_ops);
	ftrace_set_filter(&ftrace_ops, NULL, 0, 1);
}

static int kretprobe_entered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kvm_vcpu *vcpu = (struct kvm_vcpu *)regs->di;

	*(struct kvm_vcpu **)instance->data = vcpu;
	return !is_ours(vcpu);
}

static int kretprobe_returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	answer(*(struct kvm_vcpu **)instance->data);
	return 0;
}

static struct kretprobe kretprobe = {
	.kp.symbol_name = HOOKED,
	.entry_handler = kretprobe_entered,
	.handler = kretprobe_returned,
	.data_size = sizeof(struct kvm_vcpu *),
};

static int kretprobe_attach(void)
{
	return register_kretprobe(&kretprobe);
}

static void kretprobe_detach(void)
{
	unregister_kretprobe(&kretprobe);
}

#ifdef CONFIG_FPROBE
#include <linux/fprobe.h>

/* What an fprobe's handlers get; before 6.14 it was the other. */
#ifdef HCX_PEER_FTRACE_REGS
#define fprobe_regs			ftrace_regs
#define fprobe_get_argument(regs)	ftrace_regs_get_argument(regs, 0)
#else
#define fprobe_regs			pt_regs
#define fprobe_get_argument(regs)	((regs)->di)
#endif

static int fprobe_entered(struct fprobe *fprobe, unsigned long ip, unsigned long ret_ip,
			  struct fprobe_regs *regs, void *data)
{
	struct kvm_vcpu *vcpu = (struct kvm_vcpu *)fprobe_get_argument(regs);

	*(struct kvm_vcpu **)data = vcpu;
	return !is_ours(vcpu);
}

static void fprobe_returned(struct fprobe *fprobe, unsigned long ip, unsigned long ret_ip,
			    struct fprobe_regs *regs, void *data)
{
	answer(*(struct kvm_vcpu **)data);
}

static struct fprobe fprobe = {
	.entry_handler = fprobe_entered,
	.exit_handler = fprobe_returned,
	.entry_data_size = sizeof(struct kvm_vcpu *),
};

static int fprobe_attach(void)
{
	return register_fprobe(&fprobe, HOOKED, NULL);
}

static void fprobe_detach(void)
{
	unregister_fprobe(&fprobe);
}
#else
static int fprobe_attach(void)
{
	pr_err("this kernel was built without fprobes (CONFIG_FPROBE)\n");
	return -EOPNOTSUPP;
}

static void fprobe_detach(void)
{
}
#endif

static const struct way {
	const char *name;
	int (*attach)(void);
	void (*detach)(void);
} ways[] = {
	{ "kprobe", kprobe_attach, kprobe_detach },
	{ "ftrace", ftrace_attach, ftrace_detach },
	{ "kretprobe", kretprobe_attach, kretprobe_detach },
	{ "fprobe", fprobe_attach, fprobe_detach },
};

static const struct way *way;

static int __init peer_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(how, ways[i].name))
			way = &ways[i];
	if (!way)
		return -EINVAL;
	if (alone)
		instead = answer_alone;
	if (!instead) {
		pr_err("this kernel's KVM keeps kvm_skip_emulated_instruction() to its own modules\n");
		return -EOPNOTSUPP;
	}

	return way->attach();
}

static void __exit peer_exit(void)
{
	way->detach();
	synchronize_rcu_tasks();
}

module_init(peer_init);
module_exit(peer_exit);
MODULE_DESCRIPTION("Answers a hypercall by other means than the core's");
MODULE_LICENSE("GPL");
