/* SPDX-License-Identifier: MIT */
#include "cache_seal.h"

#include "base/io.h"
#include "data/cache_layout.h"

static void seal_section(unsigned char *bytes, const struct cache_layout *layout, const struct cache_column *column, size_t part)
{
	for (size_t block = 0; block < layout->n_blocks; block++) {
		const unsigned char *cells = bytes + column->section[part] + block * CACHE_BLOCK_ROWS * sizeof(uint32_t);
		cache_store64(bytes + column->checksums[part] + 8 * block,
			      io_crc64(0, cells, cache_block_rows(layout, block) * sizeof(uint32_t)));
	}
}

void cache_seal(unsigned char *bytes, size_t length)
{
	struct cache_layout layout;
	if (cache_layout_find(&layout, bytes, length, "sealed", NULL) == CLN_OK) {
		for (size_t c = 0; c < layout.n_columns; c++)
			for (size_t part = 0; part < 2; part++)
				if (layout.columns[c].parts >> part & 1)
					seal_section(bytes, &layout, &layout.columns[c], part);
		cache_store64(bytes + layout.checksum, io_crc64(0, bytes, layout.checksum));
	}
	cache_layout_free(&layout);
}
