#include "exchange/drawn.h"
#include "exchange/onnx.h"
#include "exchange/wire.h"
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool import_holds(const unsigned char *data, size_t size)
{
    return fuzz_import("t.onnx", data, size);
}

static size_t mutate(unsigned char *data, size_t size, size_t room, unsigned seed)
{
    bytes changed = edit_field(&(dice){seed}, (bytes){data, size});
    size_t kept = changed.size < room ? changed.size : room;
    memcpy(data, changed.data, kept);
    free(changed.data);
    return kept;
}

static void seeds(void)
{
    dice d = {1};
    void *data;
    bytes file;
    if (!bpnn__onnx_built())
        return;
    for (size_t i = 0; i < 6; i++) {
        bpnn_model *model = drawn_model(&d, (bpnn_task)(1 + i % 3), (bpnn_precision)(i % 2), BPNN_ACT_COUNT);
        if (bpnn__onnx_write(model, &data, &file.size, NULL) != BPNN_OK)
            abort();
        file.data = data;
        fuzz_seed(file.data, file.size);
        bytes stranger = as_stranger(file);
        fuzz_seed(stranger.data, stranger.size);
        free(stranger.data);
        bpnn_release(data);
        bpnn_model_free(model);
    }
}

const fuzz_target fuzz_onnx = {.holds = import_holds, .seeds = seeds, .mutate = mutate};
