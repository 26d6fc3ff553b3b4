/* SPDX-License-Identifier: GPL-2.0 */
/* How often a VM may call a number. */
#ifndef _HCX_LIMIT_H
#define _HCX_LIMIT_H

struct hcx_bucket;
struct hcx_call;

long hcx_call_limited(struct hcx_call *call);
void hcx_bucket_put(struct hcx_bucket *bucket);

#endif /* _HCX_LIMIT_H */
