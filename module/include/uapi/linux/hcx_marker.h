/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The hypercall "marker": a guest's marker in the host's trace stream.
 *
 * RBX: an id, of the guest's choice
 * RCX: a value, likewise
 * RDX: the guest-physical address of a text, with no terminator
 * RSI: its length, 0 to %HCX_MARKER_TEXT_MAX; 0: there is none, and RDX is ignored
 *
 * The result is 0, also where the host is not tracing; or
 * * -KVM_E2BIG - the text is longer than that
 * * -KVM_EINVAL, -KVM_EFAULT, -KVM_EOPNOTSUPP - the text is not in the guest's memory
 *   (Documentation/guest-abi.rst); the marker is not traced
 *
 * Since: 0.2
 */
#ifndef _UAPI_LINUX_HCX_MARKER_H
#define _UAPI_LINUX_HCX_MARKER_H

#define HCX_MARKER_NAME		"marker"

/* The longest text, in bytes. What is not printable ASCII is traced as '?'. */
#define HCX_MARKER_TEXT_MAX	47

#endif /* _UAPI_LINUX_HCX_MARKER_H */
