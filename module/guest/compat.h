/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that the guest's driver knows about kernel versions. It is built without the
 * core, and so without its probe.c, which takes a kernel with KVM; Kbuild asks here.
 */
#ifndef _HCX_GUEST_COMPAT_H
#define _HCX_GUEST_COMPAT_H

/* 5.16, or a later 5.10: one question for the encryption of all vendors. */
#ifdef HCX_HAVE_CC_PLATFORM

#include <linux/cc_platform.h>

/* To the host, this guest's memory is ciphertext, or not there at all. */
static inline bool hcx_memory_encrypted(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

#else

#include <linux/mem_encrypt.h>

static inline bool hcx_memory_encrypted(void)
{
	return sev_active();
}

#endif
#endif /* _HCX_GUEST_COMPAT_H */
