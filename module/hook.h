/* SPDX-License-Identifier: GPL-2.0 */
/* How kvm_emulate_hypercall() comes to call hcx_hypercall(). */
#ifndef _HCX_HOOK_H
#define _HCX_HOOK_H

#include "compat.h"

int hcx_hook_prepare(void);
void hcx_hook_release(void);
int hcx_hook_attach(void);
void hcx_hook_detach(void);

int hcx_trace_function(struct ftrace_ops *ops, void *function);
void hcx_untrace_function(struct ftrace_ops *ops);

/* Read by trampoline.S. */
extern unsigned long hcx_redirected_body;

/* trampoline.S */
void hcx_trampoline(void);
void hcx_trampoline_redirected(void);
int hcx_call_kvm(struct kvm_vcpu *vcpu, unsigned long body);

/* dispatch.c */
__noendbr unsigned long hcx_hypercall(struct kvm_vcpu *vcpu, unsigned long body);

#endif /* _HCX_HOOK_H */
