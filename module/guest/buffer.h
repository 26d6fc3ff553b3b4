/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _HCX_GUEST_BUFFER_H
#define _HCX_GUEST_BUFFER_H

#include <linux/mm_types.h>
#include <uapi/linux/hcx_dev.h>

/* A program's buffer, while the host may touch it. */
struct hcx_buffer {
	/* Where the host finds it. */
	phys_addr_t gpa;
	/* private: the rest is buffer.c's */
	struct page *pages[HCX_DEV_BUFFER_MAX / PAGE_SIZE + 1];
	unsigned int count;
	size_t offset;
	size_t len;
	bool written;
	void *bounce;
	void *mapped;
};

int hcx_buffer_get(struct hcx_buffer *buffer, u64 address, size_t len, bool written);
void hcx_buffer_put(struct hcx_buffer *buffer);

#endif /* _HCX_GUEST_BUFFER_H */
