/* SPDX-License-Identifier: GPL-2.0 */
/* Handlers in BPF. */
#ifndef _HCX_BPF_H
#define _HCX_BPF_H

void hcx_bpf_init(void);
void hcx_bpf_exit(void);

#endif /* _HCX_BPF_H */
