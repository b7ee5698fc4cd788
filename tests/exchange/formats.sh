#!/bin/sh
# FANN, .npz and safetensors beside libfann, scikit-learn and PyTorch: formats.py.   formats.sh BPNN SOURCE FANN_RUN|none
set -u
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate
done
[ -n "$python" ] || { echo "skipped: formats (python3-numpy is not installed)"; exit 0; }
"$python" -W ignore "$here/formats.py" "$1" "$2" "$3" "$scratch"
