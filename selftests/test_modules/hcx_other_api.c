// SPDX-License-Identifier: GPL-2.0
/* A handler module built with the headers of another kvm_hcx. */
#include <linux/kvm_hcx.h>

#undef HCX_API_VERSION
#define HCX_API_VERSION 99

static long zero(struct hcx_call *call)
{
	return 0;
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.name = "other_api",
	.owner = THIS_MODULE,
	.call = zero,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("Built for an API version that no kvm_hcx has");
MODULE_LICENSE("GPL");
