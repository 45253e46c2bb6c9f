// bench/intake.mjs FOLDER [SCANS]: how much an import slows a scan, and scans an import.  A server on a fresh data folder is asked
// the same picture over and over: before an import of FOLDER, while it runs, and after; then FOLDER is imported again into
// another folder with nobody asking.  Prints a table; doc/intake.md has one.
import { Server, newFolder, form, json, picture, run, sleep, test } from "../test/http/lib.mjs";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const folder = resolve(process.argv[2]), scans = Number(process.argv[3] || 300);
const at = (list, q) => list[Math.min(list.length - 1, Math.floor(q * list.length))].toFixed(1).padStart(7);
const line = (name, list, more = "") => {
  list.sort((a, b) => a - b);
  console.log(`| ${name.padEnd(24)} | ${String(list.length).padStart(5)} | ${at(list, 0.5)} | ${at(list, 0.9)} | ${at(list, 0.99)} | ${list.at(-1).toFixed(1).padStart(7)} | ${more}`);
};
const memory = (server) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`))[1]) / 1024;
const body = { body: picture(0, 9999), headers: { "Content-Type": "image/png" } };

async function ask(server, many, go = () => true) {
  const times = [];
  while (times.length < many && (await go())) {
    const begun = performance.now(), answer = await server.request("POST", "/v1/predict", body);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.bytes}`);
    times.push(performance.now() - begun);
    await sleep(20); // a person, not a load test
  }
  return times;
}
async function open() {
  const server = await Server.start("--folders", folder);
  for (const [k, name] of ["disc", "bars"].entries()) {
    await server.request("POST", "/v1/classes", json({ name }));
    await server.request("POST", `/v1/images?class=${name}`, form(Array.from({ length: 20 }, (_, i) => ({ name: "images", file: `${i}.png`, value: picture(k, i) }))));
  }
  return server;
}
const state = async (server) => (await server.request("GET", "/v1/intake")).json;
const start = (server) => server.request("POST", "/v1/intake/folder", json({ path: folder }));
const running = async (server) => { const s = await state(server); return s.reading || s.waiting > 0 || s.working > 0; };

test("measured", async () => {
  console.log("| scans                    |     n | p50 ms  | p90 ms  | p99 ms  | most ms |");
  let server = await open();
  await ask(server, 20);
  line("no import", await ask(server, scans));
  let begun = performance.now(), most = 0;
  await start(server);
  await sleep(300);
  const during = await ask(server, 1e6, async () => ((most = Math.max(most, memory(server))), running(server)));
  const seconds = (performance.now() - begun) / 1000, s = await state(server), n = s.batches[0].added;
  line("an import runs", during, `${n} pictures, ${(n / seconds).toFixed(0)} a second, at most ${most.toFixed(0)} MB`);
  line("no import, after", await ask(server, scans));
  await server.stop();
  server = await open();
  begun = performance.now();
  most = 0;
  await start(server);
  await sleep(300);
  for (; await running(server); await sleep(100)) most = Math.max(most, memory(server));
  const alone = (performance.now() - begun) / 1000;
  console.log(`nobody asks: ${((await state(server)).batches[0].added / alone).toFixed(0)} pictures a second, at most ${most.toFixed(0)} MB`);
});
await run();
