/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/hcx, by which programs in a guest make hypercalls that are not open to ring 3:
 * the ioctls of hcx_guest.ko. Documentation/guest.rst is its guide.
 *
 * The structures are the same in 32-bit and 64-bit programs. Whoever calls sets all
 * that has no meaning to 0; a bit that the driver does not know is -EINVAL.
 *
 * The errors of every ioctl: -EFAULT, the structure is not in the program's memory;
 * -ENOTTY, the driver does not know the ioctl.
 */
#ifndef _UAPI_LINUX_HCX_DEV_H
#define _UAPI_LINUX_HCX_DEV_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include "kvm_hcx.h"

#define HCX_DEV_PATH		"/dev/hcx"

/* The longest buffer of HCX_IOC_CALL. */
#define HCX_DEV_BUFFER_MAX	65536

/**
 * struct hcx_dev_info - what kvm-hcx the host has: HCX_IOC_INFO
 * @flags: 0
 * @abi_version: %HCX_ABI_VERSION or a later version that misleads nobody who was
 *	built with this header; filled in
 * @features: a set of %HCX_FEATURE_RING3 and its like; unknown bits are to be ignored;
 *	filled in
 *
 * Errors:
 * * -EINVAL - @flags is not 0
 * * -ENXIO - the host has no kvm-hcx by now
 * * -EPROTONOSUPPORT - the host's has a later ABI than the driver
 *
 * Since: 0.2
 */
struct hcx_dev_info {
	__u32 flags;
	__u32 abi_version;
	__aligned_u64 features;
};

/**
 * struct hcx_dev_find - the number of a hypercall: HCX_IOC_FIND
 * @name: its name, with zero bytes behind where it is shorter
 * @flags: 0
 * @nr: the number; filled in
 * @nr_flags: a set of %HCX_RING3, %HCX_RESULT_RBX and their like; filled in
 * @reserved: 0
 *
 * Errors:
 * * -EINVAL - @flags or @reserved is not 0
 * * -ENOENT - no hypercall has the name
 * * -ENAMETOOLONG - the guest's kernel is a 32-bit one, which cannot ask for names of
 *   more than 12 bytes
 * * -ENXIO, -EPROTONOSUPPORT - as for HCX_IOC_INFO
 *
 * Since: 0.2
 */
struct hcx_dev_find {
	char name[HCX_NAME_LEN];
	__u32 flags;
	__u32 nr;
	__u32 nr_flags;
	__u32 reserved;
};

/* struct hcx_dev_call's flags: the host reads the buffer. */
#define HCX_CALL_BUFFER_READ	(1 << 0)

/* The host writes the buffer; it may read it, too. */
#define HCX_CALL_BUFFER_WRITE	(1 << 1)

/* While the result is -HCX_EAGAIN, sleep a little and call again. */
#define HCX_CALL_RETRY		(1 << 2)

/**
 * struct hcx_dev_call - one hypercall: HCX_IOC_CALL
 * @args: the arguments: RBX, RCX, RDX, RSI
 * @results: the same registers afterwards: a result where the hypercall has one there
 *	(%HCX_RESULT_RBX and its like), else the argument; filled in
 * @rax: the result, negative for an error in KVM's numbering; filled in
 * @buffer: the address of a buffer in the program, whose guest-physical address the
 *	hypercall takes; 0 without one
 * @buffer_len: its length, 1 to %HCX_DEV_BUFFER_MAX; 0 without one
 * @buffer_arg: 0 to 3: in which of @args the guest-physical address is passed. That of
 *	@args is 0; that of @results holds the guest-physical address, or the result.
 * @nr: the number: not one of KVM's own, 0 to %HCX_NR_KVM_LAST, which are the kernel's
 *	to call, nor above %HCX_NR_LAST
 * @flags: %HCX_CALL_RETRY, and %HCX_CALL_BUFFER_READ or %HCX_CALL_BUFFER_WRITE or both
 *	where there is a buffer
 *
 * What the hypercall answers is in @rax, and the ioctl returns 0, also if it is an
 * error. The ioctl returns an error where no hypercall was made, but for -EINTR: then
 * it was made any number of times, each answered with -%HCX_EAGAIN; and for -EFAULT if
 * the program unmaps the structure, meanwhile.
 *
 * Errors:
 * * -EINVAL - an unknown bit in @flags; a @nr that is not to be called; a buffer with
 *   no flag, or the other way round; a @buffer_arg above 3, or one whose argument is
 *   not 0; an argument that the guest's kernel, a 32-bit one, cannot pass
 * * -EMSGSIZE - @buffer_len is 0 or above %HCX_DEV_BUFFER_MAX
 * * -EFAULT - the buffer is not the program's memory, or read-only for
 *   %HCX_CALL_BUFFER_WRITE
 * * -EOPNOTSUPP - a buffer in a guest whose memory is encrypted: the host would find
 *   ciphertext
 * * -ENOMEM - no contiguous memory for a buffer whose pages are not
 * * -EINTR - a signal was there before the call, or came between two
 *
 * Since: 0.2
 */
struct hcx_dev_call {
	__aligned_u64 args[4];
	__aligned_u64 results[4];
	__s64 rax;
	__aligned_u64 buffer;
	__u32 buffer_len;
	__u32 buffer_arg;
	__u32 nr;
	__u32 flags;
};

#define HCX_IOC_INFO	_IOWR(0xbc, 0, struct hcx_dev_info)
#define HCX_IOC_FIND	_IOWR(0xbc, 1, struct hcx_dev_find)
#define HCX_IOC_CALL	_IOWR(0xbc, 2, struct hcx_dev_call)

#endif /* _UAPI_LINUX_HCX_DEV_H */
