/* Rates up to 1e30 and odd tables: every fit ends with a status and a message, or with a model whose numbers are finite, and
 * a run that diverged says so. No case may end as a silent model of NaNs.
 * test_divergence [CASES [PROGRAM]]: with the program every case goes through `PROGRAM train` too: the exit code is the
 * library's status, a failure has a message, and a model file is there just if the code is 0 or 6. */
#include "model/made.h"
#include <bpnn/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CASES = 160, TEXT = 1 << 14, ROWS = 40 };

/* X(ENUM, "name", what a fit answers: OK = a model, diverged or not). Words that are no finite numbers are refused in a numeric
 * column; in matrices they are missing values. */
#define KINDS(X)                                                                                                       \
    X(PLAIN, "plain", BPNN_OK)                                                                                         \
    X(CLASSES, "three classes", BPNN_OK)                                                                               \
    X(CONSTANT, "a constant column", BPNN_OK)                                                                          \
    X(ALL_CONSTANT, "constant columns alone", BPNN_OK)                                                                 \
    X(FLAT_TARGET, "a constant target", BPNN_OK)                                                                       \
    X(ONE_CLASS, "one class", BPNN_DATA)                                                                               \
    X(CONTRADICTION, "equal rows, other labels", BPNN_OK)                                                              \
    X(EMPTY, "an empty file", BPNN_DATA)                                                                               \
    X(HEADER, "a header alone", BPNN_DATA)                                                                             \
    X(ONE_ROW, "one row", BPNN_DATA)                                                                                   \
    X(TWO_ROWS, "two rows", BPNN_OK)                                                                                   \
    X(NO_VALUES, "a column without values", BPNN_OK)                                                                   \
    X(NO_TARGETS, "a target without values", BPNN_DATA)                                                                \
    X(WORD_INF, "the word inf", BPNN_DATA)                                                                             \
    X(WORD_NAN, "the word nan", BPNN_DATA)                                                                             \
    X(HUGE_INPUT, "an input of 1e308", BPNN_OK)                                                                        \
    X(HUGE_SPREAD, "inputs of -1e308 to 1e308", BPNN_OK)                                                               \
    X(HUGE_TARGET, "targets of -1e308 to 1e308", BPNN_OK)                                                              \
    X(TINY, "inputs of 1e-308", BPNN_OK)                                                                               \
    X(TOO_LARGE, "1e999", BPNN_DATA)                                                                                   \
    X(LARGE_OFFSET, "1e15 and a little", BPNN_OK)                                                                      \
    X(EMPTY_SPLIT, "no row to train on", BPNN_DATA)                                                                    \
    X(NPY_INF, ".npy with inf", BPNN_DATA)                                                                             \
    X(NPY_NAN, ".npy with nan", BPNN_OK)                                                                               \
    X(NPY_HUGE, ".npy with 1e308", BPNN_OK)

#define X(id, name, status) KIND_##id,
typedef enum kind { KINDS(X) KIND_COUNT } kind;
#undef X
#define X(id, name, status) name,
static const char *const kind_names[] = {KINDS(X)};
#undef X
#define X(id, name, status) status,
static const bpnn_status kind_answers[] = {KINDS(X)};
#undef X

typedef struct odd_case {
    kind kind;
    double rate; /* NAN: the method's own */
    const char *method, *scale;
    size_t epochs;
    bpnn_precision precision;
} odd_case;

static char folder[] = "/tmp/bpnn-odd-XXXXXX", data_path[64], model_path[64], said_path[64];

/* ---- tables ---- */

static const char *cell(kind k, int r, char *buffer)
{
    static const char *const words[][2] = {[KIND_WORD_INF] = {"inf", "-inf"},
                                           [KIND_WORD_NAN] = {"nan", "nan"},
                                           [KIND_HUGE_INPUT] = {"1e308", "1e308"},
                                           [KIND_HUGE_SPREAD] = {"1e308", "-1e308"},
                                           [KIND_TOO_LARGE] = {"1e999", "1"}};
    if ((size_t)k < sizeof words / sizeof *words && words[k][0] && r % 10 == 3)
        return words[k][r % 20 == 3];
    if (k == KIND_NO_VALUES)
        return "";
    snprintf(buffer, 32,
             k == KIND_CONSTANT || k == KIND_ALL_CONSTANT ? "2"
             : k == KIND_TINY                             ? "%de-308"
             : k == KIND_LARGE_OFFSET                     ? "1000000000000%03d"
                                                          : "%d.5",
             r * r % 17);
    return buffer;
}

static const char *target(kind k, int r, char *buffer)
{
    if (k == KIND_NO_TARGETS)
        return "";
    if (k == KIND_ONE_CLASS)
        return "yes";
    if (k == KIND_HUGE_TARGET && r % 10 == 3)
        return r % 20 == 3 ? "1e308" : "-1e308";
    snprintf(buffer, 32, k == KIND_CLASSES || k == KIND_CONTRADICTION ? "k%d" : "%d.25",
             k == KIND_FLAT_TARGET ? 3 : r % 3);
    return buffer;
}

static size_t make_csv(kind k, char *text)
{
    char a[32], y[32];
    int rows = k == KIND_ONE_ROW ? 1 : k == KIND_TWO_ROWS ? 2 : k == KIND_HEADER ? 0 : ROWS;
    if (k == KIND_EMPTY)
        return 0;
    size_t at = (size_t)snprintf(text, TEXT, "a,b,part,y\n");
    for (int r = 0; r < rows; r++) {
        int other = k == KIND_ALL_CONSTANT ? 1 : k == KIND_CONTRADICTION ? 0 : r % 7;
        at += (size_t)snprintf(text + at, TEXT - at, "%s,%d,%s,%s\n", cell(k, k == KIND_CONTRADICTION ? 0 : r, a),
                               other, k == KIND_EMPTY_SPLIT ? "test" : "train", target(k, r, y));
    }
    return at;
}

static size_t make_npy(kind k, char *text)
{
    double odd = k == KIND_NPY_INF ? (double)INFINITY : k == KIND_NPY_NAN ? (double)NAN : 1e308;
    memcpy(text, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(text + 10, ' ', 118);
    static const char head[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (40, 3), }";
    memcpy(text + 10, head, sizeof head - 1);
    text[127] = '\n';
    for (int i = 0; i < ROWS * 3; i++) {
        double v = i % 3 == 0 && i % 10 == 3 ? odd : i * i % 23 / 4.0;
        memcpy(text + 128 + 8 * i, &v, 8);
    }
    return 128 + 8 * ROWS * 3;
}

static bool is_npy(kind k)
{
    return k >= KIND_NPY_INF;
}

static void write_data(kind k)
{
    static char text[TEXT];
    size_t size = is_npy(k) ? make_npy(k, text) : make_csv(k, text);
    snprintf(data_path, sizeof data_path, "%s/%s", folder, is_npy(k) ? "t.npy" : "t.csv");
    FILE *f = fopen(data_path, "wb");
    if (!f || fwrite(text, 1, size, f) != size || fclose(f) != 0)
        abort();
}

/* ---- the library ---- */

static bool all_finite(const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i]))
            return false;
    return true;
}

/* Can be saved and read again; its predictions of its own table are finite. NULL: good. */
static const char *check_model(const bpnn_model *model, const bpnn_table *table)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    bool diverged = s->stop == BPNN_STOP_DIVERGED;
    bpnn_prediction p;
    bpnn_model *again;
    void *bytes;
    size_t size;
    if (diverged && (s->warning_count == 0 || !s->result.advice[0]))
        return "diverged without a word";
    if (!diverged && !isfinite(s->result.loss))
        return "a loss that is not finite, and not called diverged";
    if (bpnn_model_write(model, &bytes, &size, NULL) != BPNN_OK)
        return "a model that cannot be written";
    bpnn_status status = bpnn_model_read(&again, bytes, size, NULL, NULL);
    bpnn_release(bytes);
    bpnn_model_free(again);
    if (status != BPNN_OK)
        return "a model that cannot be read";
    if (bpnn_model_predict(model, table, 1, NULL, &p, NULL) != BPNN_OK)
        return "a model that cannot predict";
    bool finite = all_finite(p.values, p.rows * p.columns);
    bpnn_prediction_free(&p);
    return finite || diverged ? NULL : "predictions that are not finite";
}

/* Numbers beyond single precision may also be refused where no scaling brings them back. */
static bool answers(const odd_case *c, bpnn_status status)
{
    bool large = c->kind == KIND_HUGE_INPUT || c->kind == KIND_HUGE_SPREAD || c->kind == KIND_HUGE_TARGET ||
                 c->kind == KIND_NPY_HUGE;
    return status == kind_answers[c->kind] || (large && status == BPNN_DATA && c->precision == BPNN_SINGLE);
}

/* The exit code the program owes; *fault NULL or what is wrong. */
static int fit_case(const odd_case *c, const char **fault, char *text, size_t text_size)
{
    bpnn_table *table;
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "4";
    o.target = is_npy(c->kind) ? NULL : "y";
    o.numeric = is_npy(c->kind) ? NULL : "a";
    o.drop = NULL;
    o.split_column = c->kind == KIND_EMPTY_SPLIT ? "part" : NULL;
    o.scale = (bpnn_scale)bpnn_scale_find(c->scale);
    o.precision = c->precision;
    o.train.method = c->method;
    o.train.rate = c->rate;
    o.train.epochs = c->epochs;
    o.train.threads = 1;
    bpnn_status status = bpnn_table_read(&table, data_path, NULL, &error);
    if (status == BPNN_OK)
        status = bpnn_fit(&model, table, &o, &error);
    *fault = NULL;
    if (!answers(c, status))
        *fault = "another status";
    else if (status != BPNN_OK && (!error.text[0] || model))
        *fault = "no message";
    else if (status == BPNN_OK)
        *fault = check_model(model, table);
    snprintf(text, text_size, "status %d %s%s", (int)status, error.text,
             model ? bpnn_stop_name(bpnn_model_summary(model)->stop) : "");
    int code = model && bpnn_model_summary(model)->stop == BPNN_STOP_DIVERGED ? BPNN_DIVERGED : (int)status;
    bpnn_model_free(model);
    bpnn_table_free(table);
    return code;
}

/* ---- the program ---- */

static int run_program(char *const *arguments)
{
    pid_t child = fork();
    if (child == 0) {
        int said = open(said_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, STDOUT_FILENO);
        dup2(said, STDERR_FILENO);
        execv(arguments[0], arguments);
        _exit(127);
    }
    int state;
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

static size_t size_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    fclose(f);
    return size > 0 ? (size_t)size : 0;
}

static const char *check_program(const odd_case *c, const char *program, int expected)
{
    char rate[32], epochs[24];
    char *arguments[32];
    size_t n = 0;
#define ADD(word) arguments[n++] = (char *)(uintptr_t)(word)
    snprintf(rate, sizeof rate, "%g", c->rate);
    snprintf(epochs, sizeof epochs, "%zu", c->epochs);
    ADD(program), ADD("train"), ADD("-q"), ADD("--hidden"), ADD("4"), ADD("--threads"), ADD("1");
    ADD("--epochs"), ADD(epochs), ADD("--method"), ADD(c->method), ADD("--scale"), ADD(c->scale);
    ADD("--precision"), ADD(bpnn_word(BPNN_WORDS_PRECISION, (int)c->precision)), ADD("-o"), ADD(model_path);
    if (!isnan(c->rate))
        ADD("--rate"), ADD(rate);
    if (!is_npy(c->kind))
        ADD("--target"), ADD("y"), ADD("--numeric"), ADD("a");
    if (c->kind == KIND_EMPTY_SPLIT)
        ADD("--split-column"), ADD("part");
    ADD(data_path), ADD(NULL);
#undef ADD
    unlink(model_path);
    int code = run_program(arguments);
    bpnn_model *model = NULL;
    bpnn_status loaded = bpnn_model_load(&model, model_path, NULL);
    bpnn_model_free(model);
    if (code != expected)
        printf("  exit code %d, status %d\n", code, expected);
    return code != expected                                  ? "another exit code"
           : code != 0 && size_of(said_path) == 0            ? "no message of the program"
           : (loaded == BPNN_OK) != (code == 0 || code == 6) ? "a model file where none belongs, or none where one does"
                                                             : NULL;
}

/* ---- all cases ---- */

/* Every kind with every rate first, the rest of the choices in turn; then as they fall. */
static odd_case draw_case(size_t i, dice *d)
{
    static const double rates[] = {(double)NAN, 1e-3, 1, 1e4, 1e15, 1e30};
    static const char *const methods[] = {"sgd", "adamw", "adam", "rmsprop", "adagrad", "nadam", "adadelta"};
    static const char *const scales[] = {"standard", "none", "minmax", "robust"};
    static const size_t epochs[] = {5, 1, 0, 30};
    enum { RATES = sizeof rates / sizeof *rates, METHODS = sizeof methods / sizeof *methods };
    if (i < (size_t)KIND_COUNT * RATES)
        return (odd_case){(kind)(i % KIND_COUNT),        rates[i / KIND_COUNT],         methods[i % METHODS],
                          scales[i % 3 ? 0 : i / 3 % 4], epochs[i % 5 ? 0 : i / 5 % 4], (bpnn_precision)(i % 2)};
    return (odd_case){(kind)roll_below(d, KIND_COUNT), rates[roll_below(d, RATES)], methods[roll_below(d, METHODS)],
                      scales[roll_below(d, 4)],        epochs[roll_below(d, 4)],    (bpnn_precision)roll_below(d, 2)};
}

int main(int argc, char **argv)
{
    size_t cases = argc > 1 ? strtoul(argv[1], NULL, 10) : CASES, bad = 0, models = 0, diverged = 0;
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    char text[700];
    if (!mkdtemp(folder))
        return 1;
    snprintf(model_path, sizeof model_path, "%s/m.bpnn", folder);
    snprintf(said_path, sizeof said_path, "%s/said", folder);
    for (size_t i = 0; i < cases; i++) {
        odd_case c = draw_case(i, &d);
        const char *fault;
        write_data(c.kind);
        int code = fit_case(&c, &fault, text, sizeof text);
        if (!fault && argc > 2)
            fault = check_program(&c, argv[2], code);
        models += code == 0;
        diverged += code == BPNN_DIVERGED;
        bad += fault != NULL;
        if (fault)
            printf("  case %zu: %s, %s, rate %g, scale %s, %zu epochs, %s: %s (%s)\n", i, kind_names[c.kind], c.method,
                   c.rate, c.scale, c.epochs, bpnn_word(BPNN_WORDS_PRECISION, (int)c.precision), fault, text);
        unlink(data_path);
    }
    unlink(model_path);
    unlink(said_path);
    rmdir(folder);
    printf("divergence (seed %llu; %zu models, %zu diverged): %zu done, %zu bad\n", (unsigned long long)seed, models,
           diverged, cases, bad);
    return bad > 0;
}
