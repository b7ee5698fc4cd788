#include "fuzz/fuzz.h"
#include "model/runs.h"

#include <stdlib.h>
#include <string.h>

/* What is accepted is written again as the very same bytes. */
static bool holds(const unsigned char *bytes, size_t size)
{
    bpnn_checkpoint *checkpoint = NULL;
    bpnn_error error = {0};
    bpnn_status status = bpnn_checkpoint_read(&checkpoint, bytes, size, "t.checkpoint", &error);
    bool good = status == BPNN_OK || (!checkpoint && status == BPNN_MODEL && error.text[0]);
    if (status == BPNN_OK) {
        void *again = NULL;
        size_t count = 0;
        good = bpnn_checkpoint_write(checkpoint, &again, &count, NULL) == BPNN_OK && count == size &&
               memcmp(again, bytes, size) == 0;
        bpnn_release(again);
    }
    bpnn_checkpoint_free(checkpoint);
    return good;
}

static void seeds(void)
{
    const char *folder = getenv("TMPDIR");
    for (size_t i = 0; i < 6; i++) {
        void *bytes;
        size_t size;
        if (!made_checkpoint(i, 3, folder ? folder : "/tmp", &bytes, &size))
            abort();
        fuzz_seed(bytes, size);
        bpnn_release(bytes);
    }
}

const fuzz_target fuzz_checkpoint = {.holds = holds, .seeds = seeds, .mend = fuzz_mend_model};
