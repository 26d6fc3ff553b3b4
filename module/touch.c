// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a VMM has to provide, touched by a worker for a vCPU's thread that may not wait
 * long. How long a page fault takes can be the VMM's choice: by userfaultfd, or by a file of its
 * own file system, whose answer no signal may cut short. The thread waits until its deadline,
 * and leaves the worker to it.
 */
#include "compat.h"

#ifdef HCX_HAVE_STRUCT_OPS

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include "binding.h"
#include "touch.h"
#include "vm.h"

/*
 * How many workers there can be, and how many touches of one user's VMs, each VM having one at a
 * time: others have to do without only where 32 users have as many stuck as they may.
 */
#define WORKERS		256
#define TOUCHES_OF_USER	8

/**
 * struct touch - memory to be touched
 * @work: what does
 * @users: the work and the vCPU's thread, each of which may be done with it first
 * @done: @there is told
 * @there: all of it is, or was
 * @mm: the VMM's
 * @vm: the VM, which stays, too
 * @cred: the VMM's, which who serves its memory may ask for (FUSE does)
 * @user: whose it is
 * @by_user: in the table of touches that have begun
 * @addr: where it is
 * @len: how long
 * @write: as if to be written to
 */
struct touch {
	struct work_struct work;
	refcount_t users;
	struct completion done;
	bool there;
	struct mm_struct *mm;
	struct hcx_vm *vm;
	const struct cred *cred;
	kuid_t user;
	struct hlist_node by_user;
	char __user *addr;
	size_t len;
	bool write;
};

static struct workqueue_struct *workqueue;

/* All that have begun. */
static DEFINE_HASHTABLE(touches, 6);
static DEFINE_SPINLOCK(touches_lock);

/* A user namespace has users of its own, as many as it likes: they are who made the outermost. */
static kuid_t user_of_current(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t user = current_euid();

	for (; ns->parent; ns = ns->parent)
		user = ns->owner;

	return user;
}

/* For the VM that the current process is calling from. */
static struct touch *make_touch(struct kvm *kvm, void __user *addr, size_t len, bool write)
{
	/* Where the VMM's control group is full, reclaim has no end that others could wait for. */
	struct touch *touch = kzalloc(sizeof(*touch), GFP_KERNEL_ACCOUNT | __GFP_NORETRY);

	if (!touch)
		return NULL;
	touch->vm = hcx_vm_get(kvm);
	if (!touch->vm) {
		kfree(touch);
		return NULL;
	}
	mmgrab(current->mm);
	touch->mm = current->mm;
	touch->cred = get_current_cred();
	touch->user = user_of_current();
	refcount_set(&touch->users, 1);
	init_completion(&touch->done);
	touch->addr = addr;
	touch->len = len;
	touch->write = write;

	return touch;
}

static void touch_put(struct touch *touch)
{
	if (!refcount_dec_and_test(&touch->users))
		return;
	put_cred(touch->cred);
	mmdrop(touch->mm);
	hcx_vm_put(touch->vm);
	kfree(touch);
}

/* One more, if its user has not too many. */
static bool count_in(struct touch *touch)
{
	unsigned int count = 0;
	struct touch *other;

	spin_lock(&touches_lock);
	hash_for_each_possible(touches, other, by_user, __kuid_val(touch->user))
		count += uid_eq(other->user, touch->user);
	if (count < TOUCHES_OF_USER)
		hash_add(touches, &touch->by_user, __kuid_val(touch->user));
	spin_unlock(&touches_lock);

	return count < TOUCHES_OF_USER;
}

static void count_out(struct touch *touch)
{
	spin_lock(&touches_lock);
	hash_del(&touch->by_user);
	spin_unlock(&touches_lock);
}

/* The work has ended, or will not begin. */
static void end(struct touch *touch)
{
	count_out(touch);
	WRITE_ONCE(touch->vm->touching, false);
	complete(&touch->done);
	touch_put(touch);
	module_put(THIS_MODULE);
}

/*
 * The VMM may have been killed, and its memory is not to stay for that. Who waits for a stuck
 * worker to unload the core is told so by its use count.
 */
static void do_touch(struct work_struct *work)
{
	struct touch *touch = container_of(work, struct touch, work);
	const struct cred *own;

	if (mmget_not_zero(touch->mm)) {
		own = override_creds(touch->cred);
		kthread_use_mm(touch->mm);
		touch->there = !(touch->write ? fault_in_safe_writeable(touch->addr, touch->len) :
						fault_in_readable(touch->addr, touch->len));
		kthread_unuse_mm(touch->mm);
		mmput(touch->mm);
		revert_creds(own);
	}
	end(touch);
}

/* Until the VM has no other, which may be one that its vCPU has left. */
static long take_turn(struct hcx_vm *vm, ktime_t deadline)
{
	while (cmpxchg(&vm->touching, false, true)) {
		if (!hcx_jiffies_until(deadline))
			return -HCX_ETIMEDOUT;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -HCX_EINTR;
	}

	return 0;
}

static long begin(struct touch *touch, ktime_t deadline)
{
	long ret = take_turn(touch->vm, deadline);

	if (ret)
		return ret;
	if (!count_in(touch)) {
		WRITE_ONCE(touch->vm->touching, false);
		return -HCX_EAGAIN;
	}
	__module_get(THIS_MODULE);
	refcount_inc(&touch->users);
	INIT_WORK(&touch->work, do_touch);
	queue_work(workqueue, &touch->work);

	return 0;
}

/* A work that has found no worker until then is taken back. */
static long wait_for(struct touch *touch, ktime_t deadline)
{
	long left = wait_for_completion_killable_timeout(&touch->done,
							 hcx_jiffies_until(deadline));

	if (left > 0)
		return touch->there ? 0 : -KVM_EFAULT;
	if (cancel_work(&touch->work))
		end(touch);

	return left ? -HCX_EINTR : -HCX_ETIMEDOUT;
}

/**
 * hcx_touch() - have a VMM provide memory, within a time
 * @call: the call
 * @addr: where it is, in the VMM's
 * @len: how long it is
 * @write: as if to be written to
 * @deadline: when to give up, in CLOCK_MONOTONIC
 *
 * Context: @call's handler. Sleeps. Its module is one that keeps the core loaded.
 * Return: 0, when it was there, which may be over; or
 * * -KVM_EFAULT - the VMM has no such memory
 * * -HCX_ETIMEDOUT - it has not provided it until then, or no worker was free
 * * -HCX_EINTR - it is being killed
 * * -HCX_EAGAIN - 8 VMs of its user have a worker each, or the kernel has no memory
 */
long hcx_touch(struct hcx_call *call, void __user *addr, size_t len, bool write,
	       ktime_t deadline)
{
	struct touch *touch = make_touch(call->vcpu->kvm, addr, len, write);
	long ret;

	if (!touch)
		return -HCX_EAGAIN;
	ret = begin(touch, deadline) ?: wait_for(touch, deadline);
	touch_put(touch);

	return ret;
}

/**
 * hcx_touch_init() - get ready for hcx_touch()
 *
 * Context: process; may sleep.
 * Return: 0 or -ENOMEM.
 */
int hcx_touch_init(void)
{
	workqueue = alloc_workqueue("kvm_hcx_touch", WQ_UNBOUND, WORKERS);
	return workqueue ? 0 : -ENOMEM;
}

/**
 * hcx_touch_exit() - undo hcx_touch_init(), if it was called
 *
 * Context: process; may sleep.
 */
void hcx_touch_exit(void)
{
	if (workqueue)
		destroy_workqueue(workqueue);
}

#endif /* HCX_HAVE_STRUCT_OPS */
