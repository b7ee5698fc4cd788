#!/bin/sh
# build.sh OUT: builds the programs of the comparison that can be built here into OUT and says which cannot. KANN and genann come
# from checkouts that BPNN_BENCH_KANN and BPNN_BENCH_GENANN name.
set -u
cd "$(dirname "$0")" || exit 1
out=$1
mkdir -p "$out"
log=$out/build.log
: >"$log"
fast="-O3 -march=native -I."

# try NAME COMMAND..: nothing is built anew that is newer than its source
try() {
  name=$1
  shift
  "$@" -o "$out/$name" >>"$log" 2>&1 || { echo "  $name: cannot be built here: not compared ($log)"; rm -f "$out/$name"; }
}

# shellcheck disable=SC2086 # lists of words
{
  cc $fast -c side.c -o "$out/side.o" || exit 1
  side=$out/side.o
  cc -O3 -march=native -ffast-math machine.c -o "$out/machine" -lm || exit 1
  try cblas_loop cc $fast -ffast-math cblas_loop.c "$side" -lopenblas -lm
  try fann cc $fast fann.c "$side" -lfann -lm
  try onednn g++ $fast -fopenmp onednn.cc "$side" -ldnnl
  try opencv g++ $fast -I/usr/include/opencv4 opencv.cc "$side" -lopencv_ml -lopencv_core
  if [ -n "${BPNN_BENCH_GENANN:-}" ]; then
    try genann cc $fast -I"$BPNN_BENCH_GENANN" genann.c "$BPNN_BENCH_GENANN/genann.c" "$side" -lm
  else
    echo "  genann: BPNN_BENCH_GENANN names no checkout: not compared"
    rm -f "$out/genann"
  fi
  if [ -n "${BPNN_BENCH_KANN:-}" ]; then
    try kann cc $fast -ffast-math -DHAVE_CBLAS -DHAVE_PTHREAD -I"$BPNN_BENCH_KANN" kann.c "$BPNN_BENCH_KANN/kann.c" \
      "$BPNN_BENCH_KANN/kautodiff.c" "$side" -lopenblas -lm -lpthread
  else
    echo "  KANN: BPNN_BENCH_KANN names no checkout: not compared"
    rm -f "$out/kann"
  fi
}
