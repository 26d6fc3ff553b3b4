// SPDX-License-Identifier: GPL-2.0
/* Open /dev/kvm_hcx: which VM each is about, and what it answers there. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include "await.h"
#include "doorbell.h"
#include "policy.h"
#include "registry.h"
#include "selfcheck.h"
#include "session.h"
#include "vm.h"

static_assert(HCX_HOST_VM_HANDLERS_MAX == HCX_MAX_HANDLERS_IN_VM);

/* Held to change the VMs' lists of sessions. */
static DEFINE_MUTEX(sessions_lock);

/* How many offers have been ended and are not freed yet. */
static atomic_t retiring;
#define RETIRING_MANY	1000

/**
 * hcx_session_open() - a session that is about no VM yet
 *
 * Context: process; may sleep.
 * Return: the session, for hcx_session_close(), or NULL: no memory.
 */
struct hcx_session *hcx_session_open(void)
{
	struct hcx_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	refcount_set(&session->users, 1);
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->offers);
	INIT_LIST_HEAD(&session->of_vm);
	hcx_queue_init(&session->queue);

	return session;
}

static void session_put(struct hcx_session *session)
{
	if (!refcount_dec_and_test(&session->users))
		return;
	if (session->vm)
		hcx_vm_put(session->vm);
	kfree(session);
}

/**
 * hcx_offer_free() - free an offer that no call can be in
 * @offer: the offer
 *
 * Context: process; may sleep.
 */
void hcx_offer_free(struct hcx_offer *offer)
{
	hcx_bells_free(offer);
	session_put(offer->session);
	kfree(offer);
}

/*
 * How long a vCPU stays inside can be its VMM's choice, who makes it fault on memory of his:
 * so whoever ends an offer does not wait for it, nor does a worker.
 */
static void retire_offer(struct work_struct *work)
{
	struct hcx_offer *offer = container_of(to_delayed_work(work), struct hcx_offer, retiring);

	if (hcx_retire_left(&offer->unlinked)) {
		hcx_offer_free(offer);
		atomic_dec(&retiring);
		return;
	}
	queue_delayed_work(hcx_workqueue, &offer->retiring, offer->delay);
	offer->delay = min_t(unsigned long, 2 * offer->delay, HZ);
}

static void close_offer(struct work_struct *work)
{
	struct hcx_offer *offer = container_of(to_rcu_work(work), struct hcx_offer, closing);

	retire_offer(&offer->retiring.work);
}

/**
 * hcx_offer_end() - have a session answer a number no more
 * @offer: what it answers it with; freed once no vCPU is inside
 *
 * Calls that wait for an answer end with -HCX_EPIPE.
 *
 * Context: process; may sleep; the session's lock is held, or it is closed.
 */
void hcx_offer_end(struct hcx_offer *offer)
{
	struct hcx_session *session = offer->session;

	list_del(&offer->of_session);
	session->count--;
	hcx_unlink(&offer->handler, &offer->unlinked);
	hcx_queue_cancel(&session->queue, offer);
	atomic_inc(&retiring);
	queue_rcu_work(hcx_workqueue, &offer->closing);
}

/**
 * hcx_session_close() - undo all that was set up by a session
 * @session: the session; freed once no vCPU is in what it answered
 *
 * Context: process; may sleep.
 */
void hcx_session_close(struct hcx_session *session)
{
	struct hcx_offer *offer, *next;

	list_for_each_entry_safe(offer, next, &session->offers, of_session)
		hcx_offer_end(offer);
	hcx_rules_close(session);
	mutex_lock(&sessions_lock);
	list_del(&session->of_vm);
	mutex_unlock(&sessions_lock);
	session_put(session);
}

static bool are_retired(void *unused)
{
	return !atomic_read(&retiring);
}

/**
 * hcx_sessions_wait() - wait until nothing is left of the sessions that were closed
 *
 * Context: process; may sleep.
 */
void hcx_sessions_wait(void)
{
	hcx_await(are_retired, NULL, "what programs answered; a VMM that is killed leaves it");
}

/**
 * hcx_session_is_over() - whether the VM of a session is gone
 * @session: the session
 *
 * Context: any.
 * Return: true if it has a VM that is gone.
 */
bool hcx_session_is_over(const struct hcx_session *session)
{
	const struct hcx_vm *vm = READ_ONCE(session->vm);

	return vm && !READ_ONCE(vm->kvm);
}

/**
 * hcx_sessions_hang_up() - wake who waits for calls of a VM that is gone
 * @vm: the VM
 *
 * Context: process; may sleep.
 */
void hcx_sessions_hang_up(struct hcx_vm *vm)
{
	struct hcx_session *session;

	mutex_lock(&sessions_lock);
	list_for_each_entry(session, &vm->sessions, of_vm)
		wake_up_all(&session->queue.readers);
	mutex_unlock(&sessions_lock);
}

static void join(struct hcx_session *session, struct hcx_vm *vm)
{
	mutex_lock(&sessions_lock);
	list_add(&session->of_vm, &vm->sessions);
	mutex_unlock(&sessions_lock);
	WRITE_ONCE(session->vm, vm);
}

/* As KVM has it: only the process that made a VM may do something with it. */
static int set_vm_of(struct hcx_session *session, struct file *file)
{
	struct hcx_vm *vm;
	struct kvm *kvm;
	int ret = hcx_is_vm(file);

	if (ret)
		return ret;
	kvm = file->private_data;
	if (kvm->mm != current->mm)
		return -EPERM;
	vm = hcx_vm_get(kvm);
	if (!vm)
		return -ENOMEM;
	join(session, vm);

	return 0;
}

static int set_vm(struct hcx_session *session, int fd)
{
	struct file *file = fget(fd);
	int ret;

	if (!file)
		return -EBADF;
	ret = set_vm_of(session, file);
	fput(file);

	return ret;
}

static int set_all_vms(struct hcx_session *session)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	WRITE_ONCE(session->all_vms, true);

	return 0;
}

/**
 * hcx_session_set_vm() - say which VM a session is about
 * @session: the session
 * @vm: the VM, see uapi/linux/hcx_host.h
 *
 * Context: process, that of the program; may sleep; @session's lock is held.
 * Return: 0, or an error as there.
 */
int hcx_session_set_vm(struct hcx_session *session, const struct hcx_host_vm *vm)
{
	bool all = vm->flags & HCX_HOST_ALL_VMS;

	if (vm->flags & ~HCX_HOST_ALL_VMS || (all && vm->fd != -1))
		return -EINVAL;
	if (session->vm || session->all_vms)
		return -EISCONN;

	return all ? set_all_vms(session) : set_vm(session, vm->fd);
}

/**
 * hcx_offer_find() - what a session answers a number with
 * @session: the session
 * @nr: the number
 *
 * Context: process; @session's lock is held.
 * Return: that, or NULL.
 */
struct hcx_offer *hcx_offer_find(struct hcx_session *session, u32 nr)
{
	struct hcx_offer *offer;

	list_for_each_entry(offer, &session->offers, of_session)
		if (offer->handler.nr == nr)
			return offer;

	return NULL;
}

/**
 * hcx_offer_make() - an offer that is not registered
 * @session: the session
 * @handler: what it answers, and how; copied
 * @name: the number's name, HCX_NAME_LEN bytes, with zeroes behind
 *
 * Context: process; may sleep; @session's lock is held.
 * Return: the offer, for hcx_offer_add() or hcx_offer_free(); or the ERR_PTR() of an error
 * as in uapi/linux/hcx_host.h.
 */
struct hcx_offer *hcx_offer_make(struct hcx_session *session, const struct hcx_handler *handler,
				 const char *name)
{
	size_t len = strnlen(name, HCX_NAME_LEN);
	struct hcx_offer *offer;

	if (memchr_inv(name + len, 0, HCX_NAME_LEN - len))
		return ERR_PTR(-EINVAL);
	if (session->vm && handler->flags & HCX_OPT_IN)
		return ERR_PTR(-EINVAL);
	if (session->count == HCX_HOST_HANDLERS_MAX)
		return ERR_PTR(-ENOSPC);
	offer = kzalloc(sizeof(*offer), GFP_KERNEL_ACCOUNT);
	if (!offer)
		return ERR_PTR(-ENOMEM);

	memcpy(offer->name, name, len);
	offer->handler = *handler;
	offer->handler.name = offer->name;
	offer->handler.owner = THIS_MODULE;
	offer->session = session;
	refcount_inc(&session->users);
	INIT_LIST_HEAD(&offer->bells);
	INIT_LIST_HEAD(&offer->unlinked);
	INIT_RCU_WORK(&offer->closing, close_offer);
	INIT_DELAYED_WORK(&offer->retiring, retire_offer);
	offer->delay = 1;

	return offer;
}

/**
 * hcx_offer_add() - have a session answer a number
 * @offer: what it answers it with; its handler has the number afterwards
 *
 * Context: process, that of the program; may sleep; the session's lock is held.
 * Return: 0, or an error as in uapi/linux/hcx_host.h.
 */
int hcx_offer_add(struct hcx_offer *offer)
{
	struct hcx_session *session = offer->session;
	int ret;

	/* Who ends numbers faster than they can be freed waits. */
	if (atomic_read(&retiring) > RETIRING_MANY)
		synchronize_rcu();
	ret = hcx_register_in(session->vm, &offer->handler);
	if (ret)
		return ret;
	list_add(&offer->of_session, &session->offers);
	session->count++;

	return 0;
}
