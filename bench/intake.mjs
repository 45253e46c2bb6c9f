// bench/intake.mjs [PICTURES [SCANS_SECONDS]]: an import and scans beside each other; what an import costs.  PICTURES: how many (10000).
// 1. A server on a fresh data folder is asked the same picture over and over: before an import of a folder, during its first
//    SCANS_SECONDS (60), and after it; its memory is looked at all the while.
// 2. "assay embed" and "assay import" of the same fifth of the folder, in turns: seconds and processor time.
// Prints the tables of doc/intake.md.  The pictures are drawn; copies differ by a few bytes at their end, which no decoder reads.
import { Server, newFolder, form, json, picture, run, sleep, test, program } from "../test/http/lib.mjs";
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const many = Number(process.argv[2] || 10000), seconds = Number(process.argv[3] || 60), SCANS = 250;
const root = newFolder(), folder = join(root, "all"), part = join(root, "part"), drawn = join(root, "drawn");
const at = (list, q) => list[Math.min(list.length - 1, Math.floor(q * list.length))].toFixed(1).padStart(7);
const line = (name, list, more = "") => {
  list.sort((a, b) => a - b);
  console.log(`| ${name.padEnd(24)} | ${String(list.length).padStart(5)} | ${at(list, 0.5)} | ${at(list, 0.9)} | ${at(list, 0.99)} | ${list.at(-1).toFixed(1).padStart(7)} | ${more}`);
};
const memory = (server) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`))[1]) / 1024;
const load = () => loadavg()[0].toFixed(1);
const body = { body: picture(0, 9999), headers: { "Content-Type": "image/png" } };
const state = async (server) => (await server.request("GET", "/v1/intake?limit=1")).json;

function draw() {
  const classes = 20;
  execFileSync(program.replace(/assay$/, "draw-pictures"), ["--set", "demo", "--count", String(Math.ceil(Math.min(many, 400) / classes)), "--size", "128", "--seed", "3", "--out", drawn]);
  const files = readdirSync(drawn, { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && f.name.endsWith(".jpg")).map((f) => join(f.path, f.name));
  mkdirSync(folder);
  mkdirSync(part);
  for (let i = 0; i < many; i++)
    for (const to of i % 5 ? [folder] : [folder, part]) {
      copyFileSync(files[i % files.length], join(to, `${i}.jpg`));
      appendFileSync(join(to, `${i}.jpg`), `copy ${i}`);
    }
}

// go: false ends it; sees what time it is.
async function ask(server, most, go = () => true) {
  const times = [];
  while (times.length < most && (await go())) {
    const begun = performance.now(), answer = await server.request("POST", "/v1/predict", body);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes}`);
    times.push(performance.now() - begun);
    await sleep(20); // a person, not a load test
  }
  return times;
}

async function open() {
  const server = await Server.start("--folders", root);
  for (const [k, name] of ["disc", "bars"].entries()) {
    await server.request("POST", "/v1/classes", json({ name }));
    await server.request("POST", `/v1/images?class=${name}`, form(Array.from({ length: 20 }, (_, i) => ({ name: "images", file: `${i}.png`, value: picture(k, i) }))));
  }
  return server;
}

async function beside() {
  console.log(`| scans (load ${load()})${" ".repeat(Math.max(0, 11 - load().length))} |     n | p50 ms  | p90 ms  | p99 ms  | most ms |`);
  const server = await open();
  await ask(server, 30);
  line("no import", await ask(server, SCANS));
  const sizes = [];
  let s, look = 0, next = 0;
  const begun = performance.now();
  const step = async () => {
    if (performance.now() - look > 250) { // not at every scan: counting costs too
      s = await state(server);
      look = performance.now();
      for (const done = s.done; done >= (next * many) / 10 && next <= 10; next++) sizes.push(memory(server).toFixed(0));
    }
    return s.reading || s.waiting > 0 || s.working > 0;
  };
  await server.request("POST", "/v1/intake/folder", json({ path: folder }));
  const during = await ask(server, 1e6, async () => (await step()) && performance.now() - begun < seconds * 1000);
  s = await state(server);
  const first = s.done, middle = performance.now();
  line("an import runs", during, `${((first / (middle - begun)) * 1000).toFixed(0)} pictures a second come in`);
  while (await step()) await sleep(100);
  s = await state(server);
  const rest = s.done - first, ended = performance.now();
  line("no import, after", await ask(server, SCANS));
  if (rest > many / 20) console.log(`nobody scans: ${((rest / (ended - middle)) * 1000).toFixed(0)} pictures a second`);
  console.log(`${s.batches[0].added} pictures, ${s.failed} failed; server's memory after each tenth, MB: ${sizes.join(" ")}`);
  await server.stop();
}

// Seconds on the clock, and of the processor.
function timed(...args) {
  const out = execFileSync("bash", ["-c", 'TIMEFORMAT="%R %U %S"; { time "$@" > /dev/null 2>&1; } 2>&1', "bash", program, ...args]).toString().trim().split(" ").map(Number);
  return { clock: out[0], cpu: out[1] + out[2] };
}

function cost() {
  const rows = [[], []];
  for (let round = 0; round < 3; round++) {
    rows[0].push(timed("embed", part, "--npy", join(root, "v.npy"), "--quiet"));
    const data = join(root, "data");
    rows[1].push(timed("import", part, "--data", data, "--quiet"));
    rmSync(data, { recursive: true, force: true });
  }
  const list = (row, key) => row.map((r) => r[key].toFixed(1)).join(", ");
  const least = (row) => Math.min(...row.map((r) => r.cpu));
  const n = readdirSync(part).length;
  console.log(`| ${n} pictures, three times in turns | seconds | processor seconds |`);
  console.log(`| assay embed (decode, vectors)  | ${list(rows[0], "clock")} | ${list(rows[0], "cpu")} |`);
  console.log(`| assay import                   | ${list(rows[1], "clock")} | ${list(rows[1], "cpu")} |`);
  console.log(`an import costs ${((least(rows[1]) / least(rows[0]) - 1) * 100).toFixed(1)} % more processor time than decode and vectors alone (the least of each)`);
}

test("measured", async () => {
  console.log(`${cpus().length} x ${cpus()[0].model}, load ${load()}, ${many} drawn pictures of 128 x 128`);
  draw();
  await beside();
  cost();
});
await run();
