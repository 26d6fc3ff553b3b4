/* SPDX-License-Identifier: GPL-2.0 */
/* How kvm_emulate_hypercall() comes to call hcx_hypercall(). */
#ifndef _HCX_HOOK_H
#define _HCX_HOOK_H

struct hcx_entry;
struct kvm_vcpu;

int hcx_hook_attach(void);
void hcx_hook_detach(void);

/* Read by trampoline.S. */
extern unsigned long hcx_redirected_body;

/* trampoline.S */
void hcx_trampoline(void);
void hcx_trampoline_redirected(void);
int hcx_call_kvm(struct kvm_vcpu *vcpu, unsigned long body);

/* dispatch.c */
struct hcx_claim {
	struct kvm_vcpu *vcpu;
	unsigned long entry;
};

struct hcx_claim hcx_claim(struct kvm_vcpu *vcpu);
int hcx_hypercall(struct kvm_vcpu *vcpu, unsigned long body, struct hcx_entry *entry);
int hcx_hypercall_upper_bits(struct kvm_vcpu *vcpu, unsigned long body, unsigned long entry);

#endif /* _HCX_HOOK_H */
