// SPDX-License-Identifier: GPL-2.0
/* The guests' calls of fuzz_device_test, their requests and their answers. */
#include <poll.h>

#include "fuzz_device.h"

#define FORWARDED	0x5eed	/* how the VMM answers */

/* Answers itself what is forwarded. */
static void *run_call(void *unused)
{
	struct guest *guest = &fuzz.call.vm->guest;
	const uint64_t *args = fuzz.call.args;

	guest_prepare(guest, fuzz.call.nr, args[0], args[1], args[2], args[3]);
	guest_enter(guest);
	if (guest->vcpu->run->exit_reason == KVM_EXIT_HYPERCALL) {
		guest->vcpu->run->hypercall.ret = FORWARDED;
		vcpu_run(guest->vcpu);
		vcpu_regs_get(guest->vcpu, &guest->regs);
	}
	fuzz.call.rax = guest->regs.rax;
	__atomic_store_n(&fuzz.call.is_done, 1, __ATOMIC_SEQ_CST);

	return NULL;
}

static bool is_done(void)
{
	return __atomic_load_n(&fuzz.call.is_done, __ATOMIC_SEQ_CST);
}

bool waits(const struct device *device, uint64_t id)
{
	return fuzz.call.is_started && fuzz.call.reader == device && fuzz.call.id == id &&
	       !is_done();
}

/* What has ended it may not have reached its vCPU yet. */
static bool comes_to_end(void)
{
	int i;

	for (i = 0; i < 2000 && !is_done(); i++)
		usleep(1000);

	return is_done();
}

bool waits_on(const struct device *device, uint64_t id)
{
	return waits(device, id) && !comes_to_end();
}

static void take_end(void)
{
	pthread_join(fuzz.call.thread, NULL);
	fuzz.call.is_started = false;
}

/* What a call can come to that nobody has answered by write(). */
static bool can_be(uint64_t rax)
{
	switch (rax) {
	case 0:			/* a doorbell */
	case FORWARDED:
	case ERR64(KVM_ENOSYS):
	case ERR64(HCX_EAGAIN):
	case ERR64(HCX_EPIPE):
	case ERR64(HCX_ETIMEDOUT):
		return true;
	case VALUE:
		return fuzz.call.nr == VALUE_NR ||
		       (fuzz.call.nr == OPT_IN_NR && fuzz.user->has_all_vms);
	default:
		return false;
	}
}

void reap_call(void)
{
	if (!fuzz.call.is_started || !is_done())
		return;
	take_end();
	wrong_if(!can_be(fuzz.call.rax), "a call of %#lx: RAX is %#lx", fuzz.call.nr,
		 fuzz.call.rax);
}

static short poll_now(const struct device *device)
{
	struct pollfd pollfd = { .fd = device->fd, .events = POLLIN | POLLOUT };

	TEST_ASSERT(poll(&pollfd, 1, 0) >= 0, "poll: %s", strerror(errno));
	wrong_if(!(pollfd.revents & POLLOUT) || !(pollfd.revents & POLLHUP) == is_gone(device),
		 "poll(): %#x", pollfd.revents);

	return pollfd.revents;
}

/* The first that has a request to be read, or that has read it; or NULL. */
static struct device *first_with_request(bool is_read)
{
	int i;

	for (i = 0; i < DEVICES; i++) {
		struct device *device = &fuzz.devices[i];

		if (device->is_open && (is_read ? fuzz.call.reader == device :
						  poll_now(device) & POLLIN))
			return device;
	}

	return NULL;
}

struct device *some_reader(void)
{
	return (one_in(4) ? NULL : first_with_request(false)) ?: some_set_device();
}

struct device *some_answerer(void)
{
	return (one_in(4) ? NULL : first_with_request(true)) ?: some_set_device();
}

/* Whether a VM of this process's can call what the device answers. */
static bool can_be_called(const struct device *device)
{
	return device && device->count && device->vm != &fuzz.parents_vm && !is_gone(device);
}

/* Mostly of what a program here answers; else of any number that no other module has. */
static void choose_call(void)
{
	struct device *device = some_device();
	int tries;

	fuzz.call.vm = some_vm();
	fuzz.call.nr = VALUE_NR + below(24);
	for (tries = 0; tries < 20 && !can_be_called(device); tries++)
		device = some_device();
	if (!can_be_called(device) || one_in(4))
		return;
	fuzz.call.nr = device->served[below(device->count)];
	if (device->vm)
		fuzz.call.vm = device->vm;
}

/* Until it waits for a program here, or has its answer. */
void start_some_call(struct device *unused)
{
	unsigned int i;

	if (fuzz.call.is_started && !one_in(8))
		return;
	settle_call();
	memset(&fuzz.call, 0, sizeof(fuzz.call));
	choose_call();
	if (!fuzz.call.vm)
		return;
	for (i = 0; i < ARRAY_SIZE(fuzz.call.args); i++)
		fuzz.call.args[i] = one_in(2) ? below(3) : some_word();
	fuzz.call.is_started = true;
	TEST_ASSERT(!pthread_create(&fuzz.call.thread, NULL, run_call, NULL), "no thread");
	while (!is_done() && !first_with_request(false))
		usleep(100);
	reap_call();
}

/* The vCPU of a number that has just been ended may not know yet. */
static void check_request(struct device *device, const struct hcx_host_request *request)
{
	fuzz.shared->requests++;
	fuzz.call.reader = device;
	fuzz.call.id = request->id;
	wrong_if(!has_number(device, request->nr) && !comes_to_end(), "read(): %#x has ended",
		 request->nr);
	wrong_if(!fuzz.call.is_started || request->nr != fuzz.call.nr || request->pid != getpid() ||
		 request->flags != HCX_HOST_LONG_MODE ||
		 (device->vm && device->vm != fuzz.call.vm) ||
		 memcmp(request->args, fuzz.call.args, sizeof(fuzz.call.args)),
		 "read(): a request of %#x, and the call is of %#lx", request->nr, fuzz.call.nr);
}

/* A program that answers all. */
void settle_call(void)
{
	struct hcx_host_request request;
	struct device *device;

	while (fuzz.call.is_started && !is_done()) {
		device = first_with_request(false);
		if (device && read(device->fd, &request, sizeof(request)) == sizeof(request))
			check_request(device, &request);
		if (fuzz.call.reader)
			respond(fuzz.call.reader->fd, fuzz.call.id, 0);
		usleep(100);
	}
	reap_call();
}

void read_request(struct device *device)
{
	static const size_t sizes[] = { 64, 64, 128, 4096, 63, 1, 0 };
	static const char zeroes[4096];
	size_t size = sizes[below(ARRAY_SIZE(sizes))];
	bool had_one = poll_now(device) & POLLIN;
	struct place place = some_place(zeroes, size);
	struct hcx_host_request request;
	ssize_t ret = read(device->fd, place.at, size);
	int error = ret < 0 ? errno : 0;

	wrong_if(error && error != EINVAL && error != EAGAIN && error != EFAULT,
		 "read(): error %d", error);
	wrong_if(size < sizeof(request) ? !error : error == EINVAL, "read() of %zu: error %d", size,
		 error);
	wrong_if(error == EFAULT && place.writable, "read(): EFAULT");
	wrong_if(error == EAGAIN && is_gone(device), "read(): EAGAIN, and the VM is gone");
	wrong_if(!error && !ret && !is_gone(device), "read(): 0, and the VM is there");
	wrong_if(ret > 0 && ret != sizeof(request), "read() returned %zd", ret);
	wrong_if(error && had_one && !(poll_now(device) & POLLIN) && !comes_to_end(),
		 "read(): a request is lost, error %d", error);
	if (ret <= 0)
		return;
	memcpy(&request, place.at, sizeof(request));
	check_request(device, &request);
}

/* The guest finds what it was answered. */
static void check_answer(const struct hcx_host_response *response, bool was_waiting)
{
	fuzz.shared->answers++;
	wrong_if(!was_waiting, "write(): an answer to no request");
	if (!was_waiting)
		return;
	take_end();
	wrong_if(fuzz.call.rax != response->result, "the answer to %#lx is %#lx, and %#llx was given",
		 fuzz.call.nr, fuzz.call.rax, response->result);
}

void write_response(struct device *device)
{
	static const size_t sizes[] = { 48, 48, 48, 48, 47, 49, 0 };
	size_t size = sizes[below(ARRAY_SIZE(sizes))];
	struct hcx_host_response response = {
		.id = one_in(6) ? some_word() : fuzz.call.id, .result = some_word(),
		.results = { one_in(6) ? some_word() : 0 },
	}, room[2] = { response };
	bool was_waiting = waits(device, response.id), is_right;
	struct place place = some_place(room, size);
	ssize_t ret = write(device->fd, place.at, size);
	int error = ret < 0 ? errno : 0;

	is_right = size == sizeof(response) && place.readable && !response.results[0];
	if (!error) {
		wrong_if(ret != sizeof(response) || size != ret || !place.readable,
			 "write() of %zu returned %zd", size, ret);
		check_answer(&response, was_waiting);
		return;
	}
	wrong_if(error != ENOENT && error != EINVAL && error != EFAULT, "write(): error %d", error);
	wrong_if(error == EFAULT && place.readable, "write(): EFAULT");
	wrong_if(is_right && error != ENOENT, "write() of what is right: error %d", error);
	wrong_if(is_right && waits_on(device, response.id), "write() of what is right: ENOENT");
}
