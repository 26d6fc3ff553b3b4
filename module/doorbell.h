/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that signal an eventfd. */
#ifndef _HCX_DOORBELL_H
#define _HCX_DOORBELL_H

#include <linux/types.h>

struct hcx_call;
struct hcx_host_doorbell;
struct hcx_offer;
struct hcx_session;

int hcx_doorbell_set(struct hcx_session *session, struct hcx_host_doorbell *doorbell);
long hcx_doorbell_ring(const struct hcx_call *call, u32 nr, u64 value);
void hcx_bells_free(struct hcx_offer *offer);

#endif /* _HCX_DOORBELL_H */
