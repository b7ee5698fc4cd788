/* Files: every system call goes through one table, so that tests can make any of them fail. */
#ifndef BPNN_BASE_FILE_H
#define BPNN_BASE_FILE_H

#include <bpnn/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stat;

/* The system calls in use. Same contracts as POSIX: -1 and errno on failure. */
typedef struct bpnn__io {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*read)(int fd, void *bytes, size_t size);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    int (*fsync)(int fd);
    int (*close)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*fstat)(int fd, struct stat *status);
} bpnn__io;

/* The table in use (never NULL); set NULL restores the system's. For tests, before threads start. */
const bpnn__io *bpnn__io_get(void);
void bpnn__io_set(const bpnn__io *io);

/* A file being read, unpacked on the way if it begins with the gzip magic. path "-" = standard input. */
typedef struct bpnn__reader bpnn__reader;
bpnn_status bpnn__reader_open(bpnn__reader **reader, const char *path, bpnn_error *error);
bpnn_status bpnn__reader_from_memory(bpnn__reader **reader, const void *bytes, size_t size, const char *name,
                                     bpnn_error *error); /* borrowed */

/* Up to `size` bytes; *got < size only at the end of the file. A damaged or truncated gzip is DATA. */
bpnn_status bpnn__reader_read(bpnn__reader *reader, void *bytes, size_t size, size_t *got, bpnn_error *error);

struct bpnn__digest;

/* Adds every byte of the file, those already looked at too, to the digest from now on; before the first read. */
void bpnn__reader_watch(bpnn__reader *reader, struct bpnn__digest *digest);
bool bpnn__reader_is_compressed(const bpnn__reader *reader);
uint64_t bpnn__reader_size_hint(const bpnn__reader *reader); /* of the file on disk; 0 = not known */

/* Whether there are more than `limit` bytes, as far as it is known before they are read. */
bool bpnn__reader_exceeds(const bpnn__reader *reader, uint64_t limit);
void bpnn__reader_close(bpnn__reader *reader); /* NULL is fine */

/* The whole file in memory (bpnn__free); more than `limit` bytes is DATA. */
bpnn_status bpnn__read_whole(const char *path, uint64_t limit, void **bytes, size_t *size, bpnn_error *error);

/* Replaces `path` by the bytes: temporary file in the same directory (symlinks resolved first, O_EXCL,
 * mode of the old file, else 0666 & ~umask), write, fsync, close, rename, fsync of the directory. On
 * failure the old file is untouched and the temporary one gone; only where the directory's fsync alone
 * failed the new file is there already. Leftovers of killed writers of the same path are removed. Devices
 * and pipes (/dev/stdout, /dev/null) are written directly. */
bpnn_status bpnn__replace_file(const char *path, const void *bytes, size_t size, bpnn_error *error);

/* The same, and the file that was there stays beside it as PATH.prev. At every moment one of the two is whole. */
bpnn_status bpnn__replace_file_keeping(const char *path, const void *bytes, size_t size, bpnn_error *error);

/* PATH.prev, behind symlinks (bpnn__free); NULL: out of memory. */
char *bpnn__previous_name(const char *path);

/* The same for bytes in pieces that nothing depends on: nothing is synced, so a power failure may leave anything. The file gets
 * `mode` & ~umask, whatever the old one had. */
typedef struct bpnn__piece {
    const void *bytes;
    size_t size;
} bpnn__piece;
bpnn_status bpnn__replace_pieces(const char *path, const bpnn__piece *pieces, size_t count, mode_t mode,
                                 bpnn_error *error);

#endif
