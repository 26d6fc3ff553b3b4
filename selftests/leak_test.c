// SPDX-License-Identifier: GPL-2.0
/*
 * What programs set up, and the VMs that they set it up in, leave no memory and no file behind;
 * nor does a VMM that is killed because its control group has no more memory for its calls.
 */
#include <glob.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "session.h"
#include "tables.h"

#define NR	0x80
#define CYCLES	150

/* A VMM's control group, how much memory it may still take, and how many numbers it calls. */
#define CGROUP	CGROUPS "/leak"
#define LIMIT	(1 << 20)
#define MANY	4000	/* of which each takes 512 bytes when it is called first */

/*
 * Each of the kernel's caches for kmalloc(), with how many objects are in use, and are in a slab.
 */
struct caches {
	struct {
		char name[64];
		long objects, in_slab;
	} cache[512];
	int count;
};

/* Of slabs that CPUs keep for themselves all objects count, so they have to give them back. */
static void shrink_caches(void)
{
	glob_t files;
	size_t i;

	if (glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &files))
		return;
	for (i = 0; i < files.gl_pathc; i++)
		TEST_ASSERT(!write_to(files.gl_pathv[i], "1"), "%s", files.gl_pathv[i]);
	globfree(&files);
}

static void count_objects(struct caches *caches)
{
	FILE *slabinfo = fopen("/proc/slabinfo", "r");
	char line[256];

	TEST_ASSERT(slabinfo, "/proc/slabinfo: %s", strerror(errno));
	shrink_caches();
	caches->count = 0;
	while (fgets(line, sizeof(line), slabinfo)) {
		typeof(caches->cache[0]) *cache = &caches->cache[caches->count];

		TEST_ASSERT(caches->count < ARRAY_SIZE(caches->cache), "many caches");
		if (sscanf(line, "%63s %ld %*d %*d %ld", cache->name, &cache->objects,
			   &cache->in_slab) == 3 && !strncmp(cache->name, "kmalloc-", 8))
			caches->count++;
	}
	fclose(slabinfo);
}

/*
 * How many have grown by more than @most, and by more than two CPUs may have taken again. Names
 * keep their places.
 */
static int grown(const struct caches *before, const struct caches *after, long most)
{
	int i, count = 0;

	for (i = 0; i < before->count; i++) {
		long more = after->cache[i].objects - before->cache[i].objects;

		if (more <= most || more <= 2 * after->cache[i].in_slab)
			continue;
		ksft_print_msg("%s: %ld objects more\n", after->cache[i].name, more);
		count++;
	}

	return count;
}

/*
 * How many of @before stay grown. What waits for a grace period takes its time: kfree_rcu() up to
 * five seconds (KFREE_DRAIN_JIFFIES in mm/slab_common.c, in kernel/rcu/tree.c before 6.14).
 */
static int stay_grown(const struct caches *before, struct caches *after, long most)
{
	int tries, count;

	for (tries = 0; tries < 10; tries++) {
		count_objects(after);
		count = grown(before, after, most);
		if (!count)
			break;
		sleep(1);
	}

	return count;
}

static long open_files(void)
{
	return read_number("/proc/sys/fs/file-nr", "%ld");
}

/* A guest whose VMM answers all it can, by a descriptor that is returned. */
static int set_up(struct guest *guest)
{
	const struct hcx_host_rule limit = {
		.verb = HCX_HOST_HANDLE, .first = NR, .last = NR + 2, .rate = 1000,
	}, forward = {
		.verb = HCX_HOST_FORWARD, .first = NR + 4, .last = NR + 4,
	};
	int session, bell = eventfd(0, 0);

	guest_create(guest, GUEST_LONG, 0);
	session = open_session(guest->vm);
	must(doorbell(session, NR, "bell", 0, 0, bell));
	must(serve(session, NR + 1, "served", 0, 1));
	must(rule(session, &limit));
	must(rule(session, &forward));
	close(bell);

	return session;
}

static void call_all(struct guest *guest)
{
	guest_call0(guest, NR);
	guest_call0(guest, NR + 1);
	guest_prepare(guest, NR + 4, 0, 0, 0, 0);
	guest_enter(guest);
}

static void set_up_and_call(void)
{
	struct guest guest;
	int session = set_up(&guest);

	call_all(&guest);
	guest_free(&guest);
	close(session);
}

static void cycle(void)
{
	int i;

	for (i = 0; i < CYCLES; i++)
		set_up_and_call();
	sleep(1);	/* what waits for a grace period */
}

static void put_number(const char *path, long number)
{
	char text[32];
	int error;

	sprintf(text, "%ld", number);
	error = write_to(path, text);
	TEST_ASSERT(!error, "%s > %s: %s", text, path, strerror(-error));
}

/* From here on the first call of each number comes nearer to the end. */
static void run_vmm(unsigned int *calls)
{
	uint64_t nr, first;
	struct guest guest;

	put_number(CGROUP "/cgroup.procs", getpid());
	set_up(&guest);
	call_all(&guest);
	put_number(CGROUP "/memory.max", read_number(CGROUP "/memory.current", "%ld") + LIMIT);
	first = guest_find(&guest, "m0");
	for (nr = first; nr < first + MANY; nr++) {
		(*calls)++;
		TEST_ASSERT(!guest_call0(&guest, nr), "%#lx is not answered", nr);
	}
	_exit(0);
}

static int end_of_vmm(unsigned int *calls)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run_vmm(calls);
	waitpid(pid, &status, 0);
	sleep(1);	/* as in cycle() */

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_out_of_memory(void)
{
	unsigned int *calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				   -1, 0);
	static struct tables now, then;
	static struct caches before, after;
	long files;

	open_tables();
	look_at_tables(&then);
	must_control("many %u", MANY);
	count_objects(&before);
	files = open_files();
	expect(end_of_vmm(calls), SIGKILL, "a VMM is killed while it calls");
	expect(read_number(CGROUP "/memory.events", "oom_kill %ld"), 1, "as it has no more memory");
	ksft_print_msg("it was killed at its call %u of %u\n", *calls, MANY);
	expect(*calls > MANY / 10 && !stay_grown(&before, &after, *calls / 10), 1,
	       "what its calls took is free");
	expect(open_files() - files < 5, 1, "so are its files");
	must_control("many 0");
	look_at_tables(&now);
	expect(are_same_tables(&now, &then), true, "nothing is left of what it had set up");
	close_tables();
}

/* Where the kernel, or another who uses cgroups, leaves it to us. */
static bool has_memory_control(void)
{
	return !write_to(CGROUPS "/cgroup.subtree_control", "+memory");
}

static void test_limit(void)
{
	int i;

	mount_cgroups();
	if (has_memory_control()) {
		must(mkdir(CGROUP, 0700) ? errno : 0);
		test_out_of_memory();
		must(rmdir(CGROUP) ? errno : 0);
	} else {
		for (i = 0; i < 5; i++)
			ksft_test_result_skip("there is no memory controller for cgroup2\n");
	}
	umount_cgroups();
}

int main(void)
{
	static struct caches before, after;
	long files;

	require_hcx(3 + 5);
	cycle();
	count_objects(&before);
	files = open_files();
	cycle();

	expect(stay_grown(&before, &after, CYCLES / 2), 0,
	       "%d VMs and programs come and go: their memory does", CYCLES);
	expect(after.count, before.count, "the kernel's caches are the same");
	expect(open_files() - files < CYCLES / 4, 1, "and their files");
	test_limit();
	ksft_finished();
}
