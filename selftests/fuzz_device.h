/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of fuzz_device_test share. */
#ifndef SELFTEST_HCX_FUZZ_DEVICE_H
#define SELFTEST_HCX_FUZZ_DEVICE_H

#include "fuzz.h"
#include "session.h"
#include "tables.h"

/* Numbers that have a handler of hcx_test.ko's, the second one for whom it is opened to. */
#define VALUE_NR	0x50
#define OPT_IN_NR	0x51
#define VALUE		0xa25

/* Who uses the device, and what he has from his parent. */
#define INHERITED	4

struct user {
	bool is_root, has_all_vms, may_open;
	int unset[INHERITED];	/* descriptors about no VM yet */
	int parents;		/* about the VM that is not his */
	struct kvm_vm *vm;	/* this */
	int vcpu;		/* and one of its vCPUs */
	int cgroup;		/* its directory */
};

/* The ioctls that take a structure. */
enum which { SET_VM, SERVE, DOORBELL, END, MEMORY, RULE, IOCTLS };

/* A VM of this process; what is gone stays here for the devices that are about it. */
struct vm {
	struct guest guest;
	bool is_there;
};

/* An open /dev/kvm_hcx, what it is about, and which numbers it answers. */
struct device {
	bool is_open, is_inherited, all;
	int fd;
	struct vm *vm;
	uint32_t served[HCX_HOST_HANDLERS_MAX];
	unsigned int count;
};

#define DEVICES		10
#define VMS		3
#define OTHERS		8
#define RULES		1024

/* For the parent, too: what was done how often, and the rules that there are, with KEEP by none. */
struct shared {
	unsigned int done[IOCTLS], requests, answers, files, compat;
	struct {
		bool is_there;
		const struct device *by;
		struct hcx_host_rule key;	/* what takes it away */
	} rules[RULES];
};

/* All that there is while it is used by one. */
extern struct fuzz {
	const struct user *user;
	struct shared *shared;
	unsigned int operation, wrong;
	struct device devices[DEVICES];
	struct vm *vms[VMS], parents_vm;
	int others[OTHERS];		/* the first two are eventfds */

	/* Before the operation; and whether that has done what may have changed them. */
	struct tables *before, *after;
	bool has_changed;

	/* The call that is under way, in a thread of its own; who has read its request, this. */
	struct {
		pthread_t thread;
		struct vm *vm;
		uint64_t nr, args[4], rax;
		bool is_started;
		int is_done;
		const struct device *reader;
		uint64_t id;
	} call;
} fuzz;

void __attribute__((format(printf, 2, 3))) wrong_if(bool is_wrong, const char *fmt, ...);

/* Chosen at random; some_set_device() is mostly about something. NULL: there is none. */
struct device *some_device(void);
struct device *some_set_device(void);
struct vm *some_vm(void);
int some_fd(void);
uint32_t some_nr(const struct device *device);

/* Whether the device answers the number; and whether VMs of this process can ask it. */
bool has_number(const struct device *device, uint32_t nr);
bool is_gone(const struct device *device);

/* fuzz_call.c: the call begins, and its end is taken if it has come to it, or brought to it. */
void start_some_call(struct device *unused);
void reap_call(void);
void settle_call(void);

/* Whether its request, by this name, waits for an answer; and whether it goes on to. */
bool waits(const struct device *device, uint64_t id);
bool waits_on(const struct device *device, uint64_t id);

/* Mostly one that has a request to be read; and one that has read it. */
struct device *some_reader(void);
struct device *some_answerer(void);
void read_request(struct device *device);
void write_response(struct device *device);

/* What can be told of a structure. */
enum verdict {
	WRONG,		/* it is refused */
	PERHAPS,
	RIGHT,		/* it may be refused, but not called wrong */
};

#define REFUSED_EARLY	-1

/*
 * fuzz_ioctl.c: the errno, or REFUSED_EARLY, before the structure was looked at; 0: it has what the
 * core has filled in. Comes after it is known whether 32-bit programs have an entry of their own.
 */
int ask(struct device *device, enum which which, void *what, enum verdict verdict);
void try_compat(void);
void ask_set_vm(struct device *device);
void ask_serve(struct device *device);
void ask_doorbell(struct device *device);
void ask_end(struct device *device);
void ask_memory(struct device *device);
void ask_unknown(struct device *device);

/* fuzz_rule.c */
void ask_rule(struct device *device);
void forget_rules_of(const struct device *device);

/* fuzz_files.c: whoever looks for them is root, and so is who switches all off in the end. */
void find_files(void);
void use_some_file(struct device *unused);
void reset_files(void);

/* fuzz_device.c: so many operations by such a one. How often it was wrong. */
unsigned int use_device(const struct user *user, struct shared *shared, unsigned int operations,
			uint64_t seed);

#endif /* SELFTEST_HCX_FUZZ_DEVICE_H */
