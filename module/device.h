/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/kvm_hcx. */
#ifndef _HCX_DEVICE_H
#define _HCX_DEVICE_H

int hcx_device_init(void);
void hcx_device_exit(void);

#endif /* _HCX_DEVICE_H */
