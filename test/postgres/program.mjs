// The program on PostgreSQL, from the command line: what goes where, what is refused and in which words, a backup and back from it.
// (The HTTP tests run over PostgreSQL too: test/postgres/run http.)
import { Server, check, json, newFolder, picture, program, run, sha256, sql, storeOf, test } from "../http/lib.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const raw = (body) => ({ body, headers: { "Content-Type": "image/png" } });
const assay = (args, env = {}) => {
  const done = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...env }, timeout: 100000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
};
const data = newFolder(), folder = newFolder();
const store = storeOf(data).url, database = storeOf(data).name;
const settings = ["--data", data, "--store", store, "--log-level", "warn"];

test("a folder is taught, a picture is scanned, all of it is examined", () => {
  for (const [k, name] of ["disc", "bars"].entries()) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 6; i++) writeFileSync(join(folder, name, `${i}.png`), picture(k, 5 * i));
  }
  let done = assay(["dataset", "import", folder, ...settings]);
  check(done.code === 0, done);
  done = assay(["scan", join(folder, "bars", "3.png"), "--json", ...settings]);
  check(done.code === 0 && /"bars"/.test(done.out), done);
  check(sql("SELECT COUNT(*) FROM assay.picture", database) === "12", "rows are in the database");
  check(!existsSync(join(data, "assay.db")) && existsSync(join(data, "blobs")), "pictures are in the folder");
  done = assay(["dataset", "check", ...settings]);
  check(done.code === 0, done);
});

test("the server reads the same rows, while commands share them for reading", async () => {
  const server = await Server.start("--data", data, "--store", store);
  const photo = readFileSync(join(folder, "disc", "2.png"));
  const found = await server.request("POST", "/v1/predict", raw(photo));
  check(found.status === 200 && found.json.matches[0].sha256 === sha256(photo), found.json);
  const done = assay(["scan", join(folder, "bars", "1.png"), "--json", ...settings]);
  check(done.code === 0 && /"bars"/.test(done.out), done);
  const other = assay(["dataset", "import", folder, "--data", newFolder(), "--store", store]);
  check(other.code !== 0 && /in use by another Assay/.test(other.err), other);
  check(!server.output.includes("same"), "the password is printed", server.output);
  await server.stop();
});

test("a database and a data folder belong together", () => {
  const done = assay(["dataset", "list", "--data", newFolder(), "--store", store]);
  check(done.code !== 0 && /belongs to another data folder/.test(done.err), done);
});

test("the password stays out of what is printed", () => {
  for (const args of [["config", "show"], ["config", "show", "--json"], ["config", "show", "--origin"]]) {
    const done = assay(args, { ASSAY_STORE: store });
    check(done.code === 0 && done.out.includes("postgresql://assay:***@localhost/") && !/pen%40|same/.test(done.out), done.out);
  }
});

test("settings come from the environment, the password from a file", () => {
  const file = join(newFolder(), "password");
  writeFileSync(file, "o'pen@se/same\n");
  const plain = store.replace(/assay:[^@]*@/, "assay@");
  let done = assay(["dataset", "list", "--data", data], { ASSAY_STORE: plain, ASSAY_STORE_PASSWORD_FILE: file });
  check(done.code === 0 && /main/.test(done.out), done);
  done = assay(["dataset", "list", "--data", data], { ASSAY_STORE: plain, ASSAY_STORE_PASSWORD: "no" });
  check(done.code !== 0 && /password authentication failed/.test(done.err) && /ASSAY_STORE_PASSWORD/.test(done.err), done);
});

test("what is wrong is said in words", () => {
  const at = (url) => assay(["dataset", "list", "--data", newFolder(), "--store", url]);
  const socket = store.match(/socket=(.*)/)[1];
  for (const [url, words] of [
    ["postgresql://assay@127.0.0.1:1/x", /database x on 127\.0\.0\.1:1 cannot be reached/],
    ["postgresql://assay@nowhere.invalid/x", /nowhere\.invalid:5432 cannot be reached/],
    [store.replace(database, "absent"), /CREATE DATABASE/],
    [`postgresql://nobody:x@localhost/assay?socket=${socket}`, /authentication failed.*check the user/],
    [store + "&sslmode=allow", /'sslmode' is not understood/],
    ["postgresql://assay@localhost", /names no database/],
    ["postgres://x/y", /begins with sqlite:, mysql: or postgresql:/],
  ]) {
    const done = at(url);
    check(done.code !== 0 && words.test(done.err) && !/pen@|secret/.test(done.err), url, done.err);
  }
});

test("a class with every kind of letter, over HTTP", async () => {
  const server = await Server.start("--data", data, "--store", store);
  const names = ["Maß", "Mass", "mass", "鉄", "🔩 bolt", "ação", "acão"];
  for (const name of names) check((await server.request("POST", "/v1/classes", json({ name }))).status === 201, name);
  check((await server.request("POST", "/v1/classes", json({ name: "Mass" }))).status === 409);
  const list = (await server.request("GET", "/v1/classes")).json.items.map((c) => c.name);
  check(names.every((n) => list.includes(n)), list);
  await server.stop();
});

test("a backup holds the rows too, and brings all of it back without a server", () => {
  const file = join(newFolder(), "b.tar"), fresh = join(newFolder(), "data");
  let done = assay(["backup", file, "--data", data, "--store", store]);
  check(done.code === 0, done);
  done = assay(["restore", file, "--data", fresh]);
  check(done.code === 0, done);
  done = assay(["scan", join(folder, "bars", "3.png"), "--json", "--data", fresh]);
  check(done.code === 0 && /"bars"/.test(done.out), done);
  done = assay(["check", "--data", fresh]);
  check(done.code === 0, done);
});

run();
