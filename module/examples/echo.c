// SPDX-License-Identifier: GPL-2.0
#include <linux/kvm_hcx.h>

static long echo(struct hcx_call *call)
{
	return hcx_arg(call, 0) + 2 * hcx_arg(call, 1) +
	       3 * hcx_arg(call, 2) + 4 * hcx_arg(call, 3);
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.name = "echo",
	.owner = THIS_MODULE,
	.call = echo,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("Answers with a function of its four arguments");
MODULE_LICENSE("GPL");
