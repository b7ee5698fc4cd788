#!/bin/sh
# Static analysis of the library and the program: gcc's analyzer, clang-tidy (.clang-tidy says which checks are off, and why),
# cppcheck. Every source once, kernels as the scalar row in double.
#   tools/static.sh [analyzer|tidy|cppcheck]    all three; each ends with "static NAME: n done, n bad" (files)
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
build=build/static
which=${1:-all}
case $which in
  all | analyzer | tidy | cppcheck) ;;
  *) echo "usage: tools/static.sh [analyzer|tidy|cppcheck]" >&2; exit 1 ;;
esac

need "static analysis" gcc clang clang-tidy cppcheck
mkdir -p "$build/out"
# the code that protoc-c generates is needed; it is not ours to judge
[ -f "$build/build.ninja" ] || cmake -G Ninja -S . -B "$build" -DCMAKE_C_COMPILER=gcc >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
cmake --build "$build" --target bpnn_onnx_code >"$build/log" 2>&1 || true
export FLAGS="-std=gnu17 -DBPNN_PRECISION=64 -DBPNN_ISA=scalar -DBPNN_BYTES=16 -Iinclude -Isrc -Icli -isystem $build/onnx"
export KNOWN="-D_GNU_SOURCE= -include tools/analysis.h"
code=0

# each NAME COMMAND [BUT]: COMMAND with every source behind it, but those that match; a file is bad if anything is printed
each() {
  name=$1
  but=${3:-^$}
  export COMMAND="$2" OUT="$build/out/$name"
  rm -rf "$OUT"
  mkdir -p "$OUT"
  git ls-files -co --exclude-standard 'src/*.c' 'cli/*.c' | grep -v "onnx_absent" | grep -v "$but" >"$build/files"
  # shellcheck disable=SC2016 # expanded by the inner shell
  xargs -P "$(nproc)" -n 1 sh -c 'case $1 in src/base/error.c) more="-D_DEFAULT_SOURCE" ;; src/*) more=$KNOWN ;; *) more=-D_GNU_SOURCE= ;; esac
    $COMMAND "$1" $AFTER $more 2>&1 | grep -v "^[0-9]* warnings* generated" >"$OUT/$(echo "$1" | tr / _)"' each <"$build/files" || true
  bad=$(find "$OUT" -type f -size +0 | wc -l)
  find "$OUT" -type f -size +0 -exec cat {} +
  echo "static $name: $(wc -l <"$build/files") done, $bad bad"
  [ "$bad" = 0 ] || code=1
}

if [ "$which" = all ] || [ "$which" = analyzer ]; then
  export AFTER=""
  # gcc 12 loses the initialiser of an array that is also seen as vectors (losses.h, elementwise_row)
  each analyzer "gcc $FLAGS -O1 -fanalyzer -c -o /dev/null" kernel/row.c
fi
if [ "$which" = all ] || [ "$which" = tidy ]; then
  export AFTER="-- $FLAGS"
  each tidy "clang-tidy --quiet"
fi
if [ "$which" = all ] || [ "$which" = cppcheck ]; then
  export AFTER="" KNOWN=""
  each cppcheck "cppcheck --quiet --enable=warning,portability,performance --std=c11 --inline-suppr --error-exitcode=1
    --suppressions-list=tools/cppcheck.suppressions -D__x86_64__ -DBPNN_PRECISION=64 -DBPNN_ISA=scalar -DBPNN_BYTES=16 -Iinclude -Isrc -Icli"
fi
exit $code
