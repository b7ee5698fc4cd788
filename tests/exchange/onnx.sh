#!/bin/sh
# ONNX beside others: the checker of python3-onnx, ONNX Runtime (the npm package onnxruntime-node), files of PyTorch and as
# scikit-learn's and Keras' converters write them. What is not installed is skipped, with a line that says so.
#   tests/exchange/onnx.sh WRITE_ONNX BPNN COUNT
# BPNN_ONNXRUNTIME names the folder of onnxruntime-node; else build/node/node_modules/onnxruntime-node.
set -u
write=$1
program=$2
count=$3
here=$(cd "$(dirname "$0")" && pwd)
seed=${BPNN_TEST_SEED:-1}
runtime=${BPNN_ONNXRUNTIME:-$here/../../build/node/node_modules/onnxruntime-node}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
code=0

echo "seed $seed"
"$write" "$scratch" "$count" "$seed" || exit 1
if command -v node >/dev/null && [ -d "$runtime" ]; then
  node "$here/onnx_run.js" "$runtime" "$scratch" "$count" || code=1
else
  echo "skipped: ONNX Runtime (npm install --ignore-scripts --prefix build/node onnxruntime-node)"
fi
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import onnx, numpy' 2>/dev/null && python=$candidate
done
if [ -n "$python" ]; then
  "$python" "$here/onnx_check.py" "$scratch" "$count" || code=1
  mkdir "$scratch/foreign"
  "$python" -W ignore "$here/foreign_onnx.py" "$program" "$scratch/foreign" || code=1
else
  echo "skipped: the ONNX checker and ONNX files of others (python3-onnx is not installed)"
fi
exit $code
