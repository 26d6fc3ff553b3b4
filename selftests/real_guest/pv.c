// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's program has its kernel make the hypercalls of KVM, or of Hyper-V, that Linux knows:
 * it sends IPIs to vCPUs that the host has preempted (membarrier), flushes their TLBs (mremap),
 * and asks for the host's clock (/dev/ptp0). It prints what comes of it, the leaves by which it
 * knows its hypervisor, and what the handler echo answers.
 */
#include <linux/membarrier.h>
#include <linux/ptp_clock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "vcpus.h"

#define ROUNDS		100
#define PAGE		4096UL
#define MOST_VCPUS	8

#define LEAF_FIRST	0x40000000U
#define LEAF_KVM	0x40000100U
#define LEAVES		0x11U

/* What the page has to hold at least, by now. */
static atomic_ulong *page;
static atomic_ulong published;
static atomic_bool stop;
static atomic_int running;

static void *read_page(void *vcpu)
{
	unsigned long at_least, stale = 0;

	atomic_fetch_add(&running, 1);
	while (!atomic_load(&stop)) {
		at_least = atomic_load(&published);
		stale += atomic_load(page) < at_least;
	}
	return (void *)stale;
}

static void *new_page(void)
{
	void *new = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (new == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return new;
}

/* Another page takes the place of the one that all vCPUs read. */
static bool replace_page(unsigned long value)
{
	atomic_ulong *new = new_page();

	atomic_store(new, value);
	if (mremap(new, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page)
		return false;
	atomic_store(&published, value);

	return true;
}

static bool barrier_on_all(void)
{
	return !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static void disturb(void)
{
	int i, barriers = 0, pages = 0;

	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	for (i = 1; i <= ROUNDS; i++) {
		barriers += barrier_on_all();
		pages += replace_page(i);
	}
	printf("pv: %d of %d barriers, %d of %d pages\n", barriers, ROUNDS, pages, ROUNDS);
}

static void stay_on_first(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first)) {
		perror("sched_setaffinity");
		exit(1);
	}
}

/* This thread's vCPU is the first; all others, more than the host has CPUs, are kept busy. */
static void disturb_vcpus(int vcpus)
{
	unsigned long stale = 0;
	pthread_t threads[MOST_VCPUS];
	void *result;
	int i;

	if (vcpus > MOST_VCPUS) {
		fprintf(stderr, "%d vCPUs are too many\n", vcpus);
		exit(1);
	}
	stay_on_first();
	page = new_page();
	for (i = 1; i < vcpus; i++)
		threads[i] = start_on(i, read_page);
	while (atomic_load(&running) < vcpus - 1)
		usleep(1000);
	disturb();
	atomic_store(&stop, true);
	for (i = 1; i < vcpus; i++) {
		pthread_join(threads[i], &result);
		stale += (unsigned long)result;
	}
	printf("pv: %d vCPUs, stale pages were read %lu times\n", vcpus, stale);
}

/* 0, or the errno. */
static int error_of(int result)
{
	return result ? errno : 0;
}

/* A descriptor is a clock, see clock_gettime(2). */
static clockid_t clock_of(int fd)
{
	return (~(clockid_t)fd << 3) | 3;
}

static void ask_clock(void)
{
	struct ptp_sys_offset_precise precise = { 0 };
	struct timespec host = { 0 }, here;
	int fd = open("/dev/ptp0", O_RDWR);
	long apart;

	if (fd < 0) {
		printf("pv: there is no /dev/ptp0\n");
		return;
	}
	printf("pv: clock_gettime: error %d\n", error_of(clock_gettime(clock_of(fd), &host)));
	clock_gettime(CLOCK_REALTIME, &here);
	apart = host.tv_sec - here.tv_sec;
	printf("pv: the host's clock is %s\n", labs(apart) < 3600 ? "near the guest's" : "another");
	printf("pv: PTP_SYS_OFFSET_PRECISE: error %d\n",
	       error_of(ioctl(fd, PTP_SYS_OFFSET_PRECISE, &precise)));
	close(fd);
}

static __u32 print_leaf(__u32 leaf)
{
	__u32 eax = leaf, ebx, ecx = 0, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	printf("pv: leaf %#x: %08x %08x %08x %08x\n", leaf, eax, ebx, ecx, edx);

	return eax;
}

/* Those above the last, which the first names, are none. */
static void print_leaves(__u32 first)
{
	__u32 leaf = first, last = print_leaf(first);

	while (leaf < last && ++leaf < first + LEAVES)
		print_leaf(leaf);
}

static void call_echo(void)
{
	struct hcx_dev_call echo = { .args = { 1, 20, 300, 4000 } };

	dev = open(HCX_DEV_PATH, O_RDWR);
	echo.nr = dev < 0 ? 0 : find("echo");
	if (echo.nr)
		printf("echo: answers %lld\n", call(&echo));
	else
		printf("echo: %s\n", dev < 0 ? "there is no " HCX_DEV_PATH : "nobody has it");
}

int main(void)
{
	print_leaves(LEAF_FIRST);
	print_leaves(LEAF_KVM);
	disturb_vcpus(sysconf(_SC_NPROCESSORS_ONLN));
	ask_clock();
	call_echo();

	return 0;
}
