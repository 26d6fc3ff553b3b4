// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers at a test's command. Each line written to hcx_test/control in
 * debugfs is one command, and write() returns what the core said of it:
 *
 *	register NAME NR FLAGS KIND VALUE [BUDGET_MS]
 *	replace NAME NEWNAME NR FLAGS KIND VALUE
 *	unregister NAME
 *	gone_twice NAME		unregister it in two threads at once
 *	many COUNT		register COUNT handlers m0, m1, ... that answer 0,
 *				in one call
 *	broken FIELD		register with that field of the structure unset
 *	twice NAME		register what is registered
 *	unregistered x		replace what is not registered
 *
 * The KINDs: what a call is answered with.
 *
 *	value	VALUE
 *	arg	argument VALUE
 *	caller	1 for 64-bit mode, plus 2 for ring 3
 *	sleep	VALUE, once somebody writes to hcx_test/wake
 *	wait	the same, within the budget
 *	late	0, after VALUE milliseconds
 *	results	VALUE, with 0xabcdef0000000000 plus n in each result register n that
 *		the flags declare
 *	undeclared	VALUE, with each result register set, whether the flags declare it or not,
 *		and one that there is not
 *	rax	what RAX holds meanwhile
 *	read	hcx_read_guest() from RBX, RCX bytes, to hcx_test/buffer
 *	write	hcx_write_guest() likewise, from there
 *	fill	hcx_write_guest() likewise, of RDX, 8 bytes, again and again; any number of
 *		vCPUs at once
 *	string	hcx_read_guest_string() likewise, RCX being the size
 *	private	the same as read, while the page is private to the guest;
 *		-KVM_ENOSYS where the kernel has no such thing
 *	user	copy_from_user() from the VMM's address RDX, RCX bytes, to
 *		hcx_test/buffer
 *	touser	copy_to_user() likewise, from there
 *
 * How much is copied is not limited to the buffer's 64 KiB: more than that is asked
 * for only where it must be refused.
 *
 * hcx_test/numbers reads as "NAME NUMBER CALLS" lines.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/kvm_hcx.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

struct test_handler {
	struct hcx_handler handler;
	struct list_head list;
	char name[HCX_NAME_LEN + 8];
	u64 value;
	atomic_long_t calls;
};

static LIST_HEAD(handlers);
static DEFINE_MUTEX(handlers_lock);
static struct hcx_handler *many;
static unsigned int many_count;
static DECLARE_WAIT_QUEUE_HEAD(wake);
static unsigned long wakes;

#define BUFFER_SIZE SZ_64K
static char *buffer;

static struct test_handler *of(const struct hcx_call *call)
{
	struct test_handler *test = container_of(hcx_handler(call), struct test_handler,
						 handler);

	atomic_long_inc(&test->calls);
	return test;
}

static long answer_value(struct hcx_call *call)
{
	return of(call)->value;
}

static long answer_arg(struct hcx_call *call)
{
	return hcx_arg(call, of(call)->value);
}

static long answer_caller(struct hcx_call *call)
{
	of(call);
	return call->long_mode + 2 * call->user;
}

static long answer_sleep(struct hcx_call *call)
{
	unsigned long before = READ_ONCE(wakes);
	struct test_handler *test = of(call);

	if (wait_event_killable(wake, READ_ONCE(wakes) != before))
		return -KVM_EFAULT;
	return test->value;
}

static long answer_wait(struct hcx_call *call)
{
	unsigned long before = READ_ONCE(wakes);
	struct test_handler *test = of(call);

	return hcx_wait_event(call, wake, READ_ONCE(wakes) != before) ?: test->value;
}

/* msleep() counts jiffies, which lag behind the clock that calls are timed with. */
static long answer_late(struct hcx_call *call)
{
	unsigned long us = of(call)->value * USEC_PER_MSEC;

	usleep_range(us, us + USEC_PER_MSEC);
	return 0;
}

static long answer_results(struct hcx_call *call)
{
	unsigned int n;

	for (n = 0; n < 4; n++)
		if (hcx_handler(call)->flags & (HCX_RESULT_RBX << n))
			hcx_set_result(call, n, 0xabcdef0000000000 + n);

	return of(call)->value;
}

static long answer_undeclared(struct hcx_call *call)
{
	unsigned int n;

	for (n = 0; n <= 4; n++)
		hcx_set_result(call, n, 0xabcdef0000000000 + n);

	return of(call)->value;
}

static long answer_rax(struct hcx_call *call)
{
	of(call);
	return call->vcpu->arch.regs[VCPU_REGS_RAX];
}

static long answer_read(struct hcx_call *call)
{
	of(call);
	return hcx_read_guest(call, hcx_arg(call, 0), buffer, hcx_arg(call, 1));
}

static long answer_write(struct hcx_call *call)
{
	of(call);
	return hcx_write_guest(call, hcx_arg(call, 0), buffer, hcx_arg(call, 1));
}

static long answer_fill(struct hcx_call *call)
{
	u64 len = hcx_arg(call, 1);
	long ret;
	u64 *data;

	of(call);
	if (!len || len > BUFFER_SIZE || len % sizeof(*data))
		return -KVM_EINVAL;
	data = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -HCX_EAGAIN;
	memset64(data, hcx_arg(call, 2), len / sizeof(*data));
	ret = hcx_write_guest(call, hcx_arg(call, 0), data, len);
	kvfree(data);

	return ret;
}

static long answer_string(struct hcx_call *call)
{
	of(call);
	return hcx_read_guest_string(call, hcx_arg(call, 0), buffer, hcx_arg(call, 1));
}

#ifdef CONFIG_KVM_GENERIC_MEMORY_ATTRIBUTES
static long answer_private(struct hcx_call *call)
{
	gfn_t gfn = hcx_arg(call, 0) >> PAGE_SHIFT;
	struct kvm *kvm = call->vcpu->kvm;
	long ret;

	if (xa_err(xa_store(&kvm->mem_attr_array, gfn,
			    xa_mk_value(KVM_MEMORY_ATTRIBUTE_PRIVATE), GFP_KERNEL)))
		return -KVM_EFAULT;
	kvm->arch.has_private_mem = true;
	ret = answer_read(call);
	kvm->arch.has_private_mem = false;
	xa_erase(&kvm->mem_attr_array, gfn);

	return ret;
}
#else
static long answer_private(struct hcx_call *call)
{
	return -KVM_ENOSYS;
}
#endif

static long answer_user(struct hcx_call *call)
{
	of(call);
	return copy_from_user(buffer, (void __user *)hcx_arg(call, 2), hcx_arg(call, 1));
}

static long answer_touser(struct hcx_call *call)
{
	of(call);
	return copy_to_user((void __user *)hcx_arg(call, 2), buffer, hcx_arg(call, 1));
}

static const struct {
	const char *name;
	long (*call)(struct hcx_call *call);
} kinds[] = {
	{ "value", answer_value },
	{ "arg", answer_arg },
	{ "caller", answer_caller },
	{ "sleep", answer_sleep },
	{ "wait", answer_wait },
	{ "late", answer_late },
	{ "results", answer_results },
	{ "undeclared", answer_undeclared },
	{ "rax", answer_rax },
	{ "read", answer_read },
	{ "write", answer_write },
	{ "fill", answer_fill },
	{ "string", answer_string },
	{ "private", answer_private },
	{ "user", answer_user },
	{ "touser", answer_touser },
};

static long (*kind_call(const char *kind))(struct hcx_call *call)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i].name))
			return kinds[i].call;

	return NULL;
}

static struct test_handler *find(const char *name)
{
	struct test_handler *test;

	list_for_each_entry(test, &handlers, list)
		if (!strcmp(test->name, name))
			return test;

	return NULL;
}

static struct test_handler *parse(const char *words)
{
	struct test_handler *test = kzalloc(sizeof(*test), GFP_KERNEL);
	char kind[16];

	if (!test)
		return ERR_PTR(-ENOMEM);
	if (sscanf(words, "%23s %i %i %15s %lli %u", test->name, &test->handler.nr,
		   &test->handler.flags, kind, &test->value, &test->handler.budget_ms) < 5) {
		kfree(test);
		return ERR_PTR(-EDOM);
	}
	test->handler.name = test->name;
	test->handler.owner = THIS_MODULE;
	test->handler.call = kind_call(kind);

	return test;
}

static int keep(struct test_handler *test, int error)
{
	if (error)
		kfree(test);
	else
		list_add(&test->list, &handlers);
	return error;
}

static int do_register(const char *words)
{
	struct test_handler *test = parse(words);

	return IS_ERR(test) ? PTR_ERR(test) : keep(test, hcx_register(&test->handler));
}

static int do_replace(const char *words)
{
	struct test_handler *old, *test;
	char name[24];
	int read, error;

	if (sscanf(words, "%23s %n", name, &read) != 1)
		return -EDOM;
	old = find(name);
	if (!old)
		return -EDOM;
	test = parse(words + read);
	if (IS_ERR(test))
		return PTR_ERR(test);
	error = hcx_replace(&old->handler, &test->handler);
	if (!error) {
		list_del(&old->list);
		kfree(old);
	}
	return keep(test, error);
}

static int do_unregister(const char *words)
{
	struct test_handler *test = find(strim((char *)words));

	if (!test)
		return -EDOM;
	hcx_unregister(&test->handler);
	list_del(&test->list);
	kfree(test);

	return 0;
}

static int unregister_it(void *test)
{
	hcx_unregister(&((struct test_handler *)test)->handler);
	return 0;
}

/* This thread comes second: what it waits for is the drain of the other. */
static int do_gone_twice(const char *words)
{
	struct test_handler *test = find(words);
	struct task_struct *other;

	if (!test)
		return -EDOM;
	other = kthread_create(unregister_it, test, "hcx_test");
	if (IS_ERR(other))
		return PTR_ERR(other);
	get_task_struct(other);
	wake_up_process(other);
	msleep(200);
	hcx_unregister(&test->handler);
	kthread_stop(other);
	put_task_struct(other);
	list_del(&test->list);
	kfree(test);

	return 0;
}

static void forget_many(void)
{
	unsigned int i;

	hcx_unregister_handlers(many, many_count);
	for (i = 0; i < many_count; i++)
		kfree(many[i].name);
	kvfree(many);
	many = NULL;
	many_count = 0;
}

static long answer_zero(struct hcx_call *call)
{
	return 0;
}

static int fill_many(void)
{
	unsigned int i;

	for (i = 0; i < many_count; i++) {
		many[i] = (struct hcx_handler){
			.nr = HCX_NR_ANY,
			.name = kasprintf(GFP_KERNEL, "m%u", i),
			.owner = THIS_MODULE,
			.call = answer_zero,
		};
		if (!many[i].name)
			return -ENOMEM;
	}

	return 0;
}

/* The names are m0, m1, ...; 0 takes those of the last time back. */
static int do_many(const char *words)
{
	unsigned int count;
	int error;

	if (kstrtouint(words, 0, &count) || count > 2 * HCX_MAX_HANDLERS)
		return -EDOM;
	forget_many();
	many = kvcalloc(count, sizeof(*many), GFP_KERNEL);
	if (!many)
		return -ENOMEM;
	many_count = count;
	error = fill_many() ?: hcx_register_handlers(many, count);
	if (error)
		forget_many();

	return error;
}

static int do_broken(const char *words)
{
	struct hcx_handler handler = {
		.nr = HCX_NR_ANY,
		.name = "broken",
		.owner = THIS_MODULE,
		.call = answer_zero,
	};

	if (!strcmp(words, "name"))
		handler.name = NULL;
	else if (!strcmp(words, "owner"))
		handler.owner = NULL;
	else if (!strcmp(words, "call"))
		handler.call = NULL;
	else
		return -EDOM;

	return hcx_register(&handler);
}

/* Registering and replacing a structure that is in the wrong state for it. */
static int do_twice(const char *words)
{
	struct test_handler *test = find(words);

	return test ? hcx_register(&test->handler) : -EDOM;
}

static int do_unregistered(const char *words)
{
	struct hcx_handler old = {}, new = {
		.nr = HCX_NR_ANY,
		.name = "new",
		.owner = THIS_MODULE,
		.call = answer_zero,
	};

	return hcx_replace(&old, &new);
}

static const struct {
	const char *name;
	int (*run)(const char *words);
} commands[] = {
	{ "register ", do_register },
	{ "replace ", do_replace },
	{ "unregister ", do_unregister },
	{ "gone_twice ", do_gone_twice },
	{ "many ", do_many },
	{ "broken ", do_broken },
	{ "twice ", do_twice },
	{ "unregistered ", do_unregistered },
};

/* -EDOM, which the core never returns: the command itself is wrong. */
static int run(const char *line)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		len = strlen(commands[i].name);
		if (!strncmp(line, commands[i].name, len))
			return commands[i].run(line + len);
	}
	return -EDOM;
}

static ssize_t control_write(struct file *file, const char __user *buf, size_t count,
			     loff_t *pos)
{
	char *line = memdup_user_nul(buf, count);
	int error;

	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&handlers_lock);
	error = run(strim(line));
	mutex_unlock(&handlers_lock);
	kfree(line);

	return error ?: count;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = control_write,
};

static ssize_t wake_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	WRITE_ONCE(wakes, wakes + 1);
	wake_up_all(&wake);
	return count;
}

static const struct file_operations wake_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = wake_write,
};

static int numbers_show(struct seq_file *seq, void *unused)
{
	struct test_handler *test;

	mutex_lock(&handlers_lock);
	list_for_each_entry(test, &handlers, list)
		seq_printf(seq, "%s %#x %ld\n", test->name, test->handler.nr,
			   atomic_long_read(&test->calls));
	mutex_unlock(&handlers_lock);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(numbers);

static ssize_t buffer_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	return simple_read_from_buffer(to, count, pos, buffer, BUFFER_SIZE);
}

static ssize_t buffer_write(struct file *file, const char __user *from, size_t count,
			    loff_t *pos)
{
	return simple_write_to_buffer(buffer, BUFFER_SIZE, pos, from, count);
}

static const struct file_operations buffer_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = buffer_read,
	.write = buffer_write,
};

static struct dentry *dir;

static int __init test_init(void)
{
	buffer = kzalloc(BUFFER_SIZE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	dir = debugfs_create_dir("hcx_test", NULL);
	debugfs_create_file("control", 0200, dir, NULL, &control_fops);
	debugfs_create_file("wake", 0200, dir, NULL, &wake_fops);
	debugfs_create_file("buffer", 0600, dir, NULL, &buffer_fops);
	debugfs_create_file("numbers", 0400, dir, NULL, &numbers_fops);
	return 0;
}

static void __exit test_exit(void)
{
	struct test_handler *test, *next;

	debugfs_remove(dir);
	forget_many();
	list_for_each_entry_safe(test, next, &handlers, list) {
		hcx_unregister(&test->handler);
		kfree(test);
	}
	kfree(buffer);
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("kvm-hcx handlers at a test's command");
MODULE_LICENSE("GPL");
