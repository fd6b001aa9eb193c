/* SPDX-License-Identifier: MIT */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <wmmintrin.h>
#endif

#define FIRST_READ ((size_t)64 << 10) /* for pipes and other things without a length */

/* read(2), carried on where a signal interrupted it; -1 and errno on failure. */
static ssize_t read_some(int fd, char *bytes, size_t length)
{
	ssize_t got;
	do
		got = read(fd, bytes, length);
	while (got < 0 && errno == EINTR);
	return got;
}

/* The length that a regular file claims, plus one byte to see that it is no longer; else a first guess. */
static size_t first_capacity(int fd, size_t limit)
{
	struct stat info;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
		return (uintmax_t)info.st_size < limit ? (size_t)info.st_size + 1 : limit + 1;
	return FIRST_READ < limit ? FIRST_READ : limit + 1;
}

/* What is asked of a file's first bytes. */
struct beginning {
	size_t head;
	enum cln_status (*check)(const char *bytes, size_t n, struct cln_error *err); /* NULL: nothing */
};

/* Reads to the end into *bytes, whose capacity grows up to limit + 1. */
static enum cln_status read_all(char **bytes, size_t *length, int fd, const char *name, size_t limit, struct beginning beginning,
				struct cln_error *err)
{
	size_t capacity = 0, wanted = first_capacity(fd, limit), n = 0;
	void *block = NULL;
	for (;;) {
		if (n == capacity) {
			enum cln_status status = mem_grow(&block, capacity + (capacity > 0), wanted + 1, 1, err);
			*bytes = block;
			if (status != CLN_OK)
				return status;
			capacity = wanted;
			wanted = wanted > limit / 2 ? limit + 1 : 2 * wanted;
		}
		bool unchecked = beginning.check && capacity - n > FIRST_READ;
		ssize_t got = read_some(fd, *bytes + n, unchecked ? FIRST_READ : capacity - n);
		if (got < 0)
			return error_set_errno(err, CLN_E_IO, "cannot read %s", name);
		n += (size_t)got;
		if (beginning.check && (n >= beginning.head || got == 0)) {
			enum cln_status status = beginning.check(*bytes, n, err);
			if (status != CLN_OK)
				return status;
			beginning.check = NULL;
		}
		if (got == 0)
			break;
		if (n > limit)
			return error_set(err, CLN_E_DAMAGED, "%s is longer than %zu bytes", name, limit);
	}
	(*bytes)[n] = '\0';
	*length = n;
	return CLN_OK;
}

static enum cln_status read_file(char **bytes, size_t *length, const char *path, size_t limit, struct beginning beginning,
				 struct cln_error *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	const char *name = standard_input ? "standard input" : path;
	*bytes = NULL;
	*length = 0;
	if (limit > PTRDIFF_MAX - 2)
		limit = PTRDIFF_MAX - 2;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, CLN_E_IO, "cannot open %s", name);
	enum cln_status status = read_all(bytes, length, fd, name, limit, beginning, err);
	if (!standard_input)
		close(fd); /* nothing was written: nothing can be lost */
	if (status != CLN_OK) {
		mem_free(*bytes);
		*bytes = NULL;
		*length = 0;
	}
	return status;
}

enum cln_status io_read_file(char **bytes, size_t *length, const char *path, size_t limit, struct cln_error *err)
{
	return read_file(bytes, length, path, limit, (struct beginning){0}, err);
}

enum cln_status io_read_checked(char **bytes, size_t *length, const char *path, size_t limit, size_t head,
				enum cln_status (*check)(const char *bytes, size_t n, struct cln_error *err), struct cln_error *err)
{
	return read_file(bytes, length, path, limit, (struct beginning){head, check}, err);
}

/* The length of the directory part of a path, with its slash. */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* Follows symbolic links, also one to a file that does not exist yet, so that the file is replaced and the link stays. */
static enum cln_status follow_links(char target[PATH_MAX], const char *path, struct cln_error *err)
{
	enum { MAX_LINKS = 40 }; /* as the kernel allows */
	if (strlen(path) >= PATH_MAX)
		return error_set(err, CLN_E_IO, "cannot write %.100s...: the path is too long", path);
	strcpy(target, path);
	for (int i = 0; i < MAX_LINKS; i++) {
		char link[PATH_MAX];
		ssize_t length = readlink(target, link, sizeof link);
		if (length < 0)
			return CLN_OK; /* no link; whether it is a file will be seen */
		size_t directory = length > 0 && link[0] == '/' ? 0 : directory_length(target);
		if (directory + (size_t)length >= PATH_MAX)
			break;
		memcpy(target + directory, link, (size_t)length);
		target[directory + (size_t)length] = '\0';
	}
	return error_set(err, CLN_E_IO, "cannot write %s: too many symbolic links", path);
}

/* rename would put a file in the place of a device such as /dev/null. */
static enum cln_status check_target(const char *target, struct cln_error *err)
{
	struct stat info;
	if (stat(target, &info) == 0 && !S_ISREG(info.st_mode))
		return error_set(err, CLN_E_IO, "cannot write %s: it is %s", target,
		                 S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
	return CLN_OK;
}

/* What others could not read stays so; a file system without permissions has none to keep. */
static void keep_permissions(int fd, const char *target)
{
	struct stat info;
	if (stat(target, &info) == 0)
		(void)fchmod(fd, info.st_mode & 0777);
}

static void guard(const struct io_place *place, const char *temporary)
{
	if (place->guard)
		place->guard(temporary);
}

/* Opens a new file .NAME.tmp-PID beside the target, or .NAME.tmp-PID-1, -2, ... where a killed process left one of that name. */
static int open_temporary(char temporary[PATH_MAX], const char *target, const struct io_place *place)
{
	enum { MAX_TRIES = 1000, MAX_NAME = 200 /* leaves room for the rest within NAME_MAX */ };
	int directory = (int)directory_length(target);
	for (int i = 0; i < MAX_TRIES; i++) {
		char suffix[16] = "";
		if (i > 0)
			snprintf(suffix, sizeof suffix, "-%d", i);
		int length = snprintf(temporary, PATH_MAX, "%.*s.%.*s.tmp-%ld%s", directory, target, MAX_NAME, target + directory,
		                      (long)getpid(), suffix);
		if (length >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		guard(place, temporary);
		int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0)
			guard(place, NULL);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

bool io_write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = write(fd, bytes, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = EIO;
		if (done <= 0)
			return false;
		bytes += done;
		length -= (size_t)done;
	}
	return true;
}

bool io_sync(int fd)
{
	int result;
	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	return result == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* After EINTR the descriptor is closed on Linux: a second call might close somebody else's. */
bool io_close(int fd)
{
	return close(fd) == 0 || errno == EINTR;
}

int io_not_stdin(int fd)
{
	if (fd != STDIN_FILENO)
		return fd;
	const int other = fcntl(fd, F_DUPFD_CLOEXEC, STDIN_FILENO + 1), reason = errno;
	close(fd);
	errno = reason;
	return other;
}

/* A directory that may not be read cannot be opened, and is left to the kernel. */
static bool sync_directory(const char *path)
{
	char directory[PATH_MAX] = ".";
	size_t length = directory_length(path);
	if (length > 0) {
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES;
	bool synced = io_sync(fd);
	int reason = errno;
	close(fd);
	errno = reason;
	return synced;
}

enum cln_status io_replacement_open(struct io_replacement *replacement, const struct io_place *place, struct cln_error *err)
{
	replacement->fd = -1;
	replacement->place = *place;
	enum cln_status status = follow_links(replacement->target, place->path, err);
	if (status == CLN_OK)
		status = check_target(replacement->target, err);
	if (status != CLN_OK)
		return status;
	replacement->fd = open_temporary(replacement->temporary, replacement->target, place);
	if (replacement->fd < 0)
		return error_set_errno(err, CLN_E_IO, "cannot write %s: cannot create %s", place->path, replacement->temporary);
	keep_permissions(replacement->fd, replacement->target);
	return CLN_OK;
}

enum cln_status io_replacement_close(struct io_replacement *replacement, bool keep, struct cln_error *err)
{
	bool synced = !keep || io_sync(replacement->fd);
	int reason = errno;
	bool closed = io_close(replacement->fd);
	replacement->fd = -1;
	if (!synced)
		errno = reason;
	enum cln_status status = CLN_OK;
	if (keep && (!synced || !closed || rename(replacement->temporary, replacement->target) != 0))
		status = error_set_errno(err, CLN_E_IO, "cannot write %s", replacement->place.path);
	if (!keep || status != CLN_OK)
		unlink(replacement->temporary);
	guard(&replacement->place, NULL);
	if (!keep || status != CLN_OK)
		return status;
	if (!sync_directory(replacement->target))
		return error_set_errno(err, CLN_E_IO, "%s is written, but its directory cannot be synced to the disk",
		                       replacement->place.path);
	return CLN_OK;
}

enum cln_status io_replace_place(const struct io_place *place, const struct io_piece *pieces, size_t n, struct cln_error *err)
{
	struct io_replacement replacement;
	enum cln_status status = io_replacement_open(&replacement, place, err);
	if (status != CLN_OK)
		return status;
	for (size_t i = 0; i < n && status == CLN_OK; i++)
		if (!io_write_all(replacement.fd, pieces[i].bytes, pieces[i].length))
			status = error_set_errno(err, CLN_E_IO, "cannot write %s", place->path);
	const enum cln_status closed = io_replacement_close(&replacement, status == CLN_OK, err);
	return status == CLN_OK ? closed : status;
}

enum cln_status io_replace_file(const char *path, const void *bytes, size_t length, struct cln_error *err)
{
	return io_replace_place(&(struct io_place){.path = path}, &(struct io_piece){bytes, length}, 1, err);
}

/* 0x42F0E1EBA9EA3693 reflected. */
#define CRC64_POLYNOMIAL UINT64_C(0xC96C5795D7870F42)
#define CRC64_SLICES 8

/* table[k][b]: byte b followed by k zero bytes; eight bytes then take eight look-ups that do not wait for each other. */
static void crc64_tables(uint64_t table[CRC64_SLICES][256])
{
	for (uint64_t byte = 0; byte < 256; byte++) {
		uint64_t crc = byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC64_POLYNOMIAL : 0);
		table[0][byte] = crc;
	}
	for (int k = 1; k < CRC64_SLICES; k++)
		for (int byte = 0; byte < 256; byte++)
			table[k][byte] = table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 0xFF];
}

#define CRC64_SHORT 512 /* bytes below which filling the tables would cost more than it saves */

static uint64_t crc64_bits(uint64_t crc, const unsigned char *byte, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		crc ^= byte[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC64_POLYNOMIAL : 0);
	}
	return crc;
}

/* length: a multiple of eight. */
static uint64_t crc64_slices(uint64_t crc, const unsigned char *byte, size_t length)
{
	uint64_t table[CRC64_SLICES][256];
	crc64_tables(table);
	for (; length > 0; byte += CRC64_SLICES, length -= CRC64_SLICES) {
		uint64_t next = 0;
		for (int k = 0; k < CRC64_SLICES; k++)
			next ^= table[CRC64_SLICES - 1 - k][(crc >> 8 * k & 0xFF) ^ byte[k]];
		crc = next;
	}
	return crc;
}

#if defined(__x86_64__)
/* x^n mod the polynomial, reflected: bit 63 is the coefficient of 1. */
static uint64_t crc64_power(unsigned n)
{
	uint64_t power = UINT64_C(1) << 63;
	for (; n > 0; n--)
		power = power >> 1 ^ (power & 1 ? CRC64_POLYNOMIAL : 0);
	return power;
}

/* x^distance times the 128 bits of `x`, plus `next`: congruent, and no longer than 128 bits.  A product of reflected factors
 * comes out multiplied by another x, hence the - 1 of fold_by. */
__attribute__((target("pclmul"))) static inline __m128i fold(__m128i x, __m128i powers, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(x, powers, 0x00), high = _mm_clmulepi64_si128(x, powers, 0x11);
	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* The powers that carry the first and the second half of 128 bits over `distance` bits. */
static __m128i fold_by(unsigned distance)
{
	return _mm_set_epi64x((long long)crc64_power(distance - 1), (long long)crc64_power(distance + 64 - 1));
}

#define FOLD_BYTES ((size_t)64) /* four lanes of 16 bytes: products that do not wait for each other */

/* Carry-less multiplication (Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ, Intel 2009): what is left
 * of the text is folded until 16 bytes have the checksum of all.  length: a multiple of FOLD_BYTES, and not 0. */
__attribute__((target("pclmul"))) static uint64_t crc64_folded(uint64_t crc, const unsigned char *byte, size_t length)
{
	const __m128i by_512 = fold_by(512), by_128 = fold_by(128), *from = (const __m128i *)(const void *)byte;
	__m128i lane[4];
	for (int i = 0; i < 4; i++)
		lane[i] = _mm_loadu_si128(from + i);
	lane[0] = _mm_xor_si128(lane[0], _mm_set_epi64x(0, (long long)crc));
	for (const __m128i *end = from + length / sizeof *from; (from += 4) < end;)
		for (int i = 0; i < 4; i++)
			lane[i] = fold(lane[i], by_512, _mm_loadu_si128(from + i));
	for (int i = 1; i < 4; i++)
		lane[i] = fold(lane[i - 1], by_128, lane[i]);
	unsigned char rest[sizeof *lane];
	memcpy(rest, &lane[3], sizeof rest);
	return crc64_bits(0, rest, sizeof rest);
}
#endif

/* As much of the bytes as there is a fast way for; *done: how many. */
static uint64_t crc64_fast(uint64_t crc, const unsigned char *byte, size_t length, size_t *done)
{
	*done = 0;
	if (length < CRC64_SHORT)
		return crc;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("pclmul")) {
		*done = length / FOLD_BYTES * FOLD_BYTES;
		return crc64_folded(crc, byte, *done);
	}
#endif
	*done = length / CRC64_SLICES * CRC64_SLICES;
	return crc64_slices(crc, byte, *done);
}

uint64_t io_crc64(uint64_t crc, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	size_t done;
	crc = crc64_fast(~crc, byte, length, &done);
	return ~crc64_bits(crc, byte + done, length - done);
}
