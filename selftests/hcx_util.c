// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "hcx_util.h"

#define CONTROL "/sys/kernel/debug/hcx_test/"

void require_module(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (access(path, F_OK))
		ksft_exit_skip("%s is not loaded: modprobe or insmod it first\n", module);
}

uint64_t next_random(uint64_t *state)
{
	/* xorshift64*, of Marsaglia and Vigna */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

unsigned int random_below(uint64_t *state, unsigned int limit)
{
	return (next_random(state) >> 32) % limit;
}

void require_kvm(void)
{
	if (access("/dev/kvm", R_OK | W_OK))
		ksft_exit_skip("/dev/kvm: %s\n", strerror(errno));
}

unsigned int seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec + (now.tv_nsec > start->tv_nsec);
}

void pin_to(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "CPU %d: %s", cpu, strerror(errno));
}

int write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error;

	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	error = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);

	return error;
}

int control(const char *fmt, ...)
{
	char line[256];
	va_list args;
	int error;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	error = write_to(CONTROL "control", line);
	TEST_ASSERT(error != -EDOM, "hcx_test does not understand: %s", line);

	return error;
}

long read_number(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long number;

	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	do {
		TEST_ASSERT(fgets(line, sizeof(line), file), "%s has no %s", path, format);
	} while (sscanf(line, format, &number) != 1);
	fclose(file);

	return number;
}

long uses_of_core(void)
{
	return read_number("/sys/module/kvm_hcx/refcnt", "%ld");
}

bool sleeps_in(pid_t pid, const char *function)
{
	char path[64], stack[4096] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "r");
	TEST_ASSERT(file, "%s: %s", path, strerror(errno));
	stack[fread(stack, 1, sizeof(stack) - 1, file)] = '\0';
	fclose(file);

	return strstr(stack, function);
}

void wake_sleepers(void)
{
	write_to(CONTROL "wake", "1");
}

static void numbers_line(const char *wanted, unsigned int *nr, long *calls)
{
	FILE *numbers = fopen(CONTROL "numbers", "r");
	char name[32];

	TEST_ASSERT(numbers, "hcx_test/numbers: %s", strerror(errno));
	while (fscanf(numbers, "%31s %x %ld", name, nr, calls) == 3)
		if (!strcmp(name, wanted)) {
			fclose(numbers);
			return;
		}
	TEST_FAIL("hcx_test has no handler '%s'", wanted);
}

uint32_t number_of(const char *name)
{
	unsigned int nr;
	long calls;

	numbers_line(name, &nr, &calls);
	return nr;
}

long calls_of(const char *name)
{
	unsigned int nr;
	long calls;

	numbers_line(name, &nr, &calls);
	return calls;
}

void counted_of(const char *name, struct counted *counted)
{
	FILE *calls = fopen(TABLES "calls", "r");
	char line[128], row[64], vm[32];
	struct counted read;
	int lines = 0;

	TEST_ASSERT(calls, "kvm_hcx/calls: %s", strerror(errno));
	while (fgets(line, sizeof(line), calls)) {
		if (sscanf(line, "%*s %63s %31s %lu %lu %lu %lu", row, vm, &read.calls,
			   &read.inside, &read.errors, &read.denied) != 6 || strcmp(row, name))
			continue;
		if (!strcmp(vm, "all"))
			*counted = read;
		lines++;
	}
	fclose(calls);
	TEST_ASSERT(lines, "kvm_hcx/calls has no handler '%s'", name);
	counted->vms = lines - 1;
}

unsigned long errors_of(const char *name, const char *error)
{
	FILE *errors = fopen(TABLES "errors", "r");
	char line[128], row[64], vm[32], class[32];
	unsigned long calls, all = 0;

	TEST_ASSERT(errors, "kvm_hcx/errors: %s", strerror(errno));
	while (fgets(line, sizeof(line), errors))
		if (sscanf(line, "%*s %63s %31s %31s %lu", row, vm, class, &calls) == 4 &&
		    !strcmp(row, name) && !strcmp(vm, "all") && !strcmp(class, error))
			all = calls;
	fclose(errors);

	return all;
}

int log_mark(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	TEST_ASSERT(log >= 0 && !lseek(log, 0, SEEK_END), "/dev/kmsg: %s", strerror(errno));
	return log;
}

unsigned int log_lines(int log, const char *text)
{
	unsigned int lines = 0;
	char line[8192];
	ssize_t size;

	while ((size = read(log, line, sizeof(line) - 1)) > 0) {
		line[size] = '\0';
		/* A stack, as reports of KCSAN have some, is harness/splat's. */
		lines += strstr(line, text) && !strstr(line, "+0x");
	}
	TEST_ASSERT(errno == EAGAIN, "/dev/kmsg: %s", strerror(errno));

	return lines;
}

void buffer_get(void *data, size_t len)
{
	int fd = open(CONTROL "buffer", O_RDONLY);

	TEST_ASSERT(pread(fd, data, len, 0) == len, "hcx_test/buffer: %s", strerror(errno));
	close(fd);
}

void buffer_set(const void *data, size_t len)
{
	int fd = open(CONTROL "buffer", O_WRONLY);

	TEST_ASSERT(pwrite(fd, data, len, 0) == len, "hcx_test/buffer: %s", strerror(errno));
	close(fd);
}

void mount_cgroups(void)
{
	TEST_ASSERT(!mkdir(CGROUPS, 0700) && !mount("none", CGROUPS, "cgroup2", 0, NULL),
		    "cgroup2: %s", strerror(errno));
}

void umount_cgroups(void)
{
	TEST_ASSERT(!umount(CGROUPS) && !rmdir(CGROUPS), "cgroup2: %s", strerror(errno));
}
