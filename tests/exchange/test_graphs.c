/* ONNX files as a stranger may write them, small ones: what is taken predicts what the graph says, everything else is refused in words.
 * graph.h has the language of the cases. */
#include "exchange/graph.h"
#include "exchange/onnx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* y: of the row 1, 2, .. where the file is taken (its first output, behind the scaling). */
typedef struct given {
    const char *nodes, *refused; /* a piece of the message; NULL: taken */
    double y;
    const char *constants, *inputs; /* NULL: those below */
    int opset;                      /* 0: 13 */
} given;

#define CONSTANTS                                                                                                      \
    "W f 2x1 1 2; V f 2x2 1 2 3 4; T f 1x2 1 2; b f 1 0.5; two f 2 2 4; three f 3 1; c f . 3; one d . 1; half f . "    \
    "0.5; zero f . 0;"                                                                                                 \
    "six f . 6; big f . 3.4e38; minus f . -1; root f . 1.41421354; shape i 2 -1 2; flat I 2 0 -1; odd i 2 3 2; long "  \
    "i 3 1; none i 2 0;"
#define GELU_TAIL "Erf d > e; Add e onef > s; Mul h s > p; Mul p half > y"

#define TAKEN(first, ...)                                                                                              \
    {                                                                                                                  \
        .y = first, .nodes = __VA_ARGS__                                                                               \
    }
#define REFUSED(piece, ...)                                                                                            \
    {                                                                                                                  \
        .refused = piece, .nodes = __VA_ARGS__                                                                         \
    }

static const given cases[] = {
    /* layers */
    TAKEN(5.5, "Gemm x W b > y"),
    TAKEN(12, "Gemm x W b > y alpha=2. beta=4."),
    TAKEN(5, "Gemm x T _ > y transB=1"),
    TAKEN(5, "MatMul x W > y"),
    REFUSED("a Gemm whose first operand", "Gemm W x > y"),
    REFUSED("a Gemm whose first operand", "Gemm x > y"),
    REFUSED("a Gemm whose first operand", "Gemm x W > y transA=1"),
    REFUSED("a MatMul whose first operand", "MatMul W x > y"),
    REFUSED("a MatMul whose first operand", "MatMul x W b > y"),
    REFUSED("weights of layer 1 have 1 dimensions", "MatMul x b > y"),
    REFUSED("'z' is no constant", "MatMul x z > y"),
    REFUSED("layer 2 takes 2 numbers and the one before gives 1", "MatMul x W > h; MatMul h W > y"),
    TAKEN(27, "MatMul x V > h; MatMul h W > y"),
    REFUSED("node without output", "MatMul x W >"),
    /* constants */
    TAKEN(5, "MatMul x W > y", .constants = "W F 2x1 1 2"),
    TAKEN(5, "MatMul x W > y", .constants = "W D 2x1 1 2"),
    TAKEN(5, "MatMul x W > y", .constants = "W d 2x1 1 2"),
    REFUSED("its shape is not that of its numbers", "MatMul x W > y", .constants = "W r 2x1 1 2"),
    REFUSED("expected one or two dimensions", "MatMul x W > y", .constants = "W f 2x1x1 1 2"),
    REFUSED("expected one or two dimensions", "MatMul x W > y", .constants = "W f 2x0 1 2"),
    REFUSED("expected one or two dimensions", "MatMul x W > y", .constants = "W f 2147483648x1 1"),
    REFUSED("its shape is not that of its numbers", "MatMul x W > y", .constants = "W f 2147483647x2147483647 1"),
    REFUSED("lies in another file", "MatMul x W > y", .constants = "W e 2x1 1 2"),
    REFUSED("lies in another file", "MatMul x W > y", .constants = "W l 2x1 1 2"),
    REFUSED("expected float or double, found data type 10", "MatMul x W > y", .constants = "W h 2x1 1 2"),
    TAKEN(5, "Constant > k value=@W; MatMul x k > y"),
    REFUSED("'k' is no constant", "Constant > k; MatMul x k > y"),
    TAKEN(5, "Transpose T > k; MatMul x k > y"),
    TAKEN(5, "Transpose W > j; Transpose j > i; Identity i > k; MatMul x k > y"),
    TAKEN(5.5, "Transpose b > k; MatMul x W > h; Add h k > y"),
    REFUSED("'k' is no constant", "Transpose T W > k; MatMul x k > y"),
    REFUSED("'k' is no constant", "Identity _ > k; MatMul x k > y"),
    REFUSED("operator '' is none", "- T > k; MatMul x k > y"),
    REFUSED("'k' is no constant", "Relu T > k; MatMul x k > y"),
    REFUSED("'k' is no constant", "Identity k9 > k; Identity k > k9; MatMul x k > y"),
    /* arithmetic before, in and behind layers */
    TAKEN(-1.5, "Sub x two > a; Div a two > s; MatMul s W > y"),
    TAKEN(45, "Add two x > a; Mul a c > s; MatMul s W > y"),
    REFUSED("Add of two values", "Add x z > s; MatMul s W > y"),
    REFUSED("Div of two values", "Div two x > s; MatMul s W > y"),
    REFUSED("a constant of 1 x 3 does not go with rows of 2", "Add x three > s; MatMul s W > y"),
    REFUSED("a constant of 2 x 1 does not go with rows of 2", "Add x W > s; MatMul s W > y"),
    REFUSED("expected float or double", "Add x shape > s; MatMul s W > y"),
    REFUSED("", "Div x zero > s; MatMul s W > y"),
    REFUSED("more than 16 steps", "Add x c > a; Add a c > b1; Add b1 c > b2; Add b2 c > b3; Add b3 c > b4; Add b4 c > "
                                  "b5; Add b5 c > b6; Add b6 c > b7;"
                                  "Add b7 c > b8; Add b8 c > b9; Add b9 c > c1; Add c1 c > c2; Add c2 c > c3; Add c3 c "
                                  "> c4; Add c4 c > c5; Add c5 c > c6;"
                                  "Add c6 c > s; MatMul s W > y"),
    TAKEN(2.5, "MatMul x W > h; Add h b > a; Sub a c > y"),
    TAKEN(16.5, "MatMul x W > h; Add h b > a; Mul a c > y"),
    TAKEN(5.5 / 3, "MatMul x W > h; Add h b > a; Div a c > y"),
    TAKEN(15, "MatMul x W > h; Mul h c > y"),
    REFUSED("does not go with rows of 1", "MatMul x W > h; Add h two > y"),
    REFUSED("does not go with rows of 1", "MatMul x W > h; Mul h two > y"),
    REFUSED("expected float or double", "MatMul x W > h; Mul h shape > y"),
    TAKEN(15, "MatMul x W > h; Relu h > r; Add r c > a; Sub a b > s; Mul s two2 > y",
          .constants = CONSTANTS "two2 f . 2"),
    TAKEN(4, "MatMul x W > h; Relu h > r; Sub r c > a; Div a half > y"),
    REFUSED("arithmetic between two layers", "MatMul x V > h; Relu h > r; Mul r c > a; MatMul a W > y"),
    /* activations */
    REFUSED("an activation that does not follow a layer", "MatMul x W > h; Tanh h > t; Tanh t > y"),
    REFUSED("an activation that does not follow a layer", "Relu x > h; MatMul h W > y"),
    TAKEN(5, "MatMul x W > h; Clip h zero six > y"),
    TAKEN(1, "MatMul x W > h; Clip h minus onef > y", .constants = CONSTANTS "onef f . 1"),
    TAKEN(5, "MatMul x W > h; Clip h zero big > y"),
    TAKEN(5, "MatMul x W > h; Clip h zero > y"),
    TAKEN(5, "MatMul x W > h; Clip h > y min=0. max=6."),
    REFUSED("Clip from -inf to inf", "MatMul x W > h; Clip h > y"),
    REFUSED("'z' is no constant", "MatMul x W > h; Clip h z six > y"),
    REFUSED("Clip from nan to 6", "MatMul x W > h; Clip h two six > y"),
    REFUSED("operator 'Neg' is none", "MatMul x W > h; Neg h > y"),
    TAKEN(-2.5, "MatMul x N > h; PRelu h half > y", .constants = CONSTANTS "N f 2x1 -1 -2"),
    REFUSED("PRelu with a slope for every unit", "MatMul x V > h; PRelu h two > y"),
    REFUSED("operator 'PRelu' is not known at this place", "MatMul x V > h; PRelu h > y"),
    REFUSED("'z' is no constant", "MatMul x V > h; PRelu h z > y"),
    REFUSED("Selu with this alpha and gamma", "MatMul x W > h; Selu h > y alpha=2."),
    REFUSED("Selu with this alpha and gamma", "MatMul x W > h; Selu h > y gamma=2."),
    REFUSED("HardSigmoid with this alpha and beta", "MatMul x W > h; HardSigmoid h > y beta=1."),
    TAKEN(1, "MatMul x W > h; HardSigmoid h > y"),
    TAKEN(4.9999997, "MatMul x W > h; Gelu h > y approximate=tanh", .opset = 20),
    TAKEN(4.9999986, "MatMul x W > h; Gelu h > y approximate=none", .opset = 20),
    REFUSED("Softmax over axis 0", "MatMul x W > h; Softmax h > y axis=0"),
    TAKEN(1 / (1 + 20.085536923187668), "MatMul x V > h; Softmax h > y", .opset = 11),
    TAKEN(1 / (1 + 20.085536923187668), "MatMul x V > h; Softmax h > y =7", .opset = 11),
    /* groups of nodes */
    TAKEN(4.966535745378576, "MatMul x W > h; Sigmoid h > s; Mul h s > y"),
    REFUSED("Mul of two values", "MatMul x W > h; Sigmoid h > s; Mul s s > y"),
    REFUSED("branches", "MatMul x W > h; Sigmoid h > s; Mul h b > y"),
    TAKEN(4.999552102, "MatMul x W > h; Softplus h > p; Tanh p > t; Mul t h > y"),
    REFUSED("branches", "MatMul x W > h; Softplus h > p; Sigmoid p > t; Mul t h > y"),
    TAKEN(5 / 6.0, "MatMul x W > h; Abs h > a; Add onef a > s; Div h s > y", .constants = CONSTANTS "onef f . 1"),
    REFUSED("branches", "MatMul x W > h; Abs h > a; Add a half > s; Div h s > y"),
    REFUSED("branches", "MatMul x W > h; Abs h > a; Add a onef > s; Div s h > y", .constants = CONSTANTS "onef f . 1"),
    TAKEN(4.9999986, "MatMul x W > h; Div h root > d; " GELU_TAIL, .constants = CONSTANTS "onef f . 1"),
    TAKEN(4.9999986, "MatMul x W > h; Mul over h > d; " GELU_TAIL,
          .constants = CONSTANTS "onef f . 1; over f . 0.70710678"),
    REFUSED("branches", "MatMul x W > h; Div root h > d; " GELU_TAIL, .constants = CONSTANTS "onef f . 1"),
    REFUSED("branches", "MatMul x W > h; Div h root > d; " GELU_TAIL, .constants = CONSTANTS "onef f . 2"),
    REFUSED("branches", "MatMul x W > h; Div h root > d; " GELU_TAIL, .constants = CONSTANTS "onef f 2 1"),
    REFUSED("branches", "MatMul x W > h; Div h root > d; Erf d > e; Add e > s; Mul h s > p; Mul p half > y"),
    REFUSED("branches", "MatMul x W > h; Div h root > d; Erf d > e; Add e onef > s; Mul h s > p; Mul p onef > y",
            .constants = CONSTANTS "onef f . 1"),
    REFUSED("branches", "MatMul x W > h; Div h root > d; Erf d > e; Add e onef > s; Mul h s > y",
            .constants = CONSTANTS "onef f . 1"),
    REFUSED("branches", "MatMul x W > h; Relu h > y; Tanh h >"),
    REFUSED("branches", "MatMul x W > h; Relu h > y; Tanh h > z; Exp h > w"),
    /* forms */
    TAKEN(5, "Flatten x > f; Cast f > g to=1; Dropout g > d; Identity d > i; MatMul i W > y"),
    REFUSED("operator 'Flatten' is not known at this place", "Flatten x > f axis=2; MatMul f W > y"),
    REFUSED("operator 'Cast' is not known at this place", "Cast x > f to=7; MatMul f W > y"),
    TAKEN(5, "Cast x > f to=11; Reshape f shape > g; MatMul g W > y"),
    TAKEN(5, "Reshape x flat > g; MatMul g W > y"),
    REFUSED("operator 'Reshape' is not known", "Reshape x odd > g; MatMul g W > y"),
    REFUSED("operator 'Reshape' is not known", "Reshape x long > g; MatMul g W > y"),
    REFUSED("operator 'Reshape' is not known", "Reshape x none > g; MatMul g W > y"),
    REFUSED("operator 'Reshape' is not known", "Reshape x two > g; MatMul g W > y"),
    REFUSED("operator 'Reshape' is not known", "Reshape x > g; MatMul g W > y"),
    /* two shares of a binary model, and its classes */
    TAKEN(0.9933071490757153, "MatMul x W > h; Sigmoid h > p; Sub one p > q; Concat q p > y"),
    REFUSED("branches", "MatMul x W > h; Sigmoid h > p; Sub half p > q; Concat q p > y"),
    REFUSED("branches", "MatMul x W > h; Sigmoid h > p; Sub p one > q; Concat q p > y"),
    REFUSED("branches", "MatMul x W > h; Sigmoid h > p; Sub one p > q; Concat p q > y"),
    TAKEN(1 / (1 + 20.085536923187668),
          "MatMul x V > h; Softmax h > p; ArgMax p > k; ai.onnx.ml:ArrayFeatureExtractor n k > l",
          .constants = CONSTANTS "n s 2 no yes"),
    TAKEN(1 / (1 + 20.085536923187668),
          "MatMul x V > h; Softmax h > p; ArgMax p > k; ai.onnx.ml:ArrayFeatureExtractor n k > l; "
          "ai.onnx.ml:ArrayFeatureExtractor n > m;"
          "ai.onnx.ml:ArrayFeatureExtractor b k > o",
          .constants = CONSTANTS "n s 2 no yes"),
    REFUSED("operator 'MatMul' is none", "com.me:MatMul x W > y"),
    TAKEN(5, "ai.onnx:MatMul x W > y"),
    /* the whole */
    REFUSED("opset 6 is older", "MatMul x W > y", .opset = 6),
    REFUSED("opset 0 is older", "MatMul x W > y", .opset = -1),
    REFUSED("several inputs", "MatMul x W > y", .inputs = "x z"),
    TAKEN(5, "MatMul x W > y", .inputs = "_ W x b"),
    REFUSED("no input", "MatMul x W > y", .inputs = ""),
    REFUSED("there is no layer with weights", "Identity x > y"),
    REFUSED("circle", "MatMul x W > h; Identity h > i; Identity i > h"),
    REFUSED("circle", "MatMul x V > h; MatMul h V > i; MatMul i V > h"),
    REFUSED("circle", "Identity x > i; Identity i > x"),
};

static bool right(const given *c)
{
    bpnn_model *model;
    bpnn_error error = {0};
    int opset = c->opset ? c->opset : 13;
    bytes file = graph_file(opset > 0 ? opset : 0, c->inputs ? c->inputs : "x", c->constants ? c->constants : CONSTANTS,
                            c->nodes);
    bpnn_status status = bpnn__onnx_read(&model, file.data, file.size, "graph.onnx", &error);
    double y = status == BPNN_OK ? made_first_output(model) : 0;
    bool good = c->refused ? status == BPNN_MODEL && !model && strcmp(error.file, "graph.onnx") == 0 &&
                                 strstr(error.text, c->refused)
                           : status == BPNN_OK && made_is_whole(model) && fabs(y - c->y) <= 2e-6 * fabs(c->y);
    if (!good)
        printf("%s: status %d, %.9g, %s\n", c->nodes, (int)status, y, error.text);
    bpnn_model_free(model);
    free(file.data);
    return good;
}

/* Bytes that are no message, each with its words. */
static size_t wire(size_t *bad)
{
#define BYTES(text, piece)                                                                                             \
    {                                                                                                                  \
        text, sizeof text - 1, piece                                                                                   \
    }
    static const struct {
        const char *bytes;
        size_t size;
        const char *piece;
    } broken[] = {BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "a number has more than 64 bits"),
                  BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "a number has more than 64 bits"),
                  BYTES("\x08\xff", "it ends inside a number"),
                  BYTES("\x08\x01\x08\x01", "a field is there twice"),
                  BYTES("\x00\x01", "there is no such field number"),
                  BYTES("\xf8\xff\xff\xff\x7f\x01", "there is no such field number"),
                  BYTES("\x0b", "there is no such wire type"),
                  BYTES("\x12\x7f", "a length goes past the end"),
                  BYTES("\x09\x01", "a length goes past the end"),
                  BYTES("\x0d\x01", "a length goes past the end"),
                  BYTES("\x08\x07", "it has no graph"),
                  BYTES("\x0a\x01\x07", "a field is of another type")};
    size_t count = sizeof broken / sizeof *broken;
    for (size_t i = 0; i < count; i++) {
        bpnn_model *model;
        bpnn_error error = {0};
        bpnn_status status = bpnn__onnx_read(&model, broken[i].bytes, broken[i].size, "graph.onnx", &error);
        if (status == BPNN_MODEL && !model && strstr(error.text, broken[i].piece))
            continue;
        printf("%s: status %d, %s\n", broken[i].piece, (int)status, error.text);
        ++*bad;
    }
    return count;
}

int main(void)
{
    size_t count = sizeof cases / sizeof *cases, bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !right(&cases[i]);
    count += wire(&bad);
    printf("ONNX graphs: %zu done, %zu bad\n", count, bad);
    return bad != 0;
}
