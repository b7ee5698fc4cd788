/* A table from a file to a saved model and predictions, with every call that can fail looked at.
 *   cc table.c $(pkg-config --cflags --libs bpnn) -o table && ./table penguins.csv */
#include <bpnn.h>
#include <stdio.h>

static int fail(const bpnn_error *error)
{
    char message[800];
    fprintf(stderr, "table: %s\n", bpnn_error_message(error, message, sizeof message));
    return (int)error->status;
}

static void note(const char *text, bool warning, void *context)
{
    (void)context;
    printf("%s%s\n", warning ? "warning: " : "", text);
}

static int show_predictions(const bpnn_model *model, const bpnn_table *table, bpnn_error *error)
{
    bpnn_prediction prediction;
    if (bpnn_model_predict(model, table, 0, NULL, &prediction, error) != BPNN_OK)
        return fail(error);
    for (size_t r = 0; r < 3 && r < prediction.rows; r++)
        printf("row %zu: %s\n", r + 1, bpnn_model_class_label(model, prediction.label[r]));
    bpnn_prediction_free(&prediction);
    return 0;
}

int main(int argc, char **argv)
{
    bpnn_error error;
    bpnn_table *table = NULL;
    bpnn_model *model = NULL;
    bpnn_table_options reading;
    bpnn_fit_options options;

    bpnn_table_options_default(&reading);
    reading.text = "species"; /* class labels exactly as they are written */
    if (bpnn_table_read(&table, argc > 1 ? argv[1] : "examples/data/penguins.csv", &reading, &error) != BPNN_OK)
        return fail(&error);

    bpnn_fit_options_default(&options);
    options.target = "species";
    options.test_share = 0.2;
    options.message = note;
    bpnn_status status = bpnn_fit(&model, table, &options, &error);
    int code = status == BPNN_OK ? 0 : fail(&error);
    if (code == 0) {
        const bpnn_summary *summary = bpnn_model_summary(model);
        printf("test: %zu rows, accuracy %.3f\n", summary->test->rows, summary->test->accuracy);
        code = show_predictions(model, table, &error);
    }
    bpnn_model_free(model);
    bpnn_table_free(table);
    return code;
}
