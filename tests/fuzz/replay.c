/* Replays files through the fuzz targets without a fuzzer.
 *   replay_corpus TARGET|all FOLDER    the target's own seeds, and every file of FOLDER/TARGET
 *   replay_corpus --seeds TARGET FOLDER    writes the seeds as files */
#include "base/watch.h"
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 1024 };

static const struct {
    const char *name;
    const fuzz_target *target;
} targets[] = {
#define FUZZ_X(name) {#name, &fuzz_##name},
    FUZZ_TARGETS(FUZZ_X)
#undef FUZZ_X
};

enum { TARGETS = sizeof targets / sizeof *targets };

static const fuzz_target *target_now;
static const char *folder_now; /* where seeds are written; NULL: they are tried */
static size_t done, bad, seeds;

/* A copy of exactly its size, so that reading past the end is seen. */
static void try_bytes(const void *bytes, size_t size, const char *what)
{
    unsigned char *exact = malloc(size ? size : 1);
    if (size > 0)
        memcpy(exact, bytes, size);
    bool good = fuzz_holds(target_now, exact, size);
    free(exact);
    done++;
    bad += !good;
    if (!good)
        printf("  bad: %s\n", what);
}

void fuzz_seed(const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/seed-%02zu", folder_now ? folder_now : "", seeds++);
    if (!folder_now) {
        try_bytes(bytes, size, path);
        return;
    }
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    done++;
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    unsigned char *bytes = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (!bytes || fseek(file, 0, SEEK_SET) != 0 || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        bad++;
    } else {
        try_bytes(bytes, (size_t)size, path);
    }
    free(bytes);
    if (file)
        fclose(file);
}

static void replay(size_t index, const char *corpus)
{
    char folder[PATH_SIZE], path[2 * PATH_SIZE];
    target_now = targets[index].target;
    done = bad = seeds = 0;
    target_now->seeds();
    snprintf(folder, sizeof folder, "%s/%s", corpus, targets[index].name);
    DIR *files = opendir(folder);
    for (const struct dirent *e; files && (e = readdir(files));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            replay_file(path);
    }
    if (files)
        closedir(files);
    printf("corpus of %s: %zu done, %zu bad\n", targets[index].name, done, bad);
}

static int write_seeds(const char *name, const char *folder)
{
    folder_now = folder;
    for (size_t i = 0; i < TARGETS; i++)
        if (strcmp(name, targets[i].name) == 0)
            targets[i].target->seeds();
    return done == 0;
}

int main(int argc, char **argv)
{
    if (argc < 3 || !watch_begin())
        return 2;
    if (argc == 4 && strcmp(argv[1], "--seeds") == 0)
        return write_seeds(argv[2], argv[3]);
    size_t known = 0, all_bad = 0;
    for (size_t i = 0; i < TARGETS; i++) {
        if (strcmp(argv[1], "all") != 0 && strcmp(argv[1], targets[i].name) != 0)
            continue;
        replay(i, argv[2]);
        known++;
        all_bad += bad;
    }
    return known == 0 ? 2 : all_bad != 0;
}
