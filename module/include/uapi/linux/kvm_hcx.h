/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The guest ABI of kvm-hcx: what a guest needs to find and call a hypercall.
 * Documentation/guest-abi.rst is its text.
 */
#ifndef _UAPI_LINUX_KVM_HCX_H
#define _UAPI_LINUX_KVM_HCX_H

/*
 * "KX" and a version, 1 to 0xffff, which is raised when a guest written for an older
 * one would be misled. What another hypercall interface answers is out of this range.
 */
#define HCX_ABI_VERSION		0x4b580001
#define HCX_ABI_VERSION_LAST	0x4b58ffff

/* KVM's own numbers end here (KVM_HC_MAP_GPA_RANGE, uapi/linux/kvm_para.h). */
#define HCX_NR_KVM_LAST		12

/* "KX": numbers that the host allots; the first of them answers discovery. */
#define HCX_NR_DISCOVERY	0x4b580000
#define HCX_NR_ALLOTTED_FIRST	0x4b580001
#define HCX_NR_ALLOTTED_LAST	0x4b58ffff

/* The largest number that can be registered. */
#define HCX_NR_LAST		0x7fffffff

/* No number: whoever registers a hypercall asks for one to be allotted. */
#define HCX_NR_ANY		0xffffffff

/* Bytes of a hypercall's name, without a terminator. */
#define HCX_NAME_LEN		16

/* What discovery is asked for, in RBX. */
#define HCX_DISCOVER_VERSION	0
#define HCX_DISCOVER_FEATURES	1
#define HCX_DISCOVER_NUMBER	2
#define HCX_DISCOVER_NAME	3

/* HCX_DISCOVER_FEATURES: a hypercall can be open to ring 3. */
#define HCX_FEATURE_RING3	(1 << 0)

/* HCX_DISCOVER_FEATURES: a hypercall can have the result registers below. */
#define HCX_FEATURE_RESULTS	(1 << 1)

/* HCX_DISCOVER_NUMBER, and struct hcx_handler's flags: open to ring 3. */
#define HCX_RING3		(1 << 0)

/* struct hcx_handler's flags: for VMs that a rule opens it to (HCX_HOST_RULE). */
#define HCX_OPT_IN		(1 << 1)

/*
 * HCX_DISCOVER_NUMBER, and struct hcx_handler's flags: it may return a value in this register, too.
 * No other is changed.
 */
#define HCX_RESULT_RBX		(1 << 4)
#define HCX_RESULT_RCX		(1 << 5)
#define HCX_RESULT_RDX		(1 << 6)
#define HCX_RESULT_RSI		(1 << 7)

/*
 * Results that are errors, beside KVM's own (KVM_EFAULT and its like,
 * uapi/linux/kvm_para.h); negative in RAX, numbered as Linux numbers errno.
 */
#define HCX_EINTR		4	/* the VMM is being killed: no guest sees it */
#define HCX_EAGAIN		11	/* not now: call again */
#define HCX_EBUSY		16	/* not while the VMM tracks writes to memory as it does */
#define HCX_EPIPE		32	/* who was to answer went away meanwhile */
#define HCX_ETIMEDOUT		110	/* the hypercall's time budget is spent */

#endif /* _UAPI_LINUX_KVM_HCX_H */
