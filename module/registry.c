// SPDX-License-Identifier: GPL-2.0
/* Registering, replacing and unregistering handlers. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "await.h"
#include "budget.h"
#include "discovery.h"
#include "linger.h"
#include "registry.h"
#include "trace.h"

#define FLAGS (HCX_RING3 | HCX_OPT_IN | \
	       HCX_RESULT_RBX | HCX_RESULT_RCX | HCX_RESULT_RDX | HCX_RESULT_RSI)
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-."

/* Held to change what follows. */
static DEFINE_MUTEX(registry_lock);

struct hlist_head hcx_by_nr[1 << HCX_NR_BITS];
struct hlist_head hcx_by_nr_in_vm[1 << HCX_NR_IN_VM_BITS];
unsigned int hcx_in_vms __read_mostly;
u32 hcx_seed __read_mostly;
static struct hlist_head by_name[1 << HCX_NR_BITS];
static unsigned int registered;	/* for all VMs */

/* Of VMs whose VMMs answer numbers that no handler has. */
#define FORWARDER_BITS	8
static struct hlist_head forwarders[1 << FORWARDER_BITS];

/* Entries that are unlinked and not yet freed. */
static LIST_HEAD(retiring);

/* The number to try first: one that was freed is not allotted again at once. */
static u32 next_allotted = HCX_NR_ALLOTTED_FIRST;

/*
 * To the log, for whoever loads the module; but a program that registers through the core
 * is told by its errno, and could flood the log.
 */
#define complain(handler, format, ...) do {						\
	if ((handler)->owner != THIS_MODULE)						\
		pr_err("%s: " format, module_name((handler)->owner), ##__VA_ARGS__);	\
} while (0)

static struct hlist_head *name_bucket(const struct kvm *kvm, const union hcx_name *name)
{
	u64 key = name->word[0] ^ hash_64(name->word[1], 64) ^
		  (kvm ? (unsigned long)kvm + hcx_seed : 0);

	return &by_name[hash_64(key, HCX_NR_BITS)];
}

static struct hcx_entry *find_name_for(const struct kvm *kvm, const union hcx_name *name)
{
	struct hcx_entry *entry;

	hlist_for_each_entry_rcu_notrace(entry, name_bucket(kvm, name), by_name)
		if (!memcmp(&entry->name, name, sizeof(*name)) && hcx_is_for(entry, kvm))
			return entry;

	return NULL;
}

/* As hcx_find_nr(). */
struct hcx_entry *hcx_find_name(const struct kvm *kvm, const union hcx_name *name)
{
	return find_name_for(kvm, name) ?: find_name_for(NULL, name);
}

/* What of a VM's own there is, or, without a VM, for all. */
static const struct kvm *kvm_of(const struct hcx_vm *vm)
{
	return vm ? READ_ONCE(vm->kvm) : NULL;
}

static bool name_valid(const char *name)
{
	size_t len = name ? strspn(name, NAME_CHARS) : 0;

	return len && len <= HCX_NAME_LEN && !name[len];
}

static bool nr_allotted(u64 nr)
{
	return nr >= HCX_NR_ALLOTTED_FIRST && nr <= HCX_NR_ALLOTTED_LAST;
}

static bool nr_valid(const struct hcx_handler *handler)
{
	u32 nr = handler->nr;

	if (nr == HCX_NR_ANY || handler == &hcx_discovery)
		return true;

	return nr > HCX_NR_KVM_LAST && nr <= HCX_NR_LAST &&
	       nr != HCX_NR_DISCOVERY && !nr_allotted(nr);
}

static int check_nr(const struct hcx_handler *handler)
{
	if (nr_valid(handler))
		return 0;

	complain(handler, "'%s' cannot have number %#x: choose one of %d to %#x, outside %#x to %#x, or HCX_NR_ANY\n",
		 handler->name, handler->nr, HCX_NR_KVM_LAST + 1, HCX_NR_LAST,
		 HCX_NR_DISCOVERY, HCX_NR_ALLOTTED_LAST);
	return -EINVAL;
}

static int check_handler(const struct hcx_handler *handler)
{
	if (!handler->owner)
		pr_err("a handler has no owner: set it to THIS_MODULE\n");
	else if (!name_valid(handler->name))
		complain(handler, "the name of a handler is not 1 to %d of a-z 0-9 _ - .\n",
			 HCX_NAME_LEN);
	else if (!handler->call)
		complain(handler, "'%s' has no call function\n", handler->name);
	else if (handler->flags & ~FLAGS)
		complain(handler, "'%s' has unknown flags %#x\n", handler->name,
			 handler->flags & ~FLAGS);
	else if (handler->budget_ms > HCX_BUDGET_MS_MAX)
		complain(handler, "'%s' has a budget of %u ms, but %d is the most\n",
			 handler->name, handler->budget_ms, HCX_BUDGET_MS_MAX);
	else if (handler->entry)
		complain(handler, "'%s' is registered already\n", handler->name);
	else
		return 0;

	return -EINVAL;
}

static int check_api_version(unsigned int api_version, const char *caller)
{
	if (api_version == HCX_API_VERSION)
		return 0;

	pr_err("%s was built for API version %u, this kvm_hcx has %d: build it again with the headers of this kvm_hcx\n",
	       caller, api_version, HCX_API_VERSION);
	return -EPROTONOSUPPORT;
}

/*
 * What a module's init returns: -EEXIST would be a success to modprobe, which takes it for the
 * module's being there already (kmod_module_probe_insert_module() in libkmod). A program has it.
 */
static int check_unique(const struct hcx_handler *handler, const struct hcx_entry *taken,
			const char *what)
{
	if (!taken)
		return 0;

	complain(handler, "'%s' cannot be registered: '%.*s' of %s has the same %s\n",
		 handler->name, HCX_NAME_LEN, taken->name.text, taken->by, what);
	return handler->owner == THIS_MODULE ? -EEXIST : -EBUSY;
}

/* One is free in either range: fewer handlers than numbers can be there. */
static u32 allot_nr(struct hcx_vm *vm)
{
	u32 *next = vm ? &vm->next_allotted : &next_allotted;
	u32 first = vm ? HCX_NR_ALLOTTED_IN_VM : HCX_NR_ALLOTTED_FIRST;
	u32 end = vm ? HCX_NR_ALLOTTED_LAST + 1 : HCX_NR_ALLOTTED_IN_VM;
	u32 nr;

	BUILD_BUG_ON(HCX_MAX_HANDLERS > HCX_NR_ALLOTTED_IN_VM - HCX_NR_ALLOTTED_FIRST);
	BUILD_BUG_ON(HCX_MAX_HANDLERS_IN_VM > HCX_NR_ALLOTTED_LAST - HCX_NR_ALLOTTED_IN_VM);
	do {
		nr = (*next)++;
		if (*next == end)
			*next = first;
	} while (hcx_find_nr_for(kvm_of(vm), nr));

	return nr;
}

/**
 * hcx_make_printable() - put '?' for what does not print as one character
 * @text: a user's choice, which reaches the terminal of whoever reads a table
 *
 * Context: any.
 */
void hcx_make_printable(char *text)
{
	for (; *text; text++)
		if (!isascii(*text) || !isprint(*text))
			*text = '?';
}

static void note_process(struct hcx_entry *entry)
{
	char *c = entry->by;

	c += snprintf(c, sizeof(entry->by), "%d/", task_tgid_nr(current));
	strscpy(c, current->comm, entry->by + sizeof(entry->by) - c);
	hcx_make_printable(c);
	/* A table's columns are parted by blanks. */
	strreplace(c, ' ', '?');
}

/* Who registers, for those who look. */
static void note_by(struct hcx_entry *entry)
{
	if (entry->owner == THIS_MODULE && entry->handler != &hcx_discovery)
		note_process(entry);
	else
		strscpy(entry->by, module_name(entry->owner), sizeof(entry->by));
}

/* All but the number, which the caller finds. */
static struct hcx_entry *entry_alloc(struct hcx_vm *vm, struct hcx_handler *handler)
{
	struct hcx_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);

	if (!entry)
		return NULL;
	INIT_LIST_HEAD(&entry->bindings);
	entry->call = handler->budget_ms ? hcx_call_in_budget : handler->call;
	entry->handler_call = handler->call;
	entry->budget_ms = handler->budget_ms;
	entry->flags = handler->flags;
	entry->owner = handler->owner;
	entry->vm = vm;
	entry->handler = handler;
	memcpy(entry->name.text, handler->name, strlen(handler->name));
	note_by(entry);

	return entry;
}

/* All but the look-up by number, which begins when the caller links @entry there. */
static void entry_publish(struct hcx_entry *entry)
{
	struct hcx_handler *handler = entry->handler;

	handler->nr = entry->nr;
	handler->entry = entry;
	hlist_add_head_rcu(&entry->by_name, name_bucket(kvm_of(entry->vm), &entry->name));
	trace_hcx_register(entry);
}

/* The opposite, for whoever retires it, when the look-up by number has ended. */
static void entry_withdraw(struct hcx_entry *entry, struct list_head *unlinked)
{
	hcx_bindings_close(entry);
	trace_hcx_unregister(entry);
	hlist_del_rcu(&entry->by_name);
	entry->unlinked = true;
	list_add_tail(&entry->unlinked_next, unlinked);
	list_add_tail(&entry->retiring_next, &retiring);
}

static unsigned int *registered_for(struct hcx_vm *vm)
{
	return vm ? &vm->handlers : &registered;
}

static int check_room(struct hcx_vm *vm, const struct hcx_handler *handler)
{
	unsigned int most = vm ? HCX_MAX_HANDLERS_IN_VM : HCX_MAX_HANDLERS;

	if (*registered_for(vm) < most)
		return 0;

	complain(handler, "'%s' cannot be registered: %u handlers are, and that is the most\n",
		 handler->name, most);
	return -ENOSPC;
}

/* An entry as it will be registered, or an ERR_PTR(). */
static struct hcx_entry *entry_make(struct hcx_vm *vm, struct hcx_handler *handler)
{
	int ret = check_handler(handler) ?: check_nr(handler);

	return ret ? ERR_PTR(ret) : entry_alloc(vm, handler) ?: ERR_PTR(-ENOMEM);
}

/* The caller frees it after an error. */
static int entry_add(struct hcx_entry *entry)
{
	const struct hcx_handler *handler = entry->handler;
	struct hcx_vm *vm = entry->vm;
	int ret = check_room(vm, handler);

	if (ret)
		return ret;
	entry->nr = handler->nr == HCX_NR_ANY ? allot_nr(vm) : handler->nr;
	ret = check_unique(handler, hcx_find_nr(kvm_of(vm), entry->nr), "number") ?:
	      check_unique(handler, hcx_find_name(kvm_of(vm), &entry->name), "name");
	if (ret)
		return ret;

	entry_publish(entry);
	hlist_add_head_rcu(&entry->by_nr, hcx_nr_bucket(kvm_of(vm), entry->nr));
	++*registered_for(vm);
	WRITE_ONCE(hcx_in_vms, hcx_in_vms + !!vm);

	return 0;
}

static int make_and_add(struct hcx_vm *vm, struct hcx_handler *handler)
{
	struct hcx_entry *entry = entry_make(vm, handler);
	int ret;

	if (IS_ERR(entry))
		return PTR_ERR(entry);
	ret = entry_add(entry);
	if (ret)
		kfree(entry);

	return ret;
}

static void entry_unlink(struct hcx_entry *entry, struct list_head *unlinked)
{
	hlist_del_rcu(&entry->by_nr);
	--*registered_for(entry->vm);
	WRITE_ONCE(hcx_in_vms, hcx_in_vms - !!entry->vm);
	entry_withdraw(entry, unlinked);
}

static void walk(const struct hlist_head *table, unsigned int size,
		 void (*show)(struct hcx_entry *entry, void *data), void *data)
{
	struct hcx_entry *entry;
	unsigned int i;

	for (i = 0; i < size; i++)
		hlist_for_each_entry(entry, &table[i], by_nr)
			show(entry, data);
}

/**
 * hcx_registry_walk() - look at all registered handlers
 * @show: what does; may sleep, and may not call the registry
 * @data: for it
 *
 * Context: process; may sleep.
 */
void hcx_registry_walk(void (*show)(struct hcx_entry *entry, void *data), void *data)
{
	mutex_lock(&registry_lock);
	walk(hcx_by_nr, ARRAY_SIZE(hcx_by_nr), show, data);
	walk(hcx_by_nr_in_vm, ARRAY_SIZE(hcx_by_nr_in_vm), show, data);
	walk(forwarders, ARRAY_SIZE(forwarders), show, data);
	mutex_unlock(&registry_lock);
}

static void release_handler(struct hcx_entry *entry)
{
	struct hcx_handler *handler = entry->handler;

	mutex_lock(&registry_lock);
	list_del(&entry->retiring_next);
	if (!entry->orphan) {
		if (nr_allotted(entry->nr))
			handler->nr = HCX_NR_ANY;
		handler->entry = NULL;
	}
	mutex_unlock(&registry_lock);
}

/*
 * Polled by whoever waits, so that a call costs no wake-up. From when it returns true on
 * the handler can be registered again, and its module can go.
 */
static bool retire_if_left(struct hcx_entry *entry)
{
	bool drained = hcx_bindings_drain(entry);

	if (!drained && !hcx_bindings_are_left(entry))
		return false;

	release_handler(entry);
	list_del(&entry->unlinked_next);
	if (drained)
		kfree(entry);
	else
		hcx_linger(entry);

	return true;
}

static bool is_retired(void *entry)
{
	return retire_if_left(entry);
}

static void retire(struct hcx_entry *entry)
{
	char what[HCX_NAME_LEN + 80];

	snprintf(what, sizeof(what),
		 "'%.*s'; a VMM that is killed leaves a handler whose waits are killable",
		 HCX_NAME_LEN, entry->name.text);
	hcx_await(is_retired, entry, what);
}

static void retire_all(struct list_head *unlinked)
{
	struct hcx_entry *entry, *next;

	if (list_empty(unlinked))
		return;
	synchronize_rcu();
	list_for_each_entry_safe(entry, next, unlinked, unlinked_next)
		retire(entry);
}

/**
 * hcx_retire_left() - retire those unlinked handlers that no vCPU is in
 * @unlinked: the handlers; synchronize_rcu() later. Those that are retired are taken out.
 *
 * Context: process; may sleep.
 * Return: whether none is left.
 */
bool hcx_retire_left(struct list_head *unlinked)
{
	struct hcx_entry *entry, *next;

	list_for_each_entry_safe(entry, next, unlinked, unlinked_next)
		retire_if_left(entry);

	return list_empty(unlinked);
}

/* Whether an entry of one of @handlers, or of @owner, is still on its way out. */
static bool any_retiring(const struct hcx_handler *handlers, unsigned int count,
			 const struct module *owner)
{
	const struct hcx_entry *entry;
	bool found = false;

	mutex_lock(&registry_lock);
	list_for_each_entry(entry, &retiring, retiring_next)
		if (entry->owner == owner ||
		    (entry->handler >= handlers && entry->handler < handlers + count))
			found = true;
	mutex_unlock(&registry_lock);

	return found;
}

/* Another caller may be unregistering or replacing the same handler: wait for its drain too. */
static void wait_retired(const struct hcx_handler *handlers, unsigned int count,
			 const struct module *owner)
{
	while (any_retiring(handlers, count, owner))
		schedule_timeout_idle(msecs_to_jiffies(10));
}

/* See hcx_register_handlers(). */
int __hcx_register(struct hcx_handler *handlers, unsigned int count, unsigned int api_version,
		   const char *caller)
{
	int ret = check_api_version(api_version, caller);
	unsigned int i;

	if (ret)
		return ret;

	mutex_lock(&registry_lock);
	for (i = 0; i < count; i++) {
		ret = make_and_add(NULL, &handlers[i]);
		if (ret)
			break;
	}
	mutex_unlock(&registry_lock);

	if (ret)
		hcx_unregister_handlers(handlers, i);
	else if (count)
		pr_info("%s: %u handler%s registered, '%s' answers %#x\n",
			module_name(handlers->owner), count, count > 1 ? "s" : "",
			handlers->name, handlers->nr);
	return ret;
}
EXPORT_SYMBOL_GPL(__hcx_register);

/**
 * hcx_register_in() - answer a hypercall for a program
 * @vm: in this VM, which stays until the handler is retired; NULL: in all
 * @handler: the core's own
 *
 * Nothing is said in the kernel log.
 *
 * Context: process, that of the program; may sleep.
 * Return: 0, or an error of hcx_register_handlers().
 */
int hcx_register_in(struct hcx_vm *vm, struct hcx_handler *handler)
{
	struct hcx_entry *entry = entry_make(vm, handler);
	int ret;

	/* The program's control group may be short of memory: nobody waits for it. */
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	mutex_lock(&registry_lock);
	ret = entry_add(entry);
	mutex_unlock(&registry_lock);
	if (ret)
		kfree(entry);

	return ret;
}

/**
 * hcx_unlink() - let no call find a handler any more
 * @handler: the handler; one that is not registered is passed over
 * @unlinked: a list for hcx_retire_left(), which is owed
 *
 * Context: process; may sleep.
 */
void hcx_unlink(struct hcx_handler *handler, struct list_head *unlinked)
{
	struct hcx_entry *entry;

	mutex_lock(&registry_lock);
	entry = handler->entry;
	if (entry && !entry->unlinked)
		entry_unlink(entry, unlinked);
	mutex_unlock(&registry_lock);
}

static struct hlist_head *forwarder_bucket(const struct kvm *kvm)
{
	return &forwarders[hash_32((u32)(unsigned long)kvm + hcx_seed, FORWARDER_BITS)];
}

/**
 * hcx_forwarder_of() - what hcx_forwarder_add() has made for a VM
 * @kvm: the VM
 *
 * Context: as hcx_find_nr().
 * Return: that, or NULL.
 */
struct hcx_entry *hcx_forwarder_of(const struct kvm *kvm)
{
	struct hcx_entry *entry;

	hlist_for_each_entry_rcu_notrace(entry, forwarder_bucket(kvm), by_nr)
		if (READ_ONCE(entry->vm->kvm) == kvm)
			return entry;

	return NULL;
}

/**
 * hcx_forwarder_add() - have a VM's calls counted that no handler has and its VMM answers
 * @vm: the VM, which stays
 * @handler: what is called for them; one for all VMs
 *
 * Context: process, that of the program; may sleep.
 * Return: 0, also if it has one; or -ENOMEM.
 */
int hcx_forwarder_add(struct hcx_vm *vm, struct hcx_handler *handler)
{
	struct hcx_entry *entry = entry_alloc(vm, handler);

	if (!entry)
		return -ENOMEM;
	entry->nr = HCX_NR_ANY;
	mutex_lock(&registry_lock);
	if (!vm->forwarder) {
		hlist_add_head_rcu(&entry->by_nr, forwarder_bucket(READ_ONCE(vm->kvm)));
		WRITE_ONCE(hcx_in_vms, hcx_in_vms + 1);
		WRITE_ONCE(vm->forwarder, entry);
		entry = NULL;
	}
	mutex_unlock(&registry_lock);
	kfree(entry);

	return 0;
}

/**
 * hcx_forwarder_free() - undo hcx_forwarder_add()
 * @forwarder: what the VM, which is gone, had; or NULL
 *
 * Context: process; may sleep.
 */
void hcx_forwarder_free(struct hcx_entry *forwarder)
{
	if (!forwarder)
		return;
	mutex_lock(&registry_lock);
	hlist_del_rcu(&forwarder->by_nr);
	WRITE_ONCE(hcx_in_vms, hcx_in_vms - 1);
	mutex_unlock(&registry_lock);
	synchronize_rcu();
	kfree(forwarder);
}

static void close_forwarder(struct hcx_entry *entry, void *unused)
{
	hcx_bindings_close(entry);
}

static void drain_forwarder(struct hcx_entry *entry, void *data)
{
	bool *drained = data;

	*drained &= hcx_bindings_drain(entry);
}

/* Not with the lock held between two looks: every module that goes takes it, see module_event(). */
static bool are_drained(void *unused)
{
	bool drained = true;

	mutex_lock(&registry_lock);
	walk(forwarders, ARRAY_SIZE(forwarders), drain_forwarder, &drained);
	mutex_unlock(&registry_lock);

	return drained;
}

/**
 * hcx_forwarders_retire() - let no vCPU use what hcx_forwarder_add() has made
 *
 * Context: process; may sleep.
 */
void hcx_forwarders_retire(void)
{
	mutex_lock(&registry_lock);
	walk(forwarders, ARRAY_SIZE(forwarders), close_forwarder, NULL);
	mutex_unlock(&registry_lock);
	synchronize_rcu();
	hcx_await(are_drained, NULL, "calls that a VMM is to answer");
}

/**
 * hcx_unregister_handlers() - stop answering hypercalls
 * @handlers: an array that hcx_register_handlers() took
 * @count: its length
 *
 * When this returns, no vCPU is inside any of the handlers and none can enter;
 * guests get what KVM answers to an unknown number. It waits for the vCPUs
 * inside, and for nothing else that lasts: not for those that have called and are still in KVM's
 * part, see linger.c. For a handler that another caller is
 * unregistering or replacing it waits as well; one that is not registered is
 * passed over.
 *
 * Context: process; may sleep. Not from one of the handlers.
 *
 * Since: 0.1
 */
void hcx_unregister_handlers(struct hcx_handler *handlers, unsigned int count)
{
	LIST_HEAD(unlinked);
	unsigned int i;

	for (i = 0; i < count; i++)
		hcx_unlink(&handlers[i], &unlinked);
	retire_all(&unlinked);
	wait_retired(handlers, count, NULL);
}
EXPORT_SYMBOL_GPL(hcx_unregister_handlers);

static int entry_replace(struct hcx_entry *old, struct hcx_handler *handler,
			 struct list_head *unlinked)
{
	int ret = check_handler(handler);
	struct hcx_entry *entry;

	if (ret)
		return ret;
	if (handler->nr != HCX_NR_ANY && handler->nr != old->nr) {
		complain(handler, "'%s' cannot replace '%s': %#x is not its number, %#llx\n",
			 handler->name, old->handler->name, handler->nr, old->nr);
		return -EINVAL;
	}

	entry = entry_alloc(old->vm, handler);
	if (!entry)
		return -ENOMEM;
	entry->nr = old->nr;
	if (memcmp(&entry->name, &old->name, sizeof(old->name)))
		ret = check_unique(handler, hcx_find_name(NULL, &entry->name), "name");
	if (ret) {
		kfree(entry);
		return ret;
	}

	entry_publish(entry);
	hlist_replace_rcu(&old->by_nr, &entry->by_nr);
	entry_withdraw(old, unlinked);

	return 0;
}

/* See hcx_replace(). */
int __hcx_replace(struct hcx_handler *old, struct hcx_handler *new, unsigned int api_version,
		  const char *caller)
{
	int ret = check_api_version(api_version, caller);
	struct hcx_entry *entry;
	LIST_HEAD(unlinked);

	if (ret)
		return ret;

	mutex_lock(&registry_lock);
	entry = old->entry;
	if (entry && !entry->unlinked) {
		ret = entry_replace(entry, new, &unlinked);
	} else {
		pr_err("a handler that is not registered cannot be replaced\n");
		ret = -EINVAL;
	}
	mutex_unlock(&registry_lock);

	retire_all(&unlinked);
	return ret;
}
EXPORT_SYMBOL_GPL(__hcx_replace);

/* What the module allocated it may have freed: its handlers are not written to. */
static void orphan_all_of(const struct module *owner, struct list_head *unlinked)
{
	struct hcx_entry *entry;
	struct hlist_node *next;
	unsigned int i;

	list_for_each_entry(entry, &retiring, retiring_next)
		if (entry->owner == owner)
			entry->orphan = true;
	for (i = 0; i < ARRAY_SIZE(hcx_by_nr); i++)
		hlist_for_each_entry_safe(entry, next, &hcx_by_nr[i], by_nr)
			if (entry->owner == owner) {
				entry->orphan = true;
				entry_unlink(entry, unlinked);
			}
}

/* A module that goes with handlers registered would leave guests calling into freed memory. */
static int module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *owner = data;
	LIST_HEAD(unlinked);

	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;

	mutex_lock(&registry_lock);
	orphan_all_of(owner, &unlinked);
	mutex_unlock(&registry_lock);
	if (!list_empty(&unlinked))
		pr_err("%s goes without unregistering its handlers: done for it, but mend its exit\n",
		       module_name(owner));
	retire_all(&unlinked);
	wait_retired(NULL, 0, owner);

	return NOTIFY_OK;
}

static struct notifier_block module_nb = { .notifier_call = module_event };

/**
 * hcx_registry_init() - get ready for hcx_register_handlers()
 *
 * Context: process; may sleep.
 * Return: 0, or a negative errno.
 */
int hcx_registry_init(void)
{
	hcx_seed = get_random_u32();
	return register_module_notifier(&module_nb);
}

/**
 * hcx_registry_exit() - undo hcx_registry_init()
 *
 * Context: process; may sleep.
 */
void hcx_registry_exit(void)
{
	unregister_module_notifier(&module_nb);
}
