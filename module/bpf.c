// SPDX-License-Identifier: GPL-2.0
/*
 * Handlers in BPF: a struct_ops type, whose attaching registers, and what programs of it may
 * call. bpf/hcx.bpf.h is what they include.
 *
 * The program is the handler's call: BPF's trampoline takes the struct hcx_call, and nothing of
 * ours is between. So it can follow pointers from there; to load it takes CAP_PERFMON, with which
 * a program can read all of the kernel's memory anyway.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "bpf.h"
#include "compat.h"

#ifdef HCX_HAVE_STRUCT_OPS

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/capability.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include "doorbell.h"
#include "memory.h"
#include "registry.h"
#include "serve.h"
#include "touch.h"

/* The most that one copy has. */
#define COPY_MAX	SZ_64K

/**
 * struct hcx_bpf_caller - who calls
 * @vm: names the VM; no two VMs have the same while the core is loaded
 * @pid: the process of its VMM, as the initial PID namespace numbers it
 * @vcpu: the vCPU's id, as KVM_CREATE_VCPU got it
 * @nr: the number
 * @flags: as struct hcx_host_request's; in hcx.bpf.h they are HCX_BPF_LONG_MODE and
 *	HCX_BPF_USER
 */
struct hcx_bpf_caller {
	u64 vm;
	s32 pid;
	u32 vcpu;
	u32 nr;
	u32 flags;
};

/**
 * struct hcx_bpf_handler - a handler, as a BPF object has it
 * @nr: as in struct hcx_handler, as what follows
 * @flags: likewise
 * @budget_ms: likewise
 * @name: likewise
 * @call: the program; RAX is what it returns
 * @handler: the core's: what is registered
 */
struct hcx_bpf_handler {
	u32 nr;
	u32 flags;
	u32 budget_ms;
	char name[HCX_NAME_LEN + 1];
	long (*call)(struct hcx_call *call);
	struct hcx_handler handler;
};

/*
 * All waits of a call end at one time, also where the handler has no budget: a program that
 * is detached is waited for under a lock that all of BPF shares.
 */
static ktime_t deadline_of(struct hcx_call *call)
{
	struct hcx_binding *binding = call->binding;

	if (binding->waited != binding->entered) {
		binding->waited = binding->entered;
		binding->deadline = hcx_deadline(call);
	}

	return binding->deadline;
}

__bpf_kfunc_start_defs();

/**
 * hcx_bpf_arg() - an argument, as hcx_arg()
 * @call: the call
 * @n: which, 0 to 3: RBX, RCX, RDX or RSI; another is 0
 *
 * Context: a program that handles @call.
 * Return: the argument, its low 32 bits only for a caller outside 64-bit mode.
 */
__bpf_kfunc u64 hcx_bpf_arg(struct hcx_call *call, u32 n)
{
	return hcx_arg(call, n);
}

/**
 * hcx_bpf_get_caller() - who calls
 * @call: the call
 * @caller: is filled in
 *
 * Context: a program that handles @call.
 */
__bpf_kfunc void hcx_bpf_get_caller(struct hcx_call *call, struct hcx_bpf_caller *caller)
{
	/* KVM's own userspace_pid is the thread's that made the VM, and it may have ended. */
	*caller = (struct hcx_bpf_caller) {
		.vm = call->binding->vm->id, .pid = task_tgid_nr(current),
		.vcpu = call->vcpu->vcpu_id, .nr = call->binding->nr,
		.flags = hcx_caller_flags(call),
	};
}

/**
 * hcx_bpf_read_guest() - copy from the caller's memory, as hcx_read_guest()
 * @call: the call
 * @gpa: from this guest-physical address
 * @data: to here
 * @data__sz: so many bytes, up to 65536
 *
 * Context: a sleepable program that handles @call.
 * Return: as hcx_read_guest(); or
 * * -KVM_E2BIG - @data__sz is above 65536
 * * -HCX_ETIMEDOUT - the budget was spent before the VMM had provided the memory
 * * -HCX_EAGAIN - it is not there, and 8 VMs of the VMM's user wait for theirs; or the kernel
 *   has no memory to ask for it
 */
__bpf_kfunc long hcx_bpf_read_guest(struct hcx_call *call, u64 gpa, void *data, u64 data__sz)
{
	if (data__sz > COPY_MAX)
		return -KVM_E2BIG;

	return hcx_read_guest_until(call, gpa, data, data__sz, deadline_of(call));
}

/**
 * hcx_bpf_write_guest() - copy to the caller's memory, as hcx_write_guest()
 * @call: the call
 * @gpa: to this guest-physical address
 * @data: from here
 * @data__sz: so many bytes, up to 65536
 *
 * Context: a sleepable program that handles @call.
 * Return: as hcx_write_guest(), or as hcx_bpf_read_guest()
 */
__bpf_kfunc long hcx_bpf_write_guest(struct hcx_call *call, u64 gpa, const void *data,
				     u64 data__sz)
{
	if (data__sz > COPY_MAX)
		return -KVM_E2BIG;

	return hcx_write_guest_until(call, gpa, data, data__sz, deadline_of(call));
}

/**
 * hcx_bpf_set_result() - return a value in another register than RAX
 * @call: the call
 * @n: which, 0 to 3: RBX, RCX, RDX or RSI; the handler's flags declare it
 * @value: the value, as for hcx_set_result()
 *
 * Context: a program that handles @call.
 * Return: 0, or -KVM_EINVAL: the register is not declared.
 */
__bpf_kfunc long hcx_bpf_set_result(struct hcx_call *call, u32 n, u64 value)
{
	if (n > 3 || !(call->binding->entry->flags & (HCX_RESULT_RBX << n)))
		return -KVM_EINVAL;
	/* The guest may have chosen it. */
	hcx_set_result(call, array_index_nospec(n, 4), value);

	return 0;
}

/**
 * hcx_bpf_ring() - ring a doorbell, as if the guest had called it
 * @call: the call
 * @nr: the doorbell's number (HCX_HOST_DOORBELL in uapi/linux/hcx_host.h)
 * @value: the argument that it looks at
 *
 * Context: a program that handles @call.
 * Return: 0, or -KVM_ENOSYS: the caller's VM has no such doorbell, or the caller may not call it.
 * A rule's rate does not count here.
 */
__bpf_kfunc long hcx_bpf_ring(struct hcx_call *call, u32 nr, u64 value)
{
	return hcx_doorbell_ring(call, nr, value);
}

/**
 * hcx_bpf_wait() - let time pass
 * @call: the call
 * @ms: so many milliseconds
 *
 * All waits of a call together, and its copies' for memory that the VMM has to provide,
 * last as long as the handler's budget; without one, %HCX_WAIT_MS from the first.
 *
 * Context: a sleepable program that handles @call.
 * Return: 0, or
 * * -HCX_ETIMEDOUT - the budget is spent
 * * -HCX_EINTR - the VMM is being killed
 */
__bpf_kfunc long hcx_bpf_wait(struct hcx_call *call, u64 ms)
{
	ktime_t deadline = deadline_of(call);
	ktime_t end = ktime_add_ms(ktime_get(), min_t(u64, ms, HCX_BUDGET_MS_MAX + 1));
	bool late = ktime_after(end, deadline);
	unsigned long left;

	if (late)
		end = deadline;
	while ((left = hcx_jiffies_until(end))) {
		schedule_timeout_killable(left);
		if (fatal_signal_pending(current))
			return -HCX_EINTR;
	}

	return late ? -HCX_ETIMEDOUT : 0;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kfuncs)
BTF_ID_FLAGS(func, hcx_bpf_arg, HCX_KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, hcx_bpf_get_caller, HCX_KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, hcx_bpf_read_guest, HCX_KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, hcx_bpf_write_guest, HCX_KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_ID_FLAGS(func, hcx_bpf_set_result, HCX_KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, hcx_bpf_ring, HCX_KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, hcx_bpf_wait, HCX_KF_TRUSTED_ARGS | KF_SLEEPABLE)
BTF_KFUNCS_END(kfuncs)

static const struct btf_kfunc_id_set kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kfuncs,
};

/* What the program gets is one argument, a pointer. */
static bool is_valid_access(int off, int size, enum bpf_access_type type,
			    const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	return !off && size == sizeof(u64) && type == BPF_READ &&
	       btf_ctx_access(off, size, type, prog, info);
}

static const struct bpf_verifier_ops verifier_ops = {
	.get_func_proto = bpf_base_func_proto,
	.is_valid_access = is_valid_access,
};

/* Whether all is there that programs call; and whether the module has BTF: see init_type(). */
static bool has_kfuncs, has_btf;

static int init_type(struct btf *btf)
{
	has_btf = true;
	return 0;
}

static int copy_name(char *name, const char *from)
{
	size_t len = strnlen(from, HCX_NAME_LEN + 1);

	if (len > HCX_NAME_LEN)
		return -EINVAL;
	memcpy(name, from, len);

	return 1;
}

/* 1: copied. 0: the rest, which is the program, and what has to be zero. */
static int init_member(const struct btf_type *type, const struct btf_member *member,
		       void *to, const void *from)
{
	const struct hcx_bpf_handler *user = from;
	struct hcx_bpf_handler *bpf = to;

	switch (__btf_member_bit_offset(type, member) / BITS_PER_BYTE) {
	case offsetof(struct hcx_bpf_handler, nr):
		bpf->nr = user->nr;
		return 1;
	case offsetof(struct hcx_bpf_handler, flags):
		bpf->flags = user->flags;
		return 1;
	case offsetof(struct hcx_bpf_handler, budget_ms):
		bpf->budget_ms = user->budget_ms;
		return 1;
	case offsetof(struct hcx_bpf_handler, name):
		return copy_name(bpf->name, user->name);
	default:
		return 0;
	}
}

static struct hcx_handler *make_handler(struct hcx_bpf_handler *bpf)
{
	bpf->handler = (struct hcx_handler) {
		.nr = bpf->nr, .flags = bpf->flags, .budget_ms = bpf->budget_ms,
		.name = bpf->name, .owner = THIS_MODULE, .call = bpf->call,
	};

	return &bpf->handler;
}

/*
 * The kernel lets one structure be attached by several links. It is registered, or on its way
 * out, as long as its handler has an entry.
 */
static bool is_attached(const struct hcx_bpf_handler *bpf)
{
	return READ_ONCE(bpf->handler.entry);
}

/*
 * Only as a link: what is registered without one stays when its loader has failed or died. And
 * only by the administrator, also where a BPF token lets others load: it answers in all VMs.
 */
static int reg(void *data, struct bpf_link *link)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!link || !has_kfuncs)
		return -EOPNOTSUPP;

	return is_attached(data) ? -EBUSY : hcx_register_in(NULL, make_handler(data));
}

/* The kernel frees the program when this returns, and does not know of one that sleeps. */
static void unreg(void *data, struct bpf_link *link)
{
	struct hcx_bpf_handler *bpf = data;

	hcx_unregister(&bpf->handler);
}

static int update(void *data, void *old_data, struct bpf_link *link)
{
	struct hcx_bpf_handler *old = old_data;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (is_attached(data))
		return -EBUSY;

	return hcx_replace(&old->handler, make_handler(data));
}

static long call_stub(struct hcx_call *call)
{
	return -KVM_ENOSYS;
}

static struct hcx_bpf_handler stubs = { .call = call_stub };

static struct bpf_struct_ops struct_ops = {
	.verifier_ops = &verifier_ops,
	.init = init_type,
	.init_member = init_member,
	.reg = reg,
	.unreg = unreg,
	.update = update,
	.cfi_stubs = &stubs,
	.name = "hcx_bpf_handler",
	.owner = THIS_MODULE,
};

/**
 * hcx_bpf_init() - take handlers in BPF, if this kernel and this build can
 *
 * The end of the module's BTF undoes the type. Nobody can attach before the module's init is over.
 *
 * Context: process; may sleep.
 */
void hcx_bpf_init(void)
{
	int ret = hcx_touch_init() ?: register_bpf_struct_ops(&struct_ops, hcx_bpf_handler);

	if (!ret && !has_btf) {
		pr_info("takes no handlers in BPF: it has no BTF; install pahole and build it again\n");
		return;
	}
	if (!ret)
		ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &kfunc_set);
	if (ret)
		pr_err("takes no handlers in BPF (%d)\n", ret);
	has_kfuncs = !ret;
}

/**
 * hcx_bpf_exit() - undo hcx_bpf_init(), when no handler in BPF is attached
 *
 * Context: process; may sleep.
 */
void hcx_bpf_exit(void)
{
	hcx_touch_exit();
}

#else

void hcx_bpf_init(void)
{
}

void hcx_bpf_exit(void)
{
}

#endif /* HCX_HAVE_STRUCT_OPS */
