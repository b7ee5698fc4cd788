/* Small .npz files out of words, for tests of the reader. */
#ifndef BPNN_TESTS_EXCHANGE_ARCHIVE_H
#define BPNN_TESTS_EXCHANGE_ARCHIVE_H

#include "exchange/hostile.h"

/* "NAME TYPE SHAPE VALUE..;": SHAPE as 2,3 or . (none); TYPE f8 f4 i8 as NumPy's, U8 = texts of 8 characters (\ at their end: one that
 * is no character), anything else as it stands with 8 bytes a value. A * before the name: deflated; a ^ before the type: Fortran's order. The file is freed
 * with free. */
bytes archive_file(const char *arrays);

/* Checksums of the stored entries as their local headers place them. */
void archive_repair(bytes file);

#endif
