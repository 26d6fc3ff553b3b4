// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's program checks /dev/hcx, as root. With the argument "absent" it expects a
 * host without kvm-hcx; without, one on which hcx_echo, hcx_invert and hcx_test are
 * loaded and hcx_test has registered what ./run says.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/hcx_dev.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define NOBODY		65534
#define UNKNOWN_FLAG	(1U << 31)

/* What the lines begin with: the program is built for both. */
static const char *me = sizeof(long) == 8 ? "dev64" : "dev32";
static unsigned int checks, right;
static int dev;

static void check(long long got, long long want, const char *what)
{
	checks++;
	right += got == want;
	if (got == want)
		printf("%s: ok: %s\n", me, what);
	else
		printf("%s: WRONG: %s: %#llx, not %#llx\n", me, what, got, want);
}

/* 0, or the errno. */
static int try(unsigned long request, void *argument)
{
	return ioctl(dev, request, argument) ? errno : 0;
}

static int find(const char *name, struct hcx_dev_find *find)
{
	memset(find, 0, sizeof(*find));
	memcpy(find->name, name, strnlen(name, sizeof(find->name)));

	return try(HCX_IOC_FIND, find);
}

static __u32 number_of(const char *name)
{
	struct hcx_dev_find found;

	if (find(name, &found)) {
		printf("%s: nobody has the name %s\n", me, name);
		exit(1);
	}
	return found.nr;
}

static int open_as(uid_t uid)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (setgroups(0, NULL) || setgid(uid) || setuid(uid))
			_exit(255);
		_exit(open(HCX_DEV_PATH, O_RDWR) < 0 ? errno : 0);
	}
	waitpid(child, &status, 0);

	return WEXITSTATUS(status);
}

static void check_permissions(void)
{
	struct stat st = { 0 };

	stat(HCX_DEV_PATH, &st);
	check(st.st_mode & 07777, 0600, "the device is root's");
	check(open_as(NOBODY), EACCES, "nobody may not open it");
	chmod(HCX_DEV_PATH, 0666);
	check(open_as(NOBODY), 0, "nobody may after chmod 0666");
	chmod(HCX_DEV_PATH, 0600);
}

static void check_info(void)
{
	struct hcx_dev_info info = { 0 };

	check(try(HCX_IOC_INFO, &info), 0, "info");
	check(info.abi_version, HCX_ABI_VERSION, "info: version");
	check(info.features & HCX_FEATURE_RING3, HCX_FEATURE_RING3, "info: features");
	info.flags = UNKNOWN_FLAG;
	check(try(HCX_IOC_INFO, &info), EINVAL, "info: an unknown flag");
}

static void check_find(void)
{
	struct hcx_dev_find found;

	check(find("echo", &found), 0, "find echo");
	check(found.nr >= HCX_NR_ALLOTTED_FIRST && found.nr <= HCX_NR_ALLOTTED_LAST, 1,
	      "find: the number of echo");
	check(found.nr_flags, 0, "find: the flags of echo");
	check(find("sixteen-bytes-ab", &found), 0, "find a name of 16 bytes");
	check(found.nr_flags, HCX_RING3, "find: its flags");
	check(find("invert", &found), 0, "find invert");
	check(found.nr_flags, HCX_RESULT_RDX, "find: its result register");
	check(find("sixteen-bytes-a", &found), ENOENT, "find: nobody has the name");
	check(find("", &found), ENOENT, "find: no name");
	found = (struct hcx_dev_find){ .name = "echo", .flags = UNKNOWN_FLAG };
	check(try(HCX_IOC_FIND, &found), EINVAL, "find: an unknown flag");
	found = (struct hcx_dev_find){ .name = "echo", .reserved = 1 };
	check(try(HCX_IOC_FIND, &found), EINVAL, "find: the reserved field");
}

static void check_call(void)
{
	struct hcx_dev_call call = {
		.nr = number_of("echo"),
		.args = { 0x100000001, 20, 300, 4000 },
	};

	check(try(HCX_IOC_CALL, &call), 0, "call echo");
	check(call.rax, 0x10000422d, "call: RAX has 64 bits");
	check(memcmp(call.results, call.args, sizeof(call.args)), 0,
	      "call: the registers of the arguments are what they were");
	call.nr = HCX_NR_ALLOTTED_LAST;
	check(try(HCX_IOC_CALL, &call), 0, "call what nobody has");
	check(call.rax, -1000, "call: it is KVM_ENOSYS");
	call.nr = number_of("again");
	check(try(HCX_IOC_CALL, &call), 0, "call again without HCX_CALL_RETRY");
	check(call.rax, -HCX_EAGAIN, "call: it is HCX_EAGAIN");
}

static int refused(struct hcx_dev_call call)
{
	if (!call.nr)
		call.nr = number_of("echo");

	return try(HCX_IOC_CALL, &call);
}

static void check_refusals(void)
{
	static char text[8];
	__u64 there = (uintptr_t)text;

	check(refused((struct hcx_dev_call){ .flags = UNKNOWN_FLAG }), EINVAL, "an unknown flag");
	check(refused((struct hcx_dev_call){ .flags = 1 << 3 }), EINVAL, "the next flag");
	check(refused((struct hcx_dev_call){ .nr = 1 }), EINVAL, "KVM's own number");
	check(refused((struct hcx_dev_call){ .nr = HCX_NR_KVM_LAST }), EINVAL, "KVM's last");
	check(refused((struct hcx_dev_call){ .nr = HCX_NR_LAST + 1U }), EINVAL,
	      "a number above all");
	check(refused((struct hcx_dev_call){ .buffer = there }), EINVAL, "a buffer without flag");
	check(refused((struct hcx_dev_call){ .buffer_len = 8 }), EINVAL, "a length without flag");
	check(refused((struct hcx_dev_call){ .buffer_arg = 1 }), EINVAL,
	      "a buffer's argument without flag");
	check(refused((struct hcx_dev_call){ .buffer = there, .buffer_len = 8, .buffer_arg = 4,
					     .flags = HCX_CALL_BUFFER_READ }), EINVAL,
	      "a buffer in argument 4");
	check(refused((struct hcx_dev_call){ .buffer = there, .buffer_len = 8, .args = { 1 },
					     .flags = HCX_CALL_BUFFER_READ }), EINVAL,
	      "a buffer in an argument that is not 0");
	check(try(_IO(0xbc, 3), text), ENOTTY, "an unknown ioctl");
	check(try(HCX_IOC_CALL, (void *)8), EFAULT, "a structure that is not there");
}

/* From the kernel, which tells root: the guest-physical address of what is at p. */
static __u64 gpa_of(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)p / PAGE * sizeof(entry)) < 0)
		perror("pagemap");
	close(fd);

	return (entry & ((1ULL << 55) - 1)) * PAGE + (uintptr_t)p % PAGE;
}

static bool contiguous(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += PAGE)
		if (gpa_of(p + i) != gpa_of(p) + i)
			return false;

	return gpa_of(p + len - 1) == gpa_of(p) + len - 1;
}

/* echo, for one argument, answers with it: here, with the gpa that the buffer got. */
static __u64 gpa_passed(void *p, size_t len, int flags)
{
	struct hcx_dev_call call = {
		.nr = number_of("echo"),
		.buffer = (uintptr_t)p,
		.buffer_len = len,
		.flags = flags,
	};
	int error = try(HCX_IOC_CALL, &call);

	if (error)
		printf("%s: a buffer of %zu bytes: %s\n", me, len, strerror(error));

	return error ? 0 : call.rax;
}

static void *map(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *p = mmap(at, len, prot, flags, fd, offset);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static char *pages(size_t count)
{
	char *p = map(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);

	memset(p, 0x5a, count * PAGE);
	return p;
}

/*
 * So many pages, at least 2, of which the first two are not contiguous: if they are,
 * they change places.
 */
static char *scattered(size_t count)
{
	int fd = memfd_create("scattered", 0);
	char *p;

	if (ftruncate(fd, count * PAGE)) {
		perror("memfd");
		exit(1);
	}
	p = map(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, 0x5a, count * PAGE);
	if (contiguous(p, 2 * PAGE)) {
		map(p, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, PAGE);
		map(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	}
	memset(p, 0x5a, count * PAGE);
	close(fd);

	return p;
}

static void check_addresses(void)
{
	char *one = pages(1), *some = scattered(3), *area, *huge;

	check(gpa_passed(one + 0x123, 8, HCX_CALL_BUFFER_READ), gpa_of(one + 0x123),
	      "the address of 8 bytes");
	check(gpa_passed(one, PAGE, HCX_CALL_BUFFER_WRITE), gpa_of(one), "of a page");
	check(contiguous(some, 2 * PAGE), 0, "two pages are not contiguous");
	check(gpa_passed(some + PAGE - 4, 8, HCX_CALL_BUFFER_WRITE) % PAGE, 0,
	      "across them, the address is a copy's");

	area = map(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	huge = (char *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
	madvise(huge, HUGE, MADV_HUGEPAGE);
	memset(huge, 0x5a, HUGE);
	check(contiguous(huge, HUGE), 1, "a huge page is contiguous");
	check(gpa_passed(huge + 0x10, HCX_DEV_BUFFER_MAX, HCX_CALL_BUFFER_WRITE),
	      gpa_of(huge + 0x10), "the address of 17 pages");
	munmap(area, 2 * HUGE);
}

/* invert changes the bytes and no others; its answers are right. */
static void check_invert(char *p, size_t size, size_t offset, size_t len, const char *what)
{
	struct hcx_dev_call call = {
		.nr = number_of("invert"),
		.args = { 0, len },
		.buffer = (uintptr_t)(p + offset),
		.buffer_len = len,
		.flags = HCX_CALL_BUFFER_READ | HCX_CALL_BUFFER_WRITE,
	};
	size_t i, wrong = 0;
	__u64 sum = 0;
	int error;

	for (i = 0; i < size; i++)
		p[i] = i * 7 + i / 251;
	for (i = offset; i < offset + len; i++)
		sum += (unsigned char)p[i];
	error = try(HCX_IOC_CALL, &call);
	for (i = 0; i < size; i++) {
		char before = i * 7 + i / 251;

		wrong += p[i] != (i >= offset && i < offset + len ? (char)~before : before);
	}
	if (error || wrong)
		printf("%s: %s, %zu bytes are wrong\n", me, strerror(error), wrong);
	check(error || wrong || call.rax != (__s64)len, 0, what);
	check(call.results[2], sum, "a result in RDX");
}

static void check_contents(void)
{
	char *one = pages(1), *some = scattered(18);

	check_invert(one, PAGE, 0x123, 1, "invert 1 byte");
	check_invert(one, PAGE, 0x123, 0x456, "invert within a page");
	check_invert(one, PAGE, 0, PAGE, "invert a page");
	check_invert(some, 18 * PAGE, PAGE - 1, 2, "invert across two pages");
	check_invert(some, 18 * PAGE, 0, HCX_DEV_BUFFER_MAX, "invert the maximum");
	check_invert(some, 18 * PAGE, 0x123, HCX_DEV_BUFFER_MAX, "invert it in 17 pages");
}

/* invert writes to a copy that nobody copies back. */
static void check_read_only(void)
{
	char *some = scattered(2);
	struct hcx_dev_call call = {
		.nr = number_of("invert"),
		.args = { 0, 2 * PAGE },
		.buffer = (uintptr_t)some,
		.buffer_len = 2 * PAGE,
		.flags = HCX_CALL_BUFFER_READ,
	};

	mprotect(some, 2 * PAGE, PROT_READ);
	check(try(HCX_IOC_CALL, &call), 0, "a read-only buffer to read");
	check(call.results[2], 0x5a * 2 * PAGE, "what the host has read");
	check(some[0] == 0x5a && some[2 * PAGE - 1] == 0x5a, 1, "it is what it was");
	call.flags = HCX_CALL_BUFFER_WRITE;
	check(try(HCX_IOC_CALL, &call), EFAULT, "a read-only buffer to write");
}

static void check_bad_buffers(void)
{
	char *some = pages(18);
	struct hcx_dev_call call = {
		.nr = number_of("echo"),
		.buffer = (uintptr_t)some,
		.buffer_len = HCX_DEV_BUFFER_MAX + 1,
		.flags = HCX_CALL_BUFFER_READ,
	};

	check(try(HCX_IOC_CALL, &call), EMSGSIZE, "one byte too long");
	call.buffer_len = UINT32_MAX;
	check(try(HCX_IOC_CALL, &call), EMSGSIZE, "4 GiB too long");
	call.buffer_len = 0;
	check(try(HCX_IOC_CALL, &call), EMSGSIZE, "no byte");
	call.buffer_len = 2 * PAGE;
	munmap(some + PAGE, PAGE);
	check(try(HCX_IOC_CALL, &call), EFAULT, "its second page is not there");
	call.buffer = 8;
	check(try(HCX_IOC_CALL, &call), EFAULT, "nothing is there");
	call.buffer = 0xffffffff81000000;
	check(try(HCX_IOC_CALL, &call), EFAULT, "the kernel is there");
	call.buffer = -8ULL;
	check(try(HCX_IOC_CALL, &call), EFAULT, "the end of memory is there");
}

static void on_alarm(int signal)
{
}

static void alarm_in(long us)
{
	struct itimerval timer = { .it_value.tv_sec = us / 1000000,
				   .it_value.tv_usec = us % 1000000 };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static long ms(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (now.tv_sec % 1000000) * 1000 + now.tv_usec / 1000;
}

/* The host counts the calls. */
static void check_retry(void)
{
	struct hcx_dev_call call = { .nr = number_of("again2"), .flags = HCX_CALL_RETRY };
	long before = ms(), took;

	alarm_in(500000);
	check(try(HCX_IOC_CALL, &call), EINTR, "SIGALRM ends HCX_CALL_RETRY");
	took = ms() - before;
	check(took >= 400 && took < 5000, 1, "it does when it comes");
	call.nr = number_of("echo");
	call.args[0] = 5;
	check(try(HCX_IOC_CALL, &call), 0, "HCX_CALL_RETRY of what is answered");
	check(call.rax, 5, "it is answered");
}

/*
 * A signal that comes after a system call has begun and before the hypercall: the
 * copy of the longest buffer gives it time to, in one of many calls.
 */
static void check_pending(void)
{
	struct hcx_dev_call call = {
		.nr = number_of("echo"),
		.buffer = (uintptr_t)scattered(16),
		.buffer_len = HCX_DEV_BUFFER_MAX,
		.flags = HCX_CALL_BUFFER_WRITE,
	};
	int tries, error = 0;

	for (tries = 0; tries < 5000 && error != EINTR; tries++) {
		alarm_in(1 + tries * 37 % 2000);
		error = try(HCX_IOC_CALL, &call);
	}
	alarm_in(0);
	printf("%s: %d tries\n", me, tries);
	check(error, EINTR, "a signal before the call ends it");
}

static void check_absent(void)
{
	struct hcx_dev_call call = { .nr = HCX_NR_DISCOVERY };
	struct hcx_dev_info info = { 0 };
	struct hcx_dev_find found;

	check(try(HCX_IOC_INFO, &info), ENXIO, "info without kvm-hcx");
	check(find("echo", &found), ENXIO, "find without kvm-hcx");
	check(try(HCX_IOC_CALL, &call), 0, "call without kvm-hcx");
	check(call.rax, -1000, "call: it is KVM_ENOSYS");
}

static void check_present(void)
{
	check_permissions();
	check_info();
	check_find();
	check_call();
	check_refusals();
	check_addresses();
	check_contents();
	check_read_only();
	check_bad_buffers();
	check_retry();
	check_pending();
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &action, NULL);
	dev = open(HCX_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (dev < 0) {
		perror(HCX_DEV_PATH);
		return 1;
	}
	if (argc > 1 && !strcmp(argv[1], "absent"))
		check_absent();
	else
		check_present();
	printf("%s: %u of %u are right\n", me, right, checks);

	return right != checks;
}
