// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation that the core makes while it is loaded fails once, and each of handler modules:
 * it is then not there, and nothing of it, or it is there and works. As in faults_test.c, by
 * fail-nth; what the module loader itself allocates is left out, since it has warnings of its own
 * for that.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "faults.h"
#include "guest.h"
#include "hcx_util.h"

#define TEXT_MAX 16384

/*
 * A module, the one that it uses, its handler's name, an error that it may fail with beside
 * ENOMEM, and at how many places at least.
 */
struct module {
	const char *name, *used, *handler;
	int error;
	unsigned int least;
};

static int load(const void *data)
{
	const struct module *module = data;
	struct utsname kernel;
	char path[192];
	int fd, error;

	uname(&kernel);
	snprintf(path, sizeof(path), "/lib/modules/%s/%s.ko", kernel.release, module->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);

	return error;
}

static void unload(const struct module *module)
{
	TEST_ASSERT(!syscall(SYS_delete_module, module->name, O_NONBLOCK), "rmmod %s: %s",
		    module->name, strerror(errno));
}

static bool is_loaded(const struct module *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module->name);
	return !access(path, F_OK);
}

static void read_text(const char *from, char *text)
{
	FILE *file = fopen(from, "r");

	TEST_ASSERT(file, "%s: %s", from, strerror(errno));
	text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
	fclose(file);
}

/* What a module can leave: functions that are traced, a module that is held, handlers, files. */
struct traces {
	char functions[TEXT_MAX], users[TEXT_MAX], handlers[TEXT_MAX];
	bool has_device, has_tables;
};

static struct traces before, now;

static void look(const struct module *module, struct traces *traces)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module->used);
	read_text("/sys/kernel/tracing/enabled_functions", traces->functions);
	read_text(path, traces->users);
	traces->has_device = !access("/dev/kvm_hcx", F_OK);
	traces->has_tables = !access(TABLES, F_OK);
	traces->handlers[0] = '\0';
	if (traces->has_tables)
		read_text(TABLES "handlers", traces->handlers);
}

static bool is_gone(const struct module *module)
{
	look(module, &now);
	return !is_loaded(module) && !strcmp(now.functions, before.functions) &&
	       !strcmp(now.users, before.users) && !strcmp(now.handlers, before.handlers) &&
	       now.has_device == before.has_device && now.has_tables == before.has_tables;
}

/* A VM, of which the core knows when it has to tell its end, is answered, and finds the handler. */
static bool works(const struct module *module)
{
	struct guest guest;
	uint64_t version, nr = 0;

	guest_create(&guest, GUEST_LONG, 0);
	version = guest_call(&guest, HCX_NR_DISCOVERY, HCX_DISCOVER_VERSION, 0, 0, 0);
	if (module->handler)
		nr = guest_find(&guest, module->handler);
	guest_free(&guest);

	return version == HCX_ABI_VERSION && nr <= HCX_NR_LAST;
}

static bool is_well(const void *data, int error)
{
	const struct module *module = data;

	if (error) {
		if ((error == ENOMEM || error == module->error) && is_gone(module))
			return true;
		ksft_print_msg("it is %sgone\n", is_gone(module) ? "" : "not ");
		return false;
	}
	if (!works(module)) {
		ksft_print_msg("it is loaded and does not work\n");
		return false;
	}
	unload(module);

	return true;
}

static void test_module(const struct module *module)
{
	unsigned int places;

	look(module, &before);
	places = fail_everywhere(load, is_well, module);
	ksft_test_result(places >= module->least,
			 "%s fails to load in %u places, and leaves nothing\n", module->name,
			 places);
	expect(!load(module) && works(module), true, "it loads when nothing fails");
}

int main(void)
{
	/*
	 * Where ftrace cannot add a function to the core's filter it says that there is no such
	 * function (ftrace_set_hash() in kernel/trace/ftrace.c).
	 */
	static const struct module modules[] = {
		{ "kvm_hcx", "kvm", NULL, EINVAL, 100 },
		{ "hcx_marker", "kvm_hcx", "marker", 0, 1 },
		{ "hcx_clock", "kvm_hcx", "clock", 0, 1 },
	};
	int i;

	require_faults();
	require_hcx(3 * ARRAY_SIZE(modules));
	fail_only_in_modules();
	TEST_ASSERT(!system("rmmod " OTHER_MODULES " kvm_hcx"), "the modules do not go");
	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		expect(is_loaded(&modules[i]), false, "%s is not there", modules[i].name);
		test_module(&modules[i]);
	}
	ksft_finished();
}
