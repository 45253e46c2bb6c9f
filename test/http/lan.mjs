// HTTPS with the own authority, and the plain page for a phone that comes without it.
import { Server, Skip, check, form, newFolder, picture, run, test } from "./lib.mjs";
import { X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { isIP } from "node:net";
import tls from "node:tls";

const data = newFolder();
const start = () => Server.start("--lan", "--http-port", "0", "--data", data);
const server = await start();
const plainPort = async () => {
  // The plain port is not printed by itself: its page is found through the pages' links elsewhere; here
  // by asking every listening socket of the program.
  const inodes = new Set();
  for (const fd of execFileSync("ls", ["-l", `/proc/${server.child.pid}/fd`]).toString().matchAll(/socket:\[(\d+)\]/g)) inodes.add(fd[1]);
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"])
    for (const line of readFileSync(table, "latin1").split("\n").slice(1)) {
      const f = line.trim().split(/\s+/);
      const port = f[1] && parseInt(f[1].split(":").pop(), 16);
      if (f[3] === "0A" && inodes.has(f[9]) && port !== server.port) return port;
    }
  throw new Error("no plain port");
};
const plain = await plainPort();
const outside = Object.values(networkInterfaces()).flat().find((a) => a.family === "IPv4" && !a.internal)?.address;

const ask = (method, path, options = {}) => server.request(method, path, { secure: false, port: plain, ...options });
const pem = (await ask("GET", "/v1/ca.crt?format=pem")).bytes.toString();

function handshake(name, ca = pem) {
  return new Promise((done, failed) => {
    const socket = tls.connect({ host: "127.0.0.1", port: server.port, servername: isIP(name) ? "" : name, ca,
      checkServerIdentity: (_, cert) => tls.checkServerIdentity(name, cert) }, () => {
      const cert = new X509Certificate(socket.getPeerCertificate().raw);
      const version = socket.getProtocol();
      socket.end();
      done({ cert, version });
    });
    socket.on("error", failed);
  });
}

test("the chain is good for every name and address of this host", async () => {
  const names = ["localhost", hostname().toLowerCase(), "127.0.0.1"];
  for (const list of Object.values(networkInterfaces()))
    for (const a of list) {
      // Before version 20 Node compares IPv6 names as text, so that "::1" is not "0:0:0:0:0:0:0:1".
      if (a.family === "IPv6" && parseInt(process.versions.node, 10) < 20) continue;
      if (!a.address.startsWith("fe80")) names.push(a.address);
    }
  if (!hostname().includes(".")) names.push(hostname().toLowerCase() + ".local");
  for (const name of names) {
    const { cert, version } = await handshake(name);
    check(version === "TLSv1.3", version);
    const days = (new Date(cert.validTo) - new Date(cert.validFrom)) / 86400e3;
    check(days <= 397 && days > 300, `${days} days`);
  }
  await handshake("bank.example").then(() => check(false, "a foreign name was accepted"), (e) => check(e.code === "ERR_TLS_CERT_ALTNAME_INVALID", e));
  await handshake("localhost", []).then(() => check(false, "unknown authority was accepted"), () => {});
});

test("openssl agrees, and the authority is bound to private names", async () => {
  const file = join(data, "ca.pem");
  writeFileSync(file, pem);
  let text;
  try {
    text = execFileSync("openssl", ["x509", "-in", file, "-noout", "-text"]).toString();
  } catch (error) {
    if (error.code === "ENOENT") throw new Skip("no openssl program");
    throw error;
  }
  check(/CA:TRUE, pathlen:0/.test(text) && /Name Constraints: critical/.test(text) && /prime256v1/.test(text), text);
  const out = execFileSync("openssl", ["s_client", "-connect", `127.0.0.1:${server.port}`, "-CAfile", file,
    "-verify_hostname", "localhost", "-verify_return_error"], { input: "", stdio: ["pipe", "pipe", "ignore"] }).toString();
  check(/Verify return code: 0 \(ok\)/.test(out), out);
});

test("the authority's key is private and kept over a restart", async () => {
  check((statSync(join(data, "tls/ca.key")).mode & 0o777) === 0o600);
  const der = (await ask("GET", "/v1/ca.crt"));
  check(der.type === "application/x-x509-ca-cert" && new X509Certificate(der.bytes).ca);
  const info = (await ask("GET", "/v1/info")).json;
  check(info.lan.fingerprint === new X509Certificate(pem).fingerprint256, info.lan);
});

test("pages and pictures over HTTPS", async () => {
  const page = await server.request("GET", "/", { ca: pem, host: "localhost" });
  check(page.status === 200 && page.bytes.includes("<script"), "the application");
  const d = await server.request("POST", "/v1/predict", { ca: pem, host: "localhost", body: picture(0, 1), headers: { "Content-Type": "image/png" } });
  check(d.status === 200 && d.json.status === "no_dataset");
  const many = await Promise.all(Array.from({ length: 32 }, (_, i) =>
    server.request("POST", "/v1/predict", { ca: pem, host: "localhost", body: picture(i, i), headers: { "Content-Type": "image/png" } })));
  check(many.every((a) => a.status === 200), many.map((a) => a.status));
});

test("plain HTTP from a phone: explained, linked, and it still scans", async () => {
  if (!outside) throw new Skip("this host has no address but its own");
  const host = { headers: { Host: `${outside}:${plain}`, "Accept-Language": "de-DE,de;q=0.9" } };
  const page = (await ask("GET", "/", host)).bytes.toString();
  check(page.includes('lang="de"') && page.includes(`href="https://${outside}:${server.port}/"`), page);
  check(page.includes('href="/v1/ca.crt"') && page.includes('capture="environment"') && !page.includes("<script"), page);
  const photo = form([{ name: "image", file: "photo.png", value: picture(0, 1) }]);
  const result = await ask("POST", "/plain/scan", { ...photo, headers: { ...photo.headers, ...host.headers, Origin: `http://${outside}:${plain}` } });
  check(result.status === 200 && result.type.startsWith("text/html") && result.bytes.includes("data:image/png;base64,"));
  check((await ask("GET", "/index.html", host)).bytes.includes("<script"));
  check((await ask("GET", "/", { headers: { Host: `localhost:${plain}` } })).bytes.includes("<script"), "this machine itself gets the application");
});

test("the QR code", async () => {
  const qr = await ask("GET", "/v1/qr.svg");
  if (qr.status === 404 && !outside) throw new Skip("this host has no address but its own");
  check(qr.status === 200 && qr.type === "image/svg+xml" && qr.bytes.toString().startsWith("<svg"));
  check(server.output.includes("▀"), "the terminal shows it");
});

test("a second start keeps the authority", async () => {
  const before = new X509Certificate(pem).fingerprint256;
  const { code } = await server.stop();
  check(code === 0 && !/Sanitizer|runtime error/.test(server.output), server.output);
  const second = await start();
  const info = await second.request("GET", "/v1/info");
  check(info.json.lan.fingerprint === before, info.json.lan);
  await second.stop();
});

run();
