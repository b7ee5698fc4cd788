#!/bin/sh
# The law of the house: a room includes only floors below it, never above, never its neighbour; the program sees
# include/ only. Also: no file over 600 lines. Prints one line a breach and exits 1 if there is any.
set -u
cd "$(dirname "$0")/.." || exit 2
bad=0
checked=0

floor() {
  case $1 in
    base) echo 1 ;; net | kernel) echo 2 ;; core) echo 3 ;; method) echo 4 ;; train) echo 5 ;;
    table) echo 6 ;; model) echo 7 ;; study | exchange) echo 8 ;; *) echo 99 ;;
  esac
}

breach() {
  echo "law: $1"
  bad=$((bad + 1))
}

for file in $(find src cli examples include -name '*.[ch]' | sort); do
  checked=$((checked + 1))
  room=$(echo "$file" | cut -d/ -f2)
  case $file in
    src/*) here=$(floor "$room") ;;
    include/*) here=0 ;;
    *) here=9 ;;
  esac
  [ "$here" = 99 ] && breach "$file: no floor is known for room '$room'"
  for target in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file"); do
    case $here in
      0) breach "$file includes \"$target\": public headers include <bpnn/..> only"; continue ;;
      9) [ -f "$(dirname "$file")/$target" ] || breach "$file includes \"$target\": only <bpnn/..> is for programs"; continue ;;
    esac
    other=$(echo "$target" | cut -d/ -f1)
    there=$(floor "$other")
    if [ "$there" = 99 ]; then
      breach "$file includes \"$target\": write the room, as in \"base/error.h\""
    elif [ "$there" -gt "$here" ]; then
      breach "$file (floor $here) includes \"$target\" (floor $there)"
    elif [ "$there" -eq "$here" ] && [ "$other" != "$room" ]; then
      breach "$file includes its neighbour \"$target\""
    fi
  done
done

for file in $(git ls-files -co --exclude-standard '*.c' '*.h' '*.py' '*.sh' 2>/dev/null); do
  [ -f "$file" ] || continue
  lines=$(wc -l <"$file")
  [ "$lines" -gt 600 ] && breach "$file has $lines lines (600 at most)"
done

# No function over 80 lines: a body runs from a line that is '{' alone to the next line that is '}' alone.
for file in $(find src cli -name '*.[ch]' | sort); do
  long=$(awk '/^\{/ {start = NR} /^\}/ {if (start && NR - start + 1 > 80) print FILENAME ":" start ": " NR - start + 1 " lines"; start = 0}' "$file")
  [ -n "$long" ] && breach "function over 80 lines: $long"
done

echo "law: $checked done, $bad bad"
[ "$bad" -eq 0 ]
