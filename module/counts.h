/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted of the calls that a vCPU makes to a number. */
#ifndef _HCX_COUNTS_H
#define _HCX_COUNTS_H

#include <linux/compiler.h>
#include <linux/types.h>

/* See hcx_error_name(). */
#define HCX_ERRORS	12

/*
 * Calls of up to 2^(first + i) ns are in latency[i] unless in one before; the last has
 * the longer ones, too. A budget is at most 15 s, about 2^34 ns.
 */
#define HCX_LATENCY_FIRST	8
#define HCX_LATENCIES		27

/**
 * struct hcx_counts - counts, each written by one vCPU only
 * @denied: calls that were refused
 * @over_budget: calls that took longer than the handler's budget
 * @errors: results below 0, by class
 * @timed: calls that were timed; the rest is about these
 * @ns: how long they took in total
 * @ns_max: and the longest
 * @latency: how many took how long
 */
struct hcx_counts {
	u64 denied;
	u64 over_budget;
	u64 errors[HCX_ERRORS];
	u64 timed;
	u64 ns;
	u64 ns_max;
	u64 latency[HCX_LATENCIES];
};

/* One more, in what only the calling vCPU writes and others may read. */
static inline void hcx_count(u64 *count)
{
	WRITE_ONCE(*count, *count + 1);
}

void hcx_count_error(struct hcx_counts *counts, long result);
void hcx_count_time(struct hcx_counts *counts, u64 ns);
void hcx_counts_add(struct hcx_counts *sum, const struct hcx_counts *counts);
const char *hcx_error_name(unsigned int class);

#endif /* _HCX_COUNTS_H */
