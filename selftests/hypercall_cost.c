// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what a hypercall costs, in ticks of the guest's TSC, which are
 * instructions in a nested host that counts (nested -n). Its argument is a
 * number, or the name of a handler. A handler that copies finds the guest-physical
 * address of a page in RBX, its size in RCX, and its address in this process in RDX.
 */
#include <ctype.h>

#include "guest.h"
#include "hcx_util.h"

/* So few in a round that some rounds see no tick of the host's timer. */
#define CALLS	20
#define ROUNDS	31
#define TRIES	200

static uint64_t call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	register uint64_t rax asm("rax") = nr;

	/* Patched to the vendor's own at the first call. */
	asm volatile("vmcall" : "+a"(rax) : "b"(a0), "c"(a1), "d"(a2) : "memory");
	return rax;
}

/* Reports one round after another. */
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

/* Of the rounds, that which no interrupt has lengthened. */
static uint64_t least_round(struct kvm_vcpu *vcpu)
{
	uint64_t least = UINT64_MAX, round;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		round = next_value(vcpu);
		if (round < least)
			least = round;
	}

	return (least + CALLS / 2) / CALLS;
}

/* The least of the rounds, once it has stayed the same: kernels are slower just after boot. */
static uint64_t settled_cost(struct kvm_vcpu *vcpu)
{
	uint64_t cost = 0, last;
	int same = 0, i;

	for (i = 0; i < TRIES && same < 5; i++) {
		last = cost;
		cost = least_round(vcpu);
		same = cost == last ? same + 1 : 0;
	}
	TEST_ASSERT(same == 5, "the cost does not settle: %lu, %lu", last, cost);

	return cost;
}

int main(int argc, char *argv[])
{
	uint64_t nr = 0, name[3] = {};
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	vm_vaddr_t page;

	TEST_ASSERT(argc == 2, "usage: %s NUMBER|NAME", argv[0]);
	if (isdigit(argv[1][0]))
		nr = strtoull(argv[1], NULL, 0);
	else
		strncpy((char *)name, argv[1], HCX_NAME_LEN);

	vm = vm_create_with_one_vcpu(&vcpu, guest_main);
	page = vm_vaddr_alloc_page(vm);
	memset(addr_gva2hva(vm, page), 1, 4096);
	vcpu_args_set(vcpu, 5, nr, name[0], name[1], addr_gva2gpa(vm, page),
		      (uint64_t)addr_gva2hva(vm, page));
	TEST_ASSERT((int64_t)next_value(vcpu) >= 0, "no handler is called '%s'", argv[1]);
	printf("%lu\n", settled_cost(vcpu));

	kvm_vm_free(vm);
	return 0;
}
