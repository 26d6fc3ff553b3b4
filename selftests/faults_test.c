// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy from or to a program that an operation makes fails once: the
 * operation then says so and has done nothing, or has done all of it. By fail-nth
 * (Documentation/fault-injection/fault-injection.rst), which takes a debug kernel.
 */
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "faults.h"
#include "session.h"
#include "tables.h"

#define NR		0x90
#define DATA		0x9000
#define DATA_SIZE	(2 * 4096)
#define TEXT_MAX	(64 * 1024)
#define GROUP		CGROUPS "/group"

static int control_file, session, all_vms, group, bell;
static struct guest guest;
static struct hcx_host_request request;

/*
 * An operation, which returns 0 or an errno, and has at least so many places that can fail; what
 * takes it back; and, where the tables do not tell, whether it has done nothing or all.
 */
struct operation {
	const char *what;
	unsigned int least;
	int (*run)(void);
	void (*undo)(void);
	bool (*is_right)(int error);
};

static struct tables before, now;

static int run(const void *data)
{
	const struct operation *op = data;

	return op->run();
}

static bool is_right(const struct operation *op, int error)
{
	if (error && error != ENOMEM && error != EFAULT)
		return false;
	look_at_tables(&now);
	if (error && !are_same_tables(&before, &now))
		return false;

	return !op->is_right || op->is_right(error);
}

/* After an error it succeeds when it is tried again. */
static bool is_well(const void *data, int error)
{
	const struct operation *op = data;

	if (!is_right(op, error)) {
		ksft_print_msg("%s: it has done a part of it\n", op->what);
		return false;
	}
	if (error && op->run()) {
		ksft_print_msg("%s: nor is it possible afterwards\n", op->what);
		return false;
	}
	op->undo();

	return true;
}

static void expect_faults(const struct operation *op)
{
	unsigned int places;

	look_at_tables(&before);
	places = fail_everywhere(run, is_well, op);
	ksft_test_result(places >= op->least, "%s: fails in %u places, and well\n", op->what,
			 places);
}

static void nothing(void)
{
}

static int __attribute__((format(printf, 1, 2))) command(const char *fmt, ...)
{
	char text[64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	return write(control_file, text, strlen(text)) < 0 ? errno : 0;
}

static int run_register(void)
{
	return command("register faulty %#x 0 value 1", NR);
}

static void undo_register(void)
{
	must(command("unregister faulty"));
}

static int run_replace(void)
{
	return command("replace faulty newer %#x 0 value 2", NR);
}

static void undo_replace(void)
{
	must(command("replace newer faulty %#x 0 value 1", NR));
}

static int run_many(void)
{
	return command("many 5");
}

static void undo_many(void)
{
	must(command("many 0"));
}

static int run_open(void)
{
	session = open(HCX_HOST_PATH, O_RDWR | O_CLOEXEC);
	return session < 0 ? errno : 0;
}

static void undo_open(void)
{
	close(session);
}

static int run_set_vm(void)
{
	return set_vm(session, guest.vm->fd, 0);
}

static void undo_set_vm(void)
{
	close(session);
	session = open_device();
}

static int run_serve(void)
{
	return serve(session, NR, "served", 0, 1000);
}

static void undo_serve(void)
{
	must(end(session, NR));
}

static int run_doorbell(void)
{
	return doorbell(session, NR, "bell", 0, 0, bell);
}

/* Of the VM, or of a group: that takes a reference, and a path to find it by. */
static int set_rule(int of, uint32_t flags, uint32_t verb, uint32_t rate)
{
	struct hcx_host_rule set = {
		.flags = flags, .verb = verb, .first = NR, .last = NR, .rate = rate,
	};

	if (of == all_vms) {
		set.subject = HCX_HOST_OF_CGROUP;
		set.id = group;
	}

	return rule(of, &set);
}

static int run_rule(void)
{
	return set_rule(session, 0, HCX_HOST_HANDLE, 1000);
}

static void undo_rule(void)
{
	must(set_rule(session, HCX_HOST_REMOVE, 0, 0));
}

static int run_group_rule(void)
{
	return set_rule(all_vms, 0, HCX_HOST_DENY, 0);
}

static void undo_group_rule(void)
{
	must(set_rule(all_vms, HCX_HOST_REMOVE, 0, 0));
}

/* As a program has read them. */
static char tables_text[TEXT_MAX];

static int read_table(const char *path)
{
	int fd = open(path, O_RDONLY), error;
	size_t done = strlen(tables_text);
	ssize_t len;

	if (fd < 0)
		return errno;
	do {
		len = read(fd, tables_text + done, sizeof(tables_text) - 1 - done);
		error = len < 0 ? errno : 0;
		done += len > 0 ? len : 0;
	} while (len > 0);
	tables_text[done] = '\0';
	close(fd);

	return error;
}

static int run_tables(void)
{
	tables_text[0] = '\0';
	return read_table(TABLES "handlers") ?: read_table(TABLES "calls");
}

/* What was read without an error is all. */
static bool tables_are_whole(int error)
{
	static char had[TEXT_MAX];

	if (error)
		return true;
	strcpy(had, tables_text);
	must(run_tables());

	return !strcmp(had, tables_text);
}

/* The VM's first call of the number. What KVM itself wants for a VM's first run, it has by then. */
static int run_call(void)
{
	return _vcpu_run(guest.vcpu) ? errno : 0;
}

static void prepare_call(void)
{
	guest_free(&guest);
	guest_create(&guest, GUEST_LONG, 0);
	guest_call0(&guest, KVM_HC_VAPIC_POLL_IRQ);
	guest_prepare(&guest, NR, 0, 0, 0, 0);
	vcpu_regs_set(guest.vcpu, &guest.regs);
}

static void undo_call(void)
{
	vcpu_regs_get(guest.vcpu, &guest.regs);
	TEST_ASSERT(guest.regs.rax == 1, "RAX is %#llx", guest.regs.rax);
	prepare_call();
}

/* A request that cannot be read is there for the next to read. */
static struct caller caller;

static void next_call(void)
{
	start_call(&caller, &guest, NR);
	wait_for_calls("served", 1);
}

static int run_read(void)
{
	return read(session, &request, sizeof(request)) < 0 ? errno : 0;
}

static void answer(void)
{
	must(respond(session, request.id, 7));
	TEST_ASSERT(join_call(&caller) == 7, "the guest's call was not answered");
}

static void undo_read(void)
{
	answer();
	next_call();
}

/* What the program has, and what the guest has to have. */
static uint8_t data[DATA_SIZE], wanted[DATA_SIZE];

/* Other bytes than the last time. */
static void fill_data(void)
{
	static uint8_t first;
	int i;

	first++;
	for (i = 0; i < DATA_SIZE; i++)
		data[i] = first + i % 251;
}

static int run_write_memory(void)
{
	fill_data();
	return memory(session, request.id, DATA, data, DATA_SIZE, HCX_HOST_WRITE);
}

static bool memory_is_right(int error)
{
	if (!error)
		memcpy(wanted, data, DATA_SIZE);
	return !memcmp(addr_gpa2hva(guest.vm, DATA), wanted, DATA_SIZE);
}

static int run_read_memory(void)
{
	fill_data();
	return memory(session, request.id, DATA, data, DATA_SIZE, 0);
}

static bool data_is_right(int error)
{
	return error || !memcmp(data, wanted, DATA_SIZE);
}

static int run_respond(void)
{
	return respond(session, request.id, 7);
}

static void undo_respond(void)
{
	TEST_ASSERT(join_call(&caller) == 7, "the guest's call was not answered");
	next_call();
	request = next_request(session);
}

static void test_modules(void)
{
	static const struct operation to_register = {
		"to register", 3, run_register, undo_register
	}, to_register_many = {
		"to register five at once", 8, run_many, undo_many
	}, to_replace = {
		"to replace", 3, run_replace, undo_replace
	}, to_read_tables = {
		"to read the tables", 4, run_tables, nothing, tables_are_whole
	}, to_call = {
		"a VM's first call", 1, run_call, undo_call
	};

	expect_faults(&to_register);
	expect_faults(&to_register_many);
	must(run_register());
	expect_faults(&to_replace);
	TEST_ASSERT(guest_call0(&guest, NR) == 1, "the guest's call was not answered");
	expect_faults(&to_read_tables);
	prepare_call();
	expect_faults(&to_call);
	undo_register();
}

static void test_group(void)
{
	static const struct operation to_set = {
		"to set a group's rule", 2, run_group_rule, undo_group_rule
	};

	mount_cgroups();
	must(mkdir(GROUP, 0700) ? errno : 0);
	group = open(GROUP, O_RDONLY | O_DIRECTORY);
	all_vms = open_administrator();
	expect_faults(&to_set);
	close(all_vms);
	close(group);
	must(rmdir(GROUP) ? errno : 0);
	umount_cgroups();
}

static void test_programs(void)
{
	static const struct operation to_open = {
		"to open the device", 1, run_open, undo_open
	}, to_set_vm = {
		"to name a VM", 1, run_set_vm, undo_set_vm
	}, to_serve = {
		"to serve a number", 2, run_serve, undo_serve
	}, to_doorbell = {
		"to set up a doorbell", 2, run_doorbell, undo_serve
	}, to_rule = {
		"to set a rule", 2, run_rule, undo_rule
	};

	expect_faults(&to_open);
	session = open_device();
	expect_faults(&to_set_vm);
	must(run_set_vm());
	expect_faults(&to_serve);
	expect_faults(&to_doorbell);
	expect_faults(&to_rule);
	test_group();
}

static void test_requests(void)
{
	static const struct operation to_read = {
		"to read a request", 1, run_read, undo_read
	}, to_write_memory = {
		"to write to the caller's memory", 3, run_write_memory, nothing, memory_is_right
	}, to_read_memory = {
		"to read from it", 3, run_read_memory, nothing, data_is_right
	}, to_respond = {
		"to respond", 1, run_respond, undo_respond
	};

	must(serve(session, NR, "served", 0, 15000));
	next_call();
	expect_faults(&to_read);
	request = next_request(session);
	expect_faults(&to_write_memory);
	expect_faults(&to_read_memory);
	expect_faults(&to_respond);
	answer();
	undo_serve();
}

int main(void)
{
	require_faults();
	require_hcx(15);
	control_file = open("/sys/kernel/debug/hcx_test/control", O_WRONLY);
	bell = eventfd(0, 0);
	guest_create(&guest, GUEST_LONG, 0);
	open_tables();
	test_modules();
	test_programs();
	test_requests();
	close_tables();
	ksft_finished();
}
