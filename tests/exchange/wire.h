/* Protocol buffers' wire format, for tests that change ONNX files. */
#ifndef BPNN_TESTS_EXCHANGE_WIRE_H
#define BPNN_TESTS_EXCHANGE_WIRE_H

#include "exchange/hostile.h"

/* One field gone, twice, with another number, length, name or content; the lengths of what holds it are put right in most cases.
 * Any bytes may come in. Freed with free. */
bytes edit_field(dice *d, bytes file);

/* A file of ours without its description: it is read as a stranger's. Freed with free. */
bytes as_stranger(bytes file);

#endif
