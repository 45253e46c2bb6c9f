// A trained model, from the first picture to the roll-back: train, classify, read the record, compare, promote, all as described.
// The pictures are plain, so that a head on the embedded encoder learns them in seconds.
import { Interface, Server, Skip, check, form, json, newFolder, picture, run, sha256, sleep, test } from "./lib.mjs";
import http from "node:http";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const data = newFolder(), parts = newFolder();
const start = () => Server.start("--data", data, "--train-folders", parts);
let server = await start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);
const photo = picture(0, 77), other = picture(1, 33), text = Buffer.from("this is no picture at all");
const cut = photo.subarray(0, photo.length - 200);
const names = ["disc", "bars", "grid"];

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer;
}
const one = (value, name = "file", file = "a.png") => form([{ name, file, value }]);

async function follow(id, states = ["done", "failed", "cancelled"]) {
  for (const late = Date.now() + 150000; ;) {
    const job = (await ask(200, "GET", `/v1/jobs/${id}`)).json;
    if (states.includes(job.state)) return job;
    check(Date.now() < late, "the training takes too long", job);
    await sleep(200);
  }
}

// The whole stream of a job: it ends by itself.
const stream = (id) => new Promise((done, failed) => {
  http.get({ host: "127.0.0.1", port: server.port, path: `/v1/jobs/${id}/events` }, (res) => {
    let got = "";
    res.on("data", (part) => (got += part));
    res.on("end", () => done(got));
  }).on("error", failed);
});

const quick = { "model.head_epochs": 30, "model.freeze_backbone": true, "data.near_duplicates": false, "ood.enabled": false };

test("a folder below the allowed ones becomes a model that answers", async () => {
  for (const [k, name] of names.entries()) {
    mkdirSync(join(parts, "shapes", name), { recursive: true });
    for (let i = 0; i < 16; i++) writeFileSync(join(parts, "shapes", name, `${i}.png`), picture(k, 5 * i));
  }
  const { folders } = (await ask(200, "GET", "/v1/train/sources")).json;
  check(folders.length === 1 && folders[0].endsWith("/shapes"), folders);
  await ask(400, "POST", "/v1/train", json({ folder: "../" }));
  await ask(413, "POST", "/v1/train", json({ name: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/train", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  await ask(404, "POST", "/v1/train", json({ dataset: "none" }));
  await ask(409, "POST", "/v1/train", json({ dataset: "main" }));
  const job = (await ask(202, "POST", "/v1/train", json({ folder: "shapes", settings: quick }))).json;
  check(job.kind === "train" && ["pending", "running"].includes(job.state), job);
  const events = stream(job.id);
  const over = await follow(job.id);
  check(over.state === "done" && /^shapes version 1: right on /.test(over.message) && /answers now/.test(over.message), over);
  const told = over.detail.notes.find((n) => n.code === "pictures");
  check(told?.args[0] === 48 && told.args[1] === 3 && told.text.startsWith("48 pictures of 3 classes"), over.detail.notes);
  check(over.detail.result.epochs > 0 && over.detail.result.best_epoch > 0 && typeof over.detail.result.early === "boolean", over.detail.result);
  check(over.points > 0 && over.curve.length === over.points && over.curve.every((p) => p.train_loss >= 0 && p.epoch >= 1), over);
  check((await ask(200, "GET", `/v1/jobs/${job.id}?from=${over.points - 1}`)).json.curve.length === 1);
  await ask(400, "GET", `/v1/jobs/${job.id}?from=-1`);
  await ask(404, "GET", "/v1/jobs/4711");
  const heard = (await events).match(/event: job\ndata: .*/g);
  check(heard.length >= 2 && JSON.parse(heard.at(-1).slice(17)).state === "done", heard?.at(-1));
  check((await ask(200, "GET", `/v1/jobs/${job.id}/events`)).bytes.includes('"state":"done"'), "a job that is over is told at once");
  await ask(404, "GET", "/v1/jobs/4711/events");
  await ask(409, "POST", `/v1/jobs/${job.id}/cancel`);
  await ask(404, "POST", "/v1/jobs/4711/cancel");
  await ask(409, "DELETE", `/v1/jobs/${job.id}`);
});

test("it is listed with what it learnt from, and its report is a page without rights", async () => {
  const { items, active } = (await ask(200, "GET", "/v1/models")).json;
  check(items.length === 1 && items[0].id === active && items[0].active && items[0].classes.join() === [...names].sort().join(), items);
  check(/^[0-9a-f]{64}$/.test(items[0].snapshot) && items[0].confident === 0.7 && items[0].reject === 0.5, items[0]);
  const whole = (await ask(200, "GET", "/v1/models/active")).json;
  check(whole.metrics.accuracy === whole.accuracy && whole.name === "shapes", whole);
  for (const word of ["shapes", "shapes:1", String(active)])
    check((await ask(200, "GET", `/v1/models/${word}`)).json.id === active, word);
  await ask(404, "GET", "/v1/models/shapes:2");
  const report = await ask(200, "GET", "/v1/models/shapes/report");
  check(report.bytes.includes("<html") && /sandbox/.test(report.headers["content-security-policy"]) &&
    !/script-src/.test(report.headers["content-security-policy"]), report.headers);
  await ask(404, "GET", "/v1/models/none/report");
  const health = (await ask(200, "GET", "/health")).json;
  check(health.classifier.name === "shapes" && health.classifier.num_classes === 3 && health.classifier.model_loaded, health);
});

test("the part classifier's routes: one picture, a batch, classes, images, stats", async () => {
  check((await ask(200, "GET", "/classes")).json.classes.join() === "bars,disc,grid");
  const r = (await ask(200, "POST", "/upload", one(photo, "file", "..\\..\\etc/pass wd.png"))).json;
  check(r.prediction === "disc" && r.status === "success" && r.is_confident && r.filename === "pass wd.png", r);
  check(r.confidence >= 0.7 && r.top_3_predictions.length === 3 && r.top_3_predictions[0].class === "disc", r);
  check(r.model_version === "shapes-1" && r.inference_time_ms > 0, r);
  check((await ask(200, "POST", "/upload?return_top_3=false", one(photo))).json.top_3_predictions === null);
  await ask(400, "POST", "/upload?return_top_3=maybe", one(photo));
  await ask(400, "POST", "/upload", one(Buffer.alloc(0)));
  await ask(413, "POST", "/upload", one(Buffer.alloc(21e6, 0x89)));
  await ask(415, "POST", "/upload", one(text));
  await ask(422, "POST", "/upload", one(cut));
  const before = (await ask(200, "GET", "/stats")).json;
  check(before.total_predictions === 2 && before.confident_predictions === 2 && before.confidence_rate === 1, before);
  const batch = (await ask(200, "POST", "/predict/batch", form([photo, text, other, cut].map((value, i) => ({ name: "files", file: `${i}.png`, value }))))).json;
  check(batch.successful === 2 && batch.failed === 2 && batch.results.length === 4 && batch.total_time_ms > 0, batch);
  check(batch.results[0].prediction === "disc" && batch.results[2].prediction === "bars", batch.results);
  check([1, 3].every((i) => batch.results[i].prediction === "INVALID_FILE" && batch.results[i].status === "error"), batch.results);
  await ask(400, "POST", "/predict/batch", form([{ name: "a", value: "b" }]));
  const stats = (await ask(200, "GET", "/stats")).json;
  check(stats.total_predictions === 4, "a batch is recorded too", stats);
  const images = (await ask(200, "GET", "/images")).json;
  const barred = images.slice(0, 2).find((i) => i.name === "2.png"); // pictures of a batch are recorded as they are done
  check(images.length === 4 && images[3].name === "pass wd.png" && /^bars \(\d+\.\d%\)$/.test(barred?.prediction), images);
  await ask(200, "GET", "/images?confident_only=true");
  await ask(400, "GET", "/images?confident_only=1");
  const path = new URL(barred.url).pathname;
  const bytes = await ask(200, "GET", path);
  check(bytes.bytes.equals(other) && path.includes(sha256(other)), path);
  await ask(304, "GET", path, { headers: { "If-None-Match": bytes.headers.etag } });
  await ask(206, "GET", path, { headers: { Range: "bytes=0-9" } });
  await ask(416, "GET", path, { headers: { Range: "bytes=99999999-" } });
  await ask(404, "GET", "/static/..%2f..%2fassay.db");
  await ask(404, "GET", `/static/${"0".repeat(64)}.png`);
});

test("what was said of a picture is what is said again, to the last digit", async () => {
  const answers = (await ask(201, "POST", "/v1/predictions", form([photo, other, photo].map((value) => ({ name: "images", file: "x.png", value }))))).json;
  check(/^[0-9a-f]{32}$/.test(answers.batch) && answers.items.every((a) => a.batch === answers.batch && a.id > 0), answers);
  const alone = (await ask(201, "POST", "/v1/predictions", one(photo))).json.items[0];
  for (const a of [answers.items[0], answers.items[2]])
    check(JSON.stringify(a.top) === JSON.stringify(alone.top), "alone and in a batch differ", a.top, alone.top);
  const mixed = (await ask(201, "POST", "/v1/predictions", form([text, photo].map((value) => ({ name: "images", file: "x.png", value }))))).json;
  check(mixed.items[0].error.status === 415 && mixed.items[1].label === "disc", mixed);
  await ask(400, "POST", "/v1/predictions", form([{ name: "a", value: "b" }]));
  await ask(413, "POST", "/v1/predictions", one(Buffer.alloc(21e6, 0x89)));
  await ask(415, "POST", "/v1/predictions", one(text));
  await ask(422, "POST", "/v1/predictions", one(cut));
});

test("the record: filters, pages, sums", async () => {
  const all = (await ask(200, "GET", "/v1/predictions?limit=1000")).json;
  check(all.items.length === 9 && all.next === null, all.items.length);
  const a = all.items[0];
  check(a.model.name === "shapes" && a.model.digest.length === 64 && a.ms.total >= a.ms.network && a.at.endsWith("Z"), a);
  const page = (await ask(200, "GET", "/v1/predictions?limit=4")).json;
  const rest = (await ask(200, "GET", `/v1/predictions?limit=100&cursor=${page.next}`)).json;
  check([...page.items, ...rest.items].map((x) => x.id).join() === all.items.map((x) => x.id).join(), "pages");
  const of = async (query) => (await ask(200, "GET", `/v1/predictions?limit=100&${query}`)).json.items.length;
  check(await of("label=bars") === 2 && await of("label=none") === 0, "label");
  check(await of("status=success&at_least=0.5") === all.items.filter((x) => x.status === "success").length, "status");
  check(await of(`sha256=${sha256(other)}`) === 2 && await of("text=pass%20w") === 1 && await of("text=%25") === 0, "text");
  check(await of("model=active&since=2020-01-01") === 9 && await of("until=2020-01-01T00:00:00Z") === 0, "time");
  check(await of(`batch=${all.items.find((x) => x.batch).batch}`) >= 1, "batch");
  for (const bad of ["status=fine", "at_least=2", "since=yesterday", "cursor=x", "limit=0"]) await ask(400, "GET", `/v1/predictions?${bad}`);
  await ask(404, "GET", "/v1/predictions?model=none");
  const sums = (await ask(200, "GET", "/v1/predictions/stats")).json;
  check(sums.total === 9 && sums.success + sums.low_confidence + sums.rejected + sums.unknown === 9 && sums.network_ms > 0, sums);
  await ask(400, "GET", "/v1/predictions/stats?status=fine");
  await ask(404, "GET", "/v1/predictions/stats?model=none");
});

test("why: five views, passes with dropout, where it looked", async () => {
  const plain = (await ask(201, "POST", "/v1/predictions", one(photo))).json.items[0];
  check(plain.views === null && plain.doubt === null, plain);
  const [slow] = (await ask(201, "POST", "/v1/predictions?tta=true&mc_dropout=10", one(photo))).json.items;
  check(slow.views === 5 && slow.label === "disc" && slow.probability !== plain.probability, slow);
  const d = slow.doubt;
  check(d.passes === 10 && d.label === "disc" && d.top.length === 3 && Math.abs(d.top.reduce((s, c) => s + c.mean, 0) - 1) < 1e-5, d);
  check(d.top.every((c) => c.spread >= 0) && d.top[0].spread > 0 && d.mutual_information > 0 && d.mutual_information <= d.entropy && d.entropy <= d.entropy_most, d);
  check(Math.abs(d.entropy_most - Math.log(3)) < 1e-5, d);
  const again = (await ask(201, "POST", "/v1/predictions", form([{ name: "tta", value: "true" }, { name: "mc_dropout", value: "10" }, { name: "images", file: "x.png", value: photo }]))).json.items[0];
  check(JSON.stringify([again.top, again.doubt]) === JSON.stringify([slow.top, slow.doubt]), "asked again it says something else", again);
  const kept = (await ask(200, "GET", `/v1/predictions/${slow.id}`)).json;
  check(JSON.stringify([kept.top, kept.views, kept.doubt]) === JSON.stringify([slow.top, slow.views, slow.doubt]), "the record forgets", kept);
  for (const bad of ["tta=yes", "mc_dropout=1", "mc_dropout=101", "mc_dropout=x"]) await ask(400, "POST", `/v1/predictions?${bad}`, one(photo));
  await ask(200, "POST", "/v1/models/shapes/predict?tta=true&mc_dropout=2", one(photo));

  const path = `/v1/predictions/${plain.id}`;
  const look = (await ask(200, "GET", `${path}/doubt?passes=10`)).json;
  check(JSON.stringify(look.dropout) === JSON.stringify(d) && look.views.count === 5 && look.views.probability === slow.probability, look);
  await ask(400, "GET", `${path}/doubt?passes=1`);
  const heat = await ask(200, "GET", `${path}/heat`);
  check(heat.bytes.subarray(1, 4).toString() === "PNG" && heat.bytes.readUInt32BE(16) === 96 && heat.bytes.readUInt32BE(20) === 96, "no PNG of the picture's size");
  await ask(304, "GET", `${path}/heat`, { headers: { "If-None-Match": heat.headers.etag } });
  check(!(await ask(200, "GET", `${path}/heat?label=bars`)).bytes.equals(heat.bytes), "another class has the same map");
  await ask(404, "GET", `${path}/heat?label=none`);
  for (const rest of ["", "/heat", "/doubt"]) for (const id of ["4711", "x"]) await ask(404, "GET", `/v1/predictions/${id}${rest}`);
});

test("explanations are few at a time: the rest is told at once, and everything else goes on", async () => {
  const { id } = (await ask(201, "POST", "/v1/predictions", one(photo))).json.items[0];
  const asked = Array.from({ length: 12 }, () => server.request("GET", `/v1/predictions/${id}/doubt?passes=100`));
  const begun = Date.now();
  await ask(200, "GET", "/v1/predictions/stats");
  await ask(201, "POST", "/v1/predictions", one(photo));
  const waited = Date.now() - begun;
  const answers = await Promise.all(asked), took = Date.now() - begun;
  const busy = answers.filter((a) => a.status === 503);
  check(answers.filter((a) => a.status === 200).length >= 3 && busy.length > 0, answers.map((a) => a.status));
  check(busy.every((a) => a.headers["retry-after"] && /try again/.test(a.json.detail)), busy[0]?.bytes.toString());
  check(waited < took, "an answer waited for all explanations", waited, took);
  await ask(200, "GET", `/v1/predictions/${id}/doubt?passes=2`);
});

let second;
test("a data set trains the second version; promoted and rolled back while requests go on", async () => {
  for (const [k, name] of names.entries()) {
    await ask(201, "POST", "/v1/classes", json({ name: `my ${name}, "new"` }));
    for (let i = 0; i < 12; i++)
      await ask(201, "POST", `/v1/images?class=${encodeURIComponent(`my ${name}, "new"`)}`, { body: picture(k, 100 + 5 * i), headers: { "Content-Type": "image/png" } });
  }
  const job = (await ask(202, "POST", "/v1/train", json({ dataset: "main", name: "shapes", promote: false, settings: { ...quick, "model.head_epochs": 12 } }))).json;
  const over = await follow(job.id);
  check(over.state === "done" && !/answers now/.test(over.message), over);
  second = over.detail.model;
  const agent = new http.Agent({ maxSockets: 4, keepAlive: true });
  let going = true, count = 0;
  const busy = Array.from({ length: 4 }, async () => {
    while (going) {
      const { status, bytes } = await server.request("POST", "/v1/predictions", { ...one(photo), agent });
      check(status === 201, status, bytes.toString());
      count++;
    }
  });
  check((await ask(200, "POST", `/v1/models/${second}/promote`)).json.active === true);
  check((await ask(200, "POST", "/upload", one(photo))).json.prediction === 'my disc, "new"');
  check((await ask(200, "POST", "/v1/models/rollback")).json.version === 1);
  await ask(409, "POST", "/v1/models/rollback");
  check((await ask(200, "POST", "/v1/models/shapes:2/promote")).json.version === 2);
  going = false;
  await Promise.all(busy);
  console.log(`  ${count} answers meanwhile, none refused`);
  await ask(404, "POST", "/v1/models/none/promote");
  const history = (await ask(200, "GET", "/v1/models/history")).json.items;
  check(history.map((s) => `${s.action} ${s.version}`).join() === "promote 2,rollback 1,promote 2,promote 1", history);
  await ask(400, "GET", "/v1/models/history?limit=0");
});

test("two versions asked about the same picture; nothing is recorded", async () => {
  const total = (await ask(200, "GET", "/v1/predictions/stats")).json.total;
  const [a, b] = await Promise.all([1, 2].map(async (v) => (await ask(200, "POST", `/v1/models/shapes:${v}/predict`, one(photo))).json.items[0]));
  check(a.label === "disc" && b.label === 'my disc, "new"' && a.id === null && a.model.version === 1, a, b);
  await ask(404, "POST", "/v1/models/none/predict", one(photo));
  await ask(400, "POST", "/v1/models/shapes/predict", form([{ name: "a", value: "b" }]));
  await ask(413, "POST", "/v1/models/shapes/predict", one(Buffer.alloc(21e6, 0x89)));
  await ask(415, "POST", "/v1/models/shapes/predict", one(text));
  await ask(422, "POST", "/v1/models/shapes/predict", one(cut));
  check((await ask(200, "GET", "/v1/predictions/stats")).json.total === total, "it was recorded");
});

test("after a restart the same model answers the same; a training that was killed goes on", async () => {
  const before = (await ask(201, "POST", "/v1/predictions", one(photo))).json.items[0];
  const job = (await ask(202, "POST", "/v1/train", json({ dataset: "main", name: "killed", promote: false,
    settings: { "training.epochs": 4, "model.freeze_backbone": false, "model.head_epochs": 1, "data.near_duplicates": false, "training.early_stopping.enabled": false } }))).json;
  for (let i = 0; i < 600 && (await ask(200, "GET", `/v1/jobs/${job.id}`)).json.points < 2; i++) await sleep(100);
  await server.kill();
  server = await start();
  const after = (await ask(201, "POST", "/v1/predictions", one(photo))).json.items[0];
  check(JSON.stringify(after.top) === JSON.stringify(before.top) && after.model.digest === before.model.digest, before, after);
  const now = (await ask(200, "GET", `/v1/jobs/${job.id}`)).json;
  check(["pending", "running", "done"].includes(now.state), now);
  const over = await follow(job.id);
  check(over.state === "done" && /^killed version 1/.test(over.message), over);
});

test("a training is stopped: the best so far is kept", async () => {
  const job = (await ask(202, "POST", "/v1/train", json({ dataset: "main", name: "stopped", promote: false, settings: { ...quick, "training.epochs": 900, "model.head_epochs": 2, "model.freeze_backbone": false, "training.early_stopping.enabled": false } }))).json;
  for (let i = 0; i < 600 && (await ask(200, "GET", `/v1/jobs/${job.id}`)).json.points < 1; i++) await sleep(100);
  check((await ask(200, "POST", `/v1/jobs/${job.id}/cancel`)).json.id === job.id);
  const over = await follow(job.id);
  check(over.state === "cancelled" && /stopped early/.test(over.message), over);
  check((await ask(200, "GET", "/v1/models/stopped")).json.version === 1);
});

test("what was answered is deleted: one, those that match, all; only with a word for all", async () => {
  const of = async (query = "") => (await ask(200, "GET", `/v1/predictions?limit=1000${query}`)).json.items;
  const before = await of(), bars = await of("&label=bars");
  check(bars.length > 0 && before.length > bars.length + 2, before.length, bars.length);
  await ask(204, "DELETE", `/v1/predictions/${before[0].id}`);
  await ask(404, "DELETE", `/v1/predictions/${before[0].id}`);
  await ask(404, "GET", `/v1/predictions/${before[0].id}`);
  await ask(400, "DELETE", "/v1/predictions");
  await ask(400, "DELETE", "/v1/predictions?all=yes");
  await ask(400, "DELETE", "/v1/predictions?until=yesterday");
  await ask(404, "DELETE", "/v1/predictions?model=none");
  check((await ask(200, "DELETE", "/v1/predictions?until=2020-01-01")).json.deleted === 0);
  check((await ask(200, "DELETE", "/v1/predictions?label=bars")).json.deleted === bars.length);
  check((await of()).length === before.length - bars.length - 1 && (await of("&label=bars")).length === 0);
  const gone = bars[0].sha256;
  for (const late = Date.now() + 20000; (await server.request("GET", `/v1/images/${gone}/file`)).status !== 404; await sleep(100))
    check(Date.now() < late, "the picture of a deleted answer stays");
});

test("a model is deleted, never the active one; its answers keep its name", async () => {
  const { items, active } = (await ask(200, "GET", "/v1/models")).json;
  const refused = (await ask(409, "DELETE", "/v1/models/active")).json;
  check(/promote|roll back/.test(refused.detail), refused);
  await ask(404, "DELETE", "/v1/models/none");
  const victim = items.find((m) => m.id !== active && m.name === "shapes");
  const answered = (await ask(200, "GET", `/v1/predictions?model=${victim.id}`)).json.items;
  check(answered.length > 0, "it answered nothing");
  await ask(204, "DELETE", `/v1/models/${victim.id}`);
  await ask(404, "GET", `/v1/models/${victim.id}`);
  await ask(404, "POST", `/v1/models/${victim.id}/promote`);
  check((await ask(200, "GET", "/v1/models")).json.items.length === items.length - 1);
  const still = (await ask(200, "GET", `/v1/predictions?model=${victim.id}`)).json.items;
  check(still.length === answered.length && still[0].model.name === "shapes" && still[0].model.version === victim.version, still[0]);
  check(/deleted/.test((await ask(404, "GET", `/v1/predictions/${still[0].id}/heat`)).json.detail));
  check((await ask(200, "GET", "/v1/models/history")).json.items.some((s) => s.model === victim.id && s.name === "shapes"));
  await server.kill();
  server = await start();
  check((await ask(200, "GET", "/v1/models")).json.items.length === items.length - 1, "it is back");
  check((await ask(200, "DELETE", "/v1/predictions?all=true")).json.deleted > 0);
  check((await ask(200, "GET", "/v1/predictions/stats")).json.total === 0);
});

// prlimit: no file may grow beyond some size, as on a full disk, until the limit is lifted.
const limit = (bytes) => spawnSync("prlimit", ["--pid", String(server.child.pid), `--fsize=${bytes}:unlimited`]).status === 0;

test("a training that failed on a full disk is kept over a restart and resumed", async () => {
  if (!limit("unlimited")) throw new Skip("no prlimit");
  const settings = { "training.epochs": 1, "model.freeze_backbone": false, "model.head_epochs": 2, "data.near_duplicates": false };
  check(limit(8000000), "the limit");
  const job = (await ask(202, "POST", "/v1/train", json({ folder: "shapes", name: "full", promote: false, settings }))).json;
  const failed = await follow(job.id);
  check(failed.state === "failed" && failed.resumable && failed.detail.cause === "disk", failed);
  check(existsSync(join(data, "train", String(job.id), "model.partial", "settings.yaml")), "its files are gone");
  await server.kill();
  server = await start();
  check((await ask(200, "GET", `/v1/jobs/${job.id}`)).json.resumable, "forgotten by the restart");
  check((await ask(202, "POST", `/v1/jobs/${job.id}/resume`)).json.id === job.id);
  const over = await follow(job.id);
  check(over.state === "done" && /^full version 1/.test(over.message) && !over.resumable, over);
  const epochs = over.curve.map((p) => p.epoch);
  check(epochs.every((e, i) => e === i + 1), "the curve has holes or doubles", epochs);
  for (const late = Date.now() + 10000; existsSync(join(data, "train", String(job.id))); await sleep(50))
    check(Date.now() < late, "its files stay");
  await ask(409, "POST", `/v1/jobs/${job.id}/resume`);
  await ask(404, "POST", "/v1/jobs/4711/resume");
});

// Statuses that only a damaged model or a full queue give.
const elsewhere = (name) => / 503$/.test(name) || ["POST /v1/models/{model}/promote 422", "DELETE /v1/jobs/{id} 204", "POST /predict/batch 413", "DELETE /v1/jobs/{id} 404"].includes(name) ||
  / 409$/.test(name) && !/rollback|cancel|resume|train |DELETE \/v1\/models/.test(name); // routes.mjs: without a model

test("every described answer was seen", async () => {
  const ours = (row) => ["trained models", "part classifier"].includes(row.operation.tags[0]) || row.path.startsWith("/v1/jobs/{id}");
  const missing = [];
  for (const row of api.rows.filter(ours))
    for (const status of Object.keys(row.operation.responses)) {
      const name = `${row.method} ${row.path} ${status}`;
      if (status !== "default" && !api.seen.has(name) && !elsewhere(name)) missing.push(name);
    }
  check(missing.length === 0, "not seen:", missing.join(", "));
});

test("it ends in order", async () => {
  const { code } = await server.stop();
  check(code === 0 && !/Sanitizer|runtime error/.test(server.output), code, server.output);
});

run();
