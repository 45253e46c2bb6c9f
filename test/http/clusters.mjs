// Groups over HTTP: made in the background, told, changed, taken back, kept over a restart; and the picture organiser's routes.
import { Interface, Server, check, form, json, picture, run, sha256, sleep, test } from "./lib.mjs";

let server = await Server.start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const kinds = ["discs", "stripes", "checks"], sent = [];
async function send(kind, from, many) {
  const parts = [];
  for (let seed = from; seed < from + many; seed++) {
    const bytes = picture(kind, seed);
    sent.push({ kind, sha: sha256(bytes) });
    parts.push({ name: "image", file: `${kinds[kind]}_${seed}.png`, value: bytes });
  }
  await ask(201, "POST", "/v1/images?dataset=Library&class=Unsorted", form(parts));
}
const groups = async () => (await ask(200, "GET", "/v1/clusters")).clusters;
async function wait(id) {
  for (let i = 0; i < 600; i++) {
    const job = await ask(200, "GET", `/v1/jobs/${id}`);
    if (!["pending", "running"].includes(job.state)) return job;
    await sleep(50);
  }
  throw new Error("the job does not end");
}
async function make(how, state = "done") {
  const job = await ask(202, "POST", "/v1/clusters/run", json(how));
  check(job.kind === "cluster" && job.detail.dataset === "Library", job);
  const over = await wait(job.id);
  check(over.state === state, over);
  return over;
}
const undo = (token) => ask(200, "POST", `/v1/undo/${token}`);
const of = async (i) => {
  for (const g of await groups())
    if ((await ask(200, "GET", `/v1/clusters/${g.id}/pictures?limit=500`)).items.some((p) => p.sha256 === sent[i].sha)) return g.id;
  return 0;
};

test("an empty library has no groups, and the organiser's routes say so", async () => {
  const none = await ask(200, "GET", "/v1/clusters");
  check(none.state === "none" && none.clusters.length === 0 && none.made_at === null && none.dataset === "Library", none);
  check((await ask(200, "GET", "/clusters")).length === 0 && (await ask(200, "GET", "/clusters/grouped")).length === 0);
});

let run1;
test("a run in the background makes them; they are told with what stands for each", async () => {
  await send(0, 0, 10);
  await send(1, 0, 8);
  await send(2, 0, 6);
  run1 = await make({ method: "kmeans", k: 3, seed: 1 });
  check(run1.detail.groups === 3 && /^[0-9a-f]{32}$/.test(run1.detail.undo), run1.detail);
  const all = await ask(200, "GET", "/v1/clusters?dataset=Library");
  check(all.state === "ready" && all.k === 3 && all.method === "kmeans" && all.pictures === 24 && all.outside === 0 && all.new === 0, all);
  check(all.clusters.map((c) => c.size).join() === "10,8,6", all.clusters.map((c) => c.size));
  for (const c of all.clusters) {
    check(c.sample[0] === c.medoid && c.sample.length === 6 && c.cohesion > 0 && c.spread.p95 >= c.spread.mean, c);
    check(c.name && ["words", "medoid"].includes(c.named_by) && !c.pinned && !c.by_hand, c);
    const one = await ask(200, "GET", `/v1/clusters/${c.id}`);
    check(one.dataset === "Library" && Math.abs(one.centroid.reduce((s, v) => s + v * v, 0) - 1) < 1e-3, one.centroid.length);
    const part = await ask(200, "GET", `/v1/clusters/${c.id}/pictures?offset=1&limit=3`);
    check(part.total === c.size && part.items.length === 3 && part.items[0].similarity >= part.items[2].similarity, part);
    check(part.items.every((p) => p.cluster === c.id && p.unsorted), part);
    const far = await ask(200, "GET", `/v1/clusters/${c.id}/pictures?far=true&limit=1`);
    check(far.items[0].similarity <= part.items[2].similarity, far);
    const list = await ask(200, "GET", `/v1/pictures?cluster=${c.id}`);
    check(list.total === c.size && list.items.every((p) => p.cluster === c.id), list.total);
  }
});

test("wrong requests are refused with what is wrong", async () => {
  const [g] = await groups();
  await ask(404, "GET", "/v1/clusters?dataset=none");
  await ask(400, "POST", "/v1/clusters/run", json({ method: "magic" }));
  await ask(400, "POST", "/v1/clusters/run", json({ k: 0 }));
  await ask(400, "POST", "/v1/clusters/run", json({ k: "many" }));
  await ask(400, "POST", "/v1/clusters/run", json({ method: "density", k: 4 }));
  await ask(400, "POST", "/v1/clusters/run", json({ method: 4 }));
  await ask(404, "POST", "/v1/clusters/run", json({ dataset: "none" }));
  await ask(413, "POST", "/v1/clusters/run", json({ dataset: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/clusters/run", { body: "x", headers: { "Content-Type": "text/plain" } });
  await ask(404, "GET", "/v1/clusters/999999");
  await ask(404, "GET", "/v1/clusters/first");
  await ask(404, "GET", "/v1/clusters/999999/pictures");
  await ask(400, "GET", `/v1/clusters/${g.id}/pictures?limit=501`);
  await ask(400, "GET", `/v1/clusters/${g.id}/pictures?far=maybe`);
  await ask(400, "PATCH", `/v1/clusters/${g.id}`, json({}));
  await ask(400, "PATCH", `/v1/clusters/${g.id}`, json({ name: "  " }));
  await ask(400, "PATCH", `/v1/clusters/${g.id}`, json({ name: "x".repeat(121) }));
  await ask(400, "PATCH", `/v1/clusters/${g.id}`, json({ pinned: "yes" }));
  await ask(404, "PATCH", "/v1/clusters/999999", json({ name: "a" }));
  await ask(400, "POST", "/v1/clusters/merge", json({ ids: [g.id] }));
  await ask(400, "POST", "/v1/clusters/merge", json({ ids: [g.id, g.id] }));
  await ask(400, "POST", "/v1/clusters/merge", json({ ids: [g.id, 999999] }));
  await ask(404, "POST", "/v1/clusters/merge", json({ ids: [999999, g.id] }));
  await ask(400, "POST", "/v1/clusters/merge", json({ ids: "both" }));
  await ask(400, "POST", `/v1/clusters/${g.id}/split`, json({ k: 1 }));
  await ask(409, "POST", `/v1/clusters/${g.id}/split`, json({ k: 50 }));
  await ask(404, "POST", "/v1/clusters/999999/split", json({ k: 2 }));
  await ask(400, "POST", `/v1/clusters/${g.id}/pictures`, json({ sha256: [] }));
  await ask(400, "POST", `/v1/clusters/${g.id}/pictures`, json({ sha256: ["x"] }));
  await ask(404, "POST", `/v1/clusters/${g.id}/pictures`, json({ sha256: ["0".repeat(64)] }));
  await ask(404, "GET", "/v1/pictures?cluster=999999");
});

test("rename, pin, merge, split and move, each taken back", async () => {
  const before = await groups(), [a, b, c] = before;
  const named = await ask(200, "PATCH", `/v1/clusters/${a.id}`, json({ name: " Scheiben 圆 ", pinned: true }));
  check(named.name === "Scheiben 圆" && named.named_by === "person" && named.pinned, named);
  await undo(named.undo);
  const merged = await ask(200, "POST", "/v1/clusters/merge", json({ ids: [c.id, b.id], name: "lines" }));
  check(merged.id === b.id && merged.size === 14 && merged.by_hand && merged.name === "lines", merged);
  const split = await ask(200, "POST", `/v1/clusters/${merged.id}/split`, json({ k: 2 }));
  check(split.clusters.length === 2 && split.clusters[0].id === merged.id && split.clusters[0].size + split.clusters[1].size === 14, split);
  await ask(409, "POST", `/v1/undo/${merged.undo}`); // first the split
  await undo(split.undo);
  await undo(merged.undo);
  const moved = await ask(200, "POST", `/v1/clusters/${a.id}/pictures`, json({ sha256: [sent[10].sha, sent[11].sha] }));
  check(moved.moved === 2 && (await of(10)) === a.id);
  await ask(409, "POST", `/v1/clusters/${a.id}/pictures`, json({ sha256: [sent[10].sha] }));
  const out = await ask(200, "POST", "/v1/clusters/0/pictures", json({ sha256: [sent[0].sha] }));
  check((await ask(200, "GET", "/v1/clusters/0/pictures")).total === 1 && (await of(0)) === 0);
  await undo(out.undo);
  await undo(moved.undo);
  const after = await groups();
  check(JSON.stringify(after) === JSON.stringify(before), after);
});

test("a group becomes a class, here or in another data set, and is taken back", async () => {
  const [a] = await groups();
  const here = await ask(200, "POST", `/v1/clusters/${a.id}/class`, json({ class: "Scheiben" }));
  check(here.dataset === "Library" && here.changed === a.size && here.undo, here);
  const again = await ask(200, "POST", `/v1/clusters/${a.id}/class`, json({ class: "Scheiben", dataset: "Library" }));
  check(again.changed === 0 && again.undo === null, again);
  check((await ask(200, "GET", "/v1/pictures?class=Scheiben")).total === a.size && (await groups())[0].size === a.size);
  await undo(here.undo);
  await ask(404, "GET", "/v1/pictures?class=Scheiben"); // the class was made by it and is gone with it
  await ask(201, "POST", "/v1/datasets", json({ name: "yard" }));
  const there = await ask(200, "POST", `/v1/clusters/${a.id}/class`, json({ class: "discs", dataset: "yard" }));
  check(there.dataset === "yard" && there.changed === a.size, there);
  check((await ask(200, "GET", "/v1/pictures?dataset=yard&class=discs")).total === a.size);
  await undo(there.undo);
  check((await ask(200, "GET", "/v1/pictures?dataset=yard")).total === 0 && (await groups())[0].size === a.size);
  await ask(400, "POST", `/v1/clusters/${a.id}/class`, json({}));
  await ask(404, "POST", `/v1/clusters/${a.id}/class`, json({ class: "x", dataset: "none" }));
  await ask(404, "POST", "/v1/clusters/999999/class", json({ class: "x" }));
});

test("ids and names stay over runs and a restart, and a run is taken back", async () => {
  const before = await groups();
  await ask(200, "PATCH", `/v1/clusters/${before[1].id}`, json({ name: "mine" }));
  await send(2, 100, 12);
  await make({ method: "kmeans", k: 3, seed: 7 });
  const after = await groups();
  check(after.length === 3 && after.map((g) => g.id).sort().join() === before.map((g) => g.id).sort().join(), after.map((g) => g.id));
  check(after.find((g) => g.id === before[1].id).name === "mine" && after.find((g) => g.id === before[2].id).size === 18);
  const two = await make({ method: "kmeans", k: 2 });
  check((await groups()).length === 2);
  await undo(two.detail.undo);
  check(JSON.stringify(await groups()) === JSON.stringify(after));
  await server.stop();
  server = await Server.start("--data", server.data);
  check(JSON.stringify(await groups()) === JSON.stringify(after), "as before the restart");
});

test("what is new joins at once, and density leaves out what is in no group", async () => {
  await send(0, 200, 2);
  for (let i = 0; i < 100 && (await ask(200, "GET", "/v1/clusters")).waiting; i++) await sleep(50);
  const all = await ask(200, "GET", "/v1/clusters");
  check(all.waiting === 0 && all.new === 2 && (await of(sent.length - 1)) === (await of(0)), all.new);
  await make({ method: "density", least: 5 });
  const dense = await ask(200, "GET", "/v1/clusters");
  check(dense.method === "density" && dense.least === 5 && dense.k === null, dense.method);
  check(dense.clusters.reduce((s, c) => s + c.size, 0) + dense.outside === sent.length);
});

test("groups of what a filter means, beside those of all", async () => {
  const whole = await ask(200, "GET", "/v1/clusters");
  check(whole.filter === null && whole.kept.length === 0, whole.kept);
  const some = sent.filter((p) => p.kind !== 2).slice(0, 12).map((p) => p.sha);
  await ask(200, "POST", "/v1/pictures/change", json({ sha256: some, add_tags: ["grün"] }));
  const tag = encodeURIComponent("grün"), at = `/v1/clusters?tag=${tag}`;
  const none = await ask(200, "GET", at);
  check(none.state === "none" && none.pictures === 12 && none.waiting === 12 && none.filter.tag.join() === "grün" && !none.clusters.length, none);
  await ask(404, "GET", `/v1/clusters/0/pictures?tag=${tag}`);
  const job = await make({ method: "kmeans", k: 2, filter: { tag: "grün", order: "name" } });
  check(job.detail.filter.tag.join() === "grün" && job.detail.groups === 2, job.detail);
  const part = await ask(200, "GET", `${at}&order=oldest`);
  check(part.state === "ready" && part.clusters.length === 2 && part.clusters[0].size + part.clusters[1].size === 12, part);
  check(JSON.stringify((await groups()).map((g) => [g.id, g.size])) === JSON.stringify(whole.clusters.map((g) => [g.id, g.size])), "the whole is as it was");
  const kept = (await ask(200, "GET", "/v1/clusters")).kept;
  check(kept.length === 1 && kept[0].groups === 2 && kept[0].filter.tag.join() === "grün" && kept[0].made_at, kept);
  /* A picture that does not fit any more is out of sight, in lists too, and back when it fits again. */
  const [g] = part.clusters, inside = (await ask(200, "GET", `/v1/clusters/${g.id}/pictures`)).items.map((p) => p.sha256);
  const off = await ask(200, "POST", "/v1/pictures/change", json({ sha256: [inside[0]], remove_tags: ["grün"] }));
  const less = await ask(200, "GET", at);
  check(less.pictures === 11 && less.gone === 1 && less.clusters.find((c) => c.id === g.id).size === inside.length - 1, less);
  check((await ask(200, "GET", `/v1/clusters/${g.id}/pictures`)).total === inside.length - 1);
  check((await ask(200, "GET", `/v1/pictures?cluster=${g.id}`)).total === inside.length - 1);
  await undo(off.undo);
  check((await ask(200, "GET", `/v1/pictures?cluster=${g.id}`)).total === inside.length && (await ask(200, "GET", at)).gone === 0);
  const out = await ask(200, "POST", "/v1/clusters/0/pictures", json({ sha256: [inside[0]], filter: { tag: "grün" } }));
  check((await ask(200, "GET", at)).outside === 1 && (await ask(200, "GET", `/v1/clusters/0/pictures?tag=${tag}`)).total === 1);
  await undo(out.undo);
  await ask(400, "POST", "/v1/clusters/merge", json({ ids: [g.id, whole.clusters[0].id] }));
  /* One that comes to fit joins within a second or so. */
  await ask(200, "POST", "/v1/pictures/change", json({ sha256: [sent.filter((p) => p.kind !== 2)[12].sha], add_tags: ["grün"] }));
  for (let i = 0; i < 200 && (await ask(200, "GET", at)).waiting; i++) await sleep(50);
  const more = await ask(200, "GET", at);
  check(more.waiting === 0 && more.new === 1 && more.pictures === 13, more);
  await undo(job.detail.undo);
  check((await ask(200, "GET", at)).state === "none" && (await ask(200, "GET", "/v1/clusters")).kept.length === 0);
  await make({ method: "kmeans", k: 2, filter: { tag: ["grün"] } });
  await server.stop();
  server = await Server.start("--data", server.data);
  check((await ask(200, "GET", at)).clusters.length === 2, "over a restart");
  await ask(404, "GET", "/v1/clusters?tag=none");
  await ask(400, "GET", "/v1/clusters?colour=red");
  await ask(400, "GET", "/v1/clusters?since=yesterday");
  await ask(400, "GET", `/v1/clusters?cluster=${g.id}`);
  await ask(404, "POST", "/v1/clusters/run", json({ filter: { class: "none" } }));
  await ask(400, "POST", "/v1/clusters/run", json({ filter: { colour: "red" } }));
  await ask(400, "POST", "/v1/clusters/run", json({ filter: "grün" }));
  await ask(400, "POST", "/v1/clusters/run", json({ filter: { cluster: 1 } }));
  await ask(400, "DELETE", "/v1/clusters");
  await ask(404, "DELETE", "/v1/clusters?format=png");
  await ask(204, "DELETE", at);
  await ask(404, "DELETE", at);
  check((await groups()).length === whole.clusters.length);
});

test("the organiser's routes: its fields, every picture once", async () => {
  await make({ method: "kmeans", k: 3 });
  const list = await ask(200, "GET", "/clusters"), kept = await groups();
  check(list.map((c) => c.cluster_id).join() === kept.map((g) => g.id).join(), list.map((c) => c.cluster_id));
  const ids = list.flatMap((c) => c.image_ids);
  check(ids.length === sent.length && new Set(ids).size === ids.length);
  const size = (await ask(200, "GET", `/v1/clusters/${kept[0].id}`)).centroid.length;
  check(list.every((c) => c.centroid.length === size && c.category_name), size);
  for (const c of list) { // the mean of its vectors: as long as they are alike
    const length = Math.hypot(...c.centroid), alike = kept.find((g) => g.id === c.cluster_id).cohesion;
    check(Math.abs(length - alike) < 1e-4, length, alike);
    check(c.image_ids.every((id, i) => i === 0 || id > c.image_ids[i - 1]), "in the order of ids");
  }
  const grouped = await ask(200, "GET", "/clusters/grouped");
  check(grouped.reduce((s, g) => s + g.total_images, 0) === sent.length);
  check(grouped.flatMap((g) => g.subgroups).length === list.length);
  const names = grouped.map((g) => g.object_category);
  check(names.join() === [...names].sort().join(), names);
});

test("every described answer of groups was seen", async () => {
  const [g] = await groups();
  const posts = ["/v1/clusters/run", "/v1/clusters/merge", `/v1/clusters/${g.id}/pictures`, `/v1/clusters/${g.id}/split`, `/v1/clusters/${g.id}/class`];
  for (const [method, path] of [...posts.map((p) => ["POST", p]), ["PATCH", `/v1/clusters/${g.id}`]]) {
    await ask(413, method, path, json({ dataset: "x".repeat(path.endsWith("/pictures") ? 9 << 20 : 2 << 20) }));
    await ask(415, method, path, { body: "x", headers: { "Content-Type": "text/plain" } });
    await ask(400, method, path, json("[1]"));
  }
  const missing = [];
  for (const row of api.rows.filter((r) => r.operation.tags[0] === "groups"))
    for (const status of Object.keys(row.operation.responses)) {
      const name = `${row.method} ${row.path} ${status}`;
      if (status !== "default" && status !== "503" && !api.seen.has(name)) missing.push(name);
    }
  check(missing.length === 0, "not seen:", missing.join(", "));
});

await run();
