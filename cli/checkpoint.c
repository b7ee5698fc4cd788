/* Checkpoints of bpnn train: where they go, and runs that go on from one. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

int open_checkpoint(bpnn_checkpoint **checkpoint, const char *path)
{
    bpnn_error error;
    return bpnn_checkpoint_load(checkpoint, path, on_message, NULL, &error) == BPNN_OK ? 0 : say_error(&error);
}

int open_run(arguments *a, bpnn_checkpoint **checkpoint, char **text)
{
    const char *path = a->resume;
    int code = open_checkpoint(checkpoint, path);
    if (code != 0)
        return code;
    const char *note = bpnn_checkpoint_note(*checkpoint);
    if (!note)
        return fail(BPNN_MODEL, path, "this checkpoint has no options: a program of its own wrote it");
    *text = strdup(note);
    if (!*text)
        return fail_memory();
    code = take_options_of_run(a, path, *text);
    if (code == 0)
        code = settle_habits(a);
    if (code == 0 && a->init_from && !a->resume_anyway)
        a->init_from = NULL;
    if (code == 0 && !a->checkpoint)
        a->checkpoint = path;
    return code;
}

/* "20" epochs, or "30s". */
static bool set_interval(const char *text, bpnn_fit_options *fit)
{
    double number;
    if (parse_count(text, 1, &number)) {
        fit->checkpoint_epochs = (size_t)number;
        return true;
    }
    if (!parse_number(text, &number) && parse_time(text, &fit->checkpoint_seconds) && fit->checkpoint_seconds > 0)
        return true;
    say_usage("--checkpoint-every is a number of epochs, or a time such as 30s, 10m or 1h, not '%s'", text);
    return false;
}

/* Several runs beside each other have no one state. */
static bool is_one_run(const arguments *a)
{
    const char *several = a->restarts > 1 ? "restarts" : a->ensemble > 1 ? "ensemble" : NULL;
    const char *wanted = a->resume             ? "resume"
                         : a->checkpoint       ? "checkpoint"
                         : a->checkpoint_every ? "checkpoint-every"
                         : a->init_from        ? "init-from"
                                               : NULL;
    if (several && wanted)
        say_usage("--%s is for one run, and --%s makes several; leave one of the two out", wanted, several);
    return !several || !wanted;
}

bool set_checkpoint(arguments *a, const char *output, bpnn_fit_options *fit, char **own)
{
    if (!is_one_run(a))
        return false;
    if (a->checkpoint && strcmp(a->checkpoint, "-") == 0) {
        say_usage("--checkpoint needs a file");
        return false;
    }
    if (a->checkpoint && !a->checkpoint_every && !a->resume)
        a->checkpoint_every = "30s";
    if (a->checkpoint_every && !set_interval(a->checkpoint_every, fit))
        return false;
    fit->checkpoint = a->checkpoint;
    if (fit->checkpoint || a->restarts > 1 || a->ensemble > 1)
        return true;
    *own = malloc(strlen(output) + sizeof ".ckpt");
    if (!*own) {
        fail_memory();
        return false;
    }
    strcpy(*own, output);
    strcat(*own, ".ckpt");
    fit->checkpoint = *own;
    return true;
}

void log_history(logbook *log, const bpnn_checkpoint *checkpoint)
{
    bpnn_progress epoch;
    for (size_t e = 1; checkpoint && bpnn_checkpoint_epoch(checkpoint, e, &epoch); e++)
        log_epoch(log, &epoch);
}

void say_place(const bpnn_checkpoint *checkpoint)
{
    bpnn_checkpoint_place at = bpnn_checkpoint_where(checkpoint);
    const bpnn_summary *s = bpnn_model_summary(bpnn_checkpoint_model(checkpoint));
    if (at.over)
        say_note("this run had ended: %s, %zu epochs; only its model is written", bpnn_stop_name(s->stop), at.epochs);
    else if (at.batches)
        say_note("going on in epoch %zu, after %zu batches", at.epochs + 1, at.batches);
    else
        say_note("going on after epoch %zu", at.epochs);
}
