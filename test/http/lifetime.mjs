// The end: SIGTERM finishes what was accepted; SIGKILL at any moment loses nothing acknowledged.
import { Server, check, json, newFolder, picture, run, sha256, sleep, test } from "./lib.mjs";
import http from "node:http";
import net from "node:net";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });

test("SIGTERM: requests under way are answered, new connections are refused", async () => {
  const server = await Server.start();
  const photo = picture(0, 1);
  // One request is half sent when the signal comes; its second half follows after it.
  const slow = net.connect(server.port, "127.0.0.1");
  let answer = "";
  slow.on("data", (part) => (answer += part));
  slow.write(`POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${photo.length}\r\n\r\n`);
  slow.write(photo.subarray(0, 1000));
  const agent = new http.Agent({ maxSockets: 100 });
  const busy = Array.from({ length: 32 }, (_, i) => server.request("POST", "/v1/predict", { ...raw(picture(i, i)), agent }));
  const events = net.connect(server.port, "127.0.0.1");
  events.on("error", () => {});
  events.write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await sleep(100);
  server.child.kill("SIGTERM");
  await sleep(200);
  const refused = await server.request("GET", "/health", { agent: new http.Agent() }).then(() => false, () => true);
  check(refused, "a new connection was accepted after SIGTERM");
  slow.write(photo.subarray(1000));
  const answers = await Promise.all(busy);
  check(answers.every((a) => a.status === 200), answers.map((a) => a.status));
  const { code, signal } = await server.ended;
  check(answer.startsWith("HTTP/1.1 200") && /connection: close/i.test(answer), answer.slice(0, 200));
  check(code === 0 && signal === null, code, signal, server.output);
  check(!/Sanitizer|runtime error/.test(server.output), server.output);
});

const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
  e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)]);

test("SIGKILL in the middle of 200 uploads: all acknowledged are there, found, embedded; none is half there", async () => {
  const data = newFolder();
  let acknowledged = new Map();
  const pictures = Array.from({ length: 200 }, (_, i) => picture(i, 5000 + i, 64));
  // Killed three times, each time later, over the same data folder.
  for (const after of [15, 60, 120]) {
    const server = await Server.start("--data", data);
    await server.request("POST", "/v1/classes", json({ name: "A" }));
    const agent = new http.Agent({ maxSockets: 8, keepAlive: true });
    let count = 0;
    const uploads = pictures.map(async (p) => {
      try {
        const a = await server.request("POST", "/v1/images?class=A", { ...raw(p), agent });
        if (a.status === 201) {
          acknowledged.set(sha256(p), p);
          if (++count === after) server.child.kill("SIGKILL");
        }
      } catch {
        // the server is gone: not acknowledged
      }
    });
    await Promise.all(uploads);
    const { signal } = await server.ended;
    check(signal === "SIGKILL" && count >= after && count < 200, signal, `${count} acknowledged`);
  }

  const server = await Server.start("--data", data);
  const listed = [];
  for (let cursor = ""; cursor !== null;) {
    const page = (await server.request("GET", `/v1/images?limit=200&cursor=${encodeURIComponent(cursor)}`)).json;
    listed.push(...page.items);
    cursor = page.next;
  }
  for (let i = 0; i < 500 && (await server.request("GET", "/v1/classes")).json.items.some((c) => c.embedded < c.images); i++)
    await sleep(20);
  const names = new Set(listed.map((p) => p.sha256));
  for (const [digest, bytes] of acknowledged) {
    check(names.has(digest), "lost", digest);
    const file = await server.request("GET", `/v1/images/${digest}/file`);
    check(file.status === 200 && file.bytes.equals(bytes), "bytes differ", digest);
  }
  // Listed but never acknowledged is allowed (the answer was lost), half there is not: every listed
  // picture has its whole bytes and its vector.
  for (const p of listed) {
    const file = await server.request("GET", `/v1/images/${p.sha256}/file`);
    check(file.status === 200 && sha256(file.bytes) === p.sha256, "half there:", p.sha256);
    const d = (await server.request("POST", "/v1/predict", raw(file.bytes))).json;
    check(d.matches[0].similarity > 0.999, "not found:", p.sha256, d.matches[0]);
  }
  for (const file of files(join(data, "blobs"))) {
    const name = file.split("/").pop();
    check(/^[0-9a-f]{64}$/.test(name) && sha256(readFileSync(file)) === name, "half a file:", file);
  }
  console.log(`  ${acknowledged.size} acknowledged, ${listed.length} listed`);
  const { code } = await server.stop();
  check(code === 0, server.output);
});

run();
