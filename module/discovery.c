// SPDX-License-Identifier: GPL-2.0
/* The hypercall by which a guest finds the others: Documentation/guest-abi.rst. */
#include "discovery.h"
#include "registry.h"

/*
 * Ring 3 learns nothing of what it may not call: -KVM_EPERM is also what it gets from a number
 * that is not registered.
 */
static long hidden(const struct hcx_call *call)
{
	return call->user ? -KVM_EPERM : -KVM_ENOSYS;
}

static bool is_closed(const struct hcx_call *call, const struct hcx_entry *entry)
{
	return call->user && !(entry->flags & HCX_RING3);
}

/*
 * Nobody learns of what a rule denies. Where the VMM answers, nothing that the handler says of
 * itself holds, if there is one; and ring 3 is not forwarded.
 */
static long flags_of(const struct hcx_call *call, const struct hcx_entry *entry, u32 nr)
{
	switch (hcx_verb(call->binding->vm, entry, nr)) {
	case HCX_HOST_HANDLE:
		return is_closed(call, entry) ? hidden(call) : entry->flags & ~HCX_OPT_IN;
	case HCX_HOST_FORWARD:
		return call->user ? hidden(call) : 0;
	default:
		return hidden(call);
	}
}

static long flags_of_nr(const struct hcx_call *call)
{
	const struct hcx_entry *entry;
	u64 nr = hcx_arg(call, 1);
	long ret;

	rcu_read_lock_sched();
	entry = hcx_find_target(call->vcpu->kvm, nr);
	ret = entry ? flags_of(call, entry, nr) : hidden(call);
	rcu_read_unlock_sched();

	return ret;
}

/* Two registers of eight bytes, or three of four outside 64-bit mode. */
static union hcx_name name_arg(const struct hcx_call *call)
{
	union hcx_name name = {};

	if (call->long_mode) {
		name.word[0] = hcx_arg(call, 1);
		name.word[1] = hcx_arg(call, 2);
	} else {
		name.word[0] = hcx_arg(call, 1) | hcx_arg(call, 2) << 32;
		name.word[1] = hcx_arg(call, 3);
	}

	return name;
}

/* A number whose calls the VMM answers is not the one that the name is for. */
static bool is_found(const struct hcx_call *call, const struct hcx_entry *entry)
{
	return entry && !is_closed(call, entry) &&
	       hcx_verb(call->binding->vm, entry, entry->nr) == HCX_HOST_HANDLE;
}

static long nr_of_name(const struct hcx_call *call)
{
	const union hcx_name name = name_arg(call);
	const struct hcx_entry *entry;
	long ret;

	rcu_read_lock_sched();
	entry = hcx_find_name(call->vcpu->kvm, &name);
	ret = is_found(call, entry) ? entry->nr : hidden(call);
	rcu_read_unlock_sched();

	return ret;
}

static long discover(struct hcx_call *call)
{
	switch (hcx_arg(call, 0)) {
	case HCX_DISCOVER_VERSION:
		return HCX_ABI_VERSION;
	case HCX_DISCOVER_FEATURES:
		return HCX_FEATURE_RING3 | HCX_FEATURE_RESULTS;
	case HCX_DISCOVER_NUMBER:
		return flags_of_nr(call);
	case HCX_DISCOVER_NAME:
		return nr_of_name(call);
	default:
		return -KVM_EOPNOTSUPP;
	}
}

struct hcx_handler hcx_discovery = {
	.nr = HCX_NR_DISCOVERY,
	.flags = HCX_RING3,
	.name = "discovery",
	.owner = THIS_MODULE,
	.call = discover,
};
