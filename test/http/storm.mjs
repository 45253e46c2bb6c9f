// Starts and SIGKILLs while clients search, classify and scan, with pictures that wait for their vectors: whoever is answered is
// answered 200, by every encoder, and what was there stays.  Every other answer is shown with its body.
//   STARTS=50 CLIENTS=32 test/http/run storm       the long one
import { Server, check, form, json, newFolder, picture, run, sha256, sleep, sql, storeOf, test } from "./lib.mjs";
import { writeModel } from "./tiny_clip.mjs";
import { execFileSync } from "node:child_process";
import http from "node:http";
import { join } from "node:path";

const STARTS = Number(process.env.STARTS || 8), CLIENTS = Number(process.env.CLIENTS || 16), PICTURES = 16;
const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });
const pictures = Array.from({ length: PICTURES }, (_, i) => picture(i, 50 + i));
const forget = "DELETE FROM vector; DELETE FROM sighting;";
const file = (i) => ({ name: "file", file: "a.png", value: pictures[i % PICTURES] });
const kinds = {
  words: (i) => ["/v1/search", json({ words: ["a red bottle", "gear", "the sky"][i % 3] })],
  stored: (i) => ["/v1/search", json({ sha256: sha256(pictures[i % PICTURES]) })],
  sent: (i) => ["/v1/search", form([file(i), { name: "cutoff", value: "none" }])],
  classify: (i) => ["/v1/classify", form([file(i), { name: "labels", value: "gear,sky,bottle" }])],
  scan: (i) => ["/v1/predict", raw(pictures[i % PICTURES])],
};

async function storm(model) {
  const data = newFolder(), args = ["--data", data, "--model", model];
  const counts = { killed: 0, waiting: 0, slowest: 0 }, wrong = new Map();
  let server = await Server.start(...args), up = true, over = false;
  check((await server.request("POST", "/v1/classes", json({ name: "a" }))).status === 201);
  for (const p of pictures) check((await server.request("POST", "/v1/images?class=a", raw(p))).status === 201);

  const client = async (n) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = n; !over; i++) {
      if (!up) { await sleep(5); continue; }
      const asked = server, names = Object.keys(kinds), name = names[i % names.length], [path, options] = kinds[name](i), begun = Date.now();
      const answer = await asked.request("POST", path, { ...options, agent }).catch((error) => ({ error: error.code || String(error) }));
      counts.slowest = Math.max(counts.slowest, Date.now() - begun);
      if (answer.status === 200) {
        counts[name] = (counts[name] || 0) + 1;
        counts.waiting += answer.json.waiting > 0;
      } else if (answer.error && asked.child.killed) counts.killed++;
      else {
        const what = `${path} ${answer.status ?? answer.error}`;
        if (!wrong.has(what)) wrong.set(what, answer.bytes?.toString().slice(0, 300) ?? "");
      }
    }
    agent.destroy();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  for (let s = 0; s < STARTS; s++) {
    await sleep(200 + (s * 137) % 900);
    up = false;
    await server.kill();
    if (process.env.ASSAY_TEST_MYSQL) sql(forget, storeOf(data).name);
    else execFileSync("sqlite3", [join(data, "assay.db"), forget]);
    server = await Server.start(...args);
    up = true;
  }
  for (let i = 0; i < 1500 && (await server.request("GET", "/v1/classes")).json.items.some((c) => c.embedded < c.images); i++) await sleep(20);
  const after = (await server.request("GET", "/v1/classes")).json.items[0];
  await sleep(300);
  over = true;
  await clients;
  console.log(`  ${JSON.stringify(counts)}`);
  check(wrong.size === 0, "not 200:", [...wrong].map(([what, body]) => `${what} ${body}`).join("\n"), server.output.slice(-500));
  check(after.images === PICTURES && after.embedded === PICTURES, "vectors came while they asked", after);
  check(Object.keys(kinds).every((name) => counts[name] > 0), "each was answered", counts);
  check((await server.stop()).code === 0, server.output);
}

test(`${STARTS} starts under ${CLIENTS} clients, the embedded encoder`, () => storm("default"));

test(`${STARTS} starts under ${CLIENTS} clients, a CLIP encoder`, () => {
  const model = newFolder();
  writeModel(model);
  return storm(model);
});

run();
