// SPDX-License-Identifier: GPL-2.0
/* A guest's kernel makes hypercalls with what every kernel has for KVM's own. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_para.h>
#include <linux/module.h>
#include <uapi/linux/kvm_hcx.h>

/* As discovery takes it: in two registers, with zeroes behind. */
union name {
	char text[HCX_NAME_LEN];
	unsigned long word[2];
};

static const union name wanted = { "echo" };

static int __init guest_demo_init(void)
{
	long nr;

	/* On bare metal the instruction is an invalid opcode. */
	if (!kvm_para_available()) {
		pr_err("this is not a KVM guest\n");
		return -ENODEV;
	}

	pr_info("ABI version %ld\n", kvm_hypercall1(HCX_NR_DISCOVERY, HCX_DISCOVER_VERSION));
	pr_info("unregistered: %ld\n", kvm_hypercall0(HCX_NR_ALLOTTED_LAST));
	pr_info("KVM_HC_VAPIC_POLL_IRQ: %ld\n", kvm_hypercall0(KVM_HC_VAPIC_POLL_IRQ));

	nr = kvm_hypercall3(HCX_NR_DISCOVERY, HCX_DISCOVER_NAME, wanted.word[0], wanted.word[1]);
	if (nr < 0) {
		pr_err("discovery does not know %s: %ld\n", wanted.text, nr);
		return -ENXIO;
	}
	pr_info("%s is %#lx\n", wanted.text, nr);
	pr_info("flags of %s: %ld\n", wanted.text,
		kvm_hypercall2(HCX_NR_DISCOVERY, HCX_DISCOVER_NUMBER, nr));
	pr_info("RAX = %#lx\n", kvm_hypercall4(nr, 0x100000001, 20, 300, 4000));

	return 0;
}

static void __exit guest_demo_exit(void)
{
}

module_init(guest_demo_init);
module_exit(guest_demo_exit);
MODULE_DESCRIPTION("Calls a kvm-hcx hypercall from a guest's kernel");
MODULE_LICENSE("GPL");
