// SPDX-License-Identifier: GPL-2.0
/* The core's files in sysfs, debugfs and tracefs, for fuzz_device_test. */
#define _GNU_SOURCE
#include <ftw.h>
#include <sys/stat.h>

#include "fuzz_device.h"

#define TIMING		TABLES "timing"
#define EVENTS		"/sys/kernel/tracing/events/hcx"

static const char *const roots[] = {
	TABLES, EVENTS, "/sys/module/kvm_hcx", "/sys/class/misc/kvm_hcx/",
};

static struct {
	char path[160];
	mode_t mode;
	bool is_roots;	/* others do not even come to it */
} files[256];
static unsigned int count;

static int note(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	if (type != FTW_F || !S_ISREG(stat->st_mode))
		return 0;
	TEST_ASSERT(count < ARRAY_SIZE(files) && strlen(path) < sizeof(files[0].path),
		    "many files");
	strcpy(files[count].path, path);
	files[count].mode = stat->st_mode;
	files[count++].is_roots = !strncmp(path, "/sys/kernel/", 12);

	return 0;
}

void find_files(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(roots); i++)
		TEST_ASSERT(!nftw(roots[i], note, 8, FTW_PHYS), "%s", roots[i]);
}

static size_t some_text(char *text, size_t size)
{
	static const char *const texts[] = {
		"0", "1", "2", "-1", "1\n", "0x1", "1 1", "y", "", "nr == 0x50",
		"vcpu == 0 && nr > 13", "name ~ \"a*\"", "nosuch == 1", "((((", "!",
	};
	size_t i, len = below(size);

	if (one_in(2))
		return sprintf(text, "%s", texts[below(ARRAY_SIZE(texts))]);
	for (i = 0; i < len; i++)
		text[i] = some_word();

	return len;
}

static void read_at_random(int fd, const char *path)
{
	static char text[4096];
	size_t size = 1 + below(sizeof(text)), tries;
	struct place place;
	ssize_t ret;

	for (tries = 0; tries < 4; tries++) {
		place = some_place(text, size);
		if (one_in(4))
			lseek(fd, some_word(), below(5));
		ret = one_in(4) ? pread(fd, place.at, size, some_word()) :
				  read(fd, place.at, size);
		wrong_if(ret > 0 && place.readable && !place.writable,
			 "%s: read() of %zu returned %zd, to where nothing can be", path, size,
			 ret);
	}
}

static void write_at_random(int fd, const char *path, mode_t mode)
{
	char text[300];
	size_t size = some_text(text, sizeof(text));

	wrong_if(write(fd, some_place(text, size).at, size) > 0 && !(mode & 0222),
		 "%s: it is only to be read, and was written to", path);
}

/* Root may open what is only to be read to write, in vain. */
static bool is_closed(int i, int access)
{
	if (fuzz.user->is_root)
		return false;

	return files[i].is_roots || (access != O_WRONLY && !(files[i].mode & 0004)) ||
	       (access != O_RDONLY && !(files[i].mode & 0002));
}

void use_some_file(struct device *unused)
{
	static const int more[] = { 0, 0, O_NONBLOCK, O_APPEND, O_TRUNC, O_DIRECT };
	int i = below(count), access = below(3);
	int fd = open(files[i].path, access | more[below(ARRAY_SIZE(more))] | O_CLOEXEC);

	if (is_closed(i, access))
		wrong_if(fd >= 0 || errno != EACCES, "%s opens, to one who may not", files[i].path);
	if (fd < 0)
		return;
	fuzz.shared->files++;
	if (access != O_WRONLY)
		read_at_random(fd, files[i].path);
	if (access != O_RDONLY)
		write_at_random(fd, files[i].path, files[i].mode);
	close(fd);
}

void reset_files(void)
{
	must(-write_to(TIMING, "0"));
	must(-write_to(EVENTS "/enable", "0"));
	must(-write_to(EVENTS "/filter", "0"));
}
