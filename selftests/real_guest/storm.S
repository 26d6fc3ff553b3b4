/* SPDX-License-Identifier: GPL-2.0 */
/*
 * long long registers_INSN(__u64 *values, __u64 nr): loads 13 registers from values,
 * makes hypercall nr, and stores them there. RDI points to values all the while.
 */
#define VALUES(move)		\
	move(0, %rbx);		\
	move(8, %rcx);		\
	move(16, %rdx);		\
	move(24, %rsi);		\
	move(32, %r8);		\
	move(40, %r9);		\
	move(48, %r10);		\
	move(56, %r11);		\
	move(64, %r12);		\
	move(72, %r13);		\
	move(80, %r14);		\
	move(88, %r15);		\
	move(96, %rbp)

#define LOAD(offset, reg)	mov offset(%rdi), reg
#define STORE(offset, reg)	mov reg, offset(%rdi)

	.macro registers insn
	.globl	registers_\insn
	.type	registers_\insn, @function
registers_\insn:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsi, %rax
	VALUES(LOAD)
	\insn
	VALUES(STORE)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	registers_\insn, . - registers_\insn
	.endm

	.text
	registers vmcall
	registers vmmcall

	.section .note.GNU-stack, "", @progbits
