/* SPDX-License-Identifier: GPL-2.0 */
/* Which handler answers which number. */
#ifndef _HCX_REGISTRY_H
#define _HCX_REGISTRY_H

#include <linux/hash.h>
#include <linux/kvm_hcx.h>
#include <linux/rculist.h>
#include "binding.h"

/* A name as a guest passes it. */
union hcx_name {
	char text[HCX_NAME_LEN];
	u64 word[2];
};

/**
 * struct hcx_entry - a registered handler
 * @by_nr: in hcx_by_nr
 * @nr: the number
 * @call: the handler's, or hcx_call_in_budget(), which calls it
 * @flags: the handler's
 * @unlinked: on its way out; under the registry's lock
 * @orphan: its module is gone, and perhaps @handler with it; likewise
 * @budget_ms: the handler's
 * @handler_call: the handler's call
 * @by_name: in by_name
 * @name: the handler's, copied
 * @owner: the handler's
 * @handler: the handler; what a call needs of it is copied, see orphan_all_of()
 * @unlinked_next: in the list of those that one unregistration unlinked
 * @retiring_next: in the list of all that are on their way out
 * @closed: no binding is made any more; this and the rest under hcx_binding_lock
 * @bindings: it as vCPUs call it; those of one VM are together
 * @binders: how many vCPUs are making a binding
 * @gone: what the calls of VMs that are gone came to
 *
 * Whoever looks an entry up holds rcu_read_lock_sched() until he has counted
 * himself in or is done with it.
 */
struct hcx_entry {
	struct hlist_node by_nr;
	u64 nr;
	long (*call)(struct hcx_call *call);
	u32 flags;
	bool unlinked;
	bool orphan;
	u32 budget_ms;
	long (*handler_call)(struct hcx_call *call);
	struct hlist_node by_name;
	union hcx_name name;
	struct module *owner;
	struct hcx_handler *handler;
	struct list_head unlinked_next;
	struct list_head retiring_next;
	bool closed;
	struct list_head bindings;
	unsigned int binders;
	struct hcx_sum gone;
};

/*
 * As many buckets as handlers can be: the golden-ratio hash spreads a run of
 * numbers evenly, so a look-up costs the same however many are registered.
 */
#define HCX_NR_BITS	12
extern struct hlist_head hcx_by_nr[1 << HCX_NR_BITS];

/*
 * The bucket is a shift of the guest's value, with no bounds check that a CPU
 * could speculate past. For the caller see struct hcx_entry.
 */
static __always_inline struct hcx_entry *hcx_find_nr(u64 nr)
{
	struct hlist_head *bucket = &hcx_by_nr[hash_32(nr, HCX_NR_BITS)];
	struct hcx_entry *entry;

	hlist_for_each_entry_rcu_notrace(entry, bucket, by_nr)
		if (entry->nr == nr)
			return entry;

	return NULL;
}

struct hcx_entry *hcx_find_name(const union hcx_name *name);

void hcx_registry_walk(void (*show)(struct hcx_entry *entry, void *data), void *data);
int hcx_registry_init(void);
void hcx_registry_exit(void);

#endif /* _HCX_REGISTRY_H */
