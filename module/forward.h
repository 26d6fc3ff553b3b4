/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that a VMM answers. */
#ifndef _HCX_FORWARD_H
#define _HCX_FORWARD_H

#include <linux/types.h>

struct hcx_call;
struct hcx_entry;
struct hcx_vm;
struct kvm;

long hcx_forward(struct hcx_call *call);
int hcx_forward_prepare(struct hcx_vm *vm);
struct hcx_entry *hcx_find_forwarder(const struct kvm *kvm, u64 nr);
void hcx_forward_forget(struct hcx_vm *vm);
void hcx_forward_exit(void);

#endif /* _HCX_FORWARD_H */
