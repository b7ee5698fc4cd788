/* Whether a table can come from its cache, and making one. No failure of a cache is an error: the file is parsed then. */
#include "table/cache.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/threads.h"
#include <bpnn/version.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 18, WORTH_THREADS = 1 << 20 };

/* ---- the files of the source ---- */

static bool open_file(bpnn__cache *k, const char *path)
{
    const bpnn__io *io = bpnn__io_get();
    struct stat about;
    int fd = io->open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0); /* a pipe without a writer would wait */
    if (fd < 0)
        return false;
    k->fd[k->files++] = fd;
    if (io->fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return false;
    k->source_size += (uint64_t)about.st_size;
    k->mode &= about.st_mode;
    k->owner[k->files - 1] = about.st_uid;
    return true;
}

/* Of a pair the cache has the name of the first. */
static bool open_files(bpnn__cache *k, const char *path, const bpnn__table_format *format, const char *cache)
{
    char *first = bpnn__copy_text(path);
    char *comma = first && format->pairs ? strchr(first, ',') : NULL;
    bpnn__text name = {0};
    if (comma)
        *comma = '\0';
    bpnn__text_add(&name, *cache ? cache : first ? first : "");
    bpnn__text_add(&name, *cache ? "" : ".bpnncache");
    k->path = name.data;
    bool good = first && !name.failed && open_file(k, first) && (!comma || open_file(k, comma + 1));
    bpnn__free(first);
    return good;
}

static bool digest_file(int fd, unsigned char *piece, bpnn__digest *digest)
{
    for (;;) {
        ssize_t n = bpnn__io_get()->read(fd, piece, PIECE);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        bpnn__digest_add(digest, piece, n > 0 ? (size_t)n : 0);
    }
}

/* The digest of the digests of the files. */
static void join(const bpnn__digest *of, size_t count, uint64_t out[2])
{
    bpnn__digest all;
    bpnn__digest_begin(&all);
    for (size_t i = 0; i < count; i++) {
        uint64_t one[2];
        bpnn__digest_end(&of[i], one);
        bpnn__digest_add(&all, one, sizeof one);
    }
    bpnn__digest_end(&all, out);
}

static bool digest_files(const bpnn__cache *k, uint64_t out[2])
{
    unsigned char *piece = bpnn__realloc(NULL, PIECE, 1);
    bpnn__digest of[2];
    bool good = piece != NULL;
    for (size_t i = 0; good && i < k->files; i++) {
        bpnn__digest_begin(&of[i]);
        good = digest_file(k->fd[i], piece, &of[i]);
    }
    if (good)
        join(of, k->files, out);
    bpnn__free(piece);
    return good;
}

/* ---- how it is read ---- */

/* Everything that the table depends on but for `text`, whose columns the cache knows. */
static void digest_options(bpnn__cache *k, const bpnn_table_options *o, const char *format)
{
    const char *words[] = {bpnn_version(), format, o->na ? o->na : ""};
    int64_t numbers[] = {
        o->delimiter,      o->header,    o->decimal, (int64_t)bpnn__limit_columns(o), (int64_t)bpnn__limit_bytes(o),
        o->max_bytes != 0, o->na != NULL};
    bpnn__digest d;
    bpnn__digest_begin(&d);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        bpnn__digest_add(&d, words[i], strlen(words[i]) + 1);
    bpnn__digest_add(&d, numbers, sizeof numbers);
    bpnn__digest_end(&d, k->options);
}

/* ---- loading ---- */

/* True if the file at fd is a cache whose body is worth reading. */
static bool read_head(bpnn__cache *k, int fd, bpnn__cache_head *head)
{
    const bpnn__io *io = bpnn__io_get();
    struct stat about;
    uint64_t size;
    if (io->fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        k->foreign = true;
        return false;
    }
    memset(head, 0, sizeof *head);
    ssize_t got = io->read(fd, head, sizeof *head);
    k->foreign = about.st_size > 0 && memcmp(head->magic, BPNN__CACHE_MAGIC, sizeof head->magic) != 0;
    bool owned = about.st_uid == geteuid();
    for (size_t i = 0; i < k->files; i++)
        owned = owned || about.st_uid == k->owner[i];
    return !k->foreign && owned && got == (ssize_t)sizeof *head && head->order == BPNN__CACHE_ORDER &&
           head->format == BPNN__CACHE_FORMAT && memcmp(head->options, k->options, sizeof k->options) == 0 &&
           head->source_size == k->source_size && !__builtin_add_overflow(head->description, head->cells, &size) &&
           !__builtin_add_overflow(size, sizeof *head, &size) && size == (uint64_t)about.st_size;
}

typedef struct loading {
    bpnn__cache *cache;
    int fd;
    const char *source;
    const bpnn_table_options *options;
    bpnn__cache_head head;
    uint64_t found[2];
    bool digested;
    bpnn_table *table;
} loading;

/* Unit 0 recognises the source while unit 1 reads the cache. */
static void load_unit(void *context, size_t unit)
{
    loading *l = context;
    if (unit == 0)
        l->digested = digest_files(l->cache, l->found);
    else
        l->table = bpnn__cache_read_body(l->fd, &l->head, l->source, l->options);
}

static bpnn_table *load(bpnn__cache *k, const char *source, const bpnn_table_options *options)
{
    const bpnn__io *io = bpnn__io_get();
    loading l = {.cache = k, .source = source, .options = options};
    l.fd = io->open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (l.fd < 0)
        return NULL;
    if (read_head(k, l.fd, &l.head)) {
        bpnn__pool *pool = NULL;
        size_t threads = options->threads ? options->threads : bpnn_usable_cpus();
        bool worth = threads > 1 && k->source_size + l.head.cells > WORTH_THREADS;
        if (bpnn__pool_new(&pool, worth ? 2 : 1, NULL) == BPNN_OK)
            bpnn__pool_run(pool, 0, 2, load_unit, &l);
        bpnn__pool_free(pool);
    }
    io->close(l.fd);
    if (l.table && l.digested && memcmp(l.found, l.head.source, sizeof l.found) == 0) {
        l.table->cache = BPNN_CACHE_READ;
        return l.table;
    }
    bpnn_table_free(l.table);
    return NULL;
}

/* ---- reading ---- */

static bpnn_status parse(bpnn_table **table, const bpnn__cache *k, const bpnn__source *source,
                         const bpnn_table_options *options, const bpnn__table_format *format, bpnn_error *error)
{
    bpnn__seen seen = {0};
    bpnn__source watched = *source;
    watched.seen = &seen;
    bpnn_status status = format->read(table, &watched, options, error);
    if (status != BPNN_OK || seen.count != k->files || !(format->parsed || (*table)->dialect.compressed))
        return status;
    uint64_t digest[2], size = 0;
    for (size_t i = 0; i < seen.count; i++)
        size += seen.of[i].size;
    if (size != k->source_size)
        return status; /* it is being written */
    join(seen.of, seen.count, digest);
    bool saved = !k->foreign && bpnn__cache_save(k, *table, digest);
    (*table)->cache = saved ? BPNN_CACHE_WRITTEN : BPNN_CACHE_UNWRITABLE;
    return status;
}

bpnn_status bpnn__read_cached(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                              const bpnn__table_format *format, bpnn_error *error)
{
    bpnn__cache k = {.mode = 0666};
    bpnn_status status = BPNN_OK;
    bool cached = options->cache && !source->bytes && strcmp(source->path, "-") != 0 &&
                  open_files(&k, source->path, format, options->cache);
    if (cached) {
        digest_options(&k, options, format->name);
        *table = load(&k, source->path, options);
    }
    if (!*table)
        status =
            cached ? parse(table, &k, source, options, format, error) : format->read(table, source, options, error);
    for (size_t i = 0; i < k.files; i++)
        bpnn__io_get()->close(k.fd[i]);
    bpnn__free(k.path);
    return status;
}
