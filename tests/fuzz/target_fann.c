#include "exchange/drawn.h"
#include "exchange/plain.h"
#include "fuzz/fuzz.h"

static bool holds(const unsigned char *bytes, size_t size)
{
    return fuzz_import("t.net", bytes, size);
}

static void seeds(void)
{
    static const bpnn_activation_kind kinds[] = {BPNN_ACT_TANH, BPNN_ACT_SIGMOID, BPNN_ACT_ELLIOT, BPNN_ACT_SIN};
    dice d = {1};
    for (size_t i = 0; i < 24; i++) {
        bpnn_export_options options;
        bpnn__text text = {0};
        bpnn_export_options_default(&options);
        bpnn_model *model = drawn_model(&d, BPNN_TASK_REGRESSION, BPNN_DOUBLE, kinds[i % 4]);
        if (bpnn__export_fann(&text, model, &options, NULL) == BPNN_OK) /* an output that FANN has not is refused */
            fuzz_seed(text.data, text.size);
        bpnn__text_free(&text);
        bpnn_model_free(model);
    }
}

const fuzz_target fuzz_fann = {.holds = holds, .seeds = seeds};
