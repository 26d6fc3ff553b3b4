// SPDX-License-Identifier: GPL-2.0
/*
 * A program's buffer, as a host's handler takes it: one range of guest-physical
 * addresses. Where the program's pages are one, the host gets them; elsewhere a copy.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "buffer.h"
#include "compat.h"

/* A 32-bit kernel's hypercalls pass 32 bits, and its pages can be above. */
static bool passable(phys_addr_t end)
{
	return end - 1 <= ULONG_MAX;
}

static bool contiguous(const struct hcx_buffer *buffer)
{
	unsigned long first = page_to_pfn(buffer->pages[0]);
	unsigned int i;

	for (i = 1; i < buffer->count; i++)
		if (page_to_pfn(buffer->pages[i]) != first + i)
			return false;

	return passable(PFN_PHYS((phys_addr_t)first + buffer->count));
}

/*
 * Copied in also where the host only writes: it need not write all, and what it leaves
 * has to stay what it was, as without the copy.
 */
static int bounce(struct hcx_buffer *buffer)
{
	buffer->mapped = vmap(buffer->pages, buffer->count, VM_MAP, PAGE_KERNEL);
	if (!buffer->mapped)
		return -ENOMEM;

	/* Zeroed, because the host can read the rest of the last page. */
	buffer->bounce = alloc_pages_exact(buffer->len, GFP_KERNEL_ACCOUNT | __GFP_ZERO |
					   __GFP_NOWARN);
	if (!buffer->bounce) {
		vunmap(buffer->mapped);
		return -ENOMEM;
	}
	memcpy(buffer->bounce, buffer->mapped + buffer->offset, buffer->len);
	buffer->gpa = virt_to_phys(buffer->bounce);

	return 0;
}

static void unbounce(struct hcx_buffer *buffer)
{
	if (buffer->written)
		memcpy(buffer->mapped + buffer->offset, buffer->bounce, buffer->len);
	free_pages_exact(buffer->bounce, buffer->len);
	vunmap(buffer->mapped);
}

/* All pages or none. */
static int pin(struct hcx_buffer *buffer, unsigned long address)
{
	int pinned = pin_user_pages_fast(address, buffer->count,
					 buffer->written ? FOLL_WRITE : 0, buffer->pages);

	if (pinned == buffer->count)
		return 0;
	if (pinned > 0)
		unpin_user_pages(buffer->pages, pinned);

	return pinned == -ENOMEM ? pinned : -EFAULT;
}

/* The errors are those of HCX_IOC_CALL that have to do with a buffer. */
int hcx_buffer_get(struct hcx_buffer *buffer, u64 address, size_t len, bool written)
{
	int error;

	if (!len || len > HCX_DEV_BUFFER_MAX)
		return -EMSGSIZE;
	if (hcx_memory_encrypted())
		return -EOPNOTSUPP;
	if (address != (unsigned long)address)
		return -EFAULT;

	buffer->offset = offset_in_page(address);
	buffer->len = len;
	buffer->count = PFN_UP(buffer->offset + len);
	buffer->written = written;
	buffer->bounce = NULL;
	error = pin(buffer, address);
	if (error)
		return error;

	if (contiguous(buffer)) {
		buffer->gpa = page_to_phys(buffer->pages[0]) + buffer->offset;
		return 0;
	}
	error = bounce(buffer);
	if (error)
		unpin_user_pages(buffer->pages, buffer->count);

	return error;
}

void hcx_buffer_put(struct hcx_buffer *buffer)
{
	if (buffer->bounce)
		unbounce(buffer);
	unpin_user_pages_dirty_lock(buffer->pages, buffer->count, buffer->written);
}
