// bench/map.mjs [N]: the map of N pictures (100,000) in Chromium: until the first points, frames while it is moved, zoomed and drawn
// round, a change of colours, memory of the page.  N rows are written straight into the store (map_rows.py); the page is the
// program's own.  Wants test/e2e's node_modules and numpy.  Where Chromium has no graphics card it draws by the processor: the first line says by what.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stripes } from "../test/e2e/manypictures.mjs";

const root = resolve(import.meta.dirname, ".."), program = process.env.ASSAY_PROGRAM ?? join(root, "build/release/assay");
const { chromium } = createRequire(join(root, "test/e2e/"))("playwright-core");
const many = Number(process.argv[2] || 100000), folder = process.env.MAP_DATA ?? mkdtempSync(join(tmpdir(), "assay-map-")), data = join(folder, "data");
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const at = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
const row = (name, ...cells) => console.log(`| ${name} | ${cells.join(" | ")} |`);
const ms = (v) => v.toFixed(v < 10 ? 1 : 0);

function fill() {
  const file = join(folder, "one.png");
  writeFileSync(file, stripes(0));
  execFileSync(program, ["import", "-q", "--data", data, file], { stdio: "ignore" });
  execFileSync(process.env.PYTHON ?? "python3", [join(root, "bench/map_rows.py"), data, String(many)]);
}

async function serve() {
  const child = spawn(program, ["serve", "--port", "0", "--data", data, "--log-level", "warn"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const part of child.stdout) {
    const url = /http:\/\/[^\s/]+:\d+\//.exec(String(part));
    if (url) return { url: url[0], child };
  }
  throw new Error("the program printed no address");
}

/** Frames while something is done once a frame: their distances, and the time that the page's own code took in each. */
const frames = (page, what, count) => page.evaluate(async ([name, n]) => {
  const gaps = [], canvas = document.querySelector(".map-canvas"), box = canvas.getBoundingClientRect(), [cx, cy] = [box.left + box.width / 2, box.top + box.height / 2];
  const fire = (type, x, y, more = {}) => canvas.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: x, clientY: y, bubbles: true, button: 0, ...more }));
  canvas.setPointerCapture = () => {};
  const acts = {
    move: (i) => fire("pointermove", cx + 120 * Math.sin(i / 8), cy + 90 * Math.cos(i / 11)),
    zoom: (i) => canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: (i % 40 < 20 ? -1 : 1) * 100, clientX: cx, clientY: cy, cancelable: true })),
    hover: (i) => fire("pointermove", cx + 200 * Math.sin(i / 8), cy + 150 * Math.cos(i / 11)),
    lasso: (i) => fire("pointermove", cx + box.width * 0.4 * Math.cos((i / n) * 6.3), cy + box.height * 0.4 * Math.sin((i / n) * 6.3)),
  };
  if (name === "move") fire("pointerdown", cx, cy);
  if (name === "lasso") fire("pointerdown", cx + box.width * 0.4, cy, { shiftKey: true });
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < n; i++) {
    acts[name](i);
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  const begun = performance.now();
  if (name === "move" || name === "lasso") fire("pointerup", cx + 1, cy + 1);
  return { gaps, end: performance.now() - begun };
}, [what, count]);

async function measured(page, what, said) {
  const n = what === "lasso" ? 120 : 160, cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map((m) => [m.name, m.value])).TaskDuration * 1e3;
  const before = await spent();
  const { gaps, end } = await frames(page, what, n);
  row(said, gaps.length, ms(at(gaps, 0.5)), ms(at(gaps, 0.95)), ms(Math.max(...gaps)), ms(((await spent()) - before) / n), what === "lasso" ? `${ms(end)} when it is let go` : "");
  await cdp.detach();
}

async function wait(page, test, arg) {
  await page.waitForFunction(test, arg, { timeout: 300000, polling: "raf" });
}

async function main() {
  if (!process.env.MAP_DATA) fill();
  const load = loadavg()[0], { url, child } = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless=new", "--no-sandbox", "--enable-precise-memory-info"] });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await page.goto(`${url}#/scan`);
    await page.waitForSelector("html[data-ready]");
    const by = await page.evaluate(() => { const gl = document.createElement("canvas").getContext("webgl2"), e = gl?.getExtension("WEBGL_debug_renderer_info"); return gl ? gl.getParameter(e ? e.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "no WebGL2"; });
    console.log(`${cpus().length} cores, ${cpus()[0].model}; ${many} points; drawn by ${by}; load ${load.toFixed(1)}\n`);
    console.log("| | ms |\n|---|---|");
    const got = async (what) => {
      const begun = Date.now();
      await page.evaluate((hash) => { location.hash = hash; }, "#/library/map/dataset=drawn");
      await wait(page, (n) => document.querySelector(".map-stage")?.dataset.points === String(n), many);
      row(what, Date.now() - begun);
    };
    await got("from the press to the first points, nothing kept (projection)");
    const begun = Date.now();
    await wait(page, () => document.querySelector(".map-stage")?.dataset.method === "umap");
    row("until the finer map is there, from then on", Date.now() - begun);
    await page.goto("about:blank");
    await page.goto(`${url}#/scan`);
    await page.waitForSelector("html[data-ready]");
    await got("the page opened again");
    const reply = Date.now(), bytes = (await (await fetch(`${url}v1/map?dataset=drawn`)).arrayBuffer()).byteLength;
    row(`the answer alone, ${(bytes / 1e6).toFixed(1)} MB`, Date.now() - reply);
    for (const [key, what] of [["date", "colours by year, until painted"], ["class", "colours by class, until painted"]]) {
      row(what, ms(await page.evaluate(async (k) => {
        const start = performance.now();
        document.querySelector(`[data-colour="${k}"]`).click();
        await new Promise((done) => addEventListener("hashchange", done, { once: true }) || setTimeout(done, 50));
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        return performance.now() - start;
      }, key)));
    }
    console.log("\n| frames while | n | p50 ms | p95 ms | most ms | page's processor ms a frame | |\n|---|---|---|---|---|---|---|");
    await measured(page, "move", "it is moved");
    await measured(page, "zoom", "it is zoomed in and out");
    await measured(page, "hover", "the mouse goes over it");
    await measured(page, "lasso", "it is drawn round");
    console.log(`\nchosen by drawing round: ${await page.textContent(".chosen")}; page's memory ${await page.evaluate(() => Math.round(performance.memory.usedJSHeapSize / 1e6))} MB of script, server's ${Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`))[1]) / 1024)} MB`);
    if (process.env.MAP_SHOT) await page.screenshot({ path: process.env.MAP_SHOT });
  } finally {
    await browser.close();
    child.kill("SIGTERM");
    await new Promise((done) => child.on("exit", done));
    if (!process.env.MAP_DATA) rmSync(folder, { recursive: true });
  }
}

await main();
await sleep(0);
