/* The readers that are fuzzed. X(NAME): target_NAME.c defines fuzz_NAME; CMakeLists.txt reads this list. */
#ifndef BPNN_TESTS_FUZZ_TARGETS_H
#define BPNN_TESTS_FUZZ_TARGETS_H

#define FUZZ_TARGETS(X)                                                                                                \
    X(model)                                                                                                           \
    X(checkpoint)                                                                                                      \
    X(state)                                                                                                           \
    X(csv)                                                                                                             \
    X(idx)                                                                                                             \
    X(npy)                                                                                                             \
    X(libsvm)                                                                                                          \
    X(onnx)                                                                                                            \
    X(npz)                                                                                                             \
    X(fann)                                                                                                            \
    X(config)                                                                                                          \
    X(fit)

#endif
