// Every route, every status it describes: asked, answered, and compared with /openapi.json.
import { Interface, Server, check, form, json, picture, run, sha256, sleep, test } from "./lib.mjs";

const server = await Server.start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);
const photo = picture(0, 1), other = picture(1, 2), text = Buffer.from("this is no picture at all");
const cut = photo.subarray(0, photo.length - 200);

// Ask, compare with the description, and require the status.
async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  check(answer.headers["x-content-type-options"] === "nosniff", path, "nosniff");
  check(answer.headers["content-security-policy"].includes("default-src 'none'"), path, "policy");
  check(!/unsafe-inline|unsafe-eval|\*/.test(answer.headers["content-security-policy"]), path, "policy");
  return answer;
}
const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });

test("data sets: create, list, rename, activate, delete, undo", async () => {
  check((await ask(200, "GET", "/v1/datasets")).json.items.length === 1);
  await ask(201, "POST", "/v1/datasets", json({ name: "yard", preset: "scrap" }));
  const classes = (await ask(200, "GET", "/v1/classes?dataset=yard")).json;
  check(classes.items.length === 10 && classes.items[0].name === "HIGH GRADE" && classes.dataset === "yard");
  await ask(409, "POST", "/v1/datasets", json({ name: "yard" }));
  await ask(400, "POST", "/v1/datasets", json({ name: "x", preset: "nonsense" }));
  await ask(400, "POST", "/v1/datasets", json({ name: 7 }));
  await ask(400, "POST", "/v1/datasets", json({}));
  await ask(415, "POST", "/v1/datasets", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  await ask(413, "POST", "/v1/datasets", json({ name: "x".repeat(2 << 20) }));
  check((await ask(200, "PATCH", "/v1/datasets/yard", json({ name: "Gelände", active: true }))).json.active === true);
  await ask(200, "GET", "/v1/datasets/Gel%C3%A4nde");
  await ask(404, "GET", "/v1/datasets/yard");
  await ask(404, "GET", "/v1/classes?dataset=yard");
  await ask(400, "PATCH", "/v1/datasets/main", json({ active: false }));
  await ask(400, "PATCH", "/v1/datasets/main", json({}));
  await ask(404, "PATCH", "/v1/datasets/none", json({ active: true }));
  await ask(409, "PATCH", "/v1/datasets/main", json({ name: "Gelände" }));
  await ask(413, "PATCH", "/v1/datasets/main", json({ name: "x".repeat(2 << 20) }));
  await ask(415, "PATCH", "/v1/datasets/main", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  await ask(200, "PATCH", "/v1/datasets/main", json({ active: true }));
  const { undo } = (await ask(200, "DELETE", "/v1/datasets/Gel%C3%A4nde")).json;
  await ask(404, "DELETE", "/v1/datasets/Gel%C3%A4nde");
  await ask(409, "DELETE", "/v1/datasets/main");
  check((await ask(200, "POST", `/v1/undo/${undo}`)).json.restored >= 1);
  await ask(404, "POST", `/v1/undo/${undo}`);
});

let high, low;
test("classes: create, rename, delete, undo", async () => {
  high = (await ask(201, "POST", "/v1/classes", json({ name: "HIGH" }))).json.id;
  low = (await ask(201, "POST", "/v1/classes", json({ name: "Bürste / 板 #1?" }))).json.id;
  await ask(409, "POST", "/v1/classes", json({ name: "HIGH" }));
  await ask(404, "POST", "/v1/classes", json({ name: "X", dataset: "none" }));
  await ask(413, "POST", "/v1/classes", json({ name: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/classes", { body: "x", headers: { "Content-Type": "text/plain" } });
  const bad = (await ask(400, "POST", "/v1/classes", json('{"name": "a",\n  oops}'))).json;
  check(/line 2, column \d+/.test(bad.detail), bad.detail);
  await ask(400, "POST", "/v1/classes", json("[1]"));
  for (const name of [" ", "a\tb", "x".repeat(121)]) await ask(400, "POST", "/v1/classes", json({ name }));
  const id = (await ask(201, "POST", "/v1/classes", json({ name: "gone" }))).json.id;
  check((await ask(200, "PATCH", `/v1/classes/${id}`, json({ name: "gone soon" }))).json.name === "gone soon");
  await ask(409, "PATCH", `/v1/classes/${id}`, json({ name: "HIGH" }));
  await ask(400, "PATCH", `/v1/classes/${id}`, json({}));
  await ask(404, "PATCH", "/v1/classes/99999", json({ name: "x" }));
  await ask(404, "PATCH", "/v1/classes/abc", json({ name: "x" }));
  await ask(413, "PATCH", `/v1/classes/${id}`, json({ name: "x".repeat(2 << 20) }));
  await ask(415, "PATCH", `/v1/classes/${id}`, { body: "x", headers: { "Content-Type": "text/plain" } });
  const gone = (await ask(200, "DELETE", `/v1/classes/${id}`)).json;
  await ask(404, "DELETE", `/v1/classes/${id}`);
  await ask(201, "POST", "/v1/classes", json({ name: "gone soon" }));
  await ask(409, "POST", `/v1/undo/${gone.undo}`);
});

test("scanning an empty data set says so", async () => {
  const d = (await ask(200, "POST", "/v1/predict", raw(photo))).json;
  check(d.status === "no_dataset" && d.label === null && d.message_code === "no_dataset", d);
  check(d.sha256 === sha256(photo) && d.width === 96);
  const s = (await ask(200, "POST", "/scan", form([{ name: "image", file: "a.png", value: photo }]))).json;
  check(s.has_dataset === false && s.classification === null && s.similarity_score === 0 && s.status === "no_dataset");
});

test("pictures: add, list, page, move, delete, undo", async () => {
  const one = (await ask(201, "POST", "/v1/images?class=HIGH&file=a.png", raw(photo))).json.items[0];
  check(one.sha256 === sha256(photo) && one.created && !one.moved && one.class.name === "HIGH" && one.file === "a.png");
  check((await ask(201, "POST", "/v1/images?class=HIGH", raw(photo))).json.items[0].created === false);
  const parts = [{ name: "class", value: String(low) }];
  for (let i = 0; i < 6; i++) parts.push({ name: "images", file: `b${i}.png`, value: picture(1, 10 + i) });
  parts.splice(3, 0, { name: "images", file: "notes.txt", value: text });
  const many = (await ask(201, "POST", "/v1/images", form(parts))).json.items;
  check(many.length === 7 && many[2].error.status === 415 && many[2].file === "notes.txt" && many[3].created, many);
  const again = (await ask(201, "POST", `/v1/images?class=${high}`, raw(picture(1, 10)))).json.items[0];
  check(again.moved === true && again.class.name === "HIGH", again);
  for (let i = 0; i < 5; i++) await ask(201, "POST", "/v1/images?class=HIGH", raw(picture(0, 20 + i)));

  const seen = new Set();
  for (let cursor = ""; cursor !== null;) {
    const page = (await ask(200, "GET", `/v1/images?limit=5&cursor=${encodeURIComponent(cursor)}`)).json;
    check(page.items.length <= 5);
    for (const item of page.items) seen.add(item.sha256);
    cursor = page.next;
  }
  check(seen.size === 12, `${seen.size} pictures listed`);
  check((await ask(200, "GET", "/v1/images?class=HIGH")).json.items.length === 7);
  await ask(400, "GET", "/v1/images?limit=0");
  await ask(400, "GET", "/v1/images?limit=many");
  await ask(404, "GET", "/v1/images?class=none");
  await ask(404, "GET", "/v1/images?dataset=none");

  const digest = sha256(photo);
  check((await ask(200, "GET", `/v1/images/${digest}`)).json.width === 96);
  await ask(400, "GET", "/v1/images/xyz");
  await ask(404, "GET", `/v1/images/${"0".repeat(64)}`);
  check((await ask(200, "PATCH", `/v1/images/${digest}`, json({ class: String(low) }))).json.class.id === low);
  check((await ask(200, "PATCH", `/v1/images/${digest}`, json({ class: "HIGH" }))).json.class.id === high);
  await ask(400, "PATCH", `/v1/images/${digest}`, json({}));
  await ask(404, "PATCH", `/v1/images/${digest}`, json({ class: "none" }));
  await ask(413, "PATCH", `/v1/images/${digest}`, json({ class: "x".repeat(2 << 20) }));
  await ask(415, "PATCH", `/v1/images/${digest}`, { body: "x", headers: { "Content-Type": "text/plain" } });
  const { undo } = (await ask(200, "DELETE", `/v1/images/${digest}`)).json;
  await ask(404, "DELETE", `/v1/images/${digest}`);
  await ask(400, "DELETE", "/v1/images/xyz");
  check((await ask(200, "POST", `/v1/undo/${undo}`)).json.images === 1);
  await ask(200, "GET", `/v1/images/${digest}`);
});

test("pictures that are refused", async () => {
  const to = "/v1/images?class=HIGH";
  await ask(400, "POST", to, raw(Buffer.alloc(0)));
  await ask(400, "POST", to);
  await ask(400, "POST", "/v1/images", raw(photo));
  await ask(404, "POST", "/v1/images?class=none", raw(photo));
  await ask(404, "POST", to + "&dataset=none", raw(photo));
  await ask(415, "POST", to, raw(text));
  await ask(422, "POST", to, raw(cut));
  await ask(413, "POST", to, raw(Buffer.alloc(21e6)));
  await ask(413, "POST", to, form([{ name: "images", file: "a.png", value: Buffer.alloc(21e6) }]));
  await ask(400, "POST", to, form([]));
  await ask(400, "POST", to, { body: "--x\r\nbroken", headers: { "Content-Type": "multipart/form-data; boundary=x" } });
  await ask(400, "POST", to, { body: "--x", headers: { "Content-Type": "multipart/form-data" } });
});

test("PUT by digest is idempotent", async () => {
  const bytes = picture(2, 40), at = `/v1/images/${sha256(bytes)}?class=HIGH&file=c.png`;
  check((await ask(201, "PUT", at, raw(bytes))).json.created === true);
  check((await ask(200, "PUT", at, raw(bytes))).json.created === false);
  await ask(409, "PUT", at, raw(other));
  await ask(400, "PUT", `/v1/images/${sha256(bytes)}`, raw(bytes));
  await ask(400, "PUT", "/v1/images/short?class=HIGH", raw(bytes));
  await ask(404, "PUT", `/v1/images/${sha256(other)}?class=none`, raw(other));
  await ask(413, "PUT", at, raw(Buffer.alloc(21e6)));
  await ask(415, "PUT", `/v1/images/${sha256(text)}?class=HIGH`, raw(text));
  await ask(415, "PUT", at, form([{ name: "image", file: "a", value: bytes }]));
  await ask(422, "PUT", `/v1/images/${sha256(cut)}?class=HIGH`, raw(cut));
});

test("a picture's bytes: whole, part, unchanged, HEAD", async () => {
  const digest = sha256(photo), path = `/v1/images/${digest}/file`;
  const whole = await ask(200, "GET", path);
  check(whole.bytes.equals(photo) && whole.type === "image/png" && whole.headers.etag === `"${digest}"`);
  check(/immutable/.test(whole.headers["cache-control"]) && whole.headers["accept-ranges"] === "bytes");
  const part = await ask(206, "GET", path, { headers: { Range: "bytes=5-14" } });
  check(part.bytes.equals(photo.subarray(5, 15)) && part.headers["content-range"] === `bytes 5-14/${photo.length}`);
  check((await ask(206, "GET", path, { headers: { Range: "bytes=-7" } })).bytes.equals(photo.subarray(-7)));
  await ask(416, "GET", path, { headers: { Range: `bytes=${photo.length}-` } });
  check((await ask(304, "GET", path, { headers: { "If-None-Match": `W/"x", "${digest}"` } })).bytes.length === 0);
  const head = await ask(200, "HEAD", path);
  check(head.bytes.length === 0 && Number(head.headers["content-length"]) === photo.length);
  await ask(404, "GET", `/v1/images/${"1".repeat(64)}/file`);
  await ask(400, "GET", "/v1/images/1/file");

  const thumb = await ask(200, "GET", `/v1/images/${digest}/thumb?size=96`);
  check(thumb.bytes[0] === 0xff && thumb.bytes[1] === 0xd8);
  await ask(304, "GET", `/v1/images/${digest}/thumb?size=96`, { headers: { "If-None-Match": thumb.headers.etag } });
  await ask(400, "GET", `/v1/images/${digest}/thumb?size=97`);
  await ask(404, "GET", `/v1/images/${"1".repeat(64)}/thumb`);
});

test("predict: raw, form, options, refusals", async () => {
  const d = (await ask(200, "POST", "/v1/predict", raw(photo))).json;
  check(d.matches[0].sha256 === sha256(photo) && d.matches[0].similarity > 0.999, d.matches);
  check(d.method === "auto" && d.dataset === "main" && d.timing_ms.total > 0 && d.matches.length === 3);
  const m = (await ask(200, "POST", "/v1/predict?method=mean&top=5", form([{ name: "file", file: "q.png", value: photo }]))).json;
  check(m.method === "mean" && m.matches.length === 5 && m.classes.length >= 3);
  const f = (await ask(200, "POST", "/v1/predict", form([
    { name: "image", file: "q.png", value: photo }, { name: "method", value: "mean" }, { name: "top", value: "1" }]))).json;
  check(f.method === "mean" && f.matches.length === 1);
  check((await ask(200, "POST", "/v1/predict?dataset=Gel%C3%A4nde", raw(photo))).json.status === "no_dataset");
  await ask(400, "POST", "/v1/predict?method=magic", raw(photo));
  await ask(400, "POST", "/v1/predict?top=0", raw(photo));
  await ask(400, "POST", "/v1/predict");
  await ask(404, "POST", "/v1/predict?dataset=none", raw(photo));
  await ask(413, "POST", "/v1/predict", raw(Buffer.alloc(21e6)));
  await ask(415, "POST", "/v1/predict", raw(text));
  await ask(422, "POST", "/v1/predict", raw(cut));
});

test("suspects, models, jobs, info, health, metrics", async () => {
  const s = (await ask(200, "GET", "/v1/suspects")).json;
  check(s.checked > 5 && s.accuracy >= 0 && s.accuracy <= 1);
  await ask(400, "GET", "/v1/suspects?limit=0");
  await ask(404, "GET", "/v1/suspects?dataset=none");
  const info = (await ask(200, "GET", "/v1/info")).json;
  check(info.limits.max_bytes === 20e6 && info.limits.formats.includes("webp") && info.secure === true);
  check((await ask(200, "GET", "/v1/models")).json.encoder.dim === info.model.dim);
  await ask(200, "GET", "/v1/jobs");
  await ask(404, "DELETE", "/v1/jobs/12345");
  const health = (await ask(200, "GET", "/health")).json;
  check(health.status === "healthy" && health.model_loaded === true && health.num_images === 13, health);
  const metrics = (await ask(200, "GET", "/metrics")).bytes.toString();
  check(/^assay_images 13$/m.test(metrics) && /^assay_http_requests_total\{status="2xx"\} \d+$/m.test(metrics));
  for (const line of metrics.trim().split("\n"))
    check(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[0-9.e+]+)$/.test(line), line);
  await ask(404, "GET", "/v1/qr.svg");
  await ask(404, "GET", "/v1/ca.crt");
  await ask(400, "GET", "/v1/ca.crt?format=doc");
});

test("without a trained model: said, and what to do", async () => {
  const form1 = form([{ name: "file", file: "a.png", value: photo }]);
  for (const path of ["/upload", "/predict/batch", "/v1/predictions"]) {
    const problem = (await ask(409, "POST", path, form1)).json;
    check(/no trained model is active: train one .* or promote one/.test(problem.detail), problem);
  }
  await ask(409, "GET", "/classes");
  check((await ask(200, "GET", "/images")).json.length === 0);
  const stats = (await ask(200, "GET", "/stats")).json;
  check(stats.total_predictions === 0 && stats.confidence_rate === 0 && stats.model_version === null, stats);
  const models = (await ask(200, "GET", "/v1/models")).json;
  check(models.items.length === 0 && models.active === null, models);
  check((await ask(200, "GET", "/health")).json.classifier === null);
  await ask(409, "POST", "/v1/models/rollback");
  await ask(404, "POST", "/v1/models/3/promote");
  await ask(404, "GET", "/v1/models/active");
  check((await ask(200, "GET", "/v1/predictions")).json.items.length === 0);
  check((await ask(200, "GET", "/v1/predictions/stats")).json.total === 0);
  check((await ask(200, "GET", "/v1/train/sources")).json.datasets.length > 0);
  await ask(400, "POST", "/v1/train", json({ settings: { "training.epoch": 3 } }));
  await ask(400, "POST", "/v1/train", json({ folder: "/etc" }));
  await ask(400, "POST", "/v1/train", json({ promote: "yes" }));
  await ask(404, "POST", "/v1/train", json({ dataset: "none" }));
  await ask(404, "GET", "/v1/jobs/4711");
  await ask(404, "GET", "/v1/jobs/4711/events");
  await ask(404, "POST", "/v1/jobs/4711/cancel");
});

test("the described interface and its page", async () => {
  const doc = await ask(200, "GET", "/openapi.json");
  await ask(304, "GET", "/openapi.json", { headers: { "If-None-Match": doc.headers.etag } });
  const docs = await ask(200, "GET", "/docs");
  await ask(304, "GET", "/docs", { headers: { "If-None-Match": docs.headers.etag } });
  const html = docs.bytes.toString();
  check(!/(src|href)="https?:/.test(html) && !/ style=| on\w+=|<script>/.test(html), "outside or inline");
  for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]*)"/g)) await ask(200, "GET", path);
});

test("the page's files", async () => {
  const page = await ask(200, "GET", "/");
  check(page.type.startsWith("text/html") && page.headers.etag);
  await ask(304, "GET", "/", { headers: { "If-None-Match": page.headers.etag } });
  for (const [, path] of page.bytes.toString().matchAll(/(?:src|href)="(\/[^"#]*)"/g))
    check((await ask(200, "GET", path)).bytes.length > 0, path);
  await ask(404, "GET", "/none");
  await ask(404, "GET", "/../etc/passwd");
  await ask(404, "GET", "/%2e%2e/%2e%2e/etc/passwd");
  await ask(400, "GET", "/v1/datasets/%ff");
  await ask(400, "GET", "/v1/images?class=%zz");
});

test("wrong method, OPTIONS, unknown routes", async () => {
  check((await ask(405, "PUT", "/v1/classes")).headers.allow === "GET, HEAD, POST");
  check((await ask(405, "POST", "/health", raw(photo))).headers.allow === "GET, HEAD");
  check((await ask(405, "DELETE", "/scan")).headers.allow === "POST");
  check((await ask(204, "OPTIONS", "/v1/classes")).headers.allow === "GET, HEAD, POST, OPTIONS");
  await ask(404, "POST", "/none", raw(photo));
});

test("first scanner: scan with its formula, in percent", async () => {
  const image = form([{ name: "image", file: "q.png", value: photo }]);
  const mean = (await ask(200, "POST", "/scan?method=mean", image)).json;
  const core = (await ask(200, "POST", "/v1/predict?method=mean", image)).json;
  check(mean.classification === core.label && mean.similarity_score === Number((core.classes[0].mean * 100).toFixed(2)), mean, core);
  check(mean.top_3.length === 3 && mean.top_3.every((c, i) => i === 0 || c.similarity <= mean.top_3[i - 1].similarity));
  check(mean.reference_image.similarity === mean.top_matches[0].similarity && mean.top_matches.length === 3);
  check(mean.reference_image.image_path === `dataset/HIGH/${sha256(photo)}.png`, mean.reference_image);
  const bytes = await ask(200, "GET", mean.reference_image.image_path.replace("dataset/", "/images/"));
  check(bytes.bytes.equals(photo));
  await ask(200, "POST", "/scan", raw(photo));
  await ask(400, "POST", "/scan", form([{ name: "image", file: "q.png", value: "" }]));
  await ask(404, "POST", "/scan?dataset=none", raw(photo));
  await ask(413, "POST", "/scan", raw(Buffer.alloc(21e6)));
  await ask(415, "POST", "/scan", raw(text));
  await ask(422, "POST", "/scan", raw(cut));
});

test("first scanner: create, upload, list", async () => {
  await ask(200, "POST", "/dataset/create", form([{ name: "name", value: "MOAGEM" }]));
  await ask(200, "POST", "/dataset/create", { body: "name=GARIMPOS+2", headers: { "Content-Type": "application/x-www-form-urlencoded" } });
  await ask(409, "POST", "/dataset/create", json({ name: "GARIMPOS 2" }));
  await ask(400, "POST", "/dataset/create", form([]));
  await ask(413, "POST", "/dataset/create", json({ name: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/dataset/create", { body: "x", headers: { "Content-Type": "text/plain" } });
  const put = (path, parts) => [path, form([...parts, { name: "classification", value: "MOAGEM" }])];
  const image = (value, name = "image") => ({ name, file: "p.png", value });
  const up = (await ask(200, "POST", ...put("/dataset/upload", [image(picture(2, 50))]))).json;
  check(up.success === true && up.path === `dataset/MOAGEM/${sha256(picture(2, 50))}.png`, up);
  for (const [path, name] of [["/dataset/upload-multiple", "images[]"], ["/dataset/capture-multiple", "images"]]) {
    const seed = path.length;
    const many = (await ask(200, "POST", ...put(path, [image(picture(2, seed), name), image(text, name), image(picture(2, seed + 99), name)]))).json;
    check(many.success === true && many.paths.length === 2 && many.errors.length === 1, many);
    await ask(422, "POST", ...put(path, [image(cut, name)]));
  }
  for (const path of ["/dataset/upload", "/dataset/upload-multiple", "/dataset/capture-multiple"]) {
    await ask(400, "POST", path, form([image(photo)]));
    await ask(400, "POST", ...put(path, []));
    await ask(400, "POST", ...put(path, [image("")]));
    await ask(404, "POST", path, form([image(photo), { name: "classification", value: "none" }]));
    await ask(413, "POST", ...put(path, [image(Buffer.alloc(21e6))]));
    await ask(415, "POST", ...put(path, [image(text)]));
  }
  await ask(422, "POST", ...put("/dataset/upload", [image(cut)]));
  const classes = (await ask(200, "GET", "/dataset/classes")).json;
  check(classes.classes.find((c) => c.name === "MOAGEM").image_count === 5 && classes.total_classes === classes.classes.length);
  const images = (await ask(200, "GET", "/dataset/images/MOAGEM")).json;
  check(images.total === 5 && images.class_name === "MOAGEM");
  await ask(404, "GET", "/dataset/images/none");
  check((await ask(200, "POST", "/dataset/retrain")).json.success === true);
  const file = "/images/MOAGEM/" + images.images[0].filename;
  const bytes = await ask(200, "GET", file);
  check(images.images[0].filename.startsWith(sha256(bytes.bytes) + "."));
  await ask(206, "GET", file, { headers: { Range: "bytes=0-0" } });
  await ask(416, "GET", file, { headers: { Range: "bytes=99999999-" } });
  await ask(304, "GET", file, { headers: { "If-None-Match": bytes.headers.etag } });
  await ask(404, "GET", file.replace("MOAGEM", "HIGH"));
  await ask(404, "GET", "/images/MOAGEM/..%2f..%2fetc%2fpasswd");
});

test("class names that need escaping keep their pictures", async () => {
  const images = (await ask(200, "GET", "/dataset/images/" + encodeURIComponent("Bürste / 板 #1?"))).json;
  check(images.total > 0);
  await ask(200, "GET", encodeURI(decodeURI(images.images[0].path).replace("dataset/", "/images/")).replaceAll("%25", "%").replaceAll("#", "%23"));
});

test("events reach an open page", async () => {
  const http = await import("node:http");
  let got = "";
  const req = http.get({ host: "127.0.0.1", port: server.port, path: "/v1/events" }, (res) => {
    api.seen.add(`GET /v1/events ${res.statusCode}`);
    check(res.headers["content-type"] === "text/event-stream");
    res.on("data", (part) => (got += part));
    res.on("error", () => {});
  });
  req.on("error", () => {});
  for (let i = 0; i < 100 && !got.includes("event: ping"); i++) await sleep(20);
  await ask(201, "POST", "/v1/classes", json({ name: "for the events" }));
  for (let i = 0; i < 200 && !got.includes("event: dataset"); i++) await sleep(20);
  req.destroy();
  check(/event: dataset\ndata: \{"dataset":"main"\}\n\n/.test(got), got);
});

test("pages without script", async () => {
  const page = await ask(200, "GET", "/plain", { headers: { "Accept-Language": "pt-BR,pt;q=0.9" } });
  check(page.bytes.includes('lang="pt"') && page.bytes.includes('enctype="multipart/form-data"'));
  const result = await ask(200, "POST", "/plain/scan", form([{ name: "image", file: "q.png", value: photo }]));
  check(result.type.startsWith("text/html") && result.bytes.includes("data:image/png;base64,") &&
    result.bytes.includes(`/v1/images/`), result.bytes.toString().slice(0, 2000));
  // The sentence about the decision, and the one about a fault, in the reader's language.
  const said = new Set();
  for (const lang of ["en", "pt", "de", "zh"]) {
    const send = (value) => {
      const sent = form([{ name: "image", file: "q.png", value }]);
      return { ...sent, headers: { ...sent.headers, "Accept-Language": `${lang};q=0.9, fr;q=0.5` } };
    };
    const scanned = (await ask(200, "POST", "/plain/scan", send(photo))).bytes.toString();
    check(scanned.includes(`<html lang="${lang}"`), lang);
    said.add(scanned.match(/<p class="sentence">(.*?)<\/p>/)?.[1]);
    said.add((await ask(415, "POST", "/plain/scan", send(text))).bytes.toString().match(/verdict no_match">(.*?)<\/p>/)?.[1]);
  }
  check(said.size === 8 && !said.has(undefined) && !said.has(""), [...said]);
  check((await ask(415, "POST", "/plain/scan", form([{ name: "image", file: "q.png", value: text }]))).type.startsWith("text/html"));
  check(!/<script|style=| on\w+=/.test(result.bytes.toString().replace(/data:[^"]*/g, "")));
});

// Statuses that need a special server: the queue of load.mjs, the certificates of lan.mjs, a model that
// does not load, a running job; a trained model (learned.mjs), one that reads words (words.mjs).
const elsewhere = (name, row) => / 503$/.test(name) || /^(trained models|part classifier|words)$/.test(row.operation.tags[0]) ||
  /^(groups|picture organiser)$/.test(row.operation.tags[0]) || // clusters.mjs
  /^(library|coming in|image organiser|duplicates|review)$/.test(row.operation.tags[0]) || // pictures, intake, duplicates, review.mjs
  /^inspection( trainer)?$/.test(row.operation.tags[0]) || // inspect.mjs
  row.path.startsWith("/v1/jobs/{id}") || // learned.mjs
  row.path.startsWith("/v1/encoders") || row.path === "/v1/search" || // encoders.mjs, search.mjs
  ["GET /v1/qr.svg 200", "GET /v1/ca.crt 200", "DELETE /v1/jobs/{id} 204", "DELETE /v1/jobs/{id} 409",
   "GET /v1/images/{sha256}/thumb 422"].includes(name);

test("every described answer was seen", async () => {
  const missing = [];
  for (const row of api.rows)
    for (const status of Object.keys(row.operation.responses)) {
      const name = `${row.method} ${row.path} ${status}`;
      if (status !== "default" && !api.seen.has(name) && !elsewhere(name, row)) missing.push(name);
    }
  check(missing.length === 0, "not seen:", missing.join(", "));
  console.log(`  ${api.rows.length} routes, ${api.seen.size} kinds of answers`);
});

test("it ends in order", async () => {
  const { code } = await server.stop();
  check(code === 0, `status ${code}`, server.output);
  check(!/Sanitizer|runtime error/.test(server.output), server.output);
});

run();
