/* SPDX-License-Identifier: MIT
 * Plain files by position, everything else whole in memory. */
#include "config.h"

#include "data/source.h"

#include "base/area.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/cache.h"
#include "data/npy.h"
#include "data/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

struct source *source_keep(struct source *source, struct cln_error *err)
{
	struct source *kept = mem_alloc(1, sizeof *kept, err);
	if (!kept)
		return NULL;
	*kept = *source;
	*source = source_empty(source->name);
	return kept;
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

static enum cln_status add_block(struct source *source, struct cln_error *err)
{
	size_t n = source->n_blocks;
	if ((n & (n - 1)) == 0) { /* full: room for n blocks where n is 0 or a power of two */
		void *grown = source->blocks;
		if (mem_grow(&grown, n, n ? 2 * n : 1, sizeof *source->blocks, err) != CLN_OK)
			return CLN_E_MEMORY;
		source->blocks = grown;
	}
	source->blocks[n] = mem_alloc(SOURCE_BLOCK, 1, err);
	if (!source->blocks[n])
		return CLN_E_MEMORY;
	source->n_blocks++;
	return CLN_OK;
}

enum cln_status source_changed(const struct source *source, struct cln_error *err)
{
	return error_set(err, CLN_E_IO, "%s changed while it was read", source->name);
}

bool source_is_called(const struct source *source, const char *extension)
{
	size_t length = strlen(source->name), n = strlen(extension);
	if (length > 3 && strcmp(source->name + length - 3, ".gz") == 0)
		length -= 3;
	return length > n && strncmp(source->name + length - n, extension, n) == 0;
}

/* Writes the first n bytes of a block to the scratch file; false: it has no room for them. */
static bool write_block(struct source *source, const char *block, size_t n)
{
	if (!io_write_all(source->fd, block, n))
		return false;
	source->written += n;
	return true;
}

static void drop_scratch(struct source *source)
{
	close(source->fd);
	source->fd = -1;
	source->spooled = false;
	source->written = 0;
}

/* Moves the blocks, which are full, to a scratch file, where there is a place with room for them; the first becomes its buffer. */
static void spool(struct source *source)
{
	source->fd = io_not_stdin(area_scratch_file(source->n_blocks * SOURCE_BLOCK));
	source->spooled = source->fd >= 0;
	for (size_t i = 0; source->spooled && i < source->n_blocks; i++)
		if (!write_block(source, source->blocks[i], SOURCE_BLOCK))
			drop_scratch(source);
	while (source->spooled && source->n_blocks > 1)
		mem_free(source->blocks[--source->n_blocks]);
}

/* Back to memory, where the scratch file has no room for the buffer: that stays the last block, behind those that were written. */
static enum cln_status unspool(struct source *source, struct cln_error *err)
{
	const struct source file = *source;
	enum cln_status status = CLN_OK;
	for (size_t i = 0; i < file.written / SOURCE_BLOCK && status == CLN_OK; i++) {
		status = add_block(source, err);
		if (status != CLN_OK)
			break;
		char *block = source->blocks[i + 1];
		source->blocks[i + 1] = source->blocks[i];
		source->blocks[i] = block;
		status = source_read(&file, block, i * SOURCE_BLOCK, SOURCE_BLOCK, err);
	}
	drop_scratch(source);
	return status;
}

/* Writes what is left in the buffer; the text is then like a plain file. */
static enum cln_status end_spool(struct source *source, struct cln_error *err)
{
	if (!write_block(source, source->blocks[0], (size_t)(source->size - source->written)))
		return unspool(source, err);
	mem_free(source->blocks[0]);
	source->n_blocks = 0;
	return CLN_OK;
}

/* Whether as much again as the blocks hold fits in memory, which the table will need; asked each time that they have doubled. */
static bool may_grow(const struct source *source)
{
	size_t n = source->n_blocks;
	return n == 0 || (n & (n - 1)) != 0 || memory_holds((uint64_t)n * SOURCE_BLOCK);
}

/* *space: the bytes of the last block that are still free, those of a new block if there are none. */
static enum cln_status free_space(char **space, size_t *length, struct source *source, struct cln_error *err)
{
	size_t within = (size_t)(source->size % SOURCE_BLOCK);
	enum cln_status status = CLN_OK;
	bool full = source->size - source->written == source->n_blocks * SOURCE_BLOCK;
	if (full && source->spooled && !write_block(source, source->blocks[0], SOURCE_BLOCK))
		status = unspool(source, err);
	else if (full && !source->spooled && !may_grow(source))
		spool(source);
	if (full && !source->spooled && status == CLN_OK)
		status = add_block(source, err);
	if (status != CLN_OK)
		return status;
	*length = SOURCE_BLOCK - within;
	*space = source->blocks[source->n_blocks - 1] + within;
	return CLN_OK;
}

/* ---------------------------------------------------------------- streams */

#define STREAM_INPUT 65536

struct gz;
static enum cln_status gz_create(struct stream *stream, struct cln_error *err);
static void gz_destroy(struct gz *gz);
static enum cln_status gz_read(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err);

/* Some of the file's own bytes; end is set where there are none. */
static enum cln_status read_some(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err)
{
	ssize_t result;
	do
		result = read(stream->fd, to, n);
	while (result < 0 && errno == EINTR);
	*got = result > 0 ? (size_t)result : 0;
	stream->n_read += *got;
	stream->end = *got == 0;
	return result < 0 ? error_set_errno(err, CLN_E_IO, "cannot read %s", stream->name) : CLN_OK;
}

static enum cln_status refill(struct stream *stream, struct cln_error *err)
{
	stream->at = stream->input;
	return read_some(stream, stream->input, STREAM_INPUT, &stream->left, err);
}

enum cln_status stream_start(struct stream *stream, int fd, const char *name, struct cln_error *err)
{
	*stream = (struct stream){.fd = fd, .name = name};
	stream->input = mem_alloc(STREAM_INPUT, 1, err);
	enum cln_status status = stream->input ? refill(stream, err) : CLN_E_MEMORY;
	if (status == CLN_OK && stream->left == 1 && *stream->input == '\x1f') { /* a pipe may give its bytes one by one */
		size_t got;
		status = read_some(stream, stream->input + 1, STREAM_INPUT - 1, &got, err);
		stream->left += got;
	}
	if (status == CLN_OK && stream->left >= 2 && memcmp(stream->input, "\x1f\x8b", 2) == 0)
		status = gz_create(stream, err);
	return status;
}

void stream_end(struct stream *stream)
{
	gz_destroy(stream->gz);
	mem_free(stream->input);
	stream->gz = NULL;
	stream->input = NULL;
}

static enum cln_status plain_read(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	if (stream->left == 0 && !stream->end && n >= STREAM_INPUT)
		return read_some(stream, to, n, got, err);
	if (stream->left == 0 && !stream->end)
		status = refill(stream, err);
	*got = stream->left < n ? stream->left : n;
	memcpy(to, stream->at, *got);
	stream->at += *got;
	stream->left -= *got;
	return status;
}

enum cln_status stream_read(struct stream *stream, char *to, size_t n, size_t *n_read, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	size_t got = 0;
	for (*n_read = 0; status == CLN_OK && *n_read < n; *n_read += got) {
		status = stream->gz ? gz_read(stream, to + *n_read, n - *n_read, &got, err)
				    : plain_read(stream, to + *n_read, n - *n_read, &got, err);
		if (got == 0)
			break;
	}
	return status;
}

/* The line that begins at `offset`; what cannot be read again has no line feeds. */
static size_t line_number(const struct source *source, uint64_t offset)
{
	char bytes[16384];
	size_t line = 1, n;
	for (uint64_t at = 0; at < offset; at += n) {
		n = offset - at < sizeof bytes ? (size_t)(offset - at) : sizeof bytes;
		if (source_read(source, bytes, at, n, NULL) != CLN_OK)
			break;
		for (size_t i = 0; i < n; i++)
			line += bytes[i] == '\n';
	}
	return line;
}

/* Packed in a way that is not undone here. */
enum cln_status source_refuse_packed(const struct source *source, struct cln_error *err)
{
	static const struct {
		const char *magic, *what, *hint;
	} packings[] = {
	    {"\xFD\x37zXZ", "an xz file", "unpack it: xz -dc FILE | colonnade ... -"},
	    {"\x28\xB5\x2F\xFD", "a zstd file", "unpack it: zstd -dc FILE | colonnade ... -"},
	    {"\x1F\x8B\x08", "still packed by gzip", "unpack it: gzip -dc FILE | colonnade ... -"}, /* twice, or in memory */
	    {"BZh", "a bzip2 file", "unpack it: bzip2 -dc FILE | colonnade ... -"},
	    {"PK\3\4", "a zip archive", "one table in it: unzip -p FILE | colonnade ... -; of a .npz file one array: unzip -p FILE "
	     "NAME.npy | colonnade ... -; save a spreadsheet as CSV"},
	};
	char bytes[16] = {0};
	size_t n = source->size < sizeof bytes ? (size_t)source->size : sizeof bytes;
	enum cln_status status = source_read(source, bytes, 0, n, err);
	for (size_t i = 0; i < sizeof packings / sizeof *packings && status == CLN_OK; i++) {
		bool is_bzip2 = packings[i].magic[0] == 'B'; /* text may begin like that, but for the digits of pi behind it */
		if (memcmp(bytes, packings[i].magic, strlen(packings[i].magic)) == 0 &&
		    (!is_bzip2 || memcmp(bytes + 4, "1AY&SY", 6) == 0))
			status = error_set(err, CLN_E_DATA, "%s is %s, which is not read here (%s)", source->name,
					   packings[i].what, packings[i].hint);
	}
	return status;
}

/* A column cache and a .npy file say how long they are; UTF-16 and UTF-32 are told as what they are once all is read. */
static bool is_text(const struct source *source)
{
	char mark[4] = {0};
	bool is_cache = false, is_npy = false;
	return cache_recognise(&is_cache, source, NULL) == CLN_OK && !is_cache &&
	       npy_recognise(&is_npy, source, NULL) == CLN_OK && !is_npy &&
	       source_read(source, mark, 0, source->size < sizeof mark ? (size_t)source->size : sizeof mark, NULL) == CLN_OK &&
	       memcmp(mark, "\xFF\xFE", 2) != 0 && memcmp(mark, "\xFE\xFF", 2) != 0 && memcmp(mark, "\0\0\xFE\xFF", 4) != 0;
}

/* The last n bytes of the text so far, which are at `bytes`; *line: where the line begins that they end in. */
static enum cln_status check_text(const struct source *source, uint64_t *line, const char *bytes, size_t n, struct cln_error *err)
{
	const uint64_t before = source->size - n;
	const char *nul = memchr(bytes, '\0', n);
	const char *newline = memrchr(bytes, '\n', nul ? (size_t)(nul - bytes) : n);
	if (newline)
		*line = before + (uint64_t)(newline - bytes) + 1;
	if (nul)
		return error_set(err, CLN_E_DATA, "%s:%zu:%llu: " TEXT_HAS_NUL, source->name, line_number(source, *line),
				 (unsigned long long)(before + (uint64_t)(nul - bytes) - *line + 1));
	if (source->size - *line > SOURCE_MAX_LINE)
		return error_set(err, CLN_E_DATA, "%s:%zu:1: a line of more than %zu bytes (is this a table?)", source->name,
				 line_number(source, *line), SOURCE_MAX_LINE);
	return CLN_OK;
}

/* The next bytes of a stream on one thread, and on another what is to be done meanwhile. */
struct turn {
	struct stream *stream;
	char *space;
	size_t length, got;
	const struct source *so_far;
	const struct meanwhile *meanwhile;
	enum cln_status status;
	struct cln_error *err;
};

static void take_turn(void *argument, size_t item, int tid)
{
	struct turn *turn = argument;
	(void)tid;
	if (item == 0)
		turn->status = stream_read(turn->stream, turn->space, turn->length, &turn->got, turn->err);
	else
		turn->meanwhile->work(turn->meanwhile->argument, turn->so_far);
}

/* Reads a stream to its end; it is a file of file_bytes, or something else where that is 0. */
static enum cln_status read_stream(struct source *source, int fd, uint64_t file_bytes, const struct meanwhile *meanwhile,
				   struct cln_error *err)
{
	struct stream stream;
	struct turn turn = {.stream = &stream, .so_far = source, .meanwhile = meanwhile, .err = err};
	uint64_t line = 0;
	bool text = true, together = false;
	turn.status = stream_start(&stream, fd, source->name, err);
	do {
		if (turn.status == CLN_OK)
			turn.status = free_space(&turn.space, &turn.length, source, err);
		if (meanwhile && file_bytes && source->size == MEANWHILE_FROM)
			together = meanwhile->begin(meanwhile->argument, source, (double)stream.n_read / (double)file_bytes);
		if (turn.status == CLN_OK)
			parallel_for(2, together && !source->spooled ? 2 : 1, take_turn, &turn);
		source->size += turn.status == CLN_OK ? turn.got : 0;
		bool first = source->size == turn.got;
		if (turn.status == CLN_OK && first)
			turn.status = source_refuse_packed(source, err);
		text = text && (!first || is_text(source));
		if (turn.status == CLN_OK && text)
			turn.status = check_text(source, &line, turn.space, turn.got, err);
	} while (turn.status == CLN_OK && turn.got == turn.length);
	stream_end(&stream);
	return turn.status == CLN_OK && source->spooled ? end_spool(source, err) : turn.status;
}

/* ---------------------------------------------------------------- gz */

#ifdef HAVE_ZLIB
static voidpf gz_alloc(voidpf err, uInt n, uInt size)
{
	return mem_alloc(n, size, err);
}

static void gz_free(voidpf opaque, voidpf block)
{
	(void)opaque;
	mem_free(block);
}

struct gz {
	z_stream stream;
	bool done; /* the last member is */
};

static enum cln_status gz_create(struct stream *stream, struct cln_error *err)
{
	struct gz *gz = mem_alloc(1, sizeof *gz, err);
	if (!gz)
		return CLN_E_MEMORY;
	gz->stream.zalloc = gz_alloc;
	gz->stream.zfree = gz_free;
	gz->stream.opaque = err;
	int result = inflateInit2(&gz->stream, 15 + 16); /* 15: the largest window; + 16: gz only */
	if (result == Z_OK) {
		stream->gz = gz;
		return CLN_OK;
	}
	mem_free(gz);
	if (result == Z_MEM_ERROR)
		return CLN_E_MEMORY; /* gz_alloc has told it */
	return error_set(err, CLN_E_IO, "%s: zlib cannot be used (%s)", stream->name, zError(result));
}

static void gz_destroy(struct gz *gz)
{
	if (gz)
		inflateEnd(&gz->stream);
	mem_free(gz);
}

/* Between two members: done where nothing but zeros is left, which gzip itself lets pass as padding (tapes, block devices). */
static enum cln_status gz_next_member(struct stream *stream, struct cln_error *err)
{
	struct gz *gz = stream->gz;
	bool padding = false;
	for (;;) {
		for (; stream->left && *stream->at == 0; stream->at++, stream->left--)
			padding = true;
		if (stream->left || stream->end)
			break;
		enum cln_status status = refill(stream, err);
		if (status != CLN_OK)
			return status;
	}
	gz->done = stream->left == 0;
	if (!gz->done && padding)
		return error_set(err, CLN_E_DAMAGED, "%s: something that is not gz follows the compressed text", stream->name);
	if (!gz->done && inflateReset(&gz->stream) != Z_OK)
		return error_set(err, CLN_E_DAMAGED, "%s: zlib cannot go on to the next member", stream->name);
	return CLN_OK;
}

/* One call of inflate, for at most n bytes. */
static enum cln_status gz_step(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err)
{
	z_stream *z = &stream->gz->stream;
	z->opaque = err;
	z->next_in = (Bytef *)stream->at;
	z->avail_in = (uInt)stream->left;
	z->next_out = (Bytef *)to;
	z->avail_out = n < UINT_MAX ? (uInt)n : UINT_MAX;
	uInt before = z->avail_out;
	int result = inflate(z, Z_NO_FLUSH);
	*got = before - z->avail_out;
	stream->at += stream->left - z->avail_in;
	stream->left = z->avail_in;
	if (result == Z_STREAM_END)
		return gz_next_member(stream, err);
	if (result == Z_MEM_ERROR)
		return CLN_E_MEMORY; /* gz_alloc has told it */
	if (result != Z_OK && result != Z_BUF_ERROR)
		return error_set(err, CLN_E_DAMAGED, "%s: the gz file is damaged at byte %llu (%s)", stream->name,
				 (unsigned long long)(stream->n_read - stream->left), z->msg ? z->msg : "unknown");
	if (stream->left == 0 && stream->end && *got == 0)
		return error_set(err, CLN_E_DAMAGED, "%s: the gz file is cut short", stream->name);
	return CLN_OK;
}

static enum cln_status gz_read(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err)
{
	enum cln_status status = CLN_OK;
	*got = 0;
	while (status == CLN_OK && *got == 0 && !stream->gz->done) {
		if (stream->left == 0 && !stream->end)
			status = refill(stream, err);
		if (status == CLN_OK)
			status = gz_step(stream, to, n, got, err);
	}
	return status;
}
#else
static enum cln_status gz_create(struct stream *stream, struct cln_error *err)
{
	return error_set(err, CLN_E_DAMAGED,
			 "%s is gz, which this build cannot read: it was made without zlib (try: gzip -dc FILE | colonnade ... -)",
			 stream->name);
}

static void gz_destroy(struct gz *gz)
{
	(void)gz;
}

static enum cln_status gz_read(struct stream *stream, char *to, size_t n, size_t *got, struct cln_error *err)
{
	(void)to;
	(void)n;
	*got = 0;
	return gz_create(stream, err);
}
#endif

/* ---------------------------------------------------------------- opening */

#define SMALL_FILE 65536 /* bytes: read at once, where the reader's passes would read it seven times */

/* Replaces a small plain file by its bytes. */
static enum cln_status read_small(struct source *source, struct cln_error *err)
{
	struct source text = source_empty(source->name);
	size_t length, n = (size_t)source->size;
	text.reopens = source->reopens;
	char *space;
	enum cln_status status = free_space(&space, &length, &text, err);
	if (status == CLN_OK)
		status = source_read(source, space, 0, n, err);
	text.size = n;
	*source = text; /* whoever opened the file closes it */
	return status;
}

/* A plain file that is not read as a stream, `source` then being its bytes. */
static enum cln_status open_plain(struct source *source, bool *is_plain, int fd, const struct stat *about, struct cln_error *err)
{
	char magic[2] = {0};
	off_t at = !S_ISREG(about->st_mode) ? -1 : fd == STDIN_FILENO ? lseek(fd, 0, SEEK_CUR) : 0;
	*is_plain = at >= 0;
	if (at < 0)
		return CLN_OK;
	source->fd = fd;
	source->fd_offset = (uint64_t)at;
	source->size = about->st_size > at ? (uint64_t)(about->st_size - at) : 0;
	enum cln_status status = source->size <= SMALL_FILE ? read_small(source, err) : CLN_OK;
	if (status == CLN_OK && source->size >= sizeof magic)
		status = source_read(source, magic, 0, sizeof magic, err);
	*is_plain = status != CLN_OK || memcmp(magic, "\x1f\x8b", 2) != 0;
	return status;
}

static enum cln_status open_fd(struct source *source, int fd, const struct meanwhile *meanwhile, struct cln_error *err)
{
	struct stat about;
	bool is_plain;
	if (fstat(fd, &about) != 0)
		return error_set_errno(err, CLN_E_IO, "cannot read %s", source->name);
	if (S_ISDIR(about.st_mode))
		return error_set(err, CLN_E_IO, "%s is a directory, not a table", source->name);
	bool reopens = source->reopens && S_ISREG(about.st_mode);
	enum cln_status status = open_plain(source, &is_plain, fd, &about, err);
	if (status == CLN_OK && !is_plain) {
		struct source text = source_empty(source->name);
		source->fd = -1; /* whoever opened the file closes it */
		source_close(source);
		*source = text;
		status = read_stream(source, fd, S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0, meanwhile, err);
	}
	source->reopens = reopens;
	return status;
}

enum cln_status source_open_file(int *fd, const char **name, const char *path, struct cln_error *err)
{
	bool standard_input = strcmp(path, "-") == 0;
	*name = standard_input ? "standard input" : path;
	*fd = standard_input ? STDIN_FILENO : io_not_stdin(open(path, O_RDONLY | O_CLOEXEC));
	return *fd < 0 ? error_set_errno(err, CLN_E_IO, "cannot open %s", path) : CLN_OK;
}

enum cln_status source_open(struct source *source, const char *path, struct cln_error *err)
{
	return source_open_with(source, path, NULL, err);
}

enum cln_status source_open_with(struct source *source, const char *path, const struct meanwhile *meanwhile, struct cln_error *err)
{
	int fd;
	const char *name;
	enum cln_status status = source_open_file(&fd, &name, path, err);
	*source = source_empty(name);
	if (status != CLN_OK)
		return status;
	source->reopens = fd != STDIN_FILENO;
	status = open_fd(source, fd, meanwhile, err);
	if (source->fd != fd && fd != STDIN_FILENO)
		close(fd);
	return status;
}
