// Many at once, slow ones, and too many.
import { Server, check, form, picture, run, sleep, test } from "./lib.mjs";
import http from "node:http";
import net from "node:net";

const photo = picture(0, 1);
const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });
const metric = async (server, name) =>
  Number((await server.request("GET", "/metrics")).bytes.toString().match(new RegExp(`^${name} (\\S+)$`, "m"))[1]);

test("64 at once: each gets its own picture's answer", async () => {
  const server = await Server.start();
  await server.request("POST", "/v1/classes", { body: '{"name":"A"}', headers: { "Content-Type": "application/json" } });
  const pictures = Array.from({ length: 64 }, (_, i) => picture(i, i));
  const added = await Promise.all(pictures.map((p) => server.request("POST", "/v1/images?class=A", raw(p))));
  check(added.every((a) => a.status === 201 && a.json.items[0].created), added.map((a) => a.status));
  const start = Date.now();
  const answers = await Promise.all(pictures.map((p) => server.request("POST", "/v1/predict", raw(p))));
  const ms = Date.now() - start;
  answers.forEach((a, i) => {
    check(a.status === 200, a.status);
    check(a.json.matches[0].sha256 === added[i].json.items[0].sha256 && a.json.matches[0].similarity > 0.999, i, a.json.matches[0]);
  });
  console.log(`  64 predictions in ${ms} ms, ${Math.round(64000 / ms)} a second`);
  await server.stop();
});

test("slow clients hold up nobody", async () => {
  const server = await Server.start();
  const slow = [];
  for (let i = 0; i < 100; i++) {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(i % 2 ? "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc" : "GET / HT");
    slow.push(socket);
  }
  await sleep(200);
  const start = Date.now();
  for (let i = 0; i < 5; i++) check((await server.request("POST", "/v1/predict", raw(photo))).status === 200);
  check((await server.request("GET", "/health")).status === 200);
  check(Date.now() - start < 5000, `${Date.now() - start} ms beside 100 slow clients`);
  check((await metric(server, "assay_http_open_requests")) >= 50);
  for (const socket of slow) socket.destroy();
  for (let i = 0; i < 100 && (await metric(server, "assay_http_open_requests")) > 1; i++) await sleep(20);
  check((await metric(server, "assay_http_open_requests")) === 1, "requests left open");
  check((await metric(server, "assay_http_body_bytes")) === 0, "bytes left held");
  await server.stop();
});

test("too many: some are served, the others hear 503 with Retry-After at once", async () => {
  const server = await Server.start("--workers", "1", "--max-batch", "1", "--max-queue", "1");
  const agent = new http.Agent({ maxSockets: 200 });
  const answers = await Promise.all(Array.from({ length: 160 }, () => server.request("POST", "/v1/predict", { ...raw(photo), agent })));
  const served = answers.filter((a) => a.status === 200), busy = answers.filter((a) => a.status === 503);
  check(served.length + busy.length === 160, answers.map((a) => a.status));
  check(served.length > 0 && busy.length > 0, served.length, busy.length);
  for (const a of busy) check(a.headers["retry-after"] && a.type === "application/problem+json", a.headers);
  for (let tries = 0; ; tries++) {
    const again = await server.request("POST", "/v1/predict", raw(photo));
    if (again.status === 200) break;
    check(tries < 100, "never served again");
    await sleep(20);
  }
  console.log(`  ${served.length} served, ${busy.length} refused`);
  const told = server.output.match(/warn +http: POST \/v1\/predict for 127\.0\.0\.1: 503 busy after [0-9.]+ s: .*(try again|wait already)/g) || [];
  check(told.length > 0 && told.length <= 20, "the log tells the first of them and why", told.length, server.output.slice(0, 600));
  await server.stop();
});

test("a form of 150 pictures", async () => {
  const server = await Server.start();
  await server.request("POST", "/dataset/create", form([{ name: "name", value: "A" }]));
  const parts = Array.from({ length: 150 }, (_, i) => ({ name: "images[]", file: `${i}.png`, value: picture(i, 1000 + i, 48) }));
  const answer = await server.request("POST", "/dataset/upload-multiple", form([...parts, { name: "classification", value: "A" }]));
  check(answer.status === 200 && answer.json.paths.length === 150 && answer.json.errors.length === 0, answer.json);
  check(new Set(answer.json.paths).size === 150);
  await server.stop();
});

run();
