/* Small ONNX files out of words, for tests of the reader. */
#ifndef BPNN_TESTS_EXCHANGE_GRAPH_H
#define BPNN_TESTS_EXCHANGE_GRAPH_H

#include "exchange/hostile.h"

/* constants: "NAME KIND DIMS VALUE..;": DIMS as 2x3, "." = none; the last value goes on. KIND: f d = raw float, double; F D = the
 * same in lists; i I = int64 raw, in a list; h = float16; s = texts; e = data elsewhere by entries; l = by location; r = raw float and a byte more.
 * nodes: "OP INPUT.. > OUTPUT.. KEY=VALUE..;": "_" = an empty name, "-" as OP = none, DOMAIN:OP; a value is an integer, a number with a
 * point, a constant (@NAME) or a text. inputs: names. opset 0 = the file does not say. The file is freed with free. */
bytes graph_file(int opset, const char *inputs, const char *constants, const char *nodes);

#endif
