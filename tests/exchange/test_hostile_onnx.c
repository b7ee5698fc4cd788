/* Malformed ONNX files: bytes as in hostile.c; fields of the wire format with other lengths, numbers and places, with the lengths of
 * what holds them put right; our own, and chains as others write them. test_hostile_onnx [CASES] */
#include "base/memory.h"
#include "base/watch.h"
#include "exchange/drawn.h"
#include "exchange/hostile.h"
#include "exchange/onnx.h"
#include "exchange/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 2000, FILES = 12 };

/* ---- files to begin with ---- */

static bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    bytes out = {malloc(1 << 20), 0};
    if (file) {
        out.size = fread(out.data, 1, 1 << 20, file);
        fclose(file);
    }
    return out;
}

static bytes make_file(dice *d, size_t i)
{
    bpnn_model *model = drawn_model(d, (bpnn_task)(1 + i % 3), (bpnn_precision)(i % 2), BPNN_ACT_COUNT);
    void *data;
    bytes file;
    if (bpnn__onnx_write(model, &data, &file.size, NULL) != BPNN_OK)
        abort();
    file.data = malloc(file.size);
    memcpy(file.data, data, file.size);
    bpnn__free(data);
    bpnn_model_free(model);
    if (i % 4 == 3) {
        bytes stranger = as_stranger(file);
        free(file.data);
        return stranger;
    }
    return file;
}

int main(int argc, char **argv)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t cases = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : CASES, bad = 0, accepted = 0;
    bytes files[FILES];
    if (!watch_begin())
        return 1;
    for (size_t i = 0; i < FILES; i++)
        files[i] = i < FILES / 2 ? make_file(&d, i) : read_file(BPNN_SOURCE_DIR "/tests/golden/torch.onnx");
    for (size_t i = 0; i < cases; i++) {
        bytes origin = files[roll_below(&d, FILES)];
        bytes file = roll_below(&d, 3) ? edit_field(&d, origin) : spoil(&d, origin, files[roll_below(&d, FILES)]);
        if (!holds(bpnn__onnx_read, file, &accepted)) {
            printf("case %zu of seed %llu\n", i, (unsigned long long)seed);
            bad++;
        }
        free(file.data);
    }
    for (size_t i = 0; i < FILES; i++)
        free(files[i].data);
    printf("malformed ONNX files (seed %llu, %zu accepted): %zu done, %zu bad\n", (unsigned long long)seed, accepted,
           cases, bad);
    return bad != 0;
}
