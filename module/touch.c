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
#include <linux/kthread.h>
#include <linux/pagemap.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "binding.h"
#include "touch.h"
#include "vm.h"

/*
 * How many workers there can be. A VM has one at a time, so that many VMs are stuck when others
 * have to do without.
 */
#define WORKERS		256

/**
 * struct touch - memory to be touched
 * @work: what does
 * @users: the worker and the vCPU's thread, each of which may be done with it first
 * @done: @failed is there
 * @failed: some of it cannot be there
 * @mm: the VMM's
 * @vm: the VM, which stays, too
 * @user: where it is
 * @len: how long
 * @write: as if to be written to
 */
struct touch {
	struct work_struct work;
	refcount_t users;
	struct completion done;
	bool failed;
	struct mm_struct *mm;
	struct hcx_vm *vm;
	char __user *user;
	size_t len;
	bool write;
};

static struct workqueue_struct *workqueue;

static void touch_put(struct touch *touch)
{
	if (refcount_dec_and_test(&touch->users))
		kfree(touch);
}

/* Who waits for a stuck one to unload the core is told so by its use count. */
static void do_touch(struct work_struct *work)
{
	struct touch *touch = container_of(work, struct touch, work);

	kthread_use_mm(touch->mm);
	touch->failed = touch->write ? fault_in_safe_writeable(touch->user, touch->len) :
				       fault_in_readable(touch->user, touch->len);
	kthread_unuse_mm(touch->mm);
	mmput(touch->mm);
	WRITE_ONCE(touch->vm->touching, false);
	hcx_vm_put(touch->vm);
	complete(&touch->done);
	touch_put(touch);
	module_put(THIS_MODULE);
}

static struct touch *make_touch(void __user *user, size_t len, bool write)
{
	struct touch *touch = kzalloc(sizeof(*touch), GFP_KERNEL_ACCOUNT);

	if (!touch)
		return NULL;
	INIT_WORK(&touch->work, do_touch);
	refcount_set(&touch->users, 2);
	init_completion(&touch->done);
	touch->user = user;
	touch->len = len;
	touch->write = write;

	return touch;
}

/* What the worker needs, which may be at it when the VMM has been killed and its VM is gone. */
static void start(struct touch *touch, struct hcx_vm *vm)
{
	mmget(current->mm);
	touch->mm = current->mm;
	touch->vm = vm;
	__module_get(THIS_MODULE);
	queue_work(workqueue, &touch->work);
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

static long wait_for(struct touch *touch, ktime_t deadline)
{
	long left = wait_for_completion_killable_timeout(&touch->done,
							 hcx_jiffies_until(deadline));

	if (left <= 0)
		return left ? -HCX_EINTR : -HCX_ETIMEDOUT;

	return touch->failed ? -KVM_EFAULT : 0;
}

/**
 * hcx_touch() - have a VMM provide memory, within a time
 * @call: the call
 * @user: where it is, in the VMM's
 * @len: how long it is
 * @write: as if to be written to
 * @deadline: when to give up, in CLOCK_MONOTONIC
 *
 * Context: @call's handler. Sleeps. Its module is one that keeps the core loaded.
 * Return: 0, when it was there, which may be over; or
 * * -KVM_EFAULT - the VMM has no such memory
 * * -HCX_ETIMEDOUT - it has not provided it until then
 * * -HCX_EINTR - it is being killed
 * * -HCX_EAGAIN - there is no memory to ask for it
 */
long hcx_touch(struct hcx_call *call, void __user *user, size_t len, bool write,
	       ktime_t deadline)
{
	struct hcx_vm *vm = hcx_vm_get(call->vcpu->kvm);
	struct touch *touch = make_touch(user, len, write);
	long ret = vm && touch ? take_turn(vm, deadline) : -HCX_EAGAIN;

	if (ret) {
		if (vm)
			hcx_vm_put(vm);
		kfree(touch);
		return ret;
	}
	start(touch, vm);
	ret = wait_for(touch, deadline);
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
