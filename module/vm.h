/* SPDX-License-Identifier: GPL-2.0 */
/* VMs that have called, and how they go. */
#ifndef _HCX_VM_H
#define _HCX_VM_H

#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include "policy.h"

/* Two numbers of up to 11 characters, and the '-'. */
#define HCX_VM_NAME_LEN	24

/**
 * struct hcx_vm - a VM that has called a handler, or that a program answers in
 * @kvm: the VM; NULL once it is gone
 * @users: who keeps this: the VM itself, and each that hcx_vm_get() returned it to
 * @id: no two have the same
 * @name: PID-FD of its VMM, as in KVM's own debugfs
 * @vmm: who that is
 * @rules: its own; under hcx_binding_lock, as the next two
 * @has_called: it has called a number that something answers
 * @forwarded: its calls that its VMM is to answer
 * @forwarder: what counts its calls that no handler has and its VMM answers, or NULL
 * @handlers: how many are registered in it alone; under the registry's lock
 * @next_allotted: the number to try first for one of them; likewise
 * @touching: a worker touches its memory, see touch.c
 * @bindings: its vCPUs'
 * @hash: in the table of VMs
 * @sessions: those that are about it; under session.c's lock
 * @going: tells them that it is gone
 * @rcu: for kfree_rcu()
 */
struct hcx_vm {
	struct kvm *kvm;
	refcount_t users;
	u64 id;
	char name[HCX_VM_NAME_LEN];
	struct hcx_subject vmm;
	struct list_head rules;
	bool has_called;
	struct list_head forwarded;
	struct hcx_entry *forwarder;
	unsigned int handlers;
	u32 next_allotted;
	bool touching;
	struct list_head bindings;
	struct hlist_node hash;
	struct list_head sessions;
	struct work_struct going;
	struct rcu_head rcu;
};

/* For what has to be done later, from where it cannot be. */
extern struct workqueue_struct *hcx_workqueue;

struct hcx_vm *hcx_vm_of(struct kvm *kvm);
struct hcx_vm *hcx_vm_get(struct kvm *kvm);
void hcx_vm_put(struct hcx_vm *vm);
struct hcx_vm *hcx_vm_find(const struct kvm *kvm);
void hcx_vms_walk(void (*look)(struct hcx_vm *vm, void *data), void *data);
int hcx_vms_init(void);
void hcx_vms_exit(void);

#endif /* _HCX_VM_H */
