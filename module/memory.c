// SPDX-License-Identifier: GPL-2.0
/* The caller's memory: see linux/kvm_hcx.h for what these promise. */
#include <linux/kvm_hcx.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "memory.h"
#include "touch.h"

/* So many bytes are copied between two looks at signals and other tasks. */
#define CHUNK	SZ_1M

/* What a range of guest-physical addresses has in one memory slot. */
struct span {
	struct kvm_memory_slot *slot;
	void __user *user;
	size_t len;
};

/*
 * The lookup of virt/kvm/kvm_main.c's kvm_read_guest() and its like, which from
 * 6.18 on are not for modules. kvm->srcu, which the vCPU's thread holds, keeps @slots
 * as they are, while the VM may have new ones: so one call looks in one set of them, and
 * who changes them waits for it before he goes on. KVM's own slots are not the guest's.
 *
 * __gfn_to_hva_memslot() clamps the page for speculation; the barrier is for the
 * length and the branches here.
 */
static __always_inline long span_at(struct kvm_memslots *slots, gpa_t gpa, size_t len,
				    struct span *span)
{
	gfn_t gfn = gpa >> PAGE_SHIFT;
	size_t in_page = gpa & ~PAGE_MASK;
	struct kvm_memory_slot *slot = __gfn_to_memslot(slots, gfn);
	size_t room;

	if (!kvm_is_visible_memslot(slot))
		return -KVM_EFAULT;
	room = ((slot->base_gfn + slot->npages - gfn) << PAGE_SHIFT) - in_page;
	span->slot = slot;
	span->user = (void __user *)__gfn_to_hva_memslot(slot, gfn) + in_page;
	span->len = min(len, room);
	barrier_nospec();

	return 0;
}

/* Whether the guest has pages there that the VMM's memory does not show. */
static bool any_private(struct kvm *kvm, gpa_t gpa, size_t len)
{
	gfn_t gfn;

	if (!hcx_has_private_memory(kvm))
		return false;
	for (gfn = gpa >> PAGE_SHIFT; gfn <= (gpa + len - 1) >> PAGE_SHIFT; gfn++)
		if (hcx_is_private(kvm, gfn))
			return true;

	return false;
}

static long check_writable(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	if (slot->flags & KVM_MEM_READONLY)
		return -KVM_EFAULT;
	if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES && hcx_has_dirty_ring(kvm))
		return -HCX_EBUSY;

	return 0;
}

/* All of a range, before any of it is touched. */
static long check_range(struct hcx_call *call, struct kvm_memslots *slots, gpa_t gpa,
			size_t len, bool write)
{
	struct kvm *kvm = call->vcpu->kvm;
	struct span span;
	long ret;

	if (call->user)
		return -KVM_EPERM;
	if (len && gpa + (len - 1) < gpa)
		return -KVM_EINVAL;
	for (; len; gpa += span.len, len -= span.len) {
		ret = span_at(slots, gpa, len, &span);
		if (!ret && write)
			ret = check_writable(kvm, span.slot);
		if (ret)
			return ret;
		if (any_private(kvm, gpa, span.len))
			return -KVM_EOPNOTSUPP;
	}

	return 0;
}

/* Of a copy that has failed: a page fault ends early when a signal kills the VMM. */
static long copy_error(void)
{
	return fatal_signal_pending(current) ? -HCX_EINTR : -KVM_EFAULT;
}

/* Between two chunks. */
static long may_go_on(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -HCX_EINTR : 0;
}

/* A range that check_range() has passed, with @copy for what of it is in one slot and chunk. */
static __always_inline long copy_range(struct kvm_memslots *slots, gpa_t gpa, void *data,
				       size_t len, long (*copy)(const struct span *span,
								gpa_t gpa, void *data))
{
	struct span span;
	long ret;

	for (;;) {
		ret = span_at(slots, gpa, min_t(size_t, len, CHUNK), &span) ?:
		      copy(&span, gpa, data);
		if (ret)
			return ret;
		len -= span.len;
		if (!len)
			return 0;
		gpa += span.len;
		data += span.len;
		ret = may_go_on();
		if (ret)
			return ret;
	}
}

static __always_inline long read_span(const struct span *span, gpa_t gpa, void *data)
{
	return copy_from_user(data, span->user, span->len) ? copy_error() : 0;
}

long hcx_read_guest(struct hcx_call *call, gpa_t gpa, void *data, size_t len)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(call->vcpu);
	long ret = check_range(call, slots, gpa, len, false);

	if (ret || !len)
		return ret;
	ret = copy_range(slots, gpa, data, len, read_span);
	if (ret)
		memset(data, 0, len);

	return ret;
}
EXPORT_SYMBOL_GPL(hcx_read_guest);

/* As mark_page_dirty_in_slot() in virt/kvm/kvm_main.c, without a ring. */
static void mark_dirty(struct kvm_memory_slot *slot, gpa_t gpa, size_t len)
{
	gfn_t gfn;

	if (!slot->dirty_bitmap)
		return;
	for (gfn = gpa >> PAGE_SHIFT; gfn <= (gpa + len - 1) >> PAGE_SHIFT; gfn++)
		set_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap);
}

static __always_inline long write_span(const struct span *span, gpa_t gpa, void *data)
{
	unsigned long left = copy_to_user(span->user, data, span->len);

	/* Where it stopped, some bytes more than it says may be there. */
	mark_dirty(span->slot, gpa, span->len);

	return left ? copy_error() : 0;
}

long hcx_write_guest(struct hcx_call *call, gpa_t gpa, const void *data, size_t len)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(call->vcpu);
	long ret = check_range(call, slots, gpa, len, true);

	return ret || !len ? ret : copy_range(slots, gpa, (void *)data, len, write_span);
}
EXPORT_SYMBOL_GPL(hcx_write_guest);

/* The part of a string that is in one page; its length, or @size if it goes on. */
static long read_string_page(struct hcx_call *call, struct kvm_memslots *slots, gpa_t gpa,
			     char *text, size_t size)
{
	struct span span;
	long ret;

	ret = check_range(call, slots, gpa, size, false) ?: span_at(slots, gpa, size, &span);
	if (ret)
		return ret;
	ret = strncpy_from_user(text, span.user, size);

	return ret < 0 ? copy_error() : ret;
}

static long read_string(struct hcx_call *call, gpa_t gpa, char *text, size_t size)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(call->vcpu);
	size_t done = 0, part;
	long ret;

	while (done < size) {
		part = min_t(size_t, size - done, PAGE_SIZE - (gpa & ~PAGE_MASK));
		ret = read_string_page(call, slots, gpa, text + done, part);
		if (ret < 0)
			return ret;
		done += ret;
		if (ret < part)
			return done;
		gpa += part;
	}

	return -KVM_E2BIG;
}

long hcx_read_guest_string(struct hcx_call *call, gpa_t gpa, char *text, size_t size)
{
	long ret;

	if (!size || size > SZ_64K)
		return -KVM_EINVAL;
	ret = read_string(call, gpa, text, size);
	if (ret < 0)
		*text = '\0';

	return ret;
}
EXPORT_SYMBOL_GPL(hcx_read_guest_string);

#ifdef HCX_HAVE_STRUCT_OPS

/* All that there is of a range in the VMM's memory, slot by slot. */
static long touch_range(struct hcx_call *call, gpa_t gpa, size_t len, bool write,
			ktime_t deadline)
{
	struct kvm_memslots *slots = kvm_vcpu_memslots(call->vcpu);
	long ret = check_range(call, slots, gpa, len, write);
	struct span span;

	for (; !ret && len; gpa += span.len, len -= span.len)
		ret = span_at(slots, gpa, len, &span) ?:
		      hcx_touch(call, span.user, span.len, write, deadline);

	return ret;
}

/* One attempt: -KVM_EFAULT is also that some of the memory is not there now. */
static long try_copy(struct hcx_call *call, gpa_t gpa, void *data, size_t len, bool write)
{
	long ret;

	pagefault_disable();
	ret = write ? hcx_write_guest(call, gpa, data, len) :
		      hcx_read_guest(call, gpa, data, len);
	pagefault_enable();

	return ret;
}

/* What has been touched may be gone again, as often as the VMM likes. */
static long copy_until(struct hcx_call *call, gpa_t gpa, void *data, size_t len, bool write,
		       ktime_t deadline)
{
	long ret;

	while ((ret = try_copy(call, gpa, data, len, write)) == -KVM_EFAULT) {
		ret = touch_range(call, gpa, len, write, deadline);
		if (ret)
			break;
		if (!hcx_jiffies_until(deadline))
			return -HCX_ETIMEDOUT;
	}

	return ret;
}

/**
 * hcx_read_guest_until() - hcx_read_guest(), which waits for no page longer than it may
 * @call: as there, like what follows
 * @gpa: likewise
 * @data: likewise
 * @len: likewise
 * @deadline: when to give up, in CLOCK_MONOTONIC
 *
 * Context: as hcx_touch().
 * Return: as hcx_read_guest(), or an error of hcx_touch().
 */
long hcx_read_guest_until(struct hcx_call *call, gpa_t gpa, void *data, size_t len,
			  ktime_t deadline)
{
	return copy_until(call, gpa, data, len, false, deadline);
}

/**
 * hcx_write_guest_until() - hcx_write_guest(), likewise
 * @call: as there, like what follows
 * @gpa: likewise
 * @data: likewise
 * @len: likewise
 * @deadline: as for hcx_read_guest_until()
 *
 * Context: as hcx_touch().
 * Return: as hcx_write_guest(), or an error of hcx_touch(), when some of @data may have been
 * written.
 */
long hcx_write_guest_until(struct hcx_call *call, gpa_t gpa, const void *data, size_t len,
			   ktime_t deadline)
{
	return copy_until(call, gpa, (void *)data, len, true, deadline);
}

#endif /* HCX_HAVE_STRUCT_OPS */
