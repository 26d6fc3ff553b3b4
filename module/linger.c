// SPDX-License-Identifier: GPL-2.0
/*
 * Entries that outlive their handlers: calls are counted in them that KVM has not come back with.
 * How long that takes can be a VMM's choice, so whoever unregisters a handler does not wait for it,
 * as he may hold what others need (BPF's lock for all of struct_ops). Only the core has to stay.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include "await.h"
#include "linger.h"
#include "registry.h"
#include "vm.h"

static void sweep(struct work_struct *work);

static DEFINE_MUTEX(lock);
static LIST_HEAD(entries);
static DECLARE_DELAYED_WORK(sweeping, sweep);

/* Whether none is left. */
static bool free_drained(void *unused)
{
	struct hcx_entry *entry, *next;
	bool none;

	mutex_lock(&lock);
	list_for_each_entry_safe(entry, next, &entries, unlinked_next) {
		if (!hcx_bindings_drain(entry))
			continue;
		list_del(&entry->unlinked_next);
		kfree(entry);
	}
	none = list_empty(&entries);
	mutex_unlock(&lock);

	return none;
}

static void sweep(struct work_struct *work)
{
	if (!free_drained(NULL))
		queue_delayed_work(hcx_workqueue, &sweeping, HZ);
}

/**
 * hcx_linger() - free an entry when no call is counted in it any more
 * @entry: the entry; its handler is not used any more
 *
 * Context: process; may sleep.
 */
void hcx_linger(struct hcx_entry *entry)
{
	mutex_lock(&lock);
	list_add_tail(&entry->unlinked_next, &entries);
	mutex_unlock(&lock);
	queue_delayed_work(hcx_workqueue, &sweeping, HZ / 10);
}

/**
 * hcx_linger_wait() - wait until there are none, when no handler is registered any more
 *
 * Context: process; may sleep.
 */
void hcx_linger_wait(void)
{
	hcx_await(free_drained, NULL, "hypercalls of KVM's own; a VMM that is killed leaves them");
	cancel_delayed_work_sync(&sweeping);
}
