// Encoders of a running server: which there are, pulling one from a hub of our own (test/cli/hub.mjs) as a job, and serving with
// another one while clients scan.
import { Interface, Server, check, form, json, newFolder, picture, program, run, sleep, test } from "./lib.mjs";
import { writeModel } from "./tiny_clip.mjs";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";

const root = newFolder(), cache = newFolder(), data = newFolder(), portFile = join(root, "port");
const repo = (name) => { const dir = join(root, name); mkdirSync(dir, { recursive: true }); return dir; };
const card = (name, licence) => writeFileSync(join(repo(name), "card.json"), JSON.stringify(licence ? { license: licence } : {}));
const behave = (how) => writeFileSync(join(root, "behaviour.json"), JSON.stringify(how));

writeModel(repo("laion/CLIP-ViT-B-32-laion2B-s34B-b79K"), { weights: "open_clip_model.safetensors" });
writeModel(repo("apple/MobileCLIP-S1-OpenCLIP"), { salt: "s1", weights: "open_clip_model.safetensors" });
writeModel(repo("acme/birds"), { salt: "birds" });
card("acme/birds", "mit");
writeModel(repo("acme/closed"), { salt: "closed" });
card("acme/closed", "other");
writeModel(repo("timm/resnet18.a1_in1k"), { salt: "not the published bytes" });
writeFileSync(join(repo("timm/vit_base_patch32_clip_224.openai"), "open_clip_model.safetensors"), Buffer.alloc(3_000_000, 7));
writeFileSync(join(repo("timm/vit_base_patch32_clip_224.openai"), "open_clip_config.json"), "{}");

const hub = spawn("node", ["test/cli/hub.mjs", root, portFile], { stdio: "inherit" });
process.on("exit", () => hub.kill());
while (!existsSync(portFile) || !readFileSync(portFile, "utf8").trim()) await sleep(30);
for (const name of Object.keys(process.env)) if (/^(HF_|HUGGING|TRANSFORMERS_|.*_proxy$)/i.test(name)) delete process.env[name];
process.env.HF_HUB_CACHE = cache;
process.env.HF_ENDPOINT = `http://127.0.0.1:${readFileSync(portFile, "utf8").trim()}`;

let server = await Server.start("--data", data);
const api = new Interface((await server.request("GET", "/openapi.json")).json);

async function ask(status, method, path, value) {
  const answer = await server.request(method, path, value === undefined ? {} : json(value));
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const encoder = async (name) => (await ask(200, "GET", "/v1/encoders")).encoders.find((e) => e.name === name);
const pull = (status, name, value = {}) => ask(status, "POST", `/v1/encoders/${encodeURIComponent(name)}/pull`, value);
async function over(job, seconds = 30) {
  for (const late = Date.now() + seconds * 1000; ; await sleep(50)) {
    const now = await ask(200, "GET", `/v1/jobs/${job.id}`);
    if (!["running", "pending"].includes(now.state)) return now;
    check(Date.now() < late, "the job does not end", now);
  }
}
async function until(what, seconds = 20) {
  for (const late = Date.now() + seconds * 1000; !(await what()); await sleep(30)) check(Date.now() < late, "it does not come to be");
}

test("the list has the embedded one, the presets, and says which serves", async () => {
  const { encoders, memory } = await ask(200, "GET", "/v1/encoders");
  check(encoders[0].name === "default" && encoders[0].serving && encoders[0].cached && encoders[0].dim > 0, encoders[0]);
  const clip = encoders.find((e) => e.name === "vit-b-32-laion2b"), s1 = encoders.find((e) => e.name === "mobileclip-s1");
  check(clip.words && clip.commercial && !clip.cached && !clip.needs_acceptance && clip.dim === 512 && clip.bytes > 5e8, clip);
  check(!s1.commercial && s1.needs_acceptance && s1.licence === "apple-amlr", s1);
  check(encoders.filter((e) => e.serving).length === 1 && "budget" in memory, memory);
});

test("a pull is a job with bytes, and is in the list while it runs", async () => {
  behave({ slow: 15 });
  const job = await pull(202, "vit-b-32-laion2b");
  check(job.kind === "pull" && job.detail.name === "vit-b-32-laion2b", job);
  check((await pull(202, "VIT-B-32-laion2b")).id === job.id, "asking again is the same job");
  check((await encoder("vit-b-32-laion2b")).job === job.id, "the list names the job");
  let steps = new Set();
  for (let now = job; now.state === "running"; now = await ask(200, "GET", `/v1/jobs/${job.id}`)) {
    if (now.done > 0) steps.add(now.done);
    await sleep(40);
  }
  const end = await over(job);
  check(end.state === "done" && end.done === end.total && end.total > 1e6 && steps.size > 2, end, steps.size);
  check(end.message.includes("loaded and checked"), end.message);
  const row = await encoder("vit-b-32-laion2b");
  check(row.cached && row.job === null && row.bytes > 1e6, row);
  behave({});
  check((await over(await pull(202, "vit-b-32-laion2b"))).message.includes("nothing to load"), "again loads nothing");
});

test("a preset with nothing but open_clip's own vocabulary reads words", async () => {
  const shots = join(cache, "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K", "snapshots");
  const files = readdirSync(join(shots, readdirSync(shots)[0]));
  check(files.includes("bpe_simple_vocab_16e6.txt.gz") && !files.includes("tokenizer.json") && !files.includes("vocab.json"), files);
  const file = join(newFolder(), "one.png");
  writeFileSync(file, picture(0, 7));
  const said = execFileSync(program, ["classify", "--model", "vit-b-32-laion2b", "--json", "--labels", "a dog,rain", file]).toString();
  check(JSON.parse(said).labels.length === 2, said);
});

test("events of a pull are those of any job", async () => {
  behave({ slow: 10 });
  const job = await pull(202, "vit-b-32-openai");
  const events = await server.request("GET", `/v1/jobs/${job.id}/events`);
  check(events.type.startsWith("text/event-stream") && events.bytes.includes('"kind":"pull"') &&
    events.bytes.includes('"state":"done"'), events.bytes.toString().slice(0, 300));
  behave({});
});

test("a licence is accepted first, once", async () => {
  const { detail } = await pull(409, "mobileclip-s1");
  check(detail.includes("apple-amlr") && detail.includes("accept_licence"), detail);
  await pull(400, "mobileclip-s1", { accept_licence: "yes" });
  check((await over(await pull(202, "mobileclip-s1", { accept_licence: true }))).state === "done", "with a yes");
  check((await over(await pull(202, "mobileclip-s1"))).state === "done", "the yes is kept");
  const refused = await over(await pull(202, "acme/closed"));
  check(refused.state === "failed" && refused.detail.cause === "licence" && refused.message.includes('"other"'), refused);
  check((await over(await pull(202, "acme/closed", { accept_licence: true }))).state === "done", "a repository with a yes");
});

test("what is in the cache is in the list, whoever brought it", async () => {
  check((await over(await pull(202, "acme/birds"))).state === "done", "pulled");
  const birds = await encoder("acme/birds");
  check(birds.cached && birds.words && birds.bytes > 1e6 && !birds.serving, birds);
});

test("stopped in the middle, the next goes on from there", async () => {
  writeFileSync(join(repo("acme/big"), "model.safetensors"), Buffer.alloc(4_000_000, 3));
  card("acme/big", "mit");
  behave({ slow: 25 });
  const job = await pull(202, "acme/big");
  await until(async () => (await ask(200, "GET", `/v1/jobs/${job.id}`)).done > 500_000);
  await ask(200, "POST", `/v1/jobs/${job.id}/cancel`);
  const end = await over(job);
  check(end.state === "cancelled" && end.message.includes("goes on"), end);
  const blobs = join(cache, "models--acme--big", "blobs");
  check(readdirSync(blobs).some((f) => f.endsWith(".incomplete")), "what came stays");
  behave({});
  const again = await over(await pull(202, "acme/big"));
  check(again.state === "done" && again.done === again.total, again);
  check(/STORE .*acme\/big.* bytes=[1-9]/.test(readFileSync(join(root, "requests"), "utf8")), "only the rest was asked for");
});

test("a line that breaks is tried again and the job says so", async () => {
  writeFileSync(join(repo("acme/breaks"), "model.safetensors"), Buffer.alloc(2_000_000, 4));
  card("acme/breaks", "mit");
  behave({ break: 900_000 });
  const end = await over(await pull(202, "acme/breaks"), 60);
  check(end.state === "done", end);
  behave({});
});

test("wrong bytes, no such model, no such repository", async () => {
  writeFileSync(join(repo("acme/spoilt"), "model.safetensors"), Buffer.alloc(1_000_000, 5));
  card("acme/spoilt", "mit");
  behave({ spoil: true });
  const spoilt = await over(await pull(202, "acme/spoilt"));
  check(spoilt.state === "failed" && spoilt.detail.cause === "damaged" && spoilt.message.includes("thrown away"), spoilt);
  behave({});
  const other = await over(await pull(202, "resnet18"));
  check(other.state === "failed" && other.detail.cause === "damaged" && other.message.includes("not the known one"), other);
  const none = await over(await pull(202, "nobody/none"));
  check(none.state === "failed" && none.detail.cause === "token", none);
  check((await pull(404, "such a thing")).detail.includes("no encoder"), "a name that is none");
  check((await pull(409, "default")).detail.includes("part of the program"), "the embedded one");
});

// ---- another encoder takes over

const use = (status, name) => ask(status, "POST", `/v1/encoders/${encodeURIComponent(name)}/use`);
const scan = (bytes, extra = {}) => server.request("POST", "/v1/predict", { body: bytes, headers: { "Content-Type": "image/png" }, ...extra });
const shown = Array.from({ length: 6 }, (_, i) => picture(i % 3, 100 + i));
const put = async (klass, bytes) => {
  const answer = await server.request("POST", `/v1/images?class=${klass}&file=x.png`, { body: bytes, headers: { "Content-Type": "image/png" } });
  check(answer.status === 201, "adding:", answer.status, answer.bytes.toString().slice(0, 200));
};

// What the serving encoder says of the pictures shown: its digest, and class and scores of each.
async function said() {
  const answers = [];
  for (const bytes of shown) answers.push((await scan(bytes)).json);
  return { digest: answers[0].model.digest, answers };
}
const same = (a, b) => a.model.digest === b.model.digest && a.label === b.label && Math.abs(a.score - b.score) < 1e-5 &&
  a.matches.length === b.matches.length && a.matches.every((m, i) => Math.abs(m.similarity - b.matches[i].similarity) < 1e-5);

test("an encoder that is not here, or that is none, is refused and the old one serves", async () => {
  check((await use(409, "mobileclip-s2")).detail.includes("assay model pull"), "not here");
  await use(404, "no such thing");
  const end = await over(await use(202, "acme/big"));
  check(end.state === "failed" && end.message.includes("default still serves"), end);
  check((await encoder("default")).serving, "the old one serves");
});

test("under sixteen clients: no error, no mixed answer, every picture has its vector", async () => {
  for (const name of ["one", "two", "three"]) await ask(201, "POST", "/v1/classes", { name });
  for (let i = 0; i < 36; i++) await put(["one", "two", "three"][i % 3], picture(i % 3, i));
  const before = await said();
  const seen = new Map(), wrong = [];
  let stop = false, answered = 0;
  const client = async (n) => {
    const agent = new http.Agent({ keepAlive: true });
    for (let i = n; !stop; i++) {
      const at = i % shown.length, answer = await scan(shown[at], { agent }).catch((error) => ({ status: String(error) }));
      if (answer.status !== 200) wrong.push(`${answer.status} ${answer.bytes}`);
      else {
        answered++;
        const key = `${at} ${answer.json.model.digest}`;
        if (!seen.has(key)) seen.set(key, []);
        seen.get(key).push(answer.json);
      }
    }
    agent.destroy();
  };
  const clients = Array.from({ length: 16 }, (_, n) => client(n));
  await until(() => answered > 50);
  const job = await use(202, "acme/birds");
  check(job.kind === "encoder" && (await use(202, "acme/birds")).id === job.id, "asking again is the same job");
  check((await use(409, "mobileclip-s1")).detail.includes("under way"), "one at a time");
  check((await encoder("acme/birds")).job === job.id, "the list names the job");
  const end = await over(job, 120);
  check(end.state === "done" && end.done === 36 && end.total === 36, end);
  const then = answered;
  await until(() => answered > then + 50);
  stop = true;
  await Promise.all(clients);
  const after = await said();
  check(wrong.length === 0, wrong.length, "errors, such as", wrong[0]);
  check(after.digest !== before.digest && (await encoder("acme/birds")).serving && !(await encoder("default")).serving, "it serves");
  let mixed = 0, old = 0;
  for (const [key, list] of seen) {
    const at = Number(key.split(" ")[0]);
    for (const a of list) {
      old += a.model.digest === before.digest;
      mixed += !same(a, a.model.digest === before.digest ? before.answers[at] : after.answers[at]);
    }
  }
  check(mixed === 0 && old > 0 && old < answered, mixed, "mixed of", answered, "of the old one", old);
  console.log(`     ${answered} answers, ${old} of them by the old encoder`);
  const info = await ask(200, "GET", "/v1/info");
  check(info.model.digest === after.digest, info.model);
  const words = await server.request("POST", "/classify", form([{ name: "file", file: "a.png", value: shown[0] }, { name: "labels", value: "a dog,a cat" }]));
  check(words.status === 200, "and reads words", words.bytes.toString().slice(0, 200));
});

test("a picture that is added while it happens is found by the next scan", async () => {
  let stop = false, n = 0;
  const wrong = [];
  const teacher = (async () => {
    for (; !stop; n++) {
      const bytes = picture(n % 3, 5000 + n);
      await put(["one", "two", "three"][n % 3], bytes);
      const found = (await scan(bytes)).json;
      if (found.message_code !== "match_stored" || found.label !== ["one", "two", "three"][n % 3]) wrong.push(found);
    }
  })();
  check((await over(await use(202, "default"), 120)).state === "done", "back to the default");
  check((await over(await use(202, "acme/birds"), 120)).state === "done", "and to the birds");
  stop = true;
  await teacher;
  check(n > 2 && wrong.length === 0, n, wrong[0]);
});

test("the choice outlives the program; --model goes before it and says so", async () => {
  const { digest } = await said();
  await server.stop();
  server = await Server.start("--data", data);
  check((await said()).digest === digest && (await encoder("acme/birds")).serving, "after a restart");
  await server.stop();
  server = await Server.start("--data", data, "--model", "default");
  check(/acme\/birds, which was chosen.*is not used/.test(server.output), server.output);
  check((await encoder("default")).serving, "--model wins");
  await server.stop();
  server = await Server.start("--data", data);
  check((await said()).digest === digest, "and changes nothing for later");
});

test("stopped in the middle the old one serves; ended in the middle it goes on", async () => {
  const { digest } = await said();
  for (let i = 0; i < 60; i++) await put("one", picture(i % 3, 9000 + i, 64));
  const job = await use(202, "mobileclip-s1");
  await ask(200, "POST", `/v1/jobs/${job.id}/cancel`);
  const end = await over(job);
  check(end.state === "failed" || end.state === "cancelled", end);
  check((await said()).digest === digest, "the old one serves");
  await over(await use(202, "default"), 120);
  for (let i = 0; i < 60; i++) await put("two", picture(i % 3, 12000 + i, 64));
  const next = await use(202, "acme/birds");
  await until(async () => (await ask(200, "GET", `/v1/jobs/${next.id}`)).detail.phase !== "opening");
  check((await server.kill()).signal === "SIGKILL", "killed");
  server = await Server.start("--data", data);
  check((await over(next, 120)).state === "done" && (await said()).digest === digest, "it went on by itself");
});

test("over the memory budget the text tower goes, and comes back when words are asked for", async () => {
  const memory = async () => (await ask(200, "GET", "/v1/encoders")).memory;
  const judge = (labels) => server.request("POST", "/classify", form([{ name: "file", file: "a.png", value: shown[0] }, { name: "labels", value: labels }]));
  await server.stop();
  server = await Server.start("--data", data);
  await scan(shown[0]);
  const without = await memory();
  const first = (await judge("a dog,a cat")).json.raw_logits;
  const whole = await memory();
  check(without.budget === null && without.used > 100_000 && whole.used > without.used + 100_000, without, whole);
  await server.stop();
  const budget = Math.round((without.used + whole.used) / 2);
  server = await Server.start("--data", data, "--memory-budget", String(budget));
  for (const labels of ["a dog,a cat", "a dog", "the sky,a cat,rain", "a dog,a cat"]) {
    const answer = await judge(labels);
    check(answer.status === 200, answer.bytes.toString().slice(0, 200));
    for (const l of ["a dog", "a cat"])
      if (l in answer.json.raw_logits) check(answer.json.raw_logits[l] === first[l], "the same scores", l, answer.json.raw_logits);
    const now = await memory();
    check(now.budget === budget && now.used <= budget, "within the budget", now);
  }
  const many = await Promise.all(Array.from({ length: 12 }, (_, i) => judge(`a dog,label ${i},another ${i}`)));
  check(many.every((m) => m.status === 200 && Math.abs(m.json.raw_logits["a dog"] - first["a dog"]) < 1e-6), "many at once");
  await server.stop();
  server = await Server.start("--data", data);
});

test("ending the server ends its pulls, and what came stays", async () => {
  writeFileSync(join(repo("acme/long"), "model.safetensors"), Buffer.alloc(4_000_000, 6));
  card("acme/long", "mit");
  behave({ slow: 100 });
  const job = await pull(202, "acme/long");
  await until(async () => (await ask(200, "GET", `/v1/jobs/${job.id}`)).done > 200_000);
  const begun = Date.now();
  check((await server.stop()).code === 0 && Date.now() - begun < 8000, "it ends soon");
  server = await Server.start("--data", data);
  check(["cancelled", "failed"].includes((await over(job)).state), "it is over");
  behave({});
  check((await over(await pull(202, "acme/long"))).state === "done", "and goes on");
});

test("offline, what is here is here and the rest is refused", async () => {
  await server.stop();
  process.env.HF_HUB_OFFLINE = "1";
  server = await Server.start("--data", data);
  delete process.env.HF_HUB_OFFLINE;
  check((await pull(409, "mobileclip-s2", { accept_licence: true })).detail.includes("may not ask the hub"), "offline");
  check((await over(await pull(202, "acme/birds"))).state === "done", "what is here");
});

await run();
