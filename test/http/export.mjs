// Pictures go out as one file: formats, selections picked by hand, a client that goes away amid the file; archives come back in.
import { Interface, Server, check, form, json, newFolder, png, run, sha256, sleep, test } from "./lib.mjs";
import { randomFillSync } from "node:crypto";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createConnection } from "node:net";
import { join } from "node:path";

const PICTURES = 24, SIDE = 640; // noise: 1.2 MB each, 29 MB in all, so that no buffer on the way holds an archive
const data = newFolder(), root = newFolder();
const server = await Server.start("--data", data, "--folders", root);
const api = new Interface((await server.request("GET", "/openapi.json")).json);
const names = [];

async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer;
}
async function until(what, probe, seconds = 60) {
  for (const late = Date.now() + seconds * 1000; ; await sleep(50)) {
    const value = await probe();
    if (value) return value;
    check(Date.now() < late, `${what}: did not happen`);
  }
}
const members = (tar) => {
  const path = join(root, "listed.tar");
  writeFileSync(path, tar);
  return execFileSync("tar", ["tf", path], { encoding: "utf8" }).trim().split("\n").filter((n) => !n.endsWith("/"));
};
const settled = () => until("the intake ends", async () => {
  const s = (await ask(200, "GET", "/v1/intake")).json;
  return s.waiting === 0 && s.working === 0;
});

test("pictures come in", async () => {
  const noise = Buffer.alloc(SIDE * SIDE * 3);
  const parts = [];
  for (let i = 0; i < PICTURES; i++) {
    randomFillSync(noise);
    let at = 0;
    const bytes = png(SIDE, SIDE, () => [noise[at++], noise[at++], noise[at++]]);
    names.push(sha256(bytes));
    parts.push({ name: "files", file: `noise-${i}.png`, value: bytes });
  }
  for (let i = 0; i < PICTURES; i += 8)
    await ask(202, "POST", "/v1/intake", form(parts.slice(i, i + 8)));
  await settled();
  await ask(201, "POST", "/v1/classes", json({ dataset: "Library", name: "First" }));
  await ask(200, "POST", "/v1/pictures/change", json({ sha256: names.slice(0, 6), class: "First", add_tags: ["few"], album_add: "Best" }));
});

test("each format, by parameters, by an object and by a browser's form", async () => {
  for (const format of ["folder", "coco", "csv", "jsonl", "croissant"]) {
    const whole = await ask(200, "GET", `/v1/export?format=${format}&tag=few`);
    check(members(whole.bytes).filter((n) => n.endsWith(".png")).length === 6, members(whole.bytes));
    const same = await ask(200, "POST", "/v1/export", json({ format, filter: { tag: "few" } }));
    check(same.bytes.equals(whole.bytes), format);
  }
  const list = await ask(200, "GET", "/v1/export?format=jsonl&pictures=false&order=name");
  check(list.bytes.toString().trim().split("\n").length === PICTURES);
  const request = { format: "csv", pictures: false, sha256: names.slice(0, 3) };
  const table = await ask(200, "POST", "/v1/export", { body: `request=${encodeURIComponent(JSON.stringify(request))}`, headers: { "Content-Type": "application/x-www-form-urlencoded" } });
  check(table.bytes.toString().trim().split("\r\n").length === 4, table.bytes.toString());
});

test("what cannot be exported is refused before a byte is sent", async () => {
  await ask(400, "GET", "/v1/export?format=zip");
  await ask(400, "GET", "/v1/export?size=3");
  await ask(404, "GET", "/v1/export?tag=none");
  await ask(404, "GET", "/v1/export?dataset=none");
  for (const path of ["/v1/export", "/v1/export/plan"]) {
    await ask(400, "POST", path, json({ sha256: names, filter: {} }));
    await ask(404, "POST", path, json({ dataset: "none" }));
    await ask(413, "POST", path, json({ format: "x".repeat(9 << 20) }));
    await ask(415, "POST", path, { body: "x", headers: { "Content-Type": "text/plain" } });
  }
});

test("thirty thousand pictures chosen by hand", async () => {
  const many = [...names, ...Array.from({ length: 30000 - PICTURES }, (_, i) => i.toString(16).padStart(64, "0"))];
  const plan = (await ask(200, "POST", "/v1/export/plan", json({ format: "csv", pictures: false, sha256: many }))).json;
  check(plan.pictures === PICTURES && plan.missing === 30000 - PICTURES, plan);
  const request = JSON.stringify({ format: "jsonl", pictures: false, sha256: many });
  const list = await ask(200, "POST", "/v1/export", { body: new URLSearchParams({ request }).toString(), headers: { "Content-Type": "application/x-www-form-urlencoded" } });
  check(list.bytes.toString().trim().split("\n").length === PICTURES);
  const changed = (await ask(200, "POST", "/v1/pictures/change", json({ sha256: many, add_tags: ["all of them"] }))).json;
  check(changed.tagged === PICTURES && changed.missing === 30000 - PICTURES, changed);
});

// The head of the answer and a little of the archive, then nothing is read any more.
const begin = (path) => new Promise((done, failed) => {
  const socket = createConnection(server.port, "127.0.0.1");
  let got = 0;
  socket.on("error", failed);
  socket.on("data", (part) => {
    got += part.length;
    if (got < 20000) return;
    socket.pause();
    done(socket);
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
});
const descriptors = () => readdirSync(`/proc/${server.child.pid}/fd`).length;
const threads = () => readdirSync(`/proc/${server.child.pid}/task`).length;

test("a client that goes amid an archive leaves nothing behind", async () => {
  const whole = await ask(200, "GET", "/v1/export"); // also opens what stays open
  await ask(200, "GET", "/v1/export");
  let before = 0, ran = 0;
  await until("it is quiet", async () => {
    const [fds, tasks] = [descriptors(), threads()];
    await sleep(300);
    before = descriptors();
    ran = threads();
    return fds === before && tasks === ran;
  });
  const hold = join(data, "hold");
  for (let round = 0; round < 4; round++) { // 8 at once are the most
    const open = await Promise.all(Array.from({ length: 8 }, () => begin("/v1/export")));
    const one_more = await server.request("GET", "/v1/export");
    check(one_more.status === 503 && /under way/.test(one_more.json.detail), one_more.status);
    open.forEach((socket, i) => (i % 2 ? socket.destroy() : socket.resetAndDestroy()));
    await until("the exports end", () => descriptors() <= before && threads() <= ran);
  }
  execFileSync("flock", ["-n", "-x", hold, "true"]); // files may be removed again
  check((await ask(200, "GET", "/v1/export")).bytes.equals(whole.bytes), "the same archive as before");
  await ask(200, "POST", "/v1/pictures/change", json({ sha256: [names[0]], add_tags: ["after"] }));
  check(!/Sanitizer|runtime error|WARNING: ThreadSanitizer/.test(server.output), server.output);
});

test("a client that goes before anything was sent, and HEAD, start nothing", async () => {
  for (let i = 0; i < 20; i++) {
    const socket = createConnection(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /v1/export HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await sleep(i % 5);
    socket.destroy();
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 3; i++) // what came behind a head would be read as the next answer's
    check((await server.request(i % 2 ? "GET" : "HEAD", i % 2 ? "/v1/tags" : "/v1/export", { agent })).status === 200);
  agent.destroy();
  await until("none is under way", async () => (await server.request("GET", "/v1/export?tag=few")).status === 200);
});

test("an archive below the server's folders comes back in", async () => {
  writeFileSync(join(root, "few.tar"), (await ask(200, "GET", "/v1/export?tag=few")).bytes);
  mkdirSync(join(root, "plain"));
  copyFileSync(join(root, "few.tar"), join(data, "inside.tar"));
  for (const body of [{}, { path: 3 }, { path: join(data, "inside.tar") }, { path: "../few.tar" }, { path: "none.tar" }, { path: "few.tar", class_by: "best" }, { resume: 1 }])
    await ask(400, "POST", "/v1/import", json(body));
  await ask(404, "POST", "/v1/import", json({ path: "few.tar", dataset: "none" }));
  await ask(413, "POST", "/v1/import", json({ path: "x".repeat(2 << 20) }));
  await ask(415, "POST", "/v1/import", json({ path: "plain" }));
  await ask(201, "POST", "/v1/datasets", json({ name: "copy" }));
  const [job] = (await ask(202, "POST", "/v1/import", json({ path: "few.tar", dataset: "copy" }))).json.jobs;
  const over = await until("the job ends", async () => {
    const j = (await ask(200, "GET", `/v1/jobs/${job}`)).json;
    return ["done", "failed", "cancelled"].includes(j.state) && j;
  });
  check(over.state === "done" && over.kind === "archive" && over.detail.queued === 6 && over.detail.problems.length === 0, over);
  check((await ask(200, "GET", "/v1/pictures?dataset=copy&tag=few&class=First")).json.total === 6);
  check((await ask(202, "POST", "/v1/import", json({ resume: true }))).json.jobs.length === 0);
});

test("it ends in order", async () => {
  const { code } = await server.stop();
  check(code === 0, `status ${code}`, server.output);
});

await run();
