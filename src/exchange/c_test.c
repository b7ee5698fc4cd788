/* Rows with the results that predict gives, and a main that compares. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/c.h"
#include "exchange/row.h"

static const char check[] = "int model_check(void)\n"
                            "{\n"
                            "    int r, k, bad = 0;\n"
                            "    for (r = 0; r < TEST_ROWS; r++) {\n"
                            "        double values[MODEL_OUTPUTS] = {0};\n"
                            "        int wrong = model_predict(test_inputs[r], values) != test_labels[r];\n"
                            "        for (k = 0; k < MODEL_OUTPUTS; k++)\n"
                            "            if (values[k] != test_values[r][k] && (values[k] == values[k] || "
                            "test_values[r][k] == test_values[r][k]))\n"
                            "                wrong = 1;\n"
                            "        bad += wrong;\n"
                            "    }\n"
                            "    return bad;\n"
                            "}\n"
                            "\n"
                            "int main(void)\n"
                            "{\n"
                            "    int bad = model_check();\n"
                            "    printf(\"model: %d done, %d bad\\n\", TEST_ROWS, bad);\n"
                            "    return bad > 0;\n"
                            "}\n";

static void put_rows(bpnn__text *to, const char *name, const char *columns, const double *values, size_t rows,
                     size_t count)
{
    bpnn__put(to, "static const double %s[TEST_ROWS][%s] = {", name, columns);
    for (size_t r = 0; r < rows; r++) {
        bpnn__text_add(to, r ? ",\n    {" : "\n    {");
        bpnn__put_numbers(to, &bpnn__c_double, false, values + r * count, count);
        bpnn__text_add(to, "}");
    }
    bpnn__text_add(to, "};\n");
}

void bpnn__c_vectors(bpnn__text *to, const bpnn_model *model, const double *raw, const double *values,
                     const size_t *label)
{
    bool classes = model->schema.task != BPNN_TASK_REGRESSION;
    bpnn__put(to,
              "/* ---- -DBPNN_TEST_MAIN: what predict gave, and a main that compares ---- */\n\n#ifdef "
              "BPNN_TEST_MAIN\n\n#define TEST_ROWS %zu\n\n",
              (size_t)BPNN__C_ROWS);
    put_rows(to, "test_inputs", "MODEL_INPUTS", raw, BPNN__C_ROWS, model->schema.feature_count);
    put_rows(to, "test_values", "MODEL_OUTPUTS", values, BPNN__C_ROWS, bpnn__value_count(model));
    bpnn__text_add(to, "static const int test_labels[TEST_ROWS] = {");
    for (size_t r = 0; r < BPNN__C_ROWS; r++)
        bpnn__put(to, "%s%zu", r ? ", " : "", classes ? label[r] : (size_t)0);
    bpnn__text_add(to, "};\n\n");
    bpnn__text_add(to, check);
    bpnn__text_add(to, "\n#endif\n");
}

bpnn_status bpnn__c_test(bpnn__text *to, const bpnn_model *model, bpnn_error *error)
{
    size_t features = model->schema.feature_count, count = bpnn__value_count(model), label[BPNN__C_ROWS];
    double *raw = bpnn__alloc(BPNN__C_ROWS * features, sizeof *raw),
           *values = bpnn__alloc(BPNN__C_ROWS * count, sizeof *values);
    bpnn_status status = raw && values ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        bpnn__row_draw(model, 0, BPNN__C_ROWS, raw);
    for (size_t r = 0; r < BPNN__C_ROWS && status == BPNN_OK; r++)
        status = bpnn__row_predict(model, raw + r * features, values + r * count, &label[r], error);
    if (status == BPNN_OK)
        bpnn__c_vectors(to, model, raw, values, label);
    bpnn__free(values);
    bpnn__free(raw);
    return status;
}
