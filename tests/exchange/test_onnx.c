/* ONNX there and back: the model of import(export(m)) has the bytes of m; export is the same every time; what was edited is
 * refused. test_onnx [MODELS] */
#include "base/memory.h"
#include "exchange/drawn.h"
#include "exchange/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 300 };

typedef struct bytes {
    void *data;
    size_t size;
} bytes;

static bool same(bytes a, bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bpnn_model *draw(dice *d, size_t i)
{
    bpnn_task task = (bpnn_task)(1 + i % 3);
    bpnn_precision precision = (bpnn_precision)(i / 3 % 2);
    bpnn_activation_kind hidden = (bpnn_activation_kind)(i % BPNN_ACT_COUNT);
    if (i % 4 == 0) /* names that writers get wrong */
        return made_model(d, task, precision, 6);
    return drawn_model(d, task, precision, hidden < BPNN_ACT_SOFTMAX ? hidden : BPNN_ACT_COUNT);
}

/* One byte of the graph's numbers changed: no longer what export writes. */
static bool refuses_edits(dice *d, bytes file)
{
    unsigned char *copy = malloc(file.size);
    bpnn_model *model;
    bpnn_error error = {0};
    memcpy(copy, file.data, file.size);
    copy[roll_below(d, file.size)] ^= (unsigned char)(1u << roll_below(d, 8));
    bpnn_status status = bpnn__onnx_read(&model, copy, file.size, "edited", &error);
    bpnn_model_free(model);
    free(copy);
    return status == BPNN_MODEL && error.text[0];
}

static bool comes_back(dice *d, const bpnn_model *model)
{
    bytes own, there, again = {0}, back = {0};
    bpnn_model *read = NULL;
    bpnn_error error = {0};
    bool good = bpnn_model_write(model, &own.data, &own.size, &error) == BPNN_OK &&
                bpnn__onnx_write(model, &there.data, &there.size, &error) == BPNN_OK &&
                bpnn__onnx_read(&read, there.data, there.size, "there", &error) == BPNN_OK &&
                bpnn_model_write(read, &back.data, &back.size, &error) == BPNN_OK &&
                bpnn__onnx_write(read, &again.data, &again.size, &error) == BPNN_OK;
    if (!good)
        printf("  %s\n", error.text);
    good = good && same(own, back) && same(there, again);
    for (int i = 0; good && i < 4; i++)
        good = refuses_edits(d, there);
    bpnn_release(own.data);
    bpnn__free(there.data);
    bpnn__free(again.data);
    bpnn_release(back.data);
    bpnn_model_free(read);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t models = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : MODELS, bad = 0;
    for (size_t i = 0; i < models; i++) {
        bpnn_model *model = draw(&d, i);
        if (!comes_back(&d, model)) {
            printf("model %zu of seed %llu\n", i, (unsigned long long)seed);
            bad++;
        }
        bpnn_model_free(model);
    }
    printf("import(export(m)) = m in ONNX (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, models, bad);
    return bad != 0;
}
