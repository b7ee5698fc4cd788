#!/bin/sh
# The demonstration: installs what is missing, builds, trains on the shipped penguins, predicts rows the model never saw.
set -eu
cd "$(dirname "$0")"
. tools/packages.sh

# shellcheck disable=SC2086 # a list of words
need "building" $build_packages
echo "Building bpnn .."
mkdir -p build
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release >build/demo.log 2>&1 || { cat build/demo.log; exit 1; }
cmake --build build/demo >>build/demo.log 2>&1 || { tail -n 40 build/demo.log; exit 1; }
bpnn=build/demo/cli/bpnn
"$bpnn" --version

say() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# every seventh penguin is kept aside: rows the model never sees
here=build/demo/penguins
mkdir -p "$here"
awk 'NR == 1 || NR % 7 != 0' examples/data/penguins.csv >"$here/seen.csv"
awk 'NR == 1 || NR % 7 == 0' examples/data/penguins.csv >"$here/unseen.csv"

printf '\n== Which species? (classification)\n'
say "$bpnn" train --target species --test "$here/unseen.csv" -o "$here/species.bpnn" "$here/seen.csv"
printf '\nTen predictions of rows it never saw:\n'
awk 'NR == 1 || NR % 5 == 0' "$here/unseen.csv" | head -n 11 >"$here/ten.csv"
say "$bpnn" predict --append "$here/species.bpnn" "$here/ten.csv"

printf '\n== How heavy? (regression, the same file)\n'
say "$bpnn" train --target body_mass_g --test "$here/unseen.csv" -o "$here/mass.bpnn" "$here/seen.csv"

cat <<EOF

What next:
    $bpnn train --target YOUR_COLUMN YOUR_TABLE.csv     your own table
    $bpnn evaluate $here/species.bpnn $here/unseen.csv
    $bpnn inspect $here/species.bpnn
    $bpnn train --help
    ./test.sh quick                                      the tests
EOF
