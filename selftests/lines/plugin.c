// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for the QEMU that emulates a nested host: which cache lines does each CPU write and
 * read in the core and in handlers, and from where?
 *
 * What counts is what a CPU does from where it enters code of the core's or of a handler's until
 * it enters KVM's, with what the former call elsewhere in the kernel, but without interrupts and
 * other tasks that come in between. Where the code is, and when to trace, a program in the nested
 * host tells (trace.h). At the end of a trace, the file that the argument out= names gets lines:
 *
 *	NAME calls N			of each CPU
 *	NAME store|load KIND LINE CPU PC CALLER N	so many by one of them
 *
 * KIND is stack, percpu (the instruction has a GS prefix) or memory. LINE is a physical address.
 * CALLER is PC, or where our code was left last if PC is in what it calls.
 *
 * One thread has to be all CPUs, so that nothing here is locked. What QEMU gives as the index of a
 * CPU is then that of the CPU for which it translated the instruction. So CPUs are told apart by
 * their GS base, which in the kernel is the address of what is the CPU's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

#include "trace.h"

#define LINE_SIZE	64
#define STACK_SIZE	16384
#define MAX_CPUS	16
#define MAX_RANGES	16
#define MAX_ROWS	32768
#define GS_PREFIX	0x65

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

struct range {
	enum trace_command what;
	uint64_t from;
	uint64_t to;
};

struct cpu {
	uint64_t gs_base;
	uint64_t caller;	/* where in our text it was last; 0: it is in KVM's */
	uint64_t away;		/* the stack pointer where something came in between; or 0 */
};

struct row {
	uint64_t line;
	const char *kind;
	unsigned int cpu;
	uint64_t pc;
	uint64_t caller;
	bool store;
	unsigned long times;
};

static qemu_plugin_id_t plugin;
static FILE *out;
static bool tracing;
static char name[9];
static struct range ranges[MAX_RANGES];
static unsigned int range_count;
static struct row rows[MAX_ROWS];
static unsigned int row_count;
static struct cpu cpus[MAX_CPUS];
static unsigned int cpu_count;
static struct cpu *ours;	/* which is in the present block, if what it does counts */
static struct qemu_plugin_register *rax, *rdi, *rsi, *rsp, *gs_base;
static GByteArray *buffer;

/* QEMU ends, so that the nested host is seen to have died. */
static void __attribute__((noreturn)) fail(const char *why)
{
	fprintf(stderr, "plugin: %s\n", why);
	exit(1);
}

static uint64_t value_of(struct qemu_plugin_register *reg)
{
	uint64_t value;

	g_byte_array_set_size(buffer, 0);
	if (qemu_plugin_read_register(reg, buffer) != sizeof(value))
		fail("a register has not 8 bytes");
	memcpy(&value, buffer->data, sizeof(value));

	return value;
}

static uint8_t first_byte(uint64_t pc)
{
	g_byte_array_set_size(buffer, 0);
	if (!qemu_plugin_read_memory_vaddr(pc, buffer, 1))
		fail("an instruction cannot be read");

	return buffer->data[0];
}

static struct cpu *this_cpu(void)
{
	uint64_t base = value_of(gs_base);
	struct cpu *cpu;

	for (cpu = cpus; cpu < cpus + cpu_count; cpu++)
		if (cpu->gs_base == base)
			return cpu;
	if (cpu_count == MAX_CPUS)
		fail("too many CPUs");
	cpu_count++;
	*cpu = (struct cpu){ .gs_base = base };

	return cpu;
}

static bool in(enum trace_command what, uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < range_count; i++)
		if (ranges[i].what == what && pc >= ranges[i].from && pc <= ranges[i].to)
			return true;

	return false;
}

static void add_range(enum trace_command what, uint64_t from, uint64_t to)
{
	if (range_count == MAX_RANGES)
		fail("too many ranges");
	ranges[range_count++] = (struct range){ what, from, to };
}

/* Whether a task goes on at @sp that was left at @away: all that came in between was below. */
static bool is_back(uint64_t away, uint64_t sp)
{
	return sp > away && (sp ^ away) < STACK_SIZE;
}

/* Whether what a CPU does counts that goes on at @pc. */
static bool counts(struct cpu *cpu, uint64_t pc)
{
	if (cpu->away && !is_back(cpu->away, value_of(rsp)))
		return false;
	cpu->away = 0;
	if (in(TRACE_OURS, pc))
		cpu->caller = pc;
	else if (in(TRACE_KVM, pc))
		cpu->caller = 0;
	else if (cpu->caller && in(TRACE_AWAY, pc))
		cpu->away = value_of(rsp);

	return cpu->caller && !cpu->away;
}

/* After a branch or an interrupt. */
static void at_block(unsigned int index, void *pc)
{
	struct cpu *cpu;

	if (!tracing)
		return;
	cpu = this_cpu();
	ours = counts(cpu, (uint64_t)pc) ? cpu : NULL;
}

static const char *kind_of(uint64_t address, uint64_t pc)
{
	if ((address ^ value_of(rsp)) < STACK_SIZE)
		return "stack";
	return first_byte(pc) == GS_PREFIX ? "percpu" : "memory";
}

static bool same(const struct row *a, const struct row *b)
{
	return a->line == b->line && a->cpu == b->cpu && a->pc == b->pc &&
	       a->caller == b->caller && a->store == b->store;
}

static struct row *row_like(const struct row *wanted)
{
	struct row *row;

	for (row = rows; row < rows + row_count; row++)
		if (same(row, wanted))
			return row;
	if (row_count == MAX_ROWS)
		fail("too many lines");
	row_count++;
	*row = *wanted;

	return row;
}

static void note(struct row *wanted, uint64_t address)
{
	struct row *row = row_like(wanted);

	if (!row->kind)
		row->kind = kind_of(address, row->pc);
	row->times++;
}

static void at_access(unsigned int index, qemu_plugin_meminfo_t info, uint64_t address, void *pc)
{
	struct row row = { .pc = (uint64_t)pc, .store = qemu_plugin_mem_is_store(info) };
	uint64_t from, to;

	if (!tracing || !ours)
		return;
	row.cpu = ours - cpus;
	row.caller = in(TRACE_OURS, row.pc) ? row.pc : ours->caller;
	from = qemu_plugin_hwaddr_phys_addr(qemu_plugin_get_hwaddr(info, address));
	to = from + (1 << qemu_plugin_mem_size_shift(info));
	for (row.line = from - from % LINE_SIZE; row.line < to; row.line += LINE_SIZE)
		note(&row, address);
}

static void watch_kernel(struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn;
	size_t i;

	qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, QEMU_PLUGIN_CB_R_REGS,
					     (void *)qemu_plugin_tb_vaddr(tb));
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		qemu_plugin_register_vcpu_mem_cb(insn, at_access, QEMU_PLUGIN_CB_R_REGS,
						 QEMU_PLUGIN_MEM_RW,
						 (void *)qemu_plugin_insn_vaddr(insn));
	}
}

static void begin(qemu_plugin_id_t id);

/*
 * What has been translated by now is not watched, as this would double the time that the nested
 * host takes to boot: let all be translated anew, before this CPU executes another block.
 */
static void start(uint64_t characters)
{
	memcpy(name, &characters, sizeof(characters));
	cpu_count = 0;
	ours = NULL;
	row_count = 0;
	tracing = true;
	qemu_plugin_reset(plugin, begin);
}

static void stop(uint64_t calls)
{
	const struct row *row;

	tracing = false;
	qemu_plugin_reset(plugin, begin);
	range_count = 0;
	fprintf(out, "%s calls %lu\n", name, calls);
	for (row = rows; row < rows + row_count; row++)
		fprintf(out, "%s %s %s %lx %u %lx %lx %lu\n", name,
			row->store ? "store" : "load", row->kind, row->line, row->cpu, row->pc,
			row->caller, row->times);
	fflush(out);
}

static void obey(unsigned int index, void *unused)
{
	uint64_t command = value_of(rax);

	switch (command) {
	case TRACE_OURS:
	case TRACE_KVM:
	case TRACE_AWAY:
		add_range(command, value_of(rdi), value_of(rsi));
		break;
	case TRACE_START:
		start(value_of(rdi));
		break;
	case TRACE_STOP:
		stop(value_of(rdi));
		break;
	default:
		fail("an unknown command");
	}
}

static bool is_trace_insn(const struct qemu_plugin_insn *insn)
{
	uint64_t bytes;

	return qemu_plugin_insn_size(insn) == sizeof(bytes) &&
	       qemu_plugin_insn_data(insn, &bytes, sizeof(bytes)) == sizeof(bytes) &&
	       bytes == TRACE_BYTES;
}

static void watch_program(struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn;
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is_trace_insn(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, obey, QEMU_PLUGIN_CB_R_REGS,
							       NULL);
	}
}

/* The kernel is the upper half of the addresses. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	if ((int64_t)qemu_plugin_tb_vaddr(tb) >= 0)
		watch_program(tb);
	else if (tracing)
		watch_kernel(tb);
}

static void begin(qemu_plugin_id_t id)
{
	plugin = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
}

static struct qemu_plugin_register *find_register(const char *wanted)
{
	GArray *regs = qemu_plugin_get_registers();
	struct qemu_plugin_register *found = NULL;
	const qemu_plugin_reg_descriptor *reg;
	unsigned int i;

	for (i = 0; i < regs->len; i++) {
		reg = &g_array_index(regs, qemu_plugin_reg_descriptor, i);
		if (!strcmp(reg->name, wanted))
			found = reg->handle;
	}
	g_array_unref(regs);
	if (!found)
		fail("QEMU does not show a register");

	return found;
}

/* All CPUs have the same handles. */
static void cpu_begins(qemu_plugin_id_t id, unsigned int index)
{
	rax = find_register("rax");
	rdi = find_register("rdi");
	rsi = find_register("rsi");
	rsp = find_register("rsp");
	gs_base = find_register("gs_base");
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return -1;
	buffer = g_byte_array_new();
	qemu_plugin_register_vcpu_init_cb(id, cpu_begins);
	begin(id);

	return 0;
}
