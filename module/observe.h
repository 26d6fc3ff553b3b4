/* SPDX-License-Identifier: GPL-2.0 */
/* Timing and tracing calls. */
#ifndef _HCX_OBSERVE_H
#define _HCX_OBSERVE_H

#include <linux/types.h>

struct hcx_call;

long hcx_call_observed(struct hcx_call *call);
void hcx_set_timing(bool on);
bool hcx_get_timing(void);

/* For trace.h: the first user of a tracepoint comes, the last goes. */
int hcx_trace_begins(void);
void hcx_trace_ends(void);

#endif /* _HCX_OBSERVE_H */
