/* The common row of a large file: plain cells, nothing quoted, nothing missing. Anything else is left to the careful way. */
#include "base/text.h"
#include "table/csv.h"

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { MOST_DIGITS = 18 }; /* of a mantissa that cannot overflow 64 bits */

static const char *digits(const char *c, uint64_t *mantissa)
{
    for (unsigned d; (d = (unsigned)(unsigned char)*c - '0') < 10; c++)
        *mantissa = *mantissa * 10 + d;
    return c;
}

/* One number that ends at `stop` or the line's end; NULL: not so simple. Clinger's case of an exact mantissa and an exact power. */
static inline const char *number(const char *c, char stop, char decimal, double *value)
{
    const char *from = c;
    bool minus = *c == '-';
    c += minus;
    uint64_t mantissa = 0;
    const char *first = c;
    c = digits(c, &mantissa);
    long count = c - first, behind = 0;
    if (*c == decimal) {
        const char *point = ++c;
        c = digits(c, &mantissa);
        behind = c - point;
        count += behind;
    }
    if (count == 0)
        return NULL;
    if (*c != stop && *c != '\n' && *c != '\r') {
        while (*c != stop && *c != '\n' && *c != '\r' && *c != '\0')
            c++;
        return *c && bpnn__parse_double(from, (size_t)(c - from), decimal, value) ? c : NULL;
    }
    if (count > MOST_DIGITS || mantissa > (uint64_t)1 << 53)
        return bpnn__parse_double(from, (size_t)(c - from), decimal, value) ? c : NULL;
    double x = (double)mantissa / powers_of_ten[behind];
    *value = minus ? -x : x;
    return c;
}

const char *bpnn__fast_numbers(const char *c, char delimiter, char decimal, size_t count, double *to, size_t step)
{
    for (size_t k = 0; k < count; k++, to += step) {
        if (k > 0 && *c++ != delimiter)
            return NULL;
        while (*c == ' ' && delimiter != ' ')
            c++;
        c = number(c, delimiter, decimal, to);
        if (!c)
            return NULL;
    }
    return c;
}

const char *bpnn__fast_text(const char *c, char delimiter)
{
    if (*c == '"' || *c == ' ' || *c == '\t')
        return NULL;
    while (*c != delimiter && *c != '\n' && *c != '\r' && *c != '\0')
        c++;
    return *c ? c : NULL;
}

const char *bpnn__fast_line_end(const char *c)
{
    if (*c == '\r')
        c++;
    return *c == '\n' ? c + 1 : NULL;
}
