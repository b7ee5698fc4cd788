/* Peak memory of training: no more than the data, 3 times the parameters (adam 5 times), the rows of a batch at every layer, and
 * 8 MiB. Every case is a process of its own; what it has before it makes the data is taken off. Prints
 *   memory NAME METHOD BATCH THREADS DATA_MB PARAMETERS_MB BATCH_MB LIMIT_MB PEAK_MB
 * and a test's last line. */
#define _GNU_SOURCE /* wait4 */
#include <bpnn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAYERS = 4 };

typedef struct memory_case {
    const char *name;
    size_t depth, size[LAYERS], rows, batch, threads;
    const char *method;
    double copies; /* of the parameters that are allowed */
} memory_case;

static const memory_case cases[] = {
    {"W4", 2, {784, 128, 10}, 8192, 32, 1, "adam", 5},
    {"W4", 2, {784, 128, 10}, 8192, 128, 1, "sgd", 3},
    {"W4", 2, {784, 128, 10}, 8192, 128, 2, "sgd", 3},
    {"W4", 2, {784, 128, 10}, 8192, 0, 1, "adam", 5},
    {"W5", 3, {784, 512, 512, 10}, 4096, 128, 1, "adam", 5},
    {"W5", 3, {784, 512, 512, 10}, 4096, 128, 2, "adam", 5},
    {"W6", 3, {1024, 2048, 2048, 1000}, 1024, 512, 1, "sgd", 3},
    {"W6", 3, {1024, 2048, 2048, 1000}, 1024, 512, 2, "adam", 5},
    {"W7", 3, {20, 64, 64, 1}, 100000, 1024, 1, "adam", 5},
    {"W7", 3, {20, 64, 64, 1}, 100000, 0, 2, "rprop", 5},
};

static void fail(const char *what)
{
    fprintf(stderr, "memory: %s\n", what);
    exit(1);
}

static bpnn_net *make_net(const memory_case *c)
{
    bpnn_net *net;
    bpnn_layer layers[LAYERS];
    bpnn_net_options o;
    bpnn_error error;
    memset(layers, 0, sizeof layers);
    bool classes = c->size[c->depth] > 1;
    for (size_t m = 1; m <= c->depth; m++) {
        layers[m - 1].size = c->size[m];
        layers[m - 1].activation.kind = m < c->depth ? BPNN_ACT_RELU : classes ? BPNN_ACT_SOFTMAX : BPNN_ACT_IDENTITY;
    }
    bpnn_net_options_default(&o);
    o.inputs = c->size[0];
    o.layer_count = c->depth;
    o.layers = layers;
    o.loss.kind = classes ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    if (bpnn_net_new(&net, &o, &error) != BPNN_OK ||
        bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, &error) != BPNN_OK)
        fail(error.text);
    return net;
}

static void train(const memory_case *c)
{
    size_t in = c->size[0];
    float *x = malloc(c->rows * in * sizeof *x), *t = malloc(c->rows * sizeof *t);
    if (!x || !t)
        fail("out of memory");
    for (size_t i = 0; i < c->rows * in; i++)
        x[i] = (float)((i * 2654435761u) % 1000) / 1000;
    for (size_t r = 0; r < c->rows; r++)
        t[r] = (float)(r % c->size[c->depth]);
    bpnn_net *net = make_net(c);
    bpnn_data data = {.inputs = bpnn_matrix_of(x, c->rows, in), .targets = bpnn_matrix_of(t, c->rows, 1)};
    bpnn_train_options o;
    bpnn_error error;
    bpnn_train_options_default(&o);
    o.method = c->method;
    o.rate = 1e-4;
    if (strcmp(c->method, "rprop") == 0)
        o.rate = (double)NAN;
    o.batch = c->batch;
    o.threads = c->threads;
    o.epochs = 2;
    if (bpnn_train(net, &data, NULL, &o, NULL, &error) != BPNN_OK)
        fail(error.text);
    bpnn_net_free(net);
    free(x);
    free(t);
}

/* Peak bytes of a child that trains (NULL: that does nothing). */
static double peak_of(const memory_case *c)
{
    pid_t child = fork();
    if (child == 0) {
        if (c)
            train(c);
        _exit(0);
    }
    int status;
    struct rusage use;
    if (child < 0 || wait4(child, &status, 0, &use) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the training process failed");
    return (double)use.ru_maxrss * 1024;
}

/* e, y and delta of a batch's rows in every layer, and its inputs; a summation group of 1024 rows at most is at work. */
static double batch_bytes(const memory_case *c)
{
    size_t rows = c->batch && c->batch < 1024 ? c->batch : 1024, numbers = c->size[0];
    for (size_t m = 1; m <= c->depth; m++)
        numbers += 3 * c->size[m];
    return (double)(rows * numbers * sizeof(float));
}

int main(void)
{
    size_t done = 0, bad = 0;
    double nothing = peak_of(NULL);
    for (; done < sizeof cases / sizeof *cases; done++) {
        const memory_case *c = &cases[done];
        double weights = 0, data = (double)(c->rows * (c->size[0] + 1) * sizeof(float));
        for (size_t m = 1; m <= c->depth; m++)
            weights += (double)((c->size[m - 1] + 1) * c->size[m] * sizeof(float));
        double limit = data + c->copies * weights + batch_bytes(c) + 8 * 1048576.0, peak = peak_of(c) - nothing;
        printf("memory %s %s %zu %zu %.1f %.1f %.1f %.1f %.1f\n", c->name, c->method, c->batch, c->threads, data * 1e-6,
               weights * 1e-6, batch_bytes(c) * 1e-6, limit * 1e-6, peak * 1e-6);
        fflush(stdout);
        bad += peak > limit;
    }
    printf("peak memory of training: %zu done, %zu bad\n", done, bad);
    return bad != 0;
}
