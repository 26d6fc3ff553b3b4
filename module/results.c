// SPDX-License-Identifier: GPL-2.0
/* Registers that a handler returns values in, beside RAX. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "registry.h"

void hcx_set_result(struct hcx_call *call, unsigned int n, u64 value)
{
	static const u8 registers[] = {
		VCPU_REGS_RBX, VCPU_REGS_RCX, VCPU_REGS_RDX, VCPU_REGS_RSI,
	};

	/* No WARN(): a guest can call such a handler, and a host may panic on one. */
	if (n >= ARRAY_SIZE(registers) ||
	    !(call->binding->entry->flags & (HCX_RESULT_RBX << n))) {
		pr_warn_once("'%.*s' sets result %u, which its flags do not declare\n",
			     HCX_NAME_LEN, call->binding->entry->name.text, n);
		return;
	}
	call->vcpu->arch.regs[registers[n]] = call->long_mode ? value : (u32)value;
}
EXPORT_SYMBOL_GPL(hcx_set_result);
