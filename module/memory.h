/* SPDX-License-Identifier: GPL-2.0 */
/* The caller's memory, for those who may not wait for its VMM. */
#ifndef _HCX_MEMORY_H
#define _HCX_MEMORY_H

#include <linux/kvm_hcx.h>

long hcx_read_guest_until(struct hcx_call *call, gpa_t gpa, void *data, size_t len,
			  ktime_t deadline);
long hcx_write_guest_until(struct hcx_call *call, gpa_t gpa, const void *data, size_t len,
			   ktime_t deadline);

#endif /* _HCX_MEMORY_H */
