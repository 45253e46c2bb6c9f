// Three servers on one PostgreSQL, each with a data folder of its own: what one is taught the others know, a training runs on one of them,
// two are killed and the third does what is left, once.
import { Server, check, json, newFolder, picture, program, run, sha256, sleep, sql, storeOf, test } from "../http/lib.mjs";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });
const TRAININGS = Number(process.env.TRAININGS || 9);
const folders = [newFolder(), newFolder(), newFolder()];
const { url, name: database } = storeOf(folders[0]);
const store = url + "&nodes=many";
const start = (i) => Server.start("--data", folders[i], "--store", store, "--log-level", "info");
let nodes = [];

async function until(ms, what, condition) {
  for (const late = Date.now() + ms; ;) {
    const got = await condition();
    if (got) return got;
    check(Date.now() < late, what, nodes.map((n) => n.output.slice(-600)));
    await sleep(100);
  }
}
const matches = async (node, photo) => {
  const a = await node.request("POST", "/v1/predict", raw(photo));
  return a.status === 200 && a.json.matches.length ? a.json.matches[0] : null;
};

test("three start on an empty database at once", async () => {
  nodes = await Promise.all(folders.map((_, i) => start(i)));
  const names = nodes.map((n) => n.output.match(/this is node (\S+)/)?.[1]);
  check(new Set(names).size === 3 && names.every(Boolean), names);
});

test("what one is taught the others know, and have the picture", async () => {
  const photo = picture(0, 501), other = picture(1, 502);
  for (const [k, p] of [photo, other].entries()) {
    const a = await nodes[k].request("POST", `/v1/images?class=k${k}`, raw(p));
    check(a.status === 201 || a.status === 404, a.json);
    if (a.status === 404) {
      check((await nodes[k].request("POST", "/v1/classes", json({ name: `k${k}` }))).status === 201);
      check((await nodes[k].request("POST", `/v1/images?class=k${k}`, raw(p))).status === 201);
    }
  }
  for (const node of nodes)
    for (const [k, p] of [photo, other].entries()) {
      await until(20000, `picture ${k} is found`, async () => (await matches(node, p))?.sha256 === sha256(p));
      const bytes = await node.request("GET", `/v1/images/${sha256(p)}/content`);
      const again = bytes.status === 200 ? bytes : await node.request("GET", `/v1/images/${sha256(p)}/file`);
      check(again.status === 200 && sha256(again.bytes) === sha256(p), "the picture's bytes", bytes.status, again.status);
    }
  // And moves and deletions.
  check((await nodes[2].request("PATCH", `/v1/images/${sha256(photo)}`, json({ class: "k1" }))).status === 200);
  for (const node of nodes) await until(20000, "the move is seen", async () => (await matches(node, photo))?.class === "k1" || (await matches(node, photo))?.label === "k1");
  check((await nodes[1].request("DELETE", `/v1/images/${sha256(photo)}`)).status < 300);
  for (const node of nodes) await until(20000, "the deletion is seen", async () => (await matches(node, photo))?.sha256 !== sha256(photo));
});

test(`${TRAININGS} trainings, two of three nodes killed: each is done once, and every node has the models`, async () => {
  for (let k = 0; k < 3; k++) {
    await nodes[0].request("POST", "/v1/classes", json({ name: `k${k}` }));
    for (let i = 0; i < 8; i++)
      check((await nodes[i % 3].request("POST", `/v1/images?class=k${k}`, raw(picture(k, 600 + 5 * i)))).status < 300);
  }
  const count = async (n) => (await n.request("GET", "/v1/datasets")).json.items.find((d) => d.name === "main").images;
  for (const n of nodes) await until(30000, "all pictures are everywhere", async () => (await count(n)) === 25);
  const jobs = [];
  for (let i = 0; i < TRAININGS; i++) {
    const settings = { "model.head_epochs": 40 + i, "model.freeze_backbone": true, "data.near_duplicates": false, "ood.enabled": false };
    const a = await nodes[i % 3].request("POST", "/v1/train", json({ dataset: "main", name: `m${i}`, promote: false, settings }));
    check(a.status === 202, a.json);
    jobs.push(a.json.id);
  }
  const rows = () => sql("SELECT id, state, node FROM assay.job WHERE kind = 'train' ORDER BY id", database).split("\n").map((l) => l.split("|"));
  for (const i of [0, 1]) {
    const me = nodes[i].output.match(/this is node (\S+)/)[1];
    await until(120000, "it trains", () => rows().some(([, state, node]) => state === "running" && node === me) || rows().every(([, s]) => s !== "pending"));
    await nodes[i].kill();
  }
  const dead = rows().filter(([, state]) => state === "running").length;
  await until(240000, "the third does what is left", () => rows().every(([, state]) => ["done", "failed"].includes(state)));
  console.log(`  ${JSON.stringify(rows().map((r) => r.slice(1).join(" ")))}; ${dead} were running when two were killed`);
  check(rows().every(([, state]) => state === "done") && rows().length === TRAININGS, rows());
  const models = JSON.parse(`[${sql("SELECT '\"' || name || ' ' || version || '\"' FROM assay.model ORDER BY id", database).split("\n").join(",")}]`);
  check(models.length === TRAININGS && new Set(models).size === TRAININGS, models);
  const folder = sql("SELECT folder FROM assay.model ORDER BY id LIMIT 1", database);
  nodes[0] = await start(0);
  for (const n of [nodes[0], nodes[2]]) {
    const list = (await n.request("GET", "/v1/models")).json.items;
    check(list.filter((m) => /^m\d+$/.test(m.name)).length === TRAININGS, list.map((m) => m.name));
  }
  check(existsSync(join(folders[0], "models", folder)) && existsSync(join(folders[2], "models", folder)), "its files");
});

test("a model that one promotes answers on the others", async () => {
  const model = (await nodes[2].request("GET", "/v1/models")).json.items.find((m) => m.name === "m0");
  const a = await nodes[2].request("POST", `/v1/models/${model.id}/promote`, json({}));
  check(a.status < 300, a.status, a.json);
  await until(30000, "it answers there too", async () => {
    const c = await nodes[0].request("GET", "/v1/models");
    return c.json.items.find((m) => m.active)?.id === model.id;
  });
});

test("a backup made on one node holds the pictures of all", async () => {
  const fresh = newFolder(), at = join(newFolder(), "b.tar");
  const assay = (...args) => spawnSync(program, args, { encoding: "utf8", timeout: 100000 });
  let done = assay("backup", at, "--data", folders[0], "--store", store);
  check(done.status === 0, done.stderr);
  done = assay("restore", at, "--data", join(fresh, "data"));
  check(done.status === 0, done.stderr);
  done = assay("check", "--data", join(fresh, "data"));
  check(done.status === 0, done.stdout, done.stderr);
  done = assay("dataset", "list", "--data", join(fresh, "data"));
  check(done.status === 0 && /\b25\b/.test(done.stdout), done.stdout);
});

test("a process that does not share is refused", async () => {
  const refused = await Server.start("--data", newFolder(), "--store", url).then(() => null, (e) => e);
  check(refused && /in use by another Assay/.test(refused.message), refused?.message);
});

run();
