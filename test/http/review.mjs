// What a person should look at next, and the map: asked, answered, taken back, wrong input.
import { Interface, Server, check, form, json, picture, run, sha256, sleep, test } from "./lib.mjs";

const server = await Server.start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);
const kinds = ["discs", "stripes", "checks"], sent = [];

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json ?? answer;
}
const give = (status, body) => ask(status, "POST", "/v1/review", json(body));
const queue = (dataset = "") => ask(200, "GET", `/v1/review?limit=20${dataset && `&dataset=${dataset}`}`);
const kindOf = (sha) => sent.find((p) => p.sha === sha).kind;

test("nothing to ask about, then what stands for many", async () => {
  const empty = await queue();
  check(empty.dataset === "Library" && empty.items.length === 0 && empty.waiting === 0 && empty.accuracy === null, empty);
  for (const kind of [0, 1, 2]) {
    const parts = [];
    for (let seed = 10; seed < 18; seed++) {
      const bytes = picture(kind, seed);
      sent.push({ kind: kinds[kind], sha: sha256(bytes) });
      parts.push({ name: "image", file: `${kinds[kind]}_${seed}.png`, value: bytes });
    }
    await ask(201, "POST", "/v1/images?dataset=Library&class=Unsorted", form(parts));
  }
  const first = await queue();
  check(first.waiting === 24 && first.items.length >= 3 && first.items.every((i) => i.why === "first" && i.stands_for >= 1), first);
});

test("answers teach at once, and are counted", async () => {
  for (let i = 0; i < 8; i++) {
    const q = await queue();
    if (!q.items.length) break;
    const it = q.items[0];
    const done = await give(200, { sha256: it.sha256, answer: "class", label: kindOf(it.sha256), why: it.why, copies: it.copies });
    check(done.changed === 1 + it.copies.length && done.undo, done);
    check((await queue()).items.every((x) => x.sha256 !== it.sha256), "asked again");
  }
  const { points } = await ask(200, "GET", "/v1/review/progress");
  const last = points[points.length - 1];
  check(last.answers >= 8 && last.right <= last.guessed, points);
});

test("an answer that is taken back is asked again", async () => {
  const it = (await queue()).items.find((i) => !i.taught);
  if (!it) return; // near copies took them all along
  const { undo } = await give(200, { sha256: it.sha256, answer: "class", label: kindOf(it.sha256) });
  const before = (await queue()).waiting;
  await ask(200, "POST", `/v1/undo/${undo}`);
  check((await queue()).waiting === before + 1, before);
});

test("a wrong label is asked about; right, skip and delete", async () => {
  const q = await queue();
  const one = sent.find((p) => p.kind === "discs").sha;
  await give(200, { sha256: one, answer: "class", label: "stripes" });
  const asked = (await queue()).items.find((i) => i.sha256 === one);
  check(!asked, "what a person has just said is not doubted", asked);
  await give(200, { sha256: one, answer: "class", label: "discs" });
  await give(200, { sha256: one, answer: "right" });
  const loose = picture(1, 99);
  await ask(201, "POST", "/v1/images?dataset=Library&class=Unsorted", form([{ name: "image", file: "loose.png", value: loose }]));
  await give(409, { sha256: sha256(loose), answer: "right" }); // it has no class that could be right
  check((await give(200, { sha256: sha256(loose), answer: "skip" })).undo === null);
  check((await queue()).waiting === q.waiting, "what is skipped does not wait");
  const gone = await give(200, { sha256: sha256(loose), answer: "delete" });
  check(gone.changed === 1 && gone.undo, gone);
});

test("another data set learns from the library, which keeps its pictures", async () => {
  const sha = sent[0].sha;
  const { count } = { count: (await ask(200, "GET", "/v1/datasets")).items.find((d) => d.library).images };
  const bytes = picture(2, 77);
  await ask(201, "POST", "/v1/images?dataset=Library&class=Unsorted", form([{ name: "image", file: "new.png", value: bytes }]));
  const done = await give(200, { dataset: "main", sha256: sha256(bytes), answer: "class", label: "checks" });
  check(done.changed === 1, done);
  const sets = (await ask(200, "GET", "/v1/datasets")).items;
  check(sets.find((d) => d.library).images === count + 1 && sets.find((d) => d.name === "main").images === 1, sets, sha);
});

test("wrong questions and answers", async () => {
  await ask(404, "GET", "/v1/review?dataset=none");
  await ask(400, "GET", "/v1/review?limit=0");
  await ask(404, "GET", "/v1/review/progress?dataset=none");
  const sha = "0".repeat(64);
  await give(400, { sha256: "xyz", answer: "skip" });
  await give(400, { sha256: sha, answer: "perhaps" });
  await give(400, { sha256: sha, answer: "class" });
  await give(400, { sha256: sha, answer: "skip", copies: "all" });
  await give(404, { sha256: sha, answer: "skip" });
  await give(404, { dataset: "none", sha256: sha, answer: "skip" });
  await give(413, { sha256: sha, answer: "skip", copies: Array.from({ length: 51 }, () => sha) });
  await ask(415, "POST", "/v1/review", { body: "x", headers: { "Content-Type": "text/plain" } });
});

test("the map: rough at once, then fine, the same after a filter, and every picture on it", async () => {
  const read = (answer) => {
    const b = answer.bytes, length = b.readUInt32LE(8);
    check(b.subarray(0, 6).toString() === "AYMAP1", b.subarray(0, 16));
    return { ...JSON.parse(b.subarray(16, 16 + length)), n: b.readUInt32LE(12), at: 16 + length, b };
  };
  const get = async (query = "") => read(await server.request("GET", `/v1/map${query}`));
  api.verify("GET", "/v1/map", await server.request("GET", "/v1/map"));
  let m = await get();
  for (let i = 0; i < 200 && (m.method !== "umap" || m.job); i++) {
    await sleep(50);
    m = await get();
  }
  check(m.method === "umap" && m.n === (await ask(200, "GET", "/v1/datasets")).items.find((d) => d.library).images, m.method, m.n);
  check(m.b.length === m.at + 20 * m.n + Math.ceil(m.n / 4) * 4 + 32 * m.n, m.b.length);
  const place = (i) => [m.b.readFloatLE(m.at + 4 * i), m.b.readFloatLE(m.at + 4 * (m.n + i))];
  const sha = (i) => m.b.subarray(m.b.length - 32 * (m.n - i)).subarray(0, 32).toString("hex");
  let same = 0, known = 0;
  for (let i = 0; i < m.n; i++) { // the nearest on the plane is of its kind
    const mine = sent.find((p) => p.sha === sha(i));
    if (!mine) continue;
    let best = -1, far = Infinity;
    for (let j = 0; j < m.n; j++) {
      const d = j === i ? Infinity : Math.hypot(place(i)[0] - place(j)[0], place(i)[1] - place(j)[1]);
      if (d < far) [far, best] = [d, j];
    }
    known++;
    same += sent.find((p) => p.sha === sha(best))?.kind === mine.kind;
  }
  check(known >= 20 && same > 0.8 * known, same, known);
  const narrow = await get("?class=discs");
  const fits = [...narrow.b.subarray(narrow.at + 20 * narrow.n, narrow.at + 21 * narrow.n)].filter(Boolean).length;
  check(narrow.n === m.n && fits > 0 && fits < m.n, fits);
  await ask(400, "GET", "/v1/map?nonsense=1");
  await ask(404, "GET", "/v1/map?dataset=none");
});

test("every described answer was seen", async () => {
  const missing = [];
  for (const row of api.rows.filter((r) => r.path.startsWith("/v1/review") || r.path === "/v1/map"))
    for (const status of Object.keys(row.operation.responses)) {
      const name = `${row.method} ${row.path} ${status}`;
      if (!/ (default|503)$/.test(name) && !api.seen.has(name)) missing.push(name);
    }
  check(missing.length === 0, "not seen:", missing.join(", "));
});

test("it ends in order", async () => {
  const { code } = await server.stop();
  check(code === 0, `status ${code}`, server.output);
});

run();
