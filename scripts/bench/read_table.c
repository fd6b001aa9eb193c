/* SPDX-License-Identifier: MIT
 * Times one reading of a file, for ingest.py; prints seconds and, of a table, its rows.
 *   read_table FILE THREADS     into a table, by cln_table_read
 *   read_table --inflate FILE   through zlib into one buffer, and no further */
#include <colonnade.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int read_table(const char *path, int threads)
{
	struct cln_read_options options = {.threads = threads};
	struct cln_table *table;
	struct cln_error err;
	double start = seconds();
	if (cln_table_read(&table, path, &options, &err) != CLN_OK) {
		fprintf(stderr, "read_table: %s\n", err.message);
		return 1;
	}
	printf("%.4f %zu\n", seconds() - start, cln_table_rows(table));
	cln_table_destroy(table);
	return 0;
}

/* One member, as gzip writes it. */
static int inflate_alone(const char *path)
{
	static unsigned char input[1 << 16], output[1 << 18];
	z_stream stream = {0};
	double start = seconds();
	int fd = open(path, O_RDONLY), result = inflateInit2(&stream, 15 + 16);
	while (result == Z_OK || result == Z_BUF_ERROR) {
		if (stream.avail_in == 0) {
			ssize_t got = read(fd, input, sizeof input);
			if (got <= 0)
				break;
			stream.next_in = input;
			stream.avail_in = (uInt)got;
		}
		stream.next_out = output;
		stream.avail_out = sizeof output;
		result = inflate(&stream, Z_NO_FLUSH);
	}
	inflateEnd(&stream);
	printf("%.4f\n", seconds() - start);
	if (result != Z_STREAM_END)
		fprintf(stderr, "read_table: %s is no whole gz file\n", path);
	return result != Z_STREAM_END;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--inflate") == 0)
		return inflate_alone(argv[2]);
	if (argc == 3)
		return read_table(argv[1], atoi(argv[2]));
	fprintf(stderr, "usage: read_table FILE THREADS | read_table --inflate FILE\n");
	return 2;
}
