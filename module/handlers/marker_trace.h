/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hcx

#if !defined(_HCX_MARKER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HCX_MARKER_TRACE_H

#include <linux/kvm_hcx.h>
#include <linux/tracepoint.h>
#include <uapi/linux/hcx_marker.h>

/* A guest's marker. A VM is told by its VMM's process. */
TRACE_EVENT(hcx_marker,
	TP_PROTO(const struct hcx_call *call, u64 guest_tsc, const char *text),
	TP_ARGS(call, guest_tsc, text),
	TP_STRUCT__entry(
		__field(pid_t, vm)
		__field(int, vcpu)
		__field(u64, guest_tsc)
		__field(u64, id)
		__field(u64, value)
		__array(char, text, HCX_MARKER_TEXT_MAX + 1)
	),
	TP_fast_assign(
		__entry->vm = call->vcpu->kvm->userspace_pid;
		__entry->vcpu = call->vcpu->vcpu_id;
		__entry->guest_tsc = guest_tsc;
		__entry->id = hcx_arg(call, 0);
		__entry->value = hcx_arg(call, 1);
		memcpy(__entry->text, text, sizeof(__entry->text));
	),
	TP_printk("vm=%d vcpu=%d guest_tsc=%llu id=%llu value=%#llx text=%s",
		  __entry->vm, __entry->vcpu, __entry->guest_tsc, __entry->id,
		  __entry->value, __entry->text)
);

#endif /* _HCX_MARKER_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE marker_trace
#include <trace/define_trace.h>
