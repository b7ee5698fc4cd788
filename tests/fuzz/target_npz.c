#include "exchange/drawn.h"
#include "exchange/plain.h"
#include "fuzz/fuzz.h"

#include <string.h>
#include <zlib.h>

static bool holds(const unsigned char *bytes, size_t size)
{
    return fuzz_import("t.npz", bytes, size);
}

static size_t get(const unsigned char *at, int count)
{
    size_t x = 0;
    for (int i = 0; i < count; i++)
        x |= (size_t)at[i] << 8 * i;
    return x;
}

static void put(unsigned char *at, size_t x)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(x >> 8 * i);
}

/* The CRC-32 of every entry of the directory whose bytes are stored, not deflated. */
static size_t mend(unsigned char *bytes, size_t size, size_t room)
{
    (void)room;
    for (size_t at = 0; at + 46 <= size; at++) {
        if (get(bytes + at, 4) != 0x02014b50 || get(bytes + at + 10, 2) != 0)
            continue;
        size_t local = get(bytes + at + 42, 4), count = get(bytes + at + 24, 4);
        if (local + 30 > size)
            continue;
        size_t from = local + 30 + get(bytes + local + 26, 2) + get(bytes + local + 28, 2);
        if (from <= size && count <= size - from)
            put(bytes + at + 16, (size_t)crc32_z(0, bytes + from, count));
    }
    return size;
}

static void seeds(void)
{
    dice d = {1};
    for (size_t i = 0; i < 6; i++) {
        bpnn_export_options options;
        bpnn__text text = {0};
        bpnn_export_options_default(&options);
        bpnn_model *model = drawn_model(&d, (bpnn_task)(1 + i % 3), BPNN_DOUBLE, i % 2 ? BPNN_ACT_TANH : BPNN_ACT_RELU);
        if (bpnn__export_npz(&text, model, &options, NULL) == BPNN_OK) /* what scikit-learn has not is refused */
            fuzz_seed(text.data, text.size);
        bpnn__text_free(&text);
        bpnn_model_free(model);
    }
}

const fuzz_target fuzz_npz = {.holds = holds, .seeds = seeds, .mend = mend};
