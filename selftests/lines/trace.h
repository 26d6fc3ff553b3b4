/* SPDX-License-Identifier: GPL-2.0 */
/* How a program in the nested host talks to the plugin of the QEMU that emulates it. */
#ifndef SELFTEST_HCX_TRACE_H
#define SELFTEST_HCX_TRACE_H

/* A NOP that no compiler makes, and the number that its 8 bytes are, which the plugin looks for. */
#define TRACE_INSN	"nopl 0x786368(%%rax,%%rax)"
#define TRACE_BYTES	0x0078636800841f0fULL

/* In RAX, with arguments in RDI and RSI. */
enum trace_command {
	/*
	 * From here to there is code of the core's or a handler's; of KVM's; or where something
	 * else begins: the entries of interrupts, the scheduler.
	 */
	TRACE_OURS,
	TRACE_KVM,
	TRACE_AWAY,
	/* A trace of this name, as 8 characters, begins. */
	TRACE_START,
	/* It ends. So many calls were made meanwhile, by each CPU. */
	TRACE_STOP,
};

#endif /* SELFTEST_HCX_TRACE_H */
