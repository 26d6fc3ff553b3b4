// SPDX-License-Identifier: GPL-2.0
/* A handler module whose exit does not unregister. */
#include <linux/kvm_hcx.h>

static long answer(struct hcx_call *call)
{
	return 0x46;
}

static struct hcx_handler handler = {
	.nr = 0x46,
	.name = "forgetful",
	.owner = THIS_MODULE,
	.call = answer,
};

static int __init forgetful_init(void)
{
	return hcx_register(&handler);
}

static void __exit forgetful_exit(void)
{
}

module_init(forgetful_init);
module_exit(forgetful_exit);
MODULE_DESCRIPTION("Goes without unregistering its handler");
MODULE_LICENSE("GPL");
