/* A CSV file all the way: types of columns, encoding, splits, warnings, an epoch of training, the model file, predictions. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <string.h>

/* The first bytes choose what is asked for. */
static void options_of(unsigned char first, unsigned char second, bpnn_fit_options *o)
{
    static const char *const methods[] = {"auto", "adamw", "lm", "br"};
    bpnn_fit_options_default(o);
    o->train.method = methods[first & 3];
    o->train.epochs = 1;
    o->train.threads = 1;
    o->hidden = "2";
    o->scale = (bpnn_scale)((first >> 2) % BPNN_SCALE_COUNT);
    o->missing = (bpnn_missing)((first >> 5) % BPNN_MISSING_COUNT);
    o->missing_indicator = second & 1;
    o->class_weight_balanced = second >> 1 & 1;
    o->validation_share = second & 4 ? 0.3 : (double)NAN;
    o->test_share = second & 8 ? 0.2 : 0;
    o->features = second & 16 ? "1-3" : NULL;
    o->categorical = second & 32 ? "1" : NULL;
    o->sample_weight = second & 64 ? "2" : NULL;
    o->group = second & 128 ? "1" : NULL;
}

static bool model_holds(bpnn_model *model, const bpnn_table *table)
{
    void *bytes = NULL;
    size_t size;
    bpnn_model *again = NULL;
    bpnn_prediction p;
    bpnn_error error = {0};
    bool good = bpnn_model_write(model, &bytes, &size, &error) == BPNN_OK &&
                bpnn_model_read(&again, bytes, size, "again", &error) == BPNN_OK;
    bpnn_status status = good ? bpnn_model_predict(again, table, 1, NULL, &p, &error) : BPNN_OK;
    if (good && status == BPNN_OK)
        bpnn_prediction_free(&p);
    good = good && (status == BPNN_OK || (status == BPNN_DATA && error.text[0])); /* a missing cell where none may be */
    bpnn_model_free(again);
    bpnn_release(bytes);
    return good;
}

static bool holds(const unsigned char *bytes, size_t size)
{
    bpnn_table *table;
    bpnn_model *model = NULL;
    bpnn_table_options read;
    bpnn_fit_options fit;
    bpnn_error error = {0};
    if (size < 2)
        return true;
    options_of(bytes[0], bytes[1], &fit);
    bpnn_table_options_default(&read);
    read.threads = 1;
    read.max_columns = 64;
    read.text_target = true;
    if (bpnn_table_read_memory(&table, bytes + 2, size - 2, "t.csv", &read, &error) != BPNN_OK)
        return true; /* the target csv looks at those */
    bpnn_status status = bpnn_fit(&model, table, &fit, &error);
    bool good = status == BPNN_OK ? model_holds(model, table)
                                  : !model && (status == BPNN_DATA || status == BPNN_USAGE) && error.text[0];
    bpnn_model_free(model);
    bpnn_table_free(table);
    return good;
}

static void seeds(void)
{
    static const char *const list[] = {
        "a,b,y\n1,2.5,x\n3,,z\n5,6.5,x\n7,1,z\n2,2,x\n4,3,z\n6,9,x\n8,8,z\n9,9,x\n0,1,z\n",
        "1 2 3\n4 5 6\n7 8 9\n1 3 5\n2 4 8\n9 9 9\n3 3 1\n",
        "name;x;y\nalpha;1,5;2\nbeta;2,5;3\nalpha;?;4\ngamma;4;5\nbeta;5;6,25\nalpha;1;2\n",
        "d,w,t\n2020-01-01,1,a\n2020-01-02,2,b\n2020-01-03,3,c\n2020-01-04,1,a\n2020-01-05,1,b\n2020-01-06,1,c\n",
        "a,b,c,y\n1,1,1,0\n1,2,1,1\n1,3,1,0\n1,4,1,1\n1,5,1,0\n1,6,1,1\n1,7,1,0\n1,8,1,1\n",
    };
    unsigned char text[256];
    for (size_t i = 0; i < 4 * sizeof list / sizeof *list; i++) {
        const char *csv = list[i / 4];
        text[0] = (unsigned char)(i * 37);
        text[1] = (unsigned char)(i * 91);
        memcpy(text + 2, csv, strlen(csv));
        fuzz_seed(text, 2 + strlen(csv));
    }
}

const fuzz_target fuzz_fit = {.holds = holds, .seeds = seeds};
