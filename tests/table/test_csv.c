/* The table of CSV cases, at every chunk size, from memory, from files and from gzip, with reads that are cut short. */
#include "base/file.h"
#include "base/memory.h"
#include "table/cells.h"
#include "table/csv_cases.h"
#include "table/plans.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* ---- options of a case ---- */

static void set_options(bpnn_table_options *o, const char *letters, char *list, size_t room)
{
    bpnn_table_options_default(o);
    if (!letters)
        return;
    snprintf(list, room, "%s", letters + 1);
    switch (letters[0]) {
    case 'D':
        o->delimiter = letters[1];
        break;
    case 'H':
        o->header = letters[1] - '0';
        break;
    case 'P':
        o->decimal = letters[1];
        break;
    case 'N':
        o->na = list;
        break;
    default:
        o->text = list;
    }
}

/* ---- sources ---- */

static ssize_t one_byte(int fd, void *bytes, size_t size)
{
    return read(fd, bytes, size > 0);
}

static void render_file(bpnn__text *out, const char *path, const bpnn_table_options *options)
{
    bpnn_table *table = NULL;
    bpnn_error error = {0};
    char message[1024];
    if (bpnn_table_read(&table, path, options, &error) == BPNN_OK) {
        render(out, table);
    } else {
        snprintf(message, sizeof message, "!%llu:%llu %s", (unsigned long long)error.line,
                 (unsigned long long)error.column, error.text);
        bpnn__text_add(out, message);
    }
    bpnn_table_free(table);
}

static void write_plain(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static void write_gzip(const char *path, const char *bytes, size_t size)
{
    gzFile file = gzopen(path, "wb");
    if (size > 0)
        gzwrite(file, bytes, (unsigned)size);
    gzclose(file);
}

/* ---- the cases ---- */

static size_t done, bad;

static void check(const char *how, size_t i, const char *found, const char *expected)
{
    size_t size = expected[0] == '!' ? strlen(expected) : SIZE_MAX;
    bool same = size == SIZE_MAX ? strcmp(found, expected) == 0 : strncmp(found, expected, size) == 0;
    done++;
    bad += !same;
    if (!same)
        printf("case %zu %s: '%s'\n  expected '%s'\n  found    '%s'\n", i, how, csv_cases[i].bytes, expected, found);
}

static void check_case(size_t i, const char *plain, const char *packed)
{
    const csv_case *k = &csv_cases[i];
    size_t size = k->size ? k->size : strlen(k->bytes);
    bpnn_table_options o;
    char list[64], how[32];
    set_options(&o, k->options, list, sizeof list);
    static const size_t chunks[] = {0, 1, 2, 3, 5, 8, 13, 64};
    bpnn__text first = {0};
    for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++) {
        bpnn__text out = {0};
        char *exact = malloc(size ? size : 1); /* so that reading past the end is seen */
        memcpy(exact, k->bytes, size);
        o.threads = 1 + c % 4;
        render_csv(&out, exact, size, chunks[c], &o);
        snprintf(how, sizeof how, "by %zu", chunks[c]);
        if (c == 0)
            bpnn__text_add(&first, out.data);
        check(how, i, out.data, c == 0 ? k->expected : first.data);
        bpnn__text_free(&out);
        free(exact);
    }
    static const bpnn__io *system_io;
    system_io = bpnn__io_get();
    bpnn__io slow = *system_io;
    slow.read = one_byte;
    write_plain(plain, k->bytes, size);
    write_gzip(packed, k->bytes, size);
    for (int way = 0; way < 4; way++) {
        bpnn__text out = {0};
        bpnn__io_set(way % 2 ? &slow : NULL);
        render_file(&out, way / 2 ? packed : plain, &o);
        bpnn__io_set(NULL);
        check(way / 2 ? ".gz" : "file", i, out.data, first.data);
        bpnn__text_free(&out);
    }
    bpnn__text_free(&first);
}

/* Numbers are read and written without the locale: the cases hold under a decimal comma too, where the system has one. */
int main(void)
{
    const char *folder = getenv("TMPDIR");
    char plain[256], packed[300];
    snprintf(plain, sizeof plain, "%s/bpnn_csv_%ld.csv", folder ? folder : "/tmp", (long)getpid());
    snprintf(packed, sizeof packed, "%s.gz", plain);
    static const char *const locales[] = {"C", "de_DE.UTF-8", "de_DE"};
    for (size_t l = 0; l < sizeof locales / sizeof *locales; l++)
        for (size_t i = 0; setlocale(LC_ALL, locales[l]) && i < csv_case_count; i++)
            check_case(i, plain, packed);
    unlink(plain);
    unlink(packed);
    printf("CSV cases (%zu, from memory, files and gzip, by chunks): %zu done, %zu bad\n", csv_case_count, done, bad);
    return bad != 0;
}
