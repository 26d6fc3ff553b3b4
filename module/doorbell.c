// SPDX-License-Identifier: GPL-2.0
/* Numbers that signal an eventfd, as KVM_IOEVENTFD does for a port. */
#include <linux/eventfd.h>
#include <linux/slab.h>
#include "compat.h"
#include "doorbell.h"
#include "registry.h"
#include "session.h"

/* Those of a doorbell's flags that are its number's. */
#define HANDLER_FLAGS	(HCX_RING3 | HCX_OPT_IN)

/**
 * struct bell - one doorbell
 * @of_offer: in the list of its number's
 * @eventfd: what it signals
 * @any: whatever the guest passes
 * @value: or only where it passes this
 */
struct bell {
	struct list_head of_offer;
	struct eventfd_ctx *eventfd;
	bool any;
	u64 value;
};

static long ring_bells(const struct hcx_offer *offer, u64 value)
{
	long ret = -KVM_ENOSYS;
	struct bell *bell;

	rcu_read_lock();
	list_for_each_entry_rcu(bell, &offer->bells, of_offer)
		if (bell->any || bell->value == value) {
			hcx_signal_eventfd(bell->eventfd);
			ret = 0;
		}
	rcu_read_unlock();

	return ret;
}

static long ring(struct hcx_call *call)
{
	return ring_bells(hcx_offer_of(call), hcx_arg(call, 0));
}

/**
 * hcx_doorbell_ring() - ring a doorbell of the caller's VM for it
 * @call: the call
 * @nr: the doorbell's number
 * @value: what it looks at
 *
 * The call of @nr that this stands for is not counted, nor limited by a rule.
 *
 * Context: @call's handler.
 * Return: 0; or -KVM_ENOSYS: the VM has none with that number that @value rings, or its caller
 * may not call that number.
 */
long hcx_doorbell_ring(const struct hcx_call *call, u32 nr, u64 value)
{
	const struct hcx_entry *entry;
	long ret = -KVM_ENOSYS;

	/* An entry is freed after a grace period, and what it is of after another. */
	rcu_read_lock();
	entry = hcx_find_nr(call->vcpu->kvm, nr);
	if (entry && entry->handler_call == ring && (!call->user || entry->flags & HCX_RING3) &&
	    hcx_verb(call->binding->vm, entry, nr) == HCX_HOST_HANDLE)
		ret = ring_bells(container_of(entry->handler, struct hcx_offer, handler), value);
	rcu_read_unlock();

	return ret;
}

static struct bell *make_bell(const struct hcx_host_doorbell *doorbell)
{
	struct bell *bell = kzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT);
	struct eventfd_ctx *eventfd;

	if (!bell)
		return ERR_PTR(-ENOMEM);
	eventfd = eventfd_ctx_fdget(doorbell->fd);
	if (IS_ERR(eventfd)) {
		kfree(bell);
		return ERR_CAST(eventfd);
	}
	bell->eventfd = eventfd;
	bell->any = !(doorbell->flags & HCX_HOST_VALUE);
	bell->value = doorbell->value;

	return bell;
}

/* One that no call can be ringing. */
static void free_bell(struct bell *bell)
{
	eventfd_ctx_put(bell->eventfd);
	kfree(bell);
}

static struct bell *find_bell(const struct hcx_offer *offer, const struct bell *like)
{
	struct bell *bell;

	list_for_each_entry(bell, &offer->bells, of_offer)
		if (bell->eventfd == like->eventfd && bell->any == like->any &&
		    bell->value == like->value)
			return bell;

	return NULL;
}

static bool has_room(const struct hcx_offer *offer)
{
	const struct list_head *bell;
	unsigned int count = 0;

	list_for_each(bell, &offer->bells)
		count++;

	return count < HCX_HOST_DOORBELLS_MAX;
}

/* A number that the session answers has one more. */
static int add_another(struct hcx_offer *offer, const struct hcx_host_doorbell *doorbell,
		       struct bell *bell)
{
	if (offer->handler.call != ring || find_bell(offer, bell))
		return -EEXIST;
	if (memcmp(offer->name, doorbell->name, HCX_NAME_LEN) ||
	    offer->handler.flags != (doorbell->flags & HANDLER_FLAGS))
		return -EINVAL;

	if (!has_room(offer))
		return -ENOSPC;
	list_add_rcu(&bell->of_offer, &offer->bells);

	return 0;
}

/* A number that it does not: who finds it finds its doorbell. */
static int add_first(struct hcx_session *session, struct hcx_host_doorbell *doorbell,
		     struct bell *bell)
{
	const struct hcx_handler handler = {
		.nr = doorbell->nr, .flags = doorbell->flags & HANDLER_FLAGS, .call = ring,
	};
	struct hcx_offer *offer = hcx_offer_make(session, &handler, doorbell->name);
	int ret;

	if (IS_ERR(offer))
		return PTR_ERR(offer);
	list_add(&bell->of_offer, &offer->bells);
	ret = hcx_offer_add(offer);
	if (ret) {
		list_del(&bell->of_offer);
		hcx_offer_free(offer);
		return ret;
	}
	doorbell->nr = offer->handler.nr;

	return 0;
}

static int assign(struct hcx_session *session, struct hcx_host_doorbell *doorbell)
{
	struct hcx_offer *offer = hcx_offer_find(session, doorbell->nr);
	struct bell *bell = make_bell(doorbell);
	int ret;

	if (IS_ERR(bell))
		return PTR_ERR(bell);
	ret = offer ? add_another(offer, doorbell, bell) : add_first(session, doorbell, bell);
	if (ret)
		free_bell(bell);

	return ret;
}

/* @like is found by, and goes as well. */
static int take_away(struct hcx_offer *offer, const struct bell *like)
{
	struct bell *bell = find_bell(offer, like);

	if (!bell)
		return -ENOENT;
	if (list_is_singular(&offer->bells)) {
		hcx_offer_end(offer);
		return 0;
	}
	list_del_rcu(&bell->of_offer);
	synchronize_rcu();
	free_bell(bell);

	return 0;
}

static int deassign(struct hcx_session *session, const struct hcx_host_doorbell *doorbell)
{
	struct hcx_offer *offer = hcx_offer_find(session, doorbell->nr);
	struct bell *like = make_bell(doorbell);
	int ret = -ENOENT;

	if (IS_ERR(like))
		return PTR_ERR(like);
	if (offer && offer->handler.flags == (doorbell->flags & HANDLER_FLAGS))
		ret = take_away(offer, like);
	free_bell(like);

	return ret;
}

/**
 * hcx_doorbell_set() - HCX_HOST_DOORBELL
 * @session: the session
 * @doorbell: see uapi/linux/hcx_host.h; its nr is filled in
 *
 * Context: process, that of the program; may sleep; @session's lock is held.
 * Return: 0, or a negative errno as there.
 */
int hcx_doorbell_set(struct hcx_session *session, struct hcx_host_doorbell *doorbell)
{
	if (doorbell->flags & ~(HCX_HOST_VALUE | HCX_HOST_DEASSIGN | HANDLER_FLAGS) ||
	    doorbell->reserved || (doorbell->value && !(doorbell->flags & HCX_HOST_VALUE)))
		return -EINVAL;

	if (doorbell->flags & HCX_HOST_DEASSIGN && memchr_inv(doorbell->name, 0, HCX_NAME_LEN))
		return -EINVAL;

	return doorbell->flags & HCX_HOST_DEASSIGN ? deassign(session, doorbell) :
						     assign(session, doorbell);
}

/**
 * hcx_bells_free() - free the doorbells of a number
 * @offer: what answers it, which no call finds, and none is in
 *
 * Context: process; may sleep.
 */
void hcx_bells_free(struct hcx_offer *offer)
{
	struct bell *bell, *next;

	list_for_each_entry_safe(bell, next, &offer->bells, of_offer)
		free_bell(bell);
}
