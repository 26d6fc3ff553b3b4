/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a hypercall leaves KVM's own path. The life of one goes on in
 * dispatch.c; Documentation/hook.rst draws the stack.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>
#include <uapi/linux/kvm_hcx.h>
#include "compat.h"
#include "offsets.h"

/*
 * Entered from kvm_emulate_hypercall()'s fentry site, as an ftrace direct call:
 *
 *	%rdi	vcpu
 *	(%rsp)	the body of kvm_emulate_hypercall(), behind the fentry site
 *	8(%rsp)	its caller, in kvm-amd or kvm-intel
 *
 * The body's address is taken from the stack, never from a constant: a
 * livepatch changes it. A call that is not ours goes on into the body from
 * here, where no frame of ours is left: the body may sleep, and only calls
 * that hcx_hypercall() has counted are waited for when the module goes.
 *
 * The trampoline of a BPF program may come here by an indirect call: hence
 * ENDBR, which SYM_FUNC_START has on some kernels only.
 */
SYM_START(hcx_trampoline, SYM_L_GLOBAL, SYM_A_ALIGN)
	ENDBR
	HCX_CALL_DEPTH_ACCOUNT
	cmpl	$HCX_NR_KVM_LAST, HCX_VCPU_RAX(%rdi)
	ja	.Lmaybe_ours
	RET

.Lmaybe_ours:
	mov	(%rsp), %rsi
	call	hcx_hypercall
	test	%rax, %rax
	js	.Lnot_ours
	/* To the caller: the body has run. */
	add	$8, %rsp
	UNWIND_HINT_FUNC
	RET

.Lnot_ours:
	/* hcx_hypercall() returned the vcpu. */
	mov	%rax, %rdi
	RET
SYM_FUNC_END(hcx_trampoline)

/*
 * Entered in place of the body, where an ftrace_ops redirects: makes the stack
 * what a direct call would have left.
 */
SYM_START(hcx_trampoline_redirected, SYM_L_GLOBAL, SYM_A_ALIGN)
	ENDBR
	push	hcx_redirected_body(%rip)
	UNWIND_HINT_FUNC
	jmp	hcx_trampoline
SYM_FUNC_END(hcx_trampoline_redirected)

/*
 * int hcx_call_kvm(struct kvm_vcpu *vcpu, unsigned long body)
 *
 * No ENDBR stands at the body, so that an indirect call would fault where
 * IBT is enforced: enter it with a return.
 */
SYM_START(hcx_call_kvm, SYM_L_GLOBAL, SYM_A_ALIGN)
	push	%rsi
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(hcx_call_kvm)
