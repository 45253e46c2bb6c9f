// A CLIP of two small towers whose weights come from the formula of src/models/formula.c, the vocabulary that of
// test/vectors/tokenizer-tiny: it has learnt nothing, and answers the same for ever.  With another salt it is another model
// of the same shape.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const vectors = (file) => new URL(`../vectors/${file}`, import.meta.url);

function drawn(n, name, base, amp) {
  const all = (1n << 64n) - 1n, out = new Float32Array(n);
  let at = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) at = ((at ^ BigInt(byte)) * 0x100000001b3n) & all;
  for (let i = 0; i < n; i++) {
    let z = (at = (at + 0x9e3779b97f4a7c15n) & all);
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & all;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & all;
    z ^= z >> 31n;
    out[i] = Math.fround(base) + Math.fround(amp) * (Number(z >> 40n) / (1 << 23) - 1);
  }
  return Buffer.from(out.buffer);
}

export function writeModel(folder, { salt = "", weights = "model.safetensors" } = {}) {
  const golden = JSON.parse(readFileSync(vectors("clip-words-tiny.json"))), head = {}, data = [];
  let at = 0;
  for (const [name, shape, base, amp] of golden.tensors) {
    const bytes = drawn(shape.reduce((a, b) => a * b, 1), name + (amp > 0 ? salt : ""), base, amp);
    head[name] = { dtype: "F32", shape, data_offsets: [at, at += bytes.length] };
    data.push(bytes);
  }
  const text = Buffer.from(JSON.stringify(head)), size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, weights), Buffer.concat([size, text, ...data]));
  writeFileSync(join(folder, "open_clip_config.json"), JSON.stringify(golden.config));
  writeFileSync(join(folder, "bpe_simple_vocab_16e6.txt.gz"),
    gzipSync(readFileSync(vectors("tokenizer-tiny/bpe_simple_vocab_16e6.txt"))));
}

// The embedded encoder without its words: a folder that sees and does not read.
export function writeWordless(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of ["model.safetensors", "config.json"]) copyFileSync(new URL(`../../models/default/${name}`, import.meta.url), join(folder, name));
}
