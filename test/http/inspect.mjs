// Inspection trainings over HTTP: from drawn boards to golden samples with a person's answers, every route and every file; and a server that
// is killed in each state goes on to the same end.  The server is stopped (SIGSTOP) to be looked at, so that the state it is killed in
// is the one that was seen, on a quick machine and on a slow one.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Interface, Server, Skip, check, form, json, newFolder, picture, program, run, sleep, test } from "./lib.mjs";

// Two runs, as together they are long on a busy machine: inspect_killed.mjs is this file with the tests that kill.
const killing = process.argv[1].endsWith("inspect_killed.mjs"), asked = killing ? () => {} : test, killed = killing ? test : () => {};

const shared = newFolder(), data = newFolder(), boards = join(shared, "boards");
execFileSync(join(dirname(program), "draw-pictures"), ["--set", "boards", "--count", "6", "--faulty", "4", "--seed", "1", "--out", boards]);
mkdirSync(join(shared, "empty", "OK"), { recursive: true });
mkdirSync(join(shared, "neither"));
const elsewhere = newFolder();
cpSync(join(boards, "OK"), join(elsewhere, "OK"), { recursive: true });
const ok = readdirSync(join(boards, "OK")).sort(), ng = readdirSync(join(boards, "NG")).sort();
const truth = JSON.parse(readFileSync(join(boards, "truth.json")));
const choices = Object.fromEntries(Object.values(truth.classes).map((c) => [`${c.component}_${c.light}`, c.orientation]));
const settings = { "training.max_epochs": 2, "model.backbone": "efficientnetv2_tiny", "data.image_size": 64, "model.embedding_size": 64 };

const start = () => Server.start("--data", data, "--inspect-folders", shared);
let server = await start();
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer;
}
const refused = async (words, status, ...rest) => {
  const { detail } = (await ask(status, ...rest)).json;
  check(detail.includes(words), `"${words}" is not in:`, detail);
};
const begin = async (more = {}) =>
  (await ask(200, "POST", "/training/start", json({ input_dir: "boards", settings, ...more }))).json.task_id;
const status = async (id) => (await ask(200, "GET", `/training/status/${id}`)).json;
const over = ["completed", "failed", "cancelled"];

async function until(id, states) {
  for (const late = Date.now() + 200000; ;) {
    const task = await status(id);
    if (states.includes(task.status)) return task;
    check(!over.includes(task.status), `${id} ended:`, task);
    check(Date.now() < late, `${id} takes too long:`, task);
    await sleep(50);
  }
}
const confirm = (id, orientations = choices, want = 200) => ask(want, "POST", `/orientation/confirm/${id}`, json({ task_id: id, orientations }));
const files = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => e.name);

// What a completed task's folder must hold, whatever happened on the way.
function whole(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json")));
  const names = manifest.originals.map((o) => o.file).sort();
  check(JSON.stringify(names) === JSON.stringify([...ok, ...ng].sort()), "originals:", names.length, "of", ok.length + ng.length);
  check(JSON.stringify(files(join(folder, "raw_data")).sort()) === JSON.stringify(names), "raw_data is not every picture once");
  const turned = files(join(folder, "oriented_data"));
  check(turned.length === 4 * ok.length + ng.length && new Set(turned).size === turned.length, "oriented_data:", turned.length);
  const rows = readFileSync(join(folder, "results/evaluation_results.csv"), "utf8").trim().split("\n").slice(1)
    .map((r) => r.split(",")[0] + r.slice(r.lastIndexOf(","))); // an original comes once in each turn
  check(new Set(rows).size === rows.length && rows.length > ng.length, "a picture is judged twice:", rows.length);
  const left = readdirSync(folder, { recursive: true }).filter((n) => /\.(tmp|part|partial|new)$/.test(n));
  check(left.length === 0, "left behind:", left);
}

let id, task;

asked("what cannot be trained is refused before it is a task", async () => {
  const post = (body, words) => refused(words, 400, "POST", "/training/start", typeof body === "string" ? json(body) : json(body));
  await post({}, "input_dir");
  await post({ input_dir: 7 }, "input_dir");
  await post({ input_dir: "nowhere" }, "nowhere");
  await post({ input_dir: "../" }, "");
  await post({ input_dir: elsewhere }, "--inspect-folders");
  await post({ input_dir: "/etc" }, "--inspect-folders");
  await post({ input_dir: "boards", output_dir: elsewhere }, "--inspect-folders");
  await post({ input_dir: "boards", settings: [] }, "settings");
  await post({ input_dir: "boards", settings: { "training.max_epoch": 2 } }, "training.max_epochs");
  await post({ input_dir: "boards", settings: { "training.max_epochs": "many" } }, "training.max_epochs");
  await post({ input_dir: "boards", settings: { "training.max_epochs": {} } }, "neither text nor number");
  await post({ input_dir: "boards", settings: { "model.weights": "/etc/passwd" } }, "cannot be chosen here");
  await post({ input_dir: "boards", max_epochs: 0 }, "training.max_epochs");
  await post({ input_dir: "boards", batch_size: -4 }, "batch_size");
  await post("{", "JSON");
  await post("[1]", "");
  await ask(413, "POST", "/training/start", json({ input_dir: "x".repeat(3 << 20) }));
  await ask(415, "POST", "/training/start", { body: "<a/>", headers: { "Content-Type": "text/xml" } });
  check((await ask(200, "GET", "/training/list")).json.length === 0, "something became a task");
});

asked("what is not there is 404, on every route", async () => {
  for (const no of ["task_20260101_000000_0123456789abcdef", "..", "%2e%2e%2fassay.db", "a%00b", "x".repeat(300)]) {
    for (const path of [`status/${no}`, `result/${no}`, `download/${no}/model`]) {
      const answer = await server.request("GET", `/training/${path}`);
      check([400, 404].includes(answer.status), path, answer.status);
    }
    for (const [method, path] of [["POST", `/training/cancel/${no}`], ["DELETE", `/training/delete/${no}`], ["GET", `/orientation/samples/${no}`],
      ["GET", `/temp/${no}/R1_top/a.jpg`], ["GET", `/v1/inspections/${no}`], ["GET", `/v1/inspections/${no}/golden/1`]]) {
      const answer = await server.request(method, path);
      check([400, 404].includes(answer.status), method, path, answer.status);
    }
  }
  const no = "task_20260101_000000_0123456789abcdef";
  for (const path of [`/training/status/${no}`, `/training/result/${no}`, `/orientation/samples/${no}`, `/v1/inspections/${no}`])
    await ask(404, "GET", path);
  await ask(404, "POST", `/orientation/confirm/${no}`, json({ orientations: {} }));
  await refused("no inspection training is completed", 409, "POST", "/v1/inspect", form([{ name: "images", file: ok[0], value: picture(0, 1) }]));
});

asked("a folder becomes a question to a person: samples of every class, and their pictures", async () => {
  const { folders } = (await ask(200, "GET", "/v1/inspections/sources")).json;
  check(folders.length === 2 && folders[0].endsWith("/boards") && folders[1].endsWith("/empty"), folders);
  const began = (await ask(200, "POST", "/training/start", json({ input_dir: "boards", site: "HPH", line_id: "V31", settings }))).json;
  id = began.task_id;
  check(began.status === "pending" && /^task_\d{8}_\d{6}_[0-9a-f]{16}$/.test(id), began);
  task = await until(id, ["pending_orientation"]);
  check(task.progress > 0.1 && task.progress < 0.3 && task.output_dir.startsWith(data), task);
  await refused("no result yet", 400, "GET", `/training/result/${id}`);
  await ask(404, "GET", `/training/download/${id}/model`);
  await refused("is not over", 400, "DELETE", `/training/delete/${id}`);
  const classes = (await ask(200, "GET", `/orientation/samples/${id}`)).json;
  check(JSON.stringify(classes.map((c) => c.class_name)) === JSON.stringify(Object.keys(choices).sort()), classes.map((c) => c.class_name));
  for (const c of classes) {
    check(c.sample_images.length === 3 && c.orientation === null, c);
    for (const url of c.sample_images) {
      const got = await ask(200, "GET", url);
      check(got.type === "image/jpeg" && got.bytes.equals(readFileSync(join(boards, "OK", decodeURIComponent(url.split("/").pop())))), url);
    }
  }
  for (const path of ["R12_top/none.jpg", "R12_top/..%2f..%2fmanifest.json", "..%2f..%2f..%2f/assay.db", "../manifest.json", "nobody/a.jpg"])
    check([400, 404].includes((await server.request("GET", `/temp/${id}/${path}`)).status), path);
});

asked("answers must be of every class and nothing else", async () => {
  const [first, ...others] = Object.keys(choices), some = Object.fromEntries(others.map((k) => [k, choices[k]]));
  const post = (body, words) => refused(words, 400, "POST", `/orientation/confirm/${id}`, json(body));
  await post({}, "orientations");
  await post({ orientations: [] }, "object");
  await post({ orientations: {} }, `no orientation for ${others.length + 1} of ${others.length + 1}`);
  await post({ orientations: some }, first);
  await post({ orientations: { ...choices, [first]: "up" } }, first);
  await post({ orientations: { ...choices, [first]: 1 } }, first);
  await post({ orientations: { ...choices, nobody: "Up" } }, "nobody");
  await post({ task_id: "task_of_another", orientations: choices }, "task_id");
  await post("[", "JSON");
  await ask(413, "POST", `/orientation/confirm/${id}`, json({ orientations: { x: "x".repeat(3 << 20) } }));
  await ask(415, "POST", `/orientation/confirm/${id}`, { body: "a", headers: { "Content-Type": "text/plain" } });
  check((await status(id)).status === "pending_orientation", "a wrong answer moved the task");
});

asked("confirmed, it learns and comes to golden samples, and every file can be had", async () => {
  await confirm(id);
  check(["running", "pending"].includes((await status(id)).status), await status(id));
  task = await until(id, ["completed"]);
  check(task.progress === 1 && task.end_time && task.error_message === null, task);
  whole(task.output_dir);
  const result = (await ask(200, "GET", `/training/result/${id}`)).json;
  check(result.total_classes === Object.keys(choices).length && result.total_images === ok.length + ng.length, result);
  check(result.accuracy >= 0 && result.accuracy <= 1, result);
  for (const path of [result.model_path, result.evaluation_csv, result.confusion_matrix]) check(existsSync(path), path);
  const magic = { png: "89504e47", json: "7b" };
  for (const [what, end] of Object.entries({ model: "safetensors", evaluation_csv: "csv", confusion_matrix: "png", summary: "json", class_accuracy: "png",
    similarity_dist: "png", module: "inspect", missing: "csv", golden: "json", thresholds: "json", train_config: "json" })) {
    const got = await ask(200, "GET", `/training/download/${id}/${what}`);
    check(got.type === "application/octet-stream" && got.headers["content-disposition"].includes(`.${end}"`), what, got.headers);
    check(got.bytes.length > 20 && got.bytes.toString("hex").startsWith(magic[end] || ""), what, got.bytes.length);
  }
  await refused("is none of model", 400, "GET", `/training/download/${id}/passwords`);
  await refused("is over", 400, "GET", `/orientation/samples/${id}`);
  await confirm(id, choices, 400);
  await refused("is over", 400, "POST", `/training/cancel/${id}`);
  const all = (await ask(200, "GET", `/v1/inspections/${id}`)).json;
  check(all.points.length >= 2 && all.detail.pictures === ok.length && all.detail.ng === ng.length && all.summary.total_images === ok.length + ng.length, all.detail);
  const shown = await ask(200, "GET", `/v1/inspections/${id}/files/class_accuracy`);
  check(shown.type === "image/png", shown.type);
  check((await ask(200, "GET", `/v1/inspections/${id}/golden/1`)).bytes.toString("hex").startsWith("89504e47"), "a golden sample is a PNG");
  for (const no of ["0", "-1", "9999", "x", "1%2f..", "1e3"]) check([400, 404].includes((await server.request("GET", `/v1/inspections/${id}/golden/${no}`)).status), no);
  const list = (await ask(200, "GET", "/training/list")).json;
  check(list.length === 1 && list[0].task_id === id && list[0].status === "completed", list);
});

asked("pictures are held against its golden samples; what cannot be asked is told and stops no other", async () => {
  const of = (folder, name) => ({ name: "images", file: name, value: readFileSync(join(boards, folder, name)) });
  const pair = ok.filter((n) => n.startsWith(ok[0].slice(0, ok[0].lastIndexOf("_"))));
  const faulty = ng.filter((n) => n.startsWith(ng[0].slice(0, ng[0].lastIndexOf("_"))));
  check(pair.length === 2 && faulty.length === 2, pair, faulty);
  const post = async (parts, query = "", want = 200) => (await ask(want, "POST", `/v1/inspect${query}`, form(parts))).json;
  const good = await post(pair.map((n) => of("OK", n)), `?task=${id}`);
  check(good.task === id && good.decisions.length === 1 && good.refused.length === 0, good);
  check(good.decisions[0].sides.length === 2 && JSON.stringify([...good.decisions[0].files].sort()) === JSON.stringify(pair), good.decisions[0]);
  check(good.decisions[0].decision === (good.decisions[0].match ? "OK" : "NG"), good.decisions[0]);
  const bad = await post(faulty.map((n) => of("NG", n)));
  check(bad.decisions.length === 1 && bad.decisions[0].reason.length > 3, bad);
  const mixed = await post([...pair.map((n) => of("OK", n)), { name: "images", file: "../../etc/passwd", value: picture(0, 3) },
    { name: "images", file: "holiday.jpg", value: picture(0, 4) }, { name: "images", file: "20260302080000_B1@R12_1_back.png", value: picture(0, 5) },
    { name: "images", file: "20260302080000_B2@R12_1_top.jpg", value: Buffer.from("no picture") },
    { name: "images", file: "20260302080000_B3@R12_1_top.jpg", value: readFileSync(join(boards, "OK", pair[1])).subarray(0, 300) },
    { name: "images", file: "20260302080000_B4@XX99_1_top.jpg", value: picture(1, 6) }]);
  check(mixed.decisions.length >= 1 && mixed.decisions.length + mixed.refused.length >= 5, mixed);
  check(mixed.refused.every((r) => r.message.length > 10), mixed.refused);
  check(["../../etc/passwd", "holiday.jpg"].every((n) => mixed.refused.some((r) => n.endsWith(r.file))), mixed.refused);
  const lone = await post([of("OK", pair[0])]);
  check(lone.decisions.length === 0 && lone.refused.length === 1, "one light of two is no question", lone);
  await ask(404, "POST", "/v1/inspect?task=task_20260101_000000_0123456789abcdef", form([of("OK", pair[0])]));
  await ask(400, "POST", "/v1/inspect", form([{ name: "component", value: "R12" }]));
  const bare = (await ask(200, "POST", "/v1/inspect", { body: "a", headers: { "Content-Type": "text/plain" } })).json;
  check(bare.decisions.length === 0 && bare.refused.length === 1, "bytes without a name:", bare);
  const many = await post([...ok.map((n) => of("OK", n))]);
  check(many.decisions.length === ok.length / 2 && many.refused.length === 0, many.decisions.length, many.refused);
});

asked("a folder without pictures is a task that failed and says why; a cancelled one stops; both can be deleted", async () => {
  const none = await begin({ input_dir: "empty" });
  for (let t; (t = await status(none)).status !== "failed";) check(!["completed", "cancelled"].includes(t.status) || 0, t), await sleep(50);
  check((await status(none)).error_message.length > 10, await status(none));
  const wrong = await begin({ orientations: { R12_top: "Up" } });
  for (let t; (t = await status(wrong)).status !== "failed";) check(!["completed", "cancelled"].includes(t.status) || 0, t), await sleep(50);
  check((await status(wrong)).error_message.includes("no orientation for"), await status(wrong));
  const stopped = await begin();
  await until(stopped, ["pending_orientation"]);
  await ask(200, "POST", `/training/cancel/${stopped}`);
  check((await status(stopped)).status === "cancelled", await status(stopped));
  const folder = (await status(stopped)).output_dir;
  await confirm(stopped, choices, 400);
  await refused("delete_files", 400, "DELETE", `/training/delete/${stopped}?delete_files=maybe`);
  const learning = await begin({ orientations: choices, settings: { ...settings, "training.max_epochs": 500, "training.patience": 500 } });
  while (!/epoch/.test((await status(learning)).current_step)) check(!over.includes((await status(learning)).status), await status(learning)), await sleep(50);
  await ask(200, "POST", `/training/cancel/${learning}`);
  while ((await status(learning)).status === "running") await sleep(50);
  check((await status(learning)).status === "cancelled", await status(learning));
  for (const one of [none, wrong, stopped, learning]) await ask(200, "DELETE", `/training/delete/${one}?delete_files=true`);
  check(!existsSync(folder), "its files are there still");
  check((await ask(200, "GET", "/training/list")).json.length === 1, "the list has more than the first");
});

// ---- killed

const at = (folder, name) => existsSync(join(folder, name));
const states = {
  gathering: (f) => at(f, "raw_data.tmp") && !at(f, "orientation.json"),
  turning: (f) => at(f, "oriented_data.tmp") || at(f, "dataset.tmp"),
  learning: (f) => at(f, "model.partial") && !at(f, "model"),
  judging: (f) => at(f, "model") && !at(f, "summary_report.json"),
};
const folderOf = (task) => join(data, "inspect", `training_${task}`);

// Stop the server, look, and kill it when the state is there; else let it go on a little.  False: the state was missed.
async function killIn(task, is) {
  const folder = folderOf(task);
  for (;;) {
    server.child.kill("SIGSTOP");
    if (is(folder)) {
      await server.kill();
      return true;
    }
    const done = at(folder, "summary_report.json");
    server.child.kill("SIGCONT");
    if (done) return false;
    await sleep(3);
  }
}

async function killAndGoOn(name) {
  for (let tries = 0; tries < 8; tries++) {
    const task = await begin(name === "gathering" ? {} : { orientations: choices });
    if (!(await killIn(task, states[name]))) {
      await until(task, over);
      continue;
    }
    server = await start();
    if (name === "gathering") {
      await until(task, ["pending_orientation"]);
      await confirm(task);
    }
    whole((await until(task, ["completed"])).output_dir);
    return;
  }
  throw new Error(`${name} was never seen`);
}

for (const name of Object.keys(states))
  killed(`killed while ${name}, it goes on and has every picture once`, () => killAndGoOn(name));

killed("killed while it waits for a person, it waits on; two at work and one that waits its turn all go on", async () => {
  const waits = await begin();
  await until(waits, ["pending_orientation"]);
  const long = { ...settings, "training.max_epochs": 6, "training.patience": 6 };
  const busy = [await begin({ orientations: choices, settings: long }), await begin({ orientations: choices, settings: long })];
  for (const one of busy) await until(one, ["running"]);
  const queued = await begin({ orientations: choices });
  server.child.kill("SIGSTOP");
  check(!existsSync(folderOf(queued)), "it was taken though two are at work");
  await server.kill();
  server = await start();
  check((await status(waits)).status === "pending_orientation", await status(waits));
  check((await ask(200, "GET", `/orientation/samples/${waits}`)).json.length === Object.keys(choices).length, "samples");
  await confirm(waits);
  for (const one of [waits, ...busy, queued]) whole((await until(one, ["completed"])).output_dir);
});

asked("a backup made while one waits and one learns brings all of them back, and they go on; check leaves them alone", async () => {
  if (process.env.ASSAY_TEST_MYSQL || process.env.ASSAY_TEST_POSTGRES) throw new Skip("a database server's data are backed up otherwise");
  const waits = await begin(), learns = await begin({ orientations: choices, settings: { ...settings, "training.max_epochs": 6, "training.patience": 6 } });
  await until(waits, ["pending_orientation"]);
  for (let t; !/epoch/.test((t = await status(learns)).current_step);) check(!over.includes(t.status), t), await sleep(20);
  const parts = newFolder(), copy = join(parts, "copy"), back = join(parts, "back");
  const assay = (...args) => execFileSync(program, args, { stdio: "pipe" }).toString();
  assay("backup", copy, "--data", data);
  await until(learns, ["completed"]);
  await server.stop();
  assay("check", "--repair", "--data", data);
  whole(folderOf(learns));
  assay("restore", copy, "--data", back);
  server = await Server.start("--data", back, "--inspect-folders", shared);
  const first = await status(id);
  check(first.status === "completed" && first.output_dir.startsWith(back), first);
  whole(first.output_dir);
  const answer = (await ask(200, "POST", `/v1/inspect?task=${id}`, form(ok.slice(0, 2).map((n) => ({ name: "images", file: n, value: readFileSync(join(boards, "OK", n)) }))))).json;
  check(answer.decisions.length === 1, answer);
  check((await ask(200, "GET", `/orientation/samples/${waits}`)).json.length === Object.keys(choices).length, "samples");
  await confirm(waits);
  for (const one of [waits, learns]) whole((await until(one, ["completed"])).output_dir);
});

await run();
