// Runs K.onnx of write_onnx in ONNX Runtime and compares with what the library predicted: relative to the largest value of the
// column (shares: to 1) 1e-5 in single, 1e-12 in double; labels equal where the decision is not a tie within that.
//   node onnx_run.js MODULE FOLDER COUNT
const fs = require('fs');
const path = require('path');
const [module_, folder, count] = process.argv.slice(2);
const ort = require(module_);

function read(name) {
  const bytes = fs.readFileSync(name);
  const [rows, columns, values, double_, task] = [0, 4, 8, 12, 16].map(at => bytes.readInt32LE(at));
  let at = 20;
  const take = n => Array.from({ length: n }, () => { at += 8; return bytes.readDoubleLE(at - 8); });
  return { rows, columns, values, double_, task, raw: take(rows * columns), want: take(rows * values), label: take(rows) };
}

// Largest relative difference; NaN and infinities only equal each other.
function difference(c, got) {
  let worst = 0;
  for (let k = 0; k < c.values; k++) {
    let size = c.task === 1 ? 0 : 1; // shares are relative to 1
    for (let r = 0; r < c.rows; r++) size = Math.max(size, Math.abs(c.want[r * c.values + k]) || 0);
    for (let r = 0; r < c.rows; r++) {
      const want = c.want[r * c.values + k], have = Number(got[r * c.values + k]);
      const d = Object.is(want, have) ? 0 : Math.abs(want - have) / (size || 1);
      worst = d <= worst ? worst : Number.isNaN(d) ? Infinity : d;
    }
  }
  return worst;
}

function wrongLabels(c, label, bound) {
  let wrong = 0;
  for (let r = 0; r < c.rows; r++) {
    const shares = c.want.slice(r * c.values, (r + 1) * c.values).sort((a, b) => b - a);
    if (Number(label[r]) !== c.label[r] && shares[0] - shares[1] > bound) wrong++;
  }
  return wrong;
}

async function main() {
  let bad = 0;
  const worst = [0, 0];
  for (let k = 0; k < Number(count); k++) {
    const c = read(path.join(folder, k + '.bin'));
    const bound = c.double_ ? 1e-12 : 1e-5;
    let found = '';
    try {
      const session = await ort.InferenceSession.create(path.join(folder, k + '.onnx'));
      const data = c.double_ ? Float64Array.from(c.raw) : Float32Array.from(c.raw);
      const out = await session.run({ input: new ort.Tensor(c.double_ ? 'float64' : 'float32', data, [c.rows, c.columns]) });
      const values = c.task === 1 ? out.prediction : out.probabilities;
      const d = difference(c, values.data);
      worst[c.double_] = Math.max(worst[c.double_], d);
      if (values.dims.join() !== [c.rows, c.values].join()) found = 'shape ' + values.dims;
      else if (d > bound) found = 'relative difference ' + d;
      else if (c.task !== 1 && wrongLabels(c, out.label.data, 2 * bound) > 0) found = 'labels';
      await session.release();
    } catch (e) {
      found = String(e);
    }
    if (found) {
      bad++;
      console.log('  model ' + k + ': ' + found);
    }
  }
  console.log('largest relative difference: single ' + worst[0].toExponential(1) + ', double ' + worst[1].toExponential(1));
  console.log('ONNX Runtime predicts the same: ' + count + ' done, ' + bad + ' bad');
  process.exitCode = bad ? 1 : 0;
}
main();
