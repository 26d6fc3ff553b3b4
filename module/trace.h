/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hcx

#if !defined(_HCX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HCX_TRACE_H

#include <linux/tracepoint.h>
#include "registry.h"

/* A call took longer than its handler's budget. A VM is told by its VMM's process. */
TRACE_EVENT(hcx_over_budget,
	TP_PROTO(const struct hcx_call *call, u64 ns),
	TP_ARGS(call, ns),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u32, nr)
		__field(u32, budget_ms)
		__field(u64, ns)
		__array(char, name, HCX_NAME_LEN + 1)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->nr = call->entry->nr;
		__entry->budget_ms = call->entry->budget_ms;
		__entry->ns = ns;
		memcpy(__entry->name, call->entry->name.text, HCX_NAME_LEN);
		__entry->name[HCX_NAME_LEN] = '\0';
	),
	TP_printk("vm=%d vcpu=%d nr=%#x name=%s ns=%llu budget_ms=%u",
		  __entry->vm, __entry->vcpu, __entry->nr, __entry->name, __entry->ns,
		  __entry->budget_ms)
);

#endif /* _HCX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
