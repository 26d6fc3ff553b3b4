/* SPDX-License-Identifier: GPL-2.0 */
/* Proof, at load, that the hook works on this kernel. */
#ifndef _HCX_SELFCHECK_H
#define _HCX_SELFCHECK_H

struct file;

int hcx_selfcheck_stock(void);
int hcx_selfcheck_hooked(void);
void hcx_selfcheck_end(void);
int hcx_is_vm(const struct file *file);

#endif /* _HCX_SELFCHECK_H */
