// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that a program on the host answers. The vCPU's thread queues a request, which is on
 * its stack, and waits; it takes the request out again before it returns, so that whoever
 * finds one, under the queue's lock, finds its vCPU waiting.
 */
#include <linux/completion.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "binding.h"
#include "session.h"
#include "vm.h"

/**
 * struct copy - a program's wish that a vCPU's thread copies from or to its guest
 * @users: the program and the thread, each of which may be done with it first
 * @done: @result is there
 * @result: 0, or a negative errno
 * @gpa: the guest-physical address
 * @len: the length of @data
 * @write: copy to the guest
 * @data: where the other side is
 */
struct copy {
	refcount_t users;
	struct completion done;
	long result;
	gpa_t gpa;
	size_t len;
	bool write;
	u8 data[];
};

/**
 * struct request - a call that waits for its answer
 * @list: in the queue, while it has not been read
 * @by_id: in the queue, afterwards
 * @id: its name
 * @pid: its VMM
 * @call: the call
 * @deadline: until when it waits
 * @wait: its thread
 * @answered: @response is there
 * @cancelled: there will be none
 * @response: the answer
 * @copy: what its thread is to do before it waits on, or is doing
 * @copying: it is
 */
struct request {
	struct list_head list;
	struct hlist_node by_id;
	u64 id;
	pid_t pid;
	struct hcx_call *call;
	ktime_t deadline;
	wait_queue_head_t wait;
	bool answered;
	bool cancelled;
	struct hcx_host_response response;
	struct copy *copy;
	bool copying;
};

/**
 * hcx_queue_init() - a queue with nothing in it
 * @queue: the queue
 *
 * Context: any.
 */
void hcx_queue_init(struct hcx_queue *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->waiting);
	hash_init(queue->read);
	init_waitqueue_head(&queue->readers);
}

static void cancel(struct request *request, const struct hcx_offer *offer)
{
	if (hcx_offer_of(request->call) != offer)
		return;
	request->cancelled = true;
	wake_up(&request->wait);
}

/**
 * hcx_queue_cancel() - end the calls of an offer that wait for their answers
 * @queue: the queue
 * @offer: the offer, which gets none from now on
 *
 * Context: process.
 */
void hcx_queue_cancel(struct hcx_queue *queue, struct hcx_offer *offer)
{
	struct request *request;
	unsigned int i;

	spin_lock(&queue->lock);
	offer->ended = true;
	list_for_each_entry(request, &queue->waiting, list)
		cancel(request, offer);
	hash_for_each(queue->read, i, request, by_id)
		cancel(request, offer);
	spin_unlock(&queue->lock);
}

/**
 * hcx_queue_has_request() - whether a request waits to be read
 * @queue: the queue
 *
 * Context: any; what it returns may change at once.
 * Return: true if one does.
 */
bool hcx_queue_has_request(struct hcx_queue *queue)
{
	return !list_empty_careful(&queue->waiting);
}

static void describe(const struct request *request, struct hcx_host_request *description)
{
	const struct hcx_call *call = request->call;
	unsigned int i;

	*description = (struct hcx_host_request){
		.id = request->id,
		.vm = call->binding->vm->id,
		.pid = request->pid,
		.vcpu = call->vcpu->vcpu_id,
		.nr = call->binding->nr,
		.flags = hcx_caller_flags(call),
	};
	for (i = 0; i < ARRAY_SIZE(description->args); i++)
		description->args[i] = hcx_arg(call, i);
}

/**
 * hcx_queue_read() - take the request that has waited longest
 * @queue: the queue
 * @description: for what a program is told of it
 *
 * Context: process.
 * Return: true: there was one.
 */
bool hcx_queue_read(struct hcx_queue *queue, struct hcx_host_request *description)
{
	struct request *request;

	spin_lock(&queue->lock);
	request = list_first_entry_or_null(&queue->waiting, struct request, list);
	if (request) {
		describe(request, description);
		list_del_init(&request->list);
		hash_add(queue->read, &request->by_id, request->id);
	}
	spin_unlock(&queue->lock);

	return request;
}

/* A request that has been read and waits for its answer. */
static struct request *find(struct hcx_queue *queue, u64 id)
{
	struct request *request;

	lockdep_assert_held(&queue->lock);
	hash_for_each_possible(queue->read, request, by_id, id)
		if (request->id == id)
			return request->answered || request->cancelled ? NULL : request;

	return NULL;
}

/**
 * hcx_queue_put_back() - undo hcx_queue_read(): the program was not told of the request
 * @queue: the queue
 * @id: the request, which may be gone by now
 *
 * Context: process.
 */
void hcx_queue_put_back(struct hcx_queue *queue, u64 id)
{
	struct request *request;

	spin_lock(&queue->lock);
	request = find(queue, id);
	if (request) {
		hash_del(&request->by_id);
		list_add(&request->list, &queue->waiting);
		wake_up(&queue->readers);
	}
	spin_unlock(&queue->lock);
}

/* Results where the number declares none would be lost. */
static bool results_declared(const struct request *request,
			     const struct hcx_host_response *response)
{
	u32 flags = hcx_offer_of(request->call)->handler.flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(response->results); i++)
		if (response->results[i] && !(flags & HCX_RESULT_RBX << i))
			return false;

	return true;
}

/**
 * hcx_queue_respond() - answer a request
 * @queue: the queue
 * @response: the answer
 *
 * Context: process.
 * Return: 0; -ENOENT: it does not wait; -EINVAL: a result that is not declared.
 */
int hcx_queue_respond(struct hcx_queue *queue, const struct hcx_host_response *response)
{
	struct request *request;
	int ret = 0;

	spin_lock(&queue->lock);
	request = find(queue, response->id);
	if (!request) {
		ret = -ENOENT;
	} else if (!results_declared(request, response)) {
		ret = -EINVAL;
	} else {
		request->response = *response;
		request->answered = true;
		wake_up(&request->wait);
	}
	spin_unlock(&queue->lock);

	return ret;
}

static struct copy *alloc_copy(const struct hcx_host_memory *memory)
{
	const void __user *user = u64_to_user_ptr(memory->addr);
	struct copy *copy = kvmalloc(struct_size(copy, data, memory->len), GFP_KERNEL_ACCOUNT);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	copy->gpa = memory->gpa;
	copy->len = memory->len;
	copy->write = memory->flags & HCX_HOST_WRITE;
	refcount_set(&copy->users, 1);
	init_completion(&copy->done);
	if (copy->write && copy_from_user(copy->data, user, copy->len)) {
		kvfree(copy);
		return ERR_PTR(-EFAULT);
	}

	return copy;
}

static void put_copy(struct copy *copy)
{
	if (refcount_dec_and_test(&copy->users))
		kvfree(copy);
}

static void finish_copy(struct copy *copy, long result)
{
	copy->result = result;
	complete(&copy->done);
	put_copy(copy);
}

/* Has a request's thread copy; it may be done after its @deadline, or never. */
static int post_copy(struct hcx_queue *queue, u64 id, struct copy *copy, ktime_t *deadline)
{
	struct request *request;
	int ret = 0;

	spin_lock(&queue->lock);
	request = find(queue, id);
	if (!request) {
		ret = -ENOENT;
	} else if (request->copy) {
		ret = -EBUSY;
	} else {
		refcount_inc(&copy->users);
		request->copy = copy;
		*deadline = request->deadline;
		wake_up(&request->wait);
	}
	spin_unlock(&queue->lock);

	return ret;
}

/* A copy that nobody waits for any more, and that has not begun. */
static void revoke_copy(struct hcx_queue *queue, u64 id, struct copy *copy)
{
	struct request *request;
	bool revoked;

	spin_lock(&queue->lock);
	request = find(queue, id);
	revoked = request && request->copy == copy && !request->copying;
	if (revoked)
		request->copy = NULL;
	spin_unlock(&queue->lock);
	if (revoked)
		put_copy(copy);
}

/*
 * The guest's memory is the VMM's, which can make an access to it last: the program is not
 * held for longer than the call may take.
 */
static int wait_for_copy(struct hcx_queue *queue, u64 id, struct copy *copy, ktime_t deadline)
{
	long left = wait_for_completion_interruptible_timeout(&copy->done,
							      hcx_jiffies_until(deadline));

	if (left > 0)
		return copy->result;
	revoke_copy(queue, id, copy);

	return left ? -EINTR : -ETIMEDOUT;
}

/**
 * hcx_queue_copy() - copy from or to the memory of a caller whose request has been read
 * @queue: the queue
 * @memory: what; its fields have been looked at
 *
 * Context: process, that of the program; may sleep.
 * Return: 0, or a negative errno, as in uapi/linux/hcx_host.h.
 */
int hcx_queue_copy(struct hcx_queue *queue, const struct hcx_host_memory *memory)
{
	struct copy *copy = alloc_copy(memory);
	ktime_t deadline;
	int ret;

	if (IS_ERR(copy))
		return PTR_ERR(copy);
	ret = post_copy(queue, memory->id, copy, &deadline) ?:
	      wait_for_copy(queue, memory->id, copy, deadline);
	if (!ret && !copy->write &&
	    copy_to_user(u64_to_user_ptr(memory->addr), copy->data, copy->len))
		ret = -EFAULT;
	put_copy(copy);

	return ret;
}

static bool enqueue(struct hcx_queue *queue, struct request *request)
{
	bool open;

	spin_lock(&queue->lock);
	open = !hcx_offer_of(request->call)->ended;
	if (open) {
		request->id = ++queue->last_id;
		list_add_tail(&request->list, &queue->waiting);
		wake_up(&queue->readers);
	}
	spin_unlock(&queue->lock);

	return open;
}

/* From here on nobody finds the request. */
static void dequeue(struct hcx_queue *queue, struct request *request)
{
	struct copy *copy;

	spin_lock(&queue->lock);
	list_del(&request->list);
	hash_del(&request->by_id);
	copy = request->copy;
	spin_unlock(&queue->lock);
	if (copy)
		finish_copy(copy, -ENOENT);
}

/* KVM's errors, and ours, have the numbers of Linux's (uapi/linux/kvm_para.h). */
static void run_copy(struct hcx_queue *queue, struct request *request)
{
	struct copy *copy;
	long result;

	spin_lock(&queue->lock);
	copy = request->copy;
	request->copying = copy;
	spin_unlock(&queue->lock);
	if (!copy)
		return;

	if (copy->write)
		result = hcx_write_guest(request->call, copy->gpa, copy->data, copy->len);
	else
		result = hcx_read_guest(request->call, copy->gpa, copy->data, copy->len);

	spin_lock(&queue->lock);
	request->copy = NULL;
	request->copying = false;
	spin_unlock(&queue->lock);
	finish_copy(copy, result);
}

static bool is_over(const struct request *request)
{
	return READ_ONCE(request->answered) || READ_ONCE(request->cancelled);
}

/* For a thread that always finds something to copy, and so does not come to wait. */
static long may_copy(const struct request *request)
{
	if (fatal_signal_pending(current))
		return -HCX_EINTR;

	return hcx_jiffies_until(request->deadline) ? 0 : -HCX_ETIMEDOUT;
}

/* 0, or an error of hcx_wait_event(). */
static long wait_for_answer(struct hcx_queue *queue, struct request *request)
{
	long ret;

	for (;;) {
		ret = hcx_wait_event(request->call, request->wait,
				     is_over(request) || READ_ONCE(request->copy));
		if (ret || is_over(request))
			return ret;
		ret = may_copy(request);
		if (ret)
			return ret;
		run_copy(queue, request);
	}
}

static long take_answer(const struct request *request)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(request->response.results); i++)
		if (hcx_handler(request->call)->flags & HCX_RESULT_RBX << i)
			hcx_set_result(request->call, i, request->response.results[i]);

	return request->response.result;
}

/**
 * hcx_serve() - have a program answer a call
 * @call: the call, of an offer
 *
 * Context: as struct hcx_handler's call.
 * Return: the program's answer, or an error.
 */
long hcx_serve(struct hcx_call *call)
{
	struct hcx_queue *queue = &hcx_offer_of(call)->session->queue;
	struct request request = {
		.call = call, .pid = task_tgid_nr(current), .deadline = hcx_deadline(call),
	};
	long ret;

	init_waitqueue_head(&request.wait);
	if (!enqueue(queue, &request))
		return -HCX_EPIPE;
	ret = wait_for_answer(queue, &request);
	dequeue(queue, &request);

	if (request.answered)
		return take_answer(&request);

	return ret ?: -HCX_EPIPE;
}
