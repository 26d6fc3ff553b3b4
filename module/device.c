// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kvm_hcx, by which programs answer hypercalls: uapi/linux/hcx_host.h has each call.
 * What they do is in session.c, serve.c, doorbell.c and policy.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include "device.h"
#include "doorbell.h"
#include "policy.h"
#include "session.h"

static int device_open(struct inode *inode, struct file *file)
{
	struct hcx_session *session = hcx_session_open();

	if (!session)
		return -ENOMEM;
	file->private_data = session;

	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	hcx_session_close(file->private_data);
	return 0;
}

static bool has_news(struct hcx_session *session)
{
	return hcx_queue_has_request(&session->queue) || hcx_session_is_over(session);
}

/* Takes a request, or waits for one; 0: there will be none. */
static int next_request(struct file *file, struct hcx_host_request *request)
{
	struct hcx_session *session = file->private_data;

	while (!hcx_queue_read(&session->queue, request)) {
		if (hcx_session_is_over(session))
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(session->queue.readers, has_news(session)))
			return -ERESTARTSYS;
	}

	return 1;
}

static ssize_t device_read(struct file *file, char __user *buffer, size_t size, loff_t *pos)
{
	struct hcx_session *session = file->private_data;
	struct hcx_host_request request;
	size_t done = 0;
	int ret;

	if (size < sizeof(request))
		return -EINVAL;
	ret = next_request(file, &request);
	if (ret <= 0)
		return ret;
	do {
		if (copy_to_user(buffer + done, &request, sizeof(request))) {
			hcx_queue_put_back(&session->queue, request.id);
			return done ?: -EFAULT;
		}
		done += sizeof(request);
	} while (size - done >= sizeof(request) && hcx_queue_read(&session->queue, &request));

	return done;
}

static ssize_t device_write(struct file *file, const char __user *buffer, size_t size,
			    loff_t *pos)
{
	struct hcx_session *session = file->private_data;
	struct hcx_host_response response;
	size_t done;
	int ret;

	if (!size || size % sizeof(response))
		return -EINVAL;
	for (done = 0; done < size; done += sizeof(response)) {
		if (copy_from_user(&response, buffer + done, sizeof(response)))
			return done ?: -EFAULT;
		ret = hcx_queue_respond(&session->queue, &response);
		if (ret)
			return done ?: ret;
	}

	return done;
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct hcx_session *session = file->private_data;
	__poll_t events = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &session->queue.readers, wait);
	if (hcx_queue_has_request(&session->queue))
		events |= EPOLLIN | EPOLLRDNORM;
	if (hcx_session_is_over(session))
		events |= EPOLLHUP;

	return events;
}

static int serve(struct hcx_session *session, struct hcx_host_serve *serve)
{
	const struct hcx_handler handler = {
		.nr = serve->nr, .flags = serve->flags,
		.budget_ms = serve->budget_ms ?: HCX_WAIT_MS, .call = hcx_serve,
	};
	struct hcx_offer *offer;
	int ret;

	if (serve->reserved)
		return -EINVAL;
	offer = hcx_offer_make(session, &handler, serve->name);
	if (IS_ERR(offer))
		return PTR_ERR(offer);
	ret = hcx_offer_add(offer);
	if (ret) {
		hcx_offer_free(offer);
		return ret;
	}
	serve->nr = offer->handler.nr;

	return 0;
}

static int end(struct hcx_session *session, const struct hcx_host_end *end)
{
	struct hcx_offer *offer = hcx_offer_find(session, end->nr);

	if (end->flags)
		return -EINVAL;
	if (!offer)
		return -ENOENT;
	hcx_offer_end(offer);

	return 0;
}

static int check_vm(const struct hcx_session *session)
{
	if (!READ_ONCE(session->vm) && !READ_ONCE(session->all_vms))
		return -ENOTCONN;

	return hcx_session_is_over(session) ? -ENODEV : 0;
}

static int copy_memory(struct hcx_session *session, const struct hcx_host_memory *memory)
{
	int ret = check_vm(session);

	if (ret)
		return ret;
	if (memory->flags & ~HCX_HOST_WRITE || !memory->len || memory->len > HCX_HOST_MEMORY_MAX)
		return -EINVAL;

	return hcx_queue_copy(&session->queue, memory);
}

/* What an ioctl's argument points to. */
union argument {
	struct hcx_host_vm vm;
	struct hcx_host_serve serve;
	struct hcx_host_doorbell doorbell;
	struct hcx_host_end end;
	struct hcx_host_rule rule;
	struct hcx_host_memory memory;
};

/* Those that change what is set up. */
static int set_up(struct hcx_session *session, unsigned int cmd, union argument *arg)
{
	int ret;

	if (cmd == HCX_HOST_SET_VM)
		return hcx_session_set_vm(session, &arg->vm);
	ret = check_vm(session);
	if (ret)
		return ret;

	switch (cmd) {
	case HCX_HOST_SERVE:
		return serve(session, &arg->serve);
	case HCX_HOST_DOORBELL:
		return hcx_doorbell_set(session, &arg->doorbell);
	case HCX_HOST_RULE:
		return hcx_rule_set(session, &arg->rule);
	default:
		return end(session, &arg->end);
	}
}

static bool is_known(unsigned int cmd)
{
	switch (cmd) {
	case HCX_HOST_SET_VM:
	case HCX_HOST_SERVE:
	case HCX_HOST_DOORBELL:
	case HCX_HOST_END:
	case HCX_HOST_RULE:
	case HCX_HOST_MEMORY:
		return true;
	default:
		return false;
	}
}

/*
 * A program that cannot be told which number it was allotted does not keep it. Where it
 * is told may take for ever to be there, so the lock is not held.
 */
static int tell_nr(struct hcx_session *session, u32 nr, u32 __user *user)
{
	struct hcx_offer *offer;

	if (!put_user(nr, user))
		return 0;

	mutex_lock(&session->lock);
	offer = hcx_offer_find(session, nr);
	if (offer)
		hcx_offer_end(offer);
	mutex_unlock(&session->lock);

	return -EFAULT;
}

/* @user begins with the number where that can be one to be allotted. */
static int set_up_and_tell(struct hcx_session *session, unsigned int cmd, union argument *arg,
			   u32 __user *user)
{
	bool allot = (cmd == HCX_HOST_SERVE || cmd == HCX_HOST_DOORBELL) &&
		     arg->serve.nr == HCX_NR_ANY;
	int ret;

	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	ret = set_up(session, cmd, arg);
	mutex_unlock(&session->lock);

	return !ret && allot ? tell_nr(session, arg->serve.nr, user) : ret;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	struct hcx_session *session = file->private_data;
	void __user *user = (void __user *)address;
	union argument arg;

	BUILD_BUG_ON(offsetof(union argument, serve.nr) || offsetof(union argument, doorbell.nr));
	if (cmd == HCX_HOST_VERSION)
		return HCX_HOST_API_VERSION;
	if (!is_known(cmd))
		return -ENOTTY;
	if (copy_from_user(&arg, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	if (cmd == HCX_HOST_MEMORY)
		return copy_memory(session, &arg.memory);

	return set_up_and_tell(session, cmd, &arg, user);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm_hcx",
	.fops = &device_fops,
	.mode = 0660,
};

/**
 * hcx_device_init() - make /dev/kvm_hcx
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno with a line in the kernel log.
 */
int hcx_device_init(void)
{
	int ret = misc_register(&device);

	if (ret)
		pr_err(HCX_HOST_PATH " cannot be made (%d)\n", ret);
	/* modprobe would take -EEXIST for the core's being there already. */
	return ret == -EEXIST ? -EBUSY : ret;
}

/**
 * hcx_device_exit() - undo hcx_device_init(), when nobody has it open
 *
 * Context: process; may sleep. Waits for vCPUs that are in what was answered by it.
 */
void hcx_device_exit(void)
{
	misc_deregister(&device);
	hcx_sessions_wait();
}
