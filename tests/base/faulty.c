#include "base/faulty.h"
#include "base/file.h"

#include <errno.h>

enum { INTERRUPTIONS = 50 };

const char *const faulty_names[FAULTY_CALLS] = {"open", "read", "write", "fsync", "close", "rename", "unlink", "fstat"};

static faulty_plan plan;
static const bpnn__io *real;
static size_t calls, met;

/* True if this call of the kind is one of the plan's. */
static bool chosen(faulty_call call)
{
    if (plan.at == 0 || call != plan.call)
        return false;
    calls++;
    if (plan.persistent ? calls < plan.at : calls != plan.at)
        return false;
    if (plan.number == EINTR && met == INTERRUPTIONS)
        return false;
    met++;
    return true;
}

static bool fails(faulty_call call)
{
    if (!chosen(call))
        return false;
    if (plan.number == 0)
        return false;
    errno = plan.number;
    return true;
}

static int faulty_open(const char *path, int flags, mode_t mode)
{
    return fails(FAULTY_OPEN) ? -1 : real->open(path, flags, mode);
}

/* How much of `size` is done; 0 = the call fails. */
static size_t portion(faulty_call call, size_t size)
{
    bool now = chosen(call);
    if (now && plan.number) {
        errno = plan.number;
        return 0;
    }
    size_t most = now ? 1 : plan.piece ? plan.piece : size;
    return size < most ? size : most;
}

static ssize_t faulty_read(int fd, void *bytes, size_t size)
{
    size_t most = portion(FAULTY_READ, size);
    return most == 0 && size > 0 ? -1 : real->read(fd, bytes, most);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t size)
{
    size_t most = portion(FAULTY_WRITE, size);
    return most == 0 && size > 0 ? -1 : real->write(fd, bytes, most);
}

static int faulty_fsync(int fd)
{
    (void)fd;
    return fails(FAULTY_FSYNC) ? -1 : 0;
}

/* As on Linux the descriptor is gone, whatever close says. */
static int faulty_close(int fd)
{
    int code = real->close(fd);
    if (!fails(FAULTY_CLOSE))
        return code;
    errno = plan.number;
    return -1;
}

static int faulty_rename(const char *from, const char *to)
{
    return fails(FAULTY_RENAME) ? -1 : real->rename(from, to);
}

static int faulty_unlink(const char *path)
{
    return fails(FAULTY_UNLINK) ? -1 : real->unlink(path);
}

static int faulty_fstat(int fd, struct stat *about)
{
    return fails(FAULTY_FSTAT) ? -1 : real->fstat(fd, about);
}

void faulty_begin(const faulty_plan *wanted)
{
    static const bpnn__io table = {faulty_open,  faulty_read,   faulty_write,  faulty_fsync,
                                   faulty_close, faulty_rename, faulty_unlink, faulty_fstat};
    bpnn__io_set(NULL);
    real = bpnn__io_get();
    plan = *wanted;
    calls = met = 0;
    bpnn__io_set(&table);
}

bool faulty_end(void)
{
    bpnn__io_set(NULL);
    return met > 0;
}
