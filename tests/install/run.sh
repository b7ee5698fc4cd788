#!/bin/sh
# Installs a build into an empty folder and builds outside programs against it: find_package, pkg-config, C++, static.
#   tests/install/run.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
done_=0

check() {
  done_=$((done_ + 1))
  out=$("$@") || { echo "install: $* failed"; echo "install: $done_ done, 1 bad"; exit 1; }
  case $out in
    *"0 xor 1 = 1"*) ;;
    *) echo "install: unexpected output of $*: $out"; echo "install: $done_ done, 1 bad"; exit 1 ;;
  esac
}

cmake --install "$build" --prefix "$scratch/usr" >/dev/null
cat >"$scratch/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.20)
project(outside C CXX)
find_package(bpnn 0.1 REQUIRED)
add_executable(shared $here/examples/xor.c)
target_link_libraries(shared bpnn::bpnn)
add_executable(static $here/examples/xor.c)
target_link_libraries(static bpnn::static)
add_executable(embed $here/examples/xor.c)
target_link_libraries(embed bpnn::embed)
add_executable(cxx header.cc)
target_link_libraries(cxx bpnn::bpnn)
EOF
cat >"$scratch/header.cc" <<'EOF'
#include <bpnn.h>
#include <cstdio>
int main()
{
    float x[2] = {0, 1};
    bpnn_matrix m = bpnn_matrix_of(x, 1, 2);
    return m.cols == 2 && bpnn_version()[0] != 0 ? std::puts("0 xor 1 = 1") < 0 : 1;
}
EOF
cmake -G Ninja -S "$scratch" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/usr" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
cmake --build "$scratch/build" >>"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
for program in shared static embed cxx; do
  check "$scratch/build/$program"
done

export PKG_CONFIG_PATH="$scratch/usr/lib/pkgconfig:$scratch/usr/lib/$(gcc -print-multiarch)/pkgconfig"
libdir=$(pkg-config --variable=libdir bpnn)
# shellcheck disable=SC2046 # flags are words
gcc "$here/examples/xor.c" -o "$scratch/pc" $(pkg-config --cflags --libs bpnn)
check env LD_LIBRARY_PATH="$libdir" "$scratch/pc"

# nothing but the API is exported, and the library calls nothing it must not
foreign=$(nm -D --defined-only "$libdir/libbpnn.so" | awk '$2 ~ /[TDBRV]/ {print $3}' | grep -v '^bpnn_[a-z]' || true)
[ -z "$foreign" ] || { echo "install: exported beside the API: $foreign"; exit 1; }
forbidden=$(nm -D --undefined-only "$libdir/libbpnn.so" | awk '{print $2}' | sed 's/@.*//' |
  grep -xE 'exit|_exit|abort|printf|puts|fprintf|sprintf|vsprintf|strcpy|strcat|gets|rand|srand|random|setlocale|system|getenv|exp|expf|log|logf|log1p|expm1|tanh|sin|cos|erf|pow|powf|fmax|fmin|fmod' || true)
[ -z "$forbidden" ] || { echo "install: the library calls: $forbidden"; exit 1; }
done_=$((done_ + 2))
echo "install: $done_ done, 0 bad"
