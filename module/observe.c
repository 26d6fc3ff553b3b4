// SPDX-License-Identifier: GPL-2.0
/* Timing and tracing calls. */
#include <linux/ktime.h>
#include <linux/mutex.h>
#include "binding.h"
#include "observe.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Held to change what follows. */
static DEFINE_MUTEX(observe_lock);

static bool timing;
static unsigned int tracepoints;

/**
 * hcx_call_observed() - call a handler, with timing and tracing
 * @call: the call
 *
 * Context: as struct hcx_handler's call.
 * Return: what the handler returned.
 */
long hcx_call_observed(struct hcx_call *call)
{
	const struct hcx_args args = {
		{ hcx_arg(call, 0), hcx_arg(call, 1), hcx_arg(call, 2), hcx_arg(call, 3) },
	};
	struct hcx_binding *binding = call->binding;
	u64 start, ns;
	long result;

	trace_hcx_enter(call, &args);
	start = ktime_get_ns();
	result = READ_ONCE(binding->limited)(call);
	ns = ktime_get_ns() - start;
	if (READ_ONCE(timing))
		hcx_count_time(&binding->counts, ns);
	trace_hcx_exit(call, &args, result, ns);

	return result;
}

static void update(void)
{
	hcx_bindings_observe(timing || tracepoints);
}

/**
 * hcx_set_timing() - choose whether calls are timed from now on
 * @on: they are
 *
 * Context: process; may sleep.
 */
void hcx_set_timing(bool on)
{
	mutex_lock(&observe_lock);
	WRITE_ONCE(timing, on);
	update();
	mutex_unlock(&observe_lock);
}

/**
 * hcx_get_timing() - whether calls are timed
 *
 * Context: any.
 * Return: true if they are.
 */
bool hcx_get_timing(void)
{
	return READ_ONCE(timing);
}

int hcx_trace_begins(void)
{
	mutex_lock(&observe_lock);
	tracepoints++;
	update();
	mutex_unlock(&observe_lock);

	return 0;
}

void hcx_trace_ends(void)
{
	mutex_lock(&observe_lock);
	tracepoints--;
	update();
	mutex_unlock(&observe_lock);
}
