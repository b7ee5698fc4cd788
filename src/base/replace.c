/* Replacing a file so that the old one is whole until the new one is: docs/formats.md. */
#define _GNU_SOURCE /* realpath, O_CLOEXEC */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the file goes: the target of symlinks, its directory and its own name. */
typedef struct place {
    char *path, *directory, *temporary;
    char *previous; /* where the old file goes; NULL = it is replaced */
    const char *name;
    mode_t mode;
    bool exists, direct; /* direct: a device or pipe, written in place */
    bool loose;          /* not synced */
} place;

static void free_place(place *p)
{
    bpnn__free(p->path);
    bpnn__free(p->directory);
    bpnn__free(p->temporary);
    bpnn__free(p->previous);
}

/* ".NAME.bpnn-PID.tmp" in the directory */
static char *temporary_name(const place *p)
{
    bpnn__text text = {0};
    bpnn__text_add(&text, p->directory);
    bpnn__text_add(&text, "/.");
    bpnn__text_add(&text, p->name);
    bpnn__text_add(&text, ".bpnn-");
    bpnn__text_add_u64(&text, (uint64_t)getpid());
    bpnn__text_add(&text, ".tmp");
    if (text.failed)
        bpnn__text_free(&text);
    return text.data;
}

enum { LINKS = 40, LINK_SIZE = 4096 };

/* The name a symlink holds, seen from the link's own directory; NULL: path is no symlink. */
static char *link_target(const char *path)
{
    char target[LINK_SIZE];
    ssize_t size = readlink(path, target, sizeof target - 1);
    const char *slash = strrchr(path, '/');
    bpnn__text whole = {0};
    if (size <= 0)
        return NULL;
    if (target[0] != '/' && slash)
        bpnn__text_add_bytes(&whole, path, (size_t)(slash - path) + 1);
    bpnn__text_add_bytes(&whole, target, (size_t)size);
    if (whole.failed)
        bpnn__text_free(&whole);
    return whole.data;
}

/* Behind all symlinks, whether or not a file is there. */
static char *behind_links(const char *path)
{
    char *real = realpath(path, NULL), *at = bpnn__copy_text(real ? real : path);
    for (int i = 0; !real && at && i < LINKS; i++) {
        char *next = link_target(at);
        if (!next)
            break;
        bpnn__free(at);
        at = next;
    }
    free(real);
    return at;
}

static bpnn_status find_place(place *p, const char *path, bpnn_error *error)
{
    memset(p, 0, sizeof *p);
    p->path = behind_links(path);
    p->directory = bpnn__copy_text(p->path ? p->path : "");
    if (!p->path || !p->directory)
        return bpnn__fail_memory(error);
    char *slash = strrchr(p->directory, '/');
    p->name = slash ? p->path + (slash - p->directory) + 1 : p->path;
    if (slash == p->directory)
        slash++;
    if (slash)
        *slash = '\0';
    else
        memcpy(p->directory, ".", strlen(p->directory) > 0 ? 2 : 1);
    struct stat about;
    p->exists = stat(p->path, &about) == 0;
    p->mode = p->exists ? about.st_mode & 07777 : 0666;
    p->direct = p->exists && !S_ISREG(about.st_mode);
    if (p->name[0] == '\0' || (p->exists && S_ISDIR(about.st_mode)))
        return bpnn__fail_errno(error, path, "cannot write", EISDIR);
    p->temporary = temporary_name(p);
    return p->temporary ? BPNN_OK : bpnn__fail_memory(error);
}

/* Temporary files of writers of the same name that no longer run. */
static void remove_leftovers(const place *p)
{
    DIR *directory = opendir(p->directory);
    size_t name = strlen(p->name);
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
        const char *found = entry->d_name;
        if (found[0] != '.' || strncmp(found + 1, p->name, name) != 0 || strncmp(found + 1 + name, ".bpnn-", 6) != 0)
            continue;
        const char *digits = found + name + 7, *end = strchr(digits, '.');
        uint64_t pid;
        if (!end || strcmp(end, ".tmp") != 0 || !bpnn__parse_u64(digits, (size_t)(end - digits), &pid) ||
            pid > INT32_MAX)
            continue;
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            unlinkat(dirfd(directory), found, 0);
    }
    if (directory)
        closedir(directory);
}

static bpnn_status write_all(int fd, const char *path, const unsigned char *bytes, size_t size, bpnn_error *error)
{
    const bpnn__io *io = bpnn__io_get();
    while (size > 0) {
        ssize_t n = io->write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return bpnn__fail_errno(error, path, "cannot write", n < 0 ? errno : EIO);
        bytes += n;
        size -= (size_t)n;
    }
    return BPNN_OK;
}

static bpnn_status sync_file(int fd, const char *path, bpnn_error *error)
{
    const bpnn__io *io = bpnn__io_get();
    int code;
    do
        code = io->fsync(fd);
    while (code != 0 && errno == EINTR);
    if (code != 0 && errno != EINVAL && errno != EROFS) /* some devices cannot be synced */
        return bpnn__fail_errno(error, path, "cannot sync", errno);
    return BPNN_OK;
}

/* What is written, and where. */
typedef struct writing {
    const bpnn__piece *pieces;
    size_t count;
    const char *path; /* as it was given */
} writing;

static bpnn_status write_file(const place *p, const char *path, int flags, const writing *w, bpnn_error *error)
{
    const bpnn__io *io = bpnn__io_get();
    int fd = io->open(path, O_WRONLY | O_CLOEXEC | flags, p->mode);
    if (fd < 0)
        return bpnn__fail_errno(error, w->path, "cannot write", errno);
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < w->count && status == BPNN_OK; i++)
        status = write_all(fd, w->path, w->pieces[i].bytes, w->pieces[i].size, error);
    if (status == BPNN_OK && !p->loose)
        status = sync_file(fd, w->path, error);
    if (io->close(fd) != 0 && errno != EINTR && status == BPNN_OK)
        status = bpnn__fail_errno(error, w->path, "cannot close", errno);
    return status;
}

static bpnn_status sync_directory(const place *p, bpnn_error *error)
{
    const bpnn__io *io = bpnn__io_get();
    int fd = io->open(p->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return bpnn__fail_errno(error, p->directory, "cannot sync", errno);
    bpnn_status status = sync_file(fd, p->directory, error);
    io->close(fd);
    return status;
}

/* The old file under its second name. */
static bpnn_status set_aside(const place *p, const char *path, bpnn_error *error)
{
    if (!p->previous || !p->exists || bpnn__io_get()->rename(p->path, p->previous) == 0)
        return BPNN_OK;
    return bpnn__fail_errno(error, path, "cannot keep the file before this one beside", errno);
}

static bpnn_status replace(const place *p, const writing *w, bpnn_error *error)
{
    const bpnn__io *io = bpnn__io_get();
    io->unlink(p->temporary); /* of a process with our number, long gone */
    bpnn_status status = write_file(p, p->temporary, O_CREAT | O_EXCL, w, error);
    if (status == BPNN_OK && p->exists && !p->loose && chmod(p->temporary, p->mode) != 0)
        status = bpnn__fail_errno(error, w->path, "cannot set the mode", errno);
    if (status == BPNN_OK)
        status = set_aside(p, w->path, error);
    if (status == BPNN_OK && p->loose)
        io->unlink(p->path); /* some file systems sync a file that is renamed over another */
    if (status == BPNN_OK && io->rename(p->temporary, p->path) != 0) {
        status = bpnn__fail_errno(error, w->path, "cannot rename to", errno);
        if (p->previous && p->exists)
            io->rename(p->previous, p->path);
    }
    if (status != BPNN_OK) {
        io->unlink(p->temporary);
        return status;
    }
    return p->loose ? BPNN_OK : sync_directory(p, error);
}

char *bpnn__previous_name(const char *path)
{
    bpnn__text text = {0};
    char *real = behind_links(path);
    bpnn__text_add(&text, real ? real : "");
    bpnn__text_add(&text, ".prev");
    if (text.failed || !real)
        bpnn__text_free(&text);
    bpnn__free(real);
    return text.data;
}

static bpnn_status replace_at(place *p, const writing *w, bpnn_error *error)
{
    if (p->direct)
        return write_file(p, p->path, 0, w, error);
    remove_leftovers(p);
    return replace(p, w, error);
}

static bpnn_status write_to(const char *path, const void *bytes, size_t size, bool keep, bpnn_error *error)
{
    place p;
    bpnn__piece piece = {bytes, size};
    bpnn_status status = find_place(&p, path, error);
    if (status == BPNN_OK && keep && !(p.previous = bpnn__previous_name(path)))
        status = bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = replace_at(&p, &(writing){&piece, 1, path}, error);
    free_place(&p);
    return status;
}

bpnn_status bpnn__replace_file(const char *path, const void *bytes, size_t size, bpnn_error *error)
{
    return write_to(path, bytes, size, false, error);
}

bpnn_status bpnn__replace_file_keeping(const char *path, const void *bytes, size_t size, bpnn_error *error)
{
    return write_to(path, bytes, size, true, error);
}

bpnn_status bpnn__replace_pieces(const char *path, const bpnn__piece *pieces, size_t count, mode_t mode,
                                 bpnn_error *error)
{
    place p;
    bpnn_status status = find_place(&p, path, error);
    p.loose = true;
    p.mode = mode;
    if (status == BPNN_OK)
        status = replace_at(&p, &(writing){pieces, count, path}, error);
    free_place(&p);
    return status;
}
