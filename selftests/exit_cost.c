// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what it costs a guest to reach a program on the host, or its VMM, as
 * hypercall_cost does. Its argument is the way:
 *
 *	null		KVM's own null call: an exit for a hypercall, and nothing else
 *	port		a write to a register of KVM's PIC: the same for a port
 *	mmio		a write to a register of KVM's IOAPIC: the same for memory
 *	pio		a write to a port: an exit to the VMM, which enters the guest again
 *	pio_in		a read from a port, which the VMM answers
 *	hypercall	KVM_HC_MAP_GPA_RANGE and KVM_EXIT_HYPERCALL: the VMM does nothing
 *	doorbell	a number that signals an eventfd
 *	ioeventfd	a write to a port that signals an eventfd
 *	ioeventfd_mmio	a write of four bytes to memory that does
 *	ioeventfd_fast	the same, where a write of any length does
 *	serve		a number that a thread of the VMM answers, which waits in read()
 *	serve_epoll	the same; it waits in epoll_wait()
 *
 * With a second argument, "waited", a thread waits in read() for the eventfd, and has the
 * event, and waits anew, before the guest goes on. Status 4: the kernel does not have that way.
 */
#include <linux/kvm_para.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "cost.h"
#include "session.h"

#define NR		0x40

/* Registers that KVM stores what is written to, and no more. */
#define PIC_ELCR	0x4d0
#define IOAPIC_SELECT	0xfec00000

/* There is nothing. */
#define MMIO		0xfeb00000

/* Under Bochs the host's timer ticks every 80,000 instructions. */
#define CALLS	3

static __always_inline void rounds_of(void (*once)(void))
{
	for (;;) {
		uint64_t start = rdtsc();
		int i;

		for (i = 0; i < CALLS; i++)
			once();
		GUEST_SYNC(rdtsc() - start);
	}
}

static void call_null(void)
{
	kvm_hypercall(KVM_HC_VAPIC_POLL_IRQ, 0, 0, 0, 0);
}

static void call_vmm(void)
{
	kvm_hypercall(KVM_HC_MAP_GPA_RANGE, 0, 1, 0, 0);
}

static void call_number(void)
{
	kvm_hypercall(NR, 0, 0, 0, 0);
}

static void write_elcr(void)
{
	asm volatile("outb %%al, %%dx" : : "a"(0), "d"(PIC_ELCR) : "memory");
}

static void write_port(void)
{
	asm volatile("outb %%al, %0" : : "i"(COST_PORT) : "memory");
}

static void read_port(void)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "i"(COST_PORT) : "memory");
}

static void write_select(void)
{
	WRITE_ONCE(*(uint32_t *)IOAPIC_SELECT, 0);
}

static void write_mmio(void)
{
	WRITE_ONCE(*(uint32_t *)MMIO, 0);
}

static void null_main(void)
{
	rounds_of(call_null);
}

static void vmm_main(void)
{
	rounds_of(call_vmm);
}

static void number_main(void)
{
	rounds_of(call_number);
}

static void elcr_main(void)
{
	rounds_of(write_elcr);
}

static void port_main(void)
{
	rounds_of(write_port);
}

static void port_in_main(void)
{
	rounds_of(read_port);
}

static void select_main(void)
{
	rounds_of(write_select);
}

static void mmio_main(void)
{
	rounds_of(write_mmio);
}

/* That of doorbells and ioeventfds. */
static int event;

static void map_select(struct kvm_vm *vm)
{
	virt_pg_map(vm, IOAPIC_SELECT, IOAPIC_SELECT);
}

static void enable_exit(struct kvm_vm *vm)
{
	vm_enable_cap(vm, KVM_CAP_EXIT_HYPERCALL, 1 << KVM_HC_MAP_GPA_RANGE);
}

static void add_doorbell(struct kvm_vm *vm)
{
	must(doorbell(open_session(vm), NR, "bell", 0, 0, event));
}

static void add_ioeventfd(struct kvm_vm *vm, uint64_t addr, uint32_t len, uint32_t flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = addr, .len = len, .flags = flags, .fd = event,
	};

	vm_ioctl(vm, KVM_IOEVENTFD, &ioeventfd);
}

static void add_port(struct kvm_vm *vm)
{
	add_ioeventfd(vm, COST_PORT, 1, KVM_IOEVENTFD_FLAG_PIO);
}

static void add_mmio(struct kvm_vm *vm)
{
	virt_pg_map(vm, MMIO, MMIO);
	add_ioeventfd(vm, MMIO, 4, 0);
}

static void add_fast_mmio(struct kvm_vm *vm)
{
	virt_pg_map(vm, MMIO, MMIO);
	add_ioeventfd(vm, MMIO, 0, 0);
}

static void start(void *(*run)(void *), int fd, const pthread_attr_t *attr)
{
	pthread_t thread;
	int error = pthread_create(&thread, attr, run, (void *)(intptr_t)fd);

	TEST_ASSERT(!error, "no thread: %s", strerror(error));
}

/* One that runs at once, here and whenever it is woken, before the guest does. */
static void start_before_guest(void *(*run)(void *), int fd)
{
	struct sched_param first = { .sched_priority = 1 };
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &first);
	start(run, fd, &attr);
}

static void answer(int session)
{
	struct hcx_host_response response = {};
	struct hcx_host_request request;

	TEST_ASSERT(read(session, &request, sizeof(request)) == sizeof(request), "no request");
	response.id = request.id;
	TEST_ASSERT(write(session, &response, sizeof(response)) == sizeof(response), "too late");
}

static void *answer_all(void *session)
{
	for (;;)
		answer((intptr_t)session);

	return NULL;
}

static void *answer_by_epoll(void *session)
{
	struct epoll_event events = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, (intptr_t)session, &events);
	for (;;) {
		TEST_ASSERT(epoll_wait(epoll, &events, 1, -1) == 1, "epoll_wait");
		answer((intptr_t)session);
	}

	return NULL;
}

static void start_server(struct kvm_vm *vm, void *(*run)(void *))
{
	int session = open_session(vm);

	must(serve(session, NR, "served", 0, 0));
	start(run, session, NULL);
}

static void add_server(struct kvm_vm *vm)
{
	start_server(vm, answer_all);
}

static void add_epoll_server(struct kvm_vm *vm)
{
	start_server(vm, answer_by_epoll);
}

/* Each call is one event: none is late. */
static void *read_events(void *fd)
{
	uint64_t count;

	for (;;)
		TEST_ASSERT(read((intptr_t)fd, &count, sizeof(count)) == sizeof(count) &&
			    count == 1, "more than one event at a time");

	return NULL;
}

static const struct way {
	const char *name;
	void (*guest)(void);
	void (*prepare)(struct kvm_vm *vm);
} ways[] = {
	{ "null", null_main },
	{ "port", elcr_main },
	{ "mmio", select_main, map_select },
	{ "pio", port_main },
	{ "pio_in", port_in_main },
	{ "hypercall", vmm_main, enable_exit },
	{ "doorbell", number_main, add_doorbell },
	{ "ioeventfd", port_main, add_port },
	{ "ioeventfd_mmio", mmio_main, add_mmio },
	{ "ioeventfd_fast", mmio_main, add_fast_mmio },
	{ "serve", number_main, add_server },
	{ "serve_epoll", number_main, add_epoll_server },
};

static const struct way *way_of(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];

	TEST_FAIL("there is no way %s", name);
	return NULL;
}

int main(int argc, char *argv[])
{
	bool waited = argc == 3 && !strcmp(argv[2], "waited");
	const struct way *way;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	TEST_ASSERT(argc == 2 || waited, "usage: %s WAY [waited]", argv[0]);
	way = way_of(argv[1]);
	if (way->prepare == enable_exit && !kvm_has_cap(KVM_CAP_EXIT_HYPERCALL)) {
		printf("this kernel's KVM has no KVM_CAP_EXIT_HYPERCALL\n");
		return 4;
	}

	/* Threads stay with the guest on one CPU. */
	pin_to(0);
	event = eventfd(0, 0);
	vm = vm_create_with_one_vcpu(&vcpu, way->guest);
	if (way->prepare)
		way->prepare(vm);
	if (waited)
		start_before_guest(read_events, event);
	print_cost(vcpu, CALLS);

	return 0;
}
