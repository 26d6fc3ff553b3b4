/* SPDX-License-Identifier: GPL-2.0 */
/* What the guest's small programs share: how they reach a hypercall, or say why not. */
#ifndef _HCX_TOOL_H
#define _HCX_TOOL_H

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hcx_dev.h>
#include <string.h>
#include <sys/ioctl.h>

static inline int open_hcx(void)
{
	int dev = open(HCX_DEV_PATH, O_RDWR | O_CLOEXEC);

	if (dev < 0 && (errno == ENOENT || errno == ENXIO))
		errx(1, "there is no " HCX_DEV_PATH "; in this guest, as root: modprobe hcx_guest");
	if (dev < 0 && errno == EACCES)
		errx(1, HCX_DEV_PATH " is root's: run this as root");
	if (dev < 0)
		err(1, HCX_DEV_PATH);

	return dev;
}

static inline __u32 find_hypercall(int dev, const char *name)
{
	struct hcx_dev_find find = { .flags = 0 };

	memcpy(find.name, name, strnlen(name, sizeof(find.name)));
	if (!ioctl(dev, HCX_IOC_FIND, &find))
		return find.nr;
	if (errno == ENXIO)
		errx(1, "the host has no kvm-hcx; on the host, as root: modprobe -a kvm_hcx hcx_%s",
		     name);
	if (errno == ENOENT)
		errx(1, "the host does not answer \"%s\"; on the host, as root: modprobe hcx_%s",
		     name, name);
	err(1, "asking the host for \"%s\"", name);
}

static inline void make_call(int dev, struct hcx_dev_call *call)
{
	if (ioctl(dev, HCX_IOC_CALL, call))
		err(1, "calling the host");
	if (call->rax)
		errx(1, "the host answers with error %lld; Documentation/guest-abi.rst lists them",
		     (long long)call->rax);
}

#endif /* _HCX_TOOL_H */
