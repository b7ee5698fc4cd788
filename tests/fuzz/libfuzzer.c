/* A fuzz target for clang's libFuzzer. FUZZ_TARGET: which one. */
#include "base/watch.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
static const fuzz_target *const target = &JOIN(fuzz_, FUZZ_TARGET);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

/* Seeds are written by replay_corpus. */
void fuzz_seed(const void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return watch_begin() ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!fuzz_holds(target, bytes, size))
        abort();
    return 0;
}

/* What is in a gzip file; 0 = it is none, or too large. */
static size_t unpacked(const uint8_t *bytes, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {0};
    if (size < 18 || bytes[0] != 0x1f || bytes[1] != 0x8b || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return 0;
    z.next_in = (unsigned char *)(uintptr_t)bytes;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    int code = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return code == Z_STREAM_END ? room - z.avail_out : 0;
}

/* A gzip file changed inside; 0 = not done. */
static size_t mutate_packed(uint8_t *bytes, size_t size, size_t room)
{
    uint8_t *inside = malloc(room), *again = NULL;
    size_t packed_size = 0, inner = inside ? unpacked(bytes, size, inside, room) : 0;
    if (inner > 0)
        again = fuzz_pack(inside, LLVMFuzzerMutate(inside, inner, room), &packed_size);
    if (again && packed_size <= room)
        memcpy(bytes, again, packed_size);
    else
        packed_size = 0;
    free(inside);
    free(again);
    return packed_size;
}

/* One mutation in eight is left as it is: checksums are tried too. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
    size_t packed = target->packed && seed % 8 != 0 ? mutate_packed(bytes, size, room) : 0;
    if (packed > 0)
        return packed;
    if (target->mutate && seed % 2 && size > 0)
        size = target->mutate(bytes, size, room, seed);
    else
        size = LLVMFuzzerMutate(bytes, size, room);
    return target->mend && seed % 8 != 0 ? target->mend(bytes, size, room) : size;
}
