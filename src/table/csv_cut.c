/* Where a file of CSV may be cut: between records, which is not at every line end, as quoted cells may hold some. */
#include "table/csv_chunk.h"

#include <string.h>

/* The end of the first line that ends in [from, end) with a character behind a '\r' known; NULL if there is none. */
static const char *line_end(const char *from, const char *end)
{
    const char *c = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
    if (c)
        return c + 1;
    for (c = from; c + 1 < end && (c = memchr(c, '\r', (size_t)(end - 1 - c))); c++)
        if (c[1] != '\n')
            return c + 1;
    return NULL;
}

/* Whether the quote at `quote` opens a cell: nothing but blanks stands between it and a delimiter or the line's beginning. */
static bool opens(const char *from, const char *quote, char delimiter)
{
    const char *c = quote;
    if (delimiter == ' ' && c > from && (c[-1] == ' ' || c[-1] == '\t'))
        return true;
    while (c > from && (c[-1] == ' ' || c[-1] == '\t') && c[-1] != delimiter)
        c--;
    return c == from || c[-1] == delimiter || c[-1] == '\n' || c[-1] == '\r';
}

/* Behind the quote that closes the cell opened at `quote`; NULL if it is not in these bytes. */
static const char *behind_quotes(const char *quote, const char *end)
{
    const char *c = quote + 1;
    while (c < end && (c = memchr(c, '"', (size_t)(end - c)))) {
        if (c + 1 == end)
            return NULL; /* it may be doubled */
        if (c[1] != '"')
            return c + 1;
        c += 2;
    }
    return NULL;
}

const char *bpnn__csv_cut(const char *from, const char *target, const char *end, char delimiter)
{
    const char *plain = from; /* outside quotes here */
    const char *found = line_end(target, end);
    while (plain) {
        if (found && plain >= found)
            found = line_end(plain, end);
        const char *stop = found ? found : end, *quote = memchr(plain, '"', (size_t)(stop - plain));
        if (!quote)
            return found;
        plain = opens(from, quote, delimiter) ? behind_quotes(quote, end) : quote + 1;
    }
    return NULL;
}
