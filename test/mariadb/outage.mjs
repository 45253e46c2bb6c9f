// 64 clients teach, scan, list and move pictures while the database is killed and started again, twice:
// no wrong answer, no acknowledged write lost, 503 with Retry-After otherwise, service by itself when the
// database is back, and memory that does not grow.
//
//   test/mariadb/run outage               about 20 seconds; test/postgres/run outage over PostgreSQL
//   SECONDS_OF_LOAD=120 test/mariadb/run outage      the long one
import { Server, check, databaseServer, json, newFolder, picture, program, run, sha256, sleep, sql, storeOf, test } from "../http/lib.mjs";
import { execFileSync } from "node:child_process";
import http from "node:http";
import { readFileSync } from "node:fs";

const CLIENTS = 64, seconds = Number(process.env.SECONDS_OF_LOAD || 20), KINDS = 3;
const sanitized = /build\/(thread|address)/.test(program); // sanitizers keep what was freed
const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });
const database = (...args) => execFileSync(databaseServer, args, { stdio: "ignore" });
const resident = (pid) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

const acknowledged = new Map(); // digest -> class it was last acknowledged in, or null while that is open
const counts = { taught: 0, moved: 0, scans: 0, lists: 0, refused: 0, unknown: 0, slowest: 0 };
let down = false, downSince = 0, seed = 100000, over = false;

function refusal(answer, what) {
  check(answer.status === 503, what, answer.status, answer.bytes.toString());
  check(answer.headers["retry-after"] && answer.json.detail.length > 10, what, answer.headers, answer.json);
  counts.refused++;
  if (answer.json.code === "unknown outcome") counts.unknown++;
}

async function timed(server, agent, method, path, options) {
  const begun = Date.now();
  const answer = await server.request(method, path, { ...options, agent });
  counts.slowest = Math.max(counts.slowest, Date.now() - begun);
  return answer;
}

async function client(server, n) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const mine = [];
  for (let turn = n; !over; turn++) {
    const what = turn % 8;
    if (what === 0 || mine.length === 0) {
      const kind = turn % KINDS, body = picture(kind, seed++, 32), digest = sha256(body);
      const a = await timed(server, agent, "POST", `/v1/images?class=k${kind}`, raw(body));
      if (a.status === 201 || a.status === 200) {
        acknowledged.set(digest, kind);
        mine.push({ digest, body });
        counts.taught++;
      } else refusal(a, "teaching");
    } else if (what === 1) {
      const { digest } = mine[turn % mine.length], kind = (acknowledged.get(digest) + 1) % KINDS;
      const before = acknowledged.get(digest);
      const a = await timed(server, agent, "PATCH", `/v1/images/${digest}`, json({ class: `k${kind}` }));
      if (a.status === 200) {
        acknowledged.set(digest, kind);
        counts.moved++;
      } else {
        refusal(a, "moving");
        if (a.json.code === "unknown outcome") acknowledged.set(digest, { either: [before, kind] });
        if (a.json.code === "unknown outcome") mine.splice(mine.findIndex((m) => m.digest === digest), 1);
      }
    } else if (what === 2) {
      const a = await timed(server, agent, "GET", "/v1/images?limit=50");
      if (a.status === 200) {
        counts.lists++;
        check(a.json.items.every((i) => i.sha256.length === 64), a.json);
      } else refusal(a, "listing");
    } else {
      const { digest, body } = mine[turn % mine.length];
      const a = await timed(server, agent, "POST", "/v1/predict", raw(body));
      if (a.status === 200) {
        counts.scans++;
        check(a.json.matches[0].similarity > 0.999, "a wrong answer", digest, a.json.matches[0]);
      } else refusal(a, "scanning");
    }
    if (a503(counts)) await sleep(50);
  }
  agent.destroy();
}
let seenRefused = 0;
const a503 = (c) => c.refused !== seenRefused && ((seenRefused = c.refused), true);

async function until(ms, what, condition) {
  for (const late = Date.now() + ms; ;) {
    if (await condition()) return;
    check(Date.now() < late, what);
    await sleep(50);
  }
}

test(`64 clients for ${seconds} s, the database killed and started again twice`, async () => {
  const data = newFolder();
  const args = ["--data", data, "--max-queue", "400", "--log-level", "error"];
  let server = await Server.start(...args);
  for (let k = 0; k < KINDS; k++) check((await server.request("POST", "/v1/classes", json({ name: `k${k}` }))).status === 201);
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(server, n));
  const failed = Promise.all(clients).then(() => null, (error) => error);
  const wait = (ms) => Promise.race([sleep(ms), failed.then((e) => { if (e) throw e; })]);
  const part = (seconds * 1000) / 6;
  const marks = [];

  await wait(part);
  marks.push(resident(server.child.pid));
  for (const away of [part * 0.5, part * 0.8]) {
    database("kill");
    const scansBefore = counts.scans;
    await wait(away);
    check(counts.scans > scansBefore, "scans are answered from memory while the database is away");
    const health = await server.request("GET", "/health");
    check(health.status === 200, "alive", health.status);
    database("start");
    const begun = Date.now(), taught = counts.taught;
    await until(15000, "writes are accepted again, without a restart", () => counts.taught > taught + 5);
    console.log(`  back ${Date.now() - begun} ms after the database`);
    await wait(part);
    marks.push(resident(server.child.pid));
  }
  await wait(part);
  over = true;
  const error = await failed;
  if (error) throw error;
  marks.push(resident(server.child.pid));
  const kept = [...acknowledged].length;
  console.log(`  ${JSON.stringify(counts)}`);
  console.log(`  resident MB: ${marks.map((m) => m.toFixed(0)).join(", ")}; ${kept} pictures`);
  check(counts.refused > 0 && counts.taught > 20 && counts.moved > 5, "the test did its work", counts);

  // What the running server says, and what a new one reads from the database.
  for (let round = 0; round < 2; round++) {
    const seen = new Map();
    for (let k = 0; k < KINDS; k++)
      for (let cursor = ""; ;) {
        const a = await server.request("GET", `/v1/images?class=k${k}&limit=200${cursor && `&cursor=${cursor}`}`);
        check(a.status === 200, a.json);
        for (const i of a.json.items) seen.set(i.sha256, k);
        if (!a.json.next) break;
        cursor = a.json.next;
      }
    for (const [digest, kind] of acknowledged)
      check(kind?.either ? kind.either.includes(seen.get(digest)) : seen.get(digest) === kind,
        round ? "lost" : "not shown", digest, { is: seen.get(digest) ?? null, acknowledged: kind });
    const rows = Number(sql("SELECT COUNT(*) FROM member WHERE trash = 0", storeOf(data).name));
    check(rows === seen.size, "memory and database differ", rows, seen.size);
    if (round === 0) {
      await server.stop();
      server = await Server.start(...args);
    }
  }
  await server.stop();

  // What a picture costs is what it needs in memory (its vector, its row); nothing else may stay.
  const growth = marks.at(-1) - marks[1];
  check(growth < 24 + kept * 0.01 || sanitized, "memory grew by", growth, "MB");
});

run();
