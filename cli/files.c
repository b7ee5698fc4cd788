#define _XOPEN_SOURCE 700 /* realpath */
#include "files.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void hold_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) /* standard output for reading: writing to it still fails */
            (void)!open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* ---- a signal between opening and renaming removes what is half written ---- */

static const char *volatile unfinished;

static void on_signal(int number)
{
    const char *path = unfinished;
    if (path)
        unlink(path);
    signal(number, SIG_DFL);
    raise(number);
}

static void guard(const char *path)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    unfinished = path;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], path ? on_signal : SIG_DFL);
}

/* ---- writing ---- */

static void free_sink(sink *s)
{
    free(s->path);
    free(s->aside);
    s->path = s->aside = NULL;
}

/* The first free name of a few beside the file; -1 and errno. */
static int open_aside(sink *s, mode_t mode)
{
    size_t size = strlen(s->path) + 48;
    int fd = -1;
    s->aside = malloc(size);
    if (!s->aside) {
        errno = ENOMEM;
        return -1;
    }
    for (int i = 0; i < 100; i++) {
        snprintf(s->aside, size, "%s.%ld-%d.tmp", s->path, (long)getpid(), i);
        fd = open(s->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    return fd;
}

int open_sink(sink *s, const char *path)
{
    struct stat about;
    memset(s, 0, sizeof *s);
    s->shown = path;
    s->file = stdout;
    if (!path || strcmp(path, "-") == 0)
        return 0;
    bool exists = stat(path, &about) == 0;
    bool dangling = !exists && lstat(path, &about) == 0; /* a link to a file that does not exist yet */
    if (dangling || (exists && !S_ISREG(about.st_mode))) {
        s->file = S_ISDIR(about.st_mode) ? NULL : fopen(path, "we");
        return s->file ? 0 : fail_errno(path, "cannot write", S_ISDIR(about.st_mode) ? EISDIR : errno);
    }
    s->path = exists ? realpath(path, NULL) : strdup(path);
    if (!s->path)
        return fail_errno(path, "cannot write", errno);
    int fd = open_aside(s, 0666);
    if (fd >= 0 && exists)
        (void)!fchmod(fd, about.st_mode & 0777);
    s->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!s->file) {
        int number = errno;
        free_sink(s);
        return fail_errno(path, "cannot write", number);
    }
    guard(s->aside);
    return 0;
}

/* The new name outlives a power failure only when the folder is on the disk too. */
static void sync_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash)
        slash[slash == folder] = '\0';
    int fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
    free(folder);
}

int close_sink(sink *s, int code)
{
    if (s->file == stdout)
        return code == 0 && !finish_output() ? BPNN_IO : code;
    errno = 0;
    bool good = code == 0 && fflush(s->file) == 0 && !ferror(s->file) && (!s->aside || fsync(fileno(s->file)) == 0);
    int number = errno;
    if (fclose(s->file) != 0 && good) {
        number = errno;
        good = false;
    }
    if (good && s->aside && rename(s->aside, s->path) != 0) {
        number = errno;
        good = false;
    }
    if (s->aside) {
        if (good)
            sync_folder(s->path);
        else
            unlink(s->aside);
        guard(NULL);
    }
    if (!good && code == 0)
        code = fail_errno(s->shown, "cannot write", number ? number : EIO);
    free_sink(s);
    return code;
}

int check_place(const char *path)
{
    struct stat about;
    if (strcmp(path, "-") == 0)
        return 0;
    if (*path == '\0')
        return fail(BPNN_IO, NULL, "cannot write to a file without a name");
    if (stat(path, &about) == 0) {
        if (S_ISDIR(about.st_mode))
            return fail_errno(path, "cannot write", EISDIR);
        if (access(path, W_OK) != 0)
            return fail_errno(path, "cannot write", errno);
        if (!S_ISREG(about.st_mode))
            return 0;
    }
    char *folder = strdup(path);
    if (!folder)
        return fail_memory();
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    int code = 0;
    if (access(slash ? folder : ".", W_OK | X_OK) != 0)
        code = fail_errno(path, "cannot write", errno);
    free(folder);
    return code;
}

/* ---- reading ---- */

static char *take(FILE *file, size_t limit, size_t *size, int *number)
{
    size_t room = 65536, got = 0;
    char *text = malloc(room);
    *number = ENOMEM;
    while (text) {
        got += fread(text + got, 1, room - 1 - got, file);
        if (ferror(file) || got > limit) {
            *number = got > limit ? EFBIG : errno;
            free(text);
            return NULL;
        }
        if (got < room - 1)
            break;
        char *more = room > SIZE_MAX / 2 ? NULL : realloc(text, room *= 2);
        if (!more)
            free(text);
        text = more;
    }
    if (text)
        text[got] = '\0';
    *size = got;
    return text;
}

char *read_whole(const char *path, size_t limit, size_t *size, int *code)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rbe");
    int number = errno;
    char *text = file ? take(file, limit, size, &number) : NULL;
    if (file && !standard)
        fclose(file);
    *code = 0;
    if (!text)
        *code =
            number == ENOMEM ? fail_memory() : fail_errno(standard ? "standard input" : path, "cannot read", number);
    return text;
}
