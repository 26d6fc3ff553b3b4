/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kvm_hcx, by which programs on the host answer hypercalls: the ioctls of
 * kvm_hcx.ko. Documentation/user-space.rst is its guide.
 *
 * A descriptor is about one VM, or about all. What it sets up belongs to the open file
 * and is undone when the last descriptor of it is closed; whoever holds one, by dup(),
 * fork(), exec() or SCM_RIGHTS, can use it.
 *
 * The structures are the same in 32-bit and 64-bit programs. Whoever calls sets all that
 * has no meaning to 0; a bit that the core does not know is -EINVAL.
 *
 * What read() and write() take will have these sizes for ever, unless a program asks for
 * others.
 *
 * The errors of every ioctl: -EFAULT, a structure is not in the program's memory;
 * -ENOTTY, the core does not know the ioctl; -EINTR, a signal. Of every ioctl but
 * HCX_HOST_VERSION and HCX_HOST_SET_VM: -ENOTCONN, the descriptor is about no VM yet;
 * -ENODEV, its VM is gone.
 */
#ifndef _UAPI_LINUX_HCX_HOST_H
#define _UAPI_LINUX_HCX_HOST_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include "kvm_hcx.h"

#define HCX_HOST_PATH		"/dev/kvm_hcx"

/* Raised whenever something is added below. */
#define HCX_HOST_API_VERSION	1

/* How many numbers one descriptor may answer, and how many may be in one VM. */
#define HCX_HOST_HANDLERS_MAX	64
#define HCX_HOST_VM_HANDLERS_MAX 64

/* How many doorbells one number may have. */
#define HCX_HOST_DOORBELLS_MAX	64

/* The most that HCX_HOST_MEMORY copies at a time. */
#define HCX_HOST_MEMORY_MAX	65536

/* How many rules one VM may have, and how many there may be beside. */
#define HCX_HOST_VM_RULES_MAX	64
#define HCX_HOST_RULES_MAX	256

/* The highest rate, and the longest burst, that a rule can limit calls to. */
#define HCX_HOST_RATE_MAX	1000000

/* struct hcx_host_vm: all VMs, those to come among them; takes CAP_SYS_ADMIN. */
#define HCX_HOST_ALL_VMS	(1 << 0)

/**
 * struct hcx_host_vm - which VM a descriptor is about: HCX_HOST_SET_VM
 * @fd: the VM's descriptor, as KVM_CREATE_VM made it; -1 with %HCX_HOST_ALL_VMS
 * @flags: 0 or %HCX_HOST_ALL_VMS
 *
 * Errors:
 * * -EINVAL - an unknown flag; or @fd is not -1 with %HCX_HOST_ALL_VMS
 * * -EBADF - @fd is no descriptor of a VM
 * * -EPERM - the VM is another process's; or all VMs, without CAP_SYS_ADMIN
 * * -EISCONN - the descriptor is about a VM, or about all, already
 * * -EOPNOTSUPP - the core could run no VM when it was loaded, so it cannot tell what
 *   is one
 * * -ENOMEM - no memory
 *
 * Since: 0.4
 */
struct hcx_host_vm {
	__s32 fd;
	__u32 flags;
};

/**
 * struct hcx_host_serve - answer a number: HCX_HOST_SERVE
 * @nr: the number, as in struct hcx_handler; %HCX_NR_ANY to be allotted one, which is
 *	filled in
 * @flags: a set of %HCX_RING3, %HCX_RESULT_RBX and their like, and %HCX_OPT_IN where the
 *	descriptor is about all VMs
 * @budget_ms: how long a guest waits for an answer at most, in milliseconds, 1 to 15000;
 *	0 for 1000. It gets -%HCX_ETIMEDOUT then.
 * @reserved: 0
 * @name: the name by which the guest finds it, with zero bytes behind where it is
 *	shorter than that; as in struct hcx_handler
 *
 * Its requests are read from the descriptor, and the responses written to it.
 *
 * Errors:
 * * -EINVAL - a field is wrong
 * * -EEXIST - the number or the name is taken, in this VM or for all
 * * -ENOSPC - the descriptor or the VM has as many as it may; or %HCX_MAX_HANDLERS
 *   are registered for all VMs
 * * -ENOMEM - no memory
 *
 * Since: 0.4
 */
struct hcx_host_serve {
	__u32 nr;
	__u32 flags;
	__u32 budget_ms;
	__u32 reserved;
	char name[HCX_NAME_LEN];
};

/* struct hcx_host_doorbell: it rings only where RBX has @value; take it away again. */
#define HCX_HOST_VALUE		(1 << 16)
#define HCX_HOST_DEASSIGN	(1 << 17)

/**
 * struct hcx_host_doorbell - signal an eventfd when a number is called: HCX_HOST_DOORBELL
 * @nr: the number, as for struct hcx_host_serve
 * @flags: a set of %HCX_HOST_VALUE, %HCX_HOST_DEASSIGN, %HCX_RING3, and %HCX_OPT_IN as for
 *	struct hcx_host_serve
 * @value: what the guest must pass in RBX, with %HCX_HOST_VALUE; else 0
 * @fd: the eventfd
 * @reserved: 0
 * @name: as for struct hcx_host_serve
 *
 * The guest finds 0 in RAX; -%KVM_ENOSYS where no doorbell of the number has its value.
 * A number can have several doorbells of one descriptor, all with the same @name,
 * %HCX_RING3 and %HCX_OPT_IN: a call rings each that fits. To take one away @name is empty, and
 * all else as it was.
 *
 * Errors: as for HCX_HOST_SERVE, and
 * * -EBADF, -EINVAL - @fd is no eventfd
 * * -EEXIST - there is this very doorbell
 * * -ENOENT - there is no such doorbell to take away
 *
 * Since: 0.4
 */
struct hcx_host_doorbell {
	__u32 nr;
	__u32 flags;
	__aligned_u64 value;
	__s32 fd;
	__u32 reserved;
	char name[HCX_NAME_LEN];
};

/**
 * struct hcx_host_end - stop answering a number: HCX_HOST_END
 * @nr: the number
 * @flags: 0
 *
 * A request in flight ends with -%HCX_EPIPE in the guest.
 *
 * Errors:
 * * -EINVAL - an unknown flag
 * * -ENOENT - the descriptor does not answer it
 *
 * Since: 0.4
 */
struct hcx_host_end {
	__u32 nr;
	__u32 flags;
};

/* struct hcx_host_request: who called. */
#define HCX_HOST_LONG_MODE	(1 << 0)
#define HCX_HOST_USER		(1 << 1)

/**
 * struct hcx_host_request - a call that waits for its answer, as read() has it
 * @id: names it to write() and HCX_HOST_MEMORY; no two requests of a descriptor have
 *	the same
 * @vm: names the VM; no two VMs have the same while the core is loaded
 * @pid: the process of its VMM, as the initial PID namespace numbers it
 * @vcpu: the vCPU's id, as KVM_CREATE_VCPU got it
 * @nr: the number
 * @flags: a set of %HCX_HOST_LONG_MODE, the caller is in 64-bit mode (else arguments and
 *	results have 32 bits), and %HCX_HOST_USER, its CPL is not 0
 * @args: RBX, RCX, RDX, RSI
 *
 * read() returns as many whole ones as wait and fit. It waits for one, unless the file is
 * O_NONBLOCK; before HCX_HOST_SET_VM, too. It returns 0 when the descriptor's VM is gone.
 * Its errors: -EINVAL, not even one fits; -EAGAIN, none waits and the file is O_NONBLOCK;
 * -EINTR, a signal; -EFAULT, the buffer is not the program's. What cannot be written there
 * waits on, and is the next to be read.
 *
 * poll() has POLLIN while one waits, POLLHUP when the descriptor's VM is gone.
 *
 * Since: 0.4
 */
struct hcx_host_request {
	__aligned_u64 id;
	__aligned_u64 vm;
	__s32 pid;
	__u32 vcpu;
	__u32 nr;
	__u32 flags;
	__aligned_u64 args[4];
};

/**
 * struct hcx_host_response - the answer to a request, as write() takes it
 * @id: the request's
 * @result: for RAX; errors are below 0, in KVM's numbering
 * @results: for RBX, RCX, RDX and RSI, where the number's flags declare them; else 0
 *
 * write() takes as many whole ones as there are, and returns how many bytes it took: it
 * stops at one that is wrong. Its errors, where that is the first: -ENOENT, no such
 * request is in flight (it has been answered, its time is over, or its VMM is being
 * killed); -EINVAL, the size is not that of whole ones; -EFAULT.
 *
 * Since: 0.4
 */
struct hcx_host_response {
	__aligned_u64 id;
	__s64 result;
	__aligned_u64 results[4];
};

/* struct hcx_host_memory: write to it; else read it. */
#define HCX_HOST_WRITE		(1 << 0)

/**
 * struct hcx_host_memory - copy from or to a caller's memory: HCX_HOST_MEMORY
 * @id: the request, which has been read and not been answered
 * @gpa: from, or to, this guest-physical address
 * @addr: to, or from, this address in the calling program
 * @len: so many bytes, 1 to %HCX_HOST_MEMORY_MAX
 * @flags: 0 or %HCX_HOST_WRITE
 *
 * The waiting vCPU's thread copies, as hcx_read_guest() and hcx_write_guest() do, whose
 * errors these are, without "KVM_" and "HCX_": so -EINVAL, -EPERM, -EFAULT, -EOPNOTSUPP,
 * -EBUSY, -EINTR; and
 * * -EINVAL - an unknown flag, or @len is not 1 to %HCX_HOST_MEMORY_MAX
 * * -ENOENT - no such request is in flight, or it ended before it had copied
 * * -EBUSY - another copy of the same request is under way
 * * -ETIMEDOUT - the VMM's memory was not there before the request's budget was spent
 * * -EINTR - a signal
 * * -ENOMEM - no memory
 *
 * After -ETIMEDOUT and -EINTR what was to be written may have been written, or be yet.
 *
 * Since: 0.4
 */
struct hcx_host_memory {
	__aligned_u64 id;
	__aligned_u64 gpa;
	__aligned_u64 addr;
	__u32 len;
	__u32 flags;
};

/* struct hcx_host_rule: what becomes of a call. */
#define HCX_HOST_HANDLE		0
#define HCX_HOST_DENY		1
#define HCX_HOST_FORWARD	2
#define HCX_HOST_ALLOW		3

/* struct hcx_host_rule: whose VMs it is about, the most particular first. */
#define HCX_HOST_OF_PROCESS	0
#define HCX_HOST_OF_CGROUP	1
#define HCX_HOST_OF_USER	2
#define HCX_HOST_OF_EVERYONE	3

/* struct hcx_host_rule: take it away again; let it stay when the descriptor is closed. */
#define HCX_HOST_REMOVE		(1 << 0)
#define HCX_HOST_KEEP		(1 << 1)

/**
 * struct hcx_host_rule - what becomes of calls to some numbers: HCX_HOST_RULE
 * @verb: %HCX_HOST_HANDLE, the handler answers; %HCX_HOST_DENY, the guest finds what it
 *	would if there were none; %HCX_HOST_FORWARD, the VMM answers; %HCX_HOST_ALLOW,
 *	the handler answers if the VMM says HANDLE, too, and not otherwise
 * @flags: a set of %HCX_HOST_REMOVE, %HCX_HOST_KEEP
 * @first: the first number, above %HCX_NR_KVM_LAST
 * @last: the last one, @first to %HCX_NR_LAST
 * @rate: how often a VM may call each of them, in calls per second, 1 to
 *	%HCX_HOST_RATE_MAX; 0: as often as it likes. With DENY it is 0. Numbers that have
 *	no handler and are forwarded count as one: what a call of one took, a call of another
 *	lacks, at the other's rate.
 * @burst: how many calls it may have saved up, 1 to %HCX_HOST_RATE_MAX; 0 for as many as
 *	@rate. Without a rate it is 0.
 * @subject: whose VMs: %HCX_HOST_OF_PROCESS, %HCX_HOST_OF_CGROUP, %HCX_HOST_OF_USER,
 *	%HCX_HOST_OF_EVERYONE. Of a VM's descriptor it is 0, and so are @id and all flags but
 *	REMOVE.
 * @id: the VMM's process, by its pid; a descriptor of a directory in the cgroup2
 *	file system, which those below are part of; the effective user, by his uid; 0
 *	for %HCX_HOST_OF_EVERYONE
 *
 * What becomes of a call is what these say, and the first that says something:
 *
 * 1. the administrator's DENY
 * 2. the VM's own DENY or FORWARD
 * 3. the administrator's HANDLE
 * 4. with the administrator's ALLOW the VM's own HANDLE, and DENY without
 * 5. DENY for what is registered with %HCX_OPT_IN, HANDLE for all else
 *
 * The administrator's are the rules of descriptors that are about all VMs; the most
 * particular @subject decides, of several rules of the same the one that was set last.
 * Of a VM's rules the one that was set last decides. What a VMM's process, cgroup and
 * user are was looked at when the VM first called a number that has a handler, or was
 * first named to HCX_HOST_SET_VM.
 *
 * A guest that calls more often than it may gets -%HCX_EAGAIN. The lower of the
 * administrator's rate and the VM's own counts, and so does the lower burst. Rings share
 * a number's tokens.
 *
 * A VM's rules can be set until it first calls a number that a handler has. Later only
 * what tightens them is taken: DENY is tighter than FORWARD, that than HANDLE, and a
 * lower rate than a higher one. HANDLE must have a rate then, and opens nothing that was
 * not open; FORWARD is taken for what is opt-in, too, whose handler it does not reach. The
 * administrator can do everything at any time.
 *
 * A rule is about numbers, whatever handler has them: one that is allotted a number can
 * have another when it is registered again. What must not be reached is best registered
 * with %HCX_OPT_IN.
 *
 * A rule is replaced by one with the same numbers and subject of the same descriptor.
 * When the descriptor is closed its rules go, but for those with KEEP; and those of a VM
 * which has called already stay as far as they tighten, FORWARD as DENY. A rule with
 * KEEP is the core's, and can be taken away by any descriptor that is about all VMs. One
 * about a process or cgroup that is gone goes by itself when another is set.
 *
 * With FORWARD, KVM_RUN returns with exit_reason KVM_EXIT_HYPERCALL, and in run->hypercall
 * nr, args[0] to args[3] and flags (KVM_EXIT_HYPERCALL_LONG_MODE, or 0); the next KVM_RUN
 * puts run->hypercall.ret, which is -%KVM_ENOSYS as it comes, into RAX, unless
 * that was changed in between. Ring 0's calls only are forwarded: the exit does not tell the ring.
 * To discovery such a number is there, with no flags, and no name is its.
 *
 * Errors:
 * * -EINVAL - a field is wrong, or means nothing with this descriptor: FORWARD with one
 *   that is about all VMs, ALLOW with one that is not
 * * -EBUSY - the VM has called already, and this would loosen its rules
 * * -EPERM - HANDLE, and one of the numbers is registered with %HCX_OPT_IN, and the
 *   administrator does not allow it
 * * -ESRCH - there is no such process
 * * -EBADF - @id is no descriptor of a cgroup2
 * * -ENOENT - there is no such rule to take away
 * * -ENOSPC - there are %HCX_HOST_VM_RULES_MAX rules of the VM, or %HCX_HOST_RULES_MAX of
 *   the administrator's
 * * -ENOMEM - no memory
 *
 * Since: 0.4
 */
struct hcx_host_rule {
	__u32 verb;
	__u32 flags;
	__u32 first;
	__u32 last;
	__u32 rate;
	__u32 burst;
	__u32 subject;
	__u32 id;
};

/* Returns HCX_HOST_API_VERSION. */
#define HCX_HOST_VERSION	_IO(0xbc, 0x80)
#define HCX_HOST_SET_VM		_IOW(0xbc, 0x81, struct hcx_host_vm)
#define HCX_HOST_SERVE		_IOWR(0xbc, 0x82, struct hcx_host_serve)
#define HCX_HOST_DOORBELL	_IOWR(0xbc, 0x83, struct hcx_host_doorbell)
#define HCX_HOST_END		_IOW(0xbc, 0x84, struct hcx_host_end)
#define HCX_HOST_MEMORY		_IOW(0xbc, 0x85, struct hcx_host_memory)
#define HCX_HOST_RULE		_IOW(0xbc, 0x86, struct hcx_host_rule)

#endif /* _UAPI_LINUX_HCX_HOST_H */
