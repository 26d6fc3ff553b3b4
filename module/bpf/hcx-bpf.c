// SPDX-License-Identifier: GPL-2.0
/* Attaches hypercall handlers in BPF; hcx-bpf.8 is its manual. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <linux/kvm_hcx.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#if LIBBPF_MAJOR_VERSION * 100 + LIBBPF_MINOR_VERSION < 104
#error "hcx-bpf needs libbpf 1.4 or later"
#endif

#define BPFFS		"/sys/fs/bpf"
#define BPFFS_MAGIC	0xcafe4a11	/* linux/magic.h */
#define PINS		BPFFS "/kvm_hcx"
#define PIN		"handler"
#define PIN_MAX		(PATH_MAX + sizeof(PIN) + 1)
#define TABLE		"/sys/kernel/debug/kvm_hcx/handlers"
#define TYPE		"hcx_bpf_handler"

/* A number's text, or "-" */
struct number {
	char text[16];
};

/* A BPF object's handler. */
struct object {
	const char *file;
	struct bpf_object *bpf;
	struct bpf_map *handler;
	char name[HCX_NAME_LEN + 1];
	char dir[PATH_MAX];
};

static void show_usage(FILE *to)
{
	fputs("usage: hcx-bpf attach FILE [--pin]\n"
	      "       hcx-bpf replace FILE\n"
	      "       hcx-bpf detach NAME\n"
	      "       hcx-bpf list\n"
	      "\n"
	      "Hypercall handlers in BPF, for the running kernel's kvm_hcx.\n"
	      "\n"
	      "  attach   has the handler of a BPF object answer, until this ends; with --pin,\n"
	      "           until it is detached: it and its maps are in " PINS "/NAME then\n"
	      "  replace  has a handler that is pinned answered by that of the same name in FILE;\n"
	      "           no call is lost, and maps that both have go on\n"
	      "  detach   ends a handler that is pinned\n"
	      "  list     all that are attached, by this or by another loader\n", to);
}

/* What libbpf will not find, said in our words. */
static void require_core(void)
{
	if (access("/sys/module/kvm_hcx", F_OK))
		errx(1, "kvm_hcx is not loaded: run modprobe kvm_hcx");
	if (access("/sys/kernel/btf/kvm_hcx", F_OK))
		errx(1, "this kvm_hcx.ko has no BTF. Handlers in BPF take Linux 6.12 or later, and a kvm_hcx.ko that was built with pahole installed; a handler can be a module instead");
}

/* The member of a structure's, or of the program's death. */
static const struct btf_member *member_of(const struct btf *btf, const char *type,
					  const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);
	int i;

	for (i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), name))
			return &btf_members(t)[i];
	errx(1, "there is no struct %s with a member '%s' in the BTF", type, name);
}

static size_t offset_of(const struct btf *btf, const char *type, const char *name)
{
	return member_of(btf, type, name)->offset / 8;
}

static struct bpf_map *only_handler(struct object *object)
{
	struct bpf_map *map, *handler = NULL;

	bpf_object__for_each_map(map, object->bpf) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (handler)
			errx(1, "%s has more than one handler: make an object of each",
			     object->file);
		handler = map;
	}
	if (!handler)
		errx(1, "%s has no handler: a struct " TYPE " in SEC(\".struct_ops.link\")",
		     object->file);
	if (!(bpf_map__map_flags(handler) & BPF_F_LINK))
		errx(1, "%s: the handler is to be in SEC(\".struct_ops.link\")", object->file);

	return handler;
}

/* Where it is pinned. A file in bpffs can have no '.', a handler no '~'. */
static void set_dir(char *dir, const char *name)
{
	char *c = dir + sizeof(PINS);

	snprintf(dir, PATH_MAX, PINS "/%s", name);
	for (; *c; c++)
		if (*c == '.')
			*c = '~';
}

/* What the handler's pin in such a directory is called. */
static void set_pin(char *pin, const char *dir)
{
	snprintf(pin, PIN_MAX, "%s/" PIN, dir);
}

static void read_name(struct object *object)
{
	size_t size, offset = offset_of(bpf_object__btf(object->bpf), TYPE, "name");
	const char *value = bpf_map__initial_value(object->handler, &size);

	if (!value || offset + sizeof(object->name) > size)
		errx(1, "%s: the handler is not a struct " TYPE, object->file);
	snprintf(object->name, sizeof(object->name), "%s", value + offset);
	if (!*object->name || strchr(object->name, '/'))
		errx(1, "%s: the handler's name is not 1 to %d of a-z 0-9 _ - .", object->file,
		     HCX_NAME_LEN);
}

static void open_object(struct object *object, const char *file)
{
	object->file = file;
	object->bpf = bpf_object__open_file(file, NULL);
	if (!object->bpf)
		err(1, "%s is not a BPF object that can be read", file);
	object->handler = only_handler(object);
	read_name(object);
	set_dir(object->dir, object->name);
}

/* libbpf has shown the verifier's words. */
static void load_object(struct object *object)
{
	if (!bpf_object__load(object->bpf))
		return;
	if (errno == EPERM)
		errx(1, "loading takes root, or CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN");
	err(1, "the kernel does not take %s; the reason is above", object->file);
}

/* Before it is loaded: a map that is there already is the one it gets. */
static void pin_maps(struct object *object)
{
	char path[PATH_MAX + 64];
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		if (map == object->handler || bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", object->dir, bpf_map__name(map));
		if (bpf_map__set_pin_path(map, path))
			err(1, "%s cannot be pinned", path);
	}
}

static void unpin(const char *dir)
{
	char path[PATH_MAX + NAME_MAX + 2];
	DIR *pins = opendir(dir);
	struct dirent *pin;

	while (pins && (pin = readdir(pins))) {
		snprintf(path, sizeof(path), "%s/%s", dir, pin->d_name);
		if (*pin->d_name != '.' && unlink(path))
			warn("%s cannot be removed", path);
	}
	if (pins)
		closedir(pins);
	if (rmdir(dir))
		warn("%s cannot be removed", dir);
}

static void make_dir(const struct object *object)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPFFS_MAGIC)
		errx(1, "there is no bpffs: run mount -t bpf bpf " BPFFS);
	if (mkdir(PINS, 0700) && errno != EEXIST)
		err(1, PINS);
	if (!mkdir(object->dir, 0700))
		return;
	if (errno == EEXIST)
		errx(1, "'%s' is pinned already: replace it, or detach it first", object->name);
	err(1, "%s", object->dir);
}

/* The core's number of a handler. */
static struct number number_of(const char *name)
{
	char line[256], text[16], found[32];
	struct number number = { "-" };
	bool found_it = false;
	FILE *table = fopen(TABLE, "r");

	/* The first is the one for all VMs. */
	while (table && !found_it && fgets(line, sizeof(line), table)) {
		found_it = sscanf(line, "%15s %31s", text, found) == 2 && !strcmp(found, name);
		if (found_it)
			strcpy(number.text, text);
	}
	if (table)
		fclose(table);

	return number;
}

static const char *why_not(int error)
{
	switch (error) {
	case EEXIST:
		return "its number or its name is another handler's: see " TABLE;
	case EINVAL:
		return "its name, number, flags or budget is not what hcx.bpf.h says";
	case EBUSY:
		return "it is attached already";
	case ENOSPC:
		return "there are as many handlers as there can be";
	default:
		return strerror(error);
	}
}

static struct bpf_link *attach_object(struct object *object)
{
	struct bpf_link *link;
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	link = bpf_map__attach_struct_ops(object->handler);
	libbpf_set_print(print);

	return link;
}

static void wait_for_end(void)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigwait(&signals, &signal);
}

static void say_attached(const struct object *object, const char *until)
{
	printf("'%s' answers %s, until %s\n", object->name, number_of(object->name).text, until);
	fflush(stdout);
}

static void attach(const char *file)
{
	struct object object = {};
	struct bpf_link *link;

	open_object(&object, file);
	load_object(&object);
	link = attach_object(&object);
	if (!link)
		errx(1, "'%s' cannot be attached: %s", object.name, why_not(errno));
	say_attached(&object, "this ends");
	wait_for_end();
	bpf_link__destroy(link);
}

/* What has been pinned goes again after an error. */
static void end_pinning(const struct object *object, const char *reason)
{
	unpin(object->dir);
	errx(1, "'%s' cannot be attached: %s", object->name, reason);
}

static void attach_pinned(const char *file)
{
	char path[PIN_MAX];
	struct object object = {};
	struct bpf_link *link;

	open_object(&object, file);
	make_dir(&object);
	pin_maps(&object);
	if (bpf_object__load(object.bpf))
		end_pinning(&object, "the kernel does not take it; the reason is above");
	link = attach_object(&object);
	if (!link)
		end_pinning(&object, why_not(errno));
	set_pin(path, object.dir);
	if (bpf_link__pin(link, path))
		end_pinning(&object, strerror(errno));
	say_attached(&object, "it is detached");
}

static struct bpf_link *open_pin(const char *name, const char *dir)
{
	char path[PIN_MAX];
	struct bpf_link *link;

	set_pin(path, dir);
	link = bpf_link__open(path);
	if (!link && errno == ENOENT)
		errx(1, "no handler '%s' is pinned: hcx-bpf list has those that are attached",
		     name);
	if (!link)
		err(1, "%s", path);

	return link;
}

/*
 * bpf_link__update_map() takes no link that was opened. To attach a handler whose name is taken
 * gives it to the kernel and then fails; bpf_link_update() takes it from there.
 */
static void replace(const char *file)
{
	struct object object = {};
	struct bpf_link *old;

	open_object(&object, file);
	old = open_pin(object.name, object.dir);
	pin_maps(&object);
	load_object(&object);
	if (attach_object(&object)) {
		unpin(object.dir);
		errx(1, "'%s' was detached meanwhile", object.name);
	}
	if (bpf_link_update(bpf_link__fd(old), bpf_map__fd(object.handler), NULL))
		errx(1, "'%s' cannot be replaced: %s", object.name, why_not(errno));
	say_attached(&object, "it is detached");
}

/* What hcx-bpf has left that was killed. */
static bool is_leftover(const char *dir)
{
	char path[PIN_MAX];

	set_pin(path, dir);
	return !access(dir, F_OK) && access(path, F_OK);
}

static void detach(const char *name)
{
	char dir[PATH_MAX];
	struct bpf_link *link;

	if (!*name || strlen(name) > HCX_NAME_LEN || strchr(name, '/'))
		errx(1, "'%s' is no handler's name", name);
	set_dir(dir, name);
	if (is_leftover(dir)) {
		unpin(dir);
		return;
	}
	link = open_pin(name, dir);
	if (bpf_link__detach(link))
		err(1, "'%s' cannot be detached", name);
	bpf_link__destroy(link);
	unpin(dir);
}

/* The name that a handler was attached by. */
static bool read_attached(int map, const struct btf *core, char *name)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	size_t offset = offset_of(core, "bpf_struct_ops_" TYPE, "data") +
			offset_of(core, TYPE, "name");
	char *value;
	bool ok;

	if (bpf_map_get_info_by_fd(map, &info, &len) ||
	    offset + HCX_NAME_LEN > info.value_size)
		return false;
	value = calloc(1, info.value_size);
	ok = value && !bpf_map_lookup_elem(map, &zero, value);
	if (ok)
		snprintf(name, HCX_NAME_LEN + 1, "%s", value + offset);
	free(value);

	return ok;
}

/* Whether BTF is the core's: ids of types are no module's own. */
static bool is_core(__u32 btf_id)
{
	char name[64] = "";
	struct bpf_btf_info info = { .name = (unsigned long)name, .name_len = sizeof(name) };
	__u32 len = sizeof(info);
	int btf = bpf_btf_get_fd_by_id(btf_id);
	bool is = btf >= 0 && !bpf_btf_get_info_by_fd(btf, &info, &len) &&
		  !strcmp(name, "kvm_hcx");

	close(btf);
	return is;
}

/* Whether a map is of our type: other modules, and the kernel, have struct_ops as well. */
static bool is_ours(int map, const struct btf *core)
{
	int id = btf__find_by_name_kind(core, "bpf_struct_ops_" TYPE, BTF_KIND_STRUCT);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_map_get_info_by_fd(map, &info, &len) &&
	       info.btf_vmlinux_value_type_id == (__u32)id && is_core(info.btf_vmlinux_id);
}

static void list_link(__u32 id, const struct btf *core)
{
	char name[HCX_NAME_LEN + 1], path[PATH_MAX], pin[PIN_MAX];
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int link = bpf_link_get_fd_by_id(id), map = -1;

	if (link >= 0 && !bpf_link_get_info_by_fd(link, &info, &len) &&
	    info.type == BPF_LINK_TYPE_STRUCT_OPS)
		map = bpf_map_get_fd_by_id(info.struct_ops.map_id);
	if (map >= 0 && is_ours(map, core) && read_attached(map, core, name)) {
		set_dir(path, name);
		set_pin(pin, path);
		printf("%-16s  %-10s  %6u  %s\n", name, number_of(name).text, id,
		       access(pin, F_OK) ? "-" : path);
	}
	close(map);
	close(link);
}

static void list(void)
{
	struct btf *core = btf__load_module_btf("kvm_hcx", btf__load_vmlinux_btf());
	__u32 id = 0;

	if (!core)
		err(1, "the BTF of kvm_hcx cannot be read");
	puts("name              number        link  pinned");
	while (!bpf_link_get_next_id(id, &id))
		list_link(id, core);
	if (errno == EPERM)
		errx(1, "listing takes root, or CAP_SYS_ADMIN");
}

static bool is_command(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "list"))
		return argc == 2;
	if (!strcmp(command, "replace") || !strcmp(command, "detach"))
		return argc == 3;

	return !strcmp(command, "attach") &&
	       (argc == 3 || (argc == 4 && !strcmp(argv[3], "--pin")));
}

int main(int argc, char *argv[])
{
	if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		show_usage(stdout);
		return 0;
	}
	if (!is_command(argc, argv)) {
		show_usage(stderr);
		return 2;
	}

	require_core();
	if (!strcmp(argv[1], "list"))
		list();
	else if (!strcmp(argv[1], "detach"))
		detach(argv[2]);
	else if (!strcmp(argv[1], "replace"))
		replace(argv[2]);
	else if (argc == 4)
		attach_pinned(argv[2]);
	else
		attach(argv[2]);

	return 0;
}
