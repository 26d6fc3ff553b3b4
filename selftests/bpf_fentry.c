// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches an empty BPF fentry program to kvm_emulate_hypercall(), as tracing tools
 * do; says "attached" and stays until it is killed. Status 1, with the reason, if
 * it cannot.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRACED "kvm_emulate_hypercall"

static const struct bpf_insn returns_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* The descriptor of kvm.ko's BTF. */
static int btf_of_kvm(void)
{
	struct bpf_btf_info info;
	char name[64];
	__u32 id = 0;
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		__u32 len = sizeof(info);

		memset(&info, 0, sizeof(info));
		info.name = (unsigned long)name;
		info.name_len = sizeof(name);
		fd = bpf_btf_get_fd_by_id(id);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(name, "kvm"))
			return fd;
		close(fd);
	}
	errx(1, "kvm.ko has no BTF");
}

static int function_of_kvm(void)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct btf *kvm = vmlinux ? btf__load_module_btf("kvm", vmlinux) : NULL;
	int id = kvm ? btf__find_by_name_kind(kvm, TRACED, BTF_KIND_FUNC) : -1;

	if (id < 0)
		errx(1, "the BTF of kvm.ko has no " TRACED);
	return id;
}

int main(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.attach_btf_id = function_of_kvm(),
		.attach_btf_obj_fd = btf_of_kvm(),
	);
	int prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", returns_0,
				 sizeof(returns_0) / sizeof(*returns_0), &opts);

	if (prog < 0)
		err(1, "bpf_prog_load");
	if (bpf_raw_tracepoint_open(NULL, prog) < 0)
		err(1, "attach");
	puts("attached");
	fflush(stdout);
	pause();

	return 0;
}
