/* The state of a trainer as bytes. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, INPUTS = 2, TAIL = 8 };

static bpnn_trainer *new_trainer(const char *method)
{
    static const double x[ROWS * INPUTS] = {0.1, 0.9, -0.3, 0.5, 0.7, -0.2, 0.4, 0.4, -0.8, 0.6, 0.2, -0.1};
    static const double y[ROWS] = {1, 0, 0.5, -1, 0.25, 0};
    const bpnn_layer layers[] = {{.size = 3, .activation = {.kind = BPNN_ACT_TANH}}, {.size = 1}};
    const bpnn_data data = {bpnn_matrix_of(x, ROWS, INPUTS), bpnn_matrix_of(y, ROWS, 1), NULL};
    bpnn_net_options o;
    bpnn_train_options t;
    bpnn_net *net;
    bpnn_trainer *trainer;
    bpnn_net_options_default(&o);
    o.inputs = INPUTS;
    o.layer_count = 2;
    o.layers = layers;
    bpnn_train_options_default(&t);
    t.method = method;
    t.batch = 4;
    t.threads = 1;
    if (bpnn_net_new(&net, &o, NULL) != BPNN_OK || bpnn_trainer_new(&trainer, net, &data, &t, NULL) != BPNN_OK ||
        bpnn_trainer_epoch(trainer, NULL, NULL) != BPNN_OK)
        abort();
    bpnn_net_free(net);
    return trainer;
}

/* What is accepted is what the trainer then saves. */
static bool holds(const unsigned char *bytes, size_t size)
{
    bpnn_trainer *trainer = new_trainer("adam");
    bpnn_error error = {0};
    bpnn_status status = bpnn_trainer_restore(trainer, bytes, size, &error);
    bool good = status == BPNN_OK || ((status == BPNN_MODEL || status == BPNN_USAGE) && error.text[0]);
    if (status == BPNN_OK) {
        void *again = NULL;
        size_t count = 0;
        good = bpnn_trainer_save(trainer, &again, &count, NULL) == BPNN_OK && count == size &&
               memcmp(again, bytes, size) == 0;
        bpnn_release(again);
    }
    good = good && bpnn_trainer_epoch(trainer, NULL, NULL) != BPNN_MEMORY;
    bpnn_trainer_free(trainer);
    return good;
}

/* The hash at the end: FNV-1a of all before it. */
static size_t mend(unsigned char *bytes, size_t size, size_t room)
{
    (void)room;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i + TAIL < size; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    for (size_t i = 0; size >= TAIL && i < TAIL; i++)
        bytes[size - TAIL + i] = (unsigned char)(h >> 8 * i);
    return size;
}

static void seeds(void)
{
    static const char *const methods[] = {"adam", "sgd", "rprop"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        bpnn_trainer *trainer = new_trainer(methods[i]);
        void *bytes;
        size_t size;
        if (bpnn_trainer_save(trainer, &bytes, &size, NULL) != BPNN_OK)
            abort();
        fuzz_seed(bytes, size);
        bpnn_release(bytes);
        bpnn_trainer_free(trainer);
    }
}

const fuzz_target fuzz_state = {.holds = holds, .seeds = seeds, .mend = mend};
