#!/bin/sh
# Are all C files formatted as .clang-format says? Judged by clang-format 14 alone, versions differ; "--fix" formats them.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(command -v clang-format-14 || command -v clang-format) || { echo "format: no clang-format here: skipped"; exit 0; }
"$tool" --version | grep -q 'version 14\.' || { echo "format: needs clang-format 14: skipped"; exit 0; }
done_=0
bad=0
for file in $(git ls-files -co --exclude-standard '*.c' '*.h'); do
  done_=$((done_ + 1))
  [ "${1:-}" = --fix ] && "$tool" -i "$file"
  "$tool" --dry-run --Werror "$file" >/dev/null 2>&1 || { echo "format: $file"; bad=$((bad + 1)); }
done
echo "format: $done_ done, $bad bad"
[ "$bad" -eq 0 ]
