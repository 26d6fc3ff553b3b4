/* SPDX-License-Identifier: GPL-2.0 */
/* What outlives its handler. */
#ifndef _HCX_LINGER_H
#define _HCX_LINGER_H

struct hcx_entry;

void hcx_linger(struct hcx_entry *entry);
void hcx_linger_wait(void);

#endif /* _HCX_LINGER_H */
