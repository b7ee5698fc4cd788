#include "fuzz/fuzz.h"
#include "model/made.h"

#include <stdlib.h>
#include <string.h>

/* What is accepted is written again as the very same bytes. */
static bool holds(const unsigned char *bytes, size_t size)
{
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    bpnn_status status = bpnn_model_read(&model, bytes, size, "t.bpnn", &error);
    bool good = status == BPNN_OK || (!model && status == BPNN_MODEL && error.text[0]);
    if (status == BPNN_OK) {
        void *again = NULL;
        size_t count = 0;
        good = bpnn_model_write(model, &again, &count, NULL) == BPNN_OK && count == size &&
               memcmp(again, bytes, size) == 0;
        bpnn_release(again);
    }
    bpnn_model_free(model);
    return good;
}

/* Where the JSON text that begins at `at` ends: behind its last brace; size: it has no end. */
static size_t json_end(const unsigned char *bytes, size_t at, size_t size)
{
    bool text = false;
    for (size_t depth = 0; at < size; at++) {
        unsigned char c = bytes[at];
        if (text && c == '\\')
            at++;
        else if (c == '"')
            text = !text;
        else if (!text && c == '{')
            depth++;
        else if (!text && c == '}' && --depth == 0)
            return at + 1;
    }
    return size;
}

size_t fuzz_mend_model(unsigned char *bytes, size_t size, size_t room)
{
    if (size < 16)
        return size;
    size_t end = json_end(bytes, 8, size), behind = end;
    while (behind < size && bytes[behind] == ' ')
        behind++;
    size_t padded = (end + 7) / 8 * 8;
    if (bytes[8] == '{' && end < size && size - behind + padded <= room) {
        memmove(bytes + padded, bytes + behind, size - behind);
        memset(bytes + end, ' ', padded - end);
        size = size - behind + padded;
        set_header_size(bytes, padded - 8);
    }
    repair_checksum(bytes, size);
    return size;
}

static void seeds(void)
{
    dice d = {1};
    for (size_t i = 0; i < 8; i++) {
        bpnn_task task = (bpnn_task)(1 + i % 3);
        bpnn_precision precision = (bpnn_precision)(i % 2);
        void *bytes;
        size_t size;
        bpnn_model *model = i < 6 ? made_model(&d, task, precision, 2) : made_ensemble(&d, task, precision, 2, 2);
        if (bpnn_model_write(model, &bytes, &size, NULL) != BPNN_OK)
            abort();
        fuzz_seed(bytes, size);
        bpnn_release(bytes);
        bpnn_model_free(model);
    }
}

const fuzz_target fuzz_model = {.holds = holds, .seeds = seeds, .mend = fuzz_mend_model};
