// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_hcx.h>
#include <linux/sched/signal.h>

static uint max_ms = 10000;
module_param(max_ms, uint, 0444);
MODULE_PARM_DESC(max_ms, "the longest sleep in milliseconds, 1 to 60000 (default 10000)");

/* Sleeps for RBX milliseconds; answers how many of them were left when a signal came. */
static long sleep(struct hcx_call *call)
{
	u64 ms = hcx_arg(call, 0);

	if (ms > max_ms)
		return -KVM_EINVAL;

	return jiffies_to_msecs(schedule_timeout_killable(msecs_to_jiffies(ms)));
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.name = "sleep",
	.owner = THIS_MODULE,
	.call = sleep,
};

static int __init sleep_init(void)
{
	if (!max_ms || max_ms > 60000) {
		pr_err("max_ms=%u is not 1 to 60000\n", max_ms);
		return -EINVAL;
	}
	return hcx_register(&handler);
}

static void __exit sleep_exit(void)
{
	hcx_unregister(&handler);
}

module_init(sleep_init);
module_exit(sleep_exit);
MODULE_DESCRIPTION("Answers after a while");
MODULE_LICENSE("GPL");
