/* bpnn: verbs. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "verbs.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum verb verb;
    int (*run)(const arguments *a);
} verbs[] = {{"train", TRAIN, verb_train},
             {"evaluate", EVALUATE, verb_evaluate},
             {"predict", PREDICT, verb_predict},
             {"inspect", INSPECT, verb_inspect},
             {"cv", CV, verb_cv},
             {"tune", TUNE, verb_tune},
             {"export", EXPORT, verb_export},
             {"import", IMPORT, verb_import},
             {"bench", BENCH, verb_bench}};

enum { VERBS = sizeof verbs / sizeof *verbs };

static int unknown_verb(const char *word)
{
    static const char *const later[] = {"doctor", "report"};
    const char *names[VERBS];
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(later[i], word) == 0) {
            say_usage("'%s' is not in this version; bpnn --help lists what is", word);
            return BPNN_USAGE;
        }
    for (size_t i = 0; i < VERBS; i++)
        names[i] = verbs[i].name;
    const char *near = nearest(word, names, VERBS);
    if (near)
        say_usage("unknown verb '%s'; did you mean '%s'?", word, near);
    else
        say_usage("unknown verb '%s'; bpnn --help lists them", word);
    return BPNN_USAGE;
}

/* How to talk has to be known before the first error. */
static void find_manner(int argc, char **argv)
{
    bool no_color = getenv("NO_COLOR") != NULL;
    say.terminal = isatty(STDERR_FILENO) != 0;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        say.json = say.json || strcmp(argv[i], "--json") == 0;
        no_color = no_color || strcmp(argv[i], "--no-color") == 0;
    }
    say.color = say.terminal && !no_color;
}

static int version(void)
{
    printf("bpnn %s (single and double precision, %s, arithmetic %d)\n", bpnn_version(), bpnn_isa_name(),
           BPNN_ARITHMETIC);
    return finish_output() ? 0 : BPNN_IO;
}

int main(int argc, char **argv)
{
    hold_streams();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing: exit 4 */
    find_manner(argc, argv);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help_short(stdout);
        return finish_output() ? 0 : BPNN_IO;
    }
    if (strcmp(argv[1], "--version") == 0)
        return version();
    for (size_t i = 0; i < VERBS; i++) {
        arguments a = {.verb = verbs[i].verb};
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        int code = parse_arguments(&a, argc - 2, argv + 2);
        if (code != 0)
            return code;
        say.quiet = a.quiet;
        say.verbose = a.verbose;
        say.json = a.json;
        if (a.help && (a.verb & (TRAIN | CV | TUNE)) && a.places == 1)
            return help_topic(a.place[0]);
        if (a.help) {
            help_verb(a.verb);
            return finish_output() ? 0 : BPNN_IO;
        }
        code = a.resume ? 0 : settle_habits(&a); /* a run that goes on has options of its own */
        return code ? code : verbs[i].run(&a);
    }
    return unknown_verb(argv[1]);
}
