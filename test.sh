#!/bin/sh
# Runs every test. Sets itself up on a fresh Debian or Ubuntu machine.
#   ./test.sh          all: law, release build with gcc and clang, sanitizers, the outside program (under 30 minutes)
#   ./test.sh quick    law and the release build's tests but for the long ones (under 3 minutes)
set -eu
cd "$(dirname "$0")"
. tools/packages.sh

kind=${1:-all}
case $kind in
  all | quick) ;;
  *) echo "usage: ./test.sh [quick]" >&2; exit 1 ;;
esac

# shellcheck disable=SC2086 # a list of words
need "building and testing" $build_packages libcmocka-dev python3 python3-numpy gzip
jobs=$(nproc)

say() {
  printf '\n== %s\n' "$1"
}

# run NAME PRESET [cmake options ..]: configure, build, test in build/NAME
run() {
  name=$1
  preset=$2
  shift 2
  say "$name: build"
  cmake --preset "$preset" -B "build/$name" "$@" >"build/$name.log" 2>&1 || { cat "build/$name.log"; exit 1; }
  cmake --build "build/$name" -j "$jobs" >>"build/$name.log" 2>&1 || { tail -n 60 "build/$name.log"; exit 1; }
  say "$name: test"
  # what the tests print line by line ("NAME: n done, n bad") is part of the result
  ctest --test-dir "build/$name" -j "$jobs" --output-on-failure --no-tests=error ${labels:+-L "$labels"} ${without:+-LE "$without"} >"build/$name.tests" 2>&1 || {
    cat "build/$name.tests"
    exit 1
  }
  grep -hE ': [0-9]+ done, [0-9]+ bad' "build/$name/Testing/Temporary/LastTest.log" | sort -u || true
  tail -n 4 "build/$name.tests" | grep -E 'tests passed|Total Test time' || true
}

mkdir -p build
say "the law of the house"
tools/law.sh

if [ "$kind" = quick ]; then
  without=long
  run gcc release -DCMAKE_C_COMPILER=gcc
else
  need "what models are exported to and compared with: ONNX and its checker, PyTorch, scikit-learn, FANN, Node" \
    python3-onnx python3-torch python3-sklearn libfann-dev nodejs
  need "the second compiler, C++ for the outside program, the format" clang g++ clang-format
  if command -v npm >/dev/null && [ ! -d build/node/node_modules/onnxruntime-node ]; then
    say "ONNX Runtime, to compare with"
    timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts --prefix build/node onnxruntime-node >/dev/null 2>&1 ||
      echo "npm could not install onnxruntime-node in five minutes: that comparison is skipped"
  fi
  say "the format"
  tools/format.sh
  run gcc release -DCMAKE_C_COMPILER=gcc
  without=once
  run clang release -DCMAKE_C_COMPILER=clang
  run asan asan -DCMAKE_C_COMPILER=gcc
  labels=threads run tsan tsan -DCMAKE_C_COMPILER=gcc
  say "an outside program against the installed library"
  tests/install/run.sh build/gcc
fi
say "all tests passed"
