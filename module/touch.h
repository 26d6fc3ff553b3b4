/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that a VMM has to provide. */
#ifndef _HCX_TOUCH_H
#define _HCX_TOUCH_H

#include <linux/kvm_hcx.h>

long hcx_touch(struct hcx_call *call, void __user *addr, size_t len, bool write,
	       ktime_t deadline);
int hcx_touch_init(void);
void hcx_touch_exit(void);

#endif /* _HCX_TOUCH_H */
