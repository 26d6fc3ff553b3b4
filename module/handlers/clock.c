// SPDX-License-Identifier: GPL-2.0
/* hcx_clock: the host's clocks, read at one moment, see uapi/linux/hcx_clock.h. */
#include <asm/msr.h>
#include <linux/irqflags.h>
#include <linux/kvm_hcx.h>
#include <linux/timekeeping.h>
#include <uapi/linux/hcx_clock.h>

/* So many readings, of which the shortest counts: others were interrupted, by SMM or so. */
#define READINGS	3

struct reading {
	ktime_t monotonic;
	u64 before, after;	/* TSC */
};

static void read_clock(struct reading *reading)
{
	unsigned long flags;

	local_irq_save(flags);
	reading->before = rdtsc_ordered();
	reading->monotonic = ktime_get();
	reading->after = rdtsc_ordered();
	local_irq_restore(flags);
}

static u64 duration(const struct reading *reading)
{
	return reading->after - reading->before;
}

static struct reading best_reading(void)
{
	struct reading best, next;
	int i;

	read_clock(&best);
	for (i = 1; i < READINGS; i++) {
		read_clock(&next);
		if (duration(&next) < duration(&best))
			best = next;
	}

	return best;
}

static long read_clocks(struct hcx_call *call)
{
	struct reading best;
	u64 tsc, guest_tsc;

	if (!call->long_mode)
		return -KVM_EOPNOTSUPP;

	/* See hcx_guest_tsc(). */
	preempt_disable();
	best = best_reading();
	tsc = best.before + duration(&best) / 2;
	guest_tsc = hcx_guest_tsc(call, tsc);
	preempt_enable();
	hcx_set_result(call, 0, ktime_to_ns(ktime_mono_to_real(best.monotonic)));
	hcx_set_result(call, 1, ktime_to_ns(best.monotonic));
	hcx_set_result(call, 2, tsc);
	hcx_set_result(call, 3, guest_tsc);

	return 0;
}

static struct hcx_handler handler = {
	.nr = HCX_NR_ANY,
	.flags = HCX_RESULT_RBX | HCX_RESULT_RCX | HCX_RESULT_RDX | HCX_RESULT_RSI,
	.name = HCX_CLOCK_NAME,
	.owner = THIS_MODULE,
	.call = read_clocks,
};
module_hcx_handler(handler);

MODULE_DESCRIPTION("The host's clocks, read at one moment, for guests");
MODULE_AUTHOR("The kvm-hcx authors");
MODULE_LICENSE("GPL");
