/* SPDX-License-Identifier: GPL-2.0 */
/* Proof, at load, that the hook works on this kernel. */
#ifndef _HCX_SELFCHECK_H
#define _HCX_SELFCHECK_H

int hcx_selfcheck_stock(void);
int hcx_selfcheck_hooked(void);
void hcx_selfcheck_end(void);

#endif /* _HCX_SELFCHECK_H */
