/* Versions. The file format and the arithmetic have numbers of their own: see docs/formats.md. */
#ifndef BPNN_VERSION_H
#define BPNN_VERSION_H

#include <stddef.h>

#define BPNN_VERSION_MAJOR 0
#define BPNN_VERSION_MINOR 1
#define BPNN_VERSION_PATCH 0
#define BPNN_VERSION_TEXT "0.1.0"

/* Orders of summation and elementary functions: equal numbers promise equal bits. */
#define BPNN_ARITHMETIC 1

#ifndef BPNN_API
#if defined(__GNUC__)
#define BPNN_API __attribute__((visibility("default")))
#else
#define BPNN_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is linked, e.g. "0.1.0". Static text. Thread-safe. */
BPNN_API const char *bpnn_version(void);

/* The instruction set `auto` chooses on this machine, e.g. "avx2". Static text. Thread-safe. */
BPNN_API const char *bpnn_isa_name(void);

/* CPUs this process may use (affinity, cgroup quota), at least 1: what threads = 0 means. Thread-safe. */
BPNN_API size_t bpnn_usable_cpus(void);

#ifdef __cplusplus
}
#endif

#endif
