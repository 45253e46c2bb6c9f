// What the HTTP tests share: start the built program, ask it, check the answers against the interface
// it describes, draw test pictures.  Node and not C: the client must share nothing with what it tests,
// and Node has HTTP, TLS, JSON and raw sockets built in.  No package is needed.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { createHash, randomBytes } from "node:crypto";

export const program = process.env.ASSAY || "build/release/assay";
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- tests: each is a name and a function that throws; run() prints one line each and a summary
const tests = [];
export const test = (name, run) => tests.push({ name, run });

export class Skip extends Error {}

export function check(condition, ...what) {
  if (!condition) throw new Error(what.map((w) => (typeof w === "string" ? w : JSON.stringify(w))).join(" "));
}

export async function run() {
  let passed = 0, failed = 0, skipped = 0;
  for (const { name, run } of tests) {
    const start = Date.now();
    try {
      await run();
      passed++;
      console.log(`ok   ${name} (${Date.now() - start} ms)`);
    } catch (error) {
      if (error instanceof Skip) {
        skipped++;
        console.log(`skip ${name}: ${error.message}`);
      } else {
        failed++;
        console.log(`FAIL ${name}: ${error.stack}`);
      }
    }
  }
  for (const server of running) await server.kill();
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed ? 1 : 0);
}

// ---- the program
const running = new Set(), folders = [];

export function newFolder() {
  const dir = mkdtempSync(join(tmpdir(), "assay-http-"));
  folders.push(dir);
  return dir;
}

// ---- the database: with ASSAY_TEST_MYSQL (test/mariadb/server) or ASSAY_TEST_POSTGRES (test/postgres/server) every data folder has a
// database of its own there, and all tests run over MariaDB or PostgreSQL.
const postgres = !!process.env.ASSAY_TEST_POSTGRES, onServer = postgres || !!process.env.ASSAY_TEST_MYSQL;
export const databaseServer = postgres ? "test/postgres/server" : "test/mariadb/server";
export function sql(text, database) {
  return execFileSync(databaseServer, database ? ["sql", database] : ["sql"], { input: text, maxBuffer: 1 << 28 }).toString().trim();
}
const databases = new Map();
export function storeOf(data) {
  const url = process.env.ASSAY_TEST_POSTGRES || process.env.ASSAY_TEST_MYSQL;
  if (!databases.has(data)) {
    const name = "t" + randomBytes(8).toString("hex");
    if (postgres) sql(`CREATE DATABASE ${name} OWNER assay; ALTER DATABASE ${name} SET search_path TO assay`);
    else sql(`CREATE DATABASE ${name}; GRANT ALL PRIVILEGES ON ${name}.* TO assay@localhost`);
    databases.set(data, { name, url: url.replace("/assay?", `/${name}?`) });
  }
  return databases.get(data);
}

export class Server {
  // args: options of "assay serve".  Ready when it has printed an address.
  static start(...args) {
    return Server.launch("serve", ...args);
  }

  static async launch(command, ...args) {
    const server = new Server();
    server.data = args.includes("--data") ? args[args.indexOf("--data") + 1] : newFolder();
    if (!args.includes("--data")) args.push("--data", server.data);
    if (onServer && !args.includes("--store")) args.push("--store", storeOf(server.data).url);
    if (!args.includes("--port")) args.push("--port", "0");
    if (!args.includes("--log-level")) args.push("--log-level", "warn");
    server.child = spawn(program, [command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    running.add(server);
    server.output = "";
    server.ended = new Promise((done) =>
      server.child.on("exit", (code, signal) => {
        running.delete(server);
        done({ code, signal });
      }));
    server.child.stderr.on("data", (text) => (server.output += text));
    server.child.stdout.on("data", (text) => (server.output += text));
    const late = Date.now() + 60000;
    let found = null;
    while (!(found = server.output.match(/(https?):\/\/(localhost|127\.0\.0\.1):(\d+)\//))) {
      const over = await Promise.race([server.ended, sleep(20)]);
      if (over || Date.now() > late) throw new Error(`the program did not start:\n${server.output}`);
    }
    server.secure = found[1] === "https";
    server.port = Number(found[3]);
    return server;
  }

  async stop(signal = "SIGTERM") {
    this.child.kill(signal);
    return this.ended;
  }

  async kill() {
    this.child.kill("SIGKILL");
    return this.ended;
  }

  // One request, nothing else: no redirects, no retries.  Resolves when the answer has ended.
  request(method, path, { headers = {}, body, agent, ca, port, secure = this.secure, host = "127.0.0.1", socketPath } = {}) {
    if (body && !Buffer.isBuffer(body)) body = Buffer.from(body);
    return new Promise((done, failed) => {
      const options = { host, port: port ?? this.port, socketPath, method, path, headers: { ...headers }, agent, ca };
      if (secure && !ca) options.rejectUnauthorized = false;
      if (body && !headers["Transfer-Encoding"]) options.headers["Content-Length"] = body.length;
      const req = (secure ? https : http).request(options, (res) => {
        const parts = [];
        res.on("data", (part) => parts.push(part));
        res.on("error", failed);
        res.on("end", () => {
          const bytes = Buffer.concat(parts);
          const type = res.headers["content-type"] || "";
          const json = /\bjson\b/.test(type) && bytes.length ? JSON.parse(bytes) : undefined;
          done({ status: res.statusCode, headers: res.headers, type, bytes, json });
        });
      });
      req.on("error", failed);
      req.end(body);
    });
  }
}

// ---- bodies
export function form(parts) {
  const boundary = "----assay" + Math.random().toString(36).slice(2);
  const chunks = [];
  for (const { name, file, value } of parts) {
    const disposition = `form-data; name="${name}"` + (file === undefined ? "" : `; filename="${file}"`);
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n\r\n`));
    chunks.push(Buffer.isBuffer(value) ? value : Buffer.from(String(value)), Buffer.from("\r\n"));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { body: Buffer.concat(chunks), headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` } };
}

export const json = (value) => ({
  body: typeof value === "string" ? value : JSON.stringify(value),
  headers: { "Content-Type": "application/json" },
});

// ---- pictures: a PNG drawn from a seed; kind picks the shape, so that kinds look different
const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
function crc(bytes) {
  let c = 0xffffffff;
  for (const b of bytes) c = crcTable[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(crc(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}
// pixel(x, y): three numbers, or with channels 4 four.
export function png(width, height, pixel, channels = 3) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * channels + 1));
  for (let y = 0, i = 0; y < height; y++) {
    rows[i++] = 0;
    for (let x = 0; x < width; x++) for (const v of pixel(x, y)) rows[i++] = v;
  }
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}
export function picture(kind, seed, size = 96) {
  const noise = (x, y) => Math.imul(x * 374761393 + y * 668265263 + seed * 974634533, 1274126177) >>> 27;
  const cx = size * (0.35 + 0.03 * (seed % 10)), cy = size * (0.4 + 0.02 * (seed % 7));
  const base = [[200, 40 + seed % 60, 30], [20, 150, 60 + seed % 90], [60, 60, 190]][kind % 3];
  return png(size, size, (x, y) => {
    const d = Math.hypot(x - cx, y - cy);
    const inside = kind % 3 === 0 ? d < size * 0.3 : kind % 3 === 1 ? (x >> 3) % 2 === 0 : ((x ^ y) >> 4) % 2 === 0;
    return (inside ? base : [230, 228, 220]).map((v) => Math.min(255, v + noise(x, y)));
  });
}

// ---- the described interface: is this answer what /openapi.json promises?
export class Interface {
  constructor(document) {
    this.document = document;
    this.seen = new Set(); // "GET /path 200"
    this.rows = [];
    for (const [path, item] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(item))
        this.rows.push({ method: method.toUpperCase(), path, operation,
          pattern: new RegExp("^" + path.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+") + "$") });
  }

  find(method, path) {
    const plain = path.split("?")[0];
    const want = method === "HEAD" ? "GET" : method;
    return this.rows.find((row) => row.method === want && row.path === plain) ||
      this.rows.find((row) => row.method === want && row.pattern.test(plain));
  }

  // Throws when the answer is not as described.
  verify(method, path, answer) {
    const row = this.find(method, path);
    if (!row) return;
    const where = `${method} ${path} -> ${answer.status}`;
    this.seen.add(`${row.method} ${row.path} ${answer.status}`);
    const general = [400, 403, 405, 408, 421, 503]; // by guards, before any route
    const reply = row.operation.responses[answer.status] ||
      (general.includes(answer.status) && row.operation.responses.default);
    check(reply, where, "is not described", answer.bytes.toString().slice(0, 300));
    if (answer.status >= 400) {
      check(answer.type === "application/problem+json" || answer.json?.status === "unhealthy", where, "type", answer.type);
      check(answer.json.detail?.length > 5, where, "has no detail");
    }
    if (!reply.content || method === "HEAD") return;
    const type = answer.type.split(";")[0];
    const media = reply.content[type] || reply.content[type.replace(/\/.*/, "/*")];
    check(media, where, "type", type, "is not described");
    if (media.schema) this.validate(media.schema, answer.json, where);
  }

  // The part of JSON Schema that the document uses.
  validate(schema, value, at) {
    if (schema.$ref) return this.validate(this.document.components.schemas[schema.$ref.split("/").pop()], value, at);
    if (schema.allOf) schema.allOf.forEach((s) => this.validate(s, value, at));
    if (schema.oneOf) {
      const problems = [];
      for (const s of schema.oneOf)
        try {
          this.validate(s, value, at);
          return;
        } catch (error) {
          problems.push(error.message);
        }
      throw new Error(`${at}: none of: ${problems.join(" / ")}`);
    }
    if (schema.type) {
      const is = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
      const types = [schema.type].flat();
      check(types.includes(is) || (is === "number" && types.includes("integer") && Number.isInteger(value)),
        at, "is", is, "and not", types.join(" or "));
    }
    if (schema.enum) check(schema.enum.includes(value), at, value, "is not one of", schema.enum);
    if (schema.pattern && typeof value === "string") check(new RegExp(schema.pattern).test(value), at, value, "pattern");
    if (schema.format === "date-time" && value !== null) check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value), at, value);
    if (Array.isArray(value) && schema.items) value.forEach((v, i) => this.validate(schema.items, v, `${at}[${i}]`));
    if (value && typeof value === "object" && !Array.isArray(value)) {
      for (const key of schema.required || []) check(key in value, at, "lacks", key);
      for (const [key, v] of Object.entries(value)) {
        check(schema.properties?.[key] || schema.additionalProperties !== false, at, "has the undescribed", key);
        if (schema.properties?.[key]) this.validate(schema.properties[key], v, `${at}.${key}`);
      }
    }
  }
}
