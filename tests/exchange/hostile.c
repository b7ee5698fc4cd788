#include "exchange/hostile.h"
#include "base/watch.h"

#include <stdlib.h>
#include <string.h>

bool holds(reader read, bytes file, size_t *accepted)
{
    bpnn_model *model;
    bpnn_error error = {0};
    unsigned char *exact = malloc(file.size ? file.size : 1); /* so that reading past it is seen */
    if (file.size > 0)
        memcpy(exact, file.data, file.size);
    watch_reset();
    bpnn_status status = read(&model, exact, file.size, "made", &error);
    free(exact);
    bool good = watch_largest() <= ((size_t)64 << 20) + 2 * file.size;
    if (status == BPNN_OK) {
        good = good && made_is_whole(model);
        ++*accepted;
    } else {
        good = good && status == BPNN_MODEL && error.text[0] && !model;
    }
    bpnn_model_free(model);
    return good;
}

bytes spliced(bytes file, size_t at, size_t removed, const void *added, size_t count)
{
    bytes out = {malloc(file.size - removed + count + 1), file.size - removed + count};
    memcpy(out.data, file.data, at);
    if (count > 0)
        memcpy(out.data + at, added, count);
    memcpy(out.data + at + count, file.data + at + removed, file.size - at - removed);
    return out;
}

bytes spoil(dice *d, bytes file, bytes other)
{
    static const unsigned char ends[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t at = roll_below(d, file.size), length = 1 + roll_below(d, 64), from = roll_below(d, other.size);
    size_t removed = roll_below(d, 2) ? 0 : length;
    bytes out;
    switch (roll_below(d, 5)) {
    case 0:
        return spliced(file, at, file.size - at, NULL, 0);
    case 1:
        removed = removed > file.size - at ? file.size - at : removed;
        length = length > other.size - from ? other.size - from : length;
        return spliced(file, at, removed, other.data + from, length);
    case 2:
        return spliced(file, file.size, 0, other.data + from, other.size - from);
    default:
        out = spliced(file, at, 0, NULL, 0);
        for (size_t i = 1 + roll_below(d, 8); i > 0; i--)
            out.data[roll_below(d, out.size)] =
                roll_below(d, 2) ? (unsigned char)roll(d) : ends[roll_below(d, sizeof ends)];
        return out;
    }
}
