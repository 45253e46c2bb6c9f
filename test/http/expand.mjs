// Label expansion over HTTP: a language model that answers, dawdles, is rude or away; what clients of both routes see, that
// nobody waits longer than the bound, that only labels leave the house and the key never comes out.  And every error of the
// old routes.
import { Interface, Server, check, form, json, newFolder, picture, run, sha256, sleep, test } from "./lib.mjs";
import { lists, startLlm } from "./fake_llm.mjs";
import { writeModel } from "./tiny_clip.mjs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const model = newFolder(), data = newFolder(), secret = "sk-proj-http-0123456789abcdef";
writeModel(model);

const llm = await startLlm(), url = llm.url;
const labelsAsked = (call) => JSON.parse(call.body.messages[1].content);

// ---- the program
let server, api;
async function restart(env = {}, ...args) {
  if (server) await server.stop();
  for (const name of Object.keys(process.env)) if (/^(OPENAI|LLM_|ENABLE_LLM)/.test(name)) delete process.env[name];
  Object.assign(process.env, env);
  server = await Server.start("--data", data, "--model", model, "--precision", "f32", ...args);
  api ??= new Interface((await server.request("GET", "/openapi.json")).json);
  Object.assign(llm, { how: "good", delay: 0, asked: [] });
}
async function ask(status, method, path, options = {}) {
  const answer = await server.request(method, path, options);
  api.verify(method, path, answer);
  check(answer.status === status, `${method} ${path}: ${answer.status} and not ${status}:`, answer.bytes.toString().slice(0, 400));
  return answer.json;
}
const post = (path) => (fields = {}, status = 200, bytes = picture(0, 7)) =>
  ask(status, "POST", path, form([...(bytes ? [{ name: "file", file: "a.png", value: bytes }] : []),
    ...Object.entries(fields).map(([name, value]) => ({ name, value }))]));
const old = post("/classify"), v1 = post("/v1/classify");
const open = { OPENAI_BASE_URL: url, OPENAI_API_KEY: secret, ENABLE_LLM_EXPANSION_GATING: "off" };
const empty = (e) => Object.values(e).every((list) => list.length === 0);

test("without a key nobody is asked", async () => {
  await restart();
  const a = await old({ labels: "a dog,rain" }), b = await v1({ labels: "a dog,rain" }), told = await ask(200, "GET", "/labels");
  check(a.llm_expansion_used === false && a.llm_expansion_gate_reason === "disabled" && a.llm_expansion_status === "off", a);
  check(empty(a.llm_expansion) && Object.keys(a.llm_expansion).join() === "subtags,style_traits,emotions,pack_suggestions", a.llm_expansion);
  check(b.expansion.status === "off" && b.expansion.model === "", b.expansion);
  check(!told.features.llm_label_expansion && told.features.llm_expansion_gating, told.features);
  check(told.llm_expansion_min_margin === 0.08 && told.llm_expansion_max_entropy_normalized === 0.72, told);
});

test("unsure answers pass the gate only when it is open", async () => {
  await restart({ OPENAI_BASE_URL: url });
  const a = await old({ labels: "a dog,rain,a cat" });
  check(a.entropy_normalized > 0.72 && a.llm_expansion_gate_reason === "entropy_gate" && a.llm_expansion_status === "gated", a);
  const b = await v1({ labels: "a dog,rain,a cat" });
  check(b.expansion.gate === "entropy_gate" && !b.expansion.used && b.expansion.reason.includes("above 0.72"), b.expansion);
  check(llm.asked.length === 0 && (await ask(200, "GET", "/labels")).features.llm_label_expansion, "nobody was asked");
});

test("three labels go, tags and groups come, once", async () => {
  await restart(open);
  const fields = { labels: "a dog,rain,a cat,the sky", asset_id: "asset-77", theme: "weather" };
  const a = await old(fields), b = await v1(fields);
  check(a.llm_expansion_used && a.llm_expansion_status === "ok" && a.llm_expansion_gate_reason === "enabled", a);
  check(JSON.stringify(a.llm_expansion) === JSON.stringify(lists), a.llm_expansion);
  check(b.expansion.status === "cached" && b.expansion.used && b.expansion.tags.join() === "puppy,Hound,soft light,joy", b.expansion);
  check(b.expansion.clusters.flat().sort().join() === [...lists.pack_suggestions].sort().join(), b.expansion.clusters);
  const [call] = llm.asked;
  check(llm.asked.length === 1 && call.url === "/v1/chat/completions" && call.key === `Bearer ${secret}`, llm.asked);
  check(JSON.stringify(labelsAsked(call)) === JSON.stringify(a.top_labels.slice(0, 3).map((t) => t.label)), call.body.messages);
  check(!/asset-77|weather|a\.png/.test(call.text) && !call.text.includes(sha256(picture(0, 7))), "only labels leave the house");
  check(call.body.temperature === 0.2 && call.body.model === "gpt-4.1-mini" && call.body.response_format.type === "json_schema", call.body);
  const c = await v1({ ...fields, labels: "the sky,a red car", llm_expansion: "false" });
  check(c.expansion.status === "off" && llm.asked.length === 1, c.expansion);
  check(empty((await old({ labels: "the sky", llm_expansion: "false" })).llm_expansion), "opted out");
  await v1({ ...fields, llm_expansion: "perhaps" }, 400);
});

test("another process finds what was kept", async () => {
  await restart(open);
  llm.how = "away";
  check((await old({ labels: "a dog,rain,a cat,the sky" })).llm_expansion_status === "cached" && llm.asked.length === 0, llm.asked);
});

test("wrong, rude and away cost nothing but the tags", async () => {
  for (const [how, status] of [["wrong", "bad_answer"], ["away", "down"], ["key", "refused"]]) {
    await restart(open);
    llm.how = how;
    const fields = { labels: `a dog,rain,${how}` }, plain = await v1({ ...fields, llm_expansion: "false" });
    const a = await v1(fields), b = await old(fields);
    check(a.expansion.status === status && a.expansion.reason && a.expansion.tags.length === 0 && !a.expansion.used, a.expansion);
    check(b.llm_expansion_status === status && empty(b.llm_expansion) && llm.asked.length === 1, "a failure is kept", llm.asked.length);
    check(JSON.stringify(a.scores) === JSON.stringify(plain.scores) && a.label === plain.label, "the judgement is the same");
    check(!server.output.includes("sk-proj") && !JSON.stringify(a).includes("sk-proj"), "the key came out");
    check(how !== "key" || server.output.includes("Incorrect API key provided: Bearer ***"), server.output);
  }
  check((await v1({ labels: "another" })).expansion.status === "breaker", "a refused key opens the breaker");
});

test("nobody waits longer than the bound", async () => {
  await restart({ ...open, LLM_LABEL_EXPANSION_TIMEOUT_MS: "5" }); // the least is a second
  check(server.output.includes('LLM_LABEL_EXPANSION_TIMEOUT_MS is 1000 and not "5": it takes 1000 to 15000'), server.output);
  llm.how = "drip";
  const begun = Date.now(), a = await v1({ labels: "a dog,drip" });
  check(a.expansion.status === "timeout" && a.expansion.waited_ms >= 950 && Date.now() - begun < 5000, a.expansion, Date.now() - begun);
});

test("a slow language model does not stop the server", async () => {
  await restart({ ...open, LLM_LABEL_EXPANSION_TIMEOUT_MS: "3000" });
  llm.delay = 60000;
  const begun = Date.now(), words = Array.from({ length: 24 }, (_, i) => `a dog,word ${i}`);
  const all = Promise.all(words.map((labels) => v1({ labels })));
  await sleep(300);
  const quick = Date.now(), health = await server.request("GET", "/health"), healthMs = Date.now() - quick;
  const answers = await all, took = Date.now() - begun, said = {};
  for (const a of answers) said[a.expansion.status] = (said[a.expansion.status] ?? 0) + 1;
  check(answers.every((a) => a.label) && health.status === 200 && healthMs < 2000, said, healthMs);
  const counted = (await server.request("GET", "/metrics")).bytes.toString();
  for (const [status, n] of Object.entries(said)) check(counted.includes(`assay_expansions_total{status="${status}"} ${n}\n`), status, n, counted);
  check(took < 12000 && said.timeout >= 1 && said.busy >= 1 && llm.asked.length <= 8, said, took, llm.asked.length);
});

test("the key comes from a file, and the budget ends", async () => {
  const file = join(newFolder(), "key");
  writeFileSync(file, `${secret}-file\n`);
  await restart({ OPENAI_BASE_URL: url, OPENAI_API_KEY_FILE: file }, "--set", "LLM_EXPANSION_BUDGET_PER_HOUR=2", "--set", "enable_llm_expansion_gating=no");
  const said = [];
  for (const word of ["x", "y", "z"]) said.push((await v1({ labels: `a dog,${word}` })).expansion);
  check(said.map((e) => e.status).join() === "ok,ok,budget" && /2 an hour is used up/.test(said[2].reason), said);
  check(llm.asked.every((c) => c.key === `Bearer ${secret}-file`), llm.asked[0].key);
});

test("every error of the old routes", async () => {
  await restart();
  const raw = (body, type) => ({ body, headers: { "Content-Type": type } });
  const of = async (status, path, options) => check((await ask(status, "POST", path, options)).detail, "a reason", path, status);
  check(/picture/.test((await old({}, 422, null)).detail), "no file");
  await old({ labels: "[1]" }, 422);
  await old({ labels: "a", nsfw_threshold: "x" }, 422);
  await old({ labels: "a", llm_expansion: "x" }, 422);
  await old({}, 422, Buffer.alloc(0));
  await old({}, 415, Buffer.from("%PDF-1.7"));
  await old({}, 413, Buffer.alloc(21 << 20));
  await of(415, "/classify", json({ file: "x" }));
  await of(400, "/classify", raw("x", "multipart/form-data"));
  await of(422, "/feedback", json({ theme: "rain" }));
  await of(422, "/feedback", json({ image_hash: "z".repeat(64), theme: "rain" }));
  await of(422, "/feedback", json({ image_hash: "a".repeat(64), theme: "rain", accepted: "perhaps" }));
  await of(400, "/feedback", raw("{", "application/json"));
  await of(404, "/feedback", json({ image_hash: "a".repeat(64), theme: "rain" }));
  await of(415, "/feedback", raw("a=b", "text/plain"));
});

test("the end", async () => {
  await server.stop();
  llm.close();
});

await run();
