/* SPDX-License-Identifier: GPL-2.0 */
/* Which handler answers which number. */
#ifndef _HCX_REGISTRY_H
#define _HCX_REGISTRY_H

#include <linux/hash.h>
#include <linux/kvm_hcx.h>
#include <linux/rculist.h>
#include "binding.h"
#include "forward.h"
#include "vm.h"

/* From here on numbers are allotted VM by VM, below for all of them. */
#define HCX_NR_ALLOTTED_IN_VM	(HCX_NR_ALLOTTED_FIRST + 0x7fff)

/* How many can be registered for one VM at a time, beside those for all. */
#define HCX_MAX_HANDLERS_IN_VM	64

/* The name of a module; or, shorter, a PID, a '/' and the name of a process. */
#define HCX_BY_LEN		MODULE_NAME_LEN
static_assert(HCX_BY_LEN >= 11 + 1 + TASK_COMM_LEN);

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
 * @by: who registered it: the owner's name; or, where that is the core, a process
 * @vm: the VM that it is for, or NULL: all
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
	char by[HCX_BY_LEN];
	struct hcx_vm *vm;
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
 * Those that are for one VM have a table of their own. hcx_in_vms is how many they are, with
 * the VMs' forwarders.
 */
#define HCX_NR_IN_VM_BITS	14
extern struct hlist_head hcx_by_nr_in_vm[1 << HCX_NR_IN_VM_BITS];
extern unsigned int hcx_in_vms;

/* Random: which numbers are in one bucket tells nobody where a VM's struct kvm is. */
extern u32 hcx_seed;

/*
 * The bucket is a shift of the guest's value, with no bounds check that a CPU
 * could speculate past. @kvm is NULL for what is registered for all VMs.
 */
static __always_inline struct hlist_head *hcx_nr_bucket(const struct kvm *kvm, u64 nr)
{
	u32 key = (u32)nr + (u32)(unsigned long)kvm + hcx_seed;

	return kvm ? &hcx_by_nr_in_vm[hash_32(key, HCX_NR_IN_VM_BITS)] :
		     &hcx_by_nr[hash_32((u32)nr, HCX_NR_BITS)];
}

static __always_inline bool hcx_is_for(const struct hcx_entry *entry, const struct kvm *kvm)
{
	return entry->vm ? kvm && READ_ONCE(entry->vm->kvm) == kvm : !kvm;
}

static __always_inline struct hcx_entry *hcx_find_nr_for(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry;

	hlist_for_each_entry_rcu_notrace(entry, hcx_nr_bucket(kvm, nr), by_nr)
		if (entry->nr == nr && hcx_is_for(entry, kvm))
			return entry;

	return NULL;
}

/* The handler that has @nr in a VM: its own first. For the caller see struct hcx_entry. */
static __always_inline struct hcx_entry *hcx_find_nr(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry = NULL;

	if (unlikely(READ_ONCE(hcx_in_vms)))
		entry = hcx_find_nr_for(kvm, nr);

	return entry ?: hcx_find_nr_for(NULL, nr);
}

/* The same; or, where its VMM answers without one, what counts that. */
static __always_inline struct hcx_entry *hcx_find_target(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry = hcx_find_nr(kvm, nr);

	return entry || likely(!READ_ONCE(hcx_in_vms)) ? entry : hcx_find_forwarder(kvm, nr);
}

struct hcx_entry *hcx_forwarder_of(const struct kvm *kvm);
struct hcx_entry *hcx_find_name(const struct kvm *kvm, const union hcx_name *name);

int hcx_register_in(struct hcx_vm *vm, struct hcx_handler *handler);
void hcx_unlink(struct hcx_handler *handler, struct list_head *unlinked);
bool hcx_retire_left(struct list_head *unlinked);
int hcx_forwarder_add(struct hcx_vm *vm, struct hcx_handler *handler);
void hcx_forwarder_free(struct hcx_entry *forwarder);
void hcx_forwarders_retire(void);
void hcx_make_printable(char *text);
void hcx_registry_walk(void (*show)(struct hcx_entry *entry, void *data), void *data);
int hcx_registry_init(void);
void hcx_registry_exit(void);

#endif /* _HCX_REGISTRY_H */
