// SPDX-License-Identifier: GPL-2.0
/* How long a call may take: see budget_ms in linux/kvm_hcx.h. */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include "budget.h"
#include "registry.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * hcx_call_in_budget() - call a handler that has a budget
 * @call: the call
 *
 * In its own function, so that a handler without a budget pays nothing.
 *
 * Context: as struct hcx_handler's call.
 * Return: what the handler returned.
 */
long hcx_call_in_budget(struct hcx_call *call)
{
	const struct hcx_handler *handler = call->handler;
	ktime_t start = ktime_get(), end;
	long ret;

	call->deadline = ktime_add_ms(start, handler->budget_ms);
	ret = handler->call(call);
	end = ktime_get();
	if (ktime_after(end, call->deadline)) {
		atomic64_inc(&handler->entry->over_budget);
		trace_hcx_over_budget(call, ktime_to_ns(ktime_sub(end, start)));
	}

	return ret;
}

unsigned long hcx_time_left(struct hcx_call *call)
{
	ktime_t now = ktime_get();

	if (!call->deadline)
		call->deadline = ktime_add_ms(now, HCX_WAIT_MS);
	if (!ktime_after(call->deadline, now))
		return 0;

	return nsecs_to_jiffies(ktime_to_ns(ktime_sub(call->deadline, now))) + 1;
}
EXPORT_SYMBOL_GPL(hcx_time_left);
