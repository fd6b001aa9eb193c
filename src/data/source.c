/* SPDX-License-Identifier: MIT
 * Plain files by position, everything else whole in memory. */
#include "config.h"

#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

static struct source source_empty(const char *name)
{
	return (struct source){.name = name, .fd = -1};
}

struct source source_memory(const char *name, const char *bytes, size_t size)
{
	struct source source = source_empty(name);
	source.lent = bytes;
	source.size = size;
	return source;
}

void source_close(struct source *source)
{
	for (size_t i = 0; i < source->n_blocks; i++)
		mem_free(source->blocks[i]);
	mem_free(source->blocks);
	if (source->fd > STDIN_FILENO)
		close(source->fd); /* opened for reading only: nothing can be lost */
	*source = source_empty(source->name);
}

/* ---------------------------------------------------------------- reading */

static void read_blocks(const struct source *source, char *to, uint64_t offset, size_t n)
{
	while (n) {
		size_t within = (size_t)(offset % SOURCE_BLOCK), length = SOURCE_BLOCK - within;
		if (length > n)
			length = n;
		memcpy(to, source->blocks[offset / SOURCE_BLOCK] + within, length);
		to += length;
		offset += length;
		n -= length;
	}
}

enum cln_status source_read(const struct source *source, char *to, uint64_t offset, size_t n, struct cln_error *err)
{
	if (source->fd < 0) {
		if (source->lent)
			memcpy(to, source->lent + offset, n);
		else
			read_blocks(source, to, offset, n);
		return CLN_OK;
	}
	while (n) {
		ssize_t got = pread(source->fd, to, n, (off_t)(source->fd_offset + offset));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, CLN_E_IO, "cannot read %s", source->name);
		if (got == 0)
			return error_set(err, CLN_E_IO, "%s became shorter while it was read", source->name);
		to += got;
		offset += (size_t)got;
		n -= (size_t)got;
	}
	return CLN_OK;
}

/* The bytes of its last block that are still free, a new block if there are none; NULL where there is no memory. */
static char *free_space(struct source *source, size_t *length, struct cln_error *err)
{
	size_t within = (size_t)(source->size % SOURCE_BLOCK);
	if (source->size / SOURCE_BLOCK == source->n_blocks) {
		size_t n = source->n_blocks;
		if ((n & (n - 1)) == 0) { /* full: room for n blocks where n is 0 or a power of two */
			void *grown = source->blocks;
			if (mem_grow(&grown, n, n ? 2 * n : 1, sizeof *source->blocks, err) != CLN_OK)
				return NULL;
			source->blocks = grown;
		}
		source->blocks[n] = mem_alloc(SOURCE_BLOCK, 1, err);
		if (!source->blocks[n])
			return NULL;
		source->n_blocks++;
	}
	*length = SOURCE_BLOCK - within;
	return source->blocks[source->size / SOURCE_BLOCK] + within;
}

/* Reads a pipe, terminal or device to its end. */
static enum cln_status read_stream(struct source *source, int fd, struct cln_error *err)
{
	for (;;) {
		size_t length;
		char *space = free_space(source, &length, err);
		if (!space)
			return CLN_E_MEMORY;
		ssize_t got = read(fd, space, length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, CLN_E_IO, "cannot read %s", source->name);
		if (got == 0)
			return CLN_OK;
		source->size += (size_t)got;
	}
}

/* ---------------------------------------------------------------- gz */

#ifdef HAVE_ZLIB
#define GZ_INPUT 65536

static voidpf gz_alloc(voidpf err, uInt n, uInt size)
{
	return mem_alloc(n, size, err);
}

static void gz_free(voidpf opaque, voidpf block)
{
	(void)opaque;
	mem_free(block);
}

/* The compressed side: what was read of `raw` and not yet inflated. */
struct gz {
	const struct source *raw;
	uint64_t offset; /* of the next byte to read */
	char input[GZ_INPUT];
	z_stream stream;
};

static enum cln_status gz_refill(struct gz *gz, struct cln_error *err)
{
	uint64_t left = gz->raw->size - gz->offset;
	size_t n = left < GZ_INPUT ? (size_t)left : GZ_INPUT;
	enum cln_status status = source_read(gz->raw, gz->input, gz->offset, n, err);
	gz->offset += n;
	gz->stream.next_in = (Bytef *)gz->input;
	gz->stream.avail_in = (uInt)n;
	return status;
}

/* Between two members: true where nothing but zeros is left, which gzip itself lets pass as padding (tapes, block devices). */
static enum cln_status gz_skip_padding(struct gz *gz, bool *at_end, struct cln_error *err)
{
	bool padding = false;
	for (;;) {
		while (gz->stream.avail_in && *gz->stream.next_in == 0) {
			gz->stream.next_in++;
			gz->stream.avail_in--;
			padding = true;
		}
		if (gz->stream.avail_in || gz->offset == gz->raw->size)
			break;
		enum cln_status status = gz_refill(gz, err);
		if (status != CLN_OK)
			return status;
	}
	*at_end = gz->stream.avail_in == 0;
	if (!*at_end && padding)
		return error_set(err, CLN_E_DAMAGED, "%s: something that is not gz follows the compressed text", gz->raw->name);
	return CLN_OK;
}

/* One call of inflate into `text`; *at_end: the last member is done. */
static enum cln_status gz_step(struct source *text, struct gz *gz, bool *at_end, struct cln_error *err)
{
	size_t length;
	char *space = free_space(text, &length, err);
	if (!space)
		return CLN_E_MEMORY;
	if (gz->stream.avail_in == 0 && gz->offset < gz->raw->size) {
		enum cln_status status = gz_refill(gz, err);
		if (status != CLN_OK)
			return status;
	}
	gz->stream.next_out = (Bytef *)space;
	gz->stream.avail_out = (uInt)length;
	int result = inflate(&gz->stream, Z_NO_FLUSH);
	text->size += length - gz->stream.avail_out;
	if (result == Z_STREAM_END) {
		enum cln_status status = gz_skip_padding(gz, at_end, err);
		if (status == CLN_OK && !*at_end && inflateReset(&gz->stream) != Z_OK)
			status = error_set(err, CLN_E_DAMAGED, "%s: zlib cannot go on to the next member", gz->raw->name);
		return status;
	}
	if (result == Z_MEM_ERROR)
		return CLN_E_MEMORY; /* gz_alloc has told it */
	if (result != Z_OK && result != Z_BUF_ERROR)
		return error_set(err, CLN_E_DAMAGED, "%s: the gz file is damaged at byte %llu (%s)", gz->raw->name,
				 (unsigned long long)(gz->offset - gz->stream.avail_in),
				 gz->stream.msg ? gz->stream.msg : "unknown");
	if (gz->stream.avail_in == 0 && gz->offset == gz->raw->size)
		return error_set(err, CLN_E_DAMAGED, "%s: the gz file is cut short", gz->raw->name);
	return CLN_OK;
}

static enum cln_status gz_inflate(struct source *text, const struct source *raw, struct cln_error *err)
{
	struct gz *gz = mem_alloc(1, sizeof *gz, err);
	if (!gz)
		return CLN_E_MEMORY;
	gz->raw = raw;
	gz->stream.zalloc = gz_alloc;
	gz->stream.zfree = gz_free;
	gz->stream.opaque = err;
	bool at_end = false;
	int result = inflateInit2(&gz->stream, 15 + 16); /* 15: the largest window; + 16: gz only */
	enum cln_status status = result == Z_OK ? CLN_OK : CLN_E_MEMORY;
	if (result != Z_OK && result != Z_MEM_ERROR)
		status = error_set(err, CLN_E_IO, "%s: zlib cannot be used (%s)", raw->name, zError(result));
	while (status == CLN_OK && !at_end)
		status = gz_step(text, gz, &at_end, err);
	inflateEnd(&gz->stream);
	mem_free(gz);
	return status;
}
#else
static enum cln_status gz_inflate(struct source *text, const struct source *raw, struct cln_error *err)
{
	(void)text;
	return error_set(err, CLN_E_DAMAGED,
			 "%s is gz, which this build cannot read: it was made without zlib (try: gzip -dc FILE | colonnade ... -)",
			 raw->name);
}
#endif

/* Replaces `source` by what it inflates to, where its first two bytes say that it is gz. */
static enum cln_status unpack(struct source *source, struct cln_error *err)
{
	char magic[2];
	if (source->size < sizeof magic)
		return CLN_OK;
	enum cln_status status = source_read(source, magic, 0, sizeof magic, err);
	if (status != CLN_OK || magic[0] != '\x1f' || magic[1] != '\x8b')
		return status;
	struct source text = source_empty(source->name);
	text.reopens = source->reopens;
	status = gz_inflate(&text, source, err);
	source_close(source);
	*source = text;
	return status;
}

/* ---------------------------------------------------------------- opening */

#define SMALL_FILE 65536 /* bytes: read at once, where the reader's passes would read it seven times */

/* Replaces a small plain file by its bytes. */
static enum cln_status read_small(struct source *source, struct cln_error *err)
{
	struct source text = source_empty(source->name);
	size_t length, n = (size_t)source->size;
	text.reopens = source->reopens;
	enum cln_status status = CLN_E_MEMORY;
	char *space = free_space(&text, &length, err);
	if (space)
		status = source_read(source, space, 0, n, err);
	text.size = n;
	*source = text; /* whoever opened the file closes it */
	return status;
}

static enum cln_status open_fd(struct source *source, int fd, struct cln_error *err)
{
	struct stat about;
	if (fstat(fd, &about) != 0)
		return error_set_errno(err, CLN_E_IO, "cannot read %s", source->name);
	if (S_ISDIR(about.st_mode))
		return error_set(err, CLN_E_IO, "%s is a directory, not a table", source->name);
	off_t at = !S_ISREG(about.st_mode) ? -1 : fd == STDIN_FILENO ? lseek(fd, 0, SEEK_CUR) : 0;
	if (at < 0) {
		source->reopens = false;
		return read_stream(source, fd, err);
	}
	source->fd = fd;
	source->fd_offset = (uint64_t)at;
	source->size = about.st_size > at ? (uint64_t)(about.st_size - at) : 0;
	return source->size <= SMALL_FILE ? read_small(source, err) : CLN_OK;
}

enum cln_status source_open(struct source *source, const char *path, struct cln_error *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	*source = source_empty(standard_input ? "standard input" : path);
	source->reopens = !standard_input;
	int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, CLN_E_IO, "cannot open %s", path);
	enum cln_status status = open_fd(source, fd, err);
	if (source->fd < 0 && !standard_input)
		close(fd);
	if (status == CLN_OK)
		status = unpack(source, err);
	return status;
}
