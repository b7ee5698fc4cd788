/* What a fit tells of its training: the record of every epoch, why it ended, what br and l2 auto found; and that files which
 * were written before there was any of it still load. */
#include "model/fit.h"
#include "model/made.h"
#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 120 };

/* y = sin 3x + noise, and a second column */
static bpnn_table *make_table(void)
{
    static double cells[ROWS * 3];
    static const char *const names[] = {"x", "z", "y"};
    dice d = {seed_of_tests(5)};
    bpnn_table *table;
    for (size_t r = 0; r < ROWS; r++) {
        cells[3 * r] = roll_unit(&d);
        cells[3 * r + 1] = roll_unit(&d);
        cells[3 * r + 2] = 7 * sin(3 * cells[3 * r]) + 0.3 * cells[3 * r + 1] + 0.5 * roll_unit(&d);
    }
    assert_int_equal(bpnn_table_from_matrix(&table, bpnn_matrix_of(cells, ROWS, 3), names, NULL), BPNN_OK);
    return table;
}

static bpnn_fit_options options(const char *method, size_t epochs)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "4";
    o.task = BPNN_TASK_REGRESSION;
    o.precision = BPNN_DOUBLE;
    o.train.method = method;
    o.train.epochs = epochs;
    o.train.threads = 1;
    return o;
}

static bpnn_model *fit(const bpnn_table *table, const bpnn_fit_options *o)
{
    bpnn_model *model;
    bpnn_error error = {0};
    if (bpnn_fit(&model, table, o, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return model;
}

static bpnn_model *copy_of(const bpnn_model *model)
{
    void *bytes;
    size_t size;
    bpnn_model *copy;
    assert_int_equal(bpnn_model_write(model, &bytes, &size, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_read(&copy, bytes, size, "copy", NULL), BPNN_OK);
    bpnn_release(bytes);
    return copy;
}

static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* ---- the record ---- */

typedef struct seen {
    size_t epochs, batches;
    double loss, last_validation;
} seen;

static bool see_epoch(const bpnn_progress *p, void *context)
{
    seen *s = context;
    s->epochs++;
    s->loss = p->loss;
    s->last_validation = p->validation_loss;
    return true;
}

static bool see_batch(const bpnn_progress *p, void *context)
{
    seen *s = context;
    s->batches += p->batch > 0;
    return true;
}

static void check_record(const bpnn_summary *s, bool whole)
{
    assert_int_equal(s->record_count, s->epochs + 1);
    for (size_t i = 0; i < s->record_count; i++) {
        const bpnn_record *r = &s->record[i];
        assert_int_equal(r->epoch, i);
        assert_true(isfinite(r->loss) && r->seconds >= (i ? r[-1].seconds : 0));
        assert_true(i == 0 || isfinite(whole ? r->gradient_norm : r->rate));
        assert_true(s->rows_validation == 0 || isfinite(r->validation_loss));
        assert_true(i == 0 || r->failures == 0 || r->failures == r[-1].failures + 1);
    }
    const bpnn_record *last = &s->record[s->epochs];
    assert_true(near(last->loss, s->result.loss) && last->failures == s->result.failures);
    assert_true(near(last->step, s->result.step) && near(last->damping, s->result.damping));
    assert_true(near(last->effective, s->result.effective));
}

static void every_method(void **state)
{
    (void)state;
    bpnn_table *table = make_table();
    for (size_t i = 0; bpnn_method(i); i++) {
        seen mine = {0};
        bpnn_fit_options o = options(bpnn_method(i)->name, 9);
        o.train.on_epoch = see_epoch;
        o.train.on_batch = bpnn_method(i)->whole ? NULL : see_batch;
        o.train.context = &mine;
        bpnn_model *model = fit(table, &o), *copy = copy_of(model);
        const bpnn_summary *s = bpnn_model_summary(model), *again = bpnn_model_summary(copy);
        check_record(s, bpnn_method(i)->whole);
        assert_int_equal(mine.epochs, s->record_count);
        assert_true(mine.loss == s->record[s->record_count - 1].loss);
        assert_true((mine.batches > 0) == !bpnn_method(i)->whole);
        assert_int_equal(again->record_count, 0);
        assert_int_equal(again->result.evaluations, s->result.evaluations);
        assert_true(near(again->result.gradient_norm, s->result.gradient_norm));
        assert_true(near(again->result.damping, s->result.damping) && near(again->result.step, s->result.step));
        bpnn_model_free(copy);
        bpnn_model_free(model);
    }
    bpnn_table_free(table);
}

/* Long runs keep every second, fourth .. epoch. */
static void thinned(void **state)
{
    (void)state;
    bpnn_model model = {.record = NULL};
    bpnn_train_options o;
    bpnn__recorder recorder;
    bpnn_train_options_default(&o);
    bpnn__recorder_begin(&recorder, NULL, &model, &o);
    for (size_t e = 0; e <= 300000; e++) {
        bpnn_progress p = {.epoch = e, .loss = (double)e};
        assert_true(o.on_epoch(&p, o.context));
    }
    assert_int_equal(model.record_count, 300000 / 8 + 1);
    for (size_t i = 0; i < model.record_count; i++)
        assert_true(model.record[i].epoch == 8 * i && model.record[i].loss == 8 * (double)i);
    bpnn_release(model.record);
}

/* ---- br and l2 auto ---- */

/* gamma is the sum of its parts, and alpha_g = gamma_g / |w_g|^2 at the weights of the end. */
static void check_evidence(const bpnn_model *model, size_t priors)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    const bpnn_train_result *r = &s->result;
    const size_t first[] = {0, 8, 12}, size[] = {8, 4, 4};
    double w[64], sum = priors == 1 ? 0 : 1; /* the output bias is free */
    bpnn_net_get_parameters(bpnn_model_net(model), w);
    assert_int_equal(r->prior_count, priors);
    for (size_t g = 0; g < priors; g++) {
        double squares = 0;
        size_t n = priors == 1 ? 17 : size[g];
        for (size_t i = 0; i < n; i++)
            squares += w[first[g] + i] * w[first[g] + i];
        assert_int_equal(r->prior[g].size, n);
        assert_int_equal(r->prior[g].layer, priors == 1 ? 0 : g < 2 ? 1 : 2);
        assert_int_equal(r->prior[g].bias, g == 1);
        assert_true(r->prior[g].effective > 0 && r->prior[g].effective <= (double)n);
        assert_true(near(r->prior[g].alpha * squares, r->prior[g].effective));
        sum += r->prior[g].effective;
    }
    assert_true(near(sum, r->effective) && near(r->noise, 1 / sqrt(r->beta)));
    assert_true(s->noise > 0.15 && s->noise < 0.5); /* uniform in +-0.5: 0.289 */
}

static void evidence(void **state)
{
    (void)state;
    static const bpnn_setting single = {"single", 1};
    bpnn_table *table = make_table();
    for (size_t priors = 1; priors <= 3; priors += 2) {
        bpnn_fit_options o = options("br", 300);
        o.train.settings = &single;
        o.train.setting_count = priors == 1;
        bpnn_model *model = fit(table, &o), *copy = copy_of(model);
        check_evidence(model, priors);
        check_evidence(copy, priors);
        assert_true(
            near(bpnn_model_summary(copy)->result.log_evidence, bpnn_model_summary(model)->result.log_evidence));
        bpnn_model_free(copy);
        bpnn_model_free(model);
    }
    bpnn_table_free(table);
}

static void penalties(void **state)
{
    (void)state;
    bpnn_table *table = make_table();
    bpnn_fit_options o = options("lbfgs", 300);
    o.train.l2_auto = true;
    bpnn_model *model = fit(table, &o), *copy = copy_of(model);
    const bpnn_train_result *r = &bpnn_model_summary(model)->result, *again = &bpnn_model_summary(copy)->result;
    size_t best = 0;
    assert_true(r->penalty_count >= 7 && again->penalty_count == r->penalty_count && again->l2 == r->l2);
    for (size_t i = 0; i < r->penalty_count; i++) {
        assert_true(again->penalty[i].c == r->penalty[i].c && again->penalty[i].loss == r->penalty[i].loss);
        best = r->penalty[i].loss <= r->penalty[best].loss ? i : best;
    }
    assert_true(near(r->l2, 2 * r->penalty[best].c / ROWS));
    bpnn_model_free(copy);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

/* ---- why it ended ---- */

static void check_stop(const bpnn_table *table, const char *method, const bpnn_setting *set, size_t count,
                       bpnn_stop stop)
{
    bpnn_fit_options o = options(method, 5000);
    o.validation_share = 0;
    o.train.settings = set;
    o.train.setting_count = count;
    bpnn_model *model = fit(table, &o);
    bpnn_stop got = bpnn_model_summary(model)->stop;
    if (got != stop)
        fail_msg("%s ended by %s, not by %s", method, bpnn_stop_name(got), bpnn_stop_name(stop));
    bpnn_model_free(model);
}

static void stops(void **state)
{
    (void)state;
    const bpnn_setting loose = {"tol", 1e-3}, still[] = {{"tol", 0}, {"ftol", 1e-3}},
                       shorts[] = {{"tol", 0}, {"xtol", 1e-2}}, never[] = {{"tol", 0}, {"xtol", 0}};
    bpnn_table *table = make_table();
    for (size_t i = 0; bpnn_method(i); i++) /* the least gradient */
        if (bpnn_method(i)->whole && !bpnn_method(i)->evidence)
            check_stop(table, bpnn_method(i)->name, &loose, 1, BPNN_STOP_GRADIENT);
    check_stop(table, "lbfgs", still, 2, BPNN_STOP_FLAT); /* it stagnates */
    check_stop(table, "scg", still, 2, BPNN_STOP_FLAT);
    check_stop(table, "lm", shorts, 2, BPNN_STOP_STEP);
    check_stop(table, "lm", never, 2, BPNN_STOP_DAMPING); /* the largest mu */
    check_stop(table, "br", NULL, 0, BPNN_STOP_EVIDENCE);
    bpnn_table_free(table);
}

/* ---- files of before ---- */

static void older_files(void **state)
{
    (void)state;
    static const char *const names[] = {"model_br.bpnn", "model_l2.bpnn"};
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        static unsigned char old[1 << 14];
        void *bytes;
        size_t size;
        bpnn_model *model;
        bpnn_error error = {0};
        snprintf(path, sizeof path, "%s/tests/golden/%s", BPNN_SOURCE_DIR, names[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t old_size = fread(old, 1, sizeof old, file);
        fclose(file);
        if (bpnn_model_load(&model, path, &error) != BPNN_OK)
            fail_msg("%s: %s", path, error.text);
        const bpnn_train_result *r = &bpnn_model_summary(model)->result;
        assert_true(r->prior_count == 0 && r->penalty_count == 0 && isnan(r->effective) && isnan(r->damping));
        assert_int_equal(bpnn_model_write(model, &bytes, &size, NULL), BPNN_OK);
        assert_true(size == old_size && memcmp(bytes, old, size) == 0);
        bpnn_release(bytes);
        bpnn_model_free(model);
    }
    printf("models of before: 2 done, 0 bad\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_method), cmocka_unit_test(thinned),
                                       cmocka_unit_test(evidence),     cmocka_unit_test(penalties),
                                       cmocka_unit_test(stops),        cmocka_unit_test(older_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
