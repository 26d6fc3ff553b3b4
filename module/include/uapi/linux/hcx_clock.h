/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The hypercall "clock": the host's clocks, read at one moment.
 *
 * It takes no argument. The result is 0 with
 *
 * RBX: CLOCK_REALTIME of the host, in nanoseconds since 1970
 * RCX: CLOCK_MONOTONIC of the host, in nanoseconds
 * RDX: the host's TSC
 * RSI: what the guest's TSC was then
 *
 * or, with the registers as they were,
 * * -KVM_EOPNOTSUPP - the caller is not in 64-bit mode, and cannot receive them
 *
 * The realtime and the monotonic clock are of exactly one moment, but for a step of the
 * clock meanwhile; the TSCs are the
 * middle of the shortest of a few readings around it.
 *
 * Since: 0.2
 */
#ifndef _UAPI_LINUX_HCX_CLOCK_H
#define _UAPI_LINUX_HCX_CLOCK_H

#define HCX_CLOCK_NAME		"clock"

#endif /* _UAPI_LINUX_HCX_CLOCK_H */
