// SPDX-License-Identifier: GPL-2.0
/* The ioctls of fuzz_device_test but for rules, and what uapi/linux/hcx_host.h says of each. */
#include "fuzz_device.h"

#define WRITABLE	0x9000	/* from here on a guest's memory is nothing that it needs */
#define MEMORY_END	0x10000

static bool has_compat;

/* As a 32-bit program asks: the same structures, by another entry. */
static int compat_ioctl(int fd, unsigned int cmd, void *arg)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret) :
		     "a" (54), "b" ((long)fd), "c" ((long)cmd), "d" (arg) :
		     "r8", "r9", "r10", "r11", "memory");
	return (int)ret < 0 ? -(int)ret : 0;
}

static int ask_once(const struct device *device, unsigned int cmd, void *arg)
{
	if (has_compat && one_in(4)) {
		fuzz.shared->compat++;
		return compat_ioctl(device->fd, cmd, arg);
	}

	return ioctl(device->fd, cmd, arg) < 0 ? errno : 0;
}

static int is_without_compat(int unused)
{
	return compat_ioctl(-1, HCX_HOST_VERSION, NULL) != EBADF;
}

void try_compat(void)
{
	has_compat = !in_child(is_without_compat, -1);
}

/* The errors of each beside -ENOTCONN and -ENODEV, whose time is known; there is no signal. */
static const struct {
	const char *name;
	unsigned int cmd;
	int errors[9];
} ioctls[IOCTLS] = {
	[SET_VM] = { "SET_VM", HCX_HOST_SET_VM, { EINVAL, EBADF, EPERM, EISCONN, ENOMEM } },
	[SERVE] = { "SERVE", HCX_HOST_SERVE, { EINVAL, EEXIST, ENOSPC, ENOMEM } },
	[DOORBELL] = { "DOORBELL", HCX_HOST_DOORBELL,
		       { EINVAL, EEXIST, ENOSPC, ENOMEM, EBADF, ENOENT } },
	[END] = { "END", HCX_HOST_END, { EINVAL, ENOENT } },
	[MEMORY] = { "MEMORY", HCX_HOST_MEMORY,
		     { EINVAL, EPERM, EFAULT, EOPNOTSUPP, EBUSY, ENOENT, ETIMEDOUT, ENOMEM } },
	[RULE] = { "RULE", HCX_HOST_RULE,
		   { EINVAL, EBUSY, EPERM, ESRCH, EBADF, ENOENT, ENOSPC, ENOMEM } },
};

static bool is_documented(enum which which, int error)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls[0].errors); i++)
		if (error == ioctls[which].errors[i])	/* 0 is behind the last */
			return true;

	return false;
}

/* What the core says before it looks at what the structure has, or 0. */
static int early_error(const struct device *device, enum which which, const struct place *place)
{
	if (!place->readable)
		return -EFAULT;
	if (which == SET_VM)
		return 0;
	if (!device->all && !device->vm)
		return -ENOTCONN;

	return is_gone(device) ? -ENODEV : 0;
}

int ask(struct device *device, enum which which, void *what, enum verdict verdict)
{
	size_t size = _IOC_SIZE(ioctls[which].cmd);
	bool is_told = (which == SERVE || which == DOORBELL) && *(uint32_t *)what == HCX_NR_ANY;
	struct place place = some_place(what, size);
	int early = -early_error(device, which, &place);
	int error = ask_once(device, ioctls[which].cmd, place.at);
	const char *name = ioctls[which].name;

	if (early) {
		wrong_if(error != early, "%s: error %d, not %d", name, error, early);
		return REFUSED_EARLY;
	}
	if (is_told && !place.writable) {
		wrong_if(!error, "%s: it cannot be told the number", name);
		if (error == EFAULT)
			return error;
	}
	wrong_if(error && !is_documented(which, error), "%s: error %d", name, error);
	wrong_if(!error && verdict == WRONG, "%s of what is wrong: done", name);
	wrong_if(error == EINVAL && verdict == RIGHT, "%s of what is right: EINVAL", name);
	if (error)
		return error;
	fuzz.shared->done[which]++;
	fuzz.has_changed |= which != SET_VM && which != MEMORY;
	if (place.writable)
		memcpy(what, place.at, size);

	return 0;
}

/* One that this process may have; or NULL, or another's. */
static struct vm *vm_of(int fd)
{
	int i;

	for (i = 0; i < VMS; i++)
		if (fuzz.vms[i] && fd == fuzz.vms[i]->guest.vm->fd)
			return fuzz.vms[i];

	return fd == fuzz.user->vm->fd ? &fuzz.parents_vm : NULL;
}

static int set_vm_error(const struct device *device, const struct hcx_host_vm *what)
{
	const struct vm *vm = vm_of(what->fd);

	if (what->flags & ~HCX_HOST_ALL_VMS || (what->flags && what->fd != -1))
		return -EINVAL;
	if (device->vm || device->all)
		return -EISCONN;
	if (what->flags)
		return fuzz.user->has_all_vms ? 0 : -EPERM;
	if (!vm)
		return -EBADF;

	return vm == &fuzz.parents_vm ? -EPERM : 0;
}

void ask_set_vm(struct device *device)
{
	struct hcx_host_vm what = { .fd = some_fd() };
	struct vm *vm = some_vm();
	int wanted, error;

	if (one_in(3))
		what = (struct hcx_host_vm){ .fd = -1, .flags = HCX_HOST_ALL_VMS };
	else if (vm && !one_in(4))
		what.fd = vm->guest.vm->fd;
	if (one_in(4))
		damage(&what, sizeof(what));
	wanted = -set_vm_error(device, &what);
	error = ask(device, SET_VM, &what, wanted ? WRONG : RIGHT);
	if (error == REFUSED_EARLY)
		return;
	wrong_if(error != wanted, "SET_VM of %d, flags %#x: error %d, not %d", what.fd, what.flags,
		 error, wanted);
	if (error)
		return;
	device->all = what.flags;
	device->vm = device->all ? NULL : vm_of(what.fd);
}

static bool is_number(uint32_t nr)
{
	return nr == HCX_NR_ANY || (nr > HCX_NR_KVM_LAST && nr <= HCX_NR_LAST &&
				    (nr < HCX_NR_DISCOVERY || nr > HCX_NR_ALLOTTED_LAST));
}

static bool is_name(const char *name)
{
	size_t len = strnlen(name, HCX_NAME_LEN), i;

	for (i = 0; i < HCX_NAME_LEN; i++)
		if (i < len ? !strchr("abcdefghijklmnopqrstuvwxyz0123456789_-.", name[i]) : name[i])
			return false;

	return len;
}

static void some_name(char *name)
{
	static const char *const names[] = { "value", "discovery", "echo", "0123456789abcdef" };

	if (one_in(8))
		strncpy(name, names[below(ARRAY_SIZE(names))], HCX_NAME_LEN);
	else
		sprintf(name, "n%u", below(300));
}

static void change_numbers(struct device *device, uint32_t nr, int change)
{
	unsigned int i;

	if (change > 0 && device->count < HCX_HOST_HANDLERS_MAX)
		device->served[device->count++] = nr;
	for (i = 0; change < 0 && i < device->count; i++)
		if (device->served[i] == nr) {
			device->served[i] = device->served[--device->count];
			return;
		}
	wrong_if(change < 0, "%#x is another's, and gone", nr);
}

/* By what was done there is a handler more, or less, of the number: the device's own. */
static void check_numbers(struct device *device, uint32_t asked, uint32_t nr, int least, int most)
{
	int change;

	wrong_if(asked == HCX_NR_ANY &&
		 (nr < HCX_NR_ALLOTTED_FIRST || nr > HCX_NR_ALLOTTED_LAST), "%#x is allotted", nr);

	look_at_tables(fuzz.after);
	change = handlers_of(fuzz.after, nr) - handlers_of(fuzz.before, nr);
	wrong_if(change < least || change > most, "there are %+d of %#x", change, nr);
	change_numbers(device, nr, change);
}

static bool serve_is_right(const struct device *device, const struct hcx_host_serve *what)
{
	const uint32_t flags = HCX_RING3 | HCX_RESULT_RBX | HCX_RESULT_RCX | HCX_RESULT_RDX |
			       HCX_RESULT_RSI | (device->all ? HCX_OPT_IN : 0);

	return is_number(what->nr) && is_name(what->name) && !(what->flags & ~flags) &&
	       what->budget_ms <= 15000 && !what->reserved;
}

void ask_serve(struct device *device)
{
	static const uint32_t flags[] = { 0, 0, HCX_RING3, HCX_RESULT_RBX, HCX_OPT_IN };
	struct hcx_host_serve what = {
		.nr = some_nr(device), .flags = flags[below(ARRAY_SIZE(flags))],
		.budget_ms = 5000 + below(10001),
	};
	uint32_t nr;

	some_name(what.name);
	if (one_in(3))
		damage(&what, sizeof(what));
	nr = what.nr;
	if (!ask(device, SERVE, &what, serve_is_right(device, &what) ? RIGHT : WRONG))
		check_numbers(device, nr, what.nr, 1, 1);
}

static enum verdict judge_doorbell(const struct device *device,
				   const struct hcx_host_doorbell *what)
{
	static const char no_name[HCX_NAME_LEN];
	const uint32_t flags = HCX_HOST_VALUE | HCX_HOST_DEASSIGN | HCX_RING3 | HCX_OPT_IN;

	if (what->flags & ~flags || what->reserved ||
	    (what->value && !(what->flags & HCX_HOST_VALUE)) ||
	    (what->fd != fuzz.others[0] && what->fd != fuzz.others[1]))
		return WRONG;
	if (what->flags & HCX_HOST_DEASSIGN)
		return memcmp(what->name, no_name, sizeof(no_name)) ? WRONG : RIGHT;
	if (!is_name(what->name) || (!device->all && what->flags & HCX_OPT_IN))
		return WRONG;
	/* A number has one name, and is open to ring 3 or not. */
	if (has_number(device, what->nr))
		return PERHAPS;

	return is_number(what->nr) ? RIGHT : WRONG;
}

static void some_doorbell(const struct device *device, struct hcx_host_doorbell *what)
{
	static const uint32_t flags[] = { 0, 0, 0, HCX_RING3, HCX_OPT_IN };

	*what = (struct hcx_host_doorbell){
		.nr = some_nr(device), .flags = flags[below(ARRAY_SIZE(flags))],
		.fd = one_in(8) ? some_fd() : fuzz.others[below(2)],
	};
	if (one_in(2)) {
		what->flags |= HCX_HOST_VALUE;
		what->value = below(3);
	}
	/* Few names, so that a number has several. */
	if (one_in(3))
		what->flags |= HCX_HOST_DEASSIGN;
	else
		sprintf(what->name, "bell%u", what->nr % 1000);
	if (one_in(4))
		damage(what, sizeof(*what));
}

void ask_doorbell(struct device *device)
{
	struct hcx_host_doorbell what;
	enum verdict verdict;
	bool is_away, had_it;
	uint32_t nr;
	int error;

	some_doorbell(device, &what);
	nr = what.nr;
	is_away = what.flags & HCX_HOST_DEASSIGN;
	had_it = has_number(device, nr);
	verdict = judge_doorbell(device, &what);
	error = ask(device, DOORBELL, &what, verdict);
	wrong_if(error == EBADF && verdict != WRONG, "DOORBELL of an eventfd: EBADF");
	wrong_if(error == ENOENT && !is_away, "DOORBELL of %#x: ENOENT", nr);
	if (error)
		return;
	wrong_if(is_away && !had_it, "DOORBELL: another's, of %#x, is taken away", nr);
	check_numbers(device, nr, what.nr, is_away ? -1 : !had_it, is_away ? 0 : !had_it);
}

void ask_end(struct device *device)
{
	struct hcx_host_end what = { .nr = some_nr(device) };
	bool has_it;
	int error;

	if (one_in(4))
		damage(&what, sizeof(what));
	has_it = has_number(device, what.nr);
	error = ask(device, END, &what, what.flags || !has_it ? WRONG : RIGHT);
	wrong_if(error == ENOENT && has_it, "END of %#x: ENOENT", what.nr);
	if (!error)
		check_numbers(device, what.nr, what.nr, -1, -1);
}

static void some_copy(struct hcx_host_memory *what)
{
	*what = (struct hcx_host_memory){
		.id = one_in(4) ? some_word() : fuzz.call.id,
		.gpa = one_in(8) ? some_word() : below(MEMORY_END),
		.len = 1 + below(4096), .flags = one_in(2) ? HCX_HOST_WRITE : 0,
	};
	if (one_in(4))
		damage(what, sizeof(*what));
	if (what->flags & HCX_HOST_WRITE && what->gpa < WRITABLE)
		what->gpa += WRITABLE;
}

/* What is longer than a page may be there or not. */
static enum verdict judge_copy(const struct hcx_host_memory *what, const struct place *place)
{
	if (what->flags & ~HCX_HOST_WRITE || !what->len || what->len > HCX_HOST_MEMORY_MAX ||
	    !(what->flags & HCX_HOST_WRITE ? place->readable : place->writable) ||
	    what->gpa >= MEMORY_END || what->gpa + what->len > MEMORY_END)
		return WRONG;

	return what->len <= 4096 ? RIGHT : PERHAPS;
}

void ask_memory(struct device *device)
{
	static char data[4096];
	struct hcx_host_memory what;
	enum verdict verdict;
	struct place place;
	bool is_waiting;
	int error;

	memset(data, 1 + below(255), sizeof(data));
	some_copy(&what);
	place = some_place(data, what.len && what.len < sizeof(data) ? what.len : sizeof(data));
	what.addr = (uintptr_t)place.at;
	verdict = judge_copy(&what, &place);
	is_waiting = waits(device, what.id);
	error = ask(device, MEMORY, &what, is_waiting ? verdict : WRONG);
	wrong_if(error > 0 && verdict == RIGHT && waits_on(device, what.id),
		 "MEMORY of what is right: error %d", error);
	if (!error && is_waiting)
		wrong_if(memcmp(place.at, addr_gpa2hva(fuzz.call.vm->guest.vm, what.gpa), what.len),
			 "MEMORY: the bytes are others");
}

/* Another size, direction or number. What all files have is not of this type. */
void ask_unknown(struct device *device)
{
	struct hcx_host_rule zeroes = {};
	unsigned int cmd = ioctls[below(IOCTLS)].cmd, i;
	int error;

	if (one_in(2))
		cmd ^= 1U << below(32);
	else
		cmd = ((unsigned int)some_word() & ~0xff00U) | 0xbc00;
	for (i = 0; i < IOCTLS; i++)
		if (cmd == ioctls[i].cmd || cmd == HCX_HOST_VERSION)
			return;
	error = ask_once(device, cmd, some_place(&zeroes, sizeof(zeroes)).at);
	wrong_if(error != ENOTTY, "ioctl %#x: error %d", cmd, error);
	wrong_if(ioctl(device->fd, HCX_HOST_VERSION, some_word()) != HCX_HOST_API_VERSION,
		 "VERSION");
}
