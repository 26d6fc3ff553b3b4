// SPDX-License-Identifier: GPL-2.0
/* Handlers as vCPUs call them. */
#include <linux/slab.h>
#include "binding.h"
#include "forward.h"
#include "limit.h"
#include "observe.h"
#include "registry.h"
#include "vm.h"

struct hlist_head hcx_bindings[1 << HCX_BINDING_BITS];
DEFINE_RAW_SPINLOCK(hcx_binding_lock);

/* Whether calls are timed or traced; under hcx_binding_lock. */
static bool observed;

/*
 * How many bindings are gone through in one go under hcx_binding_lock, for which vCPUs
 * of all VMs spin: how many there are is the VMMs' choice.
 */
#define BATCH	64

static_assert(offsetof(struct hcx_binding, handler) == offsetof(struct hcx_bound, handler));

/* kmalloc() aligns only what is at least half of a power of two to its cache lines. */
static_assert(sizeof(struct hcx_binding) > 256 && sizeof(struct hcx_binding) <= 512);

static void set_calls(struct hcx_binding *binding, long (*answer)(struct hcx_call *call),
		      long (*limited)(struct hcx_call *call), long (*call)(struct hcx_call *call))
{
	WRITE_ONCE(binding->answer, answer);
	WRITE_ONCE(binding->limited, limited);
	WRITE_ONCE(binding->call, call);
}

/* What becomes of the vCPU's calls from now on. One that has read it goes on as it was. */
static void choose_call(struct hcx_binding *binding)
{
	const struct hcx_entry *entry = binding->entry;
	const struct hcx_verdict verdict = hcx_judge(binding->vm, binding->nr,
						     entry->flags & HCX_OPT_IN);
	long (*answer)(struct hcx_call *call);
	long (*limited)(struct hcx_call *call);

	if (verdict.verb == HCX_HOST_DENY) {
		set_calls(binding, hcx_call_denied, hcx_call_denied, hcx_call_denied);
		return;
	}

	WRITE_ONCE(binding->limit.both, verdict.limit.both);
	answer = verdict.verb == HCX_HOST_FORWARD ? hcx_forward : entry->call;
	limited = verdict.limit.rate ? hcx_call_limited : answer;
	set_calls(binding, answer, limited, observed ? hcx_call_observed : limited);
}

/*
 * The entry of a number, counted in: what follows may sleep, and then only what is
 * counted keeps the core loaded.
 */
static struct hcx_entry *entry_enter(const struct kvm *kvm, u64 nr)
{
	struct hcx_entry *entry;

	rcu_read_lock_sched();
	entry = hcx_find_target(kvm, nr);
	if (entry) {
		raw_spin_lock(&hcx_binding_lock);
		entry->binders++;
		raw_spin_unlock(&hcx_binding_lock);
	}
	rcu_read_unlock_sched();

	return entry;
}

/* @entry may be gone when this returns. */
static void entry_leave(struct hcx_entry *entry)
{
	raw_spin_lock(&hcx_binding_lock);
	entry->binders--;
	raw_spin_unlock(&hcx_binding_lock);
}

/*
 * Small, one for each vCPU and registered number at most, and charged to the VMM: so it
 * may not fail, and a call is never lost for want of memory.
 */
static struct hcx_binding *alloc_binding(struct kvm_vcpu *vcpu, struct hcx_entry *entry, u64 nr)
{
	struct hcx_binding *binding = kzalloc(sizeof(*binding),
					      GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);

	binding->handler = entry->handler;
	binding->vcpu = vcpu;
	binding->nr = nr;
	binding->entry = entry;
	binding->vm = hcx_vm_of(vcpu->kvm);

	return binding;
}

/*
 * Behind another of the VM, so that those of one VM are together. Numbers that a VM has for
 * itself, which are as many as its VMM wants, have no other VM, and come last in its list.
 */
static struct list_head *place_in_entry(const struct hcx_binding *binding)
{
	struct hcx_binding *other;

	list_for_each_entry(other, &binding->vm->bindings, of_vm) {
		if (other->entry->vm)
			break;
		if (other->entry == binding->entry)
			return &other->of_entry;
	}

	return binding->entry->bindings.prev;
}

static void add_to_lists(struct hcx_binding *binding)
{
	struct hcx_entry *entry = binding->entry;

	if (entry->vm) {
		list_add_tail(&binding->of_entry, &entry->bindings);
		list_add_tail(&binding->of_vm, &binding->vm->bindings);
	} else {
		list_add(&binding->of_entry, place_in_entry(binding));
		list_add(&binding->of_vm, &binding->vm->bindings);
	}
}

/**
 * hcx_is_forwarder() - whether an entry is for all numbers that a VMM answers and no handler has
 * @entry: the entry
 *
 * Context: any.
 * Return: that.
 */
bool hcx_is_forwarder(const struct hcx_entry *entry)
{
	return entry->vm && entry == READ_ONCE(entry->vm->forwarder);
}

/* Where a forwarder's is, no number is looked up by claim() but by chance. */
static struct hlist_head *bucket_of(const struct hcx_binding *binding)
{
	return hcx_binding_bucket(binding->vcpu, hcx_is_forwarder(binding->entry) ? HCX_NR_ANY :
								      binding->nr);
}

/* Links a binding, with a call in it, unless its entry is on its way out. */
static bool link_entered(struct hcx_binding *binding)
{
	struct hcx_entry *entry = binding->entry;
	bool open;

	raw_spin_lock(&hcx_binding_lock);
	open = !entry->closed;
	if (open) {
		binding->vm->has_called = true;
		hcx_binding_enter(binding);
		choose_call(binding);
		add_to_lists(binding);
		hlist_add_head_rcu(&binding->hash, bucket_of(binding));
	}
	raw_spin_unlock(&hcx_binding_lock);

	return open;
}

/* What the vCPU has for all numbers of a forwarder, with a call to this one in it; or NULL. */
static struct hcx_binding *enter_forwarder(const struct kvm_vcpu *vcpu, struct hcx_entry *entry,
					   u64 nr)
{
	struct hcx_binding *binding, *found = NULL;

	raw_spin_lock(&hcx_binding_lock);
	hlist_for_each_entry(binding, hcx_binding_bucket(vcpu, HCX_NR_ANY), hash)
		if (binding->vcpu == vcpu && binding->entry == entry)
			found = binding;
	if (found) {
		/* Who looks another vCPU's up may read it, and sees that it is another's. */
		WRITE_ONCE(found->nr, nr);
		hcx_binding_enter(found);
		choose_call(found);
	}
	raw_spin_unlock(&hcx_binding_lock);

	return found;
}

/* One with a call in it; or NULL: the entry is on its way out. */
static struct hcx_binding *make_entered(struct kvm_vcpu *vcpu, struct hcx_entry *entry, u64 nr)
{
	struct hcx_binding *binding = alloc_binding(vcpu, entry, nr);

	if (link_entered(binding))
		return binding;
	kfree(binding);

	return NULL;
}

/**
 * hcx_bind() - make the binding that a vCPU did not find
 * @vcpu: the vCPU
 * @nr: the number that it calls
 *
 * Context: the vCPU's thread; may sleep, but not after it has found that nobody has the
 * number.
 * Return: the binding, with the call counted in; or NULL: nobody has the number.
 */
struct hcx_binding *hcx_bind(struct kvm_vcpu *vcpu, u64 nr)
{
	struct hcx_binding *binding = NULL;
	struct hcx_entry *entry;

	/* Again, if the handler is replaced meanwhile. */
	while (!binding) {
		entry = entry_enter(vcpu->kvm, nr);
		if (!entry)
			return NULL;
		if (hcx_is_forwarder(entry))
			binding = enter_forwarder(vcpu, entry, nr);
		if (!binding)
			binding = make_entered(vcpu, entry, nr);
		entry_leave(entry);
	}

	return binding;
}

static void sum_up(struct hcx_sum *sum, const struct hcx_binding *binding)
{
	u64 left = READ_ONCE(binding->left);

	sum->calls += left;
	/* Those that have come in since are not counted. */
	sum->inside += READ_ONCE(binding->entered) != left;
	hcx_counts_add(&sum->counts, &binding->counts);
}

static void free_binding(struct hcx_binding *binding)
{
	hcx_bucket_put(binding->bucket);
	kfree_rcu(binding, rcu);
}

/*
 * Answers a call that KVM comes back with when the handler is gone: by the one that has the number
 * now, if there is one. It is counted in there then, and out here, where nobody is to wait for it.
 */
static long call_closed(struct hcx_call *call)
{
	struct hcx_binding *closed = call->binding, *now;

	now = hcx_bind(call->vcpu, closed->nr);
	if (!now)
		return call->user ? -KVM_EPERM : -KVM_ENOSYS;
	call->binding = now;
	hcx_binding_leave(closed);
	if (call->user && !(now->entry->flags & HCX_RING3))
		return hcx_call_denied(call);

	return READ_ONCE(now->call)(call);
}

/*
 * What a call is in is kept until its entry drains: KVM destroys no VM under its vCPUs,
 * and if it ever does, memory is still not freed under them.
 */
static void remove_one(struct hcx_binding *binding)
{
	list_del_init(&binding->of_vm);
	if (WARN_ON_ONCE(READ_ONCE(binding->left) != READ_ONCE(binding->entered))) {
		binding->vm = NULL;
		return;
	}
	sum_up(&binding->entry->gone, binding);
	list_del(&binding->of_entry);
	free_binding(binding);
}

/**
 * hcx_bindings_unhash() - a VM goes: where its vCPUs were, others may be next
 * @of_vm: its list of bindings, to which none is added any more
 *
 * Context: any but an interrupt; no vCPU of the VM runs.
 */
void hcx_bindings_unhash(struct list_head *of_vm)
{
	struct hcx_binding *binding;
	LIST_HEAD(unhashed);
	unsigned int i;

	do {
		raw_spin_lock(&hcx_binding_lock);
		for (i = 0; i < BATCH && !list_empty(of_vm); i++) {
			binding = list_first_entry(of_vm, struct hcx_binding, of_vm);
			hlist_del_init_rcu(&binding->hash);
			list_move_tail(&binding->of_vm, &unhashed);
		}
		raw_spin_unlock(&hcx_binding_lock);
	} while (i == BATCH);

	raw_spin_lock(&hcx_binding_lock);
	list_splice(&unhashed, of_vm);
	raw_spin_unlock(&hcx_binding_lock);
}

/**
 * hcx_bindings_remove() - a VM is gone
 * @of_vm: its list of bindings, after hcx_bindings_unhash()
 *
 * Context: process; may sleep.
 */
void hcx_bindings_remove(struct list_head *of_vm)
{
	struct hcx_binding *binding;
	unsigned int i;

	do {
		raw_spin_lock(&hcx_binding_lock);
		for (i = 0; i < BATCH && !list_empty(of_vm); i++) {
			binding = list_first_entry(of_vm, struct hcx_binding, of_vm);
			remove_one(binding);
		}
		raw_spin_unlock(&hcx_binding_lock);
		cond_resched();
	} while (i == BATCH);
}

/* Calls @look for all bindings of an entry, of which none is added. */
static void look_at_all(struct hcx_entry *entry,
			void (*look)(struct hcx_binding *binding, void *data), void *data)
{
	struct hcx_binding *binding;
	unsigned int i;
	LIST_HEAD(left);

	raw_spin_lock(&hcx_binding_lock);
	list_splice_init(&entry->bindings, &left);
	raw_spin_unlock(&hcx_binding_lock);

	do {
		raw_spin_lock(&hcx_binding_lock);
		for (i = 0; i < BATCH && !list_empty(&left); i++) {
			binding = list_first_entry(&left, struct hcx_binding, of_entry);
			look(binding, data);
			list_move_tail(&binding->of_entry, &entry->bindings);
		}
		raw_spin_unlock(&hcx_binding_lock);
		cond_resched();
	} while (i == BATCH);
}

/* What has read another @call by now goes on to that. */
static void close_one(struct hcx_binding *binding, void *unused)
{
	hlist_del_init_rcu(&binding->hash);
	WRITE_ONCE(binding->call, call_closed);
}

/**
 * hcx_bindings_close() - let no call find an entry, which cannot be found by number any more
 * @entry: the entry
 *
 * Context: process; may sleep.
 */
void hcx_bindings_close(struct hcx_entry *entry)
{
	raw_spin_lock(&hcx_binding_lock);
	entry->closed = true;
	raw_spin_unlock(&hcx_binding_lock);
	look_at_all(entry, close_one, NULL);
}

/*
 * Whether a call has not come to its handler yet: it is in KVM's body as long as RAX is the number,
 * which is none of KVM's errors. In a Hyper-V or Xen guest that can be as long as the VMM likes,
 * whose memory KVM reads there (kvm_hv_hypercall() in arch/x86/kvm/hyperv.c).
 * An AMD processor without NRIPS has KVM read the guest's code when RAX is set already
 * (skip_emulated_instruction() in arch/x86/kvm/svm/svm.c): a call that is there is waited for.
 *
 * It comes to call_closed() then, if that was set a grace period ago: who has read what
 * was there before had set RAX first, and on each CPU a barrier has come behind both.
 */
static bool is_in_kvm(const struct hcx_binding *binding)
{
	return binding->vm &&
	       (u32)READ_ONCE(binding->vcpu->arch.regs[VCPU_REGS_RAX]) == (u32)binding->nr;
}

static void look_for_handled(struct hcx_binding *binding, void *data)
{
	bool *handled = data;

	if (READ_ONCE(binding->left) != binding->entered && !is_in_kvm(binding))
		*handled = true;
}

/**
 * hcx_bindings_are_left() - whether no call is in an entry's handler, nor comes to it
 * @entry: the entry; closed, and synchronize_rcu() later
 *
 * Context: process; may sleep.
 * Return: that. The entry is still in use if hcx_bindings_drain() returns false.
 */
bool hcx_bindings_are_left(struct hcx_entry *entry)
{
	bool handled = false;

	look_at_all(entry, look_for_handled, &handled);
	return !handled;
}

/* The first of a closed entry's bindings, if no call is in it. */
static struct hcx_binding *first_drained(struct hcx_entry *entry)
{
	struct hcx_binding *binding = list_first_entry_or_null(&entry->bindings,
							       struct hcx_binding, of_entry);

	/*
	 * What has come in stands still. Stores are seen in order (x86 memory ordering), so
	 * what a call did is done when it is seen to have left.
	 */
	return binding && READ_ONCE(binding->left) == binding->entered ? binding : NULL;
}

/**
 * hcx_bindings_drain() - free those bindings of an entry that no call is in
 * @entry: the entry; closed, and synchronize_rcu() later
 *
 * A binding in which no call is stays so: it is looked at once.
 *
 * Context: process; may sleep.
 * Return: whether no call is inside any more.
 */
bool hcx_bindings_drain(struct hcx_entry *entry)
{
	struct hcx_binding *binding;
	unsigned int i;
	bool drained;

	do {
		raw_spin_lock(&hcx_binding_lock);
		for (i = 0; i < BATCH; i++) {
			binding = first_drained(entry);
			if (!binding)
				break;
			list_del(&binding->of_entry);
			list_del(&binding->of_vm);
			free_binding(binding);
		}
		drained = list_empty(&entry->bindings) && !entry->binders;
		raw_spin_unlock(&hcx_binding_lock);
		cond_resched();
	} while (i == BATCH);

	return drained;
}

/**
 * hcx_bindings_judge() - choose what becomes of calls, as something that decides it changed
 * @vm: for this VM; NULL: for all
 *
 * A pointer that each call reads anyway: so what there is no rule for pays nothing, nor
 * what is not observed, not even a static branch.
 *
 * Context: process; may sleep.
 */
void hcx_bindings_judge(const struct hcx_vm *vm)
{
	struct hcx_binding *binding;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hcx_bindings); i++) {
		raw_spin_lock(&hcx_binding_lock);
		hlist_for_each_entry(binding, &hcx_bindings[i], hash)
			if (!vm || binding->vm == vm)
				choose_call(binding);
		raw_spin_unlock(&hcx_binding_lock);
		cond_resched();
	}
}

/**
 * hcx_bindings_observe() - choose whether calls go through hcx_call_observed() from now on
 * @observe: they do
 *
 * Context: process; may sleep; not twice at a time.
 */
void hcx_bindings_observe(bool observe)
{
	raw_spin_lock(&hcx_binding_lock);
	observed = observe;
	raw_spin_unlock(&hcx_binding_lock);
	hcx_bindings_judge(NULL);
}

/**
 * hcx_bindings_sum() - what all calls of an entry come to
 * @entry: the entry
 * @sum: for the result
 *
 * Context: any but an interrupt.
 */
void hcx_bindings_sum(struct hcx_entry *entry, struct hcx_sum *sum)
{
	const struct hcx_binding *binding;

	raw_spin_lock(&hcx_binding_lock);
	*sum = entry->gone;
	list_for_each_entry(binding, &entry->bindings, of_entry)
		sum_up(sum, binding);
	sum->inside += entry->binders;
	raw_spin_unlock(&hcx_binding_lock);
}

static bool last_of_vm(const struct hcx_binding *binding, const struct hcx_entry *entry)
{
	return list_is_last(&binding->of_entry, &entry->bindings) ||
	       list_next_entry(binding, of_entry)->vm != binding->vm;
}

/* One that is gone has its bindings until hcx_bindings_remove() comes to them. */
static void show_vm(const struct hcx_vm *vm, const struct hcx_sum *sum,
		    void (*show)(const char *vm, const struct hcx_sum *sum, void *data),
		    void *data)
{
	if (!vm)
		show("gone", sum, data);
	else if (vm->kvm)
		show(vm->name, sum, data);
}

/**
 * hcx_bindings_walk() - look at what the calls of an entry come to, VM by VM
 * @entry: the entry
 * @show: what does; may not sleep
 * @data: for it
 *
 * Context: any but an interrupt.
 */
void hcx_bindings_walk(struct hcx_entry *entry,
		       void (*show)(const char *vm, const struct hcx_sum *sum, void *data),
		       void *data)
{
	const struct hcx_binding *binding;
	struct hcx_sum sum = {};

	raw_spin_lock(&hcx_binding_lock);
	list_for_each_entry(binding, &entry->bindings, of_entry) {
		sum_up(&sum, binding);
		if (last_of_vm(binding, entry)) {
			show_vm(binding->vm, &sum, show, data);
			memset(&sum, 0, sizeof(sum));
		}
	}
	raw_spin_unlock(&hcx_binding_lock);
}
