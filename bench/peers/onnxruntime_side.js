// ONNX Runtime's CPU library through its node binding, prediction: the lines of side.h. A call is an awaited run, so the
// binding's own cost, tens of microseconds, is in it. FILES.onnx is the network (make_onnx.py).
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-node');

let task, session, input;

function floats(path) {
  const bytes = fs.readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

// Mean loss over the first rows, as in side.c.
async function loss() {
  const rows = Math.min(task.rows, 1024), out = task.size[task.size.length - 1];
  const x = new ort.Tensor('float32', task.x.slice(0, rows * task.size[0]), [rows, task.size[0]]);
  const y = (await session.run({ x })).y.data;
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    if (task.classes) sum -= Math.log(Math.max(y[r * out + task.t[r]], 1e-30));
    else for (let j = 0; j < out; j++) sum += (y[r * out + j] - task.t[r * out + j]) ** 2;
  }
  return sum / rows;
}

async function prepare(words) {
  const [verb, files, layers, , kind, rows, batch, threads] = words;
  if (verb !== 'predict') return 'no ONNX Runtime is measured in prediction';
  const size = layers.split('-').map(Number);
  task = { size, classes: kind === 'crossentropy', rows: +rows, batch: +batch, x: floats(files + '.x'), t: floats(files + '.t'), repeat: 1 };
  session = await ort.InferenceSession.create(files + '.onnx', { intraOpNumThreads: +threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all' });
  input = new ort.Tensor('float32', task.x.slice(0, task.batch * size[0]), [task.batch, size[0]]);
  const first = (await loss()).toPrecision(9);
  return `ok first=${first} last=${first} rss=${process.resourceUsage().maxRSS}`;
}

async function go(seconds) {
  const start = process.hrtime.bigint();
  let done = 0, passed = 0;
  while (passed < seconds) {
    const before = passed;
    for (let i = 0; i < task.repeat; i++) await session.run({ x: input });
    done += task.repeat;
    passed = Number(process.hrtime.bigint() - start) * 1e-9;
    if (passed - before < 1e-3) task.repeat *= 2;
  }
  return `${done * task.batch} ${passed.toFixed(9)}`;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const words = line.split(' ');
    console.log(words[0] === 'go' ? await go(+words[1]) : await prepare(words));
  }
})();
