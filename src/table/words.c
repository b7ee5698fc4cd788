/* Names of tasks, scalings and missing rules. */
#include <bpnn/model.h>

#include <string.h>

#define BPNN_X(id, name) name,
static const char *const tasks[] = {BPNN_TASKS(BPNN_X)};
static const char *const scales[] = {BPNN_SCALES(BPNN_X)};
static const char *const missings[] = {BPNN_MISSINGS(BPNN_X)};
#undef BPNN_X

static int find(const char *const *words, int count, const char *name)
{
    for (int i = 0; name && i < count; i++)
        if (strcmp(words[i], name) == 0)
            return i;
    return -1;
}

const char *bpnn_task_name(bpnn_task task)
{
    return (unsigned)task < BPNN_TASK_COUNT ? tasks[task] : "unknown";
}

int bpnn_task_find(const char *name)
{
    return find(tasks, BPNN_TASK_COUNT, name);
}

const char *bpnn_scale_name(bpnn_scale scale)
{
    return (unsigned)scale < BPNN_SCALE_COUNT ? scales[scale] : "unknown";
}

int bpnn_scale_find(const char *name)
{
    return find(scales, BPNN_SCALE_COUNT, name);
}

const char *bpnn_missing_name(bpnn_missing missing)
{
    return (unsigned)missing < BPNN_MISSING_COUNT ? missings[missing] : "unknown";
}

int bpnn_missing_find(const char *name)
{
    return find(missings, BPNN_MISSING_COUNT, name);
}
