// SPDX-License-Identifier: GPL-2.0
/* Attaches hypercall handlers in BPF; hcx-bpf.8 is its manual. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm_hcx.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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
#define PATH_LEN	(sizeof(PINS "/") + HCX_NAME_LEN)
#define TABLE		"/sys/kernel/debug/kvm_hcx/handlers"
#define TYPE		"hcx_bpf_handler"
#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789_-."

/* A number's text, or "-" */
struct number {
	char text[16];
};

/* A BPF object's handler. Its name may be one too long, until it is looked at. */
struct object {
	const char *file;
	struct bpf_object *bpf;
	struct bpf_map *handler;
	char name[HCX_NAME_LEN + 2];
	__u32 nr;
};

/* Where a handler is pinned: its path, and its directory and that of all, which are open. */
struct pins {
	char path[PATH_LEN];
	int dir, all;
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

static bool is_name(const char *name)
{
	size_t len = strspn(name, NAME_CHARS);

	return len && len <= HCX_NAME_LEN && !name[len];
}

/* Where it is pinned. A file in bpffs can have no '.', a handler no '~'. */
static void set_path(char *path, const char *name)
{
	char *c = path + sizeof(PINS);

	snprintf(path, PATH_LEN, PINS "/%.*s", HCX_NAME_LEN, name);
	for (; *c; c++)
		if (*c == '.')
			*c = '~';
}

/* So many bytes of the handler's, as the file has them. */
static const void *field_of(const struct object *object, const char *name, size_t len)
{
	size_t size, offset = offset_of(bpf_object__btf(object->bpf), TYPE, name);
	const char *value = bpf_map__initial_value(object->handler, &size);

	if (!value || offset + len > size)
		errx(1, "%s: the handler is not a struct " TYPE, object->file);

	return value + offset;
}

/* The name may have no zero behind it. */
static void read_fields(struct object *object)
{
	const char *name = field_of(object, "name", HCX_NAME_LEN + 1);

	snprintf(object->name, sizeof(object->name), "%.*s", HCX_NAME_LEN + 1, name);
	if (!is_name(object->name))
		errx(1, "%s: the handler's name is not 1 to %d of a-z 0-9 _ - .", object->file,
		     HCX_NAME_LEN);
	memcpy(&object->nr, field_of(object, "nr", sizeof(object->nr)), sizeof(object->nr));
}

static void open_object(struct object *object, const char *file)
{
	object->file = file;
	object->bpf = bpf_object__open_file(file, NULL);
	if (!object->bpf)
		err(1, "%s is not a BPF object that can be read", file);
	object->handler = only_handler(object);
	read_fields(object);
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

/* Whether a map is one to be pinned. */
static bool is_own_map(const struct object *object, const struct bpf_map *map)
{
	return map != object->handler && !bpf_map__is_internal(map);
}

/* Each is pinned under its name, beside the handler. */
static void check_maps(const struct object *object)
{
	const char *name;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf) {
		name = bpf_map__name(map);
		if (is_own_map(object, map) && (!strcmp(name, PIN) || strpbrk(name, "./")))
			errx(1, "%s: a map that is pinned cannot be called '" PIN "', nor have a '.' or '/' in its name",
			     object->file);
	}
}

/*
 * A bpffs that was mounted without a mode is open to all: somebody else may have made a link of
 * this name, or a directory with links in it, and what is in here is removed.
 */
static bool is_ours_alone(int dir)
{
	struct statfs fs;
	struct stat st;

	return !fstat(dir, &st) && st.st_uid == geteuid() && !(st.st_mode & 0022) &&
	       !fstatfs(dir, &fs) && fs.f_type == BPFFS_MAGIC;
}

/* -1: it is not there. */
static int open_dir(int in, const char *name, const char *path)
{
	int dir = openat(in, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 && errno == ENOENT)
		return -1;
	if (dir < 0 && errno != ENOTDIR && errno != ELOOP)
		err(1, "%s", path);
	if (dir < 0 || !is_ours_alone(dir))
		errx(1, "%s is no directory in bpffs that you alone can change, so somebody else may have made it. Look at it, run rm -r %s, and chmod 700 %s to keep others out",
		     path, path, BPFFS);

	return dir;
}

/*
 * Until this ends no other hcx-bpf changes pins: what one has only begun to pin looks to the other
 * like what was left by one that was killed.
 */
static bool open_all(struct pins *pins)
{
	pins->all = open_dir(AT_FDCWD, PINS, PINS);
	if (pins->all >= 0 && flock(pins->all, LOCK_EX))
		err(1, PINS);

	return pins->all >= 0;
}

static const char *dir_name(const struct pins *pins)
{
	return pins->path + sizeof(PINS);
}

/* From here on what has no '/' is in it. */
static bool enter_dir(struct pins *pins)
{
	pins->dir = open_dir(pins->all, dir_name(pins), pins->path);
	if (pins->dir >= 0 && fchdir(pins->dir))
		err(1, "%s", pins->path);

	return pins->dir >= 0;
}

static void fail_unpinned(const char *name)
{
	errx(1, "no handler '%s' is pinned: hcx-bpf list has those that are attached", name);
}

static void open_pins(struct pins *pins, const char *name)
{
	set_path(pins->path, name);
	if (!open_all(pins) || !enter_dir(pins))
		fail_unpinned(name);
}

static void make_all(void)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPFFS_MAGIC)
		errx(1, "there is no bpffs: run mount -t bpf -o mode=0700 bpf " BPFFS);
	if (mkdir(PINS, 0700) && errno != EEXIST)
		err(1, PINS);
}

static void make_pins(struct pins *pins, const char *name)
{
	set_path(pins->path, name);
	make_all();
	if (!open_all(pins))
		err(1, PINS);
	if (mkdirat(pins->all, dir_name(pins), 0700)) {
		if (errno == EEXIST)
			errx(1, "'%s' is pinned already: replace it, or detach it first", name);
		err(1, "%s", pins->path);
	}
	if (!enter_dir(pins))
		err(1, "%s", pins->path);
}

static void unpin(const struct pins *pins)
{
	DIR *dir = fdopendir(pins->dir);
	struct dirent *pin;

	while (dir && (pin = readdir(dir)))
		if (*pin->d_name != '.' && unlinkat(pins->dir, pin->d_name, 0))
			warn("%s/%s cannot be removed", pins->path, pin->d_name);
	if (unlinkat(pins->all, dir_name(pins), AT_REMOVEDIR))
		warn("%s cannot be removed", pins->path);
}

static bool is_pinned(const struct pins *pins, const char *name)
{
	struct stat st;

	return !fstatat(pins->dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* Before it is loaded: a map that is there already is the one it gets. */
static void reuse_maps(const struct object *object, const struct pins *pins)
{
	struct bpf_map *map;
	const char *name;

	bpf_object__for_each_map(map, object->bpf) {
		name = bpf_map__name(map);
		if (is_own_map(object, map) &&
		    bpf_map__set_pin_path(map, is_pinned(pins, name) ? name : NULL))
			err(1, "%s/%s cannot be used", pins->path, name);
	}
}

/* Those that are not yet; libbpf has said which cannot be. */
static bool pin_maps(const struct object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		if (is_own_map(object, map) && !bpf_map__is_pinned(map) &&
		    bpf_map__pin(map, bpf_map__name(map)))
			return false;

	return true;
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
	case EOPNOTSUPP:
		return "this kvm_hcx takes no handlers in BPF: dmesg has the reason";
	case EPERM:
		return "it takes root, or CAP_SYS_ADMIN";
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
static void end_pinning(const struct object *object, const struct pins *pins, const char *reason)
{
	unpin(pins);
	errx(1, "'%s' cannot be attached: %s", object->name, reason);
}

static void attach_pinned(const char *file)
{
	struct object object = {};
	struct bpf_link *link;
	struct pins pins;

	open_object(&object, file);
	check_maps(&object);
	make_pins(&pins, object.name);
	reuse_maps(&object, &pins);
	if (bpf_object__load(object.bpf))
		end_pinning(&object, &pins, "the kernel does not take it; the reason is above");
	if (!pin_maps(&object))
		end_pinning(&object, &pins, "its maps cannot be pinned; the reason is above");
	link = attach_object(&object);
	if (!link)
		end_pinning(&object, &pins, why_not(errno));
	if (bpf_link__pin(link, PIN))
		end_pinning(&object, &pins, strerror(errno));
	say_attached(&object, "it is detached");
}

static struct bpf_link *open_link(const struct pins *pins, const char *name)
{
	struct bpf_link *link = bpf_link__open(PIN);

	if (!link && errno == ENOENT)
		fail_unpinned(name);
	if (!link)
		err(1, "%s/" PIN, pins->path);

	return link;
}

/* The core tells all that is wrong by one errno. */
static void end_replacing(const struct object *object, int error)
{
	struct number number = number_of(object->name);
	bool known = strcmp(number.text, "-");

	if (error == EINVAL && known && object->nr != HCX_NR_ANY &&
	    object->nr != strtoul(number.text, NULL, 0))
		errx(1, "'%s' cannot be replaced: it answers %s, and is to answer %#x in %s. Give that number there, or HCX_NR_ANY",
		     object->name, number.text, object->nr, object->file);
	errx(1, "'%s' cannot be replaced: %s", object->name, why_not(error));
}

/*
 * bpf_link__update_map() takes no link that was opened. To attach a handler whose name is taken
 * gives it to the kernel and then fails; bpf_link_update() takes it from there.
 */
static void replace(const char *file)
{
	struct object object = {};
	struct bpf_link *old;
	struct pins pins;

	open_object(&object, file);
	check_maps(&object);
	open_pins(&pins, object.name);
	old = open_link(&pins, object.name);
	reuse_maps(&object, &pins);
	load_object(&object);
	if (attach_object(&object)) {
		unpin(&pins);
		errx(1, "'%s' was detached meanwhile", object.name);
	}
	if (bpf_link_update(bpf_link__fd(old), bpf_map__fd(object.handler), NULL))
		end_replacing(&object, errno);
	/* Not before: they would be in the way of another file when this one is not taken. */
	if (!pin_maps(&object))
		errx(1, "'%s' is replaced, but not all its maps are pinned; the reason is above",
		     object.name);
	say_attached(&object, "it is detached");
}

static void detach(const char *name)
{
	struct bpf_link *link;
	struct pins pins;

	if (!is_name(name))
		errx(1, "'%s' is no handler's name", name);
	open_pins(&pins, name);
	/* What an hcx-bpf has left that was killed has no handler. */
	if (is_pinned(&pins, PIN)) {
		link = open_link(&pins, name);
		if (bpf_link__detach(link))
			err(1, "'%s' cannot be detached", name);
		bpf_link__destroy(link);
	}
	unpin(&pins);
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
		snprintf(name, HCX_NAME_LEN + 1, "%.*s", HCX_NAME_LEN, value + offset);
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
	char name[HCX_NAME_LEN + 1], path[PATH_LEN], pin[PATH_LEN + sizeof("/" PIN)];
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int link = bpf_link_get_fd_by_id(id), map = -1;

	if (link >= 0 && !bpf_link_get_info_by_fd(link, &info, &len) &&
	    info.type == BPF_LINK_TYPE_STRUCT_OPS)
		map = bpf_map_get_fd_by_id(info.struct_ops.map_id);
	if (map >= 0 && is_ours(map, core) && read_attached(map, core, name)) {
		set_path(path, name);
		snprintf(pin, sizeof(pin), "%s/" PIN, path);
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
