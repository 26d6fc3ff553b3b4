// SPDX-License-Identifier: GPL-2.0
/* How long a call may take: see budget_ms in linux/kvm_hcx.h. */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include "budget.h"
#include "registry.h"
#include "trace.h"

/* What a handler with a budget is called with. */
struct budgeted_call {
	struct hcx_call call;
	ktime_t deadline;
};

/**
 * hcx_call_in_budget() - call a handler that has a budget
 * @call: the call
 *
 * A function and a structure of its own, so that a handler without a budget pays nothing.
 *
 * Context: as struct hcx_handler's call.
 * Return: what the handler returned.
 */
long hcx_call_in_budget(struct hcx_call *call)
{
	struct hcx_entry *entry = call->binding->entry;
	ktime_t start = ktime_get(), end;
	struct budgeted_call budgeted = {
		.call = *call, .deadline = ktime_add_ms(start, entry->budget_ms),
	};
	long ret;

	ret = entry->handler_call(&budgeted.call);
	end = ktime_get();
	if (ktime_after(end, budgeted.deadline)) {
		hcx_count(&call->binding->counts.over_budget);
		trace_hcx_over_budget(call, ktime_to_ns(ktime_sub(end, start)));
	}

	return ret;
}

ktime_t hcx_deadline(const struct hcx_call *call)
{
	if (!call->binding->entry->budget_ms)
		return ktime_add_ms(ktime_get(), HCX_WAIT_MS);

	return container_of(call, struct budgeted_call, call)->deadline;
}
EXPORT_SYMBOL_GPL(hcx_deadline);

unsigned long hcx_jiffies_until(ktime_t deadline)
{
	ktime_t now = ktime_get();

	return ktime_after(deadline, now) ?
	       nsecs_to_jiffies(ktime_to_ns(ktime_sub(deadline, now))) + 1 : 0;
}
EXPORT_SYMBOL_GPL(hcx_jiffies_until);
