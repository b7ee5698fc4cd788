/* Caches of tables: what comes from one is what a parse gives, to the bit; a file that changed in one byte, other options and other
 * texts are seen; damaged and made-up caches are parsed over, or at least give a table whose every cell can be looked at.
 * test_cache [TABLES]. */
#define _DEFAULT_SOURCE /* utimensat, chown */
#include "base/memory.h"
#include "table/cache.h"
#include "table/cells.h"
#include "table/made_tables.h"
#include "table/plans.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { TABLES = 60, MOST_COLUMNS = 7, ROOM = 1 << 23 };

static struct {
    size_t done, bad;
} tally;
static char folder[200], data[256], cache[280];
static dice d;

static bool check(bool good, const char *what)
{
    tally.done++;
    tally.bad += !good;
    if (!good)
        printf("cache: %s\n", what);
    return good;
}

/* ---- files ---- */

static void write_file(const char *path, const void *bytes, size_t size)
{
    unlink(path); /* some file systems sync a file that is written over, which takes long */
    FILE *file = fopen(path, "wb");
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static void write_gzip(const char *path, const void *bytes, size_t size)
{
    gzFile file = gzopen(path, "wb");
    gzwrite(file, bytes, (unsigned)size);
    gzclose(file);
}

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = malloc(ROOM);
    *size = file ? fread(bytes, 1, ROOM, file) : 0;
    if (file)
        fclose(file);
    return bytes;
}

static void place(const char *ending)
{
    snprintf(data, sizeof data, "%s/t%s", folder, ending);
    snprintf(cache, sizeof cache, "%s.bpnncache", data);
    unlink(cache);
}

/* ---- tables that are the same in every way ---- */

static bool same_words(const bpnn__column *a, const bpnn__column *b)
{
    if (!a->words || !b->words)
        return !a->words && !b->words && !a->values && !b->values;
    if (a->words->count != b->words->count || !a->values != !b->values)
        return false;
    for (size_t i = 0; i < a->words->count; i++)
        if (strcmp(bpnn__dictionary_word(a->words, i), bpnn__dictionary_word(b->words, i)) != 0)
            return false;
    return !a->values || memcmp(a->values, b->values, a->words->count * sizeof *a->values) == 0;
}

static bool same_column(const bpnn_table *a, const bpnn_table *b, size_t c)
{
    const bpnn__column *x = &a->columns[c], *y = &b->columns[c];
    if (strcmp(x->name, y->name) != 0 || x->text != y->text || x->all_numbers != y->all_numbers ||
        x->missing != y->missing || x->first_text != y->first_text || !same_words(x, y))
        return false;
    for (size_t r = 0; r < a->rows; r++) {
        double p, q;
        bpnn__table_numbers(a, c, NULL, r, 1, &p);
        bpnn__table_numbers(b, c, NULL, r, 1, &q);
        if (memcmp(&p, &q, sizeof p) != 0 && !(isnan(p) && isnan(q)))
            return false;
    }
    return true;
}

static bool same_tables(const bpnn_table *a, const bpnn_table *b)
{
    bpnn_table_dialect p = a->dialect, q = b->dialect;
    if (a->rows != b->rows || a->column_count != b->column_count || strcmp(a->source, b->source) != 0 ||
        strcmp(p.format, q.format) != 0 || p.delimiter != q.delimiter || p.decimal != q.decimal ||
        p.header != q.header || p.bom != q.bom || p.crlf != q.crlf || p.compressed != q.compressed ||
        a->part[0].dtype != b->part[0].dtype || a->part[1].cols != b->part[1].cols)
        return false;
    for (size_t c = 0; c < a->column_count; c++)
        if (!same_column(a, b, c))
            return false;
    for (size_t r = 0; r < a->rows; r++)
        if (bpnn_table_line(a, r) != bpnn_table_line(b, r))
            return false;
    return true;
}

/* ---- reading with the cache and without ---- */

static bpnn_table_options options_of(const char *text)
{
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.text = text;
    o.cache = "";
    return o;
}

/* Both readings give the same table, or the same error; how the cache was used. */
static int compare(const char *path, const bpnn_table_options *o, const char *what)
{
    bpnn_table_options plain_options = *o;
    plain_options.cache = NULL;
    bpnn_table *table = NULL, *plain_table = NULL;
    bpnn_error error = {0}, plain_error = {0};
    bpnn_status status = bpnn_table_read(&table, path, o, &error);
    bpnn_status wanted = bpnn_table_read(&plain_table, path, &plain_options, &plain_error);
    bool good = status == wanted && (table ? same_tables(table, plain_table) : !strcmp(error.text, plain_error.text));
    check(good, what);
    int use = table ? (int)bpnn_table_cache_use(table) : -1;
    bpnn_table_free(table);
    bpnn_table_free(plain_table);
    return use;
}

static void expect(const char *path, const bpnn_table_options *o, bpnn_cache_use wanted, const char *what)
{
    int use = compare(path, o, what);
    if (!check(use == (int)wanted, what))
        printf("    use %d, wanted %d\n", use, (int)wanted);
}

/* ---- drawn tables ---- */

static size_t add_cell(char *to, int kind)
{
    static const char *const words[] = {"red", "\"a \"\"b\"\"\"", "\"two\nlines\"", "", "NA", "\xc3\xa9t\xc3\xa9"};
    switch (kind) {
    case 0:
        return (size_t)sprintf(to, "%d", (int)(roll(&d) % 100));
    case 1:
        return (size_t)sprintf(to, "%.17g", roll_unit(&d) * 1e6);
    case 2:
        return (size_t)sprintf(to, "%s", roll(&d) % 4 ? "-0.125" : roll(&d) % 2 ? "" : "1e300");
    case 3:
        return (size_t)sprintf(to, "%s", words[roll(&d) % 6]);
    case 4:
        return (size_t)sprintf(to, "%s", roll(&d) % 900 ? roll(&d) % 9 ? "7.50" : "" : "x");
    default:
        return (size_t)sprintf(to, "%s", "");
    }
}

static size_t draw_table(char *text, size_t columns, size_t rows)
{
    int kind[MOST_COLUMNS];
    char *at = text;
    for (size_t c = 0; c < columns; c++) {
        kind[c] = (int)(roll(&d) % 6);
        at += sprintf(at, "%sc%zu", c ? ";" : "", c + 1);
    }
    for (size_t r = 0; r < rows; r++) {
        *at++ = '\n';
        for (size_t c = 0; c < columns; c++) {
            if (c)
                *at++ = ';';
            at += add_cell(at, kind[c]);
        }
    }
    return (size_t)(at - text);
}

/* A list of columns, often empty. */
static const char *draw_columns(char *list, size_t columns)
{
    char *at = list;
    for (size_t c = 0; c < columns; c++)
        if (roll(&d) % 3 == 0)
            at += sprintf(at, "%sc%zu", at > list ? "," : "", c + 1);
    return at > list ? list : NULL;
}

/* One byte of a cell becomes another; the size and the times stay as they were. */
static void edit_in_place(char *text, size_t size)
{
    struct stat about;
    stat(data, &about);
    for (size_t at = roll(&d) % size;; at = (at + 1) % size)
        if (text[at] >= '1' && text[at] <= '8') {
            text[at]++;
            break;
        }
    FILE *file = fopen(data, "r+b");
    fwrite(text, 1, size, file);
    fclose(file);
    struct timespec times[2] = {about.st_atim, about.st_mtim};
    utimensat(AT_FDCWD, data, times, 0);
}

/* Every column that is asked for as text is one in the cache: a column of numbers alone is one only where it was asked for. */
static void drawn_table(char *text, size_t most_rows)
{
    char first[64], second[64];
    size_t columns = 2 + roll(&d) % (MOST_COLUMNS - 1), rows = most_rows - roll(&d) % most_rows / 2;
    size_t size = draw_table(text, columns, rows);
    place(".csv");
    write_file(data, text, size);
    bpnn_table_options a = options_of(draw_columns(first, columns)), b = options_of(draw_columns(second, columns));
    a.delimiter = b.delimiter = ';';
    a.threads = 1 + roll(&d) % 3;
    expect(data, &a, BPNN_CACHE_WRITTEN, "first reading");
    expect(data, &a, BPNN_CACHE_READ, "second reading");
    int use = compare(data, &b, "other texts");
    check(use == BPNN_CACHE_READ || use == BPNN_CACHE_WRITTEN, "other texts");
    expect(data, &b, BPNN_CACHE_READ, "other texts again");
    if (!strpbrk(strchr(text, '\n'), "12345678"))
        return;
    edit_in_place(text, size);
    check(compare(data, &b, "edited") != BPNN_CACHE_READ, "edited and taken from the cache");
}

/* Fewer texts than the cache has are served by it, more are not. */
static void texts_asked_for(void)
{
    static const char text[] = "a,b\n1.50,3\n0.1234567890123,4\n,5\n";
    place(".csv");
    write_file(data, text, sizeof text - 1);
    bpnn_table_options both = options_of("a,b"), one = options_of("b"), none = options_of(NULL);
    expect(data, &both, BPNN_CACHE_WRITTEN, "both");
    expect(data, &one, BPNN_CACHE_READ, "one of both");
    expect(data, &none, BPNN_CACHE_READ, "none of both");
    unlink(cache);
    expect(data, &none, BPNN_CACHE_WRITTEN, "none");
    expect(data, &one, BPNN_CACHE_WRITTEN, "one more");
}

static void other_options(void)
{
    static const char text[] = "a,b\n1,3\n2,-9\n";
    place(".csv");
    write_file(data, text, sizeof text - 1);
    bpnn_table_options o = options_of(NULL), p = o, q = o, r = o;
    p.na = "-9";
    q.header = 0;
    r.max_bytes = 5;
    expect(data, &o, BPNN_CACHE_WRITTEN, "default");
    expect(data, &p, BPNN_CACHE_WRITTEN, "missing texts");
    expect(data, &p, BPNN_CACHE_READ, "missing texts again");
    expect(data, &q, BPNN_CACHE_WRITTEN, "no header");
    compare(data, &r, "a limit");
}

/* ---- all formats ---- */

static void all_formats(void)
{
    static const char *const formats[] = {"csv", "libsvm", "idx", "npy"};
    for (size_t f = 0; f < 4; f++) {
        made_file made[MADE_FILES];
        size_t n = made_files(formats[f], made);
        for (size_t i = 0; i < 2 * n; i++) {
            char ending[32];
            snprintf(ending, sizeof ending, ".%s%s", formats[f], i % 2 ? ".gz" : "");
            place(ending);
            (i % 2 ? write_gzip : write_file)(data, made[i / 2].bytes, made[i / 2].size);
            bpnn_table_options o = options_of(NULL);
            int use = compare(data, &o, ending), wanted = i % 2 || f < 2 ? BPNN_CACHE_WRITTEN : BPNN_CACHE_NONE;
            check(use == wanted, ending);
            use = compare(data, &o, ending);
            check(use == (wanted ? BPNN_CACHE_READ : BPNN_CACHE_NONE), ending);
            unlink(data);
        }
        made_files_free(made, n);
    }
}

static void pair(void)
{
    static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};
    static const unsigned char images[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    char second[256], both[600];
    place("-images-ubyte.gz");
    snprintf(second, sizeof second, "%s/labels-ubyte", folder);
    snprintf(both, sizeof both, "%s,%s", data, second);
    write_gzip(data, images, sizeof images);
    write_file(second, labels, sizeof labels);
    bpnn_table_options o = options_of(NULL);
    o.format = "idx";
    expect(both, &o, BPNN_CACHE_WRITTEN, "pair");
    expect(both, &o, BPNN_CACHE_READ, "pair again");
    unsigned char changed[sizeof labels];
    memcpy(changed, labels, sizeof labels);
    changed[9] = 8;
    write_file(second, changed, sizeof changed);
    expect(both, &o, BPNN_CACHE_WRITTEN, "pair with another label");
    expect(data, &o, BPNN_CACHE_WRITTEN, "images alone");
    unlink(second);
}

/* ---- places where no cache can be ---- */

static void places(void)
{
    static const char text[] = "a,b\n1,3\n2,4\n", other[] = "somebody's own";
    size_t size;
    place(".csv");
    write_file(data, text, sizeof text - 1);
    bpnn_table_options o = options_of(NULL);
    write_file(cache, other, sizeof other);
    expect(data, &o, BPNN_CACHE_UNWRITABLE, "another file of the name");
    unsigned char *kept = read_file(cache, &size);
    check(size == sizeof other && memcmp(kept, other, size) == 0, "another file of the name was written over");
    free(kept);
    write_file(cache, "", 0);
    expect(data, &o, BPNN_CACHE_WRITTEN, "an empty file of the name");
    unlink(cache);
    mkdir(cache, 0777);
    expect(data, &o, BPNN_CACHE_UNWRITABLE, "a folder of the name");
    rmdir(cache);
    o.cache = "/nowhere/at/all";
    expect(data, &o, BPNN_CACHE_UNWRITABLE, "no folder");
    o.cache = data;
    expect(data, &o, BPNN_CACHE_UNWRITABLE, "the file itself");
    o.cache = cache;
    chmod(data, 0600);
    expect(data, &o, BPNN_CACHE_WRITTEN, "a given path");
    struct stat about;
    check(stat(cache, &about) == 0 && (about.st_mode & 0777) == 0600, "others can read the cache of a private file");
    if (geteuid() == 0 && chown(cache, 12345, 12345) == 0)
        check(compare(data, &o, "another's cache") == BPNN_CACHE_WRITTEN, "another's cache is taken");
}

/* ---- damage and lies ---- */

/* Every cell and name is there to be looked at. */
static size_t look_at_all(const bpnn_table *t)
{
    char buffer[BPNN__NUMBER_SIZE];
    size_t sum = 0, row;
    const char *text;
    for (size_t c = 0; c < bpnn_table_columns(t); c++) {
        sum += strlen(bpnn_table_column_name(t, c));
        sum += bpnn__table_first_text(t, c, &row, &text) ? strlen(text) + row : 0;
        for (size_t r = 0; r < bpnn_table_rows(t); r++) {
            text = bpnn_table_text(t, r, c, buffer);
            sum += (text ? strlen(text) : 0) + (bpnn_table_number(t, r, c) > 0) + (size_t)bpnn_table_line(t, r);
        }
    }
    return sum;
}

/* The digests become those of what the file holds now, as somebody would do who made it up. */
static void sign(unsigned char *bytes, size_t size)
{
    bpnn__digest digest;
    if (size < sizeof(bpnn__cache_head))
        return;
    bpnn__digest_begin(&digest);
    bpnn__digest_add(&digest, bytes + sizeof(bpnn__cache_head), size - sizeof(bpnn__cache_head));
    bpnn__digest_end(&digest, (uint64_t *)(void *)(bytes + offsetof(bpnn__cache_head, body)));
}

static size_t lies_taken;

static void read_lie(const unsigned char *bytes, size_t size)
{
    bpnn_table *table = NULL;
    bpnn_table_options o = options_of("b");
    write_file(cache, bytes, size);
    bool good = bpnn_table_read(&table, data, &o, NULL) == BPNN_OK && look_at_all(table) != SIZE_MAX;
    lies_taken += good && bpnn_table_cache_use(table) == BPNN_CACHE_READ;
    check(good, "a made-up cache");
    bpnn_table_free(table);
}

static void damage(const unsigned char *whole, size_t size)
{
    unsigned char *bytes = malloc(size + 8);
    bpnn_table_options o = options_of("b");
    for (size_t at = 0; at < size; at++) {
        memcpy(bytes, whole, size);
        bytes[at] ^= (unsigned char)(1u << at % 8);
        write_file(cache, bytes, size);
        compare(data, &o, "a flipped bit");
        write_file(cache, whole, at);
        compare(data, &o, "cut short");
    }
    memset(bytes, 0, size + 8);
    memcpy(bytes, whole, size);
    write_file(cache, bytes, size + 8);
    check(compare(data, &o, "longer") == BPNN_CACHE_WRITTEN, "a longer cache is taken");
    free(bytes);
}

static void lies(const unsigned char *whole, size_t size)
{
    static const uint64_t wild[] = {0,     1, 2,       UINT32_MAX, UINT64_MAX,         (uint64_t)1 << 63,
                                    65536, 3, 1 << 26, 0x7c000000, 0x7ff0000000000000u};
    unsigned char *bytes = malloc(size);
    for (size_t i = 0; i < 4000; i++) {
        memcpy(bytes, whole, size);
        for (size_t n = 1 + roll(&d) % 2; n > 0; n--) {
            size_t at = sizeof(bpnn__cache_head) + roll(&d) % (size - sizeof(bpnn__cache_head) - 8);
            size_t of = roll(&d) % 3 ? 8 : 1;
            memcpy(bytes + at / of * of, &wild[roll(&d) % (sizeof wild / sizeof *wild)], of);
        }
        sign(bytes, size);
        read_lie(bytes, size);
    }
    free(bytes);
}

static void false_caches(void)
{
    static const char text[] = "a,b,c\n1.5,x,7\n0.1234567890123,y,\n3,x,\"two\nlines\"\n,z,8\n5,,9\n";
    size_t size;
    place(".csv");
    write_file(data, text, sizeof text - 1);
    bpnn_table_options o = options_of("b");
    expect(data, &o, BPNN_CACHE_WRITTEN, "before damage");
    unsigned char *whole = read_file(cache, &size);
    sign(whole, size);
    write_file(cache, whole, size);
    expect(data, &o, BPNN_CACHE_READ, "signed as it was");
    damage(whole, size);
    lies(whole, size);
    check(lies_taken > 0, "no made-up cache was read at all");
    free(whole);
}

int main(int count, char **argument)
{
    const char *temporary = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    uint64_t seed = seed_of_tests(1);
    size_t tables = count > 1 ? strtoul(argument[1], NULL, 10) : TABLES;
    snprintf(folder, sizeof folder, "%.100s/bpnn_cache_XXXXXX", temporary);
    if (!mkdtemp(folder))
        return 1;
    d.state = seed;
    char *text = malloc(ROOM);
    for (size_t i = 0; i < tables; i++)
        drawn_table(text, i == 0 ? 40000 : i % 2 ? 3000 : 40); /* the first is worth two threads */
    free(text);
    texts_asked_for();
    other_options();
    all_formats();
    pair();
    places();
    false_caches();
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    if (system(command) != 0)
        return 1;
    printf("caches of tables (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, tally.done, tally.bad);
    return tally.bad != 0;
}
