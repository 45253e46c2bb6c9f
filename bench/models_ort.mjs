// onnxruntime-node as a contender (protocol: contender.py).
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ort from "onnxruntime-node";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const threads = Number(process.env.BENCH_THREADS ?? os.cpus().length);
const golden = {
  "resnet18": "resnet18-torchvision.json", "vit-b32": "clip-openclip-b32.json", "mobileclip-s1": "mobileclip-s1.json",
  "vit-b32-text": "clip-text-openclip-b32.json", "mobileclip-s1-text": "clip-text-openclip-mobileclip-s1.json",
};

// The input by formula: see test/vectors/formula.py.
function formula(name, count, amp) {
  const mask = (1n << 64n) - 1n;
  let at = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) at = ((at ^ BigInt(byte)) * 0x100000001b3n) & mask;
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let z = (at = (at + 0x9e3779b97f4a7c15n) & mask);
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    z ^= z >> 31n;
    out[i] = amp * Math.fround(Number(z >> 40n) / 8388608 - 1);
  }
  return out;
}

function cosine(a, b) {
  let ab = 0, aa = 0, bb = 0;
  b.forEach((v, i) => { ab += v * a[i]; aa += a[i] * a[i]; bb += v * v; });
  return ab / Math.sqrt(aa * bb);
}

function pictures(known, batch) {
  const one = formula("input", known.input[1] * known.input[2] * known.input[3], known.input_amp);
  const many = new Float32Array(batch * one.length);
  for (let i = 0; i < batch; i++) many.set(one, i * one.length);
  return new ort.Tensor("float32", many, [batch, ...known.input.slice(1)]);
}

// The known texts again and again.
function texts(ids, batch) {
  const rows = Array.from({ length: batch }, (_, i) => ids[i % ids.length].map(BigInt)).flat();
  return new ort.Tensor("int64", BigInt64Array.from(rows), [batch, ids[0].length]);
}

const ready = new Map();
async function prepare(model, batch) {
  const key = `${model} ${batch}`;
  if (ready.has(key)) return ready.get(key);
  const session = await ort.InferenceSession.create(path.join(root, "build/bench", `${model}.onnx`),
    { intraOpNumThreads: threads, graphOptimizationLevel: "all" });
  const known = JSON.parse(readFileSync(path.join(root, "test/vectors", golden[model])));
  const x = known.ids ? texts(known.ids, batch) : pictures(known, batch), dim = 512;
  const call = async () => (await session.run({ x })).vector.data;
  const rows = known.features.length / dim, out = await call();
  const cosines = [...Array(Math.min(batch, rows)).keys()].map((i) =>
    cosine(out.subarray(i * dim, (i + 1) * dim), known.features.slice(i * dim, (i + 1) * dim)));
  ready.set(key, { call, cosine: Math.min(...cosines) });
  return ready.get(key);
}

const now = process.env.BENCH_CLOCK === "cpu"
  ? () => { const u = process.cpuUsage(); return (u.user + u.system) / 1000; }
  : () => performance.now();

async function answer(line) {
  const [model, precision, batch, seconds] = line.split(" ");
  if (precision !== "f32") return "- no bf16 kernels for this processor";
  const { call, cosine } = await prepare(model, Number(batch));
  const took = [], start = performance.now();
  await call();
  while (performance.now() - start < seconds * 1000 || took.length < 3) {
    const before = now();
    await call();
    took.push(now() - before);
  }
  const middle = took.sort((a, b) => a - b)[took.length >> 1];
  const rate = (Number(batch) / middle) * 1000;
  return `${rate.toFixed(2)} ${middle.toFixed(3)} ${cosine.toFixed(6)} all optimisations`;
}

for await (const line of createInterface({ input: process.stdin }))
  console.log(await answer(line.trim()).catch((e) => `- ${String(e.message ?? e).split("\n")[0]}`));
