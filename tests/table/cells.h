/* Tables as one line of text, so that a test can say what it expects of a file. */
#ifndef BPNN_TESTS_TABLE_CELLS_H
#define BPNN_TESTS_TABLE_CELLS_H

#include "base/text.h"
#include "table/table.h"

/* "DIALECT names/row/row": the dialect is the delimiter (t = tab, s = blank) and the letters d (decimal comma), h (header), b (byte
 * order mark), c (CRLF); a name ends in # (numbers) or $ (text); cells stand between |, a missing one is ~; in names and cells a
 * line feed is written \n, a carriage return \r. */
void render(bpnn__text *out, const bpnn_table *table);

/* The same, or "!LINE:COLUMN text" of the error. chunk: bytes parsed at a time, 0 = the reader's own. */
void render_csv(bpnn__text *out, const char *bytes, size_t size, size_t chunk, const bpnn_table_options *options);

#endif
