// Duplicates over HTTP: found by themselves when pictures have come, a page at a time; different, resolved one by one and all of a tier,
// each undone; tags and class go to what stays; kept over a restart; and what is refused.
import { execFileSync } from "node:child_process";
import { deflateSync, crc32 } from "node:zlib";
import { Interface, Server, check, json, newFolder, run, sha256, test } from "./lib.mjs";

const data = newFolder();
let server = await Server.start("--data", data);
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, value) {
  const answer = await server.request(method, path, value === undefined ? {} : json(value));
  api.verify(method, path.split("?")[0], answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const list = (query = "", status = 200) => ask(status, "GET", `/v1/duplicates${query}`);
const undo = (token) => ask(200, "POST", `/v1/undo/${token}`);

/** Blobs on a slope, without symmetry; the same seed gives the same picture, at any size. */
function painted(seed, side) {
  let s = seed * 2654435761 % 4294967296;
  const next = () => (s = (s * 1664525 + 1013904223) % 4294967296) / 4294967296;
  const blobs = Array.from({ length: 14 }, () => [next(), next(), 0.05 + 0.12 * next(), next() * 200 - 100, next() * 200 - 100, next() * 200 - 100]);
  const raw = Buffer.alloc(side * (side * 3 + 1));
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++) {
        let v = 110 + 60 * (x / side) - 40 * (y / side);
        for (const b of blobs) v += b[3 + c] * Math.exp(-((x / side - b[0]) ** 2 + (y / side - b[1]) ** 2) / (b[2] * b[2]));
        raw[y * (side * 3 + 1) + 1 + x * 3 + c] = Math.max(0, Math.min(255, v));
      }
  return png(side, raw);
}
function chunk(type, body) {
  const all = Buffer.concat([Buffer.from(type), body]);
  const size = Buffer.alloc(4), sum = Buffer.alloc(4);
  size.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(all));
  return Buffer.concat([size, all, sum]);
}
function png(side, raw, comment = "") {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0), head.writeUInt32BE(side, 4), head[8] = 8, head[9] = 2;
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), comment ? chunk("tEXt", Buffer.from(`Comment\0${comment}`)) : Buffer.alloc(0),
    chunk("IDAT", deflateSync(raw)), chunk("IEND", Buffer.alloc(0))]);
}
const commented = (bytes, text) => Buffer.concat([bytes.subarray(0, 33), chunk("tEXt", Buffer.from(`Comment\0${text}`)), bytes.subarray(33)]);

const library = (await list()).dataset;
async function put(bytes, name, klass = "Unsorted") {
  const sha = sha256(bytes);
  const answer = await server.request("PUT", `/v1/images/${sha}?dataset=${library}&class=${klass}&file=${encodeURIComponent(name)}`, { body: bytes });
  check(answer.status === 201, answer.bytes.toString());
  return sha;
}
async function ready() {
  for (let i = 0; i < 300; i++) {
    const d = await list();
    if (d.state === "ready" && !d.stale) return d;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error("no duplicates after 30 s");
}

const first = painted(1, 200);
const a = await put(first, "a.png"), same = await put(commented(first, "hello"), "a copy.png");
const small = await put(painted(1, 120), "a small.png"), other = await put(painted(2, 200), "other.png");

test("they are found when pictures have come, and told apart", async () => {
  const d = await ready();
  check(d.counts.same.groups === 1 && d.counts.picture.groups === 1 && d.total === 2 + d.counts.alike.groups, JSON.stringify(d.counts));
  const [one, two] = d.items;
  check(one.tier === "same" && one.pictures.map((p) => p.sha256).join() === [a, same].join() && one.pictures[0].why.includes("name"), JSON.stringify(one));
  check(two.tier === "picture" && two.pictures.map((p) => p.sha256).join() === [a, small].join() && two.pictures[0].why.includes("largest"), JSON.stringify(two));
  check(!JSON.stringify(d.items.filter((g) => g.tier !== "alike")).includes(other), "another picture is in no group");
  const page = await list("?limit=1");
  check(page.items.length === 1 && page.next === "1" && (await list("?limit=1&cursor=1")).items[0].id === two.id, "a page at a time");
});

test("a picture that comes is compared with the others", async () => {
  const third = await put(commented(first, "again"), "a third.png");
  const d = await ready();
  check(d.items[0].size === 3 && d.items[0].pictures.some((p) => p.sha256 === third), JSON.stringify(d.counts));
  const gone = await ask(200, "POST", "/v1/duplicates/resolve", { groups: [{ keep: [a], remove: [third] }] });
  check(gone.removed === 1 && (await list()).items[0].size === 2);
});

test("what is different is remembered, and taken back", async () => {
  const said = await ask(200, "POST", "/v1/duplicates/apart", { sha256: [a, small] });
  check(said.pairs === 1 && (await list()).counts.picture.groups === 0, JSON.stringify(said));
  check((await ask(200, "POST", "/v1/duplicates/apart", { sha256: [a, small] })).undo === null, "said twice");
  await ask(202, "POST", "/v1/duplicates/run", { again: true });
  check((await ready()).counts.picture.groups === 0, "remembered by the next run");
  await undo(said.undo);
  await ask(202, "POST", "/v1/duplicates/run", { again: true });
  check((await ready()).counts.picture.groups === 1, "undone");
});

test("all of a tier, with tags and class of what goes, and one undo", async () => {
  const klass = await ask(201, "POST", "/v1/classes", { name: "Boats", dataset: library });
  await ask(200, "POST", "/v1/pictures/change", { sha256: [small], add_tags: ["blue"], class: klass.name });
  const now = await ask(200, "POST", "/v1/duplicates/resolve", { tier: "picture" });
  check(now.removed === 1 && now.groups === 1 && now.tagged === 1 && now.moved === 1, JSON.stringify(now));
  const kept = await ask(200, "GET", `/v1/pictures/${a}`);
  check(kept.tags.join() === "blue" && kept.class === "Boats", JSON.stringify(kept));
  await ask(404, "GET", `/v1/pictures/${small}`);
  await undo(now.undo);
  const back = await ask(200, "GET", `/v1/pictures/${a}`);
  check(!back.tags.length && back.unsorted && (await ask(200, "GET", `/v1/pictures/${small}`)).class === "Boats", JSON.stringify(back));
  check((await list()).counts.picture.groups === 1);
});

test("what makes no sense is refused, and nothing is changed", async () => {
  const zero = "0".repeat(64);
  for (const [status, body] of [[400, {}], [400, { groups: [] }], [400, { tier: "alike" }], [400, { tier: "twin" }], [400, { tier: "same", groups: [] }],
    [400, { groups: [{ keep: [], remove: [a] }] }], [400, { groups: [{ keep: [a], remove: [a] }] }], [400, { groups: [{ keep: ["x"], remove: [a] }] }],
    [400, { groups: [{ keep: [a], remove: [same] }, { keep: [same], remove: [small] }] }], [409, { groups: [{ keep: [zero], remove: [a] }] }],
    [404, { dataset: "nowhere", tier: "same" }]])
    await ask(status, "POST", "/v1/duplicates/resolve", body);
  for (const query of ["?tier=twin", "?cursor=x", "?limit=0", "?limit=201"]) await list(query, 400);
  await list("?dataset=nowhere", 404);
  await ask(400, "POST", "/v1/duplicates/apart", { sha256: [a] });
  await ask(404, "POST", "/v1/duplicates/apart", { sha256: [a, zero] });
  await ask(400, "POST", "/v1/duplicates/run", { again: "yes" });
  check((await list()).counts.same.groups === 1);
  const none = await ask(200, "POST", "/v1/duplicates/resolve", { groups: [{ keep: [a], remove: [zero] }] });
  check(none.removed === 0 && none.missing === 1 && none.undo === null);
});

test("on a full disk a search fails once, says why, and is begun by a person", async () => {
  // prlimit: no file may grow beyond some size, as on a full disk, until the limit is lifted.
  const limit = (n) => execFileSync("prlimit", ["--pid", String(server.child.pid), `--fsize=${n}:unlimited`]);
  const jobs = async () => (await ask(200, "GET", "/v1/jobs")).items.filter((j) => j.kind === "duplicates").length;
  const idle = async () => {
    for (let i = 0; i < 600; i++) {
      const d = await list();
      if (!d.job) return d;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error("the search does not end");
  };
  check((await idle()).trouble === null);
  limit(100);
  await ask(202, "POST", "/v1/duplicates/run", { again: true });
  const after = await idle();
  check(/large|space|full/i.test(after.trouble), after.trouble);
  const before = await jobs();
  for (let i = 0; i < 10; i++) await list();
  check((await jobs()) === before, "questions began searches that fail again");
  limit("unlimited");
  await ask(202, "POST", "/v1/duplicates/run", { again: true });
  check((await idle()).trouble === null, "it works again, and says so");
});

test("a restart finds them as they were", async () => {
  const before = await ready();
  await server.stop();
  server = await Server.start("--data", data);
  const after = await list();
  check(after.state === "ready" && after.made_at === before.made_at && JSON.stringify(after.counts) === JSON.stringify(before.counts), JSON.stringify(after.counts));
});

await run(() => server.stop());
