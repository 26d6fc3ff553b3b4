/* SPDX-License-Identifier: GPL-2.0 */
/* An open /dev/kvm_hcx, and what it answers. */
#ifndef _HCX_SESSION_H
#define _HCX_SESSION_H

#include <linux/kvm_hcx.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <uapi/linux/hcx_host.h>
#include "serve.h"

struct hcx_vm;

/**
 * struct hcx_session - an open /dev/kvm_hcx
 * @users: the file, and each offer
 * @lock: held to change what follows, up to @offers
 * @vm: the VM that it is about
 * @all_vms: it is about all
 * @count: how many @offers there are
 * @offers: what it answers
 * @queue: the calls that it serves
 * @of_vm: in the VM's list; under session.c's lock
 */
struct hcx_session {
	refcount_t users;
	struct mutex lock;
	struct hcx_vm *vm;
	bool all_vms;
	unsigned int count;
	struct list_head offers;
	struct hcx_queue queue;
	struct list_head of_vm;
};

/**
 * struct hcx_offer - a number that a session answers
 * @handler: what is registered
 * @name: its name
 * @session: the session
 * @of_session: in its list
 * @bells: its doorbells; under the session's lock, or rcu_read_lock() to read
 * @ended: its calls get no answer any more; under the queue's lock
 * @unlinked: for its end: the entry that was
 * @closing: likewise: until no call comes in any more
 * @retiring: likewise: until none is inside
 * @delay: likewise: in jiffies, until the next look
 */
struct hcx_offer {
	struct hcx_handler handler;
	char name[HCX_NAME_LEN + 1];
	struct hcx_session *session;
	struct list_head of_session;
	struct list_head bells;
	bool ended;
	struct list_head unlinked;
	struct rcu_work closing;
	struct delayed_work retiring;
	unsigned long delay;
};

static inline struct hcx_offer *hcx_offer_of(const struct hcx_call *call)
{
	return container_of(hcx_handler(call), struct hcx_offer, handler);
}

struct hcx_session *hcx_session_open(void);
void hcx_session_close(struct hcx_session *session);
int hcx_session_set_vm(struct hcx_session *session, const struct hcx_host_vm *vm);
bool hcx_session_is_over(const struct hcx_session *session);
void hcx_sessions_hang_up(struct hcx_vm *vm);
void hcx_sessions_wait(void);

struct hcx_offer *hcx_offer_find(struct hcx_session *session, u32 nr);
struct hcx_offer *hcx_offer_make(struct hcx_session *session, const struct hcx_handler *handler,
				 const char *name);
int hcx_offer_add(struct hcx_offer *offer);
void hcx_offer_free(struct hcx_offer *offer);
void hcx_offer_end(struct hcx_offer *offer);

#endif /* _HCX_SESSION_H */
