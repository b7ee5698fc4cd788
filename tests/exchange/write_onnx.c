/* Random models as ONNX files with rows and what the library predicts for them, to be run by others: onnx_run.js, onnx_check.py.
 *   write_onnx FOLDER COUNT SEED
 * K.onnx, and K.bin: int32 rows, columns, values, double, task; raw (rows x columns doubles), values (rows x values), labels (rows). */
#include "base/memory.h"
#include "exchange/drawn.h"
#include "exchange/onnx.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 100 };

static void save(const char *folder, size_t k, const char *kind, const void *bytes, size_t size, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%zu.%s", folder, k, kind);
    FILE *file = fopen(path, mode);
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void save_rows(const char *folder, size_t k, const bpnn_model *model, const drawn_rows *rows,
                      const bpnn_prediction *p)
{
    int32_t head[5] = {(int32_t)rows->rows, (int32_t)rows->columns, (int32_t)p->columns,
                       model->net->precision == BPNN_DOUBLE, (int32_t)model->schema.task};
    save(folder, k, "bin", head, sizeof head, "wb");
    save(folder, k, "bin", rows->raw, rows->rows * rows->columns * sizeof(double), "ab");
    save(folder, k, "bin", p->values, p->rows * p->columns * sizeof(double), "ab");
    for (size_t r = 0; r < p->rows; r++)
        save(folder, k, "bin", &(double){p->label ? (double)p->label[r] : 0}, sizeof(double), "ab");
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 1;
    dice d = {strtoull(argv[3], NULL, 10)};
    size_t count = (size_t)strtoull(argv[2], NULL, 10);
    for (size_t k = 0; k < count; k++) {
        bpnn_activation_kind hidden = (bpnn_activation_kind)(k % (BPNN_ACT_COUNT + 1)); /* every one, then mixtures */
        if (hidden == BPNN_ACT_SOFTMAX || hidden == BPNN_ACT_LOG_SOFTMAX || hidden == BPNN_ACT_USER)
            hidden = BPNN_ACT_COUNT;
        bpnn_model *model =
            drawn_model(&d, (bpnn_task)(1 + roll_below(&d, 3)), (bpnn_precision)roll_below(&d, 2), hidden);
        drawn_rows rows;
        bpnn_prediction p;
        bpnn_error error = {0};
        void *bytes;
        size_t size;
        draw_rows(&d, model, ROWS, &rows);
        if (bpnn_model_predict(model, rows.table, 1, NULL, &p, &error) != BPNN_OK ||
            bpnn__onnx_write(model, &bytes, &size, &error) != BPNN_OK) {
            printf("model %zu: %s\n", k, error.text);
            return 1;
        }
        save(argv[1], k, "onnx", bytes, size, "wb");
        save_rows(argv[1], k, model, &rows, &p);
        bpnn__free(bytes);
        bpnn_prediction_free(&p);
        free_rows(&rows);
        bpnn_model_free(model);
    }
    return 0;
}
