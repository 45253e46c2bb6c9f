// "assay import omnizap": a made database of that classifier's schema, with what such databases really hold: other character sets,
// doubles where a key was lost, NULLs, JSON that is none; the command stopped in the middle; the rights and the columns it needs.
import { Server, check, form, newFolder, picture, program, run, sha256, sleep, sql, storeOf, test } from "../http/lib.mjs";
import { writeModel } from "../http/tiny_clip.mjs";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

const url = process.env.ASSAY_TEST_MYSQL, source = url.replace("/assay?", "/omnizap_dev?"), socket = url.match(/socket=(.*)/)[1];
const usual = { ...process.env, ASSAY_STORE: "", DB_HOST: "", DB_NAME: "" };
const assay = (args, env = {}) => {
  const done = spawnSync(program, args, { encoding: "utf8", env: { ...usual, ...env }, timeout: 100000 });
  return { code: done.status, out: done.stdout, err: done.stderr };
};
const imported = (data, ...args) => {
  const done = assay(["import", "omnizap", source, "--json", "--data", data, ...args]);
  check(done.code === 0, done);
  return JSON.parse(done.out);
};
const table = (answer, name) => answer.tables.find((t) => t.table === name);
const why = (t) => Object.fromEntries(t.reasons.map((r) => [r.why, r.rows]));
const feedback = "clip_image_theme_feedback", expansions = "clip_llm_label_expansion_cache";
const images = "clip_image_embedding_cache", labels = "clip_label_embedding_cache";
const digest = (n) => createHash("sha256").update(`picture ${n}`).digest("hex");

// The schema as that program makes it.  The server's root writes it: its user may only read.
const columns = {
  [feedback]: `image_hash CHAR(64) NOT NULL, theme VARCHAR(120) NOT NULL, asset_id VARCHAR(64) NULL, acceptance_count INT UNSIGNED NOT NULL
    DEFAULT 0, total_assignments INT UNSIGNED NOT NULL DEFAULT 0, created_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, updated_at
    TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (image_hash, theme)`,
  [images]: `image_hash CHAR(64) NOT NULL PRIMARY KEY, asset_id VARCHAR(64) NULL, model_name VARCHAR(80) NOT NULL, embedding_dim SMALLINT
    UNSIGNED NOT NULL, embedding MEDIUMBLOB NOT NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL`,
  [labels]: `model_name VARCHAR(80) NOT NULL, label VARCHAR(191) NOT NULL, embedding_dim SMALLINT UNSIGNED NOT NULL, embedding MEDIUMBLOB
    NOT NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, PRIMARY KEY (model_name, label)`,
  [expansions]: `cache_key CHAR(64) NOT NULL PRIMARY KEY, model_name VARCHAR(80) NULL, top_labels_json TEXT NULL, expansion_json LONGTEXT
    NULL, created_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP`,
};
const make = (database, { charset = "utf8mb4", change = (t, c) => c } = {}) =>
  sql(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database} CHARACTER SET latin1; GRANT SELECT ON ${database}.* TO assay@localhost;
    USE ${database}; ${Object.entries(columns).map(([t, c]) => `CREATE TABLE ${t} (${change(t, c)}) ENGINE=InnoDB DEFAULT CHARSET=${charset};`).join("")}`);
const into = (name, ...rows) => sql(`SET NAMES utf8mb4; SET time_zone = '+00:00';
  ${rows.map((r) => `INSERT INTO ${name} VALUES (${r});`).join("\n")}`, "omnizap_dev");
const verdicts = (data) => sql("SELECT COUNT(*), SUM(accepted), COUNT(DISTINCT sha256, theme) FROM verdict WHERE token LIKE '@omnizap:%'", storeOf(data).name);
// Of a data folder that keeps its rows in SQLite.
const sqlite = (data, text) => execFileSync("sqlite3", ["-separator", " ", join(data, "assay.db"), text], { encoding: "utf8" })
  .trim().split(" ").map((v) => Number(v) || 0);
const onMariadb = (data) => ["--store", storeOf(data).url];

// A picture that comes again, with the digest that its bytes have.
const known = picture(0, 4242), day = 86400e3, ago = (days) => new Date(Date.now() - days * day).toISOString().slice(0, 19).replace("T", " ");

test("what is there comes over, and what cannot be is told by reason", () => {
  make("omnizap_dev");
  into(feedback,
    `'${sha256(known)}', 'rain', 'asset-1', 6, 8, '${ago(30)}', '${ago(10)}'`,
    `'${digest(1).toUpperCase()}', '  Fotos de Praia São ', NULL, 0, 3, '2024-05-06 07:08:09', '2024-05-06 07:08:09'`,
    `'${digest(2)}', 'very popular 🎉', 'a', 3000000000, 4000000000, '2024-05-06 07:08:09', '2024-06-06 07:08:09'`,
    `'${digest(3)}', 'no time', NULL, 1, 1, NULL, NULL`,
    `'${digest(4)}', 'long name', '${"é".repeat(60)}', 1, 1, '2024-05-06', '2024-05-07'`,
    `'${digest(5)}', 'impossible', NULL, 5, 4, NOW(), NOW()`, `'${digest(6)}', 'never asked', NULL, 0, 0, NOW(), NOW()`,
    `'${digest(6)}', '', NULL, 1, 1, NOW(), NOW()`, `'not a digest', 'x', NULL, 1, 1, NOW(), NOW()`,
    `'${digest(7)}', 'a\\nb', NULL, 1, 1, NOW(), NOW()`);
  into(images, `'${digest(1)}', NULL, 'MobileCLIP-S1', 2, X'9A99193FCDCC4C3F', NOW(), NOW()`);
  into(labels, `'MobileCLIP-S1', 'foto de praia', 2, X'00000000000080BF', NOW(), NOW()`, `'MobileCLIP-S1', 'x', 0, '', NOW(), NOW()`);
  const expansion = (lists) => JSON.stringify({ subtags: [], style_traits: [], emotions: [], pack_suggestions: [], ...lists });
  into(expansions,
    `'${digest(1)}', 'gpt-4.1-mini', '["anime illustration","cartoon","comic art"]', '${expansion({ subtags: ["shonen", "ação"] })}', NOW(), NOW()`,
    `'${digest(2)}', 'gpt-4.1-mini', '["cartoon"]', '${expansion({})}', NOW(), NOW()`,
    `'${digest(3)}', 'gpt-4.1-mini', '["cartoon", ', '${expansion({ emotions: ["calm"] })}', NOW(), NOW()`,
    `'${digest(4)}', 'gpt-4.1-mini', '["cartoon"]', '{"subtags": ["cut off', NOW(), NOW()`,
    `'${digest(5)}', 'gpt-4.1-mini', '{"labels": 1}', '${expansion({ emotions: ["calm"] })}', NOW(), NOW()`,
    `'${digest(6)}', NULL, NULL, NULL, NULL, NULL`, `'short', 'm', '[]', '[]', NOW(), NOW()`);
  const data = newFolder(), dry = imported(data, "--dry-run");
  check(dry.dry_run && dry.verdicts === 8 + 3 + 256 + 1 + 1 && !existsSync(join(data, "expansions")), dry);
  const a = imported(data), f = table(a, feedback), e = table(a, expansions);
  check(!a.dry_run && JSON.stringify(table(dry, feedback)) === JSON.stringify(f), dry, a);
  check(f.rows === 10 && f.taken === 5 && f.same === 0 && f.left === 5 && a.verdicts === dry.verdicts && a.verdicts_same === 0, a);
  check(a.folded === 1 && a.undated === 1 && a.unnamed === 1, a);
  check(why(f)["more was accepted than asked, or nothing asked"] === 2 && why(f)["a theme has control characters, or nothing else"] === 1, f);
  check(why(f)["a theme is empty or not UTF-8"] === 1 && why(f)["a picture's digest is not 64 hexadecimal digits"] === 1, f);
  for (const [name, rows] of [[images, 1], [labels, 2]]) {
    const t = table(a, name);
    check(t.taken === 0 && t.left === rows && /weights/.test(t.reasons[0].why), t);
  }
  check(e.rows === 7 && e.taken === 1 && e.left === 6 && readdirSync(join(data, "expansions")).length === 1, e);
  check(why(e)["an expansion is empty: the call had failed"] === 2 && why(e)["a key is not 64 hexadecimal digits"] === 1, e);
  check(why(e)["the labels that were asked about are not JSON, or not one to three"] === 2, e);
  check(why(e)["the expansion is not JSON of four lists of texts"] === 1, e);
  const again = imported(data);
  check(again.verdicts === 0 && again.verdicts_same === a.verdicts && table(again, feedback).same === 5 && table(again, feedback).taken === 0, again);
  check(table(again, expansions).same === 1 && table(again, expansions).taken === 0, again);
  const text = assay(["import", "omnizap", source, "--data", data]);
  check(text.code === 0 && /10 rows, 0 taken, 5 here already, 5 left there/.test(text.out) && /0 verdicts added, 269 here already/.test(text.out), text);
});

test("a picture that comes again is judged by what people said there, by its age", async () => {
  const data = newFolder(), model = newFolder();
  writeModel(model);
  imported(data);
  const server = await Server.start("--data", data, "--model", model, "--store", `sqlite:${join(data, "assay.db")}`);
  const beside = imported(data, "--dry-run");
  check(beside.verdicts === 0 && beside.verdicts_same === 269, "beside a server", beside);
  const refused = assay(["import", "omnizap", source, "--data", data]);
  check(refused.code === 1 && /in use by another/.test(refused.err), refused);
  const fields = (theme) => form([{ name: "file", file: "a.png", value: known }, { name: "labels", value: "rain,sun,a dog" }, { name: "theme", value: theme }]);
  const a = (await server.request("POST", "/classify", fields("RAIN "))).json.affinity;
  const half = (days) => 2 ** (-days / 180); // the usual half-life
  let yes = 0, no = 0;
  for (let i = 0; i < 8; i++) Math.floor(((i + 1) * 6) / 8) > Math.floor((i * 6) / 8) ? (yes += half(30 - (20 * i) / 7)) : (no += half(30 - (20 * i) / 7));
  check(Math.abs(a.accepted - yes) < 0.001 && Math.abs(a.rejected - no) < 0.001, a, yes, no);
  check((await server.request("POST", "/classify", fields("sun"))).json.affinity.weight === 0, "another theme");
  const told = await server.request("POST", "/feedback", { body: JSON.stringify({ image_hash: digest(2), theme: "x", accepted: true }), headers: { "Content-Type": "application/json" } });
  check(told.status === 200, "a picture that was judged there is known", told.json);
  const list = (await server.request("GET", `/v1/feedback?sha256=${digest(1)}`)).json;
  check(list.items.length === 3 && list.items.every((v) => v.theme === "fotos de praia são" && !v.accepted && /^2024-05-06T07:08:09/.test(v.created_at)), list.items[0]);
  await server.stop();
});

test("what has grown there adds what it has grown by; without a key a double counts once; a bigger count stands", () => {
  const data = newFolder(), where = onMariadb(data);
  make("omnizap_dev", { charset: "latin1", change: (t, c) => c.replace(/,\s*PRIMARY KEY \([^)]*\)$/, "").replace(/ PRIMARY KEY/, "") });
  into(feedback, `'${digest(1)}', 'ação', 'ä', 2, 3, '2024-01-01', '2024-01-11'`, `'${digest(1)}', 'ação', 'ä', 2, 3, '2024-01-01', '2024-01-11'`,
    `'${digest(2)}', 'x', NULL, 1, 2, '2024-01-01', '2024-01-02'`, `'${digest(2)}', 'x', NULL, 4, 5, '2024-01-01', '2024-01-03'`);
  const a = imported(data, ...where);
  check(a.verdicts === 8 && a.verdicts_same === 5, a);
  check(verdicts(data) === "8\t6\t2", verdicts(data));
  check(sql("SET NAMES utf8mb4; SELECT DISTINCT theme, asset FROM verdict WHERE asset <> ''", storeOf(data).name) === "ação\tä", "latin1 there, UTF-8 here");
  sql("UPDATE clip_image_theme_feedback SET acceptance_count = 5, total_assignments = 7 WHERE theme = 'x'", "omnizap_dev");
  const b = imported(data, ...where);
  check(b.verdicts === 2 && table(b, feedback).taken === 1 && verdicts(data) === "10\t7\t2", b, verdicts(data));
  check(imported(data, ...where).verdicts === 0, "and then nothing");
});

test("stopped in the middle it goes on, and all of it is there once", async () => {
  const data = newFolder(), where = onMariadb(data), rows = 4000;
  make("omnizap_dev");
  sql(`INSERT INTO ${feedback} SELECT SHA2(seq, 256), CONCAT('theme ', seq % 7), NULL, seq % 4, 4, NOW() - INTERVAL 9 DAY, NOW() FROM seq_1_to_${rows}`, "omnizap_dev");
  let stopped = 0;
  for (let turn = 0; turn < 20 && stopped < 2; turn++) {
    const child = spawn(program, ["import", "omnizap", source, "--quiet", "--data", data, ...where], { env: usual, stdio: "ignore" });
    const before = Number(sql("SHOW TABLES LIKE 'verdict'", storeOf(data).name) && verdicts(data).split("\t")[0]);
    const over = new Promise((done) => child.on("exit", done));
    let ended = false;
    over.then(() => (ended = true));
    while (!ended) {
      const n = Number(sql("SHOW TABLES LIKE 'verdict'", storeOf(data).name) && verdicts(data).split("\t")[0]);
      if (n > before && n < 4 * rows) {
        child.kill("SIGKILL");
        stopped += 1;
        break;
      }
      await sleep(5);
    }
    await over;
  }
  check(stopped > 0, "it was stopped in the middle");
  const there = Number(verdicts(data).split("\t")[0]), rest = imported(data, ...where);
  check(there % 4 === 0 && there < 4 * rows, "whole rows", there);
  check(rest.verdicts === 4 * rows - there && rest.verdicts_same === there, rest, there);
  const yes = Array.from({ length: rows }, (_, i) => (i + 1) % 4).reduce((a, b) => a + b);
  check(verdicts(data) === `${4 * rows}\t${yes}\t${rows}`, verdicts(data));
  console.log(`  stopped ${stopped} times; ${there} of ${4 * rows} verdicts were there before the last run`);
});

// A wire to the database that ends after so many bytes of its answers.
async function cutAfter(bytes) {
  const path = join(newFolder(), "s");
  let left = bytes;
  const wires = new Set();
  const server = net.createServer((client) => {
    const there = net.connect(socket), end = () => (client.destroy(), there.destroy());
    for (const w of [client, there]) wires.add(w.on("error", end).on("close", end));
    client.on("data", (d) => there.write(d));
    there.on("data", (d) => {
      client.write(d.subarray(0, Math.max(left, 0)));
      left -= d.length;
      if (left <= 0) client.end(), there.destroy();
    });
  });
  await new Promise((done) => server.listen(path, done));
  return { path, close: () => (wires.forEach((w) => w.destroy()), new Promise((done) => server.close(done))) };
}

const later = (args) => new Promise((done) => {
  const child = spawn(program, args, { env: usual });
  let out = "", err = "";
  child.stdout.on("data", (d) => (out += d));
  child.stderr.on("data", (d) => (err += d));
  child.on("exit", (code, signal) => done({ code, signal, out, err }));
});

test("the database it is read from dies at any point: said in words, nothing half, and run again it is whole", async () => {
  const rows = 3000, of = (data) => sqlite(data, "SELECT COUNT(*), SUM(accepted), COUNT(DISTINCT sha256 || theme) FROM verdict");
  make("omnizap_dev");
  sql(`INSERT INTO ${feedback} SELECT SHA2(seq, 256), CONCAT('theme ', seq % 7), NULL, seq % 4, 4, NOW() - INTERVAL 9 DAY, NOW() FROM seq_1_to_${rows}`, "omnizap_dev");
  into(expansions, `'${digest(1)}', 'gpt-4.1-mini', '["cartoon"]', '{"subtags": ["a"], "style_traits": [], "emotions": [], "pack_suggestions": []}', NOW(), NOW()`);
  const whole = await cutAfter(1e12), straight = newFolder();
  const counted = await later(["import", "omnizap", source.replace(socket, whole.path), "--quiet", "--data", straight]);
  await whole.close();
  check(counted.code === 0, counted);
  const want = of(straight).join();
  let partly = 0;
  for (const bytes of [0, 60, 400, 1500, 30_000, 150_000, 300_000]) {
    const data = newFolder(), wire = await cutAfter(bytes);
    const cut = await later(["import", "omnizap", source.replace(socket, wire.path), "--data", data]);
    await wire.close();
    check(cut.code === 1 && !cut.signal, bytes, cut);
    check(/cannot be reached|went away/.test(cut.err), bytes, cut.err);
    check(bytes < 30_000 || /stopped after \d+ verdicts; run it again.*: clip_image_theme_feedback: the database went away/.test(cut.err), bytes, cut.err);
    const [n, , themes] = of(data);
    check(n === 4 * themes && n < 4 * rows, "a theme is taken whole or not at all", bytes, n, themes);
    partly += n > 0;
    const rest = imported(data);
    check(rest.verdicts === 4 * rows - n && rest.verdicts_same === n, rest, n);
    check(of(data).join() === want && readdirSync(join(data, "expansions")).length === 1, "whole now", of(data), want);
  }
  check(partly > 0, "one was cut after something had been taken");
});

test("that program's environment is enough", () => {
  const data = newFolder();
  const env = { DB_HOST: "localhost", DB_USER: "assay", DB_PASSWORD: "o'pen@se/same", DB_NAME: "omnizap" };
  const done = assay(["import", "omnizap", "--dry-run", "--data", data], env);
  // The test's server is on a socket of its own, so what can be seen is where it was looked for.
  check(done.code === 1 && /database omnizap_dev on .* cannot be reached/.test(done.err) && !/pen@se/.test(done.err), done);
  const none = assay(["import", "omnizap", "--data", data]);
  check(none.code === 1 && /DB_HOST, DB_USER and DB_NAME/.test(none.err), none);
});

test("what is wrong is said in words", () => {
  const data = newFolder(), at = (where) => assay(["import", "omnizap", where, "--data", data]);
  const asked = (user, database = "omnizap_dev") => `mysql://${user}:x@localhost/${database}?socket=${socket}`;
  make("omnizap_dev");
  into(feedback, `'${digest(1)}', 'x', NULL, 1, 2, NOW(), NOW()`);
  sql(`CREATE USER IF NOT EXISTS nothing@localhost IDENTIFIED BY 'x', one@localhost IDENTIFIED BY 'x', some@localhost IDENTIFIED BY 'x';
    GRANT SELECT ON omnizap_dev.${images} TO one@localhost; GRANT SELECT (image_hash, theme) ON omnizap_dev.${feedback} TO some@localhost`);
  make("omnizap_odd", { change: (t, c) => (t === feedback ? c.replace("total_assignments", "asked") : c) });
  for (const [where, words] of [
    ["sqlite:/x", /mysql:\/\/user@host\/database/],
    ["http://localhost/x", /mysql:\/\/user@host\/database/],
    ["mysql://assay@localhost", /names no database/],
    ["mysql://assay@127.0.0.1:1/x", /database x on 127\.0\.0\.1:1 cannot be reached/],
    [source.replace(/assay:[^@]*@/, "assay:wrong@"), /Access denied.*check the user/],
    [asked("nothing"), /Access denied.*GRANT SELECT|Access denied/],
    [source.replace("omnizap_dev", "omnizap_absent"), /Unknown database|Access denied/],
    [source.replace("omnizap_dev", "assay"), /none of the classifier's four tables.*GRANT SELECT/],
    [asked("some"), /clip_image_theme_feedback.*denied.*GRANT SELECT/],
    [source.replace("omnizap_dev", "omnizap_odd"), /clip_image_theme_feedback is not as the classifier makes it: Unknown column 'total_assignments'/],
  ]) {
    const done = at(where);
    check(done.code === 1 && words.test(done.err) && !/all privileges|CREATE DATABASE|pen%40/.test(done.err), where, done.err);
  }
  const part = assay(["import", "omnizap", asked("one"), "--data", data]);
  check(part.code === 0 && /clip_image_theme_feedback: not there, or the user may not see it/.test(part.out) && /0 verdicts added/.test(part.out), part);
  sql(`DROP TABLE ${labels}, ${expansions}`, "omnizap_dev");
  const less = assay(["import", "omnizap", source, "--data", data]);
  check(less.code === 0 && /2 verdicts added/.test(less.out) && /clip_label_embedding_cache: not there/.test(less.out), less);
  for (const args of [[], ["omnizap", "a", "b"]]) check(assay(["import", ...args]).code === 2, args);
  sql("DROP DATABASE omnizap_dev; DROP DATABASE omnizap_odd; DROP USER nothing@localhost, one@localhost, some@localhost");
});

run();
