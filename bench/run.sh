#!/bin/sh
# Measures this library and its peers on this machine, in turn, and writes docs/benchmarks.md, docs/roofline.md and the pictures in
# docs/plots. Debian and Ubuntu; installs the peers from packages (says so first).
#   bench/run.sh [--quick] [PART..]     parts: train predict load startup scaling roofline; none = all (quick: without scaling
#                                       and roofline)
# A part that is not named keeps its figures of the last run on this machine. KANN and genann are compared when BPNN_BENCH_KANN and
# BPNN_BENCH_GENANN name checkouts of them. Keep the machine idle meanwhile: about 10 minutes, quick 3.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

quick=0
parts=""
for word in "$@"; do
  case $word in
    --quick) quick=1 ;;
    train | predict | load | startup | scaling | roofline) parts="$parts $word" ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
  esac
done
[ -n "$parts" ] || parts="train predict load startup"
[ "$#" -gt 0 ] || parts="$parts scaling roofline"
rounds=7
seconds=0.15
[ "$quick" = 0 ] || { rounds=5; seconds=0.08; }

# shellcheck disable=SC2086 # a list of words
need "building and measuring" $build_packages g++ git python3 python3-numpy
need "the peers" libopenblas-pthread-dev libopenblas0-openmp libfann-dev libopencv-ml-dev libdnnl-dev \
  python3-torch python3-sklearn python3-threadpoolctl python3-pandas python3-onnx r-base-core r-cran-data.table

build=build/bench
echo "== build"
mkdir -p "$build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBPNN_BENCH=ON >"$build/log" 2>&1 && cmake --build "$build" >>"$build/log" 2>&1 || {
  tail -n 40 "$build/log"
  exit 1
}
bench/peers/build.sh "$PWD/$build/peers"
if command -v npm >/dev/null 2>&1; then
  [ -d "$build/node/node_modules/onnxruntime-node" ] || {
    echo "  installing onnxruntime-node (npm, no scripts) in $build/node"
    npm install --silent --no-save --ignore-scripts --prefix "$build/node" onnxruntime-node >>"$build/log" 2>&1 || echo "  not compared: onnxruntime-node"
  }
else
  echo "  onnxruntime-node: no npm here: not compared"
fi

# shellcheck disable=SC2086 # a list of words
BPNN_BENCH_QUICK=$quick PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/measure.py "$build/results.json" "$rounds" "$seconds" $parts
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/plots.py "$build/results.json" docs/plots
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/tables.py "$build/results.json" docs
echo "written: docs/benchmarks.md docs/roofline.md docs/plots"
