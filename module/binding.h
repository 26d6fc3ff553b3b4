/* SPDX-License-Identifier: GPL-2.0 */
/* A handler as one vCPU calls it: what a call looks up, and where it is counted. */
#ifndef _HCX_BINDING_H
#define _HCX_BINDING_H

#include <linux/hash.h>
#include <linux/kvm_hcx.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include "counts.h"
#include "policy.h"

struct hcx_bucket;
struct hcx_vm;

/**
 * struct hcx_binding - a handler as one vCPU calls it
 * @hash: in hcx_bindings
 * @handler: the entry's handler; these two are as in struct hcx_bound
 * @vcpu: the vCPU
 * @nr: the number; 64 bits wide, to be compared with a whole RAX
 * @call: what a call is answered by: hcx_call_observed(), or @limited; or call_closed()
 * @limited: what is observed: hcx_call_limited(), or @answer
 * @entry: the registered handler
 * @entered: how many calls went in
 * @left: and how many came out
 * @counts: what else is counted of them
 * @vm: the vCPU's; under hcx_binding_lock, as what follows
 * @answer: the entry's call; or hcx_forward(); or hcx_call_denied(), as are the others then
 * @limit: how often the VM may call the number
 * @bucket: its calls under a limit, once there was one; its vCPU's thread sets it
 * @of_entry: in the entry's list, next to the others of the VM
 * @of_vm: in the VM's list
 * @waited: the @entered of the last call of a program in BPF that had to end by @deadline
 * @deadline: of all its waits; these two are for its vCPU's thread alone
 * @rcu: for kfree_rcu(), when no call is inside
 *
 * It is made when the vCPU first calls the number, and goes with the VM or with the
 * handler. For all numbers that have none and the VMM answers, it is one, whose @nr is that
 * of the present call. Only its vCPU's thread writes to what it counts, on cache lines of its own:
 * calls of two vCPUs write no common line, and a look-up reads none that is written.
 *
 * Whoever looks one up holds rcu_read_lock_sched() until he has counted himself in or is
 * done with it. After synchronize_rcu() @entered stands still in one that was unlinked,
 * and no call is inside once @left has reached it. (RCU-tasks, whose readers pay
 * nothing, would not do: with full preemption a vCPU that spins in its guest may never
 * sleep.) A handler waits for less, see hcx_bindings_are_left().
 */
struct hcx_binding {
	struct hlist_node hash;
	struct hcx_handler *handler;
	const struct kvm_vcpu *vcpu;
	u64 nr;
	long (*call)(struct hcx_call *call);
	long (*limited)(struct hcx_call *call);
	struct hcx_entry *entry;

	u64 entered ____cacheline_aligned;
	u64 left;
	struct hcx_counts counts;

	struct hcx_vm *vm;
	long (*answer)(struct hcx_call *call);
	struct hcx_limit limit;
	struct hcx_bucket *bucket;

	struct list_head of_entry;
	struct list_head of_vm;
	union {
		struct {
			u64 waited;
			ktime_t deadline;
		};
		struct rcu_head rcu;
	};
};

/* What all calls of a handler come to, or those of one VM. */
struct hcx_sum {
	u64 calls;
	u64 inside;
	struct hcx_counts counts;
};

/* The golden-ratio hash spreads a run of numbers, or of vCPUs, evenly. */
#define HCX_BINDING_BITS	14
extern struct hlist_head hcx_bindings[1 << HCX_BINDING_BITS];

/* Held to change them, and what the lists of VMs and entries hold of them. */
extern raw_spinlock_t hcx_binding_lock;

/*
 * The bucket is a shift of the guest's value, with no bounds check that a CPU
 * could speculate past. There is no hcx_seed, which each call would pay for: a guest that could
 * time one step more in a list, within an exit, would learn of the low half of its vCPU's address,
 * and that is not where the kernel's layout is random but for a few bits.
 */
static __always_inline struct hlist_head *hcx_binding_bucket(const struct kvm_vcpu *vcpu, u64 nr)
{
	return &hcx_bindings[hash_32((u32)nr + (u32)(unsigned long)vcpu, HCX_BINDING_BITS)];
}

/* Counts a call in; under the rcu_read_lock_sched() that @binding was found in. */
static __always_inline void hcx_binding_enter(struct hcx_binding *binding)
{
	/* Nobody else writes it; binding.c reads it with READ_ONCE(). */
	data_race(binding->entered++);
}

/* Counts it out. @binding may be gone when this returns. */
static __always_inline void hcx_binding_leave(struct hcx_binding *binding)
{
	barrier();
	/* As above. */
	data_race(binding->left++);
}

struct hcx_binding *hcx_bind(struct kvm_vcpu *vcpu, u64 nr);
bool hcx_is_forwarder(const struct hcx_entry *entry);
void hcx_bindings_unhash(struct list_head *of_vm);
void hcx_bindings_remove(struct list_head *of_vm);
void hcx_bindings_close(struct hcx_entry *entry);
bool hcx_bindings_are_left(struct hcx_entry *entry);
bool hcx_bindings_drain(struct hcx_entry *entry);
void hcx_bindings_judge(const struct hcx_vm *vm);
void hcx_bindings_observe(bool observe);
void hcx_bindings_sum(struct hcx_entry *entry, struct hcx_sum *sum);
void hcx_bindings_walk(struct hcx_entry *entry,
		       void (*show)(const char *vm, const struct hcx_sum *sum, void *data),
		       void *data);

#endif /* _HCX_BINDING_H */
