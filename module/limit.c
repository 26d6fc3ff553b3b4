// SPDX-License-Identifier: GPL-2.0
/*
 * How often a VM may call a number: a token bucket, which its vCPUs share. It is kept as the
 * time at which it will be full again, as ATM's generic cell rate algorithm has it (ITU-T
 * I.371, annex A): so there is one word to change, and nothing to fill it.
 */
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include "binding.h"
#include "limit.h"
#include "trace.h"
#include "vm.h"

/**
 * struct hcx_bucket - the calls of a VM to a number
 * @users: the bindings that share it; under hcx_binding_lock
 * @full_at: when it will be full again, in nanoseconds as ktime_get_ns()
 * @rcu: for kfree_rcu()
 */
struct hcx_bucket {
	unsigned int users;
	atomic64_t full_at;
	struct rcu_head rcu;
};

/*
 * What another vCPU of the VM has for the number: their bindings are together. Those of an
 * entry that is on its way out are not all in its list.
 */
static struct hcx_bucket *find(const struct hcx_binding *binding)
{
	const struct list_head *all = &binding->entry->bindings;
	const struct hcx_binding *other = binding;

	if (binding->entry->closed)
		return NULL;
	list_for_each_entry_continue(other, all, of_entry)
		if (other->vm != binding->vm || other->bucket)
			break;
	if (&other->of_entry != all && other->vm == binding->vm)
		return other->bucket;

	other = binding;
	list_for_each_entry_continue_reverse(other, all, of_entry)
		if (other->vm != binding->vm || other->bucket)
			break;

	return &other->of_entry != all && other->vm == binding->vm ? other->bucket : NULL;
}

/* As small as a binding, and as bounded: it may not fail either. */
static void take_bucket(struct hcx_binding *binding)
{
	struct hcx_bucket *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	struct hcx_bucket *bucket;

	raw_spin_lock(&hcx_binding_lock);
	bucket = find(binding) ?: new;
	bucket->users++;
	WRITE_ONCE(binding->bucket, bucket);
	raw_spin_unlock(&hcx_binding_lock);
	if (bucket != new)
		kfree(new);
}

/**
 * hcx_bucket_put() - a binding goes
 * @bucket: its bucket, or NULL
 *
 * Context: any; hcx_binding_lock is held.
 */
void hcx_bucket_put(struct hcx_bucket *bucket)
{
	if (bucket && !--bucket->users)
		kfree_rcu(bucket, rcu);
}

/*
 * Takes one token, if there is one. A bucket lacks more than all of its tokens only after the
 * rate was raised: then it begins anew, with one. But one that @is_shared by numbers, whose rates
 * differ, stays as it is: else a call of the faster would forgive what the slower owes.
 */
static bool take_token(struct hcx_bucket *bucket, const struct hcx_limit *limit, bool is_shared)
{
	s64 token = NSEC_PER_SEC / limit->rate, now = ktime_get_ns();
	s64 empty = now + token * limit->burst, old = atomic64_read(&bucket->full_at), full_at;

	do {
		full_at = max(old, now) + token;
		if (full_at > empty && (is_shared || old <= empty))
			return false;
	} while (!atomic64_try_cmpxchg(&bucket->full_at, &old, min(full_at, empty)));

	return true;
}

/**
 * hcx_call_limited() - answer a call, if it is not one too many
 * @call: the call
 *
 * Context: as struct hcx_handler's call.
 * Return: what answers it returned, or -HCX_EAGAIN.
 */
long hcx_call_limited(struct hcx_call *call)
{
	struct hcx_binding *binding = call->binding;
	struct hcx_limit limit;

	if (!binding->bucket)
		take_bucket(binding);
	limit.both = READ_ONCE(binding->limit.both);
	/* 0: there is none any more. */
	if (limit.rate && !take_token(binding->bucket, &limit, hcx_is_forwarder(binding->entry))) {
		hcx_count(&binding->counts.denied);
		trace_hcx_denied(call, "rate");
		return -HCX_EAGAIN;
	}

	return READ_ONCE(binding->answer)(call);
}
