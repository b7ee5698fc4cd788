/* Training, validation and test rows: a function of (seed, rows, target) alone. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { FEWEST = 60 }; /* rows below which nothing is held back by default */
#define DEFAULT_SHARE 0.15

enum part { TRAIN, VALID, TEST };

/* ---- a split column ---- */

static int part_of(const char *word)
{
    static const struct {
        const char *word;
        enum part part;
    } words[] = {{"train", TRAIN},      {"training", TRAIN}, {"valid", VALID},
                 {"validation", VALID}, {"val", VALID},      {"test", TEST}};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i].word, word) == 0)
            return (int)words[i].part;
    return -1;
}

static bpnn_status by_column(bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                             unsigned char *part, bpnn_error *error)
{
    for (size_t i = 0; i < count; i++) {
        char buffer[32];
        const char *word = bpnn_table_text(table, rows[i], plan->split_column, buffer);
        int found = part_of(word);
        if (found < 0)
            return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, rows[i]),
                                 plan->split_column + 1, "the split column holds train, valid or test, found '%s'",
                                 word ? word : "");
        part[i] = (unsigned char)found;
    }
    return BPNN_OK;
}

/* ---- shares ---- */

/* The class of every row, 0 for regression. */
static bpnn_status classes_of(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                              uint32_t *class, bpnn_error *error)
{
    memset(class, 0, count * sizeof *class);
    for (size_t i = 0; plan->class_count > 0 && i < count; i++) {
        char buffer[32];
        const char *text = bpnn_table_text(table, rows[i], plan->targets[0], buffer);
        size_t found = text ? bpnn__label_find(plan->classes, plan->class_count, text) : SIZE_MAX;
        if (found == SIZE_MAX)
            return bpnn__fail(error, BPNN_DATA, "row %zu has no class", rows[i] + 1);
        class[i] = (uint32_t)found;
    }
    return BPNN_OK;
}

/* Gives `share` of the training rows to `to`: of each class as many as its size asks, the rest by largest remainder. The rows of a class
 * are taken in the order of one permutation of all rows. */
static void give_share(double share, enum part to, const uint32_t *class, size_t classes, const size_t *order,
                       size_t count, unsigned char *part, size_t *have, size_t *want, double *remainder)
{
    memset(have, 0, classes * sizeof *have);
    size_t total = 0, given = 0;
    for (size_t i = 0; i < count; i++)
        have[class[i]] += part[i] != TEST || to == TEST;
    for (size_t k = 0; k < classes; k++)
        total += have[k];
    size_t goal = (size_t)floor(share * (double)total + 0.5);
    for (size_t k = 0; k < classes; k++) {
        double exact = share * (double)have[k];
        want[k] = (size_t)floor(exact);
        remainder[k] = exact - floor(exact);
        given += want[k];
    }
    for (; given < goal; given++) {
        size_t best = 0;
        for (size_t k = 1; k < classes; k++)
            best = remainder[k] > remainder[best] ? k : best;
        want[best]++;
        remainder[best] = -1;
    }
    for (size_t j = 0; j < count; j++) {
        size_t i = order[j];
        if (part[i] != TRAIN || want[class[i]] == 0)
            continue;
        part[i] = (unsigned char)to;
        want[class[i]]--;
    }
}

static bpnn_status by_shares(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, double validation, unsigned char *part,
                             bpnn_error *error)
{
    size_t classes = plan->class_count ? plan->class_count : 1;
    uint32_t *class = bpnn__alloc(count, sizeof *class);
    size_t *order = bpnn__alloc(count, sizeof *order), *have = bpnn__alloc(2 * classes, sizeof *have);
    double *remainder = bpnn__alloc(classes, sizeof *remainder);
    bpnn_status status = class && order && have && remainder ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = classes_of(plan, table, rows, count, class, error);
    if (status == BPNN_OK) {
        uint32_t key[2];
        bpnn__random_key(options->train.seed, BPNN__STREAM_SPLIT, key);
        bpnn__random_permutation(key, 0, order, count);
        if (options->test_share > 0)
            give_share(options->test_share, TEST, class, classes, order, count, part, have, have + classes, remainder);
        if (validation > 0)
            give_share(validation, VALID, class, classes, order, count, part, have, have + classes, remainder);
    }
    bpnn__free(class);
    bpnn__free(order);
    bpnn__free(have);
    bpnn__free(remainder);
    return status;
}

/* ---- the plan's lists ---- */

static bpnn_status make_lists(bpnn__plan *plan, const size_t *rows, size_t count, const unsigned char *part,
                              bpnn_error *error)
{
    plan->train = bpnn__alloc(count, sizeof *plan->train);
    plan->valid = bpnn__alloc(count, sizeof *plan->valid);
    plan->test = bpnn__alloc(count, sizeof *plan->test);
    if (!plan->train || !plan->valid || !plan->test)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (part[i] == TRAIN)
            plan->train[plan->train_count++] = rows[i];
        else if (part[i] == VALID)
            plan->valid[plan->valid_count++] = rows[i];
        else
            plan->test[plan->test_count++] = rows[i];
    }
    return BPNN_OK;
}

/* The validation share in force: asked for, or the default. */
static double validation_share(const bpnn_fit_options *options, size_t count, bool hold_back_default,
                               bpnn__notes *notes)
{
    if (options->validation)
        return 0;
    if (!isnan(options->validation_share))
        return options->validation_share;
    if (!hold_back_default)
        return 0;
    if (count >= FEWEST)
        return DEFAULT_SHARE;
    bpnn__notes_add(notes, false, "no rows are held back for validation: %zu rows are few (--validation 0.15 to do so)",
                    count);
    return 0;
}

bpnn_status bpnn__plan_split(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, bool hold_back_default, bpnn__notes *notes,
                             bpnn_error *error)
{
    if (options->validation_share < 0 || options->validation_share >= 1 || options->test_share < 0 ||
        options->test_share >= 1)
        return bpnn__fail(error, BPNN_USAGE, "a share of rows is from 0 up and below 1");
    unsigned char *part = bpnn__alloc(count, 1);
    if (!part)
        return bpnn__fail_memory(error);
    bpnn_status status;
    if (plan->split_column != SIZE_MAX)
        status = by_column(plan, table, rows, count, part, error);
    else
        status = by_shares(plan, table, options, rows, count,
                           validation_share(options, count, hold_back_default, notes), part, error);
    if (status == BPNN_OK)
        status = make_lists(plan, rows, count, part, error);
    bpnn__free(part);
    if (status == BPNN_OK && plan->train_count == 0)
        status = bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "no rows are left to train on");
    return status;
}
