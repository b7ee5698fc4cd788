/* libfann on a file of numbers, or a file of libfann.
 *   fann_run run NET ROWS                  text of rows -> text of outputs, scaled where the file has scaling
 *   fann_run make NET FUNCTION OUTPUT SCALE    a 3-5-4-2 net of these activations, drawn with a seed made of them; SCALE 1: with scaling */
#include <doublefann.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(const char *path, const char *rows)
{
    struct fann *net = fann_create_from_file(path);
    FILE *file = fopen(rows, "r");
    double x[64];
    if (!net || !file)
        return 1;
    unsigned inputs = fann_get_num_input(net), outputs = fann_get_num_output(net), n = 0;
    while (inputs <= 64 && fscanf(file, "%lf%*[, \n]", &x[n]) == 1) {
        if (++n < inputs)
            continue;
        n = 0;
        if (net->scale_mean_in)
            fann_scale_input(net, x);
        double *y = fann_run(net, x);
        if (net->scale_mean_in)
            fann_descale_output(net, y);
        for (unsigned i = 0; i < outputs; i++)
            printf(i + 1 < outputs ? "%.17g," : "%.17g\n", y[i]);
    }
    fclose(file);
    fann_destroy(net);
    return 0;
}

static int make(const char *path, int hidden, int output, int scale)
{
    struct fann *net = fann_create_standard(4, 3, 5, 4, 2);
    struct fann_train_data *data = fann_create_train(4, 3, 2);
    for (int r = 0; r < 4; r++) {
        for (int i = 0; i < 3; i++)
            data->input[r][i] = r * (i + 1) - 1.5;
        for (int i = 0; i < 2; i++)
            data->output[r][i] = 3 * r + i * r * r;
    }
    srand(1 + (unsigned)(hidden * 100 + output * 10 + scale)); /* FANN's own seed is the time of day */
    fann_randomize_weights(net, -1, 1);
    fann_set_activation_function_hidden(net, (enum fann_activationfunc_enum)hidden);
    fann_set_activation_function_output(net, (enum fann_activationfunc_enum)output);
    fann_set_activation_steepness_layer(net, 0.75, 1);
    if (scale)
        fann_set_scaling_params(net, data, -1, 1, -0.5f, 0.5f);
    int failed = fann_save(net, path);
    fann_destroy(net);
    fann_destroy_train(data);
    return failed != 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "run") == 0)
        return run(argv[2], argv[3]);
    if (argc == 6 && strcmp(argv[1], "make") == 0)
        return make(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    return 2;
}
