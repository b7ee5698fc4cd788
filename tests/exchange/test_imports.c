/* FANN files with one place changed, and which importer a file finds: what is taken predicts what it says, everything else is refused in words. */
#include "exchange/plain.h"
#include "model/made.h"
#include <bpnn/exchange.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static size_t done, bad;

static void count(bool good, const char *what, const bpnn_error *error)
{
    done++;
    if (good)
        return;
    bad++;
    printf("%s: status %d, %s\n", what, (int)error->status, error->text);
}

/* ---- FANN ---- */

/* 2 inputs, 1 unit: 3 x1 + 4 x2 + 5 */
static const char net[] = "FANN_FLO_2.1\nnum_layers=2\nnetwork_type=0\nlayer_sizes=3 2 \nscale_included=0\n"
                          "neurons (num_inputs, activation_function, activation_steepness)=(0, 0, 0.0) (0, 0, 0.0) (0, "
                          "0, 0.0) (3, 0, 1.0) (0, 0, 0.0) \n"
                          "connections (connected_to_neuron, weight)=(0, 3.0) (1, 4.0) (2, 5.0) \n";

/* The inputs become (x - 10) / 2, the output 7 y. */
#define SCALED                                                                                                         \
    "scale_included=1\nscale_mean_in=10 10 \nscale_deviation_in=2 2 \nscale_new_min_in=-1 -1 \nscale_factor_in=1 1 "   \
    "\nscale_mean_out=0 \n"                                                                                            \
    "scale_deviation_out=7 \nscale_new_min_out=-1 \nscale_factor_out=1 \n"

/* y: for 1, 2 */
typedef struct edit {
    const char *from, *to, *refused;
    double y;
} edit;

static const edit edits[] = {
    {"", "", NULL, 16},
    {"FLO_2.1", "FLO_2.0", NULL, 16},
    {"FLO_2.1", "FLO_1.0", "no file of FANN 2", 0},
    {"FLO_2.1", "FIX_2.1", "no file of FANN 2", 0},
    {"num_layers=", "num_lazers=", "'num_layers=' is not there", 0},
    {"num_layers=2", "num_layers=1", "a number of layers that cannot be", 0},
    {"num_layers=2", "num_layers=1025", "a number of layers that cannot be", 0},
    {"num_layers=2", "num_layers=", "expected a count", 0},
    {"num_layers=2", "num_layers=-2", "expected a count", 0},
    {"num_layers=2", "num_layers=4294967298", "expected a count", 0},
    {"network_type=0", "network_type=1", "a shortcut network", 0},
    {"network_type=0", "network_tipe=0", "'network_type=' is not there", 0},
    {"network_type=0", "network_type=x", "expected a count", 0},
    {"layer_sizes=3 2 ", "layer_sizes=3 1 ", "a layer without units", 0},
    {"layer_sizes=3 2 ", "layer_sizes=3,2 ", "expected a blank", 0},
    {"layer_sizes=3 2 ", "layer_sizes=3 x ", "expected a count", 0},
    {"layer_sizes=3 2 ", "layer_zises=3 2 ", "'layer_sizes=' is not there", 0},
    {"layer_sizes=3 2 ", "layer_sizes=3 2000 ", "shorter than its counts say", 0},
    {"layer_sizes=3 2 ", "layer_sizes=2 3 ", "", 0},
    {"scale_included=0\n", SCALED, NULL, 7 * (3 * -4.5 + 4 * -4.0 + 5)},
    {"scale_included=0", "scale_inclosed=0", "'scale_included=' is not there", 0},
    {"scale_included=0", "scale_included=x", "expected a count", 0},
    {"scale_included=0\n", "scale_included=1\nscale_mean_in=10 10 \n", "'scale_deviation_in=' is not there", 0},
    {"scale_included=0\n", "scale_included=1\nscale_mean_in=10,10 \n", "expected a blank", 0},
    {"scale_included=0\n", "scale_included=1\nscale_mean_in=10 nan \n", "expected a finite number", 0},
    {"scale_included=0\n", "scale_included=1\nscale_mean_in=10 1e999 \n", "expected a finite number", 0},
    {"neurons (", "nurons (", "is not there", 0},
    {"=(0, 0, 0.0)", "=[0, 0, 0.0)", "expected a neuron", 0},
    {"=(0, 0, 0.0)", "=(0; 0, 0.0)", "expected a neuron", 0},
    {"=(0, 0, 0.0)", "=(0, 0; 0.0)", "expected a neuron", 0},
    {"=(0, 0, 0.0)", "=(0, 0, 0.0]", "expected a neuron", 0},
    {"=(0, 0, 0.0)", "=(0, 0, x)", "expected a finite number", 0},
    {"=(0, 0, 0.0)", "=(x, 0, 0.0)", "expected a count", 0},
    {"=(0, 0, 0.0)", "=(0, x, 0.0)", "expected a count", 0},
    {"=(0, 0, 0.0)", "=(1, 0, 0.0)", "an input neuron with inputs", 0},
    {"(3, 0, 1.0) (0,", "(3, 0, 1.0) (1,", "a bias neuron with inputs", 0},
    {"(3, 0, 1.0)", "(3, 4, 1.0)", "FANN_SIGMOID is 3", 0},
    {"(3, 0, 1.0)", "(3, 6, 1.0)", "FANN_SIGMOID_SYMMETRIC is 5", 0},
    {"(3, 0, 1.0)", "(3, 99, 1.0)", "FANN's activation 99 is not known", 0},
    {"(3, 0, 1.0)", "(3, 0, 0.5)", NULL, 8},
    {"(3, 0, 1.0)", "(2, 0, 1.0)", NULL, 11},
    {"(3, 0, 1.0)", "(4, 0, 1.0)", "expected a connection", 0},
    {"(3, 0, 1.0)", "(999, 0, 1.0)", "shorter than its counts say", 0},
    {"layer_sizes=3 2 ", "layer_sizes=3 3 ", "expected a neuron", 0},
    {"connections (", "conections (", "is not there", 0},
    {"(1, 4.0)", "(1; 4.0)", "expected a connection", 0},
    {"(1, 4.0)", "[1, 4.0)", "expected a connection", 0},
    {"(1, 4.0)", "(1, 4.0]", "expected a connection", 0},
    {"(1, 4.0)", "(1, inf)", "expected a finite number", 0},
    {"(1, 4.0)", "(x, 4.0)", "expected a count", 0},
    {"(1, 4.0)", "(3, 4.0)", "does not come from the layer before", 0},
    {"(1, 4.0)", "(0, 4.0)", NULL, 12},
    {"(0, 3.0) (1, 4.0) (2, 5.0) ", "(0, 3.0) (1, 4.0)", "expected a connection", 0},
    {"(0, 3.0) (1, 4.0) (2, 5.0) ", "", "shorter than its counts say", 0},
};

static void fann(const edit *e)
{
    static char text[2048];
    const char *at = strstr(net, e->from);
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - net), net, e->to, at + strlen(e->from));
    bpnn_status status = bpnn_model_import_memory(&model, text, strlen(text), "made.net", &error);
    if (e->refused)
        count(status == BPNN_MODEL && !model && strstr(error.text, e->refused), e->to, &error);
    else
        count(status == BPNN_OK && made_is_whole(model) && fabs(made_first_output(model) - e->y) <= 1e-12 * fabs(e->y),
              e->to, &error);
    bpnn_model_free(model);
}

/* A scaling that FANN divides by. */
static void fann_scaling(void)
{
    static const char *const changes[][3] = {{"deviation_in=2 2", "deviation_in=2 0", "scaling of input 2"},
                                             {"factor_in=1 1", "factor_in=-1 1", "scaling of input 1"},
                                             {"deviation_out=7", "deviation_out=0", "scaling of output 1"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char scaled[512];
        const char *at = strstr(SCALED, changes[i][0]);
        snprintf(scaled, sizeof scaled, "%.*s%s%s", (int)(at - SCALED), SCALED, changes[i][1],
                 at + strlen(changes[i][0]));
        fann(&(edit){"scale_included=0\n", scaled, changes[i][2], 0});
    }
}

/* ---- which importer ---- */

static bool write_file(const char *path, const void *bytes, size_t size, bool packed)
{
    gzFile file = gzopen(path, packed ? "wb" : "wbT");
    bool good = file && (size == 0 || gzwrite(file, bytes, (unsigned)size) == (int)size);
    return file && gzclose(file) == Z_OK && good;
}

static void expect(const char *path, bpnn_status wanted, const char *piece)
{
    bpnn_model *model;
    bpnn_error error = {0};
    bpnn_status status = bpnn_model_import(&model, path, &error);
    count(status == wanted && !model == (wanted != BPNN_OK) && strstr(error.text, piece), path, &error);
    bpnn_model_free(model);
}

static void files(void)
{
    char folder[] = "/tmp/bpnn-imports-XXXXXX", path[64];
    bpnn_model *model;
    bpnn_error error = {0};
    if (!mkdtemp(folder))
        exit(2);
    snprintf(path, sizeof path, "%s/a", folder);
    count(write_file(path, net, strlen(net), false), "write", &error);
    expect(path, BPNN_OK, "");
    count(write_file(path, net, strlen(net), true), "pack", &error);
    expect(path, BPNN_OK, "");
    count(write_file(path, "\x1f\x8b\x08 no gzip file", 16, false), "damage", &error);
    expect(path, BPNN_MODEL, "gzip");
    count(write_file(path, "hello", 5, false), "text", &error);
    expect(path, BPNN_MODEL, "in no format that models are imported from (onnx, npz, fann)");
    bpnn_model *again = NULL;
    count(bpnn_model_import_memory(&model, net, strlen(net), "a.net", &error) == BPNN_OK, "a model", &error);
    count(bpnn_model_export(model, BPNN_FORMAT_FANN, NULL, path, &error) == BPNN_OK &&
              bpnn_model_import(&again, path, &error) == BPNN_OK,
          "there and back", &error);
    count(again && made_first_output(again) == made_first_output(model), "the same model", &error);
    count(bpnn_model_export(model, BPNN_FORMAT_COUNT, NULL, path, &error) == BPNN_USAGE &&
              strstr(error.text, "not written in this format"),
          "no format", &error);
    count(bpnn_model_export(model, BPNN_FORMAT_FANN, NULL, folder, &error) == BPNN_IO, "onto a folder", &error);
    count(bpnn_format_find("what") == -1, "no such format", &error);
    bpnn_model_free(again);
    bpnn_model_free(model);
    unlink(path);
    expect(path, BPNN_IO, "cannot open");
    expect(folder, BPNN_IO, "cannot read");
    rmdir(folder);
    count(bpnn_model_import(&model, path, NULL) == BPNN_IO && !model, "no error wanted", &error);
    count(bpnn_model_import_memory(&model, "x", 1, "a.onnx", &error) == BPNN_MODEL &&
              strstr(error.text, "no ONNX model"),
          "suffix", &error);
    count(bpnn_model_import_memory(&model, "x", 1, ".onnx", &error) == BPNN_MODEL && strstr(error.text, "in no format"),
          "a suffix alone", &error);
    count(bpnn_model_import_memory(&model, "", 0, NULL, &error) == BPNN_MODEL && strcmp(error.file, "memory") == 0,
          "memory", &error);
}

int main(void)
{
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        fann(&edits[i]);
    fann_scaling();
    files();
    printf("imports: %zu done, %zu bad\n", done, bad);
    return bad != 0;
}
