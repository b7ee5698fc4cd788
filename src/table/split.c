/* Training, validation and test rows: a function of (seed, rows, target) alone. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>

enum { FEWEST = 60 }; /* rows below which nothing is held back by default */
#define SHARE 0.15    /* held back by default */

enum part { TRAIN, VALID, TEST };

/* ---- a split column ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ASCII letters of either case, whatever the locale; blanks around do not count. */
static bool same_word(const char *cell, const char *word)
{
    while (is_blank(*cell))
        cell++;
    for (; *word; cell++, word++)
        if ((*cell >= 'A' && *cell <= 'Z' ? *cell + ('a' - 'A') : *cell) != *word)
            return false;
    while (is_blank(*cell))
        cell++;
    return *cell == '\0';
}

static int part_of(const char *word)
{
    static const struct {
        const char *word;
        enum part part;
    } words[] = {{"train", TRAIN},      {"training", TRAIN}, {"valid", VALID},
                 {"validation", VALID}, {"val", VALID},      {"test", TEST}};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (same_word(word, words[i].word))
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

typedef struct shares {
    bool grouped; /* classes are groups, which stay whole */
    size_t classes, count;
    size_t *class, *order; /* count each: of row i; one permutation of all rows */
    size_t *have, *want;   /* classes each */
    double *remainder;
    unsigned char *part; /* count */
} shares;

/* How many of each class `share` asks for: rounded down, then by the largest remainders until the total is right. A class keeps a row. */
static void find_wants(shares *s, double share)
{
    size_t total = 0, given = 0;
    memset(s->have, 0, s->classes * sizeof *s->have);
    for (size_t i = 0; i < s->count; i++)
        if (s->part[i] == TRAIN) {
            s->have[s->class[i]]++;
            total++;
        }
    size_t goal = (size_t)floor(share * (double)total + 0.5);
    for (size_t k = 0; k < s->classes; k++) {
        double exact = share * (double)s->have[k];
        s->want[k] = (size_t)floor(exact);
        s->remainder[k] = s->have[k] > s->want[k] + 1 ? exact - floor(exact) : -1;
        given += s->want[k];
    }
    for (; given < goal; given++) {
        size_t best = 0;
        for (size_t k = 1; k < s->classes; k++)
            best = s->remainder[k] > s->remainder[best] ? k : best;
        if (s->remainder[best] < 0)
            break;
        s->want[best]++;
        s->remainder[best] = -1;
    }
}

/* The same in whole groups, as they come in the permutation: a group is taken where that brings the total nearer to what is asked for,
 * and never the last one. */
static void give_groups(shares *s, double share, enum part to)
{
    size_t total = 0, given = 0;
    memset(s->have, 0, s->classes * sizeof *s->have);
    memset(s->want, 0, s->classes * sizeof *s->want);
    for (size_t i = 0; i < s->count; i++)
        if (s->part[i] == TRAIN) {
            s->have[s->class[i]]++;
            total++;
        }
    size_t goal = (size_t)floor(share * (double)total + 0.5);
    for (size_t j = 0; j < s->count; j++) {
        size_t g = s->class[s->order[j]], size = s->have[g];
        s->have[g] = 0; /* it had its turn */
        s->want[g] = s->want[g] || (size > 0 && given + size < total && 2 * given + size <= 2 * goal);
        given += s->want[g] ? size : 0;
    }
    for (size_t i = 0; i < s->count; i++)
        if (s->part[i] == TRAIN && s->want[s->class[i]])
            s->part[i] = (unsigned char)to;
}

/* Gives `share` of the rows that are still for training to `to`. */
static void give_share(shares *s, double share, enum part to)
{
    if (!(share > 0))
        return;
    if (s->grouped) {
        give_groups(s, share, to);
        return;
    }
    find_wants(s, share);
    for (size_t j = 0; j < s->count; j++) {
        size_t i = s->order[j];
        if (s->part[i] != TRAIN || s->want[s->class[i]] == 0)
            continue;
        s->part[i] = (unsigned char)to;
        s->want[s->class[i]]--;
    }
}

/* The order in which rows are given away. */
static void draw_order(shares *s, uint64_t seed)
{
    uint32_t key[2];
    bpnn__random_key(seed, BPNN__STREAM_SPLIT, key);
    bpnn__random_permutation(key, 0, s->order, s->count);
}

static bpnn_status by_shares(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, double validation, uint64_t validation_seed,
                             unsigned char *part, bpnn_error *error)
{
    bool grouped = plan->group_column != SIZE_MAX;
    size_t classes = grouped ? count : plan->class_count ? plan->class_count : 1;
    shares s = {.grouped = grouped, .classes = classes, .count = count, .part = part};
    s.class = bpnn__alloc(count, sizeof *s.class);
    s.order = bpnn__alloc(count, sizeof *s.order);
    s.have = bpnn__alloc(s.classes, sizeof *s.have);
    s.want = bpnn__alloc(s.classes, sizeof *s.want);
    s.remainder = bpnn__alloc(s.classes, sizeof *s.remainder);
    bpnn_status status = s.class && s.order && s.have && s.want && s.remainder ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = grouped ? bpnn__plan_groups(plan, table, rows, count, s.class, &s.classes, error)
                         : bpnn__plan_classes(plan, table, rows, count, s.class, error);
    if (status == BPNN_OK) {
        draw_order(&s, options->train.seed);
        give_share(&s, options->test ? 0 : options->test_share, TEST);
        if (validation_seed != options->train.seed)
            draw_order(&s, validation_seed);
        give_share(&s, validation, VALID);
    }
    bpnn__free(s.class);
    bpnn__free(s.order);
    bpnn__free(s.have);
    bpnn__free(s.want);
    bpnn__free(s.remainder);
    return status;
}

/* Rows that the caller holds out. */
static size_t mark_held_out(const unsigned char *held_out, const size_t *rows, size_t count, unsigned char *part)
{
    size_t marked = 0;
    for (size_t i = 0; held_out && i < count; i++)
        if (held_out[rows[i]]) {
            part[i] = TEST;
            marked++;
        }
    return marked;
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
        return SHARE;
    bpnn__notes_add(notes, false, "no rows are held back for validation: %zu rows are few (--validation 0.15 to do so)",
                    count);
    return 0;
}

/* A share that was asked for and gave nothing. */
static void warn_of_empty(const bpnn__plan *plan, const bpnn_fit_options *options, bpnn__notes *notes)
{
    if (options->validation_share > 0 && !options->validation && plan->valid_count == 0)
        bpnn__notes_add(notes, true, "too few rows: none is held back for validation");
    if (options->test_share > 0 && !options->test && plan->test_count == 0)
        bpnn__notes_add(notes, true, "too few rows: none is held back for the test");
}

bpnn_status bpnn__plan_split(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, bool hold_back_default, uint64_t validation_seed,
                             bpnn__notes *notes, bpnn_error *error)
{
    if (options->validation_share < 0 || options->validation_share >= 1 || options->test_share < 0 ||
        options->test_share >= 1)
        return bpnn__fail(error, BPNN_USAGE, "a share of rows is from 0 up and below 1");
    if (plan->split_column != SIZE_MAX &&
        (options->validation || options->test || options->validation_share > 0 || options->test_share > 0))
        return bpnn__fail(error, BPNN_USAGE, "give --split-column, or --validation and --test, not both");
    if (options->held_out && (plan->split_column != SIZE_MAX || options->test || options->test_share > 0))
        return bpnn__fail(error, BPNN_USAGE, "rows are held out: no split column and no other test goes with that");
    unsigned char *part = bpnn__alloc(count, 1);
    if (!part)
        return bpnn__fail_memory(error);
    bpnn_status status;
    if (plan->split_column != SIZE_MAX)
        status = by_column(plan, table, rows, count, part, error);
    else {
        size_t held_out = mark_held_out(options->held_out, rows, count, part);
        plan->validation_share = validation_share(options, count - held_out, hold_back_default, notes);
        status = by_shares(plan, table, options, rows, count, plan->validation_share, validation_seed, part, error);
    }
    if (status == BPNN_OK)
        status = make_lists(plan, rows, count, part, error);
    bpnn__free(part);
    if (status == BPNN_OK && plan->train_count == 0)
        status = bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "no rows are left to train on");
    if (status == BPNN_OK && plan->split_column == SIZE_MAX)
        warn_of_empty(plan, options, notes);
    return status;
}
