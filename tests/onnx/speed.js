// speed.js MODEL THREADS SECONDS C H W: how fast ONNX Runtime infers with a model of float input (n, C, H, W) named x, on
// random images: prints one JSON object of images/s, SECONDS for each figure. Run by tests/torch/compare_speed.py.
"use strict";
const ort = require("onnxruntime-node");

const kRounds = 9;
const kWarmUp = 5;

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function imagesPerSecond(session, batch, shape, seconds) {
  const pixels = Float32Array.from({ length: batch * shape[0] * shape[1] * shape[2] }, Math.random);
  const feeds = { x: new ort.Tensor("float32", pixels, [batch, ...shape]) };
  for (let i = 0; i < kWarmUp; ++i) await session.run(feeds);
  const rates = [];
  for (let round = 0; round < kRounds; ++round) {
    const begin = performance.now();
    let calls = 0;
    let passed = 0;
    do {
      await session.run(feeds);
      ++calls;
      passed = performance.now() - begin;
    } while (passed < (1000 * seconds) / kRounds);
    rates.push((1000 * batch * calls) / passed);
  }
  return median(rates);
}

async function main() {
  const [model, threads, seconds, ...shape] = process.argv.slice(2);
  const sizes = shape.map(Number);
  const open = (count) =>
    ort.InferenceSession.create(model, { intraOpNumThreads: count, interOpNumThreads: 1, graphOptimizationLevel: "all" });
  const all = await open(Number(threads));
  const figures = { "inference at batch 64": await imagesPerSecond(all, 64, sizes, Number(seconds)) };
  // One image can be too little to share.
  const one = Number(threads) > 1 ? await imagesPerSecond(await open(1), 1, sizes, Number(seconds)) : 0;
  figures["inference at batch 1"] = Math.max(one, await imagesPerSecond(all, 1, sizes, Number(seconds)));
  figures.version = `ONNX Runtime ${require("onnxruntime-node/package.json").version}`;
  console.log(JSON.stringify(figures));
}

main().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
