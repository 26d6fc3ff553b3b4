// SPDX-License-Identifier: GPL-2.0
/* Turned into offsets.h, for trampoline.S. */
#include <linux/kbuild.h>
#include <linux/kvm_host.h>

static void __used offsets(void)
{
	OFFSET(HCX_VCPU_RAX, kvm_vcpu, arch.regs[VCPU_REGS_RAX]);
}
