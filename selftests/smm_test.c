// SPDX-License-Identifier: GPL-2.0
/* In system management mode the caller's memory is that of its other address space. */
#include <sys/mman.h>

#include "guest.h"
#include "hcx_util.h"

/* In both address spaces there is memory at GPA. SMM starts at 0x8000 of SMRAM (SDM 3C, 32.4). */
#define SMRAM		0x30000
#define SMRAM_SIZE	0x10000
#define SMM_ENTRY	(SMRAM + 0x8000)
#define GPA		0x50000

#define SMM_SLOT(n)	(1 << 16 | (n))

/* The hypercall of real mode, with its registers; then what tells the host, then RSM. */
static const uint8_t smm_code[] = {
	0x66, 0xb8, 0x20, 0, 0, 0,		/* mov $0x20, %eax */
	0x66, 0xbb, 0x00, 0x00, 0x05, 0x00,	/* mov $GPA, %ebx */
	0x66, 0xb9, 0x04, 0, 0, 0,		/* mov $4, %ecx */
	0x0f, 0x01, 0xd9,			/* vmmcall, or vmcall */
	0xe6, 0x80,				/* out %al, $0x80 */
	0x0f, 0xaa,				/* rsm */
};

#define SMM_INSN 18

/* By itself: libkvm knows one address space. */
static void *add_memory(struct guest *guest, uint32_t slot, uint64_t gpa, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	vm_set_user_memory_region(guest->vm, slot, 0, gpa, size, memory);
	return memory;
}

static void read_is(const char *text, const char *what)
{
	char data[5] = {};

	buffer_get(data, 4);
	ksft_test_result(!strcmp(data, text), "%s\n", what);
}

int main(void)
{
	struct guest guest;
	uint8_t *smram;

	require_hcx(6);
	if (!kvm_has_cap(KVM_CAP_X86_SMM))
		ksft_exit_skip("this kernel emulates no SMM\n");
	must_control("register read 0x20 0 read 0");

	guest_create(&guest, GUEST_LONG, 0);
	strcpy(add_memory(&guest, 1, GPA, 4096), "main");
	strcpy(add_memory(&guest, SMM_SLOT(1), GPA, 4096), "smm!");
	smram = add_memory(&guest, SMM_SLOT(2), SMRAM, SMRAM_SIZE);
	memcpy(smram + SMM_ENTRY - SMRAM, smm_code, sizeof(smm_code));
	memcpy(smram + SMM_ENTRY - SMRAM + SMM_INSN, native_insn(), INSN_SIZE);

	expect(guest_call(&guest, 0x20, GPA, 4, 0, 0), 0, "outside SMM: a read");
	read_is("main", "outside SMM: of the main memory");

	/* The SMI comes first. */
	guest_prepare(&guest, 0x20, GPA, 4, 0, 0);
	vcpu_ioctl(guest.vcpu, KVM_SMI, NULL);
	guest_enter(&guest);
	expect(guest.regs.rip, SMM_ENTRY - SMRAM + SMM_INSN + INSN_SIZE, "in SMM");
	expect(guest.regs.rax, 0, "in SMM: a read");
	read_is("smm!", "in SMM: of SMRAM");

	vcpu_run(guest.vcpu);
	read_is("main", "behind RSM: of the main memory");

	guest_free(&guest);
	ksft_finished();
}
