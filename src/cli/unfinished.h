/* SPDX-License-Identifier: MIT
 * A signal that ends predict or convert takes the file away that they were writing beside their output; the output itself is the
 * older one, whole, or the new one. */
#ifndef CLI_UNFINISHED_H
#define CLI_UNFINISHED_H

/* From here on signals that would end the process and are not ignored do so behind a cleaning. */
void unfinished_begin(void);

/* For io_place.guard: the file's name, lent until the next call; NULL: there is none. */
void unfinished_file(const char *temporary);

#endif
