// The program on MariaDB, from the command line: what goes where, what is refused and in which words.
// (The HTTP tests run over MariaDB too: test/mariadb/run http.)
import { Server, Skip, check, json, newFolder, picture, program, run, sha256, sql, storeOf, test } from "../http/lib.mjs";
import { execFileSync, spawnSync } from "node:child_process";
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
  check(sql("SELECT COUNT(*) FROM picture", database) === "12", "rows are in the database");
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
  const command = readFileSync(`/proc/${server.child.pid}/cmdline`, "utf8");
  check(!server.output.includes("same"), "the password is printed", server.output, command.length);
  await server.stop();
});

test("a database and a data folder belong together", () => {
  const done = assay(["dataset", "list", "--data", newFolder(), "--store", store]);
  check(done.code !== 0 && /belongs to another data folder/.test(done.err), done);
});

test("the password stays out of what is printed", () => {
  for (const args of [["config", "show"], ["config", "show", "--json"], ["config", "show", "--origin"]]) {
    const done = assay(args, { ASSAY_STORE: store });
    check(done.code === 0 && done.out.includes("mysql://assay:***@localhost/") && !/pen%40|same/.test(done.out), done.out);
  }
});

test("settings come from the environment, the password from a file", () => {
  const file = join(newFolder(), "password");
  writeFileSync(file, "o'pen@se/same\n");
  const plain = store.replace(/assay:[^@]*@/, "assay@");
  let done = assay(["dataset", "list", "--data", data], { ASSAY_STORE: plain, ASSAY_STORE_PASSWORD_FILE: file });
  check(done.code === 0 && /main/.test(done.out), done);
  done = assay(["dataset", "list", "--data", data], { ASSAY_STORE: plain, ASSAY_STORE_PASSWORD: "no" });
  check(done.code !== 0 && /Access denied/.test(done.err) && /ASSAY_STORE_PASSWORD/.test(done.err), done);
});

test("what is wrong is said in words", () => {
  const at = (url) => assay(["dataset", "list", "--data", newFolder(), "--store", url]);
  const socket = store.match(/socket=(.*)/)[1];
  for (const [url, words] of [
    ["mysql://assay@127.0.0.1:1/x", /database x on 127\.0\.0\.1:1 cannot be reached/],
    ["mysql://assay@nowhere.invalid/x", /nowhere\.invalid:3306 cannot be reached/],
    [store.replace(database, "absent"), /CREATE DATABASE|needs all privileges/],
    [`mysql://nobody:x@localhost/assay?socket=${socket}`, /Access denied.*check the user/],
    [store + "&tls=on", /'tls' is not understood/],
    ["mysql://assay@localhost", /names no database/],
    ["postgres://x/y", /begins with sqlite:, mysql: or postgresql:/],
  ]) {
    const done = at(url);
    check(done.code !== 0 && words.test(done.err) && !/open|secret/.test(done.err.replace(/opening the store/g, "")), url, done.err);
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

test("encrypted, and refused when the certificate is another's", () => {
  if (spawnSync("openssl", ["version"]).status !== 0) throw new Skip("no openssl");
  const folder = process.env.MARIADB_FOLDER, at = (name) => join(folder, name);
  const openssl = (...args) => check(spawnSync("openssl", args).status === 0, "openssl", args);
  for (const name of ["ca", "other"])
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.pem`));
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", at("server.key"), "-out", at("server.csr"));
  openssl("x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-out", at("server.pem"));
  const mariadb = (...args) => execFileSync("test/mariadb/server", args, { stdio: "ignore" });
  const list = (words) => assay(["dataset", "list", "--data", data, "--store", store + words]);
  check(/offers no SSL/.test(list("&ssl=on").err), "a server without a certificate");
  mariadb("stop");
  mariadb("start", `--ssl-cert=${at("server.pem")}`, `--ssl-key=${at("server.key")}`);
  sql("ALTER USER assay@localhost REQUIRE SSL");
  check(/Access denied/.test(list("").err), "in clear");
  check(list("&ssl=on").code === 0, list("&ssl=on"));
  check(list(`&ssl=verify&ca=${at("ca.pem")}`).code === 0, list(`&ssl=verify&ca=${at("ca.pem")}`));
  const wrong = list(`&ssl=verify&ca=${at("other.pem")}`);
  check(wrong.code !== 0 && /TLS|SSL/.test(wrong.err), wrong);
  sql("ALTER USER assay@localhost REQUIRE NONE");
});

run();
