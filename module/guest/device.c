// SPDX-License-Identifier: GPL-2.0
/* /dev/hcx: hypercalls for a guest's programs. uapi/linux/hcx_dev.h is its interface. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <uapi/linux/hcx_dev.h>
#include <uapi/linux/hcx_guest.h>
#include "buffer.h"

#define CALL_FLAGS_BUFFER	(HCX_CALL_BUFFER_READ | HCX_CALL_BUFFER_WRITE)
#define CALL_FLAGS		(CALL_FLAGS_BUFFER | HCX_CALL_RETRY)

/* Written once, before the device is there. */
static struct hcx_guest guest;

/* The host can load and unload kvm-hcx at any time, so it is asked each time. */
static long ask_version(void)
{
	long long version = hcx_guest_version(&guest);

	if (version < 0)
		return -ENXIO;

	return version > HCX_ABI_VERSION ? -EPROTONOSUPPORT : version;
}

static long get_info(struct hcx_dev_info *info)
{
	long long features;
	long version;

	if (info->flags)
		return -EINVAL;
	version = ask_version();
	if (version < 0)
		return version;
	features = hcx_guest_features(&guest);
	if (features < 0)
		return -ENXIO;
	info->abi_version = version;
	info->features = features;

	return 0;
}

static long find(struct hcx_dev_find *find)
{
	long long nr, nr_flags;
	long version;

	if (find->flags || find->reserved)
		return -EINVAL;
	version = ask_version();
	if (version < 0)
		return version;
	nr = hcx_guest_find(&guest, find->name);
	if (nr < 0)
		return nr == -HCX_GUEST_E2BIG ? -ENAMETOOLONG : -ENOENT;
	/* It can have gone since. */
	nr_flags = hcx_guest_flags(&guest, nr);
	if (nr_flags < 0)
		return -ENOENT;
	find->nr = nr;
	find->nr_flags = nr_flags;

	return 0;
}

static bool args_fit(const struct hcx_dev_call *call)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(call->args); i++)
		if (call->args[i] != (unsigned long)call->args[i])
			return false;

	return true;
}

static bool buffer_fits(const struct hcx_dev_call *call)
{
	if (!(call->flags & CALL_FLAGS_BUFFER))
		return !call->buffer && !call->buffer_len && !call->buffer_arg;

	return call->buffer_arg < ARRAY_SIZE(call->args) &&
	       !call->args[array_index_nospec(call->buffer_arg, ARRAY_SIZE(call->args))];
}

/* KVM's own are for the kernel: with them a program could meddle in what it runs. */
static bool call_is_sound(const struct hcx_dev_call *call)
{
	return !(call->flags & ~CALL_FLAGS) && call->nr > HCX_NR_KVM_LAST &&
	       call->nr <= HCX_NR_LAST && args_fit(call) && buffer_fits(call);
}

static void call_once(struct hcx_dev_call *call, const u64 *args)
{
	struct hcx_regs regs = {
		.rbx = args[0],
		.rcx = args[1],
		.rdx = args[2],
		.rsi = args[3],
	};

	call->rax = hcx_guest_call(&guest, call->nr, &regs);
	call->results[0] = regs.rbx;
	call->results[1] = regs.rcx;
	call->results[2] = regs.rdx;
	call->results[3] = regs.rsi;
}

/* Soon at first, then less and less often, at least ten times a second. */
static long call_until_answered(struct hcx_dev_call *call, const u64 *args)
{
	unsigned long pause = 1;

	while (!signal_pending(current)) {
		call_once(call, args);
		if (call->rax != -HCX_EAGAIN || !(call->flags & HCX_CALL_RETRY))
			return 0;
		schedule_timeout_interruptible(pause);
		pause = min_t(unsigned long, 2 * pause, HZ / 10);
	}
	return -EINTR;
}

static long call_with_buffer(struct hcx_dev_call *call, u64 *args)
{
	struct hcx_buffer buffer;
	long error;

	error = hcx_buffer_get(&buffer, call->buffer, call->buffer_len,
			       call->flags & HCX_CALL_BUFFER_WRITE);
	if (error)
		return error;
	args[array_index_nospec(call->buffer_arg, ARRAY_SIZE(call->args))] = buffer.gpa;
	error = call_until_answered(call, args);
	hcx_buffer_put(&buffer);

	return error;
}

static long call(struct hcx_dev_call *call)
{
	u64 args[ARRAY_SIZE(call->args)];

	if (!call_is_sound(call))
		return -EINVAL;
	memcpy(args, call->args, sizeof(args));
	if (call->flags & CALL_FLAGS_BUFFER)
		return call_with_buffer(call, args);

	return call_until_answered(call, args);
}

static long hcx_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	union {
		struct hcx_dev_info info;
		struct hcx_dev_find find;
		struct hcx_dev_call call;
	} what;
	void __user *argument = (void __user *)arg;
	long error;

	if (cmd != HCX_IOC_INFO && cmd != HCX_IOC_FIND && cmd != HCX_IOC_CALL)
		return -ENOTTY;
	if (copy_from_user(&what, argument, _IOC_SIZE(cmd)))
		return -EFAULT;

	if (cmd == HCX_IOC_INFO)
		error = get_info(&what.info);
	else if (cmd == HCX_IOC_FIND)
		error = find(&what.find);
	else
		error = call(&what.call);
	if (error)
		return error;

	return copy_to_user(argument, &what, _IOC_SIZE(cmd)) ? -EFAULT : 0;
}

static const struct file_operations hcx_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = hcx_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* Whoever opens it can make any handler do anything that the kernel could: root only. */
static struct miscdevice hcx_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hcx",
	.fops = &hcx_fops,
	.mode = 0600,
};

static int __init hcx_guest_init(void)
{
	if (hcx_guest_detect(&guest) == -HCX_GUEST_ENODEV) {
		pr_err("this is no KVM guest: load this module in a guest, and kvm_hcx on its host\n");
		return -ENODEV;
	}

	return misc_register(&hcx_device);
}

static void __exit hcx_guest_exit(void)
{
	misc_deregister(&hcx_device);
}

module_init(hcx_guest_init);
module_exit(hcx_guest_exit);
MODULE_DESCRIPTION("/dev/hcx: kvm-hcx hypercalls for a guest's programs");
MODULE_LICENSE("GPL");
