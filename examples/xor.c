/* The smallest whole run: a 2-4-1 network learns exclusive or.
 *   cc xor.c $(pkg-config --cflags --libs bpnn) -o xor && ./xor */
#include <bpnn.h>
#include <stdio.h>

int main(void)
{
    const float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const float targets[4] = {0, 1, 1, 0};

    const bpnn_layer layers[2] = {
        {.size = 4, .activation = {.kind = BPNN_ACT_TANH}},
        {.size = 1, .activation = {.kind = BPNN_ACT_SIGMOID}},
    };
    bpnn_net_options shape;
    bpnn_net_options_default(&shape);
    shape.inputs = 2;
    shape.layer_count = 2;
    shape.layers = layers;
    shape.loss.kind = BPNN_LOSS_BINARY_CROSSENTROPY;

    bpnn_train_options how;
    bpnn_train_options_default(&how);
    how.method = "adam";
    how.rate = 0.05;
    how.batch = 0; /* all four rows in every step */
    how.epochs = 500;

    bpnn_data data = {.inputs = bpnn_matrix_of(&inputs[0][0], 4, 2), .targets = bpnn_matrix_of(targets, 4, 1)};
    bpnn_net *net = NULL;
    bpnn_train_result result;
    bpnn_error error;
    char message[800];
    double y[4];
    if (bpnn_net_new(&net, &shape, &error) != BPNN_OK ||
        bpnn_net_initialise(net, BPNN_INIT_AUTO, 0, 1, NULL, NULL, &error) != BPNN_OK ||
        bpnn_train(net, &data, NULL, &how, &result, &error) != BPNN_OK ||
        bpnn_net_forward(net, data.inputs, y, &error) != BPNN_OK) {
        fprintf(stderr, "xor: %s\n", bpnn_error_message(&error, message, sizeof message));
        bpnn_net_free(net);
        return 1;
    }
    printf("%zu epochs, loss %.5f\n", result.epochs, result.loss);
    for (int r = 0; r < 4; r++)
        printf("%g xor %g = %.0f   (%.4f)\n", (double)inputs[r][0], (double)inputs[r][1], y[r], y[r]);
    bpnn_net_free(net);
    return 0;
}
