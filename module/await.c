// SPDX-License-Identifier: GPL-2.0
/* Waiting for vCPUs, which tell nobody: a call costs no wake-up. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include "await.h"

/**
 * hcx_await() - wait until vCPUs have left something
 * @is_done: whether they have
 * @data: for it
 * @what: for the log, which is told after 10 seconds, and every 10 minutes from then on
 *
 * Context: process; may sleep.
 */
void hcx_await(bool (*is_done)(void *data), void *data, const char *what)
{
	unsigned long notice = jiffies + 10 * HZ;

	while (!is_done(data)) {
		if (time_after(jiffies, notice)) {
			pr_notice("waiting for vCPUs inside %s\n", what);
			notice = jiffies + 600 * HZ;
		}
		schedule_timeout_idle(msecs_to_jiffies(10));
	}
}
