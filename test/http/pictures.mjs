// The library's shelf over HTTP: the list with its filters, orders and parts; tags, albums, saved searches, classes and deletion of
// many at once; undo of each; teaching another data set; the audit; and what is refused.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Interface, Server, check, json, newFolder, picture, run, sha256, test } from "./lib.mjs";

const data = newFolder();
// A trained model of three kinds of drawn pictures, active from the start.
const drawn = join(newFolder(), "drawn"), made = join(newFolder(), "kinds");
for (const [kind, name] of ["discs", "stripes", "checks"].entries()) {
  mkdirSync(join(drawn, name), { recursive: true });
  for (let seed = 0; seed < 12; seed++) writeFileSync(join(drawn, name, `${seed}.png`), picture(kind, 100 + seed));
}
for (const command of [["train", drawn, "--out", made, "--frozen"], ["model", "import", made, "--data", data], ["model", "promote", "kinds", "--data", data]])
  execFileSync("build/release/assay", command, { stdio: "pipe" });
let server = await Server.start("--data", data);
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, value) {
  const answer = await server.request(method, path, value === undefined ? {} : json(value));
  api.verify(method, path.split("?")[0], answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const list = (query = "", status = 200) => ask(status, "GET", `/v1/pictures${query}`);
const total = async (query) => (await list(query)).total;
const change = (value, status = 200) => ask(status, "POST", "/v1/pictures/change", value);
const undo = (token, status = 200) => ask(status, "POST", `/v1/undo/${token}`);

const names = [];
for (let i = 0; i < 30; i++) names.push(`yard ${i}.png`);
const pictures = [];
const { dataset: library } = await ask(200, "GET", "/v1/pictures");
check(!(await ask(200, "GET", "/v1/datasets")).items.some((d) => d.library), "a question made the library");
for (const [i, name] of names.entries()) {
  const bytes = picture(i % 3, i, i < 10 ? 64 : 96);
  const sha = sha256(bytes);
  const put = await server.request("PUT", `/v1/images/${sha}?dataset=${library}&class=Unsorted&file=${encodeURIComponent(name)}`, { body: bytes, headers: { "Content-Type": "image/png" } });
  check(put.status === 201, put.bytes.toString());
  pictures.push(sha);
}

test("the list is newest first and any part of it can be asked for", async () => {
  const all = await list("?limit=500");
  check(all.total === 30 && all.items.length === 30 && all.dataset === library, all.total);
  check(all.items.map((i) => i.sha256).join() === [...pictures].reverse().join(), "newest first");
  const part = await list("?offset=25&limit=10");
  check(part.items.length === 5 && part.offset === 25 && part.items[4].sha256 === pictures[0], part.items.length);
  check((await list("?offset=1000")).items.length === 0);
  const one = all.items[0];
  check(one.class === "Unsorted" && one.unsorted && one.width === 96 && one.format === "png" && one.taken_at === null && one.camera === null && !one.tags.length, one);
  check(JSON.stringify(await ask(200, "GET", `/v1/pictures/${one.sha256}`)) === JSON.stringify(one), "one alone");
  await ask(404, "GET", `/v1/pictures/${"0".repeat(64)}`);
  const thumb = await server.request("GET", one.thumb), file = await server.request("GET", one.url);
  check(thumb.type === "image/jpeg" && sha256(file.bytes) === one.sha256);
  check((await list("?order=name")).items.slice(0, 3).map((i) => i.file).join() === "yard 0.png,yard 1.png,yard 2.png", "as people count");
  check((await list("?order=oldest&limit=1")).items[0].sha256 === pictures[0]);
  check((await total("?max_side=64")) === 10 && (await total("?min_side=65")) === 20 && (await total("?text=%22YARD%201%22")) === 11 && (await total("?text=1%20YARD")) === 12);
  check((await total("?untagged=true")) === 30 && (await total("?unsorted=true&format=png")) === 30 && (await total("?format=jpeg")) === 0);
  check((await total("?since=1d&until=2999")) === 30 && (await total("?until=2000-01-01")) === 0 && (await total("?taken_since=1990")) === 0);
});

test("what cannot be asked for is said", async () => {
  for (const query of ["?since=soon", "?order=best", "?limit=501", "?offset=-1", "?min_bytes=lots", "?colour=blue", "?untagged=maybe"]) {
    const a = await server.request("GET", `/v1/pictures${query}`);
    check(a.status === 400 && a.json.detail, query, a.status);
  }
  await list("?tag=nothing", 404);
  await list("?class=nothing", 404);
  await list("?dataset=nothing", 404);
  await change({ sha256: [pictures[0]] }, 400);
  await change({ add_tags: ["x"] }, 400);
  await change({ sha256: ["zz"], add_tags: ["x"] }, 400);
  await change({ sha256: [pictures[0]], add_tags: ["-x"] }, 400);
  await change({ sha256: [pictures[0]], add_tags: "x" }, 400);
  await change({ sha256: [pictures[0]], add_tag: ["x"] }, 400);
  await change({ sha256: [pictures[0]], filter: {}, delete: true }, 400);
  await change({ sha256: ["0".repeat(64)], add_tags: ["x"] }, 404);
  await change({ sha256: [pictures[0]], remove_tags: ["unheard of"] }, 404);
  await change({ filter: { colour: "blue" }, delete: true }, 400);
  await change({ sha256: [pictures[0]], delete: true, class: "Unsorted" }, 400);
  check((await total("")) === 30 && (await ask(200, "GET", "/v1/tags")).items.length === 0, "nothing was half done");
});

test("tags go on many pictures once, narrow the list, and come off by one token", async () => {
  const a = await change({ sha256: pictures.slice(0, 12), add_tags: ["blue", "deep sea"] });
  check(a.changed === 12 && a.tagged === 24 && a.undo, a);
  const again = await change({ sha256: pictures.slice(0, 12), add_tags: ["Blue"] }); // the tag that is there, whatever its capitals
  check(again.changed === 0 && again.undo === null, again);
  const b = await change({ filter: { max_side: 64 }, remove_tags: ["deep sea"] });
  check(b.changed === 10 && b.untagged === 10, b);
  check((await total("?tag=blue")) === 12 && (await total("?tag=blue,-deep%20sea")) === 10 && (await total("?tag=-blue")) === 18 && (await total("?untagged=true")) === 18);
  check((await list("?tag=deep%20sea")).items[0].tags.join() === "blue,deep sea");
  const tags = (await ask(200, "GET", "/v1/tags")).items;
  check(tags.map((t) => `${t.name} ${t.pictures}`).join() === "blue 12,deep sea 2", tags);
  check(pictures.slice(0, 12).includes(tags[0].cover));
  await undo(b.undo);
  check((await total("?tag=deep%20sea")) === 12);
  await undo(a.undo);
  check((await ask(200, "GET", "/v1/tags")).items.length === 0, "tags that were made for it are gone too");
  await undo(a.undo, 404);
  check((await total("?untagged=true")) === 30);
});

test("a tag is renamed, deleted with its pictures' marks, and comes back with them", async () => {
  const a = await change({ filter: {}, add_tags: ["old"] });
  check(a.changed === 30);
  const tag = (await ask(200, "GET", "/v1/tags")).items[0];
  const renamed = await ask(200, "PATCH", `/v1/tags/${tag.id}`, { name: "new" });
  check((await total("?tag=new")) === 30);
  await list("?tag=old", 404);
  const gone = await ask(200, "DELETE", `/v1/tags/${tag.id}`);
  check((await total("?untagged=true")) === 30);
  await ask(404, "DELETE", `/v1/tags/${tag.id}`);
  const made = await ask(201, "POST", "/v1/tags", { name: "new" });
  await ask(409, "POST", "/v1/tags", { name: "new" });
  await undo(gone.undo, 409);
  await undo(made.undo);
  await undo(gone.undo);
  await undo(renamed.undo);
  check((await total("?tag=old")) === 30);
  await undo(a.undo);
});

test("albums have an order made by hand", async () => {
  const made = await change({ sha256: [pictures[5], pictures[2], pictures[9]], album_add: "Best of" });
  check(made.album_added === 3, made);
  const album = (await ask(200, "GET", "/v1/albums")).items[0];
  check(album.name === "Best of" && album.pictures === 3 && album.cover === pictures[5], album);
  const order = async () => (await list("?album=Best%20of&order=album")).items.map((i) => pictures.indexOf(i.sha256)).join();
  check((await order()) === "5,2,9", await order());
  const sorted = await ask(200, "PATCH", `/v1/albums/${album.id}`, { order: [pictures[9], pictures[5]] });
  check((await order()) === "9,5,2", await order());
  const taken = await change({ sha256: [pictures[5]], album_remove: "Best of" });
  check((await order()) === "9,2");
  await undo(taken.undo);
  check((await order()) === "9,5,2");
  await undo(sorted.undo);
  check((await order()) === "5,2,9");
  await list("?order=album", 400);
  const gone = await ask(200, "DELETE", `/v1/albums/${album.id}`);
  await list("?album=Best%20of", 404);
  await undo(gone.undo);
  check((await order()) === "5,2,9");
});

test("saved searches are live: what fits is in them", async () => {
  const a = await ask(201, "POST", "/v1/saved", { name: "Small ones", filter: { max_side: 64 } });
  await ask(201, "POST", "/v1/saved", { name: "By words", words: "blue bottle" });
  await ask(400, "POST", "/v1/saved", { name: "Nothing" });
  await ask(400, "POST", "/v1/saved", { name: "Wrong", filter: { colour: 1 } });
  await ask(409, "POST", "/v1/saved", { name: "Small ones", filter: {} });
  let items = (await ask(200, "GET", "/v1/saved")).items;
  check(items.map((i) => `${i.name} ${i.pictures}`).join() === "By words null,Small ones 10", items);
  check(items[1].filter.max_side === 64 && items[0].words === "blue bottle");
  const changed = await ask(200, "PATCH", `/v1/saved/${a.id}`, { name: "Large ones", filter: { min_side: 65 } });
  items = (await ask(200, "GET", "/v1/saved")).items;
  check(items[1].name === "Large ones" && items[1].pictures === 20, items[1]);
  await undo(changed.undo);
  items = (await ask(200, "GET", "/v1/saved")).items;
  check(items[1].name === "Small ones" && items[1].pictures === 10);
  const gone = await ask(200, "DELETE", `/v1/saved/${a.id}`);
  check((await ask(200, "GET", "/v1/saved")).items.length === 1);
  await undo(gone.undo);
});

test("classes and deletion of many, each by one token", async () => {
  await ask(201, "POST", "/v1/classes", { dataset: library, name: "Boards" });
  const a = await change({ filter: { max_side: 64 }, class: "Boards", add_tags: ["sorted"] });
  check(a.moved === 10 && a.tagged === 10 && a.changed === 10, a);
  check((await total("?class=Boards")) === 10 && (await total("?unsorted=true")) === 20);
  const b = await change({ filter: { tag: "sorted" }, delete: true });
  check(b.deleted === 10 && (await total("")) === 20, b);
  const back = await undo(b.undo);
  check(back.images === 10 && (await total("?tag=sorted&class=Boards")) === 10, back);
  await undo(a.undo);
  check((await total("?unsorted=true")) === 30 && (await total("?untagged=true")) === 30);
});

test("pictures teach a class of another data set with the vectors they have", async () => {
  await ask(201, "POST", "/v1/datasets", { name: "yard" });
  const a = await ask(200, "POST", "/v1/pictures/teach", { sha256: pictures.slice(0, 8), to: { dataset: "yard", class: "discs" } });
  check(a.added === 8, a);
  const classes = (await ask(200, "GET", "/v1/classes?dataset=yard")).items;
  check(classes.length === 1 && classes[0].images === 8 && classes[0].embedded === 8, classes);
  const like = await ask(200, "POST", "/v1/search", { sha256: pictures[0], dataset: "yard", cutoff: "none" });
  check(like.results.length === 7, like.results.length);
  const again = await ask(200, "POST", "/v1/pictures/teach", { filter: { text: "yard" }, to: { dataset: "yard", class: "more" } });
  check(again.added === 22 && again.pictures === 30, again);
  await ask(400, "POST", "/v1/pictures/teach", { sha256: [pictures[0]], to: { dataset: library, class: "x" } });
  await ask(404, "POST", "/v1/pictures/teach", { sha256: [pictures[0]], to: { dataset: "nowhere", class: "x" } });
  await undo(again.undo);
  check((await total("?dataset=yard")) === 8 && (await total("")) === 30);
});

test("a search looks among what the filter leaves", async () => {
  const a = await change({ sha256: pictures.slice(0, 6), add_tags: ["among"] });
  const search = (value, status = 200) => ask(status, "POST", "/v1/search", { sha256: pictures[0], dataset: library, cutoff: "none", ...value });
  const found = await search({ tag: "among" });
  check(found.results.length === 5 && found.considered === 5 && found.results.every((r) => pictures.indexOf(r.sha256) < 6), found.considered);
  check((await search({ filter: { tag: ["among"], text: "yard 3" } })).results.length === 1);
  check((await search({ filter: { tag: "-among" } })).considered === 24);
  await search({ tag: "nowhere" }, 404);
  await search({ filter: { colour: 1 } }, 400);
  check((await search({ dataset: "*", filter: { class: "discs" } })).considered >= 7, "one data set has the class");
  await search({ dataset: "*", filter: { class: "nowhere" } }, 404);
  await undo(a.undo);
});

test("the audit says who did what to which picture", async () => {
  const a = await change({ sha256: [pictures[3], pictures[4]], add_tags: ["seen"] });
  const one = await ask(200, "GET", `/v1/audit?sha256=${pictures[3]}`);
  check(one.items[0].code === "pictures.change" && one.items[0].who === "127.0.0.1" && one.items[0].pictures === 2, one.items[0]);
  check(one.items[0].fields.add.join() === "seen" && one.items[0].fields.undo === a.undo && one.items[0].text === '2 pictures: tagged "seen"', one.items[0]);
  check(one.items.at(-1).code === "picture.add", one.items.at(-1));
  const first = await ask(200, "GET", "/v1/audit?limit=5"), next = await ask(200, "GET", `/v1/audit?limit=5&cursor=${first.next}`);
  check(first.items.length === 5 && next.items[0].id < first.items[4].id);
  const seen = (await ask(200, "GET", "/v1/audit?limit=500")).items;
  check(seen.every((i) => i.text && !i.text.includes("undefined")) && new Set(seen.map((i) => i.code)).size > 8, [...new Set(seen.map((i) => i.code))]);
  await ask(400, "GET", "/v1/audit?sha256=abc");
});

test("all of it is there after a restart", async () => {
  await server.stop();
  server = await Server.start("--data", data);
  check((await total("?tag=seen")) === 2 && (await total("?dataset=yard")) === 8);
  check((await list("?album=Best%20of&order=album")).items.map((i) => pictures.indexOf(i.sha256)).join() === "5,2,9");
  check((await ask(200, "GET", "/v1/saved")).items.length === 2);
});

test("an album is sorted by hand, two tags become one, and the history of a picture has it, and that it was taken back", async () => {
  const four = (await list("?order=oldest&limit=4")).items.map((i) => i.sha256);
  await change({ sha256: four, album_add: "By hand", add_tags: ["crimson"] });
  await change({ sha256: four.slice(2), add_tags: ["scarlet"] });
  const album = (await ask(200, "GET", "/v1/albums")).items.find((a) => a.name === "By hand");
  const order = async () => (await list("?album=By%20hand&order=album")).items.map((i) => four.indexOf(i.sha256)).join();
  const moved = await ask(200, "PATCH", `/v1/albums/${album.id}`, { move: [four[3], four[1]], before: four[0] });
  check((await order()) === "3,1,0,2", await order());
  check((await ask(200, "GET", "/v1/albums")).items.find((a) => a.id === album.id).cover === four[3], "the first is the cover");
  await ask(200, "PATCH", `/v1/albums/${album.id}`, { move: [four[3]] });
  check((await order()) === "1,0,2,3", await order());
  await undo(moved.undo);
  check((await order()) === "0,1,2,3", await order());
  await ask(404, "PATCH", `/v1/albums/${album.id}`, { move: [pictures[20]] });
  await ask(404, "PATCH", `/v1/albums/${album.id}`, { move: [four[0]], before: pictures[20] });
  await ask(400, "PATCH", `/v1/albums/${album.id}`, { move: [four[0]], before: 3 });
  await ask(400, "PATCH", `/v1/albums/${album.id}`, { move: [four[0]], order: [] });
  const tags = (await ask(200, "GET", "/v1/tags")).items, id = (name) => tags.find((x) => x.name === name).id;
  const merged = await ask(200, "PATCH", `/v1/tags/${id("scarlet")}`, { into: "Crimson" });
  check(!(await ask(200, "GET", "/v1/tags")).items.some((x) => x.name === "scarlet") && (await total("?tag=crimson")) === 4, "one tag");
  await undo(merged.undo);
  check((await total("?tag=scarlet")) === 2 && (await total("?tag=crimson")) === 4, "two again");
  const history = (await ask(200, "GET", `/v1/audit?sha256=${four[3]}`)).items;
  check(history[0].code === "undo" && history[0].fields.of === "tag.merge" && history[1].code === "tag.merge" && history[1].fields.to === "crimson", history.slice(0, 2));
  check(history[0].text.includes("taken back") && history[0].who && history[0].pictures === 2, history[0]);
  await ask(404, "PATCH", `/v1/tags/${id("scarlet")}`, { into: "nothing" });
  await ask(400, "PATCH", `/v1/tags/${id("scarlet")}`, { into: id("scarlet") });
  await ask(400, "PATCH", `/v1/tags/${id("scarlet")}`, { into: [], name: "x" });
  await ask(400, "PATCH", `/v1/tags/${id("scarlet")}`, { into: true });
});

test("what was taken out of a filter stays as it is, and tags are counted among what a filter leaves", async () => {
  const out = (await list("?order=oldest&limit=2")).items.map((i) => i.sha256);
  const done = await change({ filter: { text: "yard" }, except: out, add_tags: ["but two"] });
  check(done.changed === 28 && (await total("?tag=but%20two")) === 28, done);
  const tags = (await ask(200, "GET", "/v1/tags?text=yard&max_side=64")).items;
  check(tags.find((x) => x.name === "but two").pictures === 8, tags);
  await undo(done.undo);
  await change({ sha256: out, except: out, add_tags: ["x"] }, 400);
  await change({ filter: {}, except: ["nothing"], add_tags: ["x"] }, 400);
  await ask(404, "GET", "/v1/tags?class=nothing");
  await ask(400, "GET", "/v1/tags?colour=blue");
});

test("a trained model looks at the pictures, and they are filtered and ordered by what it says", async () => {
  const unknown = await list("?predicted=discs", 404);
  check(unknown.detail.includes("has looked at the pictures yet"), unknown.detail);
  const before = await ask(200, "GET", "/v1/pictures/opinions");
  check(before.model.name === "kinds" && before.model.active && before.known === 0 && before.pictures === 30 && before.job === null, before);
  check((await list("?limit=1")).items[0].opinion === null, "no opinion yet");
  const job = await ask(202, "POST", "/v1/pictures/opinions", {});
  let state = job;
  while (["running", "pending"].includes(state.state)) {
    await new Promise((r) => setTimeout(r, 20));
    state = await ask(200, "GET", `/v1/jobs/${job.id}`);
  }
  check(state.state === "done" && state.done === 30 && state.total === 30, state);
  const now = await ask(200, "GET", "/v1/pictures/opinions?model=kinds:1");
  check(now.known === 30 && now.classes.reduce((n, c) => n + c.pictures, now.unlike) === 30 && now.classes.length === 3, now);
  const all = await list("?order=score&limit=500");
  check(all.total === 30 && all.items.every((i, n) => i.opinion && (n === 0 || i.opinion.score <= all.items[n - 1].opinion.score)), "surest first");
  const doubt = await list("?order=doubt&limit=500");
  check(doubt.items.every((i, n) => n === 0 || i.opinion.margin >= doubt.items[n - 1].opinion.margin), "smallest margin first");
  for (const least of [0, 0.5, 0.8, 1]) {
    const want = all.items.filter((i) => i.opinion.score >= least).map((i) => i.sha256).sort().join();
    check((await list(`?min_score=${least}&limit=500`)).items.map((i) => i.sha256).sort().join() === want, "least", least);
    check((await list(`?min_score=${100 * least}%25&limit=500`)).items.map((i) => i.sha256).sort().join() === want, "in per cent", least);
  }
  for (const { name, pictures: n } of now.classes) check((await total(`?predicted=${name}`)) === n, name);
  check((await total("?predicted=-discs")) === 30 - now.classes.find((c) => c.name === "discs").pictures, "all others");
  const kept = await ask(201, "POST", "/v1/saved", { name: "Doubtful", filter: { max_score: 0.5, order: "doubt" } });
  check((await ask(200, "GET", "/v1/saved")).items.find((x) => x.name === "Doubtful").pictures === all.items.filter((i) => i.opinion.score <= 0.5).length, "a live album");
  await undo(kept.undo);
  const changed = await change({ filter: { predicted: "stripes", min_score: "50%" }, add_tags: ["sure stripes"] });
  check(changed.changed === (await total("?tag=sure%20stripes")) && changed.changed > 0, changed);
  await undo(changed.undo);
  await ask(400, "GET", "/v1/pictures?min_score=2");
  await ask(400, "GET", "/v1/pictures?model=-kinds");
  await ask(404, "GET", "/v1/pictures?predicted=nothing");
  await ask(404, "GET", "/v1/pictures?predicted=discs&model=other");
  await ask(404, "GET", "/v1/pictures/opinions?model=other");
  await ask(404, "POST", "/v1/pictures/opinions", { model: "other" });
  await ask(400, "POST", "/v1/pictures/opinions", { again: "yes" });
  await ask(400, "POST", "/v1/pictures/opinions", { agian: true });
});

await run();
