// Classification by words: every field against arithmetic of our own, verdicts that move scores, errors, and a server without
// words.  The model is that of tiny_clip.mjs: it has learnt nothing, and answers the same for ever.
import { Interface, Server, check, form, json, newFolder, picture, png, program, run, sha256, test } from "./lib.mjs";
import { writeModel, writeWordless } from "./tiny_clip.mjs";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const model = newFolder(), data = newFolder();
writeModel(model);
const start = () => Server.start("--data", data, "--model", model, "--precision", "f32");
let server = await start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const classify = (bytes, fields = {}, status = 200) =>
  ask(status, "POST", "/classify", form([{ name: "file", file: "a.png", value: bytes },
    ...Object.entries(fields).map(([name, value]) => ({ name, value }))]));
const near = (a, b, what) => check(Math.abs(a - b) < 3e-6, what, a, b);
const first = picture(0, 7), second = picture(0, 8), third = picture(2, 9);
const labels = ["a dog", "a cat", "the sky", "rain", "a red car"];

test("the answer's figures follow from its logits", async () => {
  const a = await classify(first, { labels: " a dog,A DOG,a cat, the sky,rain,,a red car", asset_id: "one" });
  const names = Object.keys(a.raw_logits), top = Math.max(...Object.values(a.raw_logits));
  check(names.join() === labels.join(), names);
  check(a.labels.length === 7 && a.labels[1] === "A DOG", a.labels);
  const e = labels.map((l) => Math.exp(a.raw_logits[l] - top)), sum = e.reduce((x, y) => x + y);
  labels.forEach((l, i) => near(a.all_scores[l], e[i] / sum, l));
  const sorted = labels.map((l) => a.all_scores[l]).sort((x, y) => y - x);
  near(a.entropy, -sorted.reduce((h, s) => h + s * Math.log(s), 0), "entropy");
  near(a.entropy_normalized, a.entropy_top_k / Math.log(5), "normalized");
  near(a.confidence_margin, sorted[0] - sorted[1], "margin");
  check(a.category === a.top_labels[0].label && a.top_labels.length === 5 && a.confidence === sorted[0], a.top_labels);
  check(a.ambiguous === (a.entropy > 2.5 || a.entropy_normalized > 0.76), "ambiguous");
  check(a.image_hash === sha256(first) && a.filename === "a.png" && a.content_type === "image/png", a.image_hash);
  check(a.affinity === null && a.affinity_weight === 0 && a.none_of_these === null && a.similar_images.length === 0, a);
  check(a.nsfw_score > 0 && a.nsfw_score < 1 && a.is_nsfw === a.nsfw_score >= 0.6, a.nsfw_score);
  const again = await classify(first, { labels: JSON.stringify(labels) });
  labels.forEach((l) => check(again.raw_logits[l] === a.raw_logits[l], "the same picture scores the same", l));
});

test("the command line judges as the server does", async () => {
  const folder = newFolder(), file = join(folder, "one.png"), list = join(folder, "labels");
  writeFileSync(file, first);
  writeFileSync(join(folder, "two.png"), second);
  writeFileSync(list, "rain\nA CAT\n\na red car\n");
  const asked = (...args) => execFileSync(program, ["classify", "--model", model, "--precision", "f32", "--json", "--top", "0", ...args])
    .toString().trim().split("\n").map((line) => JSON.parse(line));
  const a = await classify(first, { labels: JSON.stringify(labels) });
  const [one, two] = asked("--labels", "a dog,a cat, the sky ", "--labels-file", list, file, join(folder, "two.png"));
  check(one.file === file && two.file.endsWith("two.png") && one.labels.length === 5, one);
  one.labels.forEach((l) => near(l.p, a.all_scores[l.label], l.label));
  const ratio = one.labels.map((l) => a.raw_logits[l.label] / l.cosine);
  ratio.forEach((r) => check(Math.abs(r / ratio[0] - 1) < 1e-4, "cosines", ratio));
  check(one.labels.every((l, i) => i === 0 || l.p <= one.labels[i - 1].p), "best first");
  check(asked("--labels", JSON.stringify(["rain, snow", "rain"]), file)[0].labels.some((l) => l.label === "rain, snow"), "an array");
});

test("without labels the 121 built-in ones are used", async () => {
  const a = await classify(third), told = await ask(200, "GET", "/labels");
  check(told.reads_words && told.default_labels.length === 121 && told.default_labels[119] === "nsfw content", told);
  check(Object.keys(a.all_scores).length === 121 && a.labels.length === 121, a.labels.length);
  near(Object.values(a.all_scores).reduce((x, y) => x + y), 1, "sum");
  const old = await classify(third, { nsfw: "label" });
  check(old.nsfw_score === old.all_scores["nsfw content"] && old.nsfw_score !== a.nsfw_score, old.nsfw_score);
  check((await classify(third, { nsfw_threshold: "0" })).is_nsfw === true, "a threshold of the request's");
});

test("a client's digest is compared and never believed", async () => {
  const a = await classify(first, { labels: "a dog,rain", asset_sha256: "f".repeat(64) });
  check(a.image_hash === sha256(first) && a.asset_sha256_matches === false, a);
  check((await classify(first, { labels: "a dog,rain", asset_sha256: sha256(first).toUpperCase() })).asset_sha256_matches, "capitals");
});

test("similar pictures are listed by their digest", async () => {
  const a = await classify(second, { labels: "rain", similar_threshold: "-1" });
  const hit = a.similar_images.find((s) => s.image_hash === sha256(first));
  check(hit && hit.asset_id === "one" && !a.similar_images.some((s) => s.image_hash === sha256(second)), a.similar_images);
  check(a.similar_images.every((s, i) => i === 0 || s.similarity <= a.similar_images[i - 1].similarity), "order");
  check((await classify(second, { labels: "rain", similar_threshold: "-1", similar_limit: "1" })).similar_images.length === 1, "limit");
});

test("templates and none of these", async () => {
  const plain = await classify(first, { labels: "rain,a dog" }), seven = await classify(first, { labels: "rain,a dog", templates: "seven" });
  const own = await classify(first, { labels: "rain,a dog", templates: '["{}"]', none_of_these: "true" });
  check(plain.raw_logits.rain !== seven.raw_logits.rain, "templates change the vectors");
  near(own.raw_logits.rain, plain.raw_logits.rain, "a template that adds nothing");
  check(own.none_of_these > 0 && own.none_of_these < 1, own.none_of_these);
});

const v1 = (bytes, fields = {}, status = 200) =>
  ask(status, "POST", "/v1/classify", form([{ name: "file", file: "a.png", value: bytes },
    ...Object.entries(fields).map(([name, value]) => ({ name, value }))]));

test("/v1/classify gives the same judgement in its own words", async () => {
  const old = await classify(first, { labels: labels.join(), none_of_these: "true", similar_threshold: "-1" });
  const a = await v1(first, { labels: labels.join(), none_of_these: "true", similar_threshold: "-1" });
  check(a.label === old.category && a.probability === old.confidence && a.scores.length === 5, a);
  for (const s of a.scores)
    check(s.probability === old.all_scores[s.label] && s.raw === old.raw_logits[s.label] && s.ignored_words.length === 0, s);
  check(a.scores.every((s, i) => i === 0 || s.probability <= a.scores[i - 1].probability), "order");
  check(a.entropy === old.entropy && a.normalised_entropy === old.entropy_normalized && a.margin === old.confidence_margin, a);
  check(a.none_of_these === old.none_of_these && a.nsfw.score === old.nsfw_score && a.nsfw.over === old.is_nsfw, a.nsfw);
  check(a.unknown_words.length === 0 && a.unknown_labels.length === 0 && old.unknown_words.length === 0, "a tokenizer reads everything");
  check(a.similar.length === old.similar_images.length && a.similar[0].class === null && a.similar[0].thumb === null, a.similar);
  check(a.sha256 === sha256(first) && a.mime === "image/png" && a.theme === null && a.expansion.status === "off" && !a.expansion.used, a);
  const b = await v1(first, { labels: "a dog,adult scene,rain", theme: "Rain" });
  check(b.nsfw.labels.join() === "adult scene" && b.theme.theme === "rain" && b.none_of_these === null, b);
});

test("/v1/classify names a similar picture's class where it is a reference picture", async () => {
  await ask(201, "POST", "/v1/classes", json({ name: "drawn" }));
  await ask(201, "POST", "/v1/images", form([{ name: "class", value: "drawn" }, { name: "file", file: "b.png", value: first }]));
  const { similar } = await v1(second, { labels: "rain", similar_threshold: "-1" });
  const hit = similar.find((s) => s.sha256 === sha256(first));
  check(hit.class === "drawn" && hit.thumb === `/v1/images/${sha256(first)}/thumb`, hit);
  check((await server.request("GET", hit.thumb)).status === 200, "its thumbnail");
});

test("/v1/classify says what is wrong", async () => {
  await v1(first, { labels: "[]" }, 400);
  await v1(Buffer.alloc(0), { labels: "a" }, 400);
  await v1(Buffer.from("this is no picture"), { labels: "a" }, 415);
  await v1(first.subarray(0, first.length - 200), { labels: "a" }, 422);
  await v1(Buffer.alloc(21 << 20), { labels: "a" }, 413);
});

test("what is wrong with a request is said", async () => {
  const bad = async (fields, word, status = 422, bytes = first) => {
    const { detail } = await classify(bytes, fields, status);
    check(detail.includes(word), detail);
  };
  await bad({ labels: "[]" }, "no label");
  await bad({ labels: '["a", 3]' }, "label 2 is not a string");
  await bad({ labels: '["a"' }, "not JSON");
  await bad({ labels: "a", nsfw_threshold: "2" }, "nsfw_threshold");
  await bad({ labels: "a", similar_limit: "x" }, "similar_limit");
  await bad({ labels: "a", templates: "many" }, "templates");
  await bad({ labels: "a", templates: '["a photo"]' }, "{}");
  await bad({ labels: "a", asset_id: "x".repeat(65) }, "asset_id");
  await bad({ labels: "a" }, "", 415, Buffer.from("this is no picture"));
  await bad({ labels: "a" }, "", 422, first.subarray(0, first.length - 200));
  await bad({ labels: "a" }, "", 422, Buffer.alloc(0));
  await bad({ labels: "a" }, "", 413, Buffer.alloc(21 << 20));
  await ask(400, "POST", "/classify", { body: "x", headers: { "Content-Type": "multipart/form-data" } });
});

const verdict = (status, value, headers = {}) => {
  const body = json(value);
  return ask(status, "POST", "/v1/feedback", { body: body.body, headers: { ...body.headers, ...headers } });
};

test("verdicts move the scores of related labels, both ways", async () => {
  const theme = "Rain ", scored = () => classify(first, { labels: labels.join(), theme });
  const before = await scored();
  check(before.affinity.theme === "rain" && before.affinity.weight === 0 && before.affinity.posterior === 0.5, before.affinity);
  for (let i = 0; i < 6; i++) await verdict(201, { sha256: sha256(first), theme: "RAIN", accepted: true });
  const after = await scored();
  check(after.all_scores.rain > before.all_scores.rain && after.affinity.weight > 0.5, before.all_scores, after.all_scores);
  near(after.affinity_weight, after.affinity.weight, "weight");
  labels.forEach((l) => check(after.raw_logits[l] === before.raw_logits[l], "logits stay", l));
  check(after.top_labels.every((t) => Math.abs(t.clip_score - before.all_scores[t.label]) < 2e-6), "clip_score is the score before");
  const other = await classify(second, { labels: labels.join(), theme });
  check(other.affinity.weight === 0, "another picture is not touched", other.affinity);
  for (let i = 0; i < 14; i++) await verdict(201, { sha256: sha256(first), theme: "rain", accepted: false });
  const last = await scored();
  check(last.all_scores.rain < before.all_scores.rain && last.affinity.weight < 0 && last.affinity_weight === 0, last.affinity);
});

test("a key is one verdict, and all of them are on record", async () => {
  const body = { sha256: sha256(second), theme: "sky", accepted: true, asset_id: "two" };
  const one = await verdict(201, body, { "Idempotency-Key": "k-1" });
  const two = await verdict(200, { ...body, key: "k-1" });
  check(one.id === two.id && one.key === "k-1" && one.asset_id === "two", one, two);
  await verdict(409, { ...body, accepted: false, key: "k-1" });
  const { items, next } = await ask(200, "GET", "/v1/feedback?theme=SKY");
  check(items.length === 1 && items[0].id === one.id && next === null, items);
  const page = await ask(200, "GET", `/v1/feedback?sha256=${sha256(first)}&limit=15`);
  check(page.items.length === 15 && page.next, page.next);
  const rest = await ask(200, "GET", `/v1/feedback?sha256=${sha256(first)}&limit=15&cursor=${page.next}`);
  check(rest.items.length === 5 && rest.next === null && rest.items[4].accepted === true, rest.items.length);
});

test("a verdict needs a picture that was here, and a theme", async () => {
  await verdict(404, { sha256: "0".repeat(64), theme: "rain" });
  await verdict(400, { sha256: "short", theme: "rain" });
  await verdict(400, { sha256: sha256(first), theme: "  " });
  await verdict(400, { sha256: sha256(first), theme: "rain", accepted: 3 });
  await ask(400, "GET", "/v1/feedback?cursor=x");
  await ask(413, "POST", "/v1/feedback", json({ theme: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/feedback", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  const old = (status, value) => ask(status, "POST", "/feedback", json(value));
  check((await old(200, { image_hash: ` ${sha256(first).toUpperCase()} `, theme: "Rain" })).ok === true, "ok");
  await old(404, { image_hash: "0".repeat(64), theme: "rain" });
  await old(422, { image_hash: "", theme: "rain" });
  await old(422, { image_hash: sha256(first), theme: "" });
  await old(409, { image_hash: sha256(first), theme: "snow", key: "k-1" });
  await old(413, { theme: "x".repeat(2 << 20) });
  await ask(400, "POST", "/feedback", json("{"));
  await ask(415, "POST", "/feedback", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
});

test("many at once: one vector a picture, the same scores for all", async () => {
  const fresh = [picture(1, 40), picture(1, 41)];
  const all = await Promise.all(Array.from({ length: 24 }, (_, i) => classify(fresh[i % 2], { labels: labels.join(), similar_threshold: "-1" })));
  for (const [i, a] of all.entries()) {
    check(a.image_hash === sha256(fresh[i % 2]), i);
    labels.forEach((l) => check(a.raw_logits[l] === all[i % 2].raw_logits[l], "another score", i, l));
    const listed = a.similar_images.map((s) => s.image_hash);
    check(new Set(listed).size === listed.length, "listed twice", listed);
  }
});

test("vectors and verdicts outlive the program", async () => {
  const ended = await server.stop();
  check(ended.code === 0, ended);
  server = await start();
  const a = await classify(third, { labels: labels.join(), similar_threshold: "-1" });
  check(a.similar_images.length === 4 && a.similar_images.some((s) => s.asset_id === "one"), a.similar_images);
  const b = await classify(first, { labels: labels.join(), theme: "rain" });
  check(b.affinity.weight < 0 && b.affinity.accepted > 6.9, b.affinity);
  await server.stop();
});

test("transparency is dropped as the publishers of CLIP do: the command, the routes and verify agree", async () => {
  const folder = newFolder(), size = 64, at = (name) => join(folder, name);
  const seen = (x, y) => [x * 4, y * 4, (x * y) % 256], behind = (x, y) => ((x >> 3) + (y >> 3)) % 2 === 0;
  const pictures = {
    transparent: png(size, size, (x, y) => [...seen(x, y), behind(x, y) ? 0 : 255], 4),
    stored: png(size, size, seen),
    white: png(size, size, (x, y) => (behind(x, y) ? [255, 255, 255] : seen(x, y))),
  };
  for (const [name, bytes] of Object.entries(pictures)) writeFileSync(at(`${name}.png`), bytes);
  const files = Object.keys(pictures).map((name) => at(`${name}.png`));
  const lines = (...args) => execFileSync(program, args).toString().trim().split("\n");
  const cli = lines("classify", "--model", model, "--precision", "f32", "--json", "--top", "0", "--labels", labels.join(), ...files).map((l) => JSON.parse(l).labels);
  check(JSON.stringify(cli[0]) === JSON.stringify(cli[1]) && JSON.stringify(cli[0]) !== JSON.stringify(cli[2]), "command line", cli[0], cli[1]);
  server = await start();
  const http = await Promise.all(Object.values(pictures).map((bytes) => classify(bytes, { labels: labels.join() })));
  await server.stop();
  labels.forEach((l) => check(http[0].raw_logits[l] === http[1].raw_logits[l], "route", l));
  cli[0].forEach((l) => near(l.p, http[0].all_scores[l.label], l.label));
  // verify, told that answer as the published one.
  const known = (p) => JSON.stringify({ picture: "known.png", texts: p.map((l) => l.label), probabilities: p.map((l) => l.p) });
  writeModel(folder);
  writeFileSync(at("known.png"), pictures.transparent);
  writeFileSync(at("known-words.json"), known(cli[0]));
  check(/ok +published answer/.test(lines("model", "verify", folder, "--precision", "f32").join("\n")), "verify");
  // The embedded encoder learnt from pictures over white.
  const own = lines("embed", "--precision", "f32", ...files).map((l) => JSON.stringify(JSON.parse(l).vector));
  check(own[0] === own[2] && own[0] !== own[1], "the embedded one sees white");
});

test("an encoder without words says what to do", async () => {
  const folder = newFolder();
  writeWordless(folder);
  server = await Server.start("--model", folder);
  const { detail } = await classify(first, { labels: "a,b" }, 409);
  check(detail.includes("reads no words") && detail.includes("assay model pull vit-b-32-laion2b"), detail);
  await v1(first, { labels: "a,b" }, 409);
  check((await ask(200, "GET", "/labels")).reads_words === false, "clients can know before they ask");
  check((await server.request("GET", "/v1/encoders")).json.encoders.find((e) => e.serving).words === false, "the list, too");
  await server.stop();
});

test("the embedded encoder scores what it knows and names what it does not", async () => {
  server = await Server.start();
  const told = await ask(200, "GET", "/labels");
  check(told.reads_words === true && told.default_labels.length === 121, told.reads_words);
  const drawn = newFolder();
  execFileSync("make", ["-s", "build/release/draw-pictures"]);
  execFileSync("build/release/draw-pictures", ["--set", "demo", "--count", "1", "--size", "160", "--seed", "3", "--from", "1000000", "--out", join(drawn, "p")]);
  const gear = readFileSync(execFileSync("sh", ["-c", `ls ${drawn}/p/Gear/*`]).toString().trim());
  const a = await v1(gear, { labels: "gear,apple,zorblax,quantum keyboard", none_of_these: "true" });
  check(a.label === "gear" && a.scores.length === 3 && a.message_code !== "nothing_known", a.scores);
  check(a.unknown_labels.join() === "zorblax" && a.unknown_words.join() === "zorblax,quantum", a.unknown_words);
  check(a.scores.find((s) => s.label === "quantum keyboard").ignored_words.join() === "quantum", a.scores);
  near(a.scores.reduce((sum, s) => sum + s.probability, 0), 1, "sum");
  check(a.none_of_these >= 0 && a.none_of_these <= 1 && a.nsfw === null, a.none_of_these, a.nsfw);
  const even = await v1(gear, { labels: "gear,cogwheel,strawberry" }); // two names for one thing
  check(even.margin < 0.05 && even.ambiguous && even.message_code === "ambiguous" && /first two/.test(even.message), even);
  const same = await classify(gear, { labels: "gear,cogwheel,strawberry" });
  check(!same.ambiguous && same.confidence_margin === even.margin, "the old route has what it had", same);
  const theme = async (name) => (await v1(gear, { labels: "gear,apple", theme: name })).theme;
  check((await theme("Apple")).known && !(await theme("zorblax")).known, "which themes can move a score");
  const other = await v1(gear, { labels: "strawberry,elephant", none_of_these: "true" });
  check(other.none_of_these > a.none_of_these + 0.3, "none of these", a.none_of_these, other.none_of_these);
  check(other.message_code === (other.none_of_these >= 0.5 ? "none_of_these" : other.ambiguous ? "ambiguous" : "best"), other);
  const nothing = await v1(gear, { labels: "zorblax,a photo", none_of_these: "true" });
  check(nothing.label === null && nothing.probability === null && nothing.scores.length === 0 && nothing.none_of_these === null, nothing);
  check(nothing.message_code === "nothing_known" && nothing.unknown_labels.length === 2 && nothing.entropy === null, nothing);
  const old = await classify(gear, { labels: "gear,apple,zorblax", templates: "seven" });
  check(old.category === "gear" && !("zorblax" in old.all_scores) && old.unknown_labels.join() === "zorblax" && old.nsfw_score === null, old);
  near(old.all_scores.gear, (await classify(gear, { labels: "gear,apple" })).all_scores.gear, "templates move nothing");
  const refused = await classify(gear, { labels: "zorblax" }, 422);
  check(refused.detail.includes("no word"), refused.detail);
  const usual = await classify(gear);
  check(usual.unknown_labels.length > 0 && Object.keys(usual.all_scores).length + usual.unknown_labels.length === 121, usual.unknown_labels.length);
  await server.stop();
});

test("every described answer was seen", async () => {
  const missing = [];
  for (const row of api.rows.filter((r) => r.operation.tags[0] === "words"))
    for (const status of Object.keys(row.operation.responses))
      if (status !== "default" && status !== "503" && !api.seen.has(`${row.method} ${row.path} ${status}`))
        missing.push(`${row.method} ${row.path} ${status}`);
  check(missing.length === 0, "not seen:", missing.join(", "));
});

await run();
