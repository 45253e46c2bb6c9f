// "assay demo": serves at once and draws meanwhile; killed or stopped half-way it goes on at the next start.
import { Server, check, newFolder, run, sleep, test } from "./lib.mjs";

const PICTURES = 3; // a class
const data = newFolder();
const start = () => Server.launch("demo", "--pictures", String(PICTURES), "--data", data);
const sets = async (server) => (await server.request("GET", "/v1/datasets")).json.items;
const demoJob = async (server) => (await server.request("GET", "/v1/jobs")).json.items.find((j) => j.kind === "demo");
const drawn = async (server) => (await sets(server)).find((d) => d.name === "demo (being drawn)")?.images ?? 0;
const files = async (server) =>
  (await server.request("GET", "/v1/images?limit=200")).json.items.map((p) => p.file).sort();

async function until(probe, what) {
  for (const late = Date.now() + 90000; ;) {
    const got = await probe();
    if (got) return got;
    check(Date.now() < late, "waited for", what);
    await sleep(50);
  }
}

let before = []; // what was there when the program was killed

test("the address is printed before the pictures are drawn; scans work with what is there", async () => {
  const asked = Date.now();
  const server = await start();
  const took = Date.now() - asked;
  const there = await drawn(server), job = await demoJob(server);
  console.log(`  address after ${took} ms, with ${there} pictures`);
  check(there < job.total, "everything was drawn before the address came");
  check(job.state === "running" && job.total % PICTURES === 0 && job.total > 10 * PICTURES, job);
  check((await sets(server)).find((d) => d.active).name === "demo (being drawn)", await sets(server));
  await until(async () => (await drawn(server)) >= 4, "four pictures");
  check((await demoJob(server)).done >= 4, "the job counts");
  const one = (await server.request("GET", "/v1/images?limit=1")).json.items[0];
  const bytes = (await server.request("GET", `/v1/images/${one.sha256}/file`)).bytes;
  const d = (await server.request("POST", "/v1/predict", { body: bytes, headers: { "Content-Type": "image/jpeg" } })).json;
  check(d.status === "match" && d.label === one.class.name, d);
  before = await files(server);
  await server.kill();
});

test("SIGKILL half-way: not taken for whole; the next start draws only what is missing", async () => {
  const server = await start();
  check((await sets(server)).every((d) => d.name !== "demo"), "a half demo has the whole one's name");
  const now = await files(server), job = await demoJob(server);
  check(before.every((f) => now.includes(f)), "lost", before, now);
  check(job.state === "running", job);
  // Ctrl-C is as good, and ends at once.
  const asked = Date.now();
  const { code } = await server.stop("SIGINT");
  check(code === 0, code, server.output);
  check(Date.now() - asked < 10000, "stopping took", Date.now() - asked);
});

test("started again it ends whole: every picture once, active, its own name", async () => {
  const server = await start();
  const job = await until(async () => {
    const j = await demoJob(server);
    return j.state !== "running" && j;
  }, "the drawing to end");
  check(job.state === "done" && job.done === job.total, job);
  const demo = (await sets(server)).find((d) => d.name === "demo");
  check(demo?.active && demo.images === job.total, await sets(server));
  const names = await files(server);
  check(new Set(names).size === job.total && names.length === job.total, "twice or missing", names);
  await server.stop();
});

test("a whole demonstration is left as it is", async () => {
  const server = await start();
  check((await demoJob(server)).state === "done", "it draws again"); // the newest is the one that ended
  const [victim] = (await server.request("GET", "/v1/images?limit=1")).json.items;
  await server.request("DELETE", `/v1/images/${victim.sha256}`);
  await server.stop();
  const again = await start();
  check(!(await files(again)).includes(victim.file), "a deleted picture came back");
  await again.stop();
});

run();
