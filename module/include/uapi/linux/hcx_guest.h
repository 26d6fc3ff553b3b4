/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * How a guest finds and calls the hypercalls of kvm-hcx: all that it takes, for
 * Linux's kernel, for programs in ring 3 and for bare metal, in 64-bit and 32-bit
 * code. It and kvm_hcx.h, beside which it stands, need nothing but a compiler; so
 * the types are the language's. Documentation/guest.rst is its guide.
 */
#ifndef _UAPI_LINUX_HCX_GUEST_H
#define _UAPI_LINUX_HCX_GUEST_H

#include "kvm_hcx.h"

/*
 * What is returned here, negative, before any hypercall or in place of its result.
 * The first two are numbered as Linux numbers errno, the others as KVM's results.
 */
#define HCX_GUEST_ENODEV	19	/* this is no guest of KVM's */
#define HCX_GUEST_EPROTO	71	/* kvm-hcx's ABI is later than this header */
#define HCX_GUEST_E2BIG		7	/* that name cannot be asked for */
#define HCX_GUEST_ENOSYS	1000	/* kvm-hcx is not there, or has no such hypercall */

/* How many bytes of a name can be asked for: guest-abi.rst says why. */
#ifdef __x86_64__
#define HCX_GUEST_NAME_LEN	HCX_NAME_LEN
#else
#define HCX_GUEST_NAME_LEN	12
#endif

/**
 * struct hcx_guest - what hcx_guest_detect() found out, so that it is asked once
 * @kvm: not 0 in a guest of KVM's: only there a hypercall is made
 * @vmmcall: not 0 where the instruction is AMD's
 *
 * CPUID, which tells, is slow: in a guest each goes to the host. The caller owns the
 * structure. It is not written after hcx_guest_detect(), so any number of threads
 * may use it, and it stays right unless the guest moves to another vendor's CPU.
 *
 * Since: 0.2
 */
struct hcx_guest {
	unsigned char kvm;
	unsigned char vmmcall;
};

/**
 * struct hcx_regs - the registers of a hypercall beside RAX
 * @rbx: argument 0
 * @rcx: argument 1
 * @rdx: argument 2
 * @rsi: argument 3
 *
 * Afterwards each holds what the register holds: a result where the hypercall has
 * one there (%HCX_RESULT_RBX and its like), or else the argument. In 32-bit code the
 * upper halves are not passed, and 0 afterwards.
 *
 * Since: 0.2
 */
struct hcx_regs {
	unsigned long long rbx;
	unsigned long long rcx;
	unsigned long long rdx;
	unsigned long long rsi;
};

/* CPUID of a leaf that has no subleaves: EAX, EBX, ECX, EDX. */
static inline void __hcx_guest_cpuid(unsigned int leaf, unsigned int reg[4])
{
#ifdef __x86_64__
	__asm__ __volatile__("cpuid"
			     : "=a"(reg[0]), "=b"(reg[1]), "=c"(reg[2]), "=d"(reg[3])
			     : "0"(leaf), "2"(0));
#else
	/* Position-independent code may keep a pointer in EBX, and name no other use of it. */
	__asm__ __volatile__("xchgl %%ebx, %k1; cpuid; xchgl %%ebx, %k1"
			     : "=a"(reg[0]), "=&D"(reg[1]), "=c"(reg[2]), "=d"(reg[3])
			     : "0"(leaf), "2"(0));
#endif
}

/* The other vendor's instruction is an invalid opcode, or one that KVM has to patch. */
static inline int __hcx_guest_vmmcall(const unsigned int reg[4])
{
	/* "AuthenticAMD", "HygonGenuine" */
	return (reg[1] == 0x68747541 && reg[3] == 0x69746e65 && reg[2] == 0x444d4163) ||
	       (reg[1] == 0x6f677948 && reg[3] == 0x6e65476e && reg[2] == 0x656e6975);
}

/* KVM's leaves are not the first where the VMM shows the guest Hyper-V's, too. */
static inline int __hcx_guest_kvm(unsigned int last_leaf)
{
	unsigned int base, reg[4];

	__hcx_guest_cpuid(1, reg);
	if (!(reg[2] & (1U << 31)))	/* No hypervisor. */
		return 0;

	/* "IntelTDX    ": there the instruction asks the TDX module, and means something else. */
	if (last_leaf >= 0x21) {
		__hcx_guest_cpuid(0x21, reg);
		if (reg[1] == 0x65746e49 && reg[3] == 0x5844546c && reg[2] == 0x20202020)
			return 0;
	}

	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		__hcx_guest_cpuid(base, reg);
		/* "KVMKVMKVM" */
		if (reg[1] == 0x4b4d564b && reg[2] == 0x564b4d56 && reg[3] == 0x4d)
			return 1;
	}
	return 0;
}

/**
 * hcx_guest_call() - make a hypercall
 * @g: from hcx_guest_detect()
 * @nr: the number
 * @regs: the arguments; afterwards the results beside RAX
 *
 * In Linux's kernel or in ring 0 it reaches every hypercall; in ring 3, and with no
 * other support, those that are open to ring 3.
 *
 * Return: the hypercall's result, RAX, in 32-bit code EAX with its sign extended;
 * what is negative is an error in KVM's numbering. Those of every call:
 * * -1000 (KVM_ENOSYS) - nobody has the number; or, with no hypercall made, @g says
 *   that this is no guest of KVM's
 * * -1 (KVM_EPERM) - in ring 3: nobody has it, or it is not open to ring 3
 *
 * Since: 0.2
 */
static inline long long hcx_guest_call(const struct hcx_guest *g, unsigned int nr,
				       struct hcx_regs *regs)
{
#ifdef __x86_64__
	unsigned long long a = nr, b = regs->rbx;
	unsigned long long c = regs->rcx, d = regs->rdx, s = regs->rsi;
#else
	unsigned int a = nr, b = (unsigned int)regs->rbx;
	unsigned int c = (unsigned int)regs->rcx, d = (unsigned int)regs->rdx;
	unsigned int s = (unsigned int)regs->rsi;
#endif

	if (!g->kvm)
		return -HCX_GUEST_ENOSYS;

#ifdef __x86_64__
	if (g->vmmcall)
		__asm__ __volatile__("vmmcall"
				     : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s) : : "memory");
	else
		__asm__ __volatile__("vmcall"
				     : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s) : : "memory");
#else
	if (g->vmmcall)
		__asm__ __volatile__("xchgl %%ebx, %k1; vmmcall; xchgl %%ebx, %k1"
				     : "+a"(a), "+D"(b), "+c"(c), "+d"(d), "+S"(s) : : "memory");
	else
		__asm__ __volatile__("xchgl %%ebx, %k1; vmcall; xchgl %%ebx, %k1"
				     : "+a"(a), "+D"(b), "+c"(c), "+d"(d), "+S"(s) : : "memory");
#endif

	regs->rbx = b;
	regs->rcx = c;
	regs->rdx = d;
	regs->rsi = s;

#ifdef __x86_64__
	return (long long)a;
#else
	return (int)a;
#endif
}

/* The discovery hypercall, of a selector with one argument or none. */
static inline long long __hcx_guest_discover(const struct hcx_guest *g, unsigned int selector,
					     unsigned int argument)
{
	struct hcx_regs regs = { selector, argument, 0, 0 };

	return hcx_guest_call(g, HCX_NR_DISCOVERY, &regs);
}

/**
 * hcx_guest_version() - ask whether kvm-hcx is there, and which ABI it has
 * @g: from hcx_guest_detect()
 *
 * One hypercall. The host may load and unload kvm-hcx while the guest runs, so what
 * is returned may change.
 *
 * Return: the version, to be compared with %HCX_ABI_VERSION; greater, it would mislead
 * a guest that was built with this header. Or
 * * -%HCX_GUEST_ENOSYS - kvm-hcx is not there
 *
 * Since: 0.2
 */
static inline long long hcx_guest_version(const struct hcx_guest *g)
{
	long long version = __hcx_guest_discover(g, HCX_DISCOVER_VERSION, 0);

	return version > HCX_NR_DISCOVERY && version <= HCX_ABI_VERSION_LAST ?
		version : -HCX_GUEST_ENOSYS;
}

/**
 * hcx_guest_detect() - find out what this guest runs on
 * @g: what is found out; filled in whatever is returned
 *
 * Three or four CPUIDs on KVM, or at most 259, and on KVM one hypercall.
 * Once is enough: hcx_guest_version() asks again whether kvm-hcx is there.
 *
 * Return: 0, or
 * * -%HCX_GUEST_ENODEV - this is no guest of KVM's, and no hypercall was made
 * * -%HCX_GUEST_ENOSYS - it is, and kvm-hcx is not there by now
 * * -%HCX_GUEST_EPROTO - kvm-hcx is there, with a later ABI than this header's
 *
 * Since: 0.2
 */
static inline int hcx_guest_detect(struct hcx_guest *g)
{
	unsigned int leaf0[4];
	long long version;

	__hcx_guest_cpuid(0, leaf0);
	g->kvm = (unsigned char)__hcx_guest_kvm(leaf0[0]);
	g->vmmcall = (unsigned char)__hcx_guest_vmmcall(leaf0);
	if (!g->kvm)
		return -HCX_GUEST_ENODEV;

	version = hcx_guest_version(g);
	if (version < 0)
		return -HCX_GUEST_ENOSYS;

	return version > HCX_ABI_VERSION ? -HCX_GUEST_EPROTO : 0;
}

/**
 * hcx_guest_features() - ask what kvm-hcx can do
 * @g: from hcx_guest_detect()
 *
 * Return: a set of %HCX_FEATURE_RING3 and its like, in which unknown bits are to be
 * ignored; or a negative result, see hcx_guest_call().
 *
 * Since: 0.2
 */
static inline long long hcx_guest_features(const struct hcx_guest *g)
{
	return __hcx_guest_discover(g, HCX_DISCOVER_FEATURES, 0);
}

/**
 * hcx_guest_flags() - ask how a hypercall is registered
 * @g: from hcx_guest_detect()
 * @nr: its number
 *
 * Return: a set of %HCX_RING3, %HCX_RESULT_RBX and their like, or a negative result,
 * see hcx_guest_call().
 *
 * Since: 0.2
 */
static inline long long hcx_guest_flags(const struct hcx_guest *g, unsigned int nr)
{
	return __hcx_guest_discover(g, HCX_DISCOVER_NUMBER, nr);
}

/**
 * hcx_guest_find() - ask for the number of a hypercall
 * @g: from hcx_guest_detect()
 * @name: its name; ends at a NUL, or after %HCX_NAME_LEN bytes
 *
 * One hypercall. A number may be another after its handler module was loaded again.
 *
 * Return: the number, or
 * * -%HCX_GUEST_ENOSYS - nobody has the name; in ring 3 also: nobody who is open to it
 * * -%HCX_GUEST_E2BIG - 32-bit code cannot ask for names of more than
 *   %HCX_GUEST_NAME_LEN bytes
 *
 * Since: 0.2
 */
static inline long long hcx_guest_find(const struct hcx_guest *g, const char *name)
{
	const unsigned int width = HCX_GUEST_NAME_LEN == HCX_NAME_LEN ? 8 : 4;
	unsigned long long word[4] = { 0, 0, 0, 0 };
	struct hcx_regs regs;
	long long nr;
	unsigned int i;

	for (i = 0; i < HCX_NAME_LEN && name[i]; i++) {
		if (i == HCX_GUEST_NAME_LEN)
			return -HCX_GUEST_E2BIG;
		word[i / width] |= (unsigned long long)(unsigned char)name[i] << (i % width * 8);
	}
	regs.rbx = HCX_DISCOVER_NAME;
	regs.rcx = word[0];
	regs.rdx = word[1];
	regs.rsi = word[2];
	nr = hcx_guest_call(g, HCX_NR_DISCOVERY, &regs);

	return nr >= 0 ? nr : -HCX_GUEST_ENOSYS;
}

#endif /* _UAPI_LINUX_HCX_GUEST_H */
