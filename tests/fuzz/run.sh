#!/bin/sh
# Fuzzes one reader with clang's libFuzzer, ASan and UBSan, from the corpus of the repository and what earlier runs found here.
#   tests/fuzz/run.sh TARGET [SECONDS]    60 seconds; ends with "fuzz TARGET: n done, n bad" (TARGET all: each in turn)
#   tests/fuzz/run.sh --keep TARGET       the smallest files that reach what was reached go into the repository's corpus (40 KiB)
# What breaks a reader is kept as build/fuzz-corpus/TARGET.found/*: it becomes a test, a fix, and a file of the corpus.
set -eu
cd "$(dirname "$0")/../.."
build=build/fuzz
work=build/fuzz-corpus

keep=no
if [ "${1:-}" = --keep ]; then
  keep=yes
  shift
fi
[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 1; }
known=$(sed -n 's/^    X(\([a-z_]*\)).*/\1/p' tests/fuzz/targets.h)
target=$1
seconds=${2:-60}
if [ "$target" = all ]; then
  code=0
  for one in $known; do
    "$0" "$one" "$seconds" || code=1
  done
  exit $code
fi
echo "$known" | grep -qx "$target" || { echo "fuzz: no target '$target'; there are: $(echo $known)" >&2; exit 1; }

mkdir -p "$work/$target" "$work/$target.found" "tests/fuzz/corpus/$target"
[ -f "$build/CMakeCache.txt" ] || cmake --preset fuzz -B "$build" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
cmake --build "$build" -j "$(nproc)" --target "fuzz_$target" replay_corpus >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log"; exit 1; }
program=$build/tests/fuzz/fuzz_$target
dictionary=tests/fuzz/dictionaries/$target.dict
[ -f "$dictionary" ] || dictionary=/dev/null

if [ "$keep" = yes ]; then
  rm -rf "$work/$target.kept"
  mkdir "$work/$target.kept"
  "$program" -merge=1 -max_len=4096 "$work/$target.kept" "tests/fuzz/corpus/$target" "$work/$target" >"$work/$target.log" 2>&1
  rm -f "tests/fuzz/corpus/$target"/reached-*
  bytes=0
  for file in $(ls -Sr "$work/$target.kept"); do
    bytes=$((bytes + $(wc -c <"$work/$target.kept/$file")))
    [ "$bytes" -le 40960 ] || break
    cp "$work/$target.kept/$file" "tests/fuzz/corpus/$target/reached-$(echo "$file" | cut -c1-12)"
  done
  echo "corpus of $target: $(ls "tests/fuzz/corpus/$target" | wc -l) files"
  exit 0
fi

mkdir -p "$work/$target.seeds"
"$build/tests/fuzz/replay_corpus" --seeds "$target" "$work/$target.seeds"
code=0
ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=4 "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -seed="${BPNN_TEST_SEED:-1}" \
  -dict="$dictionary" -artifact_prefix="$work/$target.found/" "$work/$target" "$work/$target.seeds" "tests/fuzz/corpus/$target" \
  >"$work/$target.log" 2>&1 || code=1
done_=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log" | tail -n 1)
[ "$code" = 0 ] || tail -n 60 "$work/$target.log"
grep -E '^#[0-9]+.*cov:' "$work/$target.log" | tail -n 1 | sed 's/^#[0-9]*[[:space:]]*[A-Za-z]*[[:space:]]*/  /'
echo "fuzz $target: ${done_:-0} done, $code bad"
exit $code
