// SPDX-License-Identifier: GPL-2.0
/* A guest's kernel makes hypercalls. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <uapi/linux/hcx_guest.h>

static int __init guest_demo_init(void)
{
	struct hcx_regs regs = { 0x100000001, 20, 300, 4000 };
	struct hcx_guest guest;
	int error = hcx_guest_detect(&guest);
	long long nr;

	if (error) {
		pr_err("hcx_guest_detect: %d\n", error);
		return -ENODEV;
	}
	pr_info("ABI version %#llx\n", hcx_guest_version(&guest));
	pr_info("unregistered: %lld\n", hcx_guest_call(&guest, HCX_NR_ALLOTTED_LAST, &regs));
	/* KVM_HC_VAPIC_POLL_IRQ */
	pr_info("KVM's own: %lld\n", hcx_guest_call(&guest, 1, &regs));

	nr = hcx_guest_find(&guest, "echo");
	if (nr < 0) {
		pr_err("discovery does not know echo: %lld\n", nr);
		return -ENXIO;
	}
	pr_info("echo is %#llx\n", nr);
	pr_info("flags of echo: %lld\n", hcx_guest_flags(&guest, nr));
	pr_info("RAX = %#llx\n", hcx_guest_call(&guest, nr, &regs));

	return 0;
}

static void __exit guest_demo_exit(void)
{
}

module_init(guest_demo_init);
module_exit(guest_demo_exit);
MODULE_DESCRIPTION("Calls a kvm-hcx hypercall from a guest's kernel");
MODULE_LICENSE("GPL");
