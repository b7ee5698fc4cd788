/* Every documented maximum (docs/formats.md) at max - 1, max and max + 1: works, works, refused by its own error before memory of that size is
 * asked for. Blocks over 256 MiB are not given: what would take one has passed its limit where it is asked for.
 * test_limits [large]: also files of gigabytes (sparse) and blocks of any size, as far as memory goes. */
#include "base/watch.h"
#include "model/header.h"
#include "model/made.h"
#include <bpnn/memory.h>
#include <bpnn/train.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)
#define WRONG BPNN_INTERRUPTED /* taken, and not as it was given */

static char folder[] = "/tmp/bpnn-limits-XXXXXX";
static char path[64];

/* ---- texts that grow ---- */

typedef struct text {
    char *data;
    size_t size, room;
} text;

static void add(text *t, const char *piece, size_t times)
{
    size_t length = strlen(piece);
    if (t->size + length * times + 1 > t->room) {
        t->room = 2 * (t->size + length * times + 1);
        t->data = realloc(t->data, t->room);
        if (!t->data)
            abort();
    }
    for (size_t i = 0; i < times; i++, t->size += length)
        memcpy(t->data + t->size, piece, length);
    t->data[t->size] = '\0';
}

/* A number as so many bytes, most significant first. */
static void add_number(text *t, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        char byte[2] = {(char)(number >> 8 * i), '\0'};
        add(t, "x", 1);
        t->data[t->size - 1] = byte[0];
    }
}

/* Reads it as a table. The text is freed. */
static bpnn_status read_text(text *t, const char *format, uint64_t max_columns, uint64_t max_bytes, bpnn_error *error)
{
    bpnn_table_options o;
    bpnn_table *table;
    bpnn_table_options_default(&o);
    o.format = format;
    o.max_columns = max_columns;
    o.max_bytes = max_bytes;
    bpnn_status status = bpnn_table_read_memory(&table, t->data, t->size, NULL, &o, error);
    bpnn_table_free(table);
    free(t->data);
    return status;
}

/* ---- networks ---- */

static bpnn_status new_net(size_t inputs, size_t layers, size_t units, size_t group, bpnn_error *error)
{
    static bpnn_layer layer[1025];
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    for (size_t m = 0; m < layers; m++)
        layer[m] = (bpnn_layer){.size = units, .activation = {.kind = BPNN_ACT_IDENTITY}, .bias = BPNN_BIAS_NONE};
    o.inputs = inputs;
    o.layers = layer;
    o.layer_count = layers;
    o.group_rows = group;
    bpnn_status status = bpnn_net_new(&net, &o, error);
    bpnn_net_free(net);
    return status;
}

static bpnn_status take_layers(size_t n, bpnn_error *error)
{
    return new_net(1, n, 1, 1024, error);
}

static bpnn_status take_group(size_t n, bpnn_error *error)
{
    return new_net(1, 1, 1, n, error);
}

/* No memory for the parameters themselves: they were asked for. */
static bpnn_status take_parameters(size_t n, bpnn_error *error)
{
    bpnn_status status = new_net(n, 1, 1, 1024, error);
    return status == BPNN_MEMORY && watch_largest() >= n * sizeof(float) ? BPNN_OK : status;
}

/* ---- fits of no epoch ---- */

static const char plain_rows[] = "x,y\n1,2\n2,3\n3,5\n4,7\n5,8\n6,1\n";

/* The fit's model goes through a file's bytes and back, to the same bytes. */
static bpnn_status fit_and_keep(const char *rows, bpnn_fit_options *o, bpnn_error *error)
{
    bpnn_table *table;
    bpnn_model *model = NULL, *again = NULL;
    void *bytes = NULL, *same = NULL;
    size_t size = 0, same_size = 1;
    bpnn_status status = bpnn_table_read_memory(&table, rows, strlen(rows), NULL, NULL, error);
    o->train.epochs = 0;
    if (!o->hidden)
        o->hidden = "1";
    o->train.method = "sgd";
    if (status == BPNN_OK)
        status = bpnn_fit(&model, table, o, error);
    if (status == BPNN_OK)
        status = bpnn_model_write(model, &bytes, &size, error);
    if (status == BPNN_OK)
        status = bpnn_model_read(&again, bytes, size, NULL, error);
    if (status == BPNN_OK)
        status = bpnn_model_write(again, &same, &same_size, error);
    if (status == BPNN_OK && (size != same_size || memcmp(bytes, same, size) != 0))
        status = WRONG;
    bpnn_release(bytes);
    bpnn_release(same);
    bpnn_model_free(model);
    bpnn_model_free(again);
    bpnn_table_free(table);
    return status;
}

static bpnn_status take_hidden(size_t n, bpnn_error *error)
{
    bpnn_fit_options o;
    text hidden = {0};
    bpnn_fit_options_default(&o);
    add(&hidden, "1", 1);
    add(&hidden, ",1", n - 1);
    o.hidden = hidden.data;
    bpnn_status status = fit_and_keep(plain_rows, &o, error);
    free(hidden.data);
    return status;
}

static bpnn_status take_restarts(size_t n, bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.restarts = n;
    return fit_and_keep(plain_rows, &o, error);
}

static bpnn_status take_members(size_t n, bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.ensemble = n;
    o.hidden = "200"; /* the header may be as large as the data */
    return fit_and_keep(plain_rows, &o, error);
}

/* A table of twelve rows with a text of n bytes as the name of column x, of the target y, as a category or a class. */
static bpnn_status with_text(size_t n, int place, bpnn_error *error)
{
    bpnn_fit_options o;
    text t = {0};
    bpnn_fit_options_default(&o);
    add(&t, "n", place == 0 ? n : 1);
    add(&t, ",", 1);
    add(&t, "y", place == 1 ? n : 1);
    for (int r = 0; r < 12; r++) {
        add(&t, r % 2 ? "\nb" : "\na", 1);
        add(&t, "a", place == 2 && r % 2 == 0 ? n - 1 : 0);
        add(&t, r % 2 ? ",q" : ",p", 1);
        add(&t, "p", place == 3 && r % 2 == 0 ? n - 1 : 0);
    }
    add(&t, "\n", 1);
    bpnn_status status = fit_and_keep(t.data, &o, error);
    free(t.data);
    return status;
}

static bpnn_status take_column_name(size_t n, bpnn_error *error)
{
    return with_text(n, 0, error);
}

static bpnn_status take_target_name(size_t n, bpnn_error *error)
{
    return with_text(n, 1, error);
}

static bpnn_status take_category(size_t n, bpnn_error *error)
{
    return with_text(n, 2, error);
}

static bpnn_status take_class(size_t n, bpnn_error *error)
{
    return with_text(n, 3, error);
}

/* ---- the model file's frame ---- */

/* A header of 8 n bytes, blanks and all, over next to no data. */
static bpnn_status take_header(size_t n, bpnn_error *error)
{
    float zero = 0;
    bpnn__tensor tensor[2];
    bpnn__text header = {0};
    text t = {0};
    void *bytes = NULL;
    size_t size;
    bpnn__tensor_make(&tensor[0], "w", BPNN__F32, 1, 1, &zero);
    bpnn__tensor_make(&tensor[1], BPNN__CHECKSUM, BPNN__U32, 1, 0, NULL);
    if (!bpnn__header_text(&header, tensor, 2, ""))
        return BPNN_MEMORY;
    size_t least = header.size;
    bpnn__text_free(&header);
    add(&t, "x", 8 * n - least);
    bpnn_status status = bpnn__container_write(tensor, 1, t.data, &bytes, &size, error);
    if (status == BPNN_OK && header_size(bytes) != 8 * n)
        status = WRONG;
    bpnn_release(bytes);
    free(t.data);
    return status;
}

/* A file of 4 n bytes in all: it is never written, for want of memory. */
static bpnn_status take_model_bytes(size_t n, bpnn_error *error)
{
    bpnn__tensor tensor[2];
    bpnn__text header = {0};
    void *bytes = NULL;
    size_t size;
    for (int pass = 0; pass < 2; pass++) { /* the header first, whose length does not change any more */
        size_t around = 8 + (pass ? header.size : 200) + 4;
        bpnn__text_free(&header);
        bpnn__tensor_make(&tensor[0], "w", BPNN__F32, n - around / 4, 0, "");
        bpnn__tensor_make(&tensor[1], BPNN__CHECKSUM, BPNN__U32, 1, 0, NULL);
        tensor[1].begin = tensor[0].bytes;
        if (!bpnn__header_text(&header, tensor, 2, ""))
            return BPNN_MEMORY;
    }
    size_t whole = 8 + header.size + tensor[0].bytes + 4;
    bpnn__text_free(&header);
    bpnn_status status = bpnn__container_write(tensor, 1, "", &bytes, &size, error);
    bpnn_release(bytes);
    if (whole != 4 * n)
        return WRONG;
    return status == BPNN_MEMORY && watch_largest() == whole ? BPNN_OK : status;
}

/* ---- files on the disk: a beginning and zeroes ---- */

static bool sparse(const text *t, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, t->data, t->size) == (ssize_t)t->size && ftruncate(fd, (off_t)size) == 0;
    if (fd >= 0)
        close(fd);
    free(t->data);
    return good;
}

/* Read as far as its memory is asked for. */
static bpnn_status take_model_file(size_t n, bpnn_error *error)
{
    text t = {0};
    bpnn_model *model;
    add(&t, "not a model", 1);
    if (!sparse(&t, n))
        return BPNN_IO;
    bpnn_status status = bpnn_model_load(&model, path, error);
    bpnn_model_free(model);
    return status == BPNN_MEMORY && watch_largest() >= n ? BPNN_OK : status;
}

static bpnn_status take_table_file(size_t n, bpnn_error *error)
{
    text t = {0};
    bpnn_table *table;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = "npy";
    add(&t, "\x93NUMPY", 1);
    if (!sparse(&t, n))
        return BPNN_IO;
    bpnn_status status = bpnn_table_read(&table, path, &o, error);
    bpnn_table_free(table);
    return status == BPNN_MEMORY && watch_largest() >= n ? BPNN_OK : status;
}

/* ---- tables ---- */

static void npy_header(text *t, size_t rows, size_t columns)
{
    char header[120];
    add(t, "\x93NUMPY\x01", 1);
    add_number(t, 0, 1);
    add_number(t, 118, 1);
    add_number(t, 0, 1);
    snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    add(t, header, 1);
    add(t, " ", 128 - 1 - t->size);
    add(t, "\n", 1);
}

static void idx_header(text *t, size_t rows, size_t columns)
{
    add_number(t, 0x0802, 4);
    add_number(t, rows, 4);
    add_number(t, columns, 4);
}

static void csv_columns(text *t, size_t columns)
{
    for (int r = 0; r < 2; r++) {
        add(t, "1,", columns - 1);
        add(t, "2\n", 1);
    }
}

static bpnn_status take_csv_columns(size_t n, bpnn_error *error)
{
    text t = {0};
    csv_columns(&t, n);
    return read_text(&t, "csv", 0, 0, error);
}

static bpnn_status take_npy_columns(size_t n, bpnn_error *error)
{
    text t = {0};
    npy_header(&t, 1, n);
    add(&t, "1", n);
    return read_text(&t, "npy", 0, 0, error);
}

static bpnn_status take_idx_columns(size_t n, bpnn_error *error)
{
    text t = {0};
    idx_header(&t, 1, n);
    add(&t, "1", n);
    return read_text(&t, "idx", 0, 0, error);
}

static bpnn_status take_svm_columns(size_t n, bpnn_error *error)
{
    char line[64];
    text t = {0};
    snprintf(line, sizeof line, "1 %zu:1\n", n - 1); /* and the label */
    add(&t, line, 1);
    return read_text(&t, "libsvm", 0, 0, error);
}

/* The same with a limit that was asked for. */
static bpnn_status take_wanted_columns(size_t n, bpnn_error *error)
{
    static const char *const formats[] = {"csv", "npy", "idx"};
    bpnn_status status = BPNN_OK, first = BPNN_OK;
    for (int f = 0; f < 3; f++) {
        text t = {0};
        if (f == 0)
            csv_columns(&t, n);
        else
            (f == 1 ? npy_header : idx_header)(&t, 1, n);
        if (f > 0)
            add(&t, "1", n);
        status = read_text(&t, formats[f], 100, 0, error);
        if (f == 0)
            first = status;
        if (status != first)
            return WRONG;
    }
    return status;
}

/* A file of n bytes, of which 1000 are asked for at most. */
static bpnn_status take_wanted_bytes(size_t n, bpnn_error *error)
{
    static const char *const formats[] = {"csv", "npy", "idx", "libsvm"};
    bpnn_status first = BPNN_OK;
    for (int f = 0; f < 4; f++) {
        text t = {0};
        if (f == 1)
            npy_header(&t, n - 128, 1);
        if (f == 2)
            idx_header(&t, n - 12, 1);
        add(&t, f == 3 ? "1 1:1 2:1\n" : "1\n", f == 0 ? n / 2 : f == 3 ? 1 : 0);
        add(&t, f == 0 && n % 2 == 0 ? "" : f == 3 ? "#" : "1", n - t.size);
        bpnn_status status = read_text(&t, formats[f], 0, 1000, error);
        if (f == 0)
            first = status;
        if (status != first)
            return WRONG;
    }
    return first;
}

static bpnn_status take_cell(size_t n, bpnn_error *error)
{
    text t = {0};
    add(&t, "a,b\n", 1);
    add(&t, "x", n);
    add(&t, ",1\n", 1);
    return read_text(&t, "csv", 0, 0, error);
}

/* With the end of its line. */
static bpnn_status take_record(size_t n, bpnn_error *error)
{
    text t = {0};
    add(&t, "a,b,c,d,e,f,g,h\n", 1);
    for (int c = 0; c < 7; c++) {
        add(&t, "x", n / 8 - 1);
        add(&t, ",", 1);
    }
    add(&t, "x", n - 7 * (n / 8) - 1);
    add(&t, "\n", 1);
    return read_text(&t, "csv", 0, 0, error);
}

/* Dense, eight bytes a cell: 16 rows of n columns. */
static bpnn_status take_svm_cells(size_t n, bpnn_error *error)
{
    char line[64];
    text t = {0};
    snprintf(line, sizeof line, "1 %zu:1\n", n - 1);
    add(&t, line, 16);
    return read_text(&t, "libsvm", 0, 0, error);
}

/* ---- files of gigabytes: every one works ---- */

/* Rows of 1000 bytes, so that the file has more than 4 GiB. */
static bpnn_status take_large(size_t rows, const char *format, bpnn_error *error)
{
    text t = {0};
    bpnn_table *table;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = format;
    (strcmp(format, "npy") == 0 ? npy_header : idx_header)(&t, rows, 1000);
    if (!sparse(&t, t.size + 1000 * rows))
        return BPNN_IO;
    bpnn_status status = bpnn_table_read(&table, path, &o, error);
    if (status == BPNN_OK && (bpnn_table_rows(table) != rows || bpnn_table_number(table, rows - 1, 999) != 0))
        status = WRONG;
    bpnn_table_free(table);
    return status;
}

static bpnn_status take_large_npy(size_t n, bpnn_error *error)
{
    return take_large(n, "npy", error);
}

static bpnn_status take_large_idx(size_t n, bpnn_error *error)
{
    return take_large(n, "idx", error);
}

/* The frame of a model file over n weights, there and back. */
static bpnn_status take_large_model(size_t n, bpnn_error *error)
{
    bpnn__tensor tensor[2];
    bpnn__container c = {0};
    void *bytes = NULL;
    size_t size = 0;
    float *w = calloc(n, sizeof *w);
    if (!w)
        return BPNN_MEMORY;
    w[n - 1] = 7;
    bpnn__tensor_make(&tensor[0], "w", BPNN__F32, n, 1, w);
    bpnn_status status = bpnn__container_write(tensor, 1, "x", &bytes, &size, error);
    free(w);
    if (status == BPNN_OK)
        status = bpnn__container_parse(&c, bytes, size, "memory", error);
    if (status == BPNN_OK && ((const float *)c.tensors[0].data)[n - 1] != 7)
        status = WRONG;
    bpnn__container_free(&c);
    bpnn_release(bytes);
    return status;
}

/* ---- all of them ---- */

typedef struct limit {
    const char *what;
    bpnn_status (*take)(size_t n, bpnn_error *error);
    size_t most;
    bpnn_status refusal; /* OK: it is no limit, all three have to work */
    size_t block;        /* bytes that may be asked for before the refusal */
} limit;

static const limit limits[] = {
    {"layers of a network", take_layers, 1024, BPNN_USAGE, 4096},
    {"parameters of a network", take_parameters, (size_t)1 << 31, BPNN_USAGE, 4096},
    {"rows of a summation group", take_group, 1 << 20, BPNN_USAGE, 4096},
    {"hidden layers in words", take_hidden, 1023, BPNN_USAGE, MIB},
    {"starts", take_restarts, 1000, BPNN_USAGE, MIB},
    {"members of an ensemble", take_members, 1000, BPNN_USAGE, MIB},
    {"bytes of a column's name", take_column_name, 65536, BPNN_DATA, MIB},
    {"bytes of a target's name", take_target_name, 65536, BPNN_DATA, MIB},
    {"bytes of a category", take_category, 65536, BPNN_DATA, 2 * MIB},
    {"bytes of a class", take_class, 65536, BPNN_DATA, 2 * MIB},
    {"8 bytes of a model file's header", take_header, MIB / 8, BPNN_USAGE, 4 * MIB},
    {"4 bytes of a model file, written", take_model_bytes, 4 * GIB, BPNN_USAGE, MIB},
    {"bytes of a model file, read", take_model_file, 16 * GIB, BPNN_MODEL, MIB},
    {"bytes of a table's file", take_table_file, 16 * GIB, BPNN_DATA, MIB},
    {"columns, CSV", take_csv_columns, 1000000, BPNN_DATA, 32 * MIB},
    {"columns, .npy", take_npy_columns, 1000000, BPNN_DATA, 2 * MIB},
    {"columns, IDX", take_idx_columns, 1000000, BPNN_DATA, 2 * MIB},
    {"columns, LIBSVM", take_svm_columns, 1000000, BPNN_DATA, MIB},
    {"columns that were asked for", take_wanted_columns, 100, BPNN_DATA, MIB},
    {"bytes that were asked for", take_wanted_bytes, 1000, BPNN_DATA, MIB},
    {"bytes of a cell", take_cell, 16 * MIB, BPNN_DATA, 40 * MIB},
    {"columns of 16 dense rows, LIBSVM", take_svm_cells, MIB / 2, BPNN_DATA, MIB},
};

static const limit large_limits[] = {
    {"bytes of a record", take_record, 64 * MIB, BPNN_DATA, 256 * MIB},
    {"rows of 1000 bytes, .npy", take_large_npy, 4294968, BPNN_OK, 0},
    {"rows of 1000 bytes, IDX", take_large_idx, 4294968, BPNN_OK, 0},
    {"weights in a model file", take_large_model, (size_t)1 << 30, BPNN_OK, 0},
};

/* Three values; the number of faults. */
static size_t check(const limit *l)
{
    size_t bad = 0;
    for (int above = -1; above <= 1; above++) {
        size_t n = l->most + (size_t)(long)above;
        bool refused = above == 1 && l->refusal != BPNN_OK;
        bpnn_error error = {0};
        long before = watch_alive();
        watch_reset();
        bpnn_status status = l->take(n, &error);
        bool good = status == (refused ? l->refusal : BPNN_OK) && watch_alive() == before &&
                    (!refused || (watch_largest() <= l->block && error.text[0] != '\0'));
        if (!good)
            printf("  %s, %zu: %s \"%s\", %zu bytes at once, %ld blocks left\n", l->what, n, bpnn_status_name(status),
                   error.text, watch_largest(), watch_alive() - before);
        bad += !good;
    }
    return bad;
}

int main(int argc, char **argv)
{
    bool large = argc > 1 && strcmp(argv[1], "large") == 0;
    size_t bad = 0, done = 0;
    if (!watch_begin() || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/file", folder);
    watch_refuse(256 * MIB);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++, done += 3)
        bad += check(&limits[i]);
    watch_refuse(0);
    for (size_t i = 0; large && i < sizeof large_limits / sizeof *large_limits; i++, done += 3)
        bad += check(&large_limits[i]);
    unlink(path);
    rmdir(folder);
    printf("limits: %zu done, %zu bad\n", done, bad);
    return bad > 0;
}
