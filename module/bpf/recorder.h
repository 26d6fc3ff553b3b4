/* SPDX-License-Identifier: GPL-2.0 */
/* What recorder.bpf.c writes and recorder.c reads. */
struct record {
	__u64 ns;
	__u64 id;
	__s32 pid;
	__u32 vcpu;
	char text[64];
};
