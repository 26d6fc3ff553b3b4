/* SPDX-License-Identifier: GPL-2.0 */
/* The hypercall by which a guest finds the others. */
#ifndef _HCX_DISCOVERY_H
#define _HCX_DISCOVERY_H

#include <linux/kvm_hcx.h>

extern struct hcx_handler hcx_discovery;

#endif /* _HCX_DISCOVERY_H */
