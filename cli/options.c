/* The table of options, and reading them. */
#include "options.h"
#include "say.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(arguments, field)
#define DATA_VERBS (TRAIN | EVALUATE | PREDICT | INSPECT)

static const option options[] = {
    {"delimiter", 0, TEXT, AT(delimiter), DATA_VERBS | EXPORT, "CHAR", "between cells; found by itself", "Data"},
    {"header", 0, TEXT, AT(header), DATA_VERBS | EXPORT, "yes|no", "the first line has names; found by itself", "Data"},
    {"decimal", 0, TEXT, AT(decimal), DATA_VERBS | EXPORT, ".|,", "decimal point; found by itself", "Data"},
    {"na", 0, TEXT, AT(na), DATA_VERBS | EXPORT, "LIST", "texts of a missing cell: NA,NaN,?,null (and empty)", "Data"},
    {"format", 0, TEXT, AT(format), DATA_VERBS, "NAME", "csv, idx, npy, libsvm; by the file's name", "Data"},
    {"target", 't', TEXT, AT(target), TRAIN, "COL[,COL]", "what to predict; the last column", "Data"},
    {"features", 0, TEXT, AT(features), TRAIN, "COLS", "inputs: names, numbers, ranges 3-17; all others", "Data"},
    {"drop", 0, TEXT, AT(drop), TRAIN, "COLS", "columns to leave out", "Data"},
    {"categorical", 0, TEXT, AT(categorical), TRAIN, "COLS", "take these as categories", "Data"},
    {"numeric", 0, TEXT, AT(numeric), TRAIN, "COLS", "take these as numbers", "Data"},
    {"sample-weight", 0, TEXT, AT(sample_weight), TRAIN, "COL", "column of row weights", "Data"},
    {"class-weight", 0, TEXT, AT(class_weight), TRAIN, "none|balanced", "weight classes by their rarity; none", "Data"},
    {"task", 0, TEXT, AT(task), TRAIN, "NAME", "auto, regression, binary, multiclass; auto", "Data"},
    {"positive", 0, TEXT, AT(positive), TRAIN, "LABEL", "binary: the positive class; the last", "Data"},
    {"validation", 0, TEXT, AT(validation), TRAIN, "SHARE|FILE", "rows held back to stop early; 0.15 (0 = none)",
     "Data"},
    {"test", 0, TEXT, AT(test), TRAIN, "SHARE|FILE", "rows held back and reported once at the end; none", "Data"},
    {"split-column", 0, TEXT, AT(split_column), TRAIN, "COL", "holds train, valid, test in place of shares", "Data"},
    {"group", 0, TEXT, AT(group), TRAIN, "COL", "rows equal in it stay in one part, or one fold; no input; none",
     "Data"},
    {"scale", 0, TEXT, AT(scale), TRAIN, "NAME", "inputs: auto, standard, minmax, robust, pooled, none; auto", "Data"},
    {"target-scale", 0, TEXT, AT(target_scale), TRAIN, "NAME", "auto, standard, minmax, robust, none; auto", "Data"},
    {"missing", 0, TEXT, AT(missing), TRAIN, "NAME", "missing numbers: median, mean, drop, error; median", "Data"},
    {"missing-indicator", 0, TEXT, AT(missing_indicator), TRAIN, "yes|no", "a 0/1 column beside a filled one; yes",
     "Data"},
    {"preset", 0, TEXT, AT(preset), TRAIN, "NAME", "fitnet, patternnet: MATLAB's settings where nothing else is given",
     "Network"},
    {"hidden", 0, TEXT, AT(hidden), TRAIN, "SIZES", "64,32 or 64:relu,32:tanh; \"\" = no hidden layer; by rule",
     "Network"},
    {"activation", 0, TEXT, AT(activation), TRAIN | BENCH, "NAME", "of hidden layers; relu", "Network"},
    {"output-activation", 0, TEXT, AT(output_activation), TRAIN | BENCH, "NAME", "by task", "Network"},
    {"loss", 0, TEXT, AT(loss), TRAIN | BENCH, "NAME", "by task", "Network"},
    {"bias", 0, TEXT, AT(bias), TRAIN, "NAME", "neuron, shared (one a layer), none; neuron", "Network"},
    {"init", 0, TEXT, AT(init), TRAIN, "NAME", "initial weights: he, glorot, lecun, nguyen_widrow ..; auto", "Network"},
    {"precision", 0, TEXT, AT(precision), TRAIN | BENCH, "NAME", "single, double; single", "Network"},
    {"reduction", 0, TEXT, AT(reduction), TRAIN, "mean|sum", "of the loss over a batch; mean", "Network"},
    {"group-rows", 0, COUNT, AT(group_rows), TRAIN, "N", "rows of a summation group; 1024", "Network"},
    {"method", 'm', TEXT, AT(method), TRAIN | BENCH, "NAME",
     "auto, adamw, adam, nadam, sgd, rmsprop, adagrad, adadelta, rprop, lbfgs, cg, scg, lm, br; auto", "Training"},
    {"rate", 0, NUMBER, AT(rate), TRAIN, "A", "learning rate; the method's", "Training"},
    {"momentum", 0, NUMBER, AT(momentum), TRAIN, "M", "of sgd; 0", "Training"},
    {"batch", 'b', TEXT, AT(batch), TRAIN | BENCH, "N|full", "rows a step; by rule", "Training"},
    {"epochs", 'e', COUNT, AT(epochs), TRAIN, "N", "at most; 1000, br 300 (0 saves the initial network)", "Training"},
    {"shuffle", 0, TEXT, AT(shuffle), TRAIN, "yes|no", "a new order every epoch; yes", "Training"},
    {"l1", 0, NUMBER, AT(l1), TRAIN, "A", "penalty on |w|; 0", "Training"},
    {"l2", 0, TEXT, AT(l2), TRAIN, "A|auto", "penalty on w^2 / 2 (auto: chosen, for lbfgs, cg, scg, lm); the method's",
     "Training"},
    {"dropout", 0, NUMBER, AT(dropout), TRAIN, "P", "probability, hidden layers; 0", "Training"},
    {"clip", 0, NUMBER, AT(clip), TRAIN, "NORM", "limit of the gradient's norm; off", "Training"},
    {"schedule", 0, TEXT, AT(schedule), TRAIN, "NAME",
     "constant, step, exponential, cosine, plateau, onecycle, adaptive (all rows a step); by rule", "Training"},
    {"warmup", 0, COUNT, AT(warmup), TRAIN, "N", "epochs in which the rate rises; 0", "Training"},
    {"patience", 0, TEXT, AT(patience), TRAIN, "N", "epochs without a better validation loss; by rule (0 = off)",
     "Training"},
    {"min-delta", 0, NUMBER, AT(min_delta), TRAIN, "D", "what counts as better; 0", "Training"},
    {"target-loss", 0, NUMBER, AT(target_loss), TRAIN, "L", "stop at this training loss", "Training"},
    {"time-limit", 0, TEXT, AT(time_limit), TRAIN, "TIME", "30s, 10m, 1h; cv, tune: of all fits together", "Training"},
    {"seed", 's', COUNT, AT(seed), TRAIN | BENCH, "N", "of split, weights, order, dropout; 1", "Training"},
    {"restarts", 0, COUNT, AT(restarts), TRAIN, "N", "starts whose best is kept (by validation; br: evidence); 1",
     "Training"},
    {"ensemble", 0, COUNT, AT(ensemble), TRAIN, "N", "members whose mean predicts, in one model file; 1", "Training"},
    {"folds", 0, COUNT, AT(folds), CV | TUNE, "K", "parts that are held out in turn; 5", "Folds"},
    {"repeats", 0, COUNT, AT(repeats), CV | TUNE, "N", "the whole of it, with seeds S, S + 1, ..; 1", "Folds"},
    {"trials", 0, COUNT, AT(trials), TUNE, "N", "configurations; 60, and 5 minutes, where no limit is given", "Folds"},
    {"threads", 0, TEXT, AT(threads), TRAIN | EVALUATE | PREDICT | BENCH, "N|auto",
     "auto; the bits do not depend on it", "Machine"},
    {"isa", 0, TEXT, AT(isa), TRAIN | EVALUATE | PREDICT | BENCH, "NAME",
     "auto, scalar, sse2, avx2, avx512, neon; auto", "Machine"},
    {"cache", 0, FLAG, AT(cache), DATA_VERBS, NULL,
     "keep the parsed table as DATA.bpnncache, and take it from there while DATA is the same to the byte", "Machine"},
    {"layers", 0, TEXT, AT(layers), BENCH, "SIZES", "784-128-10", "Benchmark"},
    {"seconds", 0, NUMBER, AT(seconds), BENCH, "S", "of each measurement; 1", "Benchmark"},
    {"rows", 0, COUNT, AT(rows), BENCH, "N", "of random data; 4096", "Benchmark"},
    {"labels-only", 0, FLAG, AT(labels_only), PREDICT | CV, NULL, "the predicted class alone", "Output"},
    {"append", 0, FLAG, AT(append), PREDICT | CV, NULL, "keep the input's columns", "Output"},
    {"guard-formulas", 0, FLAG, AT(guard_formulas), PREDICT | CV, NULL,
     "' before texts that a spreadsheet would compute (= + - @)", "Output"},
    {"predictions", 0, TEXT, AT(predictions), CV, "FILE", "CSV, every row by a model that never saw it", "Output"},
    {"to", 0, TEXT, AT(to), EXPORT, "FORMAT", "one of those below", "Output"},
    {"fixed", 0, FLAG, AT(fixed), EXPORT, NULL, "c: whole numbers instead of floating point", "Output"},
    {"bits", 0, COUNT, AT(bits), EXPORT, "N", "fixed: 8 or 16 a number; 16", "Output"},
    {"data", 0, TEXT, AT(data), EXPORT, "FILE",
     "fixed: the table that all ranges are taken from; training's is the best", "Output"},
    {"output", 'o', TEXT, AT(output), TRAIN | TUNE | PREDICT | EXPORT | IMPORT, "FILE",
     "what to write; train, import: DATA's or FILE's name + .bpnn, tune: + .tuned, predict: standard output", "Output"},
    {"checkpoint", 0, TEXT, AT(checkpoint), TRAIN, "FILE", "state of the run, to go on with; at Ctrl-C OUTPUT.ckpt",
     "Output"},
    {"checkpoint-every", 0, TEXT, AT(checkpoint_every), TRAIN, "N|TIME", "epochs, or 30s, 10m; 30s", "Output"},
    {"resume", 0, TEXT, AT(resume), TRAIN, "FILE", "go on with the run of a checkpoint, with its options", "Output"},
    {"resume-anyway", 0, FLAG, AT(resume_anyway), TRAIN, NULL, "also with other data or options", "Output"},
    {"init-from", 0, TEXT, AT(init_from), TRAIN, "MODEL", "start from a model's parameters, columns and network",
     "Training"},
    {"log", 0, TEXT, AT(log), TRAIN, "FILE", "JSON lines: configuration, every epoch, outcome", "Output"},
    {"json", 0, FLAG, AT(json), ALL, NULL, "one JSON object on standard output", "Output"},
    {"quiet", 'q', FLAG, AT(quiet), ALL, NULL, "no progress and notes", "Output"},
    {"verbose", 'v', FLAG, AT(verbose), ALL, NULL, "more of both", "Output"},
    {"no-color", 0, FLAG, AT(no_color), ALL, NULL, "also by NO_COLOR", "Output"},
    {"config", 0, TEXT, AT(config), ALL, "FILE", "options as lines key = value; the command line wins", "Output"},
    {"help", 'h', FLAG, AT(help), ALL, NULL, "this; train --help METHOD for a method's options", "Output"},
};

enum { OPTIONS = sizeof options / sizeof *options };

const option *option_at(size_t index)
{
    return index < OPTIONS ? &options[index] : NULL;
}

/* ---- who takes what ---- */

/* Options of train that mean nothing where every row is held out once. */
static const struct refusal {
    unsigned verbs;
    const char *name, *why;
} refusals[] = {
    {CV | TUNE, "test", "every row is held out once; keep rows for a last test in a file of their own"},
    {CV | TUNE, "split-column", "the folds are the split; --group COL keeps rows together"},
    {CV, "output", "cv saves no model, train does; --predictions FILE takes the predictions"},
    {CV | TUNE, "checkpoint", "a run of many fits starts again"},
    {CV | TUNE, "checkpoint-every", "a run of many fits starts again"},
    {CV | TUNE, "resume", "a run of many fits starts again"},
    {CV | TUNE, "resume-anyway", "a run of many fits starts again"},
    {CV | TUNE, "init-from", "its model may have seen the rows that are held out"},
    {CV | TUNE, "report", "it shows one training run"},
};

static const char *refusal(enum verb verb, const char *name)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if ((refusals[i].verbs & verb) && strcmp(refusals[i].name, name) == 0)
            return refusals[i].why;
    return NULL;
}

bool takes_option(enum verb verb, const option *o)
{
    bool fits = verb == CV || verb == TUNE;
    return (o->verbs & verb) || (fits && (o->verbs & TRAIN) && !refusal(verb, o->name));
}

/* ---- words and numbers ---- */

bool parse_number(const char *text, double *value)
{
    char *end;
    if (!text || !*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

bool parse_time(const char *text, double *seconds)
{
    char number[32];
    size_t n = strlen(text);
    double unit = 1;
    if (n == 0 || n >= sizeof number)
        return false;
    memcpy(number, text, n + 1);
    switch (number[n - 1]) {
    case 'h':
        unit = 3600;
        break;
    case 'm':
        unit = 60;
        break;
    case 's':
        break;
    default:
        return parse_number(text, seconds) && *seconds >= 0;
    }
    number[n - 1] = '\0';
    if (!parse_number(number, seconds) || *seconds < 0)
        return false;
    *seconds *= unit;
    return isfinite(*seconds);
}

bool parse_count(const char *text, double least, double *value)
{
    return parse_number(text, value) && *value >= least && *value <= 9e15 && floor(*value) == *value;
}

const char *verb_name(enum verb verb)
{
    return verb == TRAIN      ? "train"
           : verb == EVALUATE ? "evaluate"
           : verb == PREDICT  ? "predict"
           : verb == INSPECT  ? "inspect"
           : verb == CV       ? "cv"
           : verb == TUNE     ? "tune"
           : verb == EXPORT   ? "export"
           : verb == IMPORT   ? "import"
                              : "bench";
}

/* ---- setting ---- */

static bool put(arguments *a, const option *o, const char *value)
{
    char *field = (char *)a + o->offset;
    double number;
    switch (o->kind) {
    case FLAG:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
            say_usage("--%s takes no value", o->name);
            return false;
        }
        *(bool *)(void *)field = value[0] == 'y';
        return true;
    case TEXT:
        *(const char **)(void *)field = value;
        return true;
    default:
        if (o->kind == COUNT ? !parse_count(value, 0, &number) : !parse_number(value, &number)) {
            say_usage("--%s: expected %s, not '%s'", o->name, o->kind == COUNT ? "a whole number" : "a number", value);
            return false;
        }
        *(double *)(void *)field = number;
        return true;
    }
}

/* How often each option stands on the command line. */
static unsigned given[OPTIONS];

bool was_given(const option *o)
{
    return given[o - options] > 0;
}

static const option *find(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

bool was_given_by_name(const char *name)
{
    const option *o = find(name);
    return o && was_given(o);
}

const char *given_text(const arguments *a, const char *name)
{
    const option *o = find(name);
    return o && o->kind == TEXT ? *(const char *const *)(const void *)((const char *)a + o->offset) : NULL;
}

static void say_unknown(const arguments *a, const char *name)
{
    static const char *const later[] = {"report"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(later[i], name) == 0) {
            say_usage("--%s is not in this version; see bpnn %s --help", name, verb_name(a->verb));
            return;
        }
    const char *names[OPTIONS];
    size_t count = 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (takes_option(a->verb, &options[i]))
            names[count++] = options[i].name;
    const char *near = nearest(name, names, count);
    if (near)
        say_usage("unknown option --%s; did you mean --%s?", name, near);
    else
        say_usage("unknown option --%s; see bpnn %s --help", name, verb_name(a->verb));
}

static bool has_specials(const arguments *a)
{
    return a->verb == TRAIN || a->verb == CV || a->verb == TUNE;
}

bool set_option(arguments *a, const char *name, const char *value)
{
    const option *o = find(name);
    int done = o || !has_specials(a) ? 0 : set_special(a, name, value);
    if (done != 0)
        return done > 0;
    if (!o) {
        say_unknown(a, name);
        return false;
    }
    if (!takes_option(a->verb, o)) {
        const char *why = refusal(a->verb, name);
        say_usage("--%s is not an option of bpnn %s%s%s", name, verb_name(a->verb), why ? ": " : "", why ? why : "");
        return false;
    }
    given[o - options]++;
    return put(a, o, value);
}

/* ---- the command line ---- */

static const option *by_letter(char letter)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (options[i].letter == letter)
            return &options[i];
    return NULL;
}

/* One option at argv[*i]; moves over its value. */
static bool one_option(arguments *a, int argc, char **argv, int *i)
{
    char name[64];
    const char *word = argv[*i], *value = NULL;
    const option *o = NULL;
    if (word[1] != '-') {
        o = word[2] == '\0' ? by_letter(word[1]) : NULL;
        if (!o) {
            say_usage("unknown option %s; long options begin with two dashes", word);
            return false;
        }
        memcpy(name, o->name, strlen(o->name) + 1);
    } else {
        const char *equals = strchr(word, '=');
        size_t size = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        if (size >= sizeof name) {
            say_usage("unknown option %.40s..; see bpnn %s --help", word, verb_name(a->verb));
            return false;
        }
        memcpy(name, word + 2, size);
        name[size] = '\0';
        value = equals ? equals + 1 : NULL;
        o = find(name);
    }
    if (o && o->kind == FLAG && !value)
        value = "yes";
    if (!o && !(has_specials(a) && is_special(name))) {
        say_unknown(a, name);
        return false;
    }
    if (!value) {
        if (*i + 1 >= argc) {
            say_usage("--%s needs a value%s%s", name, o && o->value ? ": " : "", o && o->value ? o->value : "");
            return false;
        }
        value = argv[++*i];
    }
    return set_option(a, name, value);
}

static bool parse_words(arguments *a, int argc, char **argv)
{
    bool only_places = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!only_places && strcmp(word, "--") == 0) {
            only_places = true;
        } else if (!only_places && word[0] == '-' && word[1] != '\0') {
            if (!one_option(a, argc, argv, &i))
                return false;
        } else if (a->places == PLACES) {
            say_usage("too many words: '%s'", word);
            return false;
        } else {
            a->place[a->places++] = word;
        }
    }
    return true;
}

static void defaults(arguments *a, enum verb verb)
{
    memset(a, 0, sizeof *a);
    memset(given, 0, sizeof given);
    a->verb = verb;
    a->rate = a->momentum = a->target_loss = a->epochs = a->group_rows = a->warmup = (double)NAN;
    a->folds = a->repeats = a->trials = a->bits = (double)NAN;
    a->seed = a->restarts = a->ensemble = 1;
    a->seconds = 1;
    a->rows = 4096;
}

/* Said before the file is read: the pass over both takes the same words again. */
static void say_repeated(const arguments *a)
{
    say.quiet = a->quiet;
    say.verbose = a->verbose;
    for (size_t i = 0; i < OPTIONS; i++)
        if (given[i] > 1)
            say_detail("--%s is given %u times: the last one counts", options[i].name, given[i]);
}

static int word_count;
static char **words;

int parse_arguments(arguments *a, int argc, char **argv)
{
    enum verb verb = a->verb;
    word_count = argc;
    words = argv;
    defaults(a, verb);
    if (!parse_words(a, argc, argv))
        return BPNN_USAGE;
    say_repeated(a);
    if (!a->config || a->help)
        return 0;
    /* the file first, the command line over it */
    const char *path = a->config;
    defaults(a, verb);
    int code = read_config(a, path);
    if (code != 0)
        return code;
    return parse_words(a, argc, argv) ? 0 : BPNN_USAGE;
}

/* ---- a run that goes on ---- */

static bool may_change(const char *name)
{
    static const char *const names[] = {
        "threads", "isa",   "epochs",  "time-limit", "output", "checkpoint", "checkpoint-every", "log",
        "json",    "quiet", "verbose", "no-color",   "help",   "resume",     "resume-anyway",    "cache"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* False: said which option has no place beside --resume. */
static bool only_changeable(const arguments *a)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (given[i] > 0 && !may_change(options[i].name)) {
            say_usage("--%s comes from the checkpoint; leave it out, or add --resume-anyway", options[i].name);
            return false;
        }
    if (a->special_count > 0)
        say_usage("--%s-%s comes from the checkpoint; leave it out, or add --resume-anyway", a->specials[0].owner,
                  a->specials[0].name);
    return a->special_count == 0;
}

int take_options_of_run(arguments *a, const char *path, char *text)
{
    if (!a->resume_anyway && !only_changeable(a))
        return BPNN_USAGE;
    defaults(a, a->verb);
    int code = read_config_text(a, path, text);
    if (code != 0)
        return code;
    if (a->output || a->log || a->checkpoint || a->init_from || a->resume || a->resume_anyway) {
        say_usage("%s: the options of this checkpoint name what no run keeps there", path); /* it may be a stranger's */
        return BPNN_USAGE;
    }
    return parse_words(a, word_count, words) ? 0 : BPNN_USAGE;
}
