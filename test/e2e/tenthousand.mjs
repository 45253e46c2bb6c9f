/**
 * tenthousand.mjs - a library of ten thousand pictures on a real server, of which 200 are there twice, and what tests of its views share:
 * a page of it, hands that have a keyboard only, and a look at where the keyboard is.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { PROGRAM, SHOTS, WORK, check, equal, openAt, startProgram, test, until } from './harness.mjs';
import { stripes, writeStripes } from './manypictures.mjs';

export const MANY = 10000;
export const TWICE = 200;
export const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const folders = path.join(WORK, 'views-folders');
export const json = async (url, method = 'GET', body) => (await fetch(url, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) })).json();
let server = null;

/** The server, started for the first test that needs it; groups and duplicates have been looked for. */
export async function tenThousand() {
    if (server) return server;
    const from = path.join(folders, 'first');
    writeStripes(from, MANY - TWICE);
    for (let i = 0; i < TWICE; i++) fs.writeFileSync(path.join(from, `stripes-${String(i).padStart(5, '0')} copy.png`), stripes(i, ' copy'));
    const done = spawnSync(PROGRAM, ['import', '-q', '--data', path.join(WORK, 'views-data'), from], { encoding: 'utf8' });
    check(done.status === 0 && done.stdout.includes(`${MANY} new`), `import: ${done.stdout} ${done.stderr}`);
    server = await startProgram('views-data', ['--folders', folders]);
    const { url } = server;
    await until(async () => ((d) => d.made_at && !d.job && d.counts.same.groups > 0)(await json(`${url}v1/duplicates`)), 'duplicates were found', 900000);
    await until(async () => (await json(`${url}v1/clusters`)).made_at, 'groups were made', 900000);
    return server;
}
export const stopTenThousand = async () => server && equal(await server.stop(), 0, 'its end');

/** A test on a page of that library. @param {{at?: string, allow?: RegExp, context?: object, prefs?: object}} [options] at: the address */
export const view = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await tenThousand();
    const { page, context, bad } = await openAt(env.browser, url, options);
    const shot = (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) });
    try {
        await page.goto(`${url}${options.at ?? '#/library'}`);
        await page.reload();
        await page.waitForSelector('html[data-ready]');
        await run({ ...env, page, context, url, shot, hands: keyboard(page) });
        const errors = bad.filter((b) => !b.includes('GL Driver Message') && !options.allow?.test(b)); // software GL grumbles at screenshots
        check(errors.length === 0, errors.join('; '));
    } catch (error) {
        await shot(`FAIL-${name.replace(/\W+/g, '-')}`).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });

/** What has the keyboard, and whether a person sees that it does. */
export const focus = (page) => page.evaluate(() => {
    const el = document.activeElement;
    const seen = (x) => x && getComputedStyle(x).outlineStyle !== 'none' && parseFloat(getComputedStyle(x).outlineWidth) > 0;
    const box = el.getBoundingClientRect();
    const cursor = el.matches('.vgrid') && el.querySelector('.vtile.cursor');
    return { what: `${el.tagName.toLowerCase()}.${el.className}[${el.dataset.do ?? el.id}]`, lost: el === document.body || el === document.documentElement,
        seen: Boolean(cursor ? getComputedStyle(cursor, '::after').borderTopWidth !== '0px' : seen(el) || seen(el.nextElementSibling) || seen(el.closest('.choice, label'))),
        onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth };
});

/** Hands without a mouse. */
export function keyboard(page) {
    const press = async (...keys) => {
        for (const key of keys) await page.keyboard.press(key);
    };
    const at = (selector) => page.evaluate((s) => document.activeElement.matches(s), selector);
    /** Where the keyboard is now is not lost, seen, and on the screen. */
    const sure = async (where, { beyond = false } = {}) => {
        let now = null;
        const good = async () => {
            now = await focus(page);
            return !now.lost && now.seen && (beyond || now.onScreen);
        };
        for (let i = 0; i < 40 && !(await good()); i++) await page.waitForTimeout(50); // what is drawn anew takes a frame or two
        check(!now.lost, `${where}: nothing has the keyboard`);
        check(now.seen, `${where}: nobody sees that ${now.what} has the keyboard`);
        check(beyond || now.onScreen, `${where}: ${now.what} has the keyboard beyond the screen`);
    };
    /** Tab on until there. */
    const to = async (selector, { back = false, most = 120 } = {}) => {
        for (let i = 0; i < most && !(await at(selector)); i++) await press(back ? 'Shift+Tab' : 'Tab');
        check(await at(selector), `Tab reaches ${selector}, not only ${(await focus(page)).what}`);
        await sure(selector);
    };
    return { press, at, sure, to, type: (text) => page.keyboard.type(text), go: async (selector, options) => {
        await to(selector, options);
        await press('Enter');
    } };
}

export const toast = (page, words) => page.locator('#toasts .toast', { hasText: words }).last();

/** Go to a tab by keyboard; milliseconds until something of it is there. */
export async function openTab(page, hands, tab, there) {
    await page.locator('.library-tabs').waitFor();
    await hands.to(`.library-tabs [data-tab="${tab}"]`);
    const begun = Date.now();
    await hands.press('Enter');
    await page.locator(there).first().waitFor();
    return Date.now() - begun;
}

/** What the page's own thread does while something is done again and again, one frame apart. @returns longest task and longest distance of frames, ms */
export async function watched(page, run) {
    await page.evaluate(() => {
        const seen = (globalThis.seenTasks = { task: 0, frame: 0, last: performance.now(), on: true });
        seen.watch = new PerformanceObserver((list) => list.getEntries().forEach((e) => (seen.task = Math.max(seen.task, e.duration))));
        seen.watch.observe({ type: 'longtask' });
        const tick = (now) => {
            seen.frame = Math.max(seen.frame, now - seen.last);
            seen.last = now;
            if (seen.on) requestAnimationFrame(tick);
        };
        requestAnimationFrame((now) => { seen.last = now; requestAnimationFrame(tick); });
    });
    await run();
    return page.evaluate(async () => {
        const seen = globalThis.seenTasks;
        await new Promise((done) => setTimeout(done, 100));
        seen.on = false;
        seen.watch.disconnect();
        return { task: Math.round(seen.task), frame: Math.round(seen.frame) };
    });
}
export const tell = (name, usable, { task, frame }) => console.log(`     ${name}: usable after ${usable} ms; while it is gone through the longest task is ${task ? `${task} ms` : 'below 50 ms'}, the longest frame ${frame} ms`);
