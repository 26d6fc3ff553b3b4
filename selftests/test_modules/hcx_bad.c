// SPDX-License-Identifier: GPL-2.0
/*
 * A handler that misbehaves, as the first argument says, for Documentation/recovery.rst:
 *
 *	0	waits for ever, until its VMM is killed
 *	1	runs for ever
 *	2	uses a null pointer
 */
#include <linux/kvm_hcx.h>
#include <linux/sched/signal.h>

static long *nowhere;

static long bad(struct hcx_call *call)
{
	switch (hcx_arg(call, 0)) {
	case 0:
		while (!schedule_timeout_killable(MAX_SCHEDULE_TIMEOUT))
			;
		return -KVM_EFAULT;
	case 1:
		for (;;)
			cond_resched();
	default:
		return READ_ONCE(*READ_ONCE(nowhere));
	}
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.name = "bad",
	.owner = THIS_MODULE,
	.call = bad,
	.budget_ms = 100,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("A handler that misbehaves");
MODULE_LICENSE("GPL");
