// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's vCPUs hold a lock, one after the other, for so long that those which wait
 * for it halt, where their kernel has PV spinlocks. They have interrupts off: nothing but
 * a kick (KVM_HC_KICK_CPU) wakes them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#define HOLD_MS	1000

static DEFINE_RAW_SPINLOCK(lock);
static unsigned int held;

static void hold(void *unused)
{
	raw_spin_lock(&lock);
	held++;
	mdelay(HOLD_MS);
	raw_spin_unlock(&lock);
}

static int __init pv_lock_init(void)
{
	on_each_cpu(hold, NULL, true);
	pr_info("it was held %u times\n", held);

	return 0;
}

static void __exit pv_lock_exit(void)
{
}

module_init(pv_lock_init);
module_exit(pv_lock_exit);
MODULE_DESCRIPTION("Lets a guest's vCPUs wait for a lock");
MODULE_LICENSE("GPL");
