// SPDX-License-Identifier: GPL-2.0
/*
 * The vCPUs of two VMs call a number, each on a CPU of its own, while the plugin of QEMU's in
 * lines/ traces what is written. Arguments: a name for the trace, the number, and a file of
 * what the plugin has to know, "ours FROM TO", "kvm FROM TO" and "away FROM TO" lines.
 */
#include <pthread.h>

#include "guest.h"
#include "hcx_util.h"
#include "lines/trace.h"

#define VMS		2
#define VCPUS		2	/* of each */
#define CALLERS		(VMS * VCPUS)

/* Of each, before the trace and during it. */
#define WARM_UP		20
#define CALLS		200

struct caller {
	pthread_t thread;
	struct kvm_vcpu *vcpu;
	int cpu;
};

static pthread_barrier_t all_here;
static uint64_t trace_name;

static void guest_main(uint64_t nr)
{
	for (;;)
		GUEST_SYNC(kvm_hypercall(nr, 1, 20, 300, 4000));
}

static void tell(enum trace_command command, uint64_t first, uint64_t second)
{
	asm volatile(TRACE_INSN : : "a"((uint64_t)command), "D"(first), "S"(second) : "memory");
}

static enum trace_command range_of(const char *what)
{
	if (!strcmp(what, "ours"))
		return TRACE_OURS;
	if (!strcmp(what, "kvm"))
		return TRACE_KVM;
	TEST_ASSERT(!strcmp(what, "away"), "what is '%s'?", what);
	return TRACE_AWAY;
}

static void tell_ranges(const char *path)
{
	FILE *ranges = fopen(path, "r");
	uint64_t from, to;
	char what[16];

	TEST_ASSERT(ranges, "%s: %s", path, strerror(errno));
	while (fscanf(ranges, "%15s %lx %lx", what, &from, &to) == 3)
		tell(range_of(what), from, to);
	TEST_ASSERT(feof(ranges), "%s: a line is not understood", path);
	fclose(ranges);
}

static void call(struct kvm_vcpu *vcpu, int calls)
{
	while (calls--)
		next_value(vcpu);
}

/* One of the callers tells it when all are here, and none goes on before. */
static void tell_together(enum trace_command command, uint64_t argument)
{
	if (pthread_barrier_wait(&all_here) == PTHREAD_BARRIER_SERIAL_THREAD)
		tell(command, argument, 0);
	pthread_barrier_wait(&all_here);
}

/* The thread stays on its CPU: so what a CPU writes, its vCPU does. */
static void *caller_main(void *data)
{
	struct caller *caller = data;

	pin_to(caller->cpu);
	call(caller->vcpu, WARM_UP);
	tell_together(TRACE_START, trace_name);
	call(caller->vcpu, CALLS);
	tell_together(TRACE_STOP, CALLS);

	return NULL;
}

static struct kvm_vm *create_vm(struct caller *callers, int first_cpu, uint64_t nr)
{
	struct kvm_vcpu *vcpus[VCPUS];
	struct kvm_vm *vm = vm_create_with_vcpus(VCPUS, guest_main, vcpus);
	int i;

	for (i = 0; i < VCPUS; i++) {
		vcpu_args_set(vcpus[i], 1, nr);
		callers[i].vcpu = vcpus[i];
		callers[i].cpu = first_cpu + i;
	}

	return vm;
}

int main(int argc, char *argv[])
{
	struct caller callers[CALLERS];
	struct kvm_vm *vms[VMS];
	int i;

	TEST_ASSERT(argc == 4, "usage: %s NAME NUMBER RANGES", argv[0]);
	strncpy((char *)&trace_name, argv[1], sizeof(trace_name));
	tell_ranges(argv[3]);

	for (i = 0; i < VMS; i++)
		vms[i] = create_vm(&callers[i * VCPUS], i * VCPUS, strtoul(argv[2], NULL, 0));
	pthread_barrier_init(&all_here, NULL, CALLERS);
	for (i = 0; i < CALLERS; i++)
		pthread_create(&callers[i].thread, NULL, caller_main, &callers[i]);
	for (i = 0; i < CALLERS; i++)
		pthread_join(callers[i].thread, NULL);
	for (i = 0; i < VMS; i++)
		kvm_vm_free(vms[i]);

	return 0;
}
