/* Configuration files and logs as bpnn train --config reads them. config.c and say.c are included: they keep what they have read until
 * the program ends, and say one error alone; here both begin anew with every file. */
#include "../../cli/config.c"
#include "../../cli/say.c"
#include "fuzz/fuzz.h"

/* What read_whole gives. */
static const unsigned char *content;
static size_t content_size;
static char *content_copy;

char *read_whole(const char *path, size_t limit, size_t *size, int *code)
{
    (void)path;
    *size = content_size;
    *code = BPNN_IO;
    content_copy = content_size <= limit ? malloc(content_size + 1) : NULL;
    if (!content_copy)
        return NULL;
    if (content_size > 0)
        memcpy(content_copy, content, content_size);
    content_copy[content_size] = '\0';
    return content_copy;
}

static void forget(void)
{
    while (all_kept) {
        struct kept *next = all_kept->next;
        free(all_kept);
        all_kept = next;
    }
    free(content_copy);
    content_copy = NULL;
    usage_error = false;
    say_where(NULL, 0);
}

/* 0, or a usage error that was said. */
static bool holds(const unsigned char *bytes, size_t size)
{
    static const enum verb verbs[] = {TRAIN, TUNE, PREDICT};
    static FILE *nowhere;
    static special_values values;
    FILE *standard = stderr;
    bool good = true;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    content = bytes;
    content_size = size;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        char flag[] = "--config", file[] = "t.conf", data[] = "t.csv", *words[] = {flag, file, data};
        arguments a = {.verb = verbs[i]};
        stderr = nowhere; /* glibc: a variable like any */
        int code = parse_arguments(&a, 3, words);
        if (code == 0 && a.verb != PREDICT && (code = settle_habits(&a)) == 0 && !resolve_specials(&a, &values))
            code = BPNN_USAGE;
        stderr = standard;
        good = good && (code == 0 || code == BPNN_USAGE) && usage_said() == (code != 0);
        forget();
    }
    return good;
}

static void seeds(void)
{
    static const char *const list[] = {
        "# a comment\nmethod = adamw\nrate = 1e-3\n\nhidden = 64,32\nbatch=full\n--seed = 7\n",
        "\xef\xbb\xbfhidden = 8:tanh\r\nadam-beta1 = 0.5\r\nschedule = step\r\nstep-factor = 0.5\r\n",
        "{\"config\": {\"method\": \"br\", \"rate\": 0.1, \"shuffle\": true, \"l2\": null, \"seed\": 3}, \"rows\": [1, "
        "{\"a\": "
        "\"\\u00e4\\n\\ud83d\\ude00\"}]}\n{\"epoch\": 1}\n",
        "preset = fitnet\nmethod = trainlm\nactivation = logsig\n",
        "time-limit = 10m\ntarget = \"a b\"\nmissing-indicator = no\ndropout = 0.2\npatience = 5\n",
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        fuzz_seed(list[i], strlen(list[i]));
}

const fuzz_target fuzz_config = {.holds = holds, .seeds = seeds};
