/* SPDX-License-Identifier: GPL-2.0 */
/* What every test needs: the modules there, results told, handlers on command. */
#ifndef SELFTEST_HCX_UTIL_H
#define SELFTEST_HCX_UTIL_H

#include <linux/kvm_para.h>
#include <stdbool.h>
#include <time.h>
#include <uapi/linux/kvm_hcx.h>

#include "test_util.h"

/* A negative result as the guest finds it in RAX, in 64-bit mode or not. */
#define ERR64(error)	((uint64_t)-(int64_t)(error))
#define ERR32(error)	((uint64_t)(uint32_t)-(int32_t)(error))

/* Skips the test where KVM cannot be used, and says why. */
void require_kvm(void);

/*
 * Numbers that follow from the first @state, which is not 0; the second is less than @limit. For
 * guests, too.
 */
uint64_t next_random(uint64_t *state);
unsigned int random_below(uint64_t *state, unsigned int limit);

/* Of CLOCK_MONOTONIC; whole ones, rounded up. */
unsigned int seconds_since(const struct timespec *start);

/* Keeps the calling thread on one CPU. */
void pin_to(int cpu);

/* What make check loads beside the core before each test. */
#define OTHER_MODULES "hcx_clock hcx_echo hcx_marker hcx_sleep hcx_test"

/* Skips the test where @module is not loaded. */
void require_module(const char *module);

/*
 * Starts a test of @plan results with hcx_test.ko. In the header, since kselftest.h counts by
 * file.
 */
static inline void require_hcx(unsigned int plan)
{
	ksft_print_header();
	require_kvm();
	require_module("kvm_hcx");
	require_module("hcx_test");
	ksft_set_plan(plan);
}

/* Reports one result; a wrong one with both values. */
#define expect(got, want, fmt, ...) do {					\
	uint64_t __got = (got), __want = (want);				\
										\
	if (__got != __want)							\
		ksft_print_msg("%s is %#lx, not %#lx\n", #got, __got, __want);	\
	ksft_test_result(__got == __want, fmt "\n", ##__VA_ARGS__);		\
} while (0)

/* A command to hcx_test.ko (see its source): 0, or the core's negative errno. */
int __attribute__((format(printf, 1, 2))) control(const char *fmt, ...);

/* control(), for what must succeed. */
#define must_control(...) do {							\
	int __error = control(__VA_ARGS__);					\
										\
	TEST_ASSERT(!__error, "hcx_test: %s", strerror(-__error));		\
} while (0)

/* The number, or how many calls, of a handler that control() registered. */
uint32_t number_of(const char *name);
long calls_of(const char *name);

/* The core's tables. */
#define TABLES "/sys/kernel/debug/kvm_hcx/"

/* What the core's own table has of all calls of a handler, and of how many VMs a line. */
struct counted {
	unsigned int vms;
	unsigned long calls;
	unsigned long inside;
	unsigned long errors;
	unsigned long denied;
};

void counted_of(const char *name, struct counted *counted);

/* How many calls of a handler have ended in an error, "EINTR" for instance as its table has it. */
unsigned long errors_of(const char *name, const char *error);

/* The kernel log from here on: how many lines, but of stacks, have come since that have @text. */
int log_mark(void);
unsigned int log_lines(int log, const char *text);

/* The cgroup2 file system, mounted there; and away again, when what was made in it is gone. */
#define CGROUPS "hcx_cgroups"
void mount_cgroups(void);
void umount_cgroups(void);

/* 0, or a negative errno of the write; the file has to be there. */
int write_to(const char *path, const char *text);

/* The number that the first line which is as @format is has, as sscanf() reads it. */
long read_number(const char *path, const char *format);

/* How often the core is used. */
long uses_of_core(void);

/* Whether a process sleeps in what a function of the kernel's has called. */
bool sleeps_in(pid_t pid, const char *function);

/* Lets the calls go on that sleep in a handler of kind "sleep". */
void wake_sleepers(void);

/* hcx_test.ko's buffer, which its handlers copy to and from the guest. */
#define BUFFER_SIZE 65536
void buffer_get(void *data, size_t len);
void buffer_set(const void *data, size_t len);

#endif /* SELFTEST_HCX_UTIL_H */
