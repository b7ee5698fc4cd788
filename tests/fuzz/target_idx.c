/* IDX files: one, or a pair "images,labels". A pair is 'P', the size of the first in two bytes, the first, the second. */
#include "base/file.h"
#include "fuzz/fuzz.h"
#include "table/made_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST = 1000, PAIR = 2 };

/* The two files of a pair, as the system would have them. */
static struct {
    const unsigned char *bytes;
    size_t size, at;
} files[PAIR];

static int pair_open(const char *path, int flags, mode_t mode)
{
    (void)flags;
    (void)mode;
    int i = strcmp(path, "labels") == 0;
    files[i].at = 0;
    return FIRST + i;
}

static ssize_t pair_read(int fd, void *bytes, size_t size)
{
    size_t i = (size_t)(fd - FIRST), rest = files[i].size - files[i].at;
    size = size < rest ? size : rest;
    if (size > 0)
        memcpy(bytes, files[i].bytes + files[i].at, size);
    files[i].at += size;
    return (ssize_t)size;
}

static int pair_close(int fd)
{
    (void)fd;
    return 0;
}

static int pair_fstat(int fd, struct stat *status)
{
    memset(status, 0, sizeof *status);
    status->st_mode = S_IFREG;
    status->st_size = (off_t)files[fd - FIRST].size;
    return 0;
}

static bool pair_holds(const unsigned char *bytes, size_t size)
{
    size_t first = (size_t)bytes[1] | (size_t)bytes[2] << 8;
    bpnn__io io = *bpnn__io_get();
    bpnn_table *table = NULL;
    bpnn_table_options o;
    bpnn_error error = {0};
    first = first < size - 3 ? first : size - 3;
    files[0].bytes = bytes + 3;
    files[0].size = first;
    files[1].bytes = bytes + 3 + first;
    files[1].size = size - 3 - first;
    io.open = pair_open;
    io.read = pair_read;
    io.close = pair_close;
    io.fstat = pair_fstat;
    bpnn_table_options_default(&o);
    o.format = "idx";
    bpnn__io_set(&io);
    bpnn_status status = bpnn_table_read(&table, "images,labels", &o, &error);
    bpnn__io_set(NULL);
    return fuzz_table_looked_at(status, table, &error);
}

static bool holds(const unsigned char *bytes, size_t size)
{
    return size > 3 && bytes[0] == 'P' ? pair_holds(bytes, size) : fuzz_table("idx", bytes, size);
}

static void seeds(void)
{
    made_file made[MADE_FILES];
    size_t count = made_files("idx", made);
    fuzz_table_seeds("idx");
    for (size_t i = 0; i < count; i++) {
        static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 2};
        unsigned char *pair = malloc(3 + made[i].size + sizeof labels);
        pair[0] = 'P';
        pair[1] = (unsigned char)made[i].size;
        pair[2] = (unsigned char)(made[i].size >> 8);
        memcpy(pair + 3, made[i].bytes, made[i].size);
        memcpy(pair + 3 + made[i].size, labels, sizeof labels);
        pair[3 + made[i].size + 7] = made[i].size > 8 ? made[i].bytes[7] : 0; /* as many labels as items */
        fuzz_seed(pair, 3 + made[i].size + sizeof labels);
        free(pair);
    }
    made_files_free(made, count);
}

const fuzz_target fuzz_idx = {.holds = holds, .seeds = seeds, .packed = true};
