// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what it costs a guest to have its VMM called in place of a handler, as
 * hypercall_cost does. Its argument is the way:
 *
 *	pio		a write to a port: an exit to the VMM, which enters the guest again
 *	hypercall	the same by KVM_HC_MAP_GPA_RANGE and KVM_EXIT_HYPERCALL
 *	ioeventfd	a write to a port that KVM turns into an event
 *
 * The VMM does nothing for it. Status 4: the kernel does not have that way.
 */
#include <linux/kvm_para.h>
#include <sys/eventfd.h>

#include "cost.h"
#include "guest.h"

#define PORT	0x80

/* Under Bochs the host's timer ticks every 80,000 instructions. */
#define CALLS	5

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

static void write_port(void)
{
	asm volatile("outb %%al, %0" : : "i"(PORT) : "memory");
}

static void call_vmm(void)
{
	kvm_hypercall(KVM_HC_MAP_GPA_RANGE, 0, 1, 0, 0);
}

static void guest_writes(void)
{
	rounds_of(write_port);
}

static void guest_calls(void)
{
	rounds_of(call_vmm);
}

static void add_ioeventfd(struct kvm_vm *vm)
{
	struct kvm_ioeventfd event = {
		.addr = PORT, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO,
		.fd = eventfd(0, EFD_NONBLOCK),
	};

	vm_ioctl(vm, KVM_IOEVENTFD, &event);
}

int main(int argc, char *argv[])
{
	bool hypercall = argc == 2 && !strcmp(argv[1], "hypercall");
	bool ioeventfd = argc == 2 && !strcmp(argv[1], "ioeventfd");
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;

	TEST_ASSERT(hypercall || ioeventfd || (argc == 2 && !strcmp(argv[1], "pio")),
		    "usage: %s pio|hypercall|ioeventfd", argv[0]);
	if (hypercall && !kvm_has_cap(KVM_CAP_EXIT_HYPERCALL)) {
		printf("this kernel's KVM has no KVM_CAP_EXIT_HYPERCALL\n");
		return 4;
	}

	vm = vm_create_with_one_vcpu(&vcpu, hypercall ? guest_calls : guest_writes);
	if (hypercall)
		vm_enable_cap(vm, KVM_CAP_EXIT_HYPERCALL, 1 << KVM_HC_MAP_GPA_RANGE);
	if (ioeventfd)
		add_ioeventfd(vm);
	print_cost(vcpu, CALLS);

	kvm_vm_free(vm);
	return 0;
}
