// SPDX-License-Identifier: GPL-2.0
/* One user of fuzz_device_test: his operations, one after the other. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "fuzz_device.h"

struct fuzz fuzz = { .parents_vm.is_there = true };

void wrong_if(bool is_wrong, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (!is_wrong)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ksft_print_msg("operation %u: %s\n", fuzz.operation, text);
	fuzz.wrong++;
}

bool is_gone(const struct device *device)
{
	return device->vm && !device->vm->is_there;
}

struct device *some_device(void)
{
	int i = below(DEVICES), tries;

	for (tries = 0; tries < DEVICES && !fuzz.devices[i].is_open; tries++)
		i = (i + 1) % DEVICES;

	return fuzz.devices[i].is_open ? &fuzz.devices[i] : NULL;
}

struct device *some_set_device(void)
{
	struct device *device = some_device();
	int tries;

	for (tries = 0; tries < 20 && device; tries++) {
		if (device->all || (device->vm && device->vm->is_there))
			break;
		device = some_device();
	}

	return device;
}

struct vm *some_vm(void)
{
	int i = below(VMS), tries;

	for (tries = 0; tries < VMS && !fuzz.vms[i]; tries++)
		i = (i + 1) % VMS;

	return fuzz.vms[i];
}

int some_fd(void)
{
	struct device *device = some_device();
	struct vm *vm = some_vm();

	switch (below(4)) {
	case 0:
		return vm ? vm->guest.vm->fd : -1;
	case 1:
		return device ? device->fd : -1;
	case 2:
		return one_in(4) ? (int)some_word() | 1 << 20 : -1;
	default:
		return fuzz.others[below(OTHERS)];
	}
}

bool has_number(const struct device *device, uint32_t nr)
{
	unsigned int i;

	for (i = 0; i < device->count; i++)
		if (device->served[i] == nr)
			return true;

	return false;
}

uint32_t some_nr(const struct device *device)
{
	switch (below(8)) {
	case 0:
		return some_border();
	case 1:
	case 2:
	case 3:
		return device->count ? device->served[below(device->count)] : HCX_NR_ANY;
	case 4:
		return HCX_NR_ANY;
	default:
		return VALUE_NR + below(24);
	}
}

static struct device *add_device(int fd, bool is_inherited)
{
	int i;

	for (i = 0; fuzz.devices[i].is_open; i++)
		;
	fuzz.devices[i] = (struct device){
		.is_open = true, .fd = fd, .is_inherited = is_inherited,
	};

	return &fuzz.devices[i];
}

static unsigned int open_devices(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < DEVICES; i++)
		count += fuzz.devices[i].is_open;

	return count;
}

static void open_another(struct device *unused)
{
	int fd = open(HCX_HOST_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	wrong_if(fd < 0 && (fuzz.user->may_open || errno != EACCES), "open(): %s", strerror(errno));
	wrong_if(fd >= 0 && !fuzz.user->may_open, "open(), by one who may not");
	if (fd < 0)
		return;
	if (open_devices() < DEVICES)
		add_device(fd, false);
	else
		close(fd);
}

/* What it has set up goes with it, but for what the parent has open, too. */
static void close_device(struct device *device)
{
	close(device->fd);
	device->is_open = false;
	fuzz.has_changed = true;
	forget_rules_of(device);
	if (fuzz.call.reader == device)
		fuzz.call.reader = NULL;
}

static void close_some(struct device *device)
{
	if (!device->is_inherited)
		close_device(device);
}

static void new_vm(struct device *unused)
{
	int i = below(VMS);

	if (fuzz.vms[i])
		return;
	fuzz.vms[i] = calloc(1, sizeof(*fuzz.vms[i]));
	TEST_ASSERT(fuzz.vms[i], "no memory");
	guest_create(&fuzz.vms[i]->guest, GUEST_LONG, 0);
	fuzz.vms[i]->is_there = true;
}

static void end_vm(struct device *unused)
{
	int i = below(VMS);

	if (!fuzz.vms[i])
		return;
	if (fuzz.call.is_started && fuzz.call.vm == fuzz.vms[i])
		settle_call();
	guest_free(&fuzz.vms[i]->guest);
	fuzz.vms[i]->is_there = false;
	fuzz.vms[i] = NULL;
	fuzz.has_changed = true;
}

static struct device *no_device(void)
{
	return &fuzz.devices[0];
}

/* How many of a hundred, and the device that it is tried with. */
static const struct {
	unsigned int share;
	struct device *(*find)(void);
	void (*run)(struct device *device);
} operations[] = {
	{ 4, no_device, open_another },
	{ 3, some_device, close_some },
	{ 3, no_device, new_vm },
	{ 1, no_device, end_vm },
	{ 10, no_device, start_some_call },
	{ 10, some_reader, read_request },
	{ 10, some_answerer, write_response },
	{ 8, some_device, ask_set_vm },
	{ 10, some_set_device, ask_serve },
	{ 9, some_set_device, ask_doorbell },
	{ 6, some_set_device, ask_end },
	{ 7, some_answerer, ask_memory },
	{ 11, some_set_device, ask_rule },
	{ 2, some_device, ask_unknown },
	{ 6, no_device, use_some_file },
};

static void run_one(void)
{
	unsigned int i, point = below(100);
	struct device *device;

	for (i = 0; point >= operations[i].share; i++)
		point -= operations[i].share;
	device = operations[i].find();
	if (device)
		operations[i].run(device);
}

/* What was refused has changed nothing. */
static void compare_tables(void)
{
	struct tables *last = fuzz.before;

	look_at_tables(fuzz.after);
	if (!fuzz.has_changed && !are_same_tables(fuzz.before, fuzz.after))
		wrong_if(true, "the tables are others:\n%s%s", fuzz.after->handlers,
			 fuzz.after->rules);
	fuzz.before = fuzz.after;
	fuzz.after = last;
}

static void note_inherited(void)
{
	const int others[OTHERS] = {
		eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC), epoll_create1(EPOLL_CLOEXEC),
		fuzz.user->vm->fd, fuzz.user->vcpu, fuzz.user->cgroup,
		open("/dev/kvm", O_RDWR | O_CLOEXEC), open("/", O_RDONLY | O_CLOEXEC),
	};
	int i;

	for (i = 0; i < INHERITED; i++)
		add_device(fuzz.user->unset[i], true);
	add_device(fuzz.user->parents, true)->vm = &fuzz.parents_vm;
	memcpy(fuzz.others, others, sizeof(others));
}

static void finish(void)
{
	int i;

	settle_call();
	for (i = 0; i < DEVICES; i++)
		if (fuzz.devices[i].is_open)
			close_device(&fuzz.devices[i]);
	for (i = 0; i < VMS; i++)
		if (fuzz.vms[i])
			guest_free(&fuzz.vms[i]->guest);
}

unsigned int use_device(const struct user *user, struct shared *shared, unsigned int count,
			uint64_t seed)
{
	static struct tables tables[2];

	fuzz.user = user;
	fuzz.shared = shared;
	fuzz.before = &tables[0];
	fuzz.after = &tables[1];
	try_compat();
	note_inherited();
	look_at_tables(fuzz.before);
	for (fuzz.operation = 0; fuzz.operation < count; fuzz.operation++) {
		/* Each by itself: what one does is not the others' matter. */
		fuzz_seed(seed * 1000003 + fuzz.operation);
		fuzz.has_changed = false;
		reap_call();
		run_one();
		compare_tables();
	}
	finish();

	return fuzz.wrong;
}
