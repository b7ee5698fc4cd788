/* Reading: plain and gzip, through the io table. */
#define _POSIX_C_SOURCE 200809L
#include "base/file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- the system calls ---- */

static int system_open(const char *path, int flags, mode_t mode)
{
    return open(path, flags, mode);
}

static const bpnn__io system_io = {system_open, read, write, fsync, close, rename, unlink, fstat};
static const bpnn__io *io = &system_io;

const bpnn__io *bpnn__io_get(void)
{
    return io;
}

void bpnn__io_set(const bpnn__io *wanted)
{
    io = wanted ? wanted : &system_io;
}

/* ---- a reader ---- */

enum { INPUT = 1 << 16 };

struct bpnn__reader {
    char *name;
    int fd;                      /* -1: from memory */
    const unsigned char *memory; /* what is left of it */
    size_t memory_left;
    uint64_t size_hint;
    bpnn__digest *digest; /* of the raw bytes; NULL: none */
    bool compressed, ended, stream_open, stream_done;
    z_stream stream;
    unsigned char *input; /* compressed bytes, or the first bytes looked at */
    size_t input_at, input_size;
};

static bpnn_status fetch(bpnn__reader *r, void *bytes, size_t size, size_t *got, bpnn_error *error)
{
    if (r->fd < 0) {
        *got = size < r->memory_left ? size : r->memory_left;
        if (*got > 0)
            memcpy(bytes, r->memory, *got);
        r->memory += *got;
        r->memory_left -= *got;
        return BPNN_OK;
    }
    for (;;) {
        ssize_t n = io->read(r->fd, bytes, size);
        if (n >= 0) {
            *got = (size_t)n;
            return BPNN_OK;
        }
        if (errno != EINTR)
            return bpnn__fail_errno(error, r->name, "cannot read", errno);
    }
}

/* Up to `size` raw bytes; *got 0 at the end. */
static bpnn_status read_raw(bpnn__reader *r, void *bytes, size_t size, size_t *got, bpnn_error *error)
{
    bpnn_status status = fetch(r, bytes, size, got, error);
    if (r->digest && status == BPNN_OK)
        bpnn__digest_add(r->digest, bytes, *got);
    return status;
}

/* zlib allocates through the library's allocator. */
static void *zlib_alloc(void *context, unsigned count, unsigned size)
{
    (void)context;
    return bpnn__alloc(count, size);
}

static void zlib_free(void *context, void *memory)
{
    (void)context;
    bpnn__free(memory);
}

/* Looks at the first bytes: gzip or not. */
static bpnn_status begin(bpnn__reader *r, bpnn_error *error)
{
    r->input = bpnn__alloc(INPUT, 1);
    if (!r->input)
        return bpnn__fail_memory(error);
    while (r->input_size < 2) {
        size_t got;
        bpnn_status status = read_raw(r, r->input + r->input_size, INPUT - r->input_size, &got, error);
        if (status != BPNN_OK)
            return status;
        if (got == 0)
            break;
        r->input_size += got;
    }
    r->compressed = r->input_size >= 2 && r->input[0] == 0x1f && r->input[1] == 0x8b;
    if (!r->compressed)
        return BPNN_OK;
    r->stream.zalloc = zlib_alloc;
    r->stream.zfree = zlib_free;
    if (inflateInit2(&r->stream, 15 + 16) != Z_OK) /* 16: gzip framing */
        return bpnn__fail_memory(error);
    r->stream_open = true;
    return BPNN_OK;
}

static bpnn_status new_reader(bpnn__reader **out, const char *name, bpnn_error *error)
{
    bpnn__reader *r = bpnn__alloc(1, sizeof *r);
    char *copy = bpnn__copy_text(name);
    *out = r;
    if (!r || !copy) {
        bpnn__free(r);
        bpnn__free(copy);
        *out = NULL;
        return bpnn__fail_memory(error);
    }
    r->name = copy;
    r->fd = -1;
    return BPNN_OK;
}

bpnn_status bpnn__reader_open(bpnn__reader **out, const char *path, bpnn_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    bpnn_status status = new_reader(out, standard ? "standard input" : path, error);
    if (status != BPNN_OK)
        return status;
    bpnn__reader *r = *out;
    r->fd = standard ? STDIN_FILENO : io->open(path, O_RDONLY | O_CLOEXEC, 0);
    struct stat about;
    if (r->fd < 0)
        status = bpnn__fail_errno(error, path, "cannot open", errno);
    else if (io->fstat(r->fd, &about) != 0)
        status = bpnn__fail_errno(error, r->name, "cannot look at", errno);
    else if (S_ISDIR(about.st_mode))
        status = bpnn__fail_errno(error, path, "cannot read", EISDIR);
    else
        r->size_hint = S_ISREG(about.st_mode) && about.st_size > 0 ? (uint64_t)about.st_size : 0;
    if (status == BPNN_OK)
        status = begin(r, error);
    if (status != BPNN_OK) {
        bpnn__reader_close(r);
        *out = NULL;
    }
    return status;
}

bpnn_status bpnn__reader_from_memory(bpnn__reader **out, const void *bytes, size_t size, const char *name,
                                     bpnn_error *error)
{
    bpnn_status status = new_reader(out, name ? name : "memory", error);
    if (status != BPNN_OK)
        return status;
    (*out)->memory = bytes;
    (*out)->memory_left = size;
    (*out)->size_hint = size;
    status = begin(*out, error);
    if (status != BPNN_OK) {
        bpnn__reader_close(*out);
        *out = NULL;
    }
    return status;
}

/* More compressed bytes into the input buffer; *got 0 at the end. */
static bpnn_status refill(bpnn__reader *r, size_t *got, bpnn_error *error)
{
    if (r->input_at < r->input_size) {
        *got = r->input_size - r->input_at;
        return BPNN_OK;
    }
    r->input_at = r->input_size = 0;
    bpnn_status status = read_raw(r, r->input, INPUT, got, error);
    r->input_size = *got;
    return status;
}

/* One call of inflate; several gzip members behind each other are one text. */
static bpnn_status inflate_some(bpnn__reader *r, unsigned char *bytes, size_t size, size_t *got, bpnn_error *error)
{
    size_t available;
    *got = 0;
    bpnn_status status = refill(r, &available, error);
    if (status != BPNN_OK)
        return status;
    if (r->stream_done) {
        if (available == 0) {
            r->ended = true;
            return BPNN_OK;
        }
        if (inflateReset(&r->stream) != Z_OK)
            return bpnn__fail_memory(error);
        r->stream_done = false;
    }
    if (available == 0)
        return bpnn__fail_at(error, BPNN_DATA, r->name, 0, 0, "the gzip file ends too early; copy it again");
    r->stream.next_in = r->input + r->input_at;
    r->stream.avail_in = (unsigned)available;
    r->stream.next_out = bytes;
    r->stream.avail_out = size > INPUT ? INPUT : (unsigned)size;
    unsigned wanted = r->stream.avail_out;
    int code = inflate(&r->stream, Z_NO_FLUSH);
    r->input_at = r->input_size - r->stream.avail_in;
    *got = wanted - r->stream.avail_out;
    if (code == Z_STREAM_END)
        r->stream_done = true;
    else if (code == Z_MEM_ERROR)
        return bpnn__fail_memory(error);
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return bpnn__fail_at(error, BPNN_DATA, r->name, 0, 0, "the gzip file is damaged; copy it again");
    return BPNN_OK;
}

static bpnn_status read_plain(bpnn__reader *r, unsigned char *bytes, size_t size, size_t *got, bpnn_error *error)
{
    if (r->input_at < r->input_size) { /* the bytes that were looked at */
        size_t left = r->input_size - r->input_at;
        *got = size < left ? size : left;
        memcpy(bytes, r->input + r->input_at, *got);
        r->input_at += *got;
        return BPNN_OK;
    }
    bpnn_status status = read_raw(r, bytes, size, got, error);
    r->ended = status == BPNN_OK && *got == 0;
    return status;
}

bpnn_status bpnn__reader_read(bpnn__reader *r, void *bytes, size_t size, size_t *got, bpnn_error *error)
{
    *got = 0;
    while (*got < size && !r->ended) {
        size_t here;
        unsigned char *to = (unsigned char *)bytes + *got;
        bpnn_status status = r->compressed ? inflate_some(r, to, size - *got, &here, error)
                                           : read_plain(r, to, size - *got, &here, error);
        if (status != BPNN_OK)
            return status;
        *got += here;
    }
    return BPNN_OK;
}

void bpnn__reader_watch(bpnn__reader *reader, bpnn__digest *digest)
{
    reader->digest = digest;
    bpnn__digest_add(digest, reader->input, reader->input_size);
}

bool bpnn__reader_is_compressed(const bpnn__reader *reader)
{
    return reader->compressed;
}

uint64_t bpnn__reader_size_hint(const bpnn__reader *reader)
{
    return reader->size_hint;
}

bool bpnn__reader_exceeds(const bpnn__reader *reader, uint64_t limit)
{
    return !reader->compressed && reader->size_hint > limit;
}

void bpnn__reader_close(bpnn__reader *r)
{
    if (!r)
        return;
    if (r->stream_open)
        inflateEnd(&r->stream);
    if (r->fd > STDIN_FILENO)
        io->close(r->fd);
    bpnn__free(r->input);
    bpnn__free(r->name);
    bpnn__free(r);
}

static bpnn_status too_large(const char *path, uint64_t limit, bpnn_error *error)
{
    return bpnn__fail_at(error, BPNN_DATA, path, 0, 0, "the file is larger than %llu bytes", (unsigned long long)limit);
}

bpnn_status bpnn__read_whole(const char *path, uint64_t limit, void **bytes, size_t *size, bpnn_error *error)
{
    bpnn__reader *r;
    bpnn_status status = bpnn__reader_open(&r, path, error);
    *bytes = NULL;
    *size = 0;
    size_t capacity = 0;
    if (status == BPNN_OK && bpnn__reader_exceeds(r, limit))
        status = too_large(path, limit, error);
    while (status == BPNN_OK) {
        if (capacity - *size < INPUT) {
            size_t hint = bpnn__reader_size_hint(r) <= limit ? (size_t)bpnn__reader_size_hint(r) : 0;
            capacity = capacity ? 2 * capacity : hint + 2 * INPUT;
            void *grown = bpnn__realloc(*bytes, capacity, 1);
            if (!grown) {
                status = bpnn__fail_memory(error);
                break;
            }
            *bytes = grown;
        }
        size_t got;
        status = bpnn__reader_read(r, (unsigned char *)*bytes + *size, capacity - *size, &got, error);
        *size += got;
        if (status == BPNN_OK && *size > limit)
            status = too_large(path, limit, error);
        if (status == BPNN_OK && *size < capacity)
            break;
    }
    bpnn__reader_close(r);
    if (status != BPNN_OK) {
        bpnn__free(*bytes);
        *bytes = NULL;
        *size = 0;
    }
    return status;
}
