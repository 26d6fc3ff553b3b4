/* SPDX-License-Identifier: GPL-2.0 */
/* VMs that have called, and how they go. */
#ifndef _HCX_VM_H
#define _HCX_VM_H

#include <linux/list.h>
#include <linux/kvm_host.h>

/* Two numbers of up to 11 characters, and the '-'. */
#define HCX_VM_NAME_LEN	24

/**
 * struct hcx_vm - a VM that has called a handler
 * @kvm: the VM
 * @name: PID-FD of its VMM, as in KVM's own debugfs
 * @bindings: its vCPUs'
 * @next: in the list of VMs
 * @rcu: for kfree_rcu()
 */
struct hcx_vm {
	struct kvm *kvm;
	char name[HCX_VM_NAME_LEN];
	struct list_head bindings;
	struct list_head next;
	struct rcu_head rcu;
};

struct hcx_vm *hcx_vm_of(struct kvm *kvm);
int hcx_vms_init(void);
void hcx_vms_exit(void);

#endif /* _HCX_VM_H */
