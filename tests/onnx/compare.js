// compare.js FOLDER: the probe's models in ONNX Runtime, which must give the library's answers.
// compare.js --score MODEL IMAGES LABELS FILE.csv: a model on IDX files, its confusion as cnn-eval --out writes it.
"use strict";
const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const ort = require("onnxruntime-node");

// The promise: where no logit is larger than kLargest, probabilities differ by at most kDifference; the class is the same
// unless the two best differ by less than kTie.
const kLargest = 30;
const kDifference = 1e-5;
const kTie = 2e-5;

const floats = (file) => {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
const best = (row) => row.reduce((at, value, k) => (value > row[at] ? k : at), 0);

class Comparison {
  constructor() {
    this.worst = 0;
    this.failures = [];
    this.compared = 0;
    this.left = 0;
  }

  rows(name, expected, found, logits, classes) {
    if (found.length !== expected.length) {
      this.failures.push(`${name}: ${found.length} values, expected ${expected.length}`);
      return;
    }
    for (let i = 0; i < expected.length; i += classes) {
      const a = expected.subarray(i, i + classes);
      const b = found.subarray(i, i + classes);
      if (logits.subarray(i, i + classes).some((z) => Math.abs(z) > kLargest)) {
        ++this.left;
        continue;
      }
      const difference = a.reduce((most, value, k) => {
        const d = Math.abs(value - b[k]);
        return d <= most ? most : d; // a NaN stays
      }, 0);
      ++this.compared;
      if (!(difference <= this.worst)) this.worst = difference;
      if (!(difference <= kDifference)) this.failures.push(`${name}: probabilities differ by ${difference}`);
      const [first, second] = Array.from(a).sort((x, y) => y - x);
      if (first - second >= kTie && best(a) !== best(b)) this.failures.push(`${name}: another class`);
    }
  }
}

async function compareFolder(folder) {
  const comparison = new Comparison();
  const cases = JSON.parse(fs.readFileSync(path.join(folder, "cases.json"), "utf8"));
  for (const { name, images, shape, classes } of cases) {
    const at = (suffix) => path.join(folder, name + suffix);
    const pixels = new Uint8Array(fs.readFileSync(at(".pixels")));
    const expected = floats(at(".probabilities"));
    const logits = floats(at(".logits"));
    const session = await ort.InferenceSession.create(at(".onnx"));
    const image = new ort.Tensor("uint8", pixels, [images, ...shape]);
    const result = await session.run({ image });
    comparison.rows(name, expected, result.probabilities.data, logits, classes);
    const single = await ort.InferenceSession.create(at("-float.onnx"));
    const size = pixels.length / images;
    for (let i = 0; i < images; ++i) {
      const one = Float32Array.from(pixels.subarray(i * size, (i + 1) * size));
      const row = await single.run({ image: new ort.Tensor("float32", one, [1, ...shape]) });
      const part = (all) => all.subarray(i * classes, (i + 1) * classes);
      comparison.rows(name + "-float", part(expected), row.probabilities.data, part(logits), classes);
    }
  }
  console.log(
    `ONNX Runtime: ${cases.length} models, ${comparison.compared} rows compared, ${comparison.left} with larger ` +
      `logits, largest difference ${comparison.worst.toExponential(2)}`,
  );
  for (const failure of comparison.failures) console.log(failure);
  return comparison.failures.length === 0 ? 0 : 1;
}

function readIdx(file) {
  let bytes = fs.readFileSync(file);
  if (file.endsWith(".gz")) bytes = zlib.gunzipSync(bytes);
  const rank = bytes[3];
  const dims = Array.from({ length: rank }, (_, k) => bytes.readUInt32BE(4 + 4 * k));
  return { dims, data: new Uint8Array(bytes.subarray(4 + 4 * rank)) };
}

async function score(model, imagesFile, labelsFile, out) {
  const session = await ort.InferenceSession.create(model);
  const images = readIdx(imagesFile);
  const labels = readIdx(labelsFile);
  const shape = images.dims.length === 3 ? [1, ...images.dims.slice(1)] : images.dims.slice(1);
  const size = shape.reduce((a, b) => a * b);
  const count = images.dims[0];
  let counts = null;
  for (let first = 0; first < count; first += 100) {
    const n = Math.min(100, count - first);
    const pixels = images.data.slice(first * size, (first + n) * size);
    const { probabilities } = await session.run({ image: new ort.Tensor("uint8", pixels, [n, ...shape]) });
    const classes = probabilities.dims[1];
    counts = counts || Array.from({ length: classes }, () => new Array(classes).fill(0));
    for (let i = 0; i < n; ++i) {
      const row = probabilities.data.subarray(i * classes, (i + 1) * classes);
      ++counts[labels.data[first + i]][best(row)];
    }
  }
  const correct = counts.reduce((sum, row, k) => sum + row[k], 0);
  console.log(`ONNX Runtime: ${correct} of ${count} right`);
  fs.writeFileSync(out, counts.map((row) => row.join(",") + "\n").join(""));
  return 0;
}

const words = process.argv.slice(2);
const work = words[0] === "--score" ? score(...words.slice(1)) : compareFolder(words[0]);
work.then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
