/* .npz files, small ones: what is taken predicts what the arrays say, everything else is refused in words. archive.h has the language of the
 * cases. */
#include "exchange/archive.h"
#include "exchange/plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* y: of the row 1, 2, .. where the file is taken (its first output, behind the scaling). from becomes to, with the checksums put right. */
typedef struct given {
    const char *arrays, *refused; /* a piece of the message; NULL: taken */
    double y;
    const char *from, *to;
    size_t size; /* of from and to */
} given;

#define TAKEN(first, ...)                                                                                              \
    {                                                                                                                  \
        .y = first, .arrays = __VA_ARGS__                                                                              \
    }
#define REFUSED(piece, ...)                                                                                            \
    {                                                                                                                  \
        .refused = piece, .arrays = __VA_ARGS__                                                                        \
    }
#define WITH(a, b) .from = a, .to = b, .size = sizeof(a) - 1

#define W "coefs_0 f8 2,1 1 2;"
#define OUT "out_activation U8 . identity;"
#define TWO "coefs_0 f8 2,2 1 2 3 4; coefs_1 f8 2,1 1 2;"
#define SHARES "coefs_0 f8 2,2 1 2 3 4; out_activation U8 . softmax;"
#define FIRST_SHARE (1 / (1 + 20.085536923187668))

static const given cases[] = {
    /* arrays */
    TAKEN(5, W OUT),
    TAKEN(5, "*coefs_0 f8 2,1 1 2;" OUT),
    TAKEN(5, "coefs_0 f4 2,1 1 2;" OUT),
    TAKEN(5, "coefs_0 i8 2,1 1 2;" OUT),
    TAKEN(7, "coefs_0 ^f8 2,2 1 3 2 4; out_activation U8 . identity;"),
    TAKEN(7, "coefs_0 f8 2,2 1 2 3 4; out_activation U8 1,1 identity;"),
    REFUSED("another type than <f8, <f4, <i8 or <U", "coefs_0 i4 2,1 1 2;" OUT),
    REFUSED("pickled objects are not read", "coefs_0 |O 2,1 1 2;" OUT),
    REFUSED("another type", "coefs_0 U0 2,1 1 2;" OUT),
    REFUSED("another type", "coefs_0 U2000 2,1;" OUT),
    REFUSED("another type", W OUT, WITH("descr'", "dascr'")),
    REFUSED("one or two dimensions", "coefs_0 f8 2,1,1 1 2;" OUT),
    REFUSED("one or two dimensions", "coefs_0 f8 0,1;" OUT),
    REFUSED("one or two dimensions", "coefs_0 f8 2147483648,1 1;" OUT),
    REFUSED("one or two dimensions", "coefs_0 f8 x 1;" OUT),
    REFUSED("the shape of an array is not that of its numbers", "coefs_0 f8 2,2 1 2;" OUT),
    REFUSED("the shape of an array is not that of its numbers", "coefs_0 f8 2147483647,2147483647 1 2;" OUT),
    REFUSED("the shape of an array", W OUT, WITH("shape': (", "shape': [")),
    REFUSED("the shape of an array", W OUT, WITH("shape'", "shepe'")),
    REFUSED("the header of an array", W OUT, WITH("fortran_order'", "fartran_order'")),
    REFUSED("the header of an array", W OUT, WITH("), }\n", "), } ")),
    REFUSED("the header of an array", W OUT, WITH("NUMPY\1\0", "NUMPY\2\0")),
    REFUSED("without the header of NumPy", W OUT, WITH("NUMPY\1\0", "NUMPY\0\0")),
    REFUSED("without the header of NumPy", W OUT, WITH("NUMPY\1\0", "NUMPY\4\0")),
    REFUSED("without the header of NumPy", W OUT, WITH("NUMPY", "NumPY")),
    REFUSED("the header of an array", W OUT, WITH("NUMPY\1\0\x3b\0", "NUMPY\1\0\x3b\7")),
    REFUSED("the header of an array", W OUT, WITH("NUMPY\1\0\x3b\0", "NUMPY\1\0\0\0")),
    /* the archive */
    REFUSED("it has no directory", W OUT, WITH("PK\5\6", "PK\5\7")),
    REFUSED("its directory", W OUT, WITH("PK\1\2", "PK\1\3")),
    REFUSED("an entry that is not there", W OUT, WITH("PK\3\4", "PK\3\5")),
    REFUSED("no array coefs_0", W OUT, WITH("coefs_0.npyPK", "coefs_0.npzPK")),
    REFUSED("no array coefs_0", ""),
    REFUSED("bytes are not those", "*coefs_0 f8 2,1 1 2;" OUT, WITH("coefs_0.npy\x9b", "coefs_0.npy\xff")),
    /* layers */
    TAKEN(15 + 1, TWO "activation U4 . relu; intercepts_0 f8 2 -1 0; intercepts_1 f8 1 -10;" OUT),
    REFUSED("expected a matrix of numbers", "coefs_0 f8 2 1 2;" OUT),
    REFUSED("expected a matrix of numbers", "coefs_0 U1 2,1 a b;" OUT),
    REFUSED("intercepts_0: expected 1 numbers", W "intercepts_0 f8 2 1 2;" OUT),
    REFUSED("intercepts_0: expected 1 numbers", W "intercepts_0 f8 1,2 1 2;" OUT),
    REFUSED("intercepts_0: expected 1 numbers", W "intercepts_0 U1 1 a;" OUT),
    REFUSED("layer 2 takes 2 numbers", W "coefs_1 f8 2,1 1 2;" OUT),
    REFUSED("not finite", "coefs_0 f8 2,1 1 nan;" OUT),
    /* activations */
    TAKEN(5, W "activations U8 1 identity;"),
    TAKEN(27, TWO "activations U8 2 identity relu;"),
    REFUSED("expected one for each of 1 layers", W "activations U8 2 identity relu;"),
    REFUSED("expected one for each of 1 layers", W "activations U8 1,2 identity relu;"),
    REFUSED("activations have to be texts", W "activations f8 1 1;"),
    REFUSED("'activation' is not there", TWO OUT),
    REFUSED("activation: expected one text", TWO "activation U4 2 relu relu;" OUT),
    REFUSED("'out_activation' is not there", W),
    REFUSED("out_activation: expected one text", W "out_activation U4 2 relu relu;"),
    REFUSED("unknown activation 'what'", W "out_activation U4 . what;"),
    REFUSED("unknown activation 'user'", W "out_activation U4 . user;"),
    TAKEN(1 / (1 + 0.006737946999085467), W "out_activation U8 . logistic;"),
    /* scaling */
    TAKEN(-4, W OUT "input_mean f8 2 1 2; target_mean f8 1 -4;"),
    TAKEN(4.5, W OUT "input_scale f8 2 2 1;"),
    TAKEN(10.5, W OUT "target_scale f8 1 2; target_mean f8 1 0.5;"),
    REFUSED("input_mean: expected 2 numbers", W OUT "input_mean f8 3 1 2 3;"),
    REFUSED("input_mean: expected 2 numbers", W OUT "input_mean f8 1,2 1 2;"),
    REFUSED("input_scale: expected 2 numbers", W OUT "input_scale U1 2 1 2;"),
    REFUSED("target_mean: expected 1 numbers", W OUT "target_mean f8 2 1 2;"),
    REFUSED("", W OUT "input_scale f8 2 1 0;"),
    /* classes */
    TAKEN(FIRST_SHARE, SHARES "classes U3 2 no yes;"),
    TAKEN(FIRST_SHARE, SHARES "classes i8 2 3 7;"),
    TAKEN(FIRST_SHARE, SHARES "classes f8 2 0.5 1;"),
    TAKEN(FIRST_SHARE, SHARES "classes U1 2 \xc3 \xfc;"),
    REFUSED("classes: expected a list", SHARES "classes U3 1,2 no yes;"),
    REFUSED("class 2 cannot be read", SHARES "classes U3 2 no ye\\;"),
    REFUSED("UTF-8", SHARES "classes U1 2 a X;", WITH("X\0\0\0", "\0\xd8\0\0")),
};

static bool edit(const given *c, bytes file)
{
    bool found = !c->from;
    for (size_t at = 0; c->from && at + c->size <= file.size; at++)
        if (memcmp(file.data + at, c->from, c->size) == 0) {
            memcpy(file.data + at, c->to, c->size);
            found = true;
            break;
        }
    archive_repair(file);
    return found;
}

static bool right(const given *c)
{
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    bytes file = archive_file(c->arrays);
    bool good = edit(c, file);
    bpnn_status status = bpnn__import_npz(&model, file.data, file.size, "made.npz", &error);
    double y = status == BPNN_OK ? made_first_output(model) : 0;
    if (c->refused)
        good = good && status == BPNN_MODEL && !model && strcmp(error.file, "made.npz") == 0 &&
               strstr(error.text, c->refused);
    else
        good = good && status == BPNN_OK && made_is_whole(model) && fabs(y - c->y) <= 2e-6 * fabs(c->y);
    if (!good)
        printf("%s (%s): status %d, %.9g, %s\n", c->arrays, c->from ? c->from : "", (int)status, y, error.text);
    bpnn_model_free(model);
    free(file.data);
    return good;
}

int main(void)
{
    size_t count = sizeof cases / sizeof *cases, bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !right(&cases[i]);
    printf(".npz files: %zu done, %zu bad\n", count, bad);
    return bad != 0;
}
