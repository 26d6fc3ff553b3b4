// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy from or to a program that an operation makes fails once: the
 * operation then says so and has done nothing, or has done all of it. By fail-nth
 * (Documentation/fault-injection/fault-injection.rst), which takes a debug kernel.
 */
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "faults.h"
#include "session.h"

#define NR		0x90
#define DATA		0x9000
#define GROUP		CGROUPS "/group"

static int control_file, session, all_vms, group, bell;
static struct guest guest;
static struct hcx_host_request request;

/* An operation, which returns 0 or an errno, and what takes it back. */
struct operation {
	const char *what;
	int (*run)(void);
	void (*undo)(void);
};

/* How many places of it have failed, or 0: one of them left something that is wrong. */
static unsigned int fail_everywhere(const struct operation *op)
{
	unsigned int place;
	int error;

	for (place = 1;; place++) {
		fail_at(place);
		error = op->run();
		if (!fault_happened())
			break;
		if (error && error != ENOMEM && error != EFAULT) {
			ksft_print_msg("%s, place %u: %s\n", op->what, place, strerror(error));
			return 0;
		}
		if (error)
			error = op->run();
		if (error) {
			ksft_print_msg("%s after place %u: %s\n", op->what, place, strerror(error));
			return 0;
		}
		op->undo();
	}
	TEST_ASSERT(!error, "%s: %s", op->what, strerror(error));
	op->undo();

	return place - 1;
}

static void nothing(void)
{
}

static int command(const char *text)
{
	return write(control_file, text, strlen(text)) < 0 ? errno : 0;
}

static int run_register(void)
{
	return command("register faulty 0x90 0 value 1");
}

static void undo_register(void)
{
	must(command("unregister faulty"));
}

static int run_replace(void)
{
	return command("replace faulty newer 0x90 0 value 2");
}

static void undo_replace(void)
{
	must(command("replace newer faulty 0x90 0 value 1"));
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

static int run_rule(void)
{
	const struct hcx_host_rule limit = {
		.verb = HCX_HOST_HANDLE, .first = NR, .last = NR, .rate = 1000,
	};

	return rule(session, &limit);
}

static void undo_rule(void)
{
	const struct hcx_host_rule none = {
		.flags = HCX_HOST_REMOVE, .first = NR, .last = NR,
	};

	must(rule(session, &none));
}

/* A group takes a reference, and a path to find it by. */
static int run_group_rule(void)
{
	const struct hcx_host_rule deny = {
		.verb = HCX_HOST_DENY, .first = NR, .last = NR,
		.subject = HCX_HOST_OF_CGROUP, .id = group,
	};

	return rule(all_vms, &deny);
}

static void undo_group_rule(void)
{
	const struct hcx_host_rule none = {
		.flags = HCX_HOST_REMOVE, .first = NR, .last = NR,
		.subject = HCX_HOST_OF_CGROUP, .id = group,
	};

	must(rule(all_vms, &none));
}

static int read_table(const char *path)
{
	int fd = open(path, O_RDONLY), error;
	char text[4096];
	ssize_t len;

	if (fd < 0)
		return errno;
	do {
		len = read(fd, text, sizeof(text));
		error = len < 0 ? errno : 0;
	} while (len > 0);
	close(fd);

	return error;
}

static int run_tables(void)
{
	return read_table(TABLES "handlers") ?: read_table(TABLES "calls");
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

static int run_memory(void)
{
	static char data[2 * 4096];

	return memory(session, request.id, DATA, data, sizeof(data), HCX_HOST_WRITE);
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

static void expect_faults(const char *what, int (*run)(void), void (*undo)(void))
{
	const struct operation op = { what, run, undo };
	unsigned int places = fail_everywhere(&op);

	ksft_test_result(places, "%s: fails in %u places, and well\n", what, places);
}

static void test_modules(void)
{
	expect_faults("to register", run_register, undo_register);
	expect_faults("to register five at once", run_many, undo_many);
	must(run_register());
	expect_faults("to replace", run_replace, undo_replace);
	prepare_call();
	expect_faults("a VM's first call", run_call, undo_call);
	expect_faults("to read the tables", run_tables, nothing);
	undo_register();
}

static void test_group(void)
{
	mount_cgroups();
	must(mkdir(GROUP, 0700) ? errno : 0);
	group = open(GROUP, O_RDONLY | O_DIRECTORY);
	all_vms = open_administrator();
	expect_faults("to set a group's rule", run_group_rule, undo_group_rule);
	close(all_vms);
	close(group);
	must(rmdir(GROUP) ? errno : 0);
	umount_cgroups();
}

static void test_programs(void)
{
	expect_faults("to open the device", run_open, undo_open);
	session = open_device();
	expect_faults("to name a VM", run_set_vm, undo_set_vm);
	must(run_set_vm());
	expect_faults("to serve a number", run_serve, undo_serve);
	expect_faults("to set up a doorbell", run_doorbell, undo_serve);
	expect_faults("to set a rule", run_rule, undo_rule);
	test_group();
}

static void test_requests(void)
{
	must(serve(session, NR, "served", 0, 15000));
	next_call();
	expect_faults("to read a request", run_read, undo_read);
	request = next_request(session);
	expect_faults("to write to the caller's memory", run_memory, nothing);
	expect_faults("to respond", run_respond, undo_respond);
	answer();
	undo_serve();
}

int main(void)
{
	require_faults();
	require_hcx(14);
	control_file = open("/sys/kernel/debug/hcx_test/control", O_WRONLY);
	bell = eventfd(0, 0);
	guest_create(&guest, GUEST_LONG, 0);
	test_modules();
	test_programs();
	test_requests();
	ksft_finished();
}
