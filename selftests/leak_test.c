// SPDX-License-Identifier: GPL-2.0
/* What programs set up, and the VMs that they set it up in, leave no memory and no file behind. */
#include <sys/eventfd.h>

#include "session.h"

#define NR	0x80
#define CYCLES	150

/* Each of the kernel's caches for kmalloc(), with how many objects are in use. */
struct caches {
	struct {
		char name[64];
		long objects;
	} cache[512];
	int count;
};

static void count_objects(struct caches *caches)
{
	FILE *slabinfo = fopen("/proc/slabinfo", "r");
	char line[256];

	TEST_ASSERT(slabinfo, "/proc/slabinfo: %s", strerror(errno));
	caches->count = 0;
	while (fgets(line, sizeof(line), slabinfo)) {
		typeof(caches->cache[0]) *cache = &caches->cache[caches->count];

		TEST_ASSERT(caches->count < ARRAY_SIZE(caches->cache), "many caches");
		if (sscanf(line, "%63s %ld", cache->name, &cache->objects) == 2 &&
		    !strncmp(cache->name, "kmalloc-", 8))
			caches->count++;
	}
	fclose(slabinfo);
}

/* The cache that has grown most: by how much. Names keep their places. */
static long most_grown(const struct caches *before, const struct caches *after)
{
	long most = 0;
	int i;

	for (i = 0; i < before->count; i++) {
		long grown = after->cache[i].objects - before->cache[i].objects;

		if (grown > CYCLES / 4)
			ksft_print_msg("%s: %ld objects more\n", after->cache[i].name, grown);
		if (grown > most)
			most = grown;
	}

	return most;
}

static long open_files(void)
{
	FILE *file_nr = fopen("/proc/sys/fs/file-nr", "r");
	long files;

	TEST_ASSERT(file_nr && fscanf(file_nr, "%ld", &files) == 1, "file-nr");
	fclose(file_nr);

	return files;
}

static void set_up_and_call(void)
{
	const struct hcx_host_rule limit = {
		.verb = HCX_HOST_HANDLE, .first = NR, .last = NR + 2, .rate = 1000,
	}, forward = {
		.verb = HCX_HOST_FORWARD, .first = NR + 4, .last = NR + 4,
	};
	int session, bell = eventfd(0, 0);
	struct guest guest;

	guest_create(&guest, GUEST_LONG, 0);
	session = open_session(guest.vm);
	must(doorbell(session, NR, "bell", 0, 0, bell));
	must(serve(session, NR + 1, "served", 0, 1));
	must(rule(session, &limit));
	must(rule(session, &forward));
	guest_call0(&guest, NR);
	guest_call0(&guest, NR + 1);
	guest_prepare(&guest, NR + 4, 0, 0, 0, 0);
	guest_enter(&guest);
	close(bell);
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

int main(void)
{
	static struct caches before, after;
	long files;

	require_hcx(3);
	cycle();
	count_objects(&before);
	files = open_files();
	cycle();
	count_objects(&after);

	expect(after.count, before.count, "the kernel's caches are the same");
	expect(most_grown(&before, &after) < CYCLES / 2, 1,
	       "%d VMs and programs come and go: their memory does", CYCLES);
	expect(open_files() - files < CYCLES / 4, 1, "and their files");
	ksft_finished();
}
