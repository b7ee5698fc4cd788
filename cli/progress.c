/* Progress on standard error: a line that is written over on a terminal, else a plain line now and then. */
#include "verbs.h"

#include <math.h>
#include <string.h>
#include <time.h>

static double last_shown = -1, fits_began;
static bool open_line;

static void left(const bpnn_progress *p, char *text, size_t size)
{
    double each = p->epoch > 0 ? p->seconds / (double)p->epoch : 0, seconds = each * (double)(p->epochs - p->epoch);
    if (seconds >= 90)
        snprintf(text, size, "at most %.0f min left", seconds / 60);
    else
        snprintf(text, size, "at most %.0f s left", seconds);
}

/* What a whole method tells beside the losses. */
static void whole(const bpnn_progress *p, char *text, size_t size)
{
    int used = snprintf(text, size, "  |g| %.2g", p->gradient_norm);
    if (isfinite(p->damping) && used > 0 && (size_t)used < size)
        used += snprintf(text + used, size - (size_t)used, "  mu %.2g", p->damping);
    if (isfinite(p->effective) && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, "  gamma %.3g", p->effective);
}

bool show_progress(const bpnn_progress *p, void *context)
{
    char validation[64] = "", rest[48] = "", more[64] = "", which[96] = "";
    (void)context;
    if (say.quiet || p->epoch == 0)
        return true;
    bool last = p->epoch == p->epochs;
    double every = say.terminal ? 0.1 : say.verbose ? 1 : 5;
    if (!last && last_shown >= 0 && p->seconds - last_shown < every)
        return true;
    if (last_shown < 0 && !say.terminal && p->seconds < every) /* the report says it all */
        return true;
    last_shown = p->seconds;
    if (isfinite(p->validation_loss))
        snprintf(validation, sizeof validation, "  validation %.4g (best %.4g)", p->validation_loss,
                 p->best_validation_loss);
    if (p->evaluations > 0)
        whole(p, more, sizeof more);
    left(p, rest, sizeof rest);
    if (p->members > 1)
        snprintf(which, sizeof which, "member %zu of %zu  ", p->member, p->members);
    if (p->starts > 1)
        snprintf(which + strlen(which), sizeof which - strlen(which), "start %zu of %zu  ", p->start, p->starts);
    fprintf(stderr, "%s%sepoch %zu of %zu  loss %.4g%s%s  %.3g rows/s  %s%s", say.terminal ? "\r\033[K" : "", which,
            p->epoch, p->epochs, p->loss, validation, more, p->rows_per_second, rest, say.terminal ? "" : "\n");
    open_line = say.terminal;
    fflush(stderr);
    return true;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void begin_fits(void)
{
    fits_began = now();
}

void show_fits(size_t done, size_t total)
{
    char rest[48] = "";
    double seconds = now() - fits_began;
    double every = say.terminal ? 0.1 : say.verbose ? 1 : 5;
    if (say.quiet || ((total == 0 || done < total) && last_shown >= 0 && seconds - last_shown < every))
        return;
    if (last_shown < 0 && !say.terminal && seconds < every)
        return;
    last_shown = seconds;
    if (total > done)
        snprintf(rest, sizeof rest, ", about %.0f s left", seconds / (double)done * (double)(total - done));
    if (total > 0)
        fprintf(stderr, "%sfit %zu of %zu  %.1f s%s%s", say.terminal ? "\r\033[K" : "", done, total, seconds, rest,
                say.terminal ? "" : "\n");
    else
        fprintf(stderr, "%sfit %zu  %.1f s%s", say.terminal ? "\r\033[K" : "", done, seconds, say.terminal ? "" : "\n");
    open_line = say.terminal;
    fflush(stderr);
}

void end_progress(void)
{
    if (open_line)
        fputs("\r\033[K", stderr);
    open_line = false;
}
