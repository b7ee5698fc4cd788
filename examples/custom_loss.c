/* A training loop of your own with a loss of your own: fits y = 2 x + 1 under noise with outliers by the Cauchy loss
 *   l(y, t) = log(1 + (y - t)^2),   dl/dy = 2 (y - t) / (1 + (y - t)^2),
 * taking the gradient from the library and doing the update here.
 *   cc custom_loss.c $(pkg-config --cflags --libs bpnn) -lm -o custom_loss && ./custom_loss */
#include <bpnn.h>
#include <math.h>
#include <stdio.h>

enum { ROWS = 64, PARAMETERS = 2, STEPS = 2000 };

static double cauchy(double y, double t, void *context)
{
    (void)context;
    return log1p((y - t) * (y - t));
}

static double cauchy_slope(double y, double t, void *context)
{
    (void)context;
    return 2 * (y - t) / (1 + (y - t) * (y - t));
}

/* A line, a little noise, and every eighth point far off. */
static void make_data(double *x, double *t)
{
    for (int r = 0; r < ROWS; r++) {
        x[r] = -1 + 2.0 * r / (ROWS - 1);
        t[r] = 2 * x[r] + 1 + 0.05 * sin(37.0 * r) + (r % 8 == 0 ? 20 : 0);
    }
}

static int fail(const bpnn_error *error)
{
    char message[800];
    fprintf(stderr, "custom_loss: %s\n", bpnn_error_message(error, message, sizeof message));
    return 1;
}

int main(void)
{
    double x[ROWS], t[ROWS], w[PARAMETERS], gradient[PARAMETERS], loss = 0;
    make_data(x, t);
    const bpnn_layer line = {.size = 1, .activation = {.kind = BPNN_ACT_IDENTITY}};
    bpnn_net_options shape;
    bpnn_net_options_default(&shape);
    shape.inputs = 1;
    shape.layer_count = 1;
    shape.layers = &line;
    shape.precision = BPNN_DOUBLE;
    shape.loss = (bpnn_loss){.kind = BPNN_LOSS_USER, .value = cauchy, .derivative = cauchy_slope};

    bpnn_net *net = NULL;
    bpnn_error error;
    if (bpnn_net_new(&net, &shape, &error) != BPNN_OK || bpnn_net_check_user(net, 100, 5, &error) != BPNN_OK)
        return fail(&error);
    for (int step = 0; step < STEPS; step++) {
        if (bpnn_net_gradient(net, bpnn_matrix_of(x, ROWS, 1), bpnn_matrix_of(t, ROWS, 1), NULL, &loss, gradient, NULL,
                              &error) != BPNN_OK)
            return fail(&error);
        bpnn_net_get_parameters(net, w);
        for (int i = 0; i < PARAMETERS; i++)
            w[i] -= 0.2 * gradient[i]; /* the update is yours */
        bpnn_net_set_parameters(net, w);
    }
    printf("y = %.2f x + %.2f, loss %.4f\n", w[0], w[1], loss);
    bpnn_net_free(net);
    return 0;
}
