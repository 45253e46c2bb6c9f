// 64 clients classify pictures by words and say what they think of the answers, while the database is killed and started again in
// the middle: no wrong answer, no acknowledged verdict lost, none that was refused or never given, each once however often it was
// sent, 503 with Retry-After otherwise, service by itself when the database is back, and memory that does not grow.
//
//   test/mariadb/run feedback                           about 20 seconds
//   SECONDS_OF_LOAD=120 test/mariadb/run feedback       the long one
import { Server, check, form, json, newFolder, picture, program, run, sha256, sleep, sql, storeOf, test } from "../http/lib.mjs";
import { writeModel } from "../http/tiny_clip.mjs";
import { execFileSync } from "node:child_process";
import http from "node:http";
import { readFileSync } from "node:fs";

const CLIENTS = 64, PICTURES = 4, seconds = Number(process.env.SECONDS_OF_LOAD || 20);
const labels = ["a dog", "a cat", "the sky", "rain", "a red car"], themes = ["rain", "a dog"];
const mariadb = (...args) => execFileSync("test/mariadb/server", args, { stdio: "ignore" });
const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

// A verdict by its key: what was sent, how it stands: "kept" (acknowledged), "refused" (503: nothing was changed), "open" (503: may or
// may not have been kept, and was not asked again).
const verdicts = new Map();
const counts = { classified: 0, weighed: 0, verdicts: 0, resent: 0, refused: 0, unknown: 0, slowest: 0 };
let over = false;

function refusal(answer, what) {
  check(answer.status === 503, what, answer.status, answer.bytes.toString().slice(0, 300));
  check(answer.headers["retry-after"] && answer.json.detail.length > 10, what, answer.headers, answer.json);
  counts.refused++;
  if (answer.json.code === "unknown outcome") counts.unknown++;
  return answer.json.code === "unknown outcome" ? "open" : "refused";
}

async function timed(server, agent, path, options) {
  const begun = Date.now(), answer = await server.request("POST", path, { ...options, agent });
  counts.slowest = Math.max(counts.slowest, Date.now() - begun);
  return answer;
}

const question = (bytes, theme) => form([{ name: "file", file: "a.png", value: bytes }, { name: "labels", value: labels.join() },
  { name: "similar_threshold", value: "1" }, ...(theme ? [{ name: "theme", value: theme }] : [])]);

// What a picture's answer must be, whenever it is asked: its logits do not change.
async function ask(server, agent, mine, theme) {
  const a = await timed(server, agent, "/classify", question(mine.bytes, theme));
  if (a.status !== 200) {
    refusal(a, "classifying");
    return;
  }
  check(a.json.image_hash === mine.digest, "another picture's answer", a.json.image_hash, mine.digest);
  mine.logits ??= a.json.raw_logits;
  labels.forEach((l) => check(a.json.raw_logits[l] === mine.logits[l], "a wrong answer", l, a.json.raw_logits, mine.logits));
  counts.classified++;
  if (!theme) return;
  // Only this client judges this picture, one at a time, so it knows what must have been weighed.  Verdicts are minutes old.
  const of = [...mine.keys].map((k) => verdicts.get(k)).filter((v) => v.theme === theme);
  for (const accepted of [true, false]) {
    const least = of.filter((v) => v.accepted === accepted && v.is === "kept").length, weighed = a.json.affinity[accepted ? "accepted" : "rejected"];
    const most = least + of.filter((v) => v.accepted === accepted && v.is === "open").length;
    check(weighed > least * 0.9999 - 1e-5 && weighed < most + 1e-5, "verdicts are not weighed as given", { weighed, least, most });
  }
  counts.weighed++;
}

async function judge(server, agent, mine, turn, old) {
  const key = `${mine.digest.slice(0, 16)}-${turn}`;
  const v = { sha256: mine.digest, theme: themes[turn % 2], accepted: turn % 3 !== 0, key, is: "refused" };
  verdicts.set(key, v);
  mine.keys.add(key);
  for (let attempt = 0; attempt < 1 + (turn % 3); attempt++) {
    const { is, ...body } = v;
    const a = await timed(server, agent, "/v1/feedback", json(body));
    if (a.status === 200 || a.status === 201) {
      check(a.json.key === key && a.json.sha256 === v.sha256 && a.json.theme === v.theme && a.json.accepted === v.accepted, a.json);
      if (v.is !== "kept") counts.verdicts++;
      v.is = "kept";
      if (turn % 5) return; // else it is sent again, as a client does that did not hear the answer
      counts.resent++;
    } else {
      const how = refusal(a, "judging");
      if (v.is === "refused") v.is = how;
      await sleep(100);
    }
    if (over) return;
  }
}

async function client(server, n) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const mine = Array.from({ length: PICTURES }, (_, i) => {
    const bytes = picture(n + i, 1000 * n + i, 48);
    return { bytes, digest: sha256(bytes), keys: new Set(), logits: null };
  });
  for (const m of mine) await ask(server, agent, m, null);
  for (let turn = n; !over; turn++) {
    const m = mine[turn % PICTURES], before = counts.refused;
    if (turn % 4 === 0) await judge(server, agent, m, turn);
    else await ask(server, agent, m, turn % 4 === 1 ? themes[(turn >> 2) % 2] : null);
    if (counts.refused !== before) await sleep(50);
  }
  agent.destroy();
}

async function until(ms, what, condition) {
  for (const late = Date.now() + ms; !(await condition()); await sleep(50)) check(Date.now() < late, what);
}

test(`${CLIENTS} clients for ${seconds} s, the database killed and started again in the middle`, async () => {
  const data = newFolder(), model = newFolder();
  writeModel(model);
  const args = ["--data", data, "--model", model, "--precision", "f32", "--max-queue", "400", "--log-level", "error"];
  let server = await Server.start(...args);
  const pid = server.child.pid, part = (seconds * 1000) / 8, marks = [];
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(server, n));
  const failed = Promise.all(clients).then(() => null, (error) => error);
  const wait = async (parts) => {
    for (let i = 0; i < parts; i++) {
      await Promise.race([sleep(part), failed.then((e) => { if (e) throw e; })]);
      marks.push(resident(pid));
    }
  };

  await wait(3);
  mariadb("kill");
  const asked = counts.classified;
  await wait(2);
  check(counts.classified > asked, "questions without a theme are answered while the database is away");
  check((await server.request("GET", "/health")).status === 200, "alive");
  mariadb("start");
  const begun = Date.now(), given = counts.verdicts;
  await until(15000, "verdicts are taken again, without a restart", () => counts.verdicts > given + 5);
  console.log(`  back ${Date.now() - begun} ms after the database`);
  await wait(3);
  over = true;
  const error = await failed;
  if (error) throw error;
  console.log(`  ${JSON.stringify(counts)}`);
  console.log(`  resident MB: ${marks.map((m) => m.toFixed(0)).join(", ")}`);
  check(counts.refused > 0 && counts.verdicts > 50 && counts.weighed > 50, "the test did its work", counts);

  const rows = new Map(sql("SELECT SUBSTRING(token, 2), sha256, theme, accepted FROM verdict", storeOf(data).name).split("\n").map((line) => {
    const [key, digest, theme, accepted] = line.split("\t");
    check(verdicts.has(key), "a verdict that nobody gave", line);
    const v = verdicts.get(key);
    check(v.sha256 === digest && v.theme === theme && v.accepted === (accepted === "1"), "a verdict that was given otherwise", line, v);
    return [key, v];
  }));
  for (const [key, v] of verdicts) check(v.is === "open" || rows.has(key) === (v.is === "kept"), v.is === "kept" ? "lost" : "kept though refused", v);
  console.log(`  ${rows.size} verdicts in the database, ${[...verdicts.values()].filter((v) => v.is === "kept").length} acknowledged`);

  // What a new process says of them.
  let ended = await server.stop();
  check(ended.code === 0, "it ended badly", ended, server.output.slice(-2000)); // a sanitizer's finding, for one
  server = await Server.start(...args);
  const listed = new Set();
  for (let cursor = ""; ;) {
    const a = await server.request("GET", `/v1/feedback?limit=1000${cursor && `&cursor=${cursor}`}`);
    check(a.status === 200, a.json);
    for (const v of a.json.items) listed.add(v.key);
    if (!a.json.next) break;
    cursor = a.json.next;
  }
  check(listed.size === rows.size && [...listed].every((key) => rows.has(key)), "listed", listed.size, rows.size);
  ended = await server.stop();
  check(ended.code === 0, "it ended badly", ended, server.output.slice(-2000));
  const growth = Math.max(...marks.slice(-2)) - marks[1]; // pictures are the same ones all the time: nothing may stay
  const sanitized = /build\/(address|thread)/.test(program); // which keeps freed memory for a while
  check(growth < 16 || sanitized, "memory grew by", growth, "MB");
});

run();
