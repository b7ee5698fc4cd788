/* What looks wrong with a table: said, not forbidden. Everything looks at the training rows alone. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOO_MANY 50000000.0 /* cells: the looks below are skipped, and that is said */
enum { FEW_ROWS = 10, LEAK_ROWS = 30, BLOCK = 256, NAMED = 5 };

/* Names for one message: the first few, and how many more there are. */
typedef struct names {
    bpnn__text text;
    size_t count;
} names;

typedef struct state {
    uint64_t hash;
    double first, low, high;
    bool constant, whole; /* all cells equal; whole numbers without a gap in the cells */
    uint64_t *words;      /* column of text: hash of every word */
} state;

typedef struct look {
    const bpnn__plan *plan;
    const bpnn_table *table;
    bpnn__notes *notes;
    size_t count;
    state *states;          /* of every feature */
    uint64_t *row_hash;     /* count */
    size_t *class;          /* count */
    double *cells, *target; /* count */
    names constant, counter, leak, same;
} look;

/* ---- messages ---- */

static void add_name(names *list, const char *name, const char *other)
{
    if (++list->count > NAMED)
        return;
    bpnn__text_add(&list->text, list->count > 1 ? ", '" : "'");
    bpnn__text_add(&list->text, name);
    if (other) {
        bpnn__text_add(&list->text, "' and '");
        bpnn__text_add(&list->text, other);
    }
    bpnn__text_add(&list->text, "'");
}

static void tell(const look *l, names *list, const char *one, const char *several)
{
    bool many = list->count > 1;
    const char *start = many || list == &l->same ? "columns " : "column ";
    if (list->count > NAMED && !list->text.failed)
        bpnn__notes_add(l->notes, true, "%s%s and %zu more %s", start, list->text.data, list->count - NAMED, several);
    else if (list->count > 0 && !list->text.failed)
        bpnn__notes_add(l->notes, true, "%s%s %s", start, list->text.data, many ? several : one);
    bpnn__text_free(&list->text);
}

/* ---- all cells once: hashes, constants, ranges ---- */

static uint64_t mix(uint64_t h, uint64_t bits)
{
    h = (h ^ bits) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    x = isnan(x) ? 0x1.8p1023 : x + 0.0; /* any missing cell is one value, -0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t hash_text(const char *text)
{
    uint64_t h = 1;
    for (; *text; text++)
        h = mix(h, (unsigned char)*text);
    return h;
}

static bool is_text(const look *l, size_t f)
{
    return l->plan->categorical[f] && l->table->columns[l->plan->features[f]].text;
}

static void read_cells(const look *l, size_t f, size_t at, size_t count, double *x)
{
    if (l->plan->categorical[f])
        bpnn__table_numbers(l->table, l->plan->features[f], l->plan->train + at, 0, count, x);
    else
        bpnn__table_values(l->table, l->plan->features[f], l->plan->train + at, 0, count, x);
}

static void look_at_block(look *l, size_t f, size_t at, size_t count)
{
    state *s = &l->states[f], now = *s;
    double x[BLOCK];
    read_cells(l, f, at, count, x);
    if (at == 0)
        now.first = now.low = now.high = x[0];
    uint64_t first = bits_of(now.first);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = bits_of(x[i]);
        now.constant &= bits == first;
        now.whole &= floor(x[i]) == x[i];
        now.low = x[i] < now.low ? x[i] : now.low;
        now.high = x[i] > now.high ? x[i] : now.high;
        if (now.words && !isnan(x[i]))
            bits = now.words[(size_t)x[i]];
        now.hash = mix(now.hash, bits);
        l->row_hash[at + i] = mix(l->row_hash[at + i], bits);
    }
    *s = now;
}

static bool prepare_states(look *l)
{
    l->states = bpnn__alloc(l->plan->feature_count, sizeof *l->states);
    for (size_t f = 0; l->states && f < l->plan->feature_count; f++) {
        const bpnn__dictionary *words = l->table->columns[l->plan->features[f]].words;
        state *s = &l->states[f];
        s->constant = s->whole = true;
        if (!is_text(l, f))
            continue;
        s->words = bpnn__alloc(words->count ? words->count : 1, sizeof *s->words);
        for (size_t w = 0; s->words && w < words->count; w++)
            s->words[w] = hash_text(bpnn__dictionary_word(words, w));
        if (!s->words)
            return false;
    }
    return l->states != NULL;
}

static void look_at_cells(look *l)
{
    for (size_t at = 0; at < l->count; at += BLOCK) {
        size_t n = l->count - at < BLOCK ? l->count - at : BLOCK;
        for (size_t f = 0; f < l->plan->feature_count; f++)
            look_at_block(l, f, at, n);
    }
}

/* ---- IDs: whole numbers (or texts, by the order of their first appearance), all different and dense ---- */

static bool is_counter(const look *l, size_t f)
{
    const state *s = &l->states[f];
    double span = s->high - s->low;
    if (l->count < LEAK_ROWS || !s->whole || span >= 2 * (double)l->count)
        return false;
    unsigned char *seen = bpnn__alloc((size_t)span + 1, 1);
    bool different = seen != NULL;
    for (size_t at = 0; different && at < l->count; at += BLOCK) {
        size_t n = l->count - at < BLOCK ? l->count - at : BLOCK;
        double x[BLOCK];
        read_cells(l, f, at, n, x);
        for (size_t i = 0; different && i < n; i++)
            different = seen[(size_t)(x[i] - s->low)]++ == 0;
    }
    bpnn__free(seen);
    return different;
}

/* ---- leaks ---- */

typedef struct entry {
    bool used;
    double cell;
    size_t class;
} entry;

/* Few values, each with one class of its own: the column tells the target. Leaves at the first value with two classes. */
static bool tells_class(const look *l, size_t f)
{
    size_t most = 2 * l->plan->class_count, slots = 4, values = 0, known = 0;
    while (slots < 2 * most)
        slots *= 2;
    entry *table = bpnn__alloc(slots, sizeof *table);
    bool tells = table != NULL, several = false;
    size_t one = SIZE_MAX;
    for (size_t at = 0; tells && at < l->count; at += BLOCK) {
        size_t n = l->count - at < BLOCK ? l->count - at : BLOCK;
        double x[BLOCK];
        read_cells(l, f, at, n, x);
        for (size_t i = 0; tells && i < n; i++) {
            if (isnan(x[i]))
                continue;
            size_t slot = mix(1, bits_of(x[i])) & (slots - 1), class = l->class[at + i];
            while (table[slot].used && table[slot].cell != x[i])
                slot = (slot + 1) & (slots - 1);
            values += !table[slot].used;
            tells = values <= most && (!table[slot].used || table[slot].class == class);
            table[slot] = (entry){true, x[i], class};
            several = several || (one != SIZE_MAX && one != class);
            one = class;
            known++;
        }
    }
    bpnn__free(table);
    return tells && several && values >= 2 && known >= LEAK_ROWS;
}

static double correlation(const double *x, const double *y, size_t count)
{
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i]))
            continue;
        n++;
        sx += x[i];
        sy += y[i];
    }
    if (n < LEAK_ROWS)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(x[i]) || isnan(y[i]))
            continue;
        double a = x[i] - sx / n, b = y[i] - sy / n;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : 0;
}

static void look_for_leaks(look *l)
{
    const bpnn__plan *plan = l->plan;
    unsigned char *told = bpnn__alloc(plan->feature_count, 1);
    for (size_t k = 0; told && plan->class_count == 0 && k < plan->target_count; k++) {
        bpnn__table_values(l->table, plan->targets[k], plan->train, 0, l->count, l->target);
        for (size_t f = 0; f < plan->feature_count; f++) {
            if (plan->categorical[f] || l->states[f].constant || told[f])
                continue;
            read_cells(l, f, 0, l->count, l->cells);
            told[f] = fabs(correlation(l->cells, l->target, l->count)) > 0.9999;
        }
    }
    for (size_t f = 0; told && f < plan->feature_count; f++)
        if (told[f] || (plan->class_count > 0 && !l->states[f].constant && tells_class(l, f)))
            add_name(&l->leak, l->table->columns[plan->features[f]].name, NULL);
    bpnn__free(told);
}

/* ---- repetitions ---- */

typedef struct hashed {
    uint64_t hash;
    size_t index;
} hashed;

static int by_hash(const void *a, const void *b)
{
    const hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void look_for_same_columns(look *l)
{
    size_t count = 0;
    hashed *list = bpnn__alloc(l->plan->feature_count, sizeof *list);
    for (size_t f = 0; list && f < l->plan->feature_count; f++)
        if (!l->states[f].constant)
            list[count++] = (hashed){l->states[f].hash, f};
    if (list)
        qsort(list, count, sizeof *list, by_hash);
    for (size_t i = 1; list && i < count; i++)
        if (list[i].hash == list[i - 1].hash)
            add_name(&l->same, l->table->columns[l->plan->features[list[i - 1].index]].name,
                     l->table->columns[l->plan->features[list[i].index]].name);
    bpnn__free(list);
}

static void look_at_rows(look *l)
{
    const bpnn__plan *plan = l->plan;
    size_t repeated = 0;
    hashed *list = bpnn__alloc(l->count, sizeof *list);
    for (size_t k = 0; k < plan->target_count; k++) {
        bpnn__table_numbers(l->table, plan->targets[k], plan->train, 0, l->count, l->target);
        for (size_t i = 0; i < l->count; i++)
            l->row_hash[i] = mix(l->row_hash[i], bits_of(l->target[i]));
    }
    for (size_t i = 0; list && i < l->count; i++)
        list[i] = (hashed){l->row_hash[i], i};
    if (list)
        qsort(list, l->count, sizeof *list, by_hash);
    for (size_t i = 1; list && i < l->count; i++)
        repeated += list[i].hash == list[i - 1].hash;
    bpnn__free(list);
    if (repeated > 0)
        bpnn__notes_add(l->notes, true, "%zu training rows are repetitions of others", repeated);
}

/* ---- targets ---- */

static void look_at_classes(const look *l)
{
    size_t classes = l->plan->class_count, few = 0, least = 0;
    size_t *have = bpnn__alloc(classes ? classes : 1, sizeof *have);
    for (size_t i = 0; have && classes > 0 && i < l->count; i++)
        have[l->class[i]]++;
    for (size_t k = 0; have && k < classes; k++) {
        few += have[k] < FEW_ROWS;
        least = have[k] < have[least] ? k : least;
    }
    if (few == 1)
        bpnn__notes_add(l->notes, true, "class '%s' has %zu training rows: few to learn from", l->plan->classes[least],
                        have[least]);
    else if (few > 1)
        bpnn__notes_add(l->notes, true, "%zu classes have less than %d training rows, '%s' has %zu: few to learn from",
                        few, (int)FEW_ROWS, l->plan->classes[least], have[least]);
    bpnn__free(have);
}

static void look_at_targets(look *l)
{
    for (size_t k = 0; l->plan->class_count == 0 && k < l->plan->target_count; k++) {
        size_t i = 1;
        bpnn__table_values(l->table, l->plan->targets[k], l->plan->train, 0, l->count, l->target);
        while (i < l->count && bits_of(l->target[i]) == bits_of(l->target[0]))
            i++;
        if (i == l->count)
            bpnn__notes_add(l->notes, true, "the target '%s' is constant: there is nothing to learn",
                            l->table->columns[l->plan->targets[k]].name);
    }
}

static void look_at_all(look *l)
{
    look_at_cells(l);
    for (size_t f = 0; f < l->plan->feature_count; f++) {
        const char *name = l->table->columns[l->plan->features[f]].name;
        if (l->states[f].constant)
            add_name(&l->constant, name, NULL);
        else if (is_counter(l, f))
            add_name(&l->counter, name, NULL);
    }
    look_for_leaks(l);
    look_for_same_columns(l);
    tell(l, &l->constant, "is constant: it tells nothing (--drop)", "are constant: they tell nothing (--drop)");
    tell(l, &l->counter, "looks like a row number or an ID (--drop)", "look like row numbers or IDs (--drop)");
    tell(l, &l->leak, "alone tells the target: is it known before? (--drop)",
         "each tell the target alone: are they known before? (--drop)");
    tell(l, &l->same, "are the same (--drop one)", "are the same (--drop one of each)");
    look_at_rows(l);
    look_at_targets(l);
    look_at_classes(l);
}

bpnn_status bpnn__plan_warn(const bpnn__plan *plan, const bpnn_table *table, bpnn__notes *notes, bpnn_error *error)
{
    look l = {.plan = plan, .table = table, .notes = notes, .count = plan->train_count};
    double looks = plan->class_count > 0 ? 1 : (double)plan->target_count;
    if ((double)l.count * (double)plan->feature_count * looks > TOO_MANY) {
        bpnn__notes_add(notes, false, "the table is large: constant, repeated and leaking columns are not looked for");
        return BPNN_OK;
    }
    l.cells = bpnn__alloc(l.count, sizeof *l.cells);
    l.target = bpnn__alloc(l.count, sizeof *l.target);
    l.row_hash = bpnn__alloc(l.count, sizeof *l.row_hash);
    l.class = bpnn__alloc(l.count, sizeof *l.class);
    bool good = prepare_states(&l) && l.cells && l.target && l.row_hash && l.class;
    bpnn_status status = good ? BPNN_OK : bpnn__fail_memory(error);
    if (good)
        status = bpnn__plan_classes(plan, table, plan->train, l.count, l.class, error);
    if (status == BPNN_OK)
        look_at_all(&l);
    for (size_t f = 0; l.states && f < plan->feature_count; f++)
        bpnn__free(l.states[f].words);
    bpnn__free(l.states);
    bpnn__free(l.cells);
    bpnn__free(l.target);
    bpnn__free(l.row_hash);
    bpnn__free(l.class);
    return status;
}
