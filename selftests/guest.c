// SPDX-License-Identifier: GPL-2.0
#include <uapi/linux/kvm_hcx.h>

#include "guest.h"

#define GUEST_PML4	0x2000
#define GUEST_PDPT	0x3000
#define GUEST_PD	0x4000
#define GUEST_PAGES	16

#define PAGE_ENTRY	0x07	/* present, writable, user */
#define PAGE_LARGE	0x80

const uint8_t insn_vmcall[INSN_SIZE] = { 0x0f, 0x01, 0xc1 };
const uint8_t insn_vmmcall[INSN_SIZE] = { 0x0f, 0x01, 0xd9 };

const uint8_t *native_insn(void)
{
	return is_intel_cpu() ? insn_vmcall : insn_vmmcall;
}

static struct kvm_segment segment(uint16_t selector, int type, enum guest_mode mode, int ring)
{
	bool long_code = mode == GUEST_LONG && (type & 8);

	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector | ring, .type = type, .present = 1,
		.dpl = ring, .db = !long_code, .s = 1, .l = long_code, .g = 1,
	};
}

static void set_mode(struct kvm_vcpu *vcpu, enum guest_mode mode, int ring)
{
	struct kvm_sregs sregs;

	vcpu_sregs_get(vcpu, &sregs);
	if (mode == GUEST_REAL) {
		sregs.cs.selector = 0;
		sregs.cs.base = 0;
	} else {
		sregs.cr0 |= X86_CR0_PE;
		sregs.cs = segment(0x08, 11, mode, ring);
		sregs.ss = segment(0x10, 3, mode, ring);
		sregs.ds = sregs.ss;
		sregs.es = sregs.ss;
		sregs.fs = sregs.ss;
		sregs.gs = sregs.ss;
	}
	if (mode == GUEST_LONG || mode == GUEST_COMPATIBILITY) {
		sregs.cr0 |= X86_CR0_PG;
		sregs.cr3 = GUEST_PML4;
		sregs.cr4 |= X86_CR4_PAE;
		sregs.efer |= EFER_LME | EFER_LMA;
	}
	vcpu_sregs_set(vcpu, &sregs);
}

static uint64_t *guest_page(struct guest *guest, uint64_t gpa)
{
	return addr_gpa2hva(guest->vm, gpa);
}

void guest_create_vm(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	guest->vm = vm_create_barebones();
	vm_userspace_mem_region_add(guest->vm, VM_MEM_SRC_ANONYMOUS, 0, 0, GUEST_PAGES, 0);
}

void guest_add_vcpu(struct guest *guest, uint32_t id, enum guest_mode mode, int ring)
{
	static const uint8_t out[] = { 0xe6, 0x80 };

	guest->vcpu = __vm_vcpu_add(guest->vm, id);
	vcpu_init_cpuid(guest->vcpu, kvm_get_supported_cpuid());

	/* The first 2 MiB, as they are. */
	*guest_page(guest, GUEST_PML4) = GUEST_PDPT | PAGE_ENTRY;
	*guest_page(guest, GUEST_PDPT) = GUEST_PD | PAGE_ENTRY;
	*guest_page(guest, GUEST_PD) = PAGE_ENTRY | PAGE_LARGE;
	memcpy(guest_insn(guest), native_insn(), INSN_SIZE);
	memcpy(guest_insn(guest) + INSN_SIZE, out, sizeof(out));
	set_mode(guest->vcpu, mode, ring);
}

void guest_create(struct guest *guest, enum guest_mode mode, int ring)
{
	guest_create_vm(guest);
	guest_add_vcpu(guest, 0, mode, ring);
}

void guest_free(struct guest *guest)
{
	kvm_vm_free(guest->vm);
}

uint8_t *guest_insn(struct guest *guest)
{
	return addr_gpa2hva(guest->vm, GUEST_CODE);
}

void guest_prepare(struct guest *guest, uint64_t nr, uint64_t a0, uint64_t a1,
		   uint64_t a2, uint64_t a3)
{
	guest->regs = (struct kvm_regs){
		.rax = nr, .rbx = a0, .rcx = a1, .rdx = a2, .rsi = a3,
		.rdi = 0x1d1d1d1d1d1d1d1d, .rsp = 0x8000, .rbp = 0xb0b0b0b0b0b0b0b0,
		.r8 = 0x0808080808080808, .r9 = 0x0909090909090909,
		.r10 = 0x1010101010101010, .r11 = 0x1111111111111111,
		.r12 = 0x1212121212121212, .r13 = 0x1313131313131313,
		.r14 = 0x1414141414141414, .r15 = 0x1515151515151515,
		.rip = GUEST_CODE,
		.rflags = 0x3002,	/* IOPL 3: ring 3 can tell the host that it is done */
	};
}

void guest_enter(struct guest *guest)
{
	vcpu_regs_set(guest->vcpu, &guest->regs);
	vcpu_run(guest->vcpu);
	vcpu_regs_get(guest->vcpu, &guest->regs);
}

uint64_t guest_call(struct guest *guest, uint64_t nr, uint64_t a0, uint64_t a1,
		    uint64_t a2, uint64_t a3)
{
	guest_prepare(guest, nr, a0, a1, a2, a3);
	guest_enter(guest);
	TEST_ASSERT(guest->vcpu->run->exit_reason == KVM_EXIT_IO,
		    "after the hypercall: exit %u (%s), rip %#llx",
		    guest->vcpu->run->exit_reason,
		    exit_reason_str(guest->vcpu->run->exit_reason), guest->regs.rip);

	return guest->regs.rax;
}

uint64_t next_value(struct kvm_vcpu *vcpu)
{
	struct ucall uc;

	vcpu_run(vcpu);
	TEST_ASSERT(get_ucall(vcpu, &uc) == UCALL_SYNC, "the guest did not reach GUEST_SYNC");

	return uc.args[1];
}

uint64_t guest_find(struct guest *guest, const char *name)
{
	uint64_t words[2] = {};

	memcpy(words, name, strnlen(name, HCX_NAME_LEN));
	return guest_call(guest, HCX_NR_DISCOVERY, HCX_DISCOVER_NAME, words[0], words[1], 0);
}
