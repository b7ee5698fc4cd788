/* Reading tables while the n-th allocation, or the n-th call of the system, fails: once, and from then on. What comes back is a table or
 * a clean error; nothing stays behind. */
#include "base/file.h"
#include "base/memory.h"
#include "table/made_tables.h"
#include "table/plans.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static struct {
    atomic_long count, live, failed;
    long fail_at; /* 0 = never */
    bool persistent;
} faults;

static bool fails(void)
{
    long n = ++faults.count;
    bool now = faults.fail_at && (faults.persistent ? n >= faults.fail_at : n == faults.fail_at);
    faults.failed += now;
    return now;
}

static void arm(long n, bool persistent)
{
    faults.count = faults.failed = 0;
    faults.fail_at = n;
    faults.persistent = persistent;
}

/* ---- memory ---- */

static void *fault_allocate(size_t size, void *context)
{
    (void)context;
    void *memory = fails() ? NULL : malloc(size);
    faults.live += memory != NULL;
    return memory;
}

static void *fault_reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    void *grown = fails() ? NULL : realloc(memory, size);
    faults.live += grown && !memory;
    return grown;
}

static void fault_release(void *memory, void *context)
{
    (void)context;
    faults.live -= memory != NULL;
    free(memory);
}

/* ---- the system: reading, whole and in pieces ---- */

static bpnn__io real;
static bool short_reads;

static int fault_open(const char *path, int flags, mode_t mode)
{
    if (!fails())
        return real.open(path, flags, mode);
    errno = EACCES;
    return -1;
}

static ssize_t fault_read(int fd, void *bytes, size_t size)
{
    if (!fails())
        return real.read(fd, bytes, short_reads && size > 700 ? 700 : size);
    errno = EIO;
    return -1;
}

static int fault_fstat(int fd, struct stat *about)
{
    if (!fails())
        return real.fstat(fd, about);
    errno = EIO;
    return -1;
}

/* ---- files ---- */

typedef struct subject {
    char path[300];
    const char *format;
    bool cached; /* a failure of the cache is none of the reading */
} subject;

static void write_gzip(const char *path, const void *bytes, size_t size)
{
    gzFile file = gzopen(path, "wb");
    gzwrite(file, bytes, (unsigned)size);
    gzclose(file);
}

static void write_plain(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    fwrite(bytes, 1, size, file);
    fclose(file);
}

/* Text columns, a text far down, long numbers, missing cells, quotes: every way of the reader. */
static void write_csv(subject *s, const char *folder)
{
    char *text = malloc(1 << 16), *at = text;
    at += sprintf(at, "a,b,c,d\n");
    for (int i = 0; i < 500; i++)
        at += sprintf(at, "%d,%s,\"w%d\"\"\n\",%s\n", i, i % 3 ? "0.5" : "0.1234567890123", i % 9,
                      i == 450 ? "x"
                      : i % 2  ? ""
                               : "7");
    snprintf(s->path, sizeof s->path, "%s/bpnn_faults_%ld.csv", folder, (long)getpid());
    s->format = "csv";
    write_plain(s->path, text, (size_t)(at - text));
    free(text);
}

static size_t write_all(subject *subjects)
{
    static const char *const formats[] = {"csv", "idx", "npy", "libsvm"};
    const char *folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    size_t count = 0;
    write_csv(&subjects[count++], folder);
    for (size_t f = 0; f < 4; f++) {
        made_file made[MADE_FILES];
        size_t n = made_files(formats[f], made);
        subject *s = &subjects[count++];
        snprintf(s->path, sizeof s->path, "%s/bpnn_faults_%ld.%s%s", folder, (long)getpid(), formats[f],
                 f % 2 ? "" : ".gz");
        s->format = formats[f];
        (f % 2 ? write_plain : write_gzip)(s->path, made[0].bytes, made[0].size);
        made_files_free(made, n);
    }
    subjects[count] = subjects[0];
    subjects[count++].cached = true;
    return count;
}

/* ---- the sweep ---- */

static size_t done, bad;

static bool read_once(const subject *s, size_t threads, bpnn_status wanted, bpnn_error *error)
{
    bpnn_table *table = NULL;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = s->format;
    o.threads = threads;
    o.text = "b";
    o.cache = s->cached ? "" : NULL;
    long live = faults.live;
    *error = (bpnn_error){0};
    bpnn__source source = {.path = s->path, .chunk = 600};
    bpnn_status status = strcmp(s->format, "csv") == 0 && !s->cached ? bpnn__read_csv(&table, &source, &o, error)
                                                                     : bpnn_table_read(&table, s->path, &o, error);
    bool good = status == BPNN_OK ? table != NULL : status == wanted && faults.failed > 0 && error->text[0];
    bpnn_table_free(table);
    return good && faults.live == live;
}

/* Until a reading meets no fault. */
static void sweep(const subject *s, size_t threads, bool persistent, bpnn_status wanted)
{
    for (long n = 1;; n++) {
        bpnn_error error;
        arm(n, persistent);
        bool good = read_once(s, threads, wanted, &error);
        long failed = faults.failed;
        arm(0, false);
        done++;
        bad += !good;
        if (!good)
            printf("%s, %zu threads, fault %ld%s: '%s'\n", s->path, threads, n, persistent ? " on" : "", error.text);
        if (failed == 0)
            return;
    }
}

static void sweep_all(const subject *subjects, size_t count, bpnn_status wanted)
{
    for (size_t i = 0; i < count; i++)
        for (size_t threads = 1; threads <= 3; threads += 2)
            for (int persistent = 0; persistent < 2; persistent++)
                sweep(&subjects[i], threads, persistent, wanted);
}

int main(void)
{
    subject subjects[8] = {{{0}, NULL, false}};
    size_t count = write_all(subjects);
    bpnn_allocator allocator = {fault_allocate, fault_reallocate, fault_release, NULL};
    if (bpnn_set_allocator(&allocator, NULL) != BPNN_OK)
        return 1;
    sweep_all(subjects, count, BPNN_MEMORY);
    bpnn_set_allocator(NULL, NULL);
    printf("tables under failing memory: %zu done, %zu bad\n", done, bad);
    size_t bad_memory = bad;
    done = bad = 0;
    real = *bpnn__io_get();
    bpnn__io faulty = real;
    faulty.open = fault_open;
    faulty.read = fault_read;
    faulty.fstat = fault_fstat;
    bpnn__io_set(&faulty);
    for (int pass = 0; pass < 2; pass++) {
        short_reads = pass;
        sweep_all(subjects, count, BPNN_IO);
    }
    bpnn__io_set(NULL);
    printf("tables under failing files: %zu done, %zu bad\n", done, bad);
    for (size_t i = 0; i < count; i++) {
        char cache[320];
        snprintf(cache, sizeof cache, "%.299s.bpnncache", subjects[i].path);
        unlink(cache);
        unlink(subjects[i].path);
    }
    return bad_memory + bad != 0;
}
