/* SPDX-License-Identifier: MIT */
#include "base/area.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/memory.h"

/* ---------------------------------------------------------------- scratch files */

/* What statfs(2) calls file systems whose files are memory. */
#define TMPFS 0x01021994
#define RAMFS 0x858458F6

/* Whether `length` bytes may lie in a file: not where files are memory, nor where there is no such room.  That is asked first, as
 * an allocation that cannot be met takes all room there is, from every other process, before it says so. */
static bool may_hold(int fd, size_t length)
{
	struct statfs about;
	if (fstatfs(fd, &about) != 0 || (unsigned long)about.f_type == TMPFS || (unsigned long)about.f_type == RAMFS)
		return false;
	const bool known = about.f_blocks > 0 && about.f_bsize > 0;
	return !known || length / (size_t)about.f_bsize < about.f_bavail;
}

/* A file without a name, or, where the file system cannot have one, a file whose name is removed. */
static int open_unnamed(const char *directory)
{
	char name[PATH_MAX];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || snprintf(name, sizeof name, "%s/.colonnade-XXXXXX", directory) >= (int)sizeof name)
		return fd;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

int area_scratch_file(size_t length)
{
	const char *const directories[] = {getenv("TMPDIR"), "/var/tmp", "."};
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		int fd = directories[i] ? open_unnamed(directories[i]) : -1;
		if (fd < 0)
			continue;
		errno = may_hold(fd, length) ? posix_fallocate(fd, 0, (off_t)length) : ENOSPC;
		if (errno == 0)
			return fd;
		int reason = errno;
		close(fd);
		errno = reason;
	}
	return -1;
}

bool area_create_scratch(struct area *area, size_t length)
{
	*area = (struct area){0};
	int fd = length > 0 && length <= PTRDIFF_MAX ? area_scratch_file(length) : -1;
	if (fd < 0)
		return false;
	void *bytes = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd); /* the mapping keeps the file */
	if (bytes == MAP_FAILED)
		return false;
	*area = (struct area){bytes, length, AREA_SCRATCH};
	return true;
}

/* ---------------------------------------------------------------- areas */

static size_t floats_of(size_t length)
{
	return length > 0 ? (length - 1) / sizeof(float) + 1 : 1;
}

enum cln_status area_create(struct area *area, size_t length, size_t beside, struct cln_error *err)
{
	*area = (struct area){0};
	if (!memory_holds((uint64_t)length + beside) && area_create_scratch(area, length))
		return CLN_OK;
	*area = (struct area){mem_pages(floats_of(length), err), length, AREA_MEMORY};
	if (area->bytes)
		return CLN_OK;
	*area = (struct area){0};
	return CLN_E_MEMORY;
}

enum cln_status area_map(struct area *area, int fd, size_t length, const char *name, struct cln_error *err)
{
	*area = (struct area){0};
	void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED && errno == ENOMEM)
		return error_set(err, CLN_E_MEMORY, "out of memory: %s, %zu bytes, cannot be mapped", name, length);
	if (bytes == MAP_FAILED)
		return error_set_errno(err, CLN_E_IO, "cannot map %s", name);
	*area = (struct area){bytes, length, AREA_FILE};
	return CLN_OK;
}

void area_free(struct area *area)
{
	if (area->kind == AREA_MEMORY)
		mem_pages_free(area->bytes, floats_of(area->length));
	else if (area->kind != AREA_NONE)
		munmap(area->bytes, area->length);
	*area = (struct area){0};
}

void area_expect(const struct area *area, bool at_random)
{
	if (area->kind == AREA_SCRATCH || area->kind == AREA_FILE)
		(void)madvise(area->bytes, area->length, at_random ? MADV_RANDOM : MADV_NORMAL); /* advice: no harm if not taken */
}

void area_prefetch(const struct area *area, size_t offset, size_t length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = offset / page * page;
	(void)madvise((char *)area->bytes + begin, offset + length - begin, MADV_WILLNEED);
}
