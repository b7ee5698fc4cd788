/* For tools/static.sh: analysers see one file at a time, and do not know that these return what they are given, or that it is never OK. */
#ifndef BPNN_TOOLS_ANALYSIS_H
#define BPNN_TOOLS_ANALYSIS_H

#include "base/error.h"

#define bpnn__fail(error, status, ...) ((void)(bpnn__fail)(error, status, __VA_ARGS__), (status))
#define bpnn__fail_at(error, status, ...) ((void)(bpnn__fail_at)(error, status, __VA_ARGS__), (status))
#define bpnn__fail_memory(error) ((void)(bpnn__fail_memory)(error), BPNN_MEMORY)
#define bpnn__fail_errno(error, ...) ((void)(bpnn__fail_errno)(error, __VA_ARGS__), BPNN_IO)

#endif
