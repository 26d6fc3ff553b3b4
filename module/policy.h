/* SPDX-License-Identifier: GPL-2.0 */
/* Which VM may call which number, and how often. */
#ifndef _HCX_POLICY_H
#define _HCX_POLICY_H

#include <linux/cgroup.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <uapi/linux/hcx_host.h>

struct hcx_call;
struct hcx_entry;
struct hcx_session;
struct hcx_vm;
struct pid;

/*
 * How often: @rate calls per second, or 0 for no limit; up to @burst at a time. They are read and
 * written as one.
 */
struct hcx_limit {
	union {
		struct {
			u32 rate;
			u32 burst;
		};
		u64 both;
	};
};

/* What becomes of a call: @verb is HCX_HOST_HANDLE, HCX_HOST_DENY or HCX_HOST_FORWARD. */
struct hcx_verdict {
	u32 verb;
	struct hcx_limit limit;
};

/* The process, control group and user that a VMM is; or, of a rule, one of them. */
struct hcx_subject {
	struct pid *pid;
	struct cgroup *cgroup;
	kuid_t uid;
};

void hcx_subject_is_current(struct hcx_subject *subject);
void hcx_subject_put(struct hcx_subject *subject);

struct hcx_verdict hcx_judge(const struct hcx_vm *vm, u32 nr, bool opt_in);
u32 hcx_verb(const struct hcx_vm *vm, const struct hcx_entry *entry, u32 nr);
long hcx_call_denied(struct hcx_call *call);

int hcx_rule_set(struct hcx_session *session, const struct hcx_host_rule *rule);
void hcx_rules_close(const struct hcx_session *session);
void hcx_rules_free(struct list_head *rules);
void hcx_rules_walk(void (*show)(const char *who, const struct hcx_host_rule *rule, void *data),
		    void *data);
void hcx_rules_exit(void);

#endif /* _HCX_POLICY_H */
