// Who may ask: the Host header, pages of other sites, CORS, odd requests on a raw socket.
import { Server, check, json, picture, run, test } from "./lib.mjs";
import net from "node:net";

const server = await Server.start("--cors", "http://app.example", "--allow-host", "scan.example");
const host = `127.0.0.1:${server.port}`;
const status = async (method, path, headers, body) =>
  (await server.request(method, path, { ...json(body ?? {}), headers: { ...json({}).headers, ...headers } })).status;

// Send text as it is; the answer until the server closes, or until quiet.
function talk(text, { wait = 300 } = {}) {
  return new Promise((done) => {
    let got = "";
    const socket = net.connect(server.port, "127.0.0.1", () => socket.write(text));
    socket.setTimeout(wait, () => socket.destroy());
    socket.on("data", (part) => (got += part.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => done(got));
  });
}

test("a foreign name is not answered (DNS rebinding)", async () => {
  for (const name of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"]) {
    check((await server.request("GET", "/v1/classes", { headers: { Host: name } })).status === 421, name);
    check((await server.request("GET", "/", { headers: { Host: name } })).status === 421, name);
  }
  for (const name of ["localhost", "127.0.0.1", "[::1]:1", "scan.example", "192.168.7.7:80"])
    check((await server.request("GET", "/health", { headers: { Host: name } })).status === 200, name);
});

test("a page of another site changes nothing", async () => {
  const bad = [{ Origin: "http://evil.example" }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" }, { Origin: `http://127.0.0.1:${server.port + 1}` }];
  for (const headers of bad) {
    check((await status("POST", "/v1/classes", headers, { name: "evil" })) === 403, headers);
    check((await status("DELETE", "/v1/classes/1", headers)) === 403, headers);
    check((await status("POST", "/scan", headers)) === 403, headers);
  }
  const classes = (await server.request("GET", "/v1/classes")).json.items;
  check(classes.length === 0, classes);
  check((await status("POST", "/v1/classes", { Origin: `http://${host}` }, { name: "own page" })) === 201);
  check((await status("POST", "/v1/classes", { "Sec-Fetch-Site": "same-origin" }, { name: "own page 2" })) === 201);
});

test("CORS only for the configured origin", async () => {
  const own = await server.request("OPTIONS", "/v1/classes", { headers: { Origin: "http://app.example", "Access-Control-Request-Method": "POST" } });
  check(own.status === 204 && own.headers["access-control-allow-origin"] === "http://app.example");
  check(own.headers["access-control-allow-methods"].includes("POST") && own.headers.vary === "Origin");
  check((await status("POST", "/v1/classes", { Origin: "http://app.example", "Sec-Fetch-Site": "cross-site" }, { name: "by app" })) === 201);
  const other = await server.request("GET", "/v1/classes", { headers: { Origin: "http://evil.example" } });
  check(other.status === 200 && !other.headers["access-control-allow-origin"]);
});

test("every answer carries the policies", async () => {
  for (const path of ["/", "/health", "/none", "/docs", "/v1/classes"]) {
    const { headers } = await server.request("GET", path);
    check(headers["content-security-policy"].includes("frame-ancestors 'none'"), path);
    check(headers["x-content-type-options"] === "nosniff" && headers["x-frame-options"] === "DENY", path);
    check(headers["referrer-policy"] === "same-origin" && headers["permissions-policy"].includes("camera=(self)"), path);
    check(headers["cache-control"], path);
  }
});

test("requests that are no good HTTP get an answer or a closed door, and the server lives", async () => {
  const line = (text) => text.split("\r\n")[0];
  check(line(await talk("GET / HTTP/1.1\r\n\r\n")).includes(" 400"));
  check(line(await talk(`GET /health HTTP/1.0\r\n\r\n`)).includes(" 200"));
  await talk("\0\0\0\0\0\0\0\0\r\n\r\n");
  await talk("GET " + "/x".repeat(100000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await talk("GET / HTTP/1.1\r\nHost: localhost\r\n" + "A: b\r\n".repeat(20000) + "\r\n");
  await talk("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\nxxxxx");
  await talk("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx");
  await talk("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nx");
  const huge = await talk("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000000\r\n\r\nx");
  check(line(huge).includes(" 413") && /connection: close/i.test(huge), huge);
  const waits = await talk("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 30000000\r\n\r\n");
  check(waits.includes(" 413") || waits.includes(" 100"), waits);
  check((await server.request("GET", "/health")).status === 200);
});

test("one connection carries many requests", async () => {
  const one = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const got = await talk(one.repeat(20), { wait: 1000 });
  check(got.split("HTTP/1.1 200").length - 1 === 20, got.split("HTTP/1.1").length);
});

test("a body of unknown length is bounded too", async () => {
  const answer = await server.request("POST", "/v1/predict", {
    body: Buffer.alloc(21e6), headers: { "Transfer-Encoding": "chunked", "Content-Type": "image/png" } });
  check(answer.status === 413, answer.status);
  const good = await server.request("POST", "/v1/predict", {
    body: picture(0, 1), headers: { "Transfer-Encoding": "chunked", "Content-Type": "image/png" } });
  check(good.status === 200, good.status);
});

test("it ends in order", async () => {
  const { code } = await server.stop();
  check(code === 0 && !/Sanitizer|runtime error/.test(server.output), server.output);
});

run();
