/* Options of one method, loss, activation, initialiser or schedule: --NAME-option. */
#include "options.h"
#include "say.h"

#include <math.h>
#include <string.h>

/* ---- who takes what ---- */

#define BPNN_X(id, name, initial, parameter) parameter,
static const char *const loss_options[] = {BPNN_LOSSES(BPNN_X)};
#undef BPNN_X
#define BPNN_X(id, name, initial, has) (has) ? "p" : NULL,
static const char *const activation_options[] = {BPNN_ACTIVATIONS(BPNN_X)};
static const char *const init_options[] = {BPNN_INITIALISERS(BPNN_X)};
#undef BPNN_X

const char *loss_option(int kind)
{
    return kind >= 0 && kind < BPNN_LOSS_COUNT ? loss_options[kind] : NULL;
}

const char *activation_option(int kind)
{
    return kind >= 0 && kind < BPNN_ACT_COUNT ? activation_options[kind] : NULL;
}

const char *init_option(int kind)
{
    return kind >= 0 && kind < BPNN_INIT_COUNT ? init_options[kind] : NULL;
}

static bool split(const char *name, special *s)
{
    const char *dash = strchr(name, '-');
    memset(s, 0, sizeof *s);
    if (!dash || dash == name || (size_t)(dash - name) >= sizeof s->owner || strlen(dash + 1) >= sizeof s->name)
        return false;
    memcpy(s->owner, name, (size_t)(dash - name));
    memcpy(s->name, dash + 1, strlen(dash + 1) + 1);
    return true;
}

static bool is_owner(const char *name)
{
    return bpnn_method_find(name) || bpnn_schedule_find(name) >= 0 || bpnn_word_find(BPNN_WORDS_LOSS, name) >= 0 ||
           bpnn_word_find(BPNN_WORDS_ACTIVATION, name) >= 0 || bpnn_word_find(BPNN_WORDS_INIT, name) >= 0;
}

bool is_special(const char *name)
{
    special s;
    return split(name, &s) && is_owner(s.owner);
}

/* ---- options that take one of two words, and the method's flag behind them ---- */

typedef struct choice {
    const char *owner, *name, *off, *on, *flag;
} choice;

static const choice choices[] = {{"rprop", "variant", "plus", "minus", "minus"},
                                 {"lm", "scaling", "identity", "marquardt", "marquardt"},
                                 {"lm", "rule", "nielsen", "matlab", "matlab"},
                                 {"cg", "rule", "pr", "fr", "fr"},
                                 {"br", "prior", "layer", "single", "single"}};
enum { CHOICES = sizeof choices / sizeof *choices };

static const choice *choice_of(const special *s)
{
    for (size_t i = 0; i < CHOICES; i++)
        if (strcmp(choices[i].owner, s->owner) == 0 && strcmp(choices[i].name, s->name) == 0)
            return &choices[i];
    return NULL;
}

bool choice_words(const char *owner, const char *flag, char *text, size_t size)
{
    for (size_t i = 0; i < CHOICES; i++)
        if (strcmp(choices[i].owner, owner) == 0 && strcmp(choices[i].flag, flag) == 0) {
            snprintf(text, size, "--%s-%s %s|%s", owner, choices[i].name, choices[i].off, choices[i].on);
            return true;
        }
    return false;
}

/* ---- the names an owner knows ---- */

enum { KNOWN = 16 };

static void add(const char **names, size_t *count, const char *name)
{
    if (name && *count < KNOWN)
        names[(*count)++] = name;
}

static size_t known_names(const char *owner, const char **names)
{
    size_t count = 0;
    const bpnn_method_info *method = bpnn_method_find(owner);
    int schedule = bpnn_schedule_find(owner);
    for (size_t i = 0; method && i < method->option_count; i++)
        add(names, &count, method->options[i].name);
    for (size_t i = 0; method && i < CHOICES; i++)
        if (strcmp(choices[i].owner, method->name) == 0)
            add(names, &count, choices[i].name);
    const bpnn_method_option *setting;
    for (size_t i = 0; schedule >= 0 && (setting = bpnn_schedule_setting((bpnn_schedule_kind)schedule, i)); i++)
        add(names, &count, setting->name);
    add(names, &count, loss_option(bpnn_word_find(BPNN_WORDS_LOSS, owner)));
    add(names, &count, activation_option(bpnn_word_find(BPNN_WORDS_ACTIVATION, owner)));
    add(names, &count, init_option(bpnn_word_find(BPNN_WORDS_INIT, owner)));
    return count;
}

static bool known(const special *s)
{
    const char *names[KNOWN];
    size_t count = known_names(s->owner, names);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], s->name) == 0)
            return true;
    const char *near = nearest(s->name, names, count);
    if (count == 0)
        say_usage("unknown option --%s-%s; %s takes no options", s->owner, s->name, s->owner);
    else if (near)
        say_usage("unknown option --%s-%s; did you mean --%s-%s?", s->owner, s->name, s->owner, near);
    else
        say_usage("unknown option --%s-%s; bpnn train --help %s lists its options", s->owner, s->name, s->owner);
    return false;
}

/* ---- setting ---- */

static bool read_value(special *s, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    const choice *word = choice_of(s);
    if (word) {
        s->value = strcmp(value, word->on) == 0;
        if (s->value == 0 && strcmp(value, word->off) != 0) {
            say_usage("--%s-%s is %s or %s, not '%s'", s->owner, s->name, word->off, word->on, value);
            return false;
        }
        snprintf(s->name, sizeof s->name, "%s", word->flag);
        return true;
    }
    s->value = yes;
    if (yes || strcmp(value, "no") == 0 || parse_number(value, &s->value))
        return true;
    say_usage("--%s-%s: expected a number, yes or no, not '%s'", s->owner, s->name, value);
    return false;
}

int set_special(arguments *a, const char *name, const char *value)
{
    special s;
    if (!split(name, &s) || !is_owner(s.owner))
        return 0;
    if (!known(&s) || !read_value(&s, value))
        return -1;
    for (int i = 0; i < a->special_count; i++)
        if (strcmp(a->specials[i].owner, s.owner) == 0 && strcmp(a->specials[i].name, s.name) == 0) {
            a->specials[i] = s;
            return 1;
        }
    if (a->special_count == SPECIALS) {
        say_usage("more than %d options of methods and the like", SPECIALS);
        return -1;
    }
    a->specials[a->special_count++] = s;
    return 1;
}

bool special_is_given(const arguments *a, const char *name)
{
    special s;
    bool good = split(name, &s);
    const choice *word = good ? choice_of(&s) : NULL;
    for (int i = 0; good && i < a->special_count; i++)
        if (strcmp(a->specials[i].owner, s.owner) == 0 && strcmp(a->specials[i].name, word ? word->flag : s.name) == 0)
            return true;
    return false;
}

/* ---- what they mean for a run ---- */

static bool named(const char *word, const char *owner)
{
    return word && strcmp(word, owner) == 0;
}

/* Which option would have to name the owner. */
static const char *chooser(const char *owner)
{
    return bpnn_method_find(owner)                       ? "method"
           : bpnn_schedule_find(owner) >= 0              ? "schedule"
           : bpnn_word_find(BPNN_WORDS_LOSS, owner) >= 0 ? "loss"
           : bpnn_word_find(BPNN_WORDS_INIT, owner) >= 0 ? "init"
                                                         : "activation";
}

static bool resolve(const arguments *a, const special *s, special_values *to)
{
    bool automatic = !a->method || strcmp(a->method, "auto") == 0;
    const bpnn_method_info *owner = bpnn_method_find(s->owner),
                           *used = bpnn_method_find(automatic ? "adamw" : a->method);
    if (owner && owner == used) {
        to->method[to->method_count++] = (bpnn_setting){s->name, s->value};
    } else if (named(a->schedule, s->owner)) {
        to->schedule[to->schedule_count++] = (bpnn_setting){s->name, s->value};
    } else if (named(a->loss, s->owner)) {
        to->loss = s->value;
    } else if (named(a->init, s->owner)) {
        to->init = s->value;
    } else if (named(a->activation, s->owner)) {
        snprintf(to->activation, sizeof to->activation, "%s(%.17g)", s->owner, s->value);
    } else {
        say_usage("--%s-%s: this run does not use %s; add --%s %s", s->owner, s->name, s->owner, chooser(s->owner),
                  s->owner);
        return false;
    }
    return true;
}

bool resolve_specials(const arguments *a, special_values *to)
{
    memset(to, 0, sizeof *to);
    to->loss = to->init = (double)NAN;
    for (int i = 0; i < a->special_count; i++)
        if (!resolve(a, &a->specials[i], to))
            return false;
    return true;
}
