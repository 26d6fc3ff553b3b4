// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation that the core makes while it is loaded fails once: it is then not there, and
 * nothing of it, or it is there and works. As in faults_test.c, by fail-nth; what the module loader
 * itself allocates is left out, since it has warnings of its own for that.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "faults.h"
#include "guest.h"
#include "hcx_util.h"

#define TEXT_MAX 16384

static char path[128];

static int load(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	TEST_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);

	return error;
}

static void unload(void)
{
	TEST_ASSERT(!syscall(SYS_delete_module, "kvm_hcx", O_NONBLOCK), "rmmod: %s",
		    strerror(errno));
}

static void read_text(const char *from, char *text)
{
	FILE *file = fopen(from, "r");

	TEST_ASSERT(file, "%s: %s", from, strerror(errno));
	text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
	fclose(file);
}

/* What a module can leave beside files: functions that are traced, a module that is held. */
struct traces {
	char functions[TEXT_MAX], users[TEXT_MAX];
};

static struct traces without_core;

static void look(struct traces *traces)
{
	read_text("/sys/kernel/tracing/enabled_functions", traces->functions);
	read_text("/sys/module/kvm/refcnt", traces->users);
}

static bool is_gone(void)
{
	static struct traces now;

	look(&now);
	return access("/sys/module/kvm_hcx", F_OK) && access("/dev/kvm_hcx", F_OK) &&
	       access("/sys/kernel/debug/kvm_hcx", F_OK) &&
	       !strcmp(now.functions, without_core.functions) &&
	       !strcmp(now.users, without_core.users);
}

/* A VM of which the core knows, when it has to tell its end. */
static bool works(void)
{
	struct guest guest;
	uint64_t rax;

	guest_create(&guest, GUEST_LONG, 0);
	rax = guest_call(&guest, HCX_NR_DISCOVERY, HCX_DISCOVER_VERSION, 0, 0, 0);
	guest_free(&guest);

	return rax == HCX_ABI_VERSION;
}

/*
 * Where ftrace cannot add a function to a filter it says that there is no such function
 * (ftrace_set_hash() in kernel/trace/ftrace.c).
 */
static bool is_of_memory(int error)
{
	return error == ENOMEM || error == EINVAL;
}

/* How many places have failed, or 0: one of them left something, or an error of another kind. */
static unsigned int fail_everywhere(void)
{
	unsigned int place;
	int error;

	for (place = 1;; place++) {
		fail_at(place);
		error = load();
		if (!fault_happened())
			break;
		if (error && (!is_of_memory(error) || !is_gone())) {
			ksft_print_msg("place %u: %s, and it is %sgone\n", place, strerror(error),
				       is_gone() ? "" : "not ");
			return 0;
		}
		if (error)
			continue;
		if (!works()) {
			ksft_print_msg("place %u: it is loaded and does not work\n", place);
			return 0;
		}
		unload();
	}
	TEST_ASSERT(!error, "it does not load: %s", strerror(error));

	return place - 1;
}

int main(void)
{
	struct utsname name;
	unsigned int places;

	require_faults();
	require_hcx(2);
	fail_only_in_modules();
	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/kvm_hcx.ko", name.release);
	TEST_ASSERT(!system("rmmod " OTHER_MODULES " kvm_hcx"), "the modules do not go");
	look(&without_core);
	TEST_ASSERT(is_gone(), "the core is there without a module");

	places = fail_everywhere();
	ksft_test_result(places, "the core fails to load in %u places, and leaves nothing\n",
			 places);
	expect(works(), true, "it loads when nothing fails");
	ksft_finished();
}
