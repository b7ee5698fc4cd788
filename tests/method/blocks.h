/* The blocks of tests/golden/whole.txt (tools/golden_whole.py). */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stddef.h>

enum { BLOCK_MOST = 512 };

/* The numbers of block `name`: `count` of them, else the test fails. */
void block_read(const char *name, size_t count, double *to);

#endif
