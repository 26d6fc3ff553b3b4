// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls of an L2 whose L1 is our guest, of any number with any registers, in every mode and
 * ring: each exits to L1 with all registers as they were, or is #UD where an SVM hypervisor lets it
 * through. L1 makes the same call then, and is answered.
 *
 * fuzz_l2_test [CALLS [SEED]]
 */
#include <stdlib.h>

#include "fuzz_guest.h"
#include "hcx_util.h"
#include "svm_util.h"
#include "vmx.h"

#define NO_EXIT		0xdead
#define STATUS_FLAGS	0xcd5
#define RESUME_FLAG	0x10000	/* a fault may have set it */
#define EXIT_UD		(SVM_EXIT_EXCP_BASE + UD_VECTOR)

/* Of a segment: its rights, as VMX has them, in ring 0 (SDM vol. 3, 25.4.1). */
#define CODE_64		0xa09b
#define CODE_32		0xc09b
#define DATA_32		0xc093
#define UNUSABLE	0x10000
#define RIGHTS_DPL	5	/* where its ring begins */

#define PAGE_ENTRY	0x07	/* present, writable, user */
#define PAGE_LARGE	0x80

/* The last answers its third argument. */
static const struct {
	uint32_t nr;
	uint64_t value;
	uint32_t flags;
} handlers[] = {
	{ 13, 0x1122334455667788, 0 },
	{ 0x36, -1000, HCX_RING3 },
	{ HCX_NR_LAST, 2, HCX_RING3 },
};

#define ARG		(ARRAY_SIZE(handlers) - 1)

/* Its registers, to enter with and as L1 finds them. By its name, for assembly. */
struct kvm_regs l2_regs;

/* The rest of what it is entered with, and what L1 has seen. */
static struct l2 {
	uint64_t cr0, cr3, cr4, cs_base;
	uint32_t cs_rights, ss_rights;
	uint16_t ring;
	bool ia32e, let_through;
	uint64_t exit, answer;
	bool kept;		/* its arguments, by L1's call */
} l2;

/* The call, and behind it what exits in all modes and rings, too. */
static const uint8_t insn_cpuid[] = { 0x0f, 0xa2 };

/* Where they are, and L2's page tables: of four levels, and of one. */
static uint64_t code, pages64, pages32;

/* Twice it leaves all as it was. */
#define SWAP_REGISTERS				\
	"xchg %%rbx, l2_regs+0x08\n\t"		\
	"xchg %%rcx, l2_regs+0x10\n\t"		\
	"xchg %%rdx, l2_regs+0x18\n\t"		\
	"xchg %%rsi, l2_regs+0x20\n\t"		\
	"xchg %%rdi, l2_regs+0x28\n\t"		\
	"xchg %%rbp, l2_regs+0x38\n\t"		\
	"xchg %%r8, l2_regs+0x40\n\t"		\
	"xchg %%r9, l2_regs+0x48\n\t"		\
	"xchg %%r10, l2_regs+0x50\n\t"		\
	"xchg %%r11, l2_regs+0x58\n\t"		\
	"xchg %%r12, l2_regs+0x60\n\t"		\
	"xchg %%r13, l2_regs+0x68\n\t"		\
	"xchg %%r14, l2_regs+0x70\n\t"		\
	"xchg %%r15, l2_regs+0x78\n\t"

static void set_svm_segment(struct vmcb_seg *segment, uint16_t selector, uint32_t rights)
{
	segment->selector = selector | l2.ring;
	segment->attrib = (rights & 0xff) | (rights >> 4 & 0xf00);
}

static void prepare_svm(struct vmcb *vmcb, uint64_t efer)
{
	struct vmcb_save_area *save = &vmcb->save;

	vmcb->control.intercept = 1ULL << INTERCEPT_VMRUN | 1ULL << INTERCEPT_CPUID |
				  (uint64_t)!l2.let_through << INTERCEPT_VMMCALL;
	vmcb->control.intercept_exceptions = 1U << UD_VECTOR;
	vmcb->control.tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	set_svm_segment(&save->cs, 0x08, l2.cs_rights);
	set_svm_segment(&save->ss, 0x10, l2.ss_rights);
	save->cs.base = l2.cs_base;
	save->cpl = l2.ring;
	save->efer = l2.ia32e ? efer : efer & ~(EFER_LME | EFER_LMA);
	save->cr0 = l2.cr0;
	save->cr3 = l2.cr3;
	save->cr4 = l2.cr4;
	save->rax = l2_regs.rax;
	save->rsp = l2_regs.rsp;
	save->rip = l2_regs.rip;
	save->rflags = l2_regs.rflags;
}

static void run_svm(struct svm_test_data *svm, uint64_t efer)
{
	struct vmcb_save_area *save = &svm->vmcb->save;

	prepare_svm(svm->vmcb, efer);
	/* An exit clears GIF, which a hypervisor sets again before it does anything else. */
	asm volatile(SWAP_REGISTERS "vmrun %%rax\n\t" SWAP_REGISTERS "stgi"
		     : : "a"(svm->vmcb_gpa) : "cc", "memory");
	l2_regs.rax = save->rax;
	l2_regs.rsp = save->rsp;
	l2_regs.rip = save->rip;
	l2_regs.rflags = save->rflags;
	l2.exit = svm->vmcb->control.exit_code;
}

/* Not what the host's other handlers answer, or KVM itself, in a way that depends. */
static bool is_elses(uint64_t nr)
{
	return nr <= HCX_NR_KVM_LAST || (nr >= HCX_NR_DISCOVERY && nr <= HCX_NR_ALLOTTED_LAST);
}

/* The same, with the vendor's own instruction. */
#define CALL_AS_L1(instruction) do {							\
	struct kvm_regs args = l2_regs;							\
											\
	if (!is_elses(l2_regs.rax))							\
		asm volatile(instruction						\
			     : "=a"(l2.answer), "+b"(args.rbx), "+c"(args.rcx),		\
			       "+d"(args.rdx), "+S"(args.rsi)				\
			     : "a"(l2_regs.rax));					\
	l2.kept = args.rbx == l2_regs.rbx && args.rcx == l2_regs.rcx &&			\
		  args.rdx == l2_regs.rdx && args.rsi == l2_regs.rsi;			\
} while (0)

static void l1_svm(struct svm_test_data *svm)
{
	uint64_t efer;

	generic_svm_setup(svm, NULL, NULL);
	efer = svm->vmcb->save.efer;
	GUEST_SYNC(svm->vmcb->save.cr0);
	GUEST_SYNC(svm->vmcb->save.cr4);
	for (;;) {
		run_svm(svm, efer);
		CALL_AS_L1("vmmcall");
		GUEST_SYNC(0);
	}
}

static void prepare_vmx(uint32_t entry_controls)
{
	vmwrite(VM_ENTRY_CONTROLS, l2.ia32e ? entry_controls :
		entry_controls & ~VM_ENTRY_IA32E_MODE);
	vmwrite(GUEST_CS_SELECTOR, 0x08 | l2.ring);
	vmwrite(GUEST_CS_AR_BYTES, l2.cs_rights);
	vmwrite(GUEST_SS_SELECTOR, 0x10 | l2.ring);
	vmwrite(GUEST_SS_AR_BYTES, l2.ss_rights);
	vmwrite(GUEST_DS_AR_BYTES, UNUSABLE);
	vmwrite(GUEST_ES_AR_BYTES, UNUSABLE);
	vmwrite(GUEST_FS_AR_BYTES, UNUSABLE);
	vmwrite(GUEST_GS_AR_BYTES, UNUSABLE);
	vmwrite(GUEST_CR0, l2.cr0);
	vmwrite(GUEST_CR3, l2.cr3);
	vmwrite(GUEST_CR4, l2.cr4);
	vmwrite(GUEST_RSP, l2_regs.rsp);
	vmwrite(GUEST_RIP, l2_regs.rip);
	vmwrite(GUEST_RFLAGS, l2_regs.rflags);
}

/* Whether it exited. */
static bool enter_vmx(bool is_launched)
{
	bool failed;

	asm volatile("vmwrite %%rsp, %[host_rsp]\n\t"
		     "lea 1f(%%rip), %%rax\n\t"
		     "vmwrite %%rax, %[host_rip]\n\t"
		     "cmpb $0, %[is_launched]\n\t"
		     SWAP_REGISTERS
		     "xchg %%rax, l2_regs\n\t"
		     "jne 2f\n\t"
		     "vmlaunch\n\t"
		     "jmp 1f\n"
		     "2:\n\t"
		     "vmresume\n"
		     "1:\n\t"
		     "xchg %%rax, l2_regs\n\t"
		     SWAP_REGISTERS
		     "setna %[failed]\n\t"
		     : [failed] "=m"(failed)
		     : [host_rsp] "r"((uint64_t)HOST_RSP), [host_rip] "r"((uint64_t)HOST_RIP),
		       [is_launched] "m"(is_launched)
		     : "rax", "cc", "memory");

	return !failed;
}

static void l1_vmx(struct vmx_pages *vmx)
{
	uint32_t entry_controls;
	bool is_launched = false;

	GUEST_ASSERT(prepare_for_vmx_operation(vmx));
	GUEST_ASSERT(load_vmcs(vmx));
	prepare_vmcs(vmx, NULL, NULL);
	entry_controls = vmreadz(VM_ENTRY_CONTROLS);
	GUEST_SYNC(vmreadz(GUEST_CR0));
	GUEST_SYNC(vmreadz(GUEST_CR4));
	for (;;) {
		prepare_vmx(entry_controls);
		l2.exit = NO_EXIT;
		if (enter_vmx(is_launched)) {
			is_launched = true;
			l2.exit = vmreadz(VM_EXIT_REASON);
		}
		l2_regs.rsp = vmreadz(GUEST_RSP);
		l2_regs.rip = vmreadz(GUEST_RIP);
		l2_regs.rflags = vmreadz(GUEST_RFLAGS);
		CALL_AS_L1("vmcall");
		GUEST_SYNC(0);
	}
}

/* A page of L1's memory, at the same address in L2's first 4 MiB. */
static uint64_t add_page(struct kvm_vm *vm, uint64_t **page)
{
	vm_vaddr_t gva = vm_vaddr_alloc_page(vm);
	uint64_t gpa = addr_gva2gpa(vm, gva);

	TEST_ASSERT(gpa < 4 << 20, "L1's memory is at %#lx", gpa);
	*page = addr_gva2hva(vm, gva);

	return gpa;
}

/* A page table whose first entries those are. */
static uint64_t add_table(struct kvm_vm *vm, uint64_t first, uint64_t second)
{
	uint64_t *page, gpa = add_page(vm, &page);

	page[0] = first;
	page[1] = second;

	return gpa;
}

/* All of it ring 3's, too, and in large pages. */
static void add_l2(struct kvm_vm *vm)
{
	uint64_t *page;

	code = add_page(vm, &page);
	memcpy(page, native_insn(), INSN_SIZE);
	memcpy((char *)page + INSN_SIZE, insn_cpuid, sizeof(insn_cpuid));
	pages32 = add_table(vm, PAGE_ENTRY | PAGE_LARGE, 0);
	pages64 = add_table(vm, PAGE_ENTRY | PAGE_LARGE, 2 << 20 | PAGE_ENTRY | PAGE_LARGE);
	pages64 = add_table(vm, pages64 | PAGE_ENTRY, 0);
	pages64 = add_table(vm, pages64 | PAGE_ENTRY, 0);
}

/*
 * KVM writes the vendor's own instruction over one that is #UD, and lets the guest try again: for
 * ever, where it is the one that L1 lets through (em_hypercall() in arch/x86/kvm/emulate.c).
 */
static bool may_let_through(void)
{
	return kvm_check_cap(KVM_CAP_DISABLE_QUIRKS2) & KVM_X86_QUIRK_FIX_HYPERCALL_INSN;
}

static struct kvm_vm *create(struct kvm_vcpu **vcpu, bool svm)
{
	struct kvm_vm *vm = vm_create_with_one_vcpu(vcpu, svm ? (void *)l1_svm : (void *)l1_vmx);
	vm_vaddr_t pages;

	if (svm)
		vcpu_alloc_svm(vm, &pages);
	else
		vcpu_alloc_vmx(vm, &pages);
	vcpu_args_set(*vcpu, 1, pages);
	if (may_let_through())
		vm_enable_cap(vm, KVM_CAP_DISABLE_QUIRKS2, KVM_X86_QUIRK_FIX_HYPERCALL_INSN);
	add_l2(vm);

	return vm;
}

static uint64_t some_number(void)
{
	uint64_t nr = one_in(4) ? HCX_NR_DISCOVERY : handlers[below(ARRAY_SIZE(handlers))].nr;

	switch (below(4)) {
	case 0:
		return nr ^ 1ULL << below(64);
	case 1:
		return one_in(2) ? some_word() : some_border();
	default:
		return nr;
	}
}

static void some_registers(void)
{
	fill_registers(&l2_regs);
	l2_regs.rax = some_number();
	l2_regs.rsp = some_word();
	l2_regs.rip = code;
	l2_regs.rflags = 2 | (any_word() & STATUS_FLAGS);
}

static void set_mode(const struct caller_kind *caller, uint64_t cr0, uint64_t cr4)
{
	l2 = (struct l2){
		.cr0 = cr0, .cr3 = pages64, .cr4 = cr4, .ring = caller->ring,
		.cs_rights = (is_long(caller) ? CODE_64 : CODE_32) | caller->ring << RIGHTS_DPL,
		.ss_rights = DATA_32 | caller->ring << RIGHTS_DPL,
		.ia32e = is_long(caller) || caller->mode == GUEST_COMPATIBILITY,
	};
	/*
	 * Of registers 64-bit mode alone keeps the upper half (SDM vol. 1, 3.4.1.1). Bochs takes
	 * that of RSP away when it enters compatibility mode.
	 */
	if (!is_long(caller))
		l2_regs.rsp = (uint32_t)l2_regs.rsp;
	if (l2.ia32e)
		return;
	l2.cr3 = pages32;
	l2.cr4 = (cr4 & ~X86_CR4_PAE) | X86_CR4_PSE;
	if (caller->mode == GUEST_REAL) {
		l2.cr0 = cr0 & ~(X86_CR0_PE | X86_CR0_PG);
		l2.cs_base = code;
		l2_regs.rip = 0;
	}
}

/* How often L1 has been answered by each. */
static long answered[ARRAY_SIZE(handlers)];

static bool answer_is_right(void)
{
	uint64_t nr = l2_regs.rax;
	int i;

	if (is_elses(nr))
		return true;
	for (i = 0; i < ARRAY_SIZE(handlers) && handlers[i].nr != nr; i++)
		;
	if (i == ARRAY_SIZE(handlers))
		return l2.answer == ERR64(KVM_ENOSYS);
	answered[i]++;

	return l2.answer == (i == ARG ? l2_regs.rdx : handlers[i].value);
}

static bool call_is_right(struct kvm_vcpu *vcpu, bool svm, uint64_t cr0, uint64_t cr4)
{
	/* In real mode, VMX takes EPT. */
	const struct caller_kind *caller = &caller_kinds[svm ? below(CALLER_KINDS) :
							 1 + below(CALLER_KINDS - 1)];
	struct kvm_regs before;
	uint64_t wanted = svm ? SVM_EXIT_VMMCALL : EXIT_REASON_VMCALL;

	some_registers();
	set_mode(caller, cr0, cr4);
	if (svm && one_in(4) && may_let_through()) {
		l2.let_through = true;
		wanted = EXIT_UD;
	}
	before = l2_regs;
	sync_global_to_guest(vcpu->vm, l2);
	sync_global_to_guest(vcpu->vm, l2_regs);
	next_value(vcpu);
	sync_global_from_guest(vcpu->vm, l2);
	sync_global_from_guest(vcpu->vm, l2_regs);
	if (l2.let_through)
		l2_regs.rflags &= ~RESUME_FLAG;
	if (l2.exit == wanted && !memcmp(&before, &l2_regs, sizeof(before)) && l2.kept &&
	    answer_is_right())
		return true;
	ksft_print_msg("mode %d, ring %d, number %#llx: exit %#lx (%#lx is right), RAX %#llx, RIP %#llx; L1 finds %#lx, and its arguments %s\n",
		       caller->mode, caller->ring, before.rax, l2.exit, wanted, l2_regs.rax,
		       l2_regs.rip, l2.answer, l2.kept ? "as they were" : "changed");

	return false;
}

static unsigned int wrong_calls(unsigned int calls, bool svm)
{
	unsigned int i, wrong = 0;
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = create(&vcpu, svm);
	uint64_t cr0 = next_value(vcpu), cr4 = next_value(vcpu);

	for (i = 0; i < calls; i++)
		wrong += !call_is_right(vcpu, svm, cr0, cr4);
	kvm_vm_free(vm);

	return wrong;
}

int main(int argc, char **argv)
{
	unsigned int calls = argc > 1 ? atoi(argv[1]) : 1000, i;
	bool svm = kvm_cpu_has(X86_FEATURE_SVM);
	int log;

	require_hcx(2 + ARRAY_SIZE(handlers));
	__TEST_REQUIRE(svm || kvm_cpu_has(X86_FEATURE_VMX), "KVM offers its guests no SVM or VMX");
	fuzz_seed(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		must_control("register l2-%u %u %u %s %ld", i, handlers[i].nr, handlers[i].flags,
			     i == ARG ? "arg" : "value", handlers[i].value);
	log = log_mark();
	expect(wrong_calls(calls, svm), 0, "%u calls of an L2, in any mode and ring, and of its L1",
	       calls);
	expect(log_lines(log, "hcx"), 0, "nothing of it is in the kernel log");
	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		char name[HCX_NAME_LEN];

		snprintf(name, sizeof(name), "l2-%u", i);
		expect(calls_of(name), answered[i], "handler %u has answered L1 alone", i);
		must_control("unregister %s", name);
	}
	ksft_finished();
}
