#!/bin/sh
# Two programs in turn, so that both see the same machine: pairs.sh N "COMMAND A" "COMMAND B" prints the median rate of
# either side (fifth word of what they print) and the median of the ratios A / B of each pair.
set -eu
n=$1
i=0
while [ "$i" -lt "$n" ]; do
  a=$($2 | awk '$5 > 0 {print $5; exit}')
  b=$($3 | awk '$5 > 0 {print $5; exit}')
  echo "$a $b"
  i=$((i + 1))
done | awk '
  function median(x, n,   i, j, t) {
    for (i = 2; i <= n; i++) for (j = i; j > 1 && x[j - 1] > x[j]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
    return n % 2 ? x[(n + 1) / 2] : (x[n / 2] + x[n / 2 + 1]) / 2
  }
  { a[NR] = $1; b[NR] = $2; r[NR] = $1 / $2 }
  END { ma = median(a, NR); mb = median(b, NR); m = median(r, NR)
        printf "%.4g %.4g ratio %.3f (%.3f-%.3f) best %.4g %.4g\n", ma, mb, m, r[1], r[NR], a[NR], b[NR] }'
