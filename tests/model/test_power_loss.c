/* The power fails during a save of a model, or of a checkpoint that keeps the one before. The system calls of a save are recorded; for every prefix of them the states that a disk may
 * be in are made up: data that was not synced is lost, zero, cut, or there in parts; so are changes of the directory. What the
 * name then leads to is the old model or the new one, and the new one once the save has returned. That the judge can see a
 * fault is shown by the same record with its syncs left out. test_power_loss [ROUNDS]: random choices a prefix (20). */
#define _GNU_SOURCE
#include "base/file.h"
#include "model/made.h"
#include <bpnn/memory.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPS = 4096, FILES = 8, NAMES = 8, FDS = 256, FILE_ROOM = 1 << 16, PIECE = 300, DIRECTORY = FILES };

typedef enum op_kind { OP_CREATE, OP_WRITE, OP_SYNC, OP_SYNC_DIRECTORY, OP_RENAME, OP_UNLINK } op_kind;

typedef struct op {
    op_kind kind;
    size_t file;     /* create, write, sync */
    size_t name, to; /* create, rename, unlink */
    size_t at, size; /* write: of the file's bytes */
} op;

static struct {
    op ops[OPS];
    size_t count, files, names;
    char name[NAMES][160];
    unsigned char bytes[FILES][FILE_ROOM]; /* all that was ever written */
    size_t size[FILES];
    size_t of_fd[FDS]; /* file, DIRECTORY, or SIZE_MAX */
} record;

static const bpnn__io *real;

static size_t name_index(const char *path)
{
    for (size_t i = 0; i < record.names; i++)
        if (strcmp(record.name[i], path) == 0)
            return i;
    if (record.names == NAMES)
        abort();
    snprintf(record.name[record.names], sizeof *record.name, "%s", path);
    return record.names++;
}

static void note(op o)
{
    if (record.count == OPS)
        abort();
    record.ops[record.count++] = o;
}

static int watch_open(const char *path, int flags, mode_t mode)
{
    int fd = real->open(path, flags, mode);
    if (fd < 0 || fd >= FDS)
        return fd;
    record.of_fd[fd] = SIZE_MAX;
    if (flags & O_DIRECTORY) {
        record.of_fd[fd] = DIRECTORY;
    } else if (flags & O_CREAT) {
        record.of_fd[fd] = record.files;
        note((op){.kind = OP_CREATE, .file = record.files++, .name = name_index(path)});
    }
    return fd;
}

static ssize_t watch_write(int fd, const void *bytes, size_t size)
{
    ssize_t n = real->write(fd, bytes, size < PIECE ? size : PIECE);
    size_t file = record.of_fd[fd];
    if (n <= 0 || file >= FILES)
        return n;
    if (record.size[file] + (size_t)n > FILE_ROOM)
        abort();
    memcpy(record.bytes[file] + record.size[file], bytes, (size_t)n);
    note((op){.kind = OP_WRITE, .file = file, .at = record.size[file], .size = (size_t)n});
    record.size[file] += (size_t)n;
    return n;
}

static int watch_fsync(int fd)
{
    if (record.of_fd[fd] == DIRECTORY)
        note((op){.kind = OP_SYNC_DIRECTORY});
    else if (record.of_fd[fd] < FILES)
        note((op){.kind = OP_SYNC, .file = record.of_fd[fd]});
    return 0;
}

static int watch_rename(const char *from, const char *to)
{
    note((op){.kind = OP_RENAME, .name = name_index(from), .to = name_index(to)});
    return real->rename(from, to);
}

static int watch_unlink(const char *path)
{
    note((op){.kind = OP_UNLINK, .name = name_index(path)});
    return real->unlink(path);
}

/* ---- the disk after the power came back ---- */

typedef enum fate { DROPPED, ZEROED, CUT, MIXED, FATES } fate;

typedef struct platter {
    size_t entry[NAMES]; /* file of a name, SIZE_MAX = none */
    unsigned char bytes[FILES][FILE_ROOM];
    size_t size[FILES];
} platter;

/* Number of the last sync of `file` (DIRECTORY: of the directory) among the first n operations, counted from 1. */
static size_t synced(const op *ops, size_t n, size_t file)
{
    size_t last = 0;
    for (size_t i = 0; i < n; i++)
        if (file == DIRECTORY ? ops[i].kind == OP_SYNC_DIRECTORY : ops[i].kind == OP_SYNC && ops[i].file == file)
            last = i + 1;
    return last;
}

/* Whether an operation that was not synced has reached the disk. */
static bool arrived(fate f, size_t i, size_t cut, dice *d)
{
    return f == ZEROED || (f == CUT && i < cut) || (f == MIXED && roll_below(d, 2));
}

static void restore_data(platter *disk, const op *ops, size_t n, fate f, dice *d)
{
    for (size_t file = 0; file < record.files; file++) {
        size_t safe = synced(ops, n, file), cut = safe + roll_below(d, n - safe + 1);
        for (size_t i = 0; i < n; i++) {
            if (ops[i].kind != OP_WRITE || ops[i].file != file)
                continue;
            bool there = i < safe || (f != ZEROED && arrived(f, i, cut, d));
            if (!there && f != ZEROED && f != MIXED)
                continue;
            if (there)
                memcpy(disk->bytes[file] + ops[i].at, record.bytes[file] + ops[i].at, ops[i].size);
            disk->size[file] = ops[i].at + ops[i].size; /* the size grew, with or without the data */
        }
    }
}

/* The file that a rename moves: the one that was made under the name, whether that entry arrived or not; else the old one. */
static size_t moved(const op *ops, size_t i)
{
    size_t file = FILES;
    for (size_t k = 0; k < i; k++)
        if (ops[k].kind == OP_CREATE && ops[k].name == ops[i].name)
            file = ops[k].file;
    return file;
}

static void restore_directory(platter *disk, const op *ops, size_t n, fate f, dice *d)
{
    size_t safe = synced(ops, n, DIRECTORY), cut = safe + roll_below(d, n - safe + 1);
    for (size_t i = 0; i < n; i++) {
        if (i >= safe && !arrived(f, i, cut, d))
            continue;
        if (ops[i].kind == OP_CREATE)
            disk->entry[ops[i].name] = ops[i].file;
        if (ops[i].kind == OP_UNLINK)
            disk->entry[ops[i].name] = SIZE_MAX;
        if (ops[i].kind == OP_RENAME) {
            disk->entry[ops[i].to] = moved(ops, i);
            disk->entry[ops[i].name] = SIZE_MAX;
        }
    }
}

typedef struct scene {
    const char *path;
    const void *old; /* NULL: there was none */
    size_t old_size;
    const void *new;
    size_t new_size;
    const char *previous; /* a checkpoint: where the old one may be too; else NULL */
} scene;

/* Old or new; new if the save is over. */
static bool whole(const platter *disk, const scene *s, bool over)
{
    size_t file = disk->entry[name_index(s->path)];
    bool is_new =
        file < FILES && disk->size[file] == s->new_size && memcmp(disk->bytes[file], s->new, s->new_size) == 0;
    bool is_old = s->old ? file == FILES : file == SIZE_MAX; /* the old file itself is not written to */
    if (s->previous && s->old && disk->entry[name_index(s->previous)] == FILES)
        is_old = true;
    return is_new || (!over && is_old);
}

static void begin_disk(platter *disk)
{
    for (size_t i = 0; i < NAMES; i++)
        disk->entry[i] = SIZE_MAX;
    for (size_t file = 0; file < record.files; file++) {
        memset(disk->bytes[file], 0, record.size[file]);
        disk->size[file] = 0;
    }
}

/* All prefixes x fates of data x fates of the directory x rounds. Returns the bad ones. */
static size_t judge(const op *ops, size_t count, const scene *s, size_t rounds, dice *d, size_t *done)
{
    static platter now;
    size_t bad = 0;
    for (size_t n = 0; n <= count; n++)
        for (int pair = 0; pair < FATES * FATES; pair++)
            for (size_t round = 0; round < rounds; round++, ++*done) {
                begin_disk(&now);
                now.entry[name_index(s->path)] = s->old ? FILES : SIZE_MAX;
                restore_data(&now, ops, n, (fate)(pair / FATES), d);
                restore_directory(&now, ops, n, (fate)(pair % FATES), d);
                bad += !whole(&now, s, n == count);
            }
    return bad;
}

/* The record without the syncs of one kind has to be found bad. */
static bool sees_missing(op_kind kind, const scene *s, dice *d)
{
    static op fewer[OPS];
    size_t count = 0, done = 0;
    for (size_t i = 0; i < record.count; i++)
        if (record.ops[i].kind != kind)
            fewer[count++] = record.ops[i];
    return count < record.count && judge(fewer, count, s, 4, d, &done) > 0;
}

static size_t run(const bpnn_model *model, const scene *s, size_t rounds, dice *d, size_t *done)
{
    bpnn__io table = *bpnn__io_get();
    memset(&record, 0, sizeof record);
    real = bpnn__io_get();
    table.open = watch_open;
    table.write = watch_write;
    table.fsync = watch_fsync;
    table.rename = watch_rename;
    table.unlink = watch_unlink;
    bpnn__io_set(&table);
    bpnn_status status = s->previous ? bpnn__replace_file_keeping(s->path, s->new, s->new_size, NULL)
                                     : bpnn_model_save(model, s->path, NULL);
    bpnn__io_set(NULL);
    size_t bad = status != BPNN_OK || record.count < 6;
    bad += judge(record.ops, record.count, s, rounds, d, done);
    bad += !sees_missing(OP_SYNC, s, d);
    bad += !sees_missing(OP_SYNC_DIRECTORY, s, d);
    *done += 2;
    return bad;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20, done = 0, bad = 0;
    char folder[] = "/tmp/bpnn-power-XXXXXX", path[64], previous[80];
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/m.bpnn", folder);
    snprintf(previous, sizeof previous, "%s.prev", path);
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        bpnn_model *model = made_model(&d, (bpnn_task)task, BPNN_SINGLE, 3);
        void *bytes;
        scene s = {.path = path};
        if (bpnn_model_write(model, &bytes, &s.new_size, NULL) != BPNN_OK)
            return 1;
        s.new = bytes;
        bad += run(model, &s, rounds, &d, &done); /* the first of its name, */
        s.old = "an older model";                 /* then over it */
        bad += run(model, &s, rounds, &d, &done);
        unlink(path);
        s.previous = previous;
        s.old = NULL;
        bad += run(model, &s, rounds, &d, &done); /* the same of checkpoints */
        s.old = "an older checkpoint";
        bad += run(model, &s, rounds, &d, &done);
        unlink(path);
        unlink(previous);
        bpnn_release(bytes);
        bpnn_model_free(model);
    }
    rmdir(folder);
    printf("power loss (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, done, bad);
    return bad > 0;
}
