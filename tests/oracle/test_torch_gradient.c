/* Loss and gradient of every golden net against PyTorch's autograd in float64: <= 1e-12 relative.
 * test_torch_gradient [FILE [LEAST NETS]]: another file of tools/golden_torch.py. */
#include "oracle/golden.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_NETS = 120 };

static double compare(const golden *g, bpnn_precision precision)
{
    static double gradient[DRAW_PARAMETERS];
    const drawn *d = &g->net;
    double loss = (double)NAN;
    bpnn_net *net = draw_library_net(d, precision, 1024);
    bpnn_status status = net ? bpnn_net_gradient(net, bpnn_matrix_of(d->x, d->rows, d->net.n[0]),
                                                 bpnn_matrix_of(d->t, d->rows, d->net.n[d->net.depth]),
                                                 d->weighted ? d->weight : NULL, &loss, gradient, NULL, NULL)
                             : BPNN_USAGE;
    bpnn_net_free(net);
    if (status != BPNN_OK)
        return (double)NAN;
    return larger(distance(g->gradient, gradient, ref_count(&d->net)), distance(&g->loss, &loss, 1));
}

int main(int argc, char **argv)
{
    static golden g;
    size_t done = 0, bad = 0;
    double worst = 0, worst_single = 0;
    size_t least = argc > 2 ? strtoul(argv[2], NULL, 10) : LEAST_NETS;
    golden_event event;
    g.file = fopen(argc > 1 ? argv[1] : BPNN_SOURCE_DIR "/tests/golden/torch.txt", "r");
    if (!g.file)
        return 1;
    while ((event = golden_next(&g)) == GOLDEN_NET || event == GOLDEN_RUN) {
        if (event == GOLDEN_RUN)
            continue;
        double off = compare(&g, BPNN_DOUBLE), single = compare(&g, BPNN_SINGLE);
        bool good = off <= 1e-12 && single <= 2e-3;
        if (!good)
            printf("  net %zu: double %g, single %g\n", g.index, off, single);
        worst = larger(worst, off);
        worst_single = larger(worst_single, single);
        bad += !good;
        done++;
    }
    fclose(g.file);
    printf("worst: double %.2e, single %.2e\n", worst, worst_single);
    bad += event != GOLDEN_END || done < least;
    printf("torch gradient: %zu done, %zu bad\n", done, bad);
    return bad > 0;
}
