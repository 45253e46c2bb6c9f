// Search over HTTP: by words, by a stored picture, by one that is sent, minus words, filters, the cut-off, and what is refused.
// The model is that of tiny_clip.mjs: its words mean nothing, so what words find is compared with cosines computed here.
import { Interface, Server, check, form, json, newFolder, picture, run, sha256, test } from "./lib.mjs";
import { writeModel, writeWordless } from "./tiny_clip.mjs";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const model = newFolder();
writeModel(model);
let server = await Server.start("--model", model, "--precision", "f32");
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const search = (value, status = 200) => ask(status, "POST", "/v1/search", json(value));
const send = (bytes, fields = {}, status = 200) =>
  ask(status, "POST", "/v1/search", form([{ name: "file", file: "a.png", value: bytes },
    ...Object.entries(fields).map(([name, value]) => ({ name, value }))]));

const EACH = 10, kinds = ["discs", "stripes", "checks"], pictures = [];
async function fill() {
  for (const [kind, name] of kinds.entries()) {
    await server.request("POST", "/v1/classes", json({ name }));
    const parts = [{ name: "class", value: name }];
    for (let seed = 0; seed < EACH; seed++) {
      const bytes = picture(kind, seed);
      pictures.push({ kind: name, bytes, sha: sha256(bytes) });
      parts.push({ name: "image", file: `${name}-${seed}.png`, value: bytes });
    }
    const added = await server.request("POST", "/v1/images", form(parts));
    check(added.status === 201, added.bytes.toString().slice(0, 300));
  }
}
await fill();

test("words give every picture a place, and each result says where it is", async () => {
  const a = await search({ words: "a blue bottle", cutoff: "none", limit: 200 });
  check(a.count === 30 && a.results.length === 30 && a.considered === 30 && a.waiting === 0, a.count);
  check(a.cutoff.kind === "none" && a.cutoff.reason === "off" && a.cutoff.value === 0, a.cutoff);
  check(new Set(a.results.map((r) => r.sha256)).size === 30, "each once");
  a.results.forEach((r, i) => {
    check(i === 0 || r.score <= a.results[i - 1].score, "order", i);
    check(r.score >= 0 && r.score <= 1 && Math.abs(r.similarity) <= 1 && r.dataset === "main", r);
    check(kinds.includes(r.class) && r.file.startsWith(r.class), r);
  });
  const file = await server.request("GET", a.results[0].url), thumb = await server.request("GET", a.results[0].thumb);
  check(file.status === 200 && sha256(file.bytes) === a.results[0].sha256 && thumb.type === "image/jpeg", thumb.type);
  check(a.unknown_words.length === 0 && a.model.digest.length === 64 && a.timing.search_ms >= 0, a.model);
  const again = await search({ words: "a blue bottle", cutoff: "none", limit: 7 });
  check(again.results.map((r) => r.sha256).join() === a.results.slice(0, 7).map((r) => r.sha256).join(), "the same order");
});

test("the similarity is the cosine of words and picture", async () => {
  const { results } = await search({ words: "rain", cutoff: "none", limit: 1 });
  const a = await ask(200, "POST", "/classify", form([{ name: "labels", value: '["rain"]' },
    { name: "file", file: "a.png", value: pictures.find((p) => p.sha === results[0].sha256).bytes }]));
  const logit = a.raw_logits.rain, s = await search({ words: "rain", cutoff: "none", limit: 30 });
  const scales = await Promise.all(s.results.slice(0, 3).map(async (r) => {
    const b = await ask(200, "POST", "/classify", form([{ name: "labels", value: '["rain"]' },
      { name: "file", file: "a.png", value: pictures.find((p) => p.sha === r.sha256).bytes }]));
    return b.raw_logits.rain / r.similarity;
  }));
  scales.forEach((scale) => check(Math.abs(scale / (logit / results[0].similarity) - 1) < 1e-3, scales));
});

test("a stored picture finds its kind and not itself; one that is sent finds itself", async () => {
  const one = pictures[3];
  const a = await search({ sha256: one.sha, cutoff: "none", limit: 9 });
  check(a.considered === 29 && !a.results.some((r) => r.sha256 === one.sha), a.considered);
  check(a.results.every((r) => r.class === "discs"), a.results.map((r) => r.class));
  const b = await send(one.bytes, { limit: "5" });
  check(b.results[0].sha256 === one.sha && b.results[0].similarity > 0.9999 && b.results[0].score === 1, b.results[0]);
  const c = await send(picture(2, 77), { cutoff: "none", limit: "10" });
  check(c.results.filter((r) => r.class === "checks").length >= 8, c.results.map((r) => r.class));
  const d = await send(picture(2, 77), { words: "rain", cutoff: "none", minus: "snow, sun" });
  check(d.count === 24 && d.timing.embed_ms > 0, d.count);
});

test("minus words change the order, filters what is looked at", async () => {
  const plain = await search({ words: "rain", cutoff: "none", limit: 30 });
  const less = await search({ words: "rain", minus: ["a dog"], cutoff: "none", limit: 30 });
  check(plain.results.map((r) => r.sha256).join() !== less.results.map((r) => r.sha256).join(), "the order is the same");
  const same = await search({ words: "rain", minus: [" "], cutoff: "none", limit: 30 });
  check(plain.results.map((r) => r.sha256).join() === same.results.map((r) => r.sha256).join(), "a blank minus word does nothing");
  const only = await search({ words: "rain", class: "stripes", cutoff: "none", limit: 30 });
  check(only.count === 10 && only.considered === 10 && only.results.every((r) => r.class === "stripes"), only.count);
  const late = await search({ words: "rain", since: "2099-01-01" });
  check(late.count === 0 && late.considered === 0 && late.cutoff.reason === "empty", late.cutoff);
  check((await search({ words: "rain", until: "2099-01-01T00:00:00Z", dataset: "*", cutoff: "none" })).considered === 30, "all data sets");
});

test("what is found is read part by part, and whatever a filter knows narrows it", async () => {
  const sha256s = pictures.filter((p, i) => i % 3 === 0).map((p) => p.sha);
  await ask(200, "POST", "/v1/pictures/change", json({ dataset: "main", sha256: sha256s, add_tags: ["third"], album_add: "Thirds" }));
  const whole = await search({ words: "rain", cutoff: "none", limit: 500 });
  check(whole.total === 30 && whole.count === 30 && whole.offset === 0, whole.total);
  for (let offset = 0; offset < 35; offset += 7) {
    const part = await search({ words: "rain", cutoff: "none", limit: 7, offset });
    check(part.total === 30 && part.offset === offset && part.count === Math.max(0, Math.min(7, 30 - offset)), part);
    check(part.results.every((r, i) => r.sha256 === whole.results[offset + i].sha256), "the same order");
  }
  const narrowed = async (filter, n, how = {}) => {
    const a = await search({ words: "rain", cutoff: "none", limit: 500, filter, ...how });
    const listed = await ask(200, "GET", `/v1/pictures?dataset=main&limit=500&${new URLSearchParams(filter)}`);
    check(a.total === n && a.considered === n && listed.total === n, JSON.stringify(filter), a.total, listed.total);
    check(a.results.map((r) => r.sha256).sort().join() === listed.items.map((i) => i.sha256).sort().join(), "the list has others", filter);
  };
  await narrowed({ tag: "third" }, 10);
  await narrowed({ tag: "-third" }, 20);
  await narrowed({ album: "Thirds", class: "stripes" }, 3);
  await narrowed({ class: "-discs", format: "png" }, 20);
  await narrowed({ text: "discs 1" }, 1);
  await narrowed({ text: "-\"discs\" 1" }, 2);
  await narrowed({ since: "1d", min_side: "90", max_bytes: "1MB", untagged: "true" }, 20);
  await narrowed({ until: "2020" }, 0);
  const sent = await send(pictures[0].bytes, { cutoff: "none", limit: "3", offset: "1", filter: JSON.stringify({ tag: "third" }) });
  check(sent.total === 10 && sent.count === 3 && sent.offset === 1, sent);
  check((await send(pictures[0].bytes, { filter: "tag:blue" }, 400)).detail.includes("'filter'"), "a filter that is no object");
  check((await search({ words: "a", filter: { colour: "blue" } }, 400)).detail.includes("colour"), "no such filter");
  check((await search({ words: "a", filter: { tag: "nowhere" } }, 404)).detail.includes("nowhere"), "no such tag");
  check((await search({ words: "a", offset: -1 }, 400)).detail.includes("offset"), "offset");
  check((await search({ words: "a", limit: 501 }, 400)).detail.includes("500"), "limit");
});

test("the cut-off says why the answer ends", async () => {
  const a = await search({ sha256: pictures[0].sha, cutoff: 1e-6, limit: 200 });
  check(a.cutoff.kind === "score" && a.cutoff.value === 1e-6 && a.results.every((r) => r.score >= 1e-6), a.cutoff);
  const b = await search({ words: "rain", cutoff: "1" });
  check(b.count === 0 || b.results.every((r) => r.score === 1), b.cutoff);
  const c = await search({ words: "rain" });
  check(c.cutoff.kind === "auto" && c.cutoff.value === 0.5 && c.cutoff.text.length > 20, c.cutoff);
  check(c.count === 0 ? c.cutoff.reason === "nothing" && c.cutoff.best < c.cutoff.value
    : c.cutoff.reason === "kept" && c.results.every((r) => r.score >= c.cutoff.value), c);
});

test("what is wrong with a request is said", async () => {
  const bad = async (value, word, status = 400) => {
    const { detail } = await search(value, status);
    check(detail.includes(word), detail);
  };
  await bad({}, "nothing to search with");
  await bad({ minus: ["a"] }, "minus words need");
  await bad({ words: 3 }, "'words' must be a text");
  await bad({ words: "a", minus: 3 }, "'minus'");
  await bad({ words: "a", minus: ["b", 3] }, "number 2");
  await bad({ words: "a", minus: Array(17).fill("x") }, "16");
  await bad({ words: "a", limit: 0 }, "limit");
  await bad({ words: "a", limit: 2.5 }, "limit");
  await bad({ words: "a", limit: "many" }, "limit");
  await bad({ words: "a", cutoff: "some" }, "cutoff");
  await bad({ words: "a", cutoff: 2 }, "cutoff");
  await bad({ words: "a", cutoff: [] }, "cutoff");
  await bad({ words: "a", since: "yesterday" }, "since");
  await bad({ words: "x".repeat(600) }, "512");
  await bad({ sha256: "abc" }, "hex");
  await bad({ sha256: "0".repeat(64) }, "", 404);
  await bad({ words: "a", dataset: "nowhere" }, "nowhere", 404);
  await bad({ words: "a", class: "nothing" }, "nothing", 404);
  await ask(400, "POST", "/v1/search", json("[]"));
  await ask(413, "POST", "/v1/search", json({ words: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/search", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  await send(Buffer.from("this is no picture"), {}, 415);
  await send(pictures[0].bytes.subarray(0, 300), {}, 422);
  await send(Buffer.alloc(0), {}, 400);
  await send(pictures[0].bytes, { sha256: pictures[0].sha }, 400);
});

test("many at once get the same answer", async () => {
  const want = await search({ words: "the sky", cutoff: "none" });
  const all = await Promise.all(Array.from({ length: 24 }, (_, i) =>
    search({ words: "the sky", cutoff: "none", minus: i % 2 ? [] : [""] })));
  const key = (a) => JSON.stringify([a.results, a.count, a.cutoff]);
  all.forEach((a, i) => check(key(a) === key(want), "another answer", i));
});

test("without a text tower pictures are found still, and words say what to do", async () => {
  const wordless = newFolder();
  writeWordless(wordless);
  await server.stop();
  server = await Server.start("--model", wordless);
  pictures.length = 0;
  await fill();
  const { results } = await search({ sha256: pictures[0].sha, cutoff: "none", limit: 5 });
  check(results.length === 5 && results.every((r) => r.class === "discs"), results.map((r) => r.class));
  const { detail } = await search({ words: "a dog" }, 409);
  check(detail.includes("reads no words"), detail);
  await search({ sha256: pictures[0].sha, minus: ["a dog"] }, 409);
  await server.stop();
});

test("the embedded encoder finds what words name, nothing where nothing is, and tells what it does not know", async () => {
  const drawn = join(newFolder(), "p");
  server = await Server.start();
  execFileSync("make", ["-s", "build/release/draw-pictures"]);
  execFileSync("build/release/draw-pictures", ["--set", "demo", "--count", "6", "--size", "160", "--seed", "3", "--out", drawn]);
  for (const name of readdirSync(drawn)) {
    await server.request("POST", "/v1/classes", json({ name }));
    const files = readdirSync(join(drawn, name)).map((file) => ({ name: "image", file, value: readFileSync(join(drawn, name, file)) }));
    check((await server.request("POST", "/v1/images", form([{ name: "class", value: name }, ...files]))).status === 201, name);
  }
  const gear = await search({ words: "gear" });
  check(gear.count >= 3 && gear.count <= 12 && gear.results.slice(0, 3).every((r) => r.class === "Gear"), gear.results);
  check(gear.results.every((r) => r.score >= 0.5), gear.results);
  const none = await search({ words: "giraffe" });
  check(none.count === 0 && none.cutoff.reason === "nothing" && none.cutoff.best < 0.5, none);
  const part = await search({ words: "zorblax gear" });
  check(part.unknown_words.join() === "zorblax" && part.results[0].class === "Gear", part);
  const unknown = await search({ words: "zorblax" });
  check(unknown.count === 0 && unknown.cutoff.reason === "unknown_words" && unknown.unknown_words.join() === "zorblax", unknown);
  const less = await search({ words: "gear", minus: ["gear"] });
  check(less.count === 0, less.results);
  const both = await search({ words: "gear", sha256: gear.results[0].sha256 });
  check(both.count >= 1 && both.results[0].class === "Gear", both.results);
  await server.stop();
});

test("every described answer was seen", async () => {
  const row = api.rows.find((r) => r.path === "/v1/search");
  const missing = Object.keys(row.operation.responses)
    .filter((status) => status !== "default" && status !== "503" && !api.seen.has(`POST /v1/search ${status}`));
  check(missing.length === 0, "not seen:", missing.join(", "));
});

await run();
