/**
 * harness.mjs - start the program, drive Debian's Chromium, count.
 *
 * Each test gets a fresh page.  Beyond its own checks a test fails when the page reports a script error,
 * a console error, a breach of its Content-Security-Policy, or asks any host but the program for anything.
 * Errors that a test provokes on purpose it names by a pattern.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = path.join(ROOT, 'build');
export const SHOTS = path.join(BUILD, 'screenshots');
export const WORK = path.join(BUILD, 'e2e');
export const PROGRAM = process.env.ASSAY_PROGRAM ?? path.join(BUILD, 'release/assay');
const DRAW = process.env.ASSAY_DRAW ?? path.join(BUILD, 'release/draw-pictures');

/** What a test throws when something is not so. */
export function check(yes, what) {
    if (!yes) throw new Error(what);
}
export function equal(got, want, what) {
    if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

/** Wait until probe() is true; say what did not come. */
export async function until(probe, what, ms = 30000) {
    const end = Date.now() + ms;
    for (;;) {
        if (await probe()) return;
        if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}`);
        await new Promise((r) => setTimeout(r, 60));
    }
}

function must(program, args) {
    const done = spawnSync(program, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.error ?? done.stderr}`);
}

/**
 * Drawn pictures: WORK/pictures/<class>/*.jpg, held-out ones beside them in WORK/fresh, and the film for the
 * pretended camera.  A picture depends on its name and number only, so every run sees the same.
 */
export function drawPictures(classes) {
    fs.rmSync(WORK, { recursive: true, force: true });
    fs.mkdirSync(WORK, { recursive: true });
    const picked = classes.flatMap((c) => ['--class', c]);
    const some = ['--set', 'demo', '--size', '192', '--seed', '7'];
    must(DRAW, [...some, '--count', '6', ...picked, '--out', path.join(WORK, 'pictures')]);
    must(DRAW, [...some, '--from', '1000000', '--count', '3', ...picked, '--out', path.join(WORK, 'fresh')]);
    const film = path.join(WORK, 'camera.y4m');
    must(DRAW, ['--set', 'demo', '--seed', '7', '--from', '1000002', '--y4m', film, '--class', classes[0], '--size', '640x480']);
    fs.writeFileSync(path.join(WORK, 'notes.jpg'), 'not a picture, whatever its name says\n'.repeat(8));
    const list = (dir) => fs.readdirSync(dir).sort().map((f) => path.join(dir, f));
    return {
        folders: list(path.join(WORK, 'pictures')),
        fresh: Object.fromEntries(classes.map((c) => [c, list(path.join(WORK, 'fresh', c))])),
        of: (c) => list(path.join(WORK, 'pictures', c)),
        broken: path.join(WORK, 'notes.jpg'),
        film,
    };
}

/** Start the program ("serve" or "demo") on an empty data folder of that name, with more in its environment; resolves with the address it prints first, its process and its end. */
export function startProgram(name = 'data', options = ['--allow-host', 'plain.localtest'], command = 'serve', env = {}) {
    const child = spawn(PROGRAM, [command, '--port', '0', '--data', path.join(WORK, name), ...options], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const log = fs.createWriteStream(path.join(WORK, `${name}.log`));
    const ended = new Promise((done) => child.on('exit', done));
    process.on('exit', () => child.kill('SIGKILL')); // a filtered run may leave out the test that ends it
    const stop = async () => {
        child.kill('SIGTERM');
        return ended;
    };
    return new Promise((done, fail) => {
        let text = '';
        const hear = (chunk) => {
            log.write(chunk);
            text += chunk;
            const url = text.match(/https?:\/\/[^\s\/]+:\d+\/(?=\s)/);
            if (url) done({ url: url[0], pid: child.pid, stop });
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.on('exit', (code) => fail(new Error(`the program ended with ${code}: ${text.slice(-600)}`)));
        setTimeout(() => fail(new Error(`the program printed no address: ${text.slice(-600)}`)), 60000).unref();
    });
}

/** The browser, its camera showing the film, its traffic kept at home. */
export async function startBrowser(film) {
    const { chromium } = await import('playwright-core');
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--headless=new', '--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
            `--use-file-for-fake-video-capture=${film}`, '--disable-background-networking', '--no-first-run',
            '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP plain.localtest 127.0.0.1'],
    });
}

const tests = [];
/**
 * @param {string} name
 * @param {(t: any) => Promise<void>} run gets {page, context, url, shot, drop}; page is undefined with browser: false
 * @param {{allow?: RegExp, browser?: boolean (false: the test opens no page of its own), context?: object, prefs?: object, init?: string, ready?: boolean}} [options]
 *     ready false: the test opens its page itself
 */
export const test = (name, run, options = {}) => tests.push({ name, run, options });

/** Collect what a page must not do. */
function watch(page, url, allow) {
    const bad = [];
    const note = (text) => (allow && allow.test(text) ? 0 : bad.push(text));
    page.on('pageerror', (e) => note(`script error: ${e.message}`));
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && note(`console: ${m.text()}`));
    page.on('request', (r) => {
        const there = new URL(r.url());
        const home = [new URL(url).hostname, 'plain.localtest', ''].includes(there.hostname);
        if (!home) note(`asked another host: ${r.url()}`);
    });
    return bad;
}

/** Drop real files or folders on the page, the way a file manager does. */
async function drop(page, files) {
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'])
        await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    await session.detach();
}

/** A fresh page at a program's address; bad collects what it must not do. */
export async function openAt(browser, url, { context: extra = {}, prefs = {}, init, ready = true, allow }) {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, locale: 'en-GB', permissions: ['camera'], ...extra });
    context.setDefaultTimeout(30000);
    const page = await context.newPage();
    const bad = watch(page, url, allow);
    await page.addInitScript((p) => {
        if (!localStorage.getItem('assay')) localStorage.setItem('assay', JSON.stringify(p));
    }, prefs);
    if (init) await page.addInitScript(init);
    if (ready) {
        await page.goto(url);
        await page.waitForSelector('html[data-ready]');
    }
    return { context, page, bad };
}

async function runOne(t, env) {
    if (t.options.browser === false) return t.run(env);
    const opened = await openAt(env.browser, env.url, t.options);
    const shot = (name) => opened.page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
    try {
        await t.run({ ...env, ...opened, shot, drop: (files) => drop(opened.page, files) });
        check(opened.bad.length === 0, opened.bad.join('; '));
    } catch (error) {
        await shot(`FAIL-${t.name.replace(/\W+/g, '-')}`).catch(() => {});
        if (opened.bad.length && !error.message.includes(opened.bad[0])) error.message += ` [${opened.bad.slice(0, 3).join('; ')}]`;
        throw error;
    } finally {
        await opened.context.close();
    }
}

/** Run every test whose name matches the filter (a regular expression); answers the number that failed. */
export async function runAll(env, filter = '') {
    fs.rmSync(SHOTS, { recursive: true, force: true });
    fs.mkdirSync(SHOTS, { recursive: true });
    let passed = 0;
    let failed = 0;
    for (const t of tests.filter((x) => new RegExp(filter).test(x.name))) {
        const start = Date.now();
        try {
            await runOne(t, env);
            passed++;
            console.log(`ok   ${t.name} (${Date.now() - start} ms)`);
        } catch (error) {
            failed++;
            console.log(`FAIL ${t.name}\n    ${error.message.split('\n').slice(0, 6).join('\n    ')}`);
        }
    }
    console.log(`${passed} passed, ${failed} failed, 0 skipped`);
    return failed;
}
