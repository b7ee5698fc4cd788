/* Weights after 50 updates of every golden run against PyTorch's optimisers and schedules in float64: <= 1e-10; in
 * single precision 2e-4.
 * test_torch_training [FILE [LEAST RUNS]]: another file of tools/golden_torch.py. */
#include "oracle/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_RUNS = 500 };

static bpnn_train_options options_of(const golden_run *run)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = run->method;
    o.rate = strcmp(run->method, "rprop") == 0 ? (double)NAN : run->rate;
    o.momentum = strcmp(run->method, "sgd") == 0 ? run->momentum : (double)NAN;
    o.settings = run->settings;
    o.setting_count = run->setting_count;
    o.batch = run->batch;
    o.epochs = run->epochs;
    o.shuffle = false;
    o.l1 = run->l1;
    o.l2 = run->l2;
    o.clip = run->clip;
    o.schedule = (bpnn_schedule_kind)bpnn_schedule_find(run->schedule);
    o.schedule_settings = run->schedule_settings;
    o.schedule_setting_count = run->schedule_setting_count;
    o.warmup = run->warmup;
    o.patience = 0;
    o.threads = 1;
    return o;
}

/* Trains; the parameters at the end into w. */
static bpnn_status train(const golden *g, bpnn_net *net, double *w, bpnn_error *error)
{
    const drawn *d = &g->net;
    bpnn_data data = {.inputs = bpnn_matrix_of(d->x, d->rows, d->net.n[0]),
                      .targets = bpnn_matrix_of(d->t, d->rows, d->net.n[d->net.depth]),
                      .row_weights = d->weighted ? d->weight : NULL};
    bpnn_train_options options = options_of(&g->run);
    bpnn_trainer *trainer;
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, error);
    for (size_t epoch = 0; status == BPNN_OK && epoch < g->run.epochs; epoch++)
        status = bpnn_trainer_epoch(trainer, NULL, error);
    if (status == BPNN_OK) {
        bpnn_trainer_get(trainer, net);
        bpnn_net_get_parameters(net, w);
    }
    bpnn_trainer_free(trainer);
    return status;
}

static double compare(const golden *g, bpnn_precision precision)
{
    static double w[DRAW_PARAMETERS];
    bpnn_error error = {0};
    bpnn_net *net = draw_library_net(&g->net, precision, 1024);
    bpnn_status status = net ? train(g, net, w, &error) : BPNN_USAGE;
    bpnn_net_free(net);
    if (status != BPNN_OK) {
        printf("  net %zu, %s: %s\n", g->index, g->run.method, error.text);
        return (double)NAN;
    }
    return distance(g->run.after, w, ref_count(&g->net.net));
}

/* Single precision follows only where no kink, sign or root of a small number amplifies its rounding. */
static bool single_follows(const golden *g)
{
    return ref_is_smooth(&g->net.net) && strcmp(g->run.method, "sgd") == 0 && g->run.l1 == 0;
}

static bool check(const golden *g, double *worst, double *worst_single)
{
    double off = compare(g, BPNN_DOUBLE);
    double single = single_follows(g) ? compare(g, BPNN_SINGLE) : 0;
    bool good = off <= 1e-10 && single <= 2e-4;
    if (!good)
        printf("  net %zu, %s, %s: double %g, single %g\n", g->index, g->run.method, g->run.schedule, off, single);
    *worst = larger(*worst, off);
    *worst_single = larger(*worst_single, single);
    return good;
}

int main(int argc, char **argv)
{
    static golden g;
    size_t done = 0, bad = 0;
    double worst = 0, worst_single = 0;
    size_t least = argc > 2 ? strtoul(argv[2], NULL, 10) : LEAST_RUNS;
    golden_event event;
    g.file = fopen(argc > 1 ? argv[1] : BPNN_SOURCE_DIR "/tests/golden/torch.txt", "r");
    if (!g.file)
        return 1;
    while ((event = golden_next(&g)) == GOLDEN_NET || event == GOLDEN_RUN)
        if (event == GOLDEN_RUN) {
            bad += !check(&g, &worst, &worst_single);
            done++;
        }
    fclose(g.file);
    printf("worst: double %.2e, single %.2e\n", worst, worst_single);
    bad += event != GOLDEN_END || done < least;
    printf("torch training: %zu done, %zu bad\n", done, bad);
    return bad > 0;
}
