// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's vCPUs hold a lock, one after the other, for so long that those which wait
 * for it halt, where their kernel has PV spinlocks. They have interrupts off: nothing but
 * a kick (KVM_HC_KICK_CPU) wakes them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

/* By the measure of a waiter, which halts after the first sixteenth of them. */
#define PAUSES	(16 * SPIN_THRESHOLD)

static DEFINE_RAW_SPINLOCK(lock);
static atomic_t arrived;
static unsigned int held;

static void hold(void *unused)
{
	unsigned int i;

	atomic_inc(&arrived);
	raw_spin_lock(&lock);
	held++;
	while (atomic_read(&arrived) < num_online_cpus())
		cpu_relax();
	for (i = 0; i < PAUSES; i++)
		cpu_relax();
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
