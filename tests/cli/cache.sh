#!/bin/sh
# --cache from outside: when the table comes from it, that nothing else comes of it, and what it leaves alone.
#   tests/cli/cache.sh BPNN
set -u
bpnn=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
n=0
bad=0

# check WHAT command..: succeeds
check() {
  what=$1
  shift
  n=$((n + 1))
  "$@" && return
  echo "cli cache: $what"
  sed 's/^/    /' err | head -n 5
  bad=$((bad + 1))
}

runs() { "$bpnn" "$@" >out 2>err </dev/null; }
says() { grep -q "$1" err; }

awk 'BEGIN { print "x,z,y,c"; for (i = 1; i <= 300; i++) printf "%d,%d,%d,%s\n", i, i * 7 % 13, 2 * i + 1, i % 2 ? "odd" : "even" }' >t.csv
check 'train, first' runs train -v --cache --epochs 3 t.csv
check 'train, first: a new cache' says 't.csv: the cache is new'
cp t.bpnn first.bpnn
check 'train, again' runs train -v --cache --epochs 3 t.csv
check 'train, again: from the cache' says 't.csv: taken from its cache'
check 'the same model from the cache' cmp -s t.bpnn first.bpnn
check 'predict' runs predict -v --cache t.bpnn t.csv
check 'predict: from the cache' says 't.csv: taken from its cache'
cp out cached
check 'predict without it' runs predict t.bpnn t.csv
check 'the same predictions from the cache' cmp -s out cached
sed 's/^7,/8,/' t.csv >u.csv
touch -r t.csv u.csv
cat u.csv >t.csv
touch -r u.csv t.csv # as large and as old as before
check 'one cell changed' runs predict -v --cache t.bpnn t.csv
check 'one cell changed: a new cache' says 't.csv: the cache is new'
echo mine >u.csv.bpnncache
check 'a file of that name' runs inspect --cache u.csv
check 'a file of that name is said' says 'no cache can be written'
check 'a file of that name stays' [ "$(cat u.csv.bpnncache)" = mine ]
"$bpnn" predict --cache t.bpnn - <u.csv >out 2>err
check 'standard input' [ $? = 0 ]
check 'no cache of standard input' [ ! -e ./-.bpnncache ]
echo "cli cache: $n done, $bad bad"
[ "$bad" = 0 ]
