/* SPDX-License-Identifier: GPL-2.0 */
/* How long a call may take. */
#ifndef _HCX_BUDGET_H
#define _HCX_BUDGET_H

struct hcx_call;

long hcx_call_in_budget(struct hcx_call *call);

#endif /* _HCX_BUDGET_H */
