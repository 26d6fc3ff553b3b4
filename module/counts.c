// SPDX-License-Identifier: GPL-2.0
/* What is counted of calls, beside how many there are. */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <uapi/linux/kvm_hcx.h>
#include <uapi/linux/kvm_para.h>
#include "counts.h"

static const struct {
	int error;
	const char *name;
} classes[] = {
	{ KVM_EPERM, "EPERM" },
	{ HCX_EINTR, "EINTR" },
	{ KVM_E2BIG, "E2BIG" },
	{ HCX_EAGAIN, "EAGAIN" },
	{ KVM_EFAULT, "EFAULT" },
	{ HCX_EBUSY, "EBUSY" },
	{ KVM_EINVAL, "EINVAL" },
	{ HCX_EPIPE, "EPIPE" },
	{ KVM_EOPNOTSUPP, "EOPNOTSUPP" },
	{ HCX_ETIMEDOUT, "ETIMEDOUT" },
	{ KVM_ENOSYS, "ENOSYS" },
	{ 0, "other" },
};

static_assert(ARRAY_SIZE(classes) == HCX_ERRORS);

/**
 * hcx_error_name() - what a class of errors is called
 * @class: which, below %HCX_ERRORS
 *
 * Context: any.
 * Return: the name of the error without its prefix, or "other".
 */
const char *hcx_error_name(unsigned int class)
{
	return classes[class].name;
}

/**
 * hcx_count_error() - count a result below 0
 * @counts: the calling vCPU's
 * @result: the result
 *
 * Context: any.
 */
void hcx_count_error(struct hcx_counts *counts, long result)
{
	unsigned int class = 0;

	while (class < HCX_ERRORS - 1 && result != -classes[class].error)
		class++;
	hcx_count(&counts->errors[class]);
}

static unsigned int latency_of(u64 ns)
{
	unsigned int bits = ns > 1 ? ilog2(ns - 1) + 1 : 0;

	return clamp_t(int, bits - HCX_LATENCY_FIRST, 0, HCX_LATENCIES - 1);
}

/**
 * hcx_count_time() - count how long a call took
 * @counts: the calling vCPU's
 * @ns: so many nanoseconds
 *
 * Context: any.
 */
void hcx_count_time(struct hcx_counts *counts, u64 ns)
{
	hcx_count(&counts->timed);
	WRITE_ONCE(counts->ns, counts->ns + ns);
	WRITE_ONCE(counts->ns_max, max(counts->ns_max, ns));
	hcx_count(&counts->latency[latency_of(ns)]);
}

/**
 * hcx_counts_add() - add counts up
 * @sum: to this
 * @counts: while a vCPU may count
 *
 * Context: any.
 */
void hcx_counts_add(struct hcx_counts *sum, const struct hcx_counts *counts)
{
	unsigned int i;

	sum->denied += READ_ONCE(counts->denied);
	sum->over_budget += READ_ONCE(counts->over_budget);
	for (i = 0; i < HCX_ERRORS; i++)
		sum->errors[i] += READ_ONCE(counts->errors[i]);
	sum->timed += READ_ONCE(counts->timed);
	sum->ns += READ_ONCE(counts->ns);
	sum->ns_max = max(sum->ns_max, READ_ONCE(counts->ns_max));
	for (i = 0; i < HCX_LATENCIES; i++)
		sum->latency[i] += READ_ONCE(counts->latency[i]);
}
