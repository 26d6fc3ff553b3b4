// SPDX-License-Identifier: GPL-2.0
/*
 * Another loader than hcx-bpf, and a bad one: it attaches a handler that is attached, replaces
 * handlers by such, does both without CAP_SYS_ADMIN, and attaches what has a wrong name. All of
 * that fails, and both handlers stay and go as they should.
 * Arguments: the objects of hello and nap, of one that is no link, and of those with wrong names.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct bpf_map *load(const char *file)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	struct bpf_map *map;

	if (!object || bpf_object__load(object))
		err(1, "%s", file);
	bpf_object__for_each_map(map, object)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			return map;
	errx(1, "%s has no handler", file);
}

static struct bpf_link *attach(struct bpf_map *map)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(map);

	if (!link)
		err(1, "%s cannot be attached", bpf_map__name(map));
	return link;
}

static void expect_error(int error, bool refused, const char *what)
{
	if (!refused || errno != error)
		errx(1, "%s: %s", what, refused ? strerror(errno) : "succeeded");
}

static bool registered(const char *name)
{
	FILE *table = fopen("/sys/kernel/debug/kvm_hcx/handlers", "r");
	char line[256], found[32];
	bool is = false;

	while (table && fgets(line, sizeof(line), table))
		is |= sscanf(line, "%*s %31s", found) == 1 && !strcmp(found, name);
	fclose(table);

	return is;
}

static void expect_registered(bool hello, bool nap, const char *when)
{
	if (registered("hello") != hello || registered("nap") != nap)
		errx(1, "%s: hello is%s there, nap is%s", when, hello ? " not" : "",
		     nap ? " not" : "");
}

/* All its other capabilities it keeps, as one with a BPF token has enough of them. */
static void set_admin(bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		err(1, "capget");
	if (on)
		data[0].effective |= 1 << CAP_SYS_ADMIN;
	else
		data[0].effective &= ~(1 << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &header, data))
		err(1, "capset");
}

static void refused_without_admin(struct bpf_link *of_hello, struct bpf_map *nap)
{
	set_admin(false);
	expect_error(EPERM, !bpf_map__attach_struct_ops(nap), "attached without CAP_SYS_ADMIN");
	expect_error(EPERM, bpf_link_update(bpf_link__fd(of_hello), bpf_map__fd(nap), NULL),
		     "replaced without CAP_SYS_ADMIN");
	set_admin(true);
	expect_registered(true, false, "refused without CAP_SYS_ADMIN");
}

int main(int argc, char *argv[])
{
	struct bpf_map *hello, *nap;
	struct bpf_link *of_hello, *of_nap;
	int i;

	if (argc < 4)
		errx(2, "usage: links hello.bpf.o nap.bpf.o no_link.bpf.o [WRONG_NAME.bpf.o...]");
	hello = load(argv[1]);
	nap = load(argv[2]);
	of_hello = attach(hello);
	refused_without_admin(of_hello, nap);
	of_nap = attach(nap);
	expect_registered(true, true, "attached");

	expect_error(EBUSY, !bpf_map__attach_struct_ops(hello), "attached twice");
	expect_error(EBUSY, bpf_link_update(bpf_link__fd(of_hello), bpf_map__fd(hello), NULL),
		     "replaced by itself");
	expect_error(EBUSY, bpf_link_update(bpf_link__fd(of_hello), bpf_map__fd(nap), NULL),
		     "replaced by one that is attached");
	expect_error(EOPNOTSUPP, !bpf_map__attach_struct_ops(load(argv[3])), argv[3]);
	for (i = 4; i < argc; i++)
		expect_error(EINVAL, !bpf_map__attach_struct_ops(load(argv[i])), argv[i]);
	expect_registered(true, true, "refused");

	bpf_link__destroy(of_hello);
	expect_registered(false, true, "one has gone");
	of_hello = attach(hello);
	expect_registered(true, true, "it has come again");
	bpf_link__destroy(of_nap);
	bpf_link__destroy(of_hello);
	expect_registered(false, false, "both have gone");

	return 0;
}
