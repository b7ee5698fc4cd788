/* The n-th system call of a kind fails, n = 1, 2, .. until none does: once and from then on, with every error a file system
 * gives, and short reads and writes. Saving: the old file or the new one whole, nothing left beside it (of checkpoints one of them
 * loads). Reading: the right
 * answer or an error that names the file and the reason. test_io_faults [PIECES]: reads and writes are cut into pieces of so many
 * sizes (2). */
#include "base/faulty.h"
#include "base/file.h"
#include "model/made.h"
#include "model/runs.h"
#include "model/samples.h"
#include <bpnn/memory.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int numbers[] = {ENOSPC, EIO, EDQUOT, EINTR, EACCES, 0};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static char folder[] = "/tmp/bpnn-faults-XXXXXX";
static bpnn_model *models[2]; /* the old one and the new one */
static void *images[2];
static size_t sizes[2];

typedef struct tally {
    size_t done, bad;
} tally;

static const char *in_folder(const char *name)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof *path, "%s/%s", folder, name);
    return path[turn];
}

static size_t entries(const char *directory)
{
    size_t count = 0;
    DIR *d = opendir(directory);
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count - 2;
}

static size_t descriptors(void)
{
    return entries("/proc/self/fd");
}

static bool holds(const char *path, const void *bytes, size_t size)
{
    static unsigned char found[1 << 16];
    FILE *f = fopen(path, "rb");
    size_t got = f ? fread(found, 1, sizeof found, f) : 0;
    if (f)
        fclose(f);
    return f && got == size && memcmp(found, bytes, size) == 0;
}

static void put(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
        abort();
}

/* The error names the file (or, for the folder's sync, its folder) and says why. */
static bool told(const bpnn_error *error, const char *path, int number)
{
    return error->status == BPNN_IO && strncmp(error->file, path, strlen(error->file)) == 0 && error->file[0] &&
           strstr(error->text, strerror(number ? number : EIO));
}

static void judge(tally *all, bool good, const char *what, const faulty_plan *p, const bpnn_error *error)
{
    all->done++;
    all->bad += !good;
    if (!good)
        printf("  %s: %s %zu, %s%s, pieces of %zu: status %d, %s: %s\n", what, faulty_names[p->call], p->at,
               p->number ? strerror(p->number) : "short", p->persistent ? ", on" : "", p->piece, (int)error->status,
               error->file, error->text);
}

/* ---- saving ---- */

typedef enum ground { OVER, FRESH, THROUGH_LINK, GROUNDS } ground;
static const char *const grounds[] = {"save over an old model", "save a first model", "save through a link"};

static void prepare(ground g)
{
    unlink(in_folder("m.bpnn"));
    unlink(in_folder("link.bpnn"));
    if (g != FRESH)
        put(in_folder("m.bpnn"), images[0], sizes[0]);
    if (g == THROUGH_LINK && symlink("m.bpnn", in_folder("link.bpnn")) != 0)
        abort();
}

static bool saved_well(const faulty_plan *p, ground g, bpnn_status status, const bpnn_error *error, size_t before)
{
    const char *path = in_folder("m.bpnn");
    struct stat about;
    bool is_new = holds(path, images[1], sizes[1]);
    bool is_old = g == FRESH ? access(path, F_OK) != 0 : holds(path, images[0], sizes[0]);
    bool clean = entries(folder) == (size_t)(g == THROUGH_LINK) + (g != FRESH || is_new);
    bool linked = g != THROUGH_LINK || (lstat(in_folder("link.bpnn"), &about) == 0 && S_ISLNK(about.st_mode));
    if (p->call == FAULTY_UNLINK)
        clean = true; /* what cannot be removed stays */
    if (!clean || !linked || descriptors() != before)
        return false;
    if (status == BPNN_OK)
        return is_new;
    /* only the sync of the folder comes after the rename */
    bool late = is_new && (p->call == FAULTY_OPEN || p->call == FAULTY_FSYNC);
    return (is_old || late) && told(error, g == THROUGH_LINK ? in_folder("link.bpnn") : path, p->number);
}

static bool save_once(faulty_plan *p, ground g, tally *all)
{
    bpnn_error error = {0};
    prepare(g);
    size_t before = descriptors();
    const char *path = in_folder(g == THROUGH_LINK ? "link.bpnn" : "m.bpnn");
    faulty_begin(p);
    bpnn_status status = bpnn_model_save(models[1], path, &error);
    bool met = faulty_end();
    bool good = saved_well(p, g, status, &error, before);
    faulty_begin(&(faulty_plan){0}); /* and the next save is a good one that clears up */
    good = good && bpnn_model_save(models[1], in_folder("m.bpnn"), NULL) == BPNN_OK;
    faulty_end();
    good = good && holds(in_folder("m.bpnn"), images[1], sizes[1]) && entries(folder) == 1u + (g == THROUGH_LINK);
    judge(all, good, grounds[g], p, &error);
    return met;
}

/* ---- reading ---- */

/* The model's file and every table's. */
static bool read_once(faulty_plan *p, const sample *s, uint64_t expected, tally *all)
{
    bpnn_error error = {0};
    bpnn_table *table = NULL;
    bpnn_model *model = NULL;
    const char *path = in_folder(s ? s->name : "m.bpnn");
    size_t before = descriptors();
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = s ? s->format : NULL;
    faulty_begin(p);
    bpnn_status status = s ? bpnn_table_read(&table, path, &o, &error) : bpnn_model_load(&model, path, &error);
    bool met = faulty_end(), good = descriptors() == before;
    if (status == BPNN_OK && s) {
        good = good && sample_hash(table) == expected;
    } else if (status == BPNN_OK) {
        void *bytes = NULL;
        size_t size = 0;
        good = good && bpnn_model_write(model, &bytes, &size, NULL) == BPNN_OK && size == sizes[0] &&
               memcmp(bytes, images[0], size) == 0;
        bpnn_release(bytes);
    } else {
        good = good && !table && !model && told(&error, path, p->number) && p->number != 0;
    }
    bpnn_table_free(table);
    bpnn_model_free(model);
    judge(all, good, s ? s->name : "load", p, &error);
    return met;
}

static uint64_t hash_of(const sample *s)
{
    bpnn_table *table;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = s->format;
    if (bpnn_table_read_memory(&table, s->bytes, s->size, NULL, &o, NULL) != BPNN_OK)
        abort();
    uint64_t h = sample_hash(table);
    bpnn_table_free(table);
    return h;
}

/* ---- sweeps ---- */

static void sweep_saves(size_t piece, tally *all)
{
    static const faulty_call calls[] = {FAULTY_OPEN,  FAULTY_WRITE,  FAULTY_FSYNC,
                                        FAULTY_CLOSE, FAULTY_RENAME, FAULTY_UNLINK};
    for (int g = 0; g < GROUNDS; g++)
        for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
            for (size_t i = 0; i < 2 * NUMBERS; i++) {
                faulty_plan p = {calls[c], 0, numbers[i / 2], i % 2, piece};
                do
                    p.at++;
                while (save_once(&p, (ground)g, all));
            }
}

static void sweep_reads(const sample *s, size_t piece, tally *all)
{
    static const faulty_call calls[] = {FAULTY_OPEN, FAULTY_READ, FAULTY_CLOSE, FAULTY_FSTAT};
    uint64_t expected = s ? hash_of(s) : 0;
    if (s)
        put(in_folder(s->name), s->bytes, s->size);
    else
        put(in_folder("m.bpnn"), images[0], sizes[0]);
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t i = 0; i < 2 * NUMBERS; i++) {
            faulty_plan p = {calls[c], 0, numbers[i / 2], i % 2, piece};
            do
                p.at++;
            while (read_once(&p, s, expected, all));
        }
    unlink(in_folder(s ? s->name : "m.bpnn"));
}

/* ---- checkpoints ---- */

static void *points[2]; /* the old one and the new one */
static size_t point_sizes[2];

/* Which of the two loads: 0, 1, or -1. */
static int loads(void)
{
    bpnn_checkpoint *c = NULL;
    void *bytes = NULL;
    size_t size = 0;
    int which = -1;
    if (bpnn_checkpoint_load(&c, in_folder("c"), NULL, NULL, NULL) == BPNN_OK &&
        bpnn_checkpoint_write(c, &bytes, &size, NULL) == BPNN_OK)
        for (int i = 0; i < 2; i++)
            if (size == point_sizes[i] && memcmp(bytes, points[i], size) == 0)
                which = i;
    bpnn_release(bytes);
    bpnn_checkpoint_free(c);
    return which;
}

static bool keep_once(faulty_plan *p, tally *all)
{
    bpnn_error error = {0};
    unlink(in_folder("c.prev"));
    put(in_folder("c"), points[0], point_sizes[0]);
    size_t before = descriptors();
    faulty_begin(p);
    bpnn_status status = bpnn__replace_file_keeping(in_folder("c"), points[1], point_sizes[1], &error);
    bool met = faulty_end();
    int which = loads();
    bool good = descriptors() == before && (which == 1 || (which == 0 && status != BPNN_OK));
    if (status == BPNN_OK)
        good = good && holds(in_folder("c.prev"), points[0], point_sizes[0]);
    else
        good = good && told(&error, in_folder("c"), p->number);
    if (p->call != FAULTY_UNLINK)
        good = good && entries(folder) <= 2;
    faulty_begin(&(faulty_plan){0}); /* the next one is good */
    good = good && bpnn__replace_file_keeping(in_folder("c"), points[1], point_sizes[1], NULL) == BPNN_OK;
    faulty_end();
    good = good && loads() == 1 && entries(folder) == 2;
    judge(all, good, "keep a checkpoint", p, &error);
    return met;
}

static void sweep_checkpoints(size_t piece, tally *all)
{
    static const faulty_call calls[] = {FAULTY_OPEN,  FAULTY_WRITE,  FAULTY_FSYNC,
                                        FAULTY_CLOSE, FAULTY_RENAME, FAULTY_UNLINK};
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t i = 0; i < 2 * NUMBERS; i++) {
            faulty_plan p = {calls[c], 0, numbers[i / 2], i % 2, piece};
            do
                p.at++;
            while (keep_once(&p, all));
        }
    unlink(in_folder("c"));
    unlink(in_folder("c.prev"));
}

/* The whole run: a checkpoint that cannot be written ends nothing. */
static bool train_once(faulty_plan *p, const void *expected, size_t size, tally *all)
{
    made_run run;
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    void *bytes = NULL;
    size_t written = 0;
    char path[64];
    snprintf(path, sizeof path, "%s/c", folder);
    made_run_new(&run, 0);
    run.options.checkpoint_epochs = 1;
    faulty_begin(p);
    bpnn_status status = made_run_fit(&run, path, NULL, 0, &model, &error);
    bool met = faulty_end();
    bool good = status == BPNN_OK && bpnn_model_write(model, &bytes, &written, NULL) == BPNN_OK && written == size &&
                memcmp(bytes, expected, size) == 0;
    judge(all, good, "train with checkpoints", p, &error);
    bpnn_release(bytes);
    bpnn_model_free(model);
    made_run_free(&run);
    return met;
}

static void sweep_training(tally *all)
{
    static const faulty_call calls[] = {FAULTY_OPEN, FAULTY_WRITE, FAULTY_FSYNC, FAULTY_CLOSE, FAULTY_RENAME};
    made_run run;
    bpnn_model *model = NULL;
    void *bytes = NULL;
    size_t size = 0;
    made_run_new(&run, 0);
    if (made_run_fit(&run, NULL, NULL, 0, &model, NULL) != BPNN_OK ||
        bpnn_model_write(model, &bytes, &size, NULL) != BPNN_OK)
        abort();
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t i = 0; i < 2; i++) {
            faulty_plan p = {calls[c], 0, ENOSPC, i, 0};
            do
                p.at++;
            while (train_once(&p, bytes, size, all));
        }
    bpnn_release(bytes);
    bpnn_model_free(model);
    made_run_free(&run);
    unlink(in_folder("c"));
    unlink(in_folder("c.prev"));
}

/* The temporary file of a killed writer goes at the next save; that of a living one stays. */
static void leftovers(tally *all)
{
    char dead[80], living[80];
    bpnn_error error = {0};
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    snprintf(dead, sizeof dead, ".m.bpnn.bpnn-%d.tmp", (int)child);
    snprintf(living, sizeof living, ".m.bpnn.bpnn-%d.tmp", (int)getppid());
    prepare(OVER);
    put(in_folder(dead), "half", 4);
    put(in_folder(living), "half", 4);
    bpnn_status status = bpnn_model_save(models[1], in_folder("m.bpnn"), &error);
    bool good = status == BPNN_OK && access(in_folder(dead), F_OK) != 0 && access(in_folder(living), F_OK) == 0;
    judge(all, good, "leftovers", &(faulty_plan){0}, &error);
    unlink(in_folder(living));
    unlink(in_folder("m.bpnn"));
}

static bool set_up(uint64_t seed)
{
    dice d = {seed};
    for (int i = 0; i < 2; i++) {
        models[i] = made_model(&d, BPNN_TASK_REGRESSION, BPNN_DOUBLE, 4);
        if (bpnn_model_write(models[i], &images[i], &sizes[i], NULL) != BPNN_OK)
            return false;
    }
    return mkdtemp(folder) != NULL;
}

int main(int argc, char **argv)
{
    size_t pieces = argc > 1 ? strtoul(argv[1], NULL, 10) : 2;
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    tally saves = {0}, reads = {0}, kept = {0};
    if (!set_up(seed) || !made_checkpoint(0, 3, folder, &points[0], &point_sizes[0]) ||
        !made_checkpoint(0, 12, folder, &points[1], &point_sizes[1]))
        return 1;
    for (size_t i = 0; i < pieces; i++) {
        size_t piece = i == 0 ? 0 : 200 + roll_below(&d, 1000);
        sweep_saves(piece, &saves);
        unlink(in_folder("m.bpnn"));
        unlink(in_folder("link.bpnn"));
        sweep_checkpoints(piece, &kept);
        sweep_reads(NULL, piece, &reads);
        for (size_t s = 0; sample_at(s); s++)
            sweep_reads(sample_at(s), piece, &reads);
    }
    sweep_training(&kept);
    leftovers(&saves);
    rmdir(folder);
    for (int i = 0; i < 2; i++) {
        bpnn_release(images[i]);
        bpnn_release(points[i]);
        bpnn_model_free(models[i]);
    }
    printf("failing calls while saving (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, saves.done,
           saves.bad);
    printf("failing calls while reading: %zu done, %zu bad\n", reads.done, reads.bad);
    printf("failing calls while keeping checkpoints: %zu done, %zu bad\n", kept.done, kept.bad);
    return saves.bad + reads.bad + kept.bad > 0;
}
