// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what a hypercall costs, in ticks of the guest's TSC, which are
 * instructions in a nested host that counts (nested -n). Its argument is a
 * number, or the name of a handler; a second tells how many VMs are there, each of which
 * has called it. A handler that copies finds the guest-physical
 * address of a page in RBX, its size in RCX, and its address in this process in RDX.
 */
#include <ctype.h>
#include <stdlib.h>

#include "cost.h"
#include "guest.h"
#include "hcx_util.h"

#define CALLS	20

static uint64_t call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	register uint64_t rax asm("rax") = nr;

	/* Patched to the vendor's own at the first call. */
	asm volatile("vmcall" : "+a"(rax) : "b"(a0), "c"(a1), "d"(a2) : "memory");
	return rax;
}

/* Reports the number, then one round after another. */
static void guest_main(uint64_t nr, uint64_t name0, uint64_t name1, uint64_t gpa, uint64_t hva)
{
	if (name0)
		nr = call(HCX_NR_DISCOVERY, HCX_DISCOVER_NAME, name0, name1);
	GUEST_SYNC(nr);

	for (;;) {
		uint64_t start = rdtsc();
		int i;

		for (i = 0; i < CALLS; i++)
			call(nr, gpa, 4096, hva);
		GUEST_SYNC(rdtsc() - start);
	}
}

/* VMs that have called the number. They stay. */
static void other_vms(int count, uint64_t nr)
{
	struct guest guest;

	while (count-- > 0) {
		guest_create(&guest, GUEST_LONG, 0);
		guest_call0(&guest, nr);
	}
}

int main(int argc, char *argv[])
{
	uint64_t nr = 0, name[3] = {};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	vm_vaddr_t page;

	TEST_ASSERT(argc == 2 || argc == 3, "usage: %s NUMBER|NAME [VMS]", argv[0]);
	if (isdigit(argv[1][0]))
		nr = strtoull(argv[1], NULL, 0);
	else
		strncpy((char *)name, argv[1], HCX_NAME_LEN);

	vm = vm_create_with_one_vcpu(&vcpu, guest_main);
	page = vm_vaddr_alloc_page(vm);
	memset(addr_gva2hva(vm, page), 1, 4096);
	vcpu_args_set(vcpu, 5, nr, name[0], name[1], addr_gva2gpa(vm, page),
		      (uint64_t)addr_gva2hva(vm, page));
	nr = next_value(vcpu);
	TEST_ASSERT((int64_t)nr >= 0, "no handler is called '%s'", argv[1]);
	if (argc == 3)
		other_vms(atoi(argv[2]) - 1, nr);
	print_cost(vcpu, CALLS);

	kvm_vm_free(vm);
	return 0;
}
