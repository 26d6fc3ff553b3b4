/* SPDX-License-Identifier: GPL-2.0 */
/* The core's tracepoints; Documentation/observing.rst tells what they say. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hcx

#if !defined(_HCX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HCX_TRACE_H

#include <linux/tracepoint.h>
#include "binding.h"
#include "observe.h"
#include "registry.h"

#ifndef _HCX_TRACE_ONCE
#define _HCX_TRACE_ONCE

/* A call's arguments, which its results may be written over. */
struct hcx_args {
	u64 reg[4];
};

#endif /* _HCX_TRACE_ONCE */

/* A VM is told by its VMM's process. A name may have no NUL where it comes from. */

/* A call is about to be answered, by a handler, its VMM or, where it is one too many, nobody. */
TRACE_EVENT_FN(hcx_enter,
	TP_PROTO(const struct hcx_call *call, const struct hcx_args *args),
	TP_ARGS(call, args),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u32, nr)
		__array(char, name, HCX_NAME_LEN + 1)
		__field(u64, a0)
		__field(u64, a1)
		__field(u64, a2)
		__field(u64, a3)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->nr = call->binding->nr;
		memcpy(__entry->name, call->binding->entry->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
		__entry->a0 = args->reg[0];
		__entry->a1 = args->reg[1];
		__entry->a2 = args->reg[2];
		__entry->a3 = args->reg[3];
	),
	TP_printk("vm=%d vcpu=%d nr=%#x name=%s a0=%#llx a1=%#llx a2=%#llx a3=%#llx",
		  __entry->vm, __entry->vcpu, __entry->nr, __entry->name,
		  __entry->a0, __entry->a1, __entry->a2, __entry->a3),
	hcx_trace_begins, hcx_trace_ends
);

/* It has returned, after so many nanoseconds; the arguments are as they were. */
TRACE_EVENT_FN(hcx_exit,
	TP_PROTO(const struct hcx_call *call, const struct hcx_args *args, long result, u64 ns),
	TP_ARGS(call, args, result, ns),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u32, nr)
		__array(char, name, HCX_NAME_LEN + 1)
		__field(u64, a0)
		__field(u64, a1)
		__field(u64, a2)
		__field(u64, a3)
		__field(s64, result)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->nr = call->binding->nr;
		memcpy(__entry->name, call->binding->entry->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
		__entry->a0 = args->reg[0];
		__entry->a1 = args->reg[1];
		__entry->a2 = args->reg[2];
		__entry->a3 = args->reg[3];
		__entry->result = result;
		__entry->ns = ns;
	),
	TP_printk("vm=%d vcpu=%d nr=%#x name=%s a0=%#llx a1=%#llx a2=%#llx a3=%#llx result=%lld ns=%llu",
		  __entry->vm, __entry->vcpu, __entry->nr, __entry->name,
		  __entry->a0, __entry->a1, __entry->a2, __entry->a3,
		  __entry->result, __entry->ns),
	hcx_trace_begins, hcx_trace_ends
);

/* A call was refused before its handler could be called. */
TRACE_EVENT(hcx_denied,
	TP_PROTO(const struct hcx_call *call, const char *reason),
	TP_ARGS(call, reason),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u32, nr)
		__array(char, name, HCX_NAME_LEN + 1)
		__array(char, reason, 8)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->nr = call->binding->nr;
		memcpy(__entry->name, call->binding->entry->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
		strscpy_pad(__entry->reason, reason, sizeof(__entry->reason));
	),
	TP_printk("vm=%d vcpu=%d nr=%#x name=%s reason=%s", __entry->vm, __entry->vcpu,
		  __entry->nr, __entry->name, __entry->reason)
);

/* A call took longer than its handler's budget. */
TRACE_EVENT(hcx_over_budget,
	TP_PROTO(const struct hcx_call *call, u64 ns),
	TP_ARGS(call, ns),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u32, nr)
		__array(char, name, HCX_NAME_LEN + 1)
		__field(u32, budget_ms)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->nr = call->binding->nr;
		memcpy(__entry->name, call->binding->entry->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
		__entry->budget_ms = call->binding->entry->budget_ms;
		__entry->ns = ns;
	),
	TP_printk("vm=%d vcpu=%d nr=%#x name=%s ns=%llu budget_ms=%u", __entry->vm,
		  __entry->vcpu, __entry->nr, __entry->name, __entry->ns, __entry->budget_ms)
);

DECLARE_EVENT_CLASS(hcx_handler,
	TP_PROTO(const struct hcx_entry *reg),
	TP_ARGS(reg),
	TP_STRUCT__entry(
		__field(u32, nr)
		__array(char, name, HCX_NAME_LEN + 1)
		__array(char, owner, HCX_BY_LEN)
	),
	TP_fast_assign(
		__entry->nr = reg->nr;
		memcpy(__entry->name, reg->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
		strscpy_pad(__entry->owner, reg->by, sizeof(__entry->owner));
	),
	TP_printk("nr=%#x name=%s owner=%s", __entry->nr, __entry->name, __entry->owner)
);

/* A handler answers from now on, */
DEFINE_EVENT(hcx_handler, hcx_register,
	TP_PROTO(const struct hcx_entry *reg),
	TP_ARGS(reg));

/* and from now on no more, but for calls that are inside. */
DEFINE_EVENT(hcx_handler, hcx_unregister,
	TP_PROTO(const struct hcx_entry *reg),
	TP_ARGS(reg));

#endif /* _HCX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
