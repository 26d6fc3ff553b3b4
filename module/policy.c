// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: which VM may call which number, and how often. uapi/linux/hcx_host.h has what they
 * mean. They are looked at when a vCPU first calls a number, and whenever one changes; what
 * came of it is a pointer in the binding, so that a call pays nothing for them.
 */
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include "binding.h"
#include "forward.h"
#include "policy.h"
#include "registry.h"
#include "session.h"
#include "trace.h"
#include "vm.h"

/* What is shown of whose VMs a rule is about; of a cgroup the end of its path. */
#define WHO_LEN		28

/**
 * struct rule - what becomes of calls to some numbers
 * @list: in rules, or in the VM's
 * @by: who set it, and takes it along; or NULL
 * @what: what it says
 * @opens: a VM's own, set in time to open what the administrator allows
 * @is_gone: whose VMs it is about: that process or cgroup
 * @subject: whose VMs it is about
 * @who: the same, for those who look
 */
struct rule {
	struct list_head list;
	const struct hcx_session *by;
	struct hcx_host_rule what;
	bool opens;
	bool is_gone;
	struct hcx_subject subject;
	char who[WHO_LEN];
};

/* The administrator's, the most particular first; under hcx_binding_lock, as are the VMs'. */
static LIST_HEAD(rules);

/**
 * hcx_subject_is_current() - note who the current process is
 * @subject: for that; hcx_subject_put() is owed
 *
 * Context: process.
 */
void hcx_subject_is_current(struct hcx_subject *subject)
{
	subject->pid = get_pid(task_tgid(current));
	subject->uid = current_euid();
	rcu_read_lock();
	do {
		subject->cgroup = task_dfl_cgroup(current);
	} while (!cgroup_tryget(subject->cgroup));
	rcu_read_unlock();
}

/**
 * hcx_subject_put() - undo hcx_subject_is_current()
 * @subject: what it noted; what is not noted is NULL
 *
 * Context: process.
 */
void hcx_subject_put(struct hcx_subject *subject)
{
	put_pid(subject->pid);
	if (subject->cgroup)
		cgroup_put(subject->cgroup);
}

static bool is_about(const struct rule *rule, const struct hcx_vm *vm)
{
	switch (rule->what.subject) {
	case HCX_HOST_OF_PROCESS:
		return rule->subject.pid == vm->vmm.pid;
	case HCX_HOST_OF_CGROUP:
		return cgroup_is_descendant(vm->vmm.cgroup, rule->subject.cgroup);
	case HCX_HOST_OF_USER:
		return uid_eq(rule->subject.uid, vm->vmm.uid);
	default:
		return true;
	}
}

static bool has_number(const struct rule *rule, u32 nr)
{
	return nr >= rule->what.first && nr <= rule->what.last;
}

/* The administrator's rule that counts, or NULL. */
static const struct rule *rule_for(const struct hcx_vm *vm, u32 nr)
{
	const struct rule *rule;

	list_for_each_entry(rule, &rules, list)
		if (has_number(rule, nr) && is_about(rule, vm))
			return rule;

	return NULL;
}

static const struct rule *rule_of(const struct hcx_vm *vm, u32 nr)
{
	const struct rule *rule;

	list_for_each_entry(rule, &vm->rules, list)
		if (has_number(rule, nr))
			return rule;

	return NULL;
}

static bool says(const struct rule *rule, u32 verb)
{
	return rule && rule->what.verb == verb;
}

/* The list in the comment of struct hcx_host_rule. */
static u32 verb_of(const struct rule *theirs, const struct rule *own, bool opt_in)
{
	if (says(theirs, HCX_HOST_DENY))
		return HCX_HOST_DENY;
	if (says(own, HCX_HOST_DENY) || says(own, HCX_HOST_FORWARD))
		return own->what.verb;
	if (says(theirs, HCX_HOST_HANDLE))
		return HCX_HOST_HANDLE;
	if (says(theirs, HCX_HOST_ALLOW))
		return own && own->opens ? HCX_HOST_HANDLE : HCX_HOST_DENY;

	return opt_in ? HCX_HOST_DENY : HCX_HOST_HANDLE;
}

static void lower(struct hcx_limit *limit, const struct rule *rule)
{
	if (!rule)
		return;
	limit->rate = min_not_zero(limit->rate, rule->what.rate);
	limit->burst = min_not_zero(limit->burst, rule->what.burst);
}

/**
 * hcx_judge() - what becomes of a VM's calls to a number
 * @vm: the VM
 * @nr: the number
 * @opt_in: it is registered with %HCX_OPT_IN
 *
 * Context: any; hcx_binding_lock is held.
 * Return: that.
 */
struct hcx_verdict hcx_judge(const struct hcx_vm *vm, u32 nr, bool opt_in)
{
	const struct rule *theirs = rule_for(vm, nr), *own = rule_of(vm, nr);
	struct hcx_verdict verdict = { .verb = verb_of(theirs, own, opt_in) };

	lockdep_assert_held(&hcx_binding_lock);
	lower(&verdict.limit, theirs);
	lower(&verdict.limit, own);

	return verdict;
}

/**
 * hcx_verb() - what becomes of a VM's calls to the number of an entry
 * @vm: the VM
 * @entry: what has the number
 * @nr: the number
 *
 * Context: any; under the rcu_read_lock_sched() that @entry was found in.
 * Return: HCX_HOST_HANDLE, HCX_HOST_DENY or HCX_HOST_FORWARD.
 */
u32 hcx_verb(const struct hcx_vm *vm, const struct hcx_entry *entry, u32 nr)
{
	u32 verb;

	if (!(entry->flags & HCX_OPT_IN) && list_empty(&rules) && list_empty(&vm->rules))
		return HCX_HOST_HANDLE;
	raw_spin_lock(&hcx_binding_lock);
	verb = hcx_judge(vm, nr, entry->flags & HCX_OPT_IN).verb;
	raw_spin_unlock(&hcx_binding_lock);

	return verb;
}

/**
 * hcx_call_denied() - answer a call as if its number had no handler
 * @call: the call
 *
 * Context: as struct hcx_handler's call.
 * Return: what KVM leaves in RAX then.
 */
long hcx_call_denied(struct hcx_call *call)
{
	hcx_count(&call->binding->counts.denied);
	trace_hcx_denied(call, "rule");

	return call->user ? -KVM_EPERM : -KVM_ENOSYS;
}

static void rule_free(struct rule *rule)
{
	hcx_subject_put(&rule->subject);
	kfree(rule);
}

/**
 * hcx_rules_free() - free rules
 * @rules: a list of them that nobody looks at
 *
 * Context: process.
 */
void hcx_rules_free(struct list_head *rules)
{
	struct rule *rule, *next;

	list_for_each_entry_safe(rule, next, rules, list)
		rule_free(rule);
}

static int note_process(struct rule *rule)
{
	struct pid *pid = find_get_pid(rule->what.id);
	bool is_process;

	rcu_read_lock();
	is_process = pid_task(pid, PIDTYPE_TGID);
	rcu_read_unlock();
	rule->subject.pid = pid;
	snprintf(rule->who, WHO_LEN, "process %u", rule->what.id);

	return is_process ? 0 : -ESRCH;
}

/* The end of a path is what tells one from the others. */
static int note_cgroup(struct rule *rule)
{
	struct cgroup *cgroup = cgroup_get_from_fd(rule->what.id);
	char *path;
	int len;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup) == -ENOMEM ? -ENOMEM : -EBADF;
	rule->subject.cgroup = cgroup;
	path = kzalloc(PATH_MAX, GFP_KERNEL_ACCOUNT);
	if (!path)
		return -ENOMEM;
	cgroup_path(cgroup, path, PATH_MAX);
	len = strlen(path);
	snprintf(rule->who, WHO_LEN, "cgroup %s", path + max(0, len - (WHO_LEN - 8)));
	hcx_make_printable(rule->who);
	kfree(path);

	return 0;
}

static int note_user(struct rule *rule)
{
	rule->subject.uid = make_kuid(current_user_ns(), rule->what.id);
	snprintf(rule->who, WHO_LEN, "user %u", rule->what.id);

	return uid_valid(rule->subject.uid) ? 0 : -EINVAL;
}

static int note_subject(struct rule *rule)
{
	switch (rule->what.subject) {
	case HCX_HOST_OF_PROCESS:
		return note_process(rule);
	case HCX_HOST_OF_CGROUP:
		return note_cgroup(rule);
	case HCX_HOST_OF_USER:
		return note_user(rule);
	default:
		strscpy(rule->who, "everyone", WHO_LEN);
		return 0;
	}
}

static struct rule *rule_make(const struct hcx_session *session, const struct hcx_host_rule *what)
{
	struct rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	int ret = 0;

	if (!rule)
		return ERR_PTR(-ENOMEM);
	rule->what = *what;
	if (!what->burst)
		rule->what.burst = what->rate;
	rule->by = what->flags & HCX_HOST_KEEP ? NULL : session;
	if (!session->vm)
		ret = note_subject(rule);
	if (ret) {
		rule_free(rule);
		return ERR_PTR(ret);
	}

	return rule;
}

static int check_limit(const struct hcx_host_rule *rule)
{
	if (rule->rate > HCX_HOST_RATE_MAX || rule->burst > HCX_HOST_RATE_MAX)
		return -EINVAL;
	if ((rule->burst && !rule->rate) || (rule->rate && rule->verb == HCX_HOST_DENY))
		return -EINVAL;

	return 0;
}

static int check_who(const struct hcx_host_rule *rule, bool of_vm)
{
	if (of_vm)
		return rule->subject || rule->id || rule->flags & HCX_HOST_KEEP ||
		       rule->verb == HCX_HOST_ALLOW ? -EINVAL : 0;

	return rule->subject > HCX_HOST_OF_EVERYONE || rule->verb == HCX_HOST_FORWARD ||
	       (rule->subject == HCX_HOST_OF_EVERYONE && rule->id) ? -EINVAL : 0;
}

static int check(const struct hcx_host_rule *rule, bool of_vm)
{
	if (rule->verb > HCX_HOST_ALLOW || rule->flags & ~(HCX_HOST_REMOVE | HCX_HOST_KEEP))
		return -EINVAL;
	if (rule->first <= HCX_NR_KVM_LAST || rule->first > rule->last || rule->last > HCX_NR_LAST)
		return -EINVAL;

	return check_limit(rule) ?: check_who(rule, of_vm);
}

/* What check_opt_in() is told, and tells. */
struct opening {
	const struct hcx_vm *vm;
	const struct rule *rule;
	bool refused;
};

static void check_opt_in(struct hcx_entry *entry, void *data)
{
	struct opening *opening = data;
	const struct rule *theirs;

	if (!(entry->flags & HCX_OPT_IN) || !has_number(opening->rule, entry->nr))
		return;
	raw_spin_lock(&hcx_binding_lock);
	theirs = rule_for(opening->vm, entry->nr);
	if (!theirs || says(theirs, HCX_HOST_DENY))
		opening->refused = true;
	raw_spin_unlock(&hcx_binding_lock);
}

static int check_opening(const struct hcx_vm *vm, const struct rule *rule)
{
	struct opening opening = { .vm = vm, .rule = rule };

	hcx_registry_walk(check_opt_in, &opening);
	return opening.refused ? -EPERM : 0;
}

static bool overlap(const struct rule *a, const struct rule *b)
{
	return a->what.first <= b->what.last && b->what.first <= a->what.last;
}

static unsigned int tightness(const struct rule *rule)
{
	switch (rule->what.verb) {
	case HCX_HOST_DENY:
		return 2;
	case HCX_HOST_FORWARD:
		return 1;
	default:
		return 0;
	}
}

static bool is_looser(const struct rule *rule, const struct rule *old)
{
	if (says(rule, HCX_HOST_DENY))
		return false;
	if (tightness(rule) < tightness(old))
		return true;

	return old->what.rate && (!rule->what.rate || rule->what.rate > old->what.rate ||
				  rule->what.burst > old->what.burst);
}

/*
 * Whether a VM that has called could call something with @rule that it could not without: it
 * opens nothing then, see add(), so HANDLE is of use to it as a limit only.
 */
static bool loosens(const struct hcx_vm *vm, const struct rule *rule)
{
	const struct rule *old;

	list_for_each_entry(old, &vm->rules, list)
		if (overlap(rule, old) && is_looser(rule, old))
			return true;

	return says(rule, HCX_HOST_HANDLE) && !rule->what.rate;
}

/* Whether a VM that has called had opened before what @rule is about. */
static bool has_opened(const struct hcx_vm *vm, const struct rule *rule)
{
	const struct rule *old;

	list_for_each_entry(old, &vm->rules, list)
		if (old->opens && old->what.first <= rule->what.first &&
		    old->what.last >= rule->what.last)
			return true;

	return false;
}

static bool is_same(const struct rule *a, const struct rule *b)
{
	return a->what.first == b->what.first && a->what.last == b->what.last &&
	       a->what.subject == b->what.subject && a->subject.pid == b->subject.pid &&
	       a->subject.cgroup == b->subject.cgroup &&
	       uid_eq(a->subject.uid, b->subject.uid);
}

static struct rule *find_same(struct list_head *list, const struct rule *like,
			      const struct hcx_session *by)
{
	struct rule *rule;

	list_for_each_entry(rule, list, list)
		if (rule->by == by && is_same(rule, like))
			return rule;

	return NULL;
}

static bool is_full(const struct list_head *list, unsigned int most)
{
	const struct list_head *rule;
	unsigned int count = 0;

	list_for_each(rule, list)
		count++;

	return count >= most;
}

/* The newest of a subject comes first. */
static void insert(struct rule *rule, struct list_head *list)
{
	struct rule *behind;

	list_for_each_entry(behind, list, list)
		if (behind->what.subject >= rule->what.subject)
			break;
	list_add_tail(&rule->list, &behind->list);
}

/* Which rule it takes the place of, or which is taken away, goes to @gone. */
static int add(struct hcx_vm *vm, struct rule *rule, struct list_head *gone)
{
	struct list_head *list = vm ? &vm->rules : &rules;
	struct rule *old = find_same(list, rule, rule->by);

	if (vm && vm->has_called && loosens(vm, rule))
		return -EBUSY;
	if (!old && is_full(list, vm ? HCX_HOST_VM_RULES_MAX : HCX_HOST_RULES_MAX))
		return -ENOSPC;
	rule->opens = vm && says(rule, HCX_HOST_HANDLE) &&
		      (!vm->has_called || has_opened(vm, rule));
	if (old)
		list_move(&old->list, gone);
	insert(rule, list);

	return 0;
}

static int take_away(struct hcx_vm *vm, struct rule *like, struct list_head *gone)
{
	struct list_head *list = vm ? &vm->rules : &rules;
	struct rule *rule = find_same(list, like, like->by) ?: find_same(list, like, NULL);

	list_add(&like->list, gone);
	if (!rule)
		return -ENOENT;
	if (vm && vm->has_called)
		return -EBUSY;
	list_move(&rule->list, gone);

	return 0;
}

static bool has_ended(const struct rule *rule)
{
	bool ended = false;

	rcu_read_lock();
	if (rule->subject.pid)
		ended = !pid_task(rule->subject.pid, PIDTYPE_TGID);
	else if (rule->subject.cgroup)
		ended = !(READ_ONCE(rule->subject.cgroup->self.flags) & CSS_ONLINE);
	rcu_read_unlock();

	return ended;
}

static void keep_those_about(struct hcx_vm *vm, void *unused)
{
	struct rule *rule;

	list_for_each_entry(rule, &rules, list)
		if (rule->is_gone && is_about(rule, vm))
			rule->is_gone = false;
}

/*
 * Nobody can name a process or cgroup that is gone, to take its rules away. Nor can a VM become
 * one of theirs any more; one that is may still be there.
 */
static void prune(void)
{
	/* Held from when a rule is found to be gone until it is looked whether one says so. */
	static DEFINE_MUTEX(pruning);
	struct rule *rule, *next;
	LIST_HEAD(gone);

	mutex_lock(&pruning);
	raw_spin_lock(&hcx_binding_lock);
	list_for_each_entry(rule, &rules, list)
		rule->is_gone = has_ended(rule);
	raw_spin_unlock(&hcx_binding_lock);
	hcx_vms_walk(keep_those_about, NULL);
	raw_spin_lock(&hcx_binding_lock);
	list_for_each_entry_safe(rule, next, &rules, list)
		if (rule->is_gone)
			list_move(&rule->list, &gone);
	raw_spin_unlock(&hcx_binding_lock);
	mutex_unlock(&pruning);
	hcx_rules_free(&gone);
}

static int change(struct hcx_vm *vm, struct rule *rule)
{
	bool remove = rule->what.flags & HCX_HOST_REMOVE;
	LIST_HEAD(gone);
	int ret;

	raw_spin_lock(&hcx_binding_lock);
	ret = remove ? take_away(vm, rule, &gone) : add(vm, rule, &gone);
	raw_spin_unlock(&hcx_binding_lock);
	if (ret && !remove)
		rule_free(rule);
	hcx_rules_free(&gone);
	if (!ret)
		hcx_bindings_judge(vm);

	return ret;
}

/* What a rule of a VM needs to be there. */
static int prepare(struct hcx_vm *vm, const struct rule *rule)
{
	if (rule->what.flags & HCX_HOST_REMOVE)
		return 0;
	if (says(rule, HCX_HOST_HANDLE))
		return check_opening(vm, rule);
	if (says(rule, HCX_HOST_FORWARD))
		return hcx_forward_prepare(vm);

	return 0;
}

/**
 * hcx_rule_set() - HCX_HOST_RULE
 * @session: the session
 * @what: see uapi/linux/hcx_host.h
 *
 * Context: process, that of the program; may sleep; @session's lock is held.
 * Return: 0, or a negative errno as there.
 */
int hcx_rule_set(struct hcx_session *session, const struct hcx_host_rule *what)
{
	struct hcx_vm *vm = session->vm;
	struct rule *rule;
	int ret = check(what, vm);

	if (ret)
		return ret;
	rule = rule_make(session, what);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	if (!vm)
		prune();
	ret = vm ? prepare(vm, rule) : 0;
	if (ret) {
		rule_free(rule);
		return ret;
	}

	return change(vm, rule);
}

/*
 * Whether a rule stays without its session, as it tightens; there is nobody to forward to, and it
 * opens nothing.
 */
static bool stays(struct rule *rule, const struct hcx_vm *vm)
{
	if (!vm || !vm->has_called || (says(rule, HCX_HOST_HANDLE) && !rule->what.rate))
		return false;
	if (says(rule, HCX_HOST_FORWARD)) {
		rule->what.verb = HCX_HOST_DENY;
		rule->what.rate = 0;
		rule->what.burst = 0;
	}
	rule->by = NULL;
	rule->opens = false;

	return true;
}

/**
 * hcx_rules_close() - take away the rules of a session that is closed
 * @session: the session
 *
 * Context: process; may sleep.
 */
void hcx_rules_close(const struct hcx_session *session)
{
	struct hcx_vm *vm = session->vm;
	struct list_head *list = vm ? &vm->rules : &rules;
	struct rule *rule, *next;
	LIST_HEAD(gone);
	bool any = false;

	raw_spin_lock(&hcx_binding_lock);
	list_for_each_entry_safe(rule, next, list, list) {
		if (rule->by != session)
			continue;
		any = true;
		if (!stays(rule, vm))
			list_move(&rule->list, &gone);
	}
	raw_spin_unlock(&hcx_binding_lock);
	hcx_rules_free(&gone);
	if (any)
		hcx_bindings_judge(vm);
}

/* Who is shown what. */
struct viewer {
	void (*show)(const char *who, const struct hcx_host_rule *rule, void *data);
	void *data;
};

static void show_rules_of(struct hcx_vm *vm, void *data)
{
	const struct viewer *viewer = data;
	const struct rule *rule;

	list_for_each_entry(rule, &vm->rules, list)
		viewer->show(vm->name, &rule->what, viewer->data);
}

/**
 * hcx_rules_walk() - look at all rules, in the order in which they count
 * @show: what does; may not sleep
 * @data: for it
 *
 * Context: any but an interrupt.
 */
void hcx_rules_walk(void (*show)(const char *who, const struct hcx_host_rule *rule, void *data),
		    void *data)
{
	struct viewer viewer = { .show = show, .data = data };
	const struct rule *rule;

	raw_spin_lock(&hcx_binding_lock);
	list_for_each_entry(rule, &rules, list)
		show(rule->who, &rule->what, data);
	raw_spin_unlock(&hcx_binding_lock);
	hcx_vms_walk(show_rules_of, &viewer);
}

/**
 * hcx_rules_exit() - free what rules there are, when nobody can call any more
 *
 * Context: process; may sleep.
 */
void hcx_rules_exit(void)
{
	hcx_rules_free(&rules);
}
