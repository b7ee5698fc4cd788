/* A process that trains with a checkpoint after every epoch is killed: at every system call of its saves, before and behind it, and at
 * random moments. What is on the disk then loads, is at most one epoch behind, and leads to the model of the run never
 * killed; what the dead writer left goes with the next save. test_kill [RANDOM KILLS] */
#define _GNU_SOURCE
#include "base/file.h"
#include "model/made.h"
#include "model/runs.h"
#include <bpnn/memory.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 200, RUNS = 13 };

static char folder[] = "/tmp/bpnn-kill-XXXXXX";
static char path[64];

/* What the child tells its parent. */
static volatile struct shared {
    size_t epoch;     /* done, as on_epoch was told */
    size_t calls, at; /* system calls of saves so far; which one kills; 0 = none */
    bool behind;      /* after it instead of before */
    bool saving;      /* inside a save */
} * shared;

static void *images[RUNS];
static size_t sizes[RUNS];

/* ---- the child ---- */

static const bpnn__io *real;

static void strike(bool behind)
{
    if (!behind)
        shared->calls++;
    if (shared->calls == shared->at && shared->behind == behind)
        kill(getpid(), SIGKILL);
}

static int kill_open(const char *name, int flags, mode_t mode)
{
    shared->saving = true;
    strike(false);
    int fd = real->open(name, flags, mode);
    strike(true);
    return fd;
}

static ssize_t kill_write(int fd, const void *bytes, size_t size)
{
    strike(false);
    ssize_t n = real->write(fd, bytes, size < 900 ? size : 900);
    strike(true);
    return n;
}

static int kill_fsync(int fd)
{
    strike(false); /* the page cache outlives the process */
    strike(true);
    return fd < 0;
}

static int kill_close(int fd)
{
    strike(false);
    int code = real->close(fd);
    strike(true);
    shared->saving = false; /* of the file, and at last of the folder */
    return code;
}

static int kill_rename(const char *from, const char *to)
{
    shared->saving = true;
    strike(false);
    int code = real->rename(from, to);
    strike(true);
    return code;
}

static int kill_unlink(const char *name)
{
    shared->saving = true;
    strike(false);
    int code = real->unlink(name);
    strike(true);
    return code;
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    (void)context;
    shared->epoch = progress->epoch;
    return true;
}

static void train_in_child(size_t number)
{
    made_run run;
    bpnn_model *model;
    bpnn__io table = *bpnn__io_get();
    made_run_new(&run, number);
    run.options.train.on_epoch = on_epoch;
    run.options.checkpoint_epochs = 1;
    real = bpnn__io_get();
    table.open = kill_open;
    table.write = kill_write;
    table.fsync = kill_fsync;
    table.close = kill_close;
    table.rename = kill_rename;
    table.unlink = kill_unlink;
    bpnn__io_set(&table);
    _exit(made_run_fit(&run, path, NULL, 0, &model, NULL) == BPNN_OK ? 0 : 1);
}

/* ---- the parent ---- */

/* Entries of the folder; they are removed. */
static size_t clear(void)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            count++;
            unlinkat(dirfd(d), e->d_name, 0);
        }
    if (d)
        closedir(d);
    return count;
}

/* The undisturbed run's model as bytes. */
static bool make_image(size_t number)
{
    made_run run;
    bpnn_model *model = NULL;
    made_run_new(&run, number);
    bool good = made_run_fit(&run, NULL, NULL, 0, &model, NULL) == BPNN_OK &&
                bpnn_model_write(model, &images[number], &sizes[number], NULL) == BPNN_OK;
    bpnn_model_free(model);
    made_run_free(&run);
    return good;
}

/* Goes on from what is there, to the same bytes. */
static bool survives(size_t number)
{
    made_run run;
    bpnn_model *model = NULL;
    bpnn_checkpoint *from = NULL;
    void *bytes = NULL;
    size_t size = 0;
    bpnn_error error = {0};
    bpnn_status status = bpnn_checkpoint_load(&from, path, NULL, NULL, &error);
    bool none = status == BPNN_IO && shared->epoch <= 1; /* killed before the first was whole */
    bool good = none || (status == BPNN_OK && bpnn_checkpoint_where(from).epochs + 1 >= shared->epoch);
    made_run_new(&run, number);
    run.options.checkpoint_epochs = 1;
    good = good && made_run_fit(&run, path, from, 0, &model, &error) == BPNN_OK &&
           bpnn_model_write(model, &bytes, &size, &error) == BPNN_OK && size == sizes[number] &&
           memcmp(bytes, images[number], size) == 0;
    if (!good)
        printf("  run %zu, call %zu%s, epoch %zu: %s\n", number, shared->at, shared->behind ? " behind" : "",
               shared->epoch, error.text);
    bpnn_release(bytes);
    bpnn_model_free(model);
    bpnn_checkpoint_free(from);
    made_run_free(&run);
    return good;
}

/* Kills a child after `wait` nanoseconds (0: it kills itself). *killed: it did not come to its end. */
static bool one_kill(size_t number, long wait, bool *killed, bool *inside)
{
    int code;
    *killed = *inside = false;
    shared->epoch = shared->calls = 0;
    shared->saving = false;
    pid_t child = fork();
    if (child == 0)
        train_in_child(number);
    if (wait > 0) {
        nanosleep(&(struct timespec){.tv_nsec = wait}, NULL);
        kill(child, SIGKILL);
    }
    if (waitpid(child, &code, 0) != child)
        return false;
    *killed = WIFSIGNALED(code);
    *inside = *killed && shared->saving;
    bool good = *killed || (WIFEXITED(code) && WEXITSTATUS(code) == 0);
    good = good && survives(number);
    size_t left = clear();
    if (left > 2)
        printf("  run %zu, call %zu: %zu files are left\n", number, shared->at, left);
    return good && left <= 2;
}

static size_t every_call(size_t number, size_t *done)
{
    size_t bad = 0;
    for (int behind = 0; behind < 2; behind++) {
        bool killed = true, inside;
        for (shared->at = 1, shared->behind = behind; killed; shared->at++, ++*done)
            bad += !one_kill(number, 0, &killed, &inside);
    }
    return bad;
}

/* How long a child takes that nobody kills, in nanoseconds. */
static long length_of(size_t number)
{
    struct timespec begin, end;
    bool killed, inside;
    shared->at = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    one_kill(number, 0, &killed, &inside);
    clock_gettime(CLOCK_MONOTONIC, &end);
    long length = (end.tv_sec - begin.tv_sec) * 1000000000L + end.tv_nsec - begin.tv_nsec;
    return length < 100000000L ? length : 100000000L;
}

static size_t at_random(size_t kills, dice *d, size_t *inside_saves)
{
    long length[RUNS];
    size_t bad = 0, done = 0, tries = 0;
    for (size_t k = 0; k < RUNS; k++)
        length[k] = length_of(k);
    while (done < kills && tries++ < 20 * kills) {
        bool killed, inside;
        size_t number = roll_below(d, RUNS);
        bad += !one_kill(number, 1 + (long)roll_below(d, (size_t)length[number]), &killed, &inside);
        done += killed;
        *inside_saves += inside;
    }
    return bad + (done < kills);
}

int main(int argc, char **argv)
{
    size_t kills = argc > 1 ? strtoul(argv[1], NULL, 10) : KILLS, swept = 0, bad = 0, inside = 0;
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/c", folder);
    for (size_t k = 0; k < RUNS; k++)
        if (!make_image(k))
            return 1;
    for (size_t k = 0; k < (argc > 1 ? RUNS : 3); k++)
        bad += every_call(4 * k % RUNS, &swept);
    size_t random = at_random(kills, &d, &inside);
    rmdir(folder);
    for (size_t k = 0; k < RUNS; k++)
        bpnn_release(images[k]);
    printf("killed at every call of a save: %zu done, %zu bad\n", swept, bad);
    printf("killed at random (seed %llu, %zu inside a save): %zu done, %zu bad\n", (unsigned long long)seed, inside,
           kills, random);
    return bad + random > 0;
}
