/* Fits a small model to a table and writes it, the table's raw cells and the predictions, for safetensors_check.py:
 * write_model MODEL TABLE PREDICTIONS TASK */
#include <bpnn.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 120 };

static void write_table(FILE *file, int task)
{
    fprintf(file, "a,b,c,y\n");
    for (int r = 0; r < ROWS; r++) {
        int a = r * 7 % 31, b = r * 5 % 23;
        fprintf(file, "%d.5,", a);
        if (r % 9)
            fprintf(file, "%d,", b);
        else
            fprintf(file, "NA,");
        fprintf(file, "%s,", r % 3 == 0 ? "red" : r % 3 == 1 ? "blue" : "green");
        if (task == BPNN_TASK_REGRESSION)
            fprintf(file, "%d.25\n", 3 * a - b);
        else
            fprintf(file, "%s\n",
                    task == BPNN_TASK_BINARY ? (a > 15 ? "yes" : "no")
                    : a < 10                 ? "p"
                    : a < 20                 ? "q"
                                             : "r");
    }
}

static int fit_and_write(char **argv, int task, bpnn_error *error)
{
    bpnn_table *table;
    bpnn_model *model;
    bpnn_prediction p;
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "6:tanh,4:relu";
    o.bias = task == BPNN_TASK_BINARY ? BPNN_BIAS_SHARED : BPNN_BIAS_NEURON;
    o.precision = BPNN_DOUBLE;
    o.train.epochs = 20;
    o.train.threads = 1;
    if (bpnn_table_read(&table, argv[2], NULL, error) || bpnn_fit(&model, table, &o, error) ||
        bpnn_model_save(model, argv[1], error) || bpnn_model_predict(model, table, 1, NULL, &p, error))
        return 1;
    FILE *out = fopen(argv[3], "w");
    for (size_t i = 0; out && i < p.rows * p.columns; i++)
        fprintf(out, "%.17g%c", p.values[i], i % p.columns == p.columns - 1 ? '\n' : ',');
    bpnn_prediction_free(&p);
    bpnn_model_free(model);
    bpnn_table_free(table);
    return out ? fclose(out) : 1;
}

int main(int argc, char **argv)
{
    bpnn_error error = {0};
    char line[800];
    int task = argc == 5 ? bpnn_task_find(argv[4]) : -1;
    FILE *file = task < 0 ? NULL : fopen(argv[2], "w");
    if (!file)
        return 2;
    write_table(file, task);
    if (fclose(file) || fit_and_write(argv, task, &error)) {
        fprintf(stderr, "%s\n", bpnn_error_message(&error, line, sizeof line));
        return 1;
    }
    return 0;
}
