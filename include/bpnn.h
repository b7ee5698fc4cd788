/* bpnn: training and using dense feed-forward networks (back-propagation), in C.
 *
 * This header is the whole contract. Read in this order; each part stands on the ones before it:
 *
 *   bpnn/status.h   what a call returns, and the caller's error record
 *   bpnn/memory.h   replacing malloc
 *   bpnn/matrix.h   views of numbers that the caller owns
 *   bpnn/net.h      a network: layers, activations, loss, parameters, forward pass, gradient
 *   bpnn/train.h    training methods, the trainer, stop reasons, progress callbacks
 *   bpnn/table.h    tables of real data: CSV, IDX, .npy, LIBSVM
 *   bpnn/model.h    a trained network with everything needed to apply it: fit, save, load, predict, evaluate
 *   bpnn/study.h    many fits and what they mean: cross-validation, tuning
 *   bpnn/exchange.h models for other programs (JSON, C ..), and from them
 *
 * The library never prints, exits, reads the environment or touches the locale. All objects are
 * independent; one object may be used by one thread at a time unless its const functions say more. */
#ifndef BPNN_H
#define BPNN_H

#include <bpnn/exchange.h>
#include <bpnn/matrix.h>
#include <bpnn/memory.h>
#include <bpnn/model.h>
#include <bpnn/net.h>
#include <bpnn/status.h>
#include <bpnn/study.h>
#include <bpnn/table.h>
#include <bpnn/train.h>
#include <bpnn/version.h>

#endif
