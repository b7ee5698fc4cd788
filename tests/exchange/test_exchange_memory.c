/* The n-th allocation of an import or export fails, n = 1, 2, .. until none does (exports: fewer and fewer behind the 50th): once, and
 * from then on. The answer is "out of memory" or success, nothing is lost, nothing crashes. */
#include "base/watch.h"
#include "exchange/archive.h"
#include "exchange/drawn.h"
#include "exchange/graph.h"
#include <bpnn/exchange.h>
#include <bpnn/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One operation: an import of the file, or without bytes an export of the model. */
typedef struct operation {
    const char *name; /* of the file, or of the format */
    bytes file;
    const bpnn_model *model;
} operation;

static bpnn_status perform(const operation *o, bpnn_error *error)
{
    void *made = NULL;
    size_t size;
    bpnn_model *model = NULL;
    bpnn_status status = o->file.data ? bpnn_model_import_memory(&model, o->file.data, o->file.size, o->name, error)
                                      : bpnn_model_export_memory(o->model, (bpnn_format)bpnn_format_find(o->name), NULL,
                                                                 &made, &size, error);
    bpnn_model_free(model);
    bpnn_release(made);
    return status;
}

/* True: no allocation failed, the sweep is through. */
static bool try(const operation *o, size_t n, bool persistent, size_t *bad)
{
    bpnn_error error = {0};
    long before = watch_alive();
    watch_fail(n, persistent);
    bpnn_status status = perform(o, &error);
    bool failed = watch_failed();
    watch_fail(0, false);
    bool good = watch_alive() == before && (status == BPNN_OK || (failed && status == BPNN_MEMORY && error.text[0]));
    if (!good) {
        printf("%s %s: allocation %zu%s: status %d (%s), %ld blocks lost\n", o->file.data ? "import" : "export",
               o->name, n, persistent ? " on" : "", (int)status, error.text, watch_alive() - before);
        ++*bad;
    }
    return !failed;
}

static size_t sweep(const operation *o, size_t *bad)
{
    size_t done = 0;
    for (int persistent = 0; persistent < 2; persistent++)
        for (size_t n = 1;; n += o->file.data ? 1 : 1 + n / 50, done++)
            if (try(o, n, persistent, bad))
                break;
    return done;
}

static size_t imports(const bpnn_model *ours, size_t *bad)
{
    bytes onnx = {0};
    void *data;
    size_t done = 0;
    if (bpnn_model_export_memory(ours, BPNN_FORMAT_ONNX, NULL, &data, &onnx.size, NULL) != BPNN_OK)
        abort();
    onnx.data = data;
    const operation list[] = {
        {"a.npz",
         archive_file(
             "coefs_0 f8 2,3 1 2 3 4 5 6; intercepts_0 f8 3 1 2 3; *coefs_1 f8 3,2 1 2 3 4 5 6; activation U4 . relu;"
             "out_activation U8 . softmax; input_mean f8 2 1 2; input_scale f8 2 1 2; classes U3 2 no yes;"),
         NULL},
        {"b.npz",
         archive_file("coefs_0 f4 1,2 1 2; activations U8 1 identity; target_mean f8 2 1 2; target_scale f8 2 1 2; "
                      "classes i8 2 1 2;"),
         NULL},
        {"a.onnx",
         graph_file(13, "x", "m f 2 1 2; W f 2x2 1; b f 2 1 2; n s 2 no yes;",
                    "Sub x m > a; Gemm a W b > h; Softmax h > p; ai.onnx.ml:ArrayFeatureExtractor n k > l"),
         NULL},
        {"b.onnx",
         graph_file(
             13, "x", "W d 2x2 1; b d 2 1 2; c d . 2; l f . -1; u f . 1; r f . 1.41421354; e f . 1; f f . 0.5;",
             "MatMul x W > h; Add h b > a; Mul a c > i; Div i r > d; Erf d > g; Add g e > s; Mul i s > p; Mul p f > j;"
             "MatMul j W > k; Clip k l u > q; Mul q c > y"),
         NULL},
        {"a.net",
         {(unsigned char *)strdup(
              "FANN_FLO_2.1\nnum_layers=2\nnetwork_type=0\nlayer_sizes=2 2 \nscale_included=1\nscale_mean_in=10 \n"
              "scale_deviation_in=2 \nscale_new_min_in=-1 \nscale_factor_in=1 \nscale_mean_out=0 \n"
              "scale_deviation_out=7 \nscale_new_min_out=-1 \nscale_factor_out=1 \n"
              "neurons (num_inputs, activation_function, activation_steepness)=(0, 0, 0.0) (0, 0, 0.0) (2, 0, 1.0) "
              "(0, 0, 0.0) \nconnections (connected_to_neuron, weight)=(0, 3.0) (1, 5.0) \n"),
          0},
         NULL},
        {"ours.onnx", onnx, NULL},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        operation o = list[i];
        bpnn_error error = {0};
        if (strstr(o.name, ".net"))
            o.file.size = strlen((const char *)o.file.data);
        if (perform(&o, &error) != BPNN_OK) {
            printf("%s: %s\n", o.name, error.text);
            ++*bad;
        }
        done += sweep(&o, bad);
        if (o.file.data == onnx.data)
            bpnn_release(o.file.data);
        else
            free(o.file.data);
    }
    return done;
}

int main(void)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t done = 0, bad = 0;
    if (!watch_begin())
        return 1;
    for (int task = 1; task <= 3; task++) {
        bpnn_model *model = drawn_model(&d, (bpnn_task)task, task == 2 ? BPNN_SINGLE : BPNN_DOUBLE, BPNN_ACT_TANH);
        for (size_t i = 0; bpnn_format_at(i).name; i++)
            if (perform(&(operation){bpnn_format_at(i).name, {0}, model}, NULL) ==
                BPNN_OK) /* some formats refuse some models */
                done += sweep(&(operation){bpnn_format_at(i).name, {0}, model}, &bad);
        if (task == 3)
            done += imports(model, &bad);
        bpnn_model_free(model);
    }
    printf("failing allocations of imports and exports (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed,
           done, bad);
    return bad != 0;
}
