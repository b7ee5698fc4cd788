/* What people bring along from MATLAB: presets (fitnet, patternnet), names of methods with their settings, names of
 * activations and the like. All of it becomes options of this program, before anything is read; what was given wins. */
#include "options.h"
#include "say.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- filling in what was not given ---- */

typedef struct pair {
    const char *name, *value;
} pair;

/* What was filled in, for a note: "--method lm --hidden 10". */
typedef struct told {
    char text[240];
    size_t size;
} told;

static void tell(told *to, const char *name, const char *value)
{
    size_t room = sizeof to->text - to->size;
    int n = snprintf(to->text + to->size, room, " --%s %s", name, value);
    to->size += n > 0 && (size_t)n < room ? (size_t)n : 0;
    to->text[to->size] = '\0';
}

/* Rate and momentum are NAN, texts NULL until they are given. */
static bool is_given(const arguments *a, const char *name)
{
    if (strcmp(name, "rate") == 0 || strcmp(name, "momentum") == 0)
        return !isnan(name[0] == 'r' ? a->rate : a->momentum);
    return given_text(a, name) || special_is_given(a, name);
}

static bool fill(arguments *a, const char *name, const char *value, told *to)
{
    if (is_given(a, name))
        return true;
    tell(to, name, value);
    return set_option(a, name, value);
}

static bool fill_all(arguments *a, const pair *pairs, size_t most, told *to)
{
    for (size_t i = 0; i < most && pairs[i].name; i++)
        if (!fill(a, pairs[i].name, pairs[i].value, to))
            return false;
    return true;
}

/* ---- presets ---- */

enum { PRESET_OPTIONS = 12 };

/* Scaling into [-1, 1], 10 tanh from Nguyen and Widrow's weights, 70/15/15 %, 6 failures: what those two do by default. */
static const struct preset {
    const char *name, *help;
    pair options[PRESET_OPTIONS];
} presets[] = {
    {"fitnet",
     "function fitting as MATLAB's fitnet",
     {{"task", "regression"},
      {"method", "lm"},
      {"hidden", "10"},
      {"activation", "tanh"},
      {"init", "nguyen_widrow"},
      {"scale", "minmax"},
      {"target-scale", "minmax"},
      {"validation", "0.15"},
      {"test", "0.15"},
      {"patience", "6"}}},
    {"patternnet",
     "classification as MATLAB's patternnet",
     {{"method", "scg"},
      {"hidden", "10"},
      {"activation", "tanh"},
      {"init", "nguyen_widrow"},
      {"scale", "minmax"},
      {"validation", "0.15"},
      {"test", "0.15"},
      {"patience", "6"}}},
};
enum { PRESETS = sizeof presets / sizeof *presets };

static const struct preset *preset_of(const char *name)
{
    for (size_t i = 0; i < PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

/* A choice of the user's that makes one of the preset's pointless. */
static bool is_moot(const arguments *a, const char *name)
{
    bool share = strcmp(name, "validation") == 0 || strcmp(name, "test") == 0;
    bool own_units = a->activation || (a->hidden && strchr(a->hidden, ':'));
    return (share && a->split_column) || (strcmp(name, "init") == 0 && own_units);
}

static bool apply_preset(arguments *a)
{
    told to = {"", 0};
    const struct preset *preset = a->preset ? preset_of(a->preset) : NULL;
    bool moot[PRESET_OPTIONS] = {false};
    if (!a->preset)
        return true;
    if (!preset) {
        say_usage("--preset is fitnet or patternnet, not '%s'", a->preset);
        return false;
    }
    for (size_t i = 0; i < PRESET_OPTIONS && preset->options[i].name; i++)
        moot[i] = is_moot(a, preset->options[i].name);
    for (size_t i = 0; i < PRESET_OPTIONS && preset->options[i].name; i++)
        if (!moot[i] && !fill(a, preset->options[i].name, preset->options[i].value, &to))
            return false;
    if (to.size > 0)
        say_note("preset %s:%s", preset->name, to.text);
    return true;
}

bool help_preset(const char *name)
{
    const struct preset *preset = preset_of(name);
    if (!preset)
        return false;
    printf("%s: %s (--preset %s), the same as\n\n ", name, preset->help, name);
    for (size_t i = 0; i < PRESET_OPTIONS && preset->options[i].name; i++)
        printf(" --%s %s", preset->options[i].name, preset->options[i].value);
    puts("\n\n  each of them can be given otherwise");
    return true;
}

/* ---- methods ---- */

/* Ours is a = lr (1 - mc): MATLAB's momentum averages, ours adds up. */
static const struct migrant {
    const char *name, *method;
    pair options[4];
} migrants[] = {
    {"traingd", "sgd", {{"batch", "full"}}},
    {"traingdm", "sgd", {{"batch", "full"}, {"momentum", "0.9"}}},
    {"traingda", "sgd", {{"batch", "full"}, {"schedule", "adaptive"}}},
    {"traingdx", "sgd", {{"batch", "full"}, {"momentum", "0.9"}, {"schedule", "adaptive"}}},
    {"traincgf", "cg", {{"cg-rule", "fr"}}},
    {"trainbr", "br", {{"br-prior", "single"}}},
};
enum { MIGRANTS = sizeof migrants / sizeof *migrants };

/* lr 0.01 of traingdm and traingdx in our terms. */
static bool fill_rate(arguments *a, told *to)
{
    static char rate[32];
    if (isnan(a->momentum) || a->momentum <= 0 || a->momentum >= 1)
        return true;
    snprintf(rate, sizeof rate, "%.6g", 0.01 * (1 - a->momentum));
    return fill(a, "rate", rate, to);
}

static bool translate_method(arguments *a)
{
    told to = {"", 0};
    const bpnn_method_info *info = a->method ? bpnn_method_find(a->method) : NULL;
    const char *name = a->method;
    bool good = true;
    if (!info || strcmp(info->name, name) == 0)
        return true;
    a->method = info->name;
    for (size_t i = 0; i < MIGRANTS && good; i++)
        if (strcmp(migrants[i].name, name) == 0)
            good = fill_all(a, migrants[i].options, 4, &to);
    if (good && strncmp(name, "traingd", 7) == 0)
        good = fill_rate(a, &to);
    say_note("%s is called %s here%s%s", name, info->name, to.size ? ":" : "", to.text);
    return good;
}

/* ---- other names ---- */

static const struct word {
    const char *kind, *name, *ours;
} words[] = {
    {"activation", "tansig", "tanh"},        {"activation", "logsig", "sigmoid"},
    {"activation", "purelin", "identity"},   {"activation", "poslin", "relu"},
    {"activation", "radbas", "gaussian"},    {"activation", "satlins", "hard_tanh"},
    {"activation", "elliotsig", "softsign"}, {"init", "initnw", "nguyen_widrow"},
    {"scale", "mapminmax", "minmax"},        {"scale", "mapstd", "standard"},
};
enum { WORDS = sizeof words / sizeof *words };

static const char *ours_of(const char *kind, const char *name, size_t size)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i].kind, kind) == 0 && strlen(words[i].name) == size &&
            memcmp(words[i].name, name, size) == 0) {
            say_note("%s is called %s here", words[i].name, words[i].ours);
            return words[i].ours;
        }
    return NULL;
}

const char *word_of_migrants(const char *name)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].ours;
    return name;
}

static void translate_word(const char *kind, const char **text)
{
    const char *ours = *text ? ours_of(kind, *text, strlen(*text)) : NULL;
    if (ours)
        *text = ours;
}

/* "10:tansig,5:logsig" as "10:tanh,5:sigmoid"; false: out of memory. */
static bool translate_hidden(arguments *a)
{
    static char *kept; /* the arguments point into it until the program ends */
    enum { LONGEST = 16 };
    size_t layers = 1;
    if (!a->hidden || !strchr(a->hidden, ':'))
        return true;
    for (const char *c = a->hidden; *c; c++)
        layers += *c == ',';
    free(kept);
    kept = malloc(strlen(a->hidden) + layers * LONGEST + 1);
    if (!kept)
        return false;
    char *to = kept;
    for (const char *from = a->hidden; *from;) {
        const char *name = from + strcspn(from, ":,");
        name += *name == ':';
        size_t size = strcspn(name, ", ");
        const char *ours = ours_of("activation", name, size);
        to += sprintf(to, "%.*s%s", (int)(name - from), from, ours ? ours : "");
        to += sprintf(to, "%.*s", ours ? 0 : (int)size, name);
        from = name + size;
        while (*from == ',' || *from == ' ')
            *to++ = *from++;
    }
    *to = '\0';
    a->hidden = kept;
    return true;
}

/* The sum of squared errors is mse, summed over the rows. */
static bool translate_loss(arguments *a)
{
    told to = {"", 0};
    if (!a->loss || strcmp(a->loss, "sse") != 0)
        return true;
    a->loss = "mse";
    bool good = fill(a, "reduction", "sum", &to);
    say_note("sse is called mse here%s%s", to.size ? ":" : "", to.text);
    return good;
}

int settle_habits(arguments *a)
{
    if (!apply_preset(a) || !translate_method(a) || !translate_loss(a))
        return BPNN_USAGE;
    translate_word("activation", &a->activation);
    translate_word("activation", &a->output_activation);
    translate_word("init", &a->init);
    translate_word("scale", &a->scale);
    translate_word("scale", &a->target_scale);
    return translate_hidden(a) ? 0 : fail_memory();
}
