// Pictures by the thousand: kept when answered, taken in behind, also after the program was killed; bad files fail by name;
// folders are read once or watched; the image organiser's routes.
import { Interface, Server, check, form, json, newFolder, picture, png, run, sha256, sleep, test } from "./lib.mjs";
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync, appendFileSync, copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const data = newFolder(), root = newFolder(), outside = newFolder();
const start = () => Server.start("--data", data, "--folders", root);
let server = await start();
let api = new Interface((await server.request("GET", "/openapi.json")).json);
const text = Buffer.from("this is no picture at all");
const cut = (bytes) => bytes.subarray(0, bytes.length - 200);
let seed = 1000;
const fresh = () => picture(seed % 3, seed++);

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer;
}
const put = (bytes, query = "", headers = { "Content-Type": "image/png" }) => [`/v1/intake/${sha256(bytes)}${query}`, { body: bytes, headers }];
const state = async () => (await ask(200, "GET", "/v1/intake")).json;
async function settled(seconds = 60) {
  for (const late = Date.now() + seconds * 1000; ; await sleep(50)) {
    const s = await state();
    if (s.waiting === 0 && s.working === 0 && !s.reading) return s;
    check(Date.now() < late, "it does not end", s);
  }
}
async function until(what, ask, seconds = 20) {
  for (const late = Date.now() + seconds * 1000; ; await sleep(50)) {
    const value = await ask();
    if (value) return value;
    check(Date.now() < late, `${what}: did not happen`);
  }
}
const library = async () => (await ask(200, "GET", "/v1/datasets")).json.items.find((d) => d.library);
const count = async () => (await library())?.images ?? 0;
const blobs = () => readdirSync(join(data, "blobs"), { recursive: true }).filter((f) => /\/[0-9a-f]{64}$/.test(f)).length;

test("many in one form: accepted, refused, and soon there", async () => {
  const files = [1, 2, 3, 4, 5].map(fresh);
  const parts = files.map((value, i) => ({ name: "images", file: `a/b${i}.png`, value }));
  parts.push({ name: "images", file: "notes.txt", value: text }, { name: "images", file: "none.png", value: "" });
  const answer = (await ask(202, "POST", "/v1/intake", form(parts))).json;
  check(answer.accepted.length === 5 && answer.accepted[1].sha256 === sha256(files[1]) && answer.accepted[1].file === "b1.png", answer);
  check(answer.refused.length === 2 && answer.refused[0].file === "notes.txt" && answer.refused[0].message, answer);
  const s = await settled();
  check(s.done === 5 && s.failed === 0 && s.batches[0].id === answer.batch && s.batches[0].added === 5, s);
  const one = (await ask(200, "GET", `/v1/images/${sha256(files[2])}?dataset=Library`)).json;
  check(one.class.name === "Unsorted" && one.width === 96, one);
  const again = (await ask(202, "POST", "/v1/intake", form(parts.slice(0, 5)))).json;
  check(again.accepted.every((a) => a.there), again);
});

test("one under its digest, again, and wrong", async () => {
  const a = fresh(), b = fresh();
  check((await ask(202, "PUT", ...put(a, "?file=x.png"))).json.there === false);
  await settled();
  check((await ask(200, "PUT", ...put(a))).json.there === true);
  await ask(409, "PUT", `/v1/intake/${sha256(a)}`, { body: b, headers: { "Content-Type": "image/png" } });
  await ask(400, "PUT", "/v1/intake/abc", { body: a, headers: { "Content-Type": "image/png" } });
  await ask(415, "PUT", ...put(text));
  await ask(400, "PUT", ...put(Buffer.alloc(0)));
  await ask(413, "PUT", ...put(Buffer.concat([fresh(), Buffer.alloc(21e6)])));
  await ask(404, "PUT", ...put(b, "?dataset=none"));
  await ask(404, "PUT", ...put(b, "?class=none"));
  await ask(400, "PUT", ...put(b, "?dataset=main"));
  await ask(400, "PUT", ...put(b, "?batch=x"));
  await ask(404, "PUT", ...put(b, "?batch=99999"));
  await ask(400, "POST", "/v1/intake", form([]));
  await ask(415, "POST", "/v1/intake", form([{ name: "images", file: "a.txt", value: text }]));
});

test("which are known already", async () => {
  const list = (await ask(200, "GET", "/v1/images?dataset=Library")).json.items.map((i) => i.sha256), other = sha256("other");
  const { known } = (await ask(200, "POST", "/v1/intake/known", json({ sha256: [list[0], other, list[1]] }))).json;
  check(known.length === 2 && known[0] === list[0] && known[1] === list[1], known);
  check((await ask(200, "POST", "/v1/intake/known", json({ dataset: "main", sha256: list }))).json.known.length === 0);
  for (const bad of [{}, { sha256: "x" }, { sha256: ["x"] }, { sha256: [7] }, { sha256: Array(1001).fill(other) }]) await ask(400, "POST", "/v1/intake/known", json(bad));
  await ask(404, "POST", "/v1/intake/known", json({ dataset: "none", sha256: [other] }));
  await ask(413, "POST", "/v1/intake/known", json({ x: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/intake/known", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
});

test("a picture that is cut short fails by name, its bytes go, and it can be dismissed", async () => {
  const bad = cut(fresh()), before = blobs();
  await ask(202, "PUT", ...put(bad, "?file=cut.png"));
  const s = await settled();
  check(s.failed === 1 && s.failures[0].file === "cut.png" && s.failures[0].sha256 === sha256(bad) && s.failures[0].message, s);
  check(blobs() === before, "its bytes are still there");
  await ask(404, "DELETE", "/v1/intake/failures/99999");
  check((await ask(200, "DELETE", `/v1/intake/failures/${s.failures[0].id}`)).json.dismissed === 1);
  check((await ask(200, "DELETE", "/v1/intake/failures")).json.dismissed === 0);
});

test("what was acknowledged is there after SIGKILL, once", async () => {
  const before = await count(), files = Array.from({ length: 60 }, fresh);
  let batch = "";
  for (let i = 0; i < 60; i += 20)
    batch = (await ask(202, "POST", `/v1/intake${batch ? `?batch=${batch}` : ""}`, form(files.slice(i, i + 20).map((value, k) => ({ name: "images", file: `k${i + k}.png`, value }))))).json.batch;
  await server.kill();
  server = await start();
  const s = await settled();
  check(s.batches[0].total === 60 && s.batches[0].added === 60 && s.failed === 0, s);
  check((await count()) === before + 60, await library());
  check(blobs() === before + 60, blobs(), before);
});

test("an import is a job that can be cancelled", async () => {
  // Large and flat, so that sending is quick and taking in is not; what follows a PNG's end makes each another file.
  const large = png(2000, 2000, (x, y) => [(x >> 4) & 255, (y >> 4) & 255, 90]);
  const files = Array.from({ length: 200 }, (_, k) => Buffer.concat([large, Buffer.from(String(k))]));
  const { batch } = (await ask(202, "POST", "/v1/intake", form(files.map((value, k) => ({ name: "images", file: `c${k}.png`, value }))))).json;
  const job = await until("a job", async () => (await ask(200, "GET", "/v1/jobs")).json.items.find((j) => j.kind === "intake" && j.state === "running" && j.total === 200)); // the one before may still linger
  await ask(200, "POST", `/v1/jobs/${job.id}/cancel`);
  const s = await settled();
  const b = s.batches.find((x) => x.id === batch);
  check(b.total === 200 && b.added + b.dropped === 200 && b.dropped > 0, b);
  check(blobs() === (await count()), "files without a picture are left");
  const over = await until("its end", async () => { const j = (await ask(200, "GET", `/v1/jobs/${job.id}`)).json; return j.state !== "running" && j; });
  check(over.state === "cancelled" && /dropped/.test(over.message), over);
  await ask(404, "DELETE", "/v1/intake/batches/99999");
  await ask(404, "DELETE", "/v1/intake/batches/x");
  check((await ask(200, "DELETE", `/v1/intake/batches/${batch}`)).json.dropped === 0);
});

test("a folder is read once, with classes, and what is no picture is told or passed over", async () => {
  const before = await count(), dir = join(root, "once");
  for (const sub of ["cats", "dogs/small"]) mkdirSync(join(dir, sub), { recursive: true });
  const cat = fresh(), dog = fresh(), loose = fresh(), linked = fresh();
  writeFileSync(join(dir, "cats", "1.png"), cat);
  writeFileSync(join(dir, "dogs/small", "2.png"), dog);
  writeFileSync(join(dir, "3.png"), loose);
  writeFileSync(join(dir, ".hidden.png"), fresh());
  writeFileSync(join(dir, "half.png.part"), fresh());
  writeFileSync(join(dir, "readme.md"), "words");
  writeFileSync(join(dir, "lies.jpg"), text);
  writeFileSync(join(outside, "secret.png"), linked);
  symlinkSync(join(outside, "secret.png"), join(dir, "link.png"));
  symlinkSync(outside, join(dir, "way"));
  await ask(400, "POST", "/v1/intake/folder", json({ path: outside }));
  await ask(400, "POST", "/v1/intake/folder", json({ path: "../" }));
  await ask(400, "POST", "/v1/intake/folder", json({ path: "once/way" }));
  await ask(400, "POST", "/v1/intake/folder", json({}));
  await ask(400, "POST", "/v1/intake/folder", json({ path: "once", classes: "yes" }));
  await ask(400, "POST", "/v1/intake/folder", json({ path: "once/3.png", watch: true }));
  await ask(404, "POST", "/v1/intake/folder", json({ path: "once", dataset: "none" }));
  await ask(413, "POST", "/v1/intake/folder", json({ path: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/intake/folder", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  const { batch, watch } = (await ask(202, "POST", "/v1/intake/folder", json({ path: "once", classes: true }))).json;
  check(watch === false);
  const s = await settled(), b = s.batches.find((x) => x.id === batch);
  check(b.added === 3 && b.failed === 1 && b.name === dir, b);
  check(s.failures[0].file === "lies.jpg" && s.failures[0].source === join(dir, "lies.jpg") && s.failures[0].sha256 === null, s.failures);
  check((await count()) === before + 3);
  const where = async (bytes) => (await ask(200, "GET", `/v1/images/${sha256(bytes)}?dataset=Library`)).json.class.name;
  check((await where(cat)) === "cats" && (await where(dog)) === "dogs" && (await where(loose)) === "Unsorted");
  await until("the wish goes", async () => (await ask(200, "GET", "/v1/watches")).json.items.length === 0);
  await ask(200, "DELETE", "/v1/intake/failures");
});

test("through the data folder's socket any folder, and nobody else's", async () => {
  const socketPath = join(data, "socket"), far = newFolder(), a = fresh();
  writeFileSync(join(far, "a.png"), a);
  check((lstatSync(socketPath).mode & 0o777) === 0o600, "the socket is its owner's alone");
  await ask(400, "POST", "/v1/intake/folder", json({ path: far }));
  await ask(400, "POST", "/v1/intake/folder", { ...json({ path: far, make: 1 }), socketPath, secure: false });
  await ask(404, "POST", "/v1/intake/folder", { ...json({ path: far, class: "not here" }), socketPath, secure: false });
  const order = (await ask(202, "POST", "/v1/intake/folder", { ...json({ path: far, class: "made here", make: true }), socketPath, secure: false })).json;
  await settled();
  const batch = (await ask(200, "GET", "/v1/intake?imports=200", { socketPath, secure: false })).json.batches.find((b) => b.id === order.batch);
  check(batch && batch.added === 1 && batch.expected === 1 && !batch.reading, batch);
});

test("a watched folder: what is put there comes in, also after a restart; what goes stays in", async () => {
  const dir = join(root, "watched");
  mkdirSync(join(dir, "deep"), { recursive: true });
  const first = fresh();
  writeFileSync(join(dir, "first.png"), first);
  const { id } = (await ask(202, "POST", "/v1/intake/folder", json({ path: "watched", watch: true }))).json;
  await ask(409, "POST", "/v1/intake/folder", json({ path: "watched", watch: true }));
  const has = async (bytes) => (await server.request("GET", `/v1/images/${sha256(bytes)}?dataset=Library`)).status === 200;
  await until("the first", () => has(first));
  const second = fresh(), third = fresh(), fourth = fresh(), fifth = fresh();
  writeFileSync(join(dir, "deep", "second.png"), second);
  await until("the second, below", () => has(second));
  mkdirSync(join(dir, "new"));
  writeFileSync(join(dir, "new", "third.png"), third);
  await until("the third, in a new folder", () => has(third));
  writeFileSync(join(dir, "slow.png"), fourth.subarray(0, 100)); // written in pieces
  await sleep(150);
  appendFileSync(join(dir, "slow.png"), fourth.subarray(100));
  await until("the slow one", () => has(fourth));
  writeFileSync(join(dir, "x.part"), fifth);
  await sleep(600);
  check(!(await has(fifth)), "a name of what is not finished was read");
  renameSync(join(dir, "x.part"), join(dir, "fifth.png"));
  await until("the renamed one", () => has(fifth));
  check((await state()).failed === 0, (await state()).failures);
  rmSync(join(dir, "first.png")); // no intent
  await ask(200, "DELETE", `/v1/images/${sha256(second)}?dataset=Library`); // a person's
  renameSync(join(dir, "deep", "second.png"), join(dir, "moved.png"));
  const sixth = fresh();
  await server.stop();
  writeFileSync(join(dir, "sixth.png"), sixth);
  server = await start();
  await until("what came while nobody looked", () => has(sixth));
  await sleep(500);
  check((await has(first)) && !(await has(second)), "what a person deleted came back, or what a disk lost went");
  const [w] = (await ask(200, "GET", "/v1/watches")).json.items;
  check(w.id === id && w.state === "watching" && w.folder === dir && !w.once && w.dataset === "Library", w);
  renameSync(dir, dir + "-away");
  rmSync(dir, { force: true });
  await server.stop();
  server = await start();
  await until("missing is told", async () => (await ask(200, "GET", "/v1/watches")).json.items[0].state === "missing");
  const seventh = fresh();
  writeFileSync(join(dir + "-away", "seventh.png"), seventh);
  renameSync(dir + "-away", dir);
  await until("it is back", () => has(seventh));
  check((await ask(200, "GET", "/v1/watches")).json.roots[0] === root);
  await ask(204, "DELETE", `/v1/watches/${id}`);
  await ask(404, "DELETE", `/v1/watches/${id}`);
  const eighth = fresh();
  writeFileSync(join(dir, "eighth.png"), eighth);
  await sleep(1000);
  check(!(await has(eighth)), "a folder that is watched no longer brings pictures in");
});

test("the image organiser's list makes no library", async () => {
  const empty = await Server.start();
  const sets = async () => (await empty.request("GET", "/v1/datasets")).bytes.toString();
  const before = await sets();
  check((await empty.request("GET", "/images")).json.length === 0 && (await sets()) === before, "a question wrote");
  await empty.stop();
});

test("the image organiser's routes", async () => {
  const a = fresh();
  const one = (await ask(200, "POST", "/images", form([{ name: "file", file: "dir/my cat?.png", value: a }]))).json;
  check(one.original_filename === "my cat?.png" && one.content_type === "image/png" && one.size_bytes === a.length && one.width === 96, one);
  check(one.storage_path === `storage/${sha256(a)}_my cat_.png` && Number.isInteger(one.id) && (one.object_category === null || typeof one.object_category === "string"), one);
  const same = (await ask(200, "POST", "/images", form([{ name: "file", file: "other.png", value: a }]))).json;
  check(same.id === one.id && same.original_filename === "my cat?.png", same);
  const file = await ask(200, "GET", encodeURI(one.image_url));
  check(file.bytes.equals(a) && file.headers.etag);
  await ask(404, "GET", "/storage/nothing.png");
  await ask(404, "GET", `/storage/${"0".repeat(64)}.png`);
  const before = blobs();
  await ask(415, "POST", "/images", form([{ name: "file", file: "a.png", value: text }]));
  await ask(422, "POST", "/images", form([{ name: "file", file: "a.png", value: cut(fresh()) }]));
  await ask(400, "POST", "/images", form([]));
  await ask(413, "POST", "/images", form([{ name: "file", file: "a.png", value: Buffer.alloc(21e6) }]));
  check(blobs() === before, "a refused upload left a file");
  const list = (await ask(200, "GET", "/images")).json;
  const item = list.find((i) => i.id === one.id);
  check(item && item.prediction === null && item.name === "my cat?.png" && item.created_at === one.created_at, item);
  const ids = list.map((i) => i.id);
  check(item.object_category === one.object_category && item.background_category === one.background_category, "the same is said twice");
  const nameless = fresh();
  check(/^upload-[0-9a-f]+$/.test((await ask(200, "POST", "/images", form([{ name: "file", file: "", value: nameless }]))).json.original_filename));
  check(ids.every((id, i) => i === 0 || ids[i - 1] < id), "not in order");
  check((await ask(200, "GET", "/images?confident_only=true")).json.length === 0);
});

await run();
