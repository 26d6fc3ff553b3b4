// SPDX-License-Identifier: GPL-2.0
/*
 * Proof, at load, that the hook works on this kernel: a VM whose only
 * instructions make the discovery hypercall, run before the hook is there and
 * after. It shows that KVM leaves -KVM_ENOSYS to a number that it does not know,
 * that ftrace delivers the call, and that RAX is where offsets.h says.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_hcx.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include "selfcheck.h"

/* In flat protected mode at 0, where every CPU runs it rather than have KVM emulate it. */
struct guest_code {
	u8 hypercall[3];
	u8 hlt;
} __packed;

/* What the VM's ioctls take pointers to; in the caller's memory, as they expect. */
struct user_area {
	u8 page[PAGE_SIZE];
	struct kvm_userspace_memory_region region;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
};

/* The VM, from hcx_selfcheck_stock() to hcx_selfcheck_end(). */
static struct user_area __user *area;
static struct file *vm, *vcpu;

/* What KVM gives the descriptor of a VM, and nobody else has; NULL if no VM was made. */
static const struct file_operations *vm_fops;

static long kvm_ioctl(struct file *file, unsigned int cmd, const void __user *arg)
{
	if (!file->f_op->unlocked_ioctl)
		return -ENOTTY;
	return file->f_op->unlocked_ioctl(file, cmd, (unsigned long)arg);
}

/* Runs @ioctl, which makes a descriptor; holds the file by a reference only. */
static struct file *kvm_create(struct file *file, unsigned int ioctl)
{
	long fd = kvm_ioctl(file, ioctl, NULL);
	struct file *created;

	if (fd < 0)
		return ERR_PTR(fd);
	created = fget(fd);
	close_fd(fd);

	return created ?: ERR_PTR(-EBADF);
}

/* Types: Intel SDM 3A, 3.4.5.1. */
static struct kvm_segment flat_segment(u8 type)
{
	return (struct kvm_segment){
		.limit = ~0U, .selector = 8, .type = type, .present = 1, .db = 1, .s = 1, .g = 1,
	};
}

static long set_segments(void)
{
	struct kvm_sregs sregs;
	long ret;

	ret = kvm_ioctl(vcpu, KVM_GET_SREGS, &area->sregs);
	if (ret)
		return ret;
	if (copy_from_user(&sregs, &area->sregs, sizeof(sregs)))
		return -EFAULT;
	sregs.cr0 |= X86_CR0_PE;
	sregs.cs = flat_segment(11);
	sregs.ds = flat_segment(3);
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	if (copy_to_user(&area->sregs, &sregs, sizeof(sregs)))
		return -EFAULT;

	return kvm_ioctl(vcpu, KVM_SET_SREGS, &area->sregs);
}

static int write_guest(void)
{
	struct guest_code code = {
		.hypercall = { 0x0f, 0x01, boot_cpu_has(X86_FEATURE_SVM) ? 0xd9 : 0xc1 },
		.hlt = 0xf4,
	};
	struct kvm_userspace_memory_region region = {
		.memory_size = PAGE_SIZE,
		.userspace_addr = (unsigned long)&area->page,
	};

	if (copy_to_user(&area->page, &code, sizeof(code)) ||
	    copy_to_user(&area->region, &region, sizeof(region)))
		return -EFAULT;
	return kvm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &area->region);
}

static long make_vcpu(void)
{
	vcpu = kvm_create(vm, KVM_CREATE_VCPU);
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);
	return set_segments();
}

static long make_vm(void)
{
	struct file *kvm = filp_open("/dev/kvm", O_RDWR, 0);

	if (IS_ERR(kvm))
		return PTR_ERR(kvm);
	vm = kvm_create(kvm, KVM_CREATE_VM);
	fput(kvm);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	vm_fops = vm->f_op;

	return write_guest() ?: make_vcpu();
}

static long open_vm(void)
{
	unsigned long mapped = vm_mmap(NULL, 0, sizeof(struct user_area), PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, 0);

	if (IS_ERR_VALUE(mapped))
		return mapped;
	area = (struct user_area __user *)mapped;

	return make_vm();
}

/* Stores what the guest found in EAX after the hypercall, if it came as far as its HLT. */
static long run_vcpu(u32 *eax)
{
	struct kvm_regs regs = { .rax = HCX_NR_DISCOVERY, .rflags = X86_EFLAGS_FIXED };
	long ret;

	if (copy_to_user(&area->regs, &regs, sizeof(regs)))
		return -EFAULT;
	ret = kvm_ioctl(vcpu, KVM_SET_REGS, &area->regs) ?:
	      kvm_ioctl(vcpu, KVM_RUN, NULL) ?:
	      kvm_ioctl(vcpu, KVM_GET_REGS, &area->regs);
	if (!ret && copy_from_user(&regs, &area->regs, sizeof(regs)))
		ret = -EFAULT;
	if (!ret && regs.rip != sizeof(struct guest_code))
		ret = -EIO;
	if (!ret)
		*eax = regs.rax;

	return ret;
}

/**
 * hcx_selfcheck_stock() - see KVM answer an unknown number
 *
 * Where no VM can be run, the proof is left out with a line in the log: a host
 * may load kvm-amd or kvm-intel later.
 *
 * Context: process, with a mm; may sleep. The hook is not attached.
 * Return: 0, and hcx_selfcheck_end() is owed; -ENODEV with a line in the kernel
 * log if KVM's answer is not -KVM_ENOSYS; -EINTR on a signal.
 */
int hcx_selfcheck_stock(void)
{
	u32 eax = -KVM_ENOSYS;
	long ret = open_vm() ?: run_vcpu(&eax);

	if (!ret && eax == (u32)-KVM_ENOSYS)
		return 0;

	hcx_selfcheck_end();
	if (signal_pending(current))
		return -EINTR;
	if (!ret) {
		pr_err("self-check failed: KVM answers %d to an unknown number, not %d (-KVM_ENOSYS): this kernel is not supported\n",
		       (s32)eax, -KVM_ENOSYS);
		return -ENODEV;
	}
	pr_notice("self-check left out: no VM can be run now (%ld)%s\n", ret,
		  ret == -ENOENT || ret == -ENODEV ? ": load kvm-amd or kvm-intel" : "");
	return 0;
}

/**
 * hcx_selfcheck_hooked() - prove that a hypercall reaches its handler
 *
 * If hcx_selfcheck_stock() could run a VM.
 *
 * Context: process, with a mm; may sleep. The hook is attached.
 * Return: 0; -ENODEV if the hook does not work here, or what KVM says if the VM cannot be run
 * any more, with a line in the kernel log; -EINTR on a signal.
 */
int hcx_selfcheck_hooked(void)
{
	u32 eax = 0;
	long ret;

	if (!vcpu)
		return 0;
	ret = run_vcpu(&eax);
	if (!ret && eax == HCX_ABI_VERSION)
		return 0;
	if (signal_pending(current))
		return -EINTR;
	if (ret && ret != -EIO) {
		pr_err("self-check failed: the guest that was run before cannot be run now (%ld)\n",
		       ret);
		return ret;
	}

	if (!ret && eax == (u32)-KVM_ENOSYS)
		pr_err("self-check failed: ftrace does not deliver KVM's hypercalls on this kernel\n");
	else
		pr_err("self-check failed: with the hook a guest that called got %#x (%ld), not %#x: this kernel is not supported\n",
		       eax, ret, HCX_ABI_VERSION);
	return -ENODEV;
}

static void drop(struct file **file)
{
	if (!IS_ERR_OR_NULL(*file))
		fput(*file);
	*file = NULL;
}

/**
 * hcx_selfcheck_end() - close the VM of the self-check
 *
 * Context: the process that called hcx_selfcheck_stock(); may sleep.
 */
void hcx_selfcheck_end(void)
{
	drop(&vcpu);
	drop(&vm);
	if (area)
		vm_munmap((unsigned long)area, sizeof(*area));
	area = NULL;
}

/**
 * hcx_is_vm() - whether a file is a VM's, with its struct kvm in private_data
 * @file: the file
 *
 * Context: any.
 * Return: 0: it is; -EBADF: not; -EOPNOTSUPP: no VM was made, so nobody knows.
 */
int hcx_is_vm(const struct file *file)
{
	if (!vm_fops)
		return -EOPNOTSUPP;

	return file->f_op == vm_fops ? 0 : -EBADF;
}
