/** inspect_test.mjs - an inspection training on the page: started, answered with the arrow keys, watched, used for sorting, stopped, deleted; axe over each of its views. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { audit } from './a11y_test.mjs';
import { BUILD, WORK, check, equal, startProgram, until } from './harness.mjs';
import { program } from './wordy.mjs';

const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const tiny = { 'training.max_epochs': 2, 'model.backbone': 'efficientnetv2_tiny', 'data.image_size': 64, 'model.embedding_size': 64 };
const boards = path.join(WORK, 'boards');
const arrow = { Up: 'ArrowUp', Right: 'ArrowRight', Down: 'ArrowDown', Left: 'ArrowLeft' };
let truth;

const plain = program(async () => {
    const draw = process.env.ASSAY_DRAW ?? path.join(BUILD, 'release/draw-pictures');
    const done = spawnSync(draw, ['--set', 'boards', '--out', boards, '--count', '6', '--faulty', '4', '--seed', '1'], { encoding: 'utf8' });
    equal(done.status, 0, `drawing boards: ${done.stderr}`);
    const { classes } = JSON.parse(fs.readFileSync(path.join(boards, 'truth.json'), 'utf8'));
    truth = Object.fromEntries(Object.values(classes).map((c) => [`${c.component}_${c.light}`, c.orientation])); // no database of a plant: no product
    return startProgram('inspect', ['--inspect-folders', boards]);
});
const without = program(() => startProgram('inspect-none', []));

const ask = async (url, where) => (await fetch(new URL(where, url))).json();
async function start(url) {
    const made = await fetch(new URL('/training/start', url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ input_dir: boards, settings: tiny }) });
    const body = await made.json();
    equal(made.status, 200, JSON.stringify(body));
    return body.task_id;
}
const reach = (url, id, status) => until(async () => {
    const now = await ask(url, `/training/status/${id}`);
    check(now.status === status || !['failed', 'cancelled', 'completed'].includes(now.status), JSON.stringify(now));
    check(now.progress >= 0 && now.progress <= 1, `progress is a share: ${now.progress}`);
    return now.status === status;
}, `${id} ${status}`, 400000);

/** Open one place of the page afresh. */
async function go(page, url, hash) {
    await page.goto(new URL(hash, url).href);
    await page.reload();
    await page.waitForSelector('html[data-ready]');
}

/** axe: light and dark, on a desk and on a phone. */
async function look(page, where) {
    const was = page.viewportSize();
    for (const size of [was, phone.viewport]) {
        await page.setViewportSize(size);
        for (const theme of ['light', 'dark']) {
            await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
            await audit(page, `${where}, ${theme}, ${size.width}`);
        }
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(over <= 0, `${where}: ${over} pixels too wide for ${size.width}`);
    }
    await page.setViewportSize(was);
}

without.on('inspection without folders says how the server gets one; an unknown task is told', async ({ page, url }) => {
    await go(page, url, '#/inspect');
    await page.locator('.inspect code, .inspect .code').first().waitFor();
    check((await page.locator('.inspect').textContent()).includes('--inspect-folders'), 'it names the option');
    equal(await page.locator('[data-do="inspect-start"]').count(), 0, 'nothing to start');
    await look(page, 'no folders');
    await go(page, url, '#/inspect/task_20260101_000000_0000000000000000');
    await page.locator('.inspection .problem[role="alert"]').waitFor();
    check(/task/.test(await page.locator('.inspection .problem').textContent()), 'what is not there');
    await page.locator('.inspection a[href="#/inspect"]').click();
    await page.locator('.inspect .page-head').waitFor();
    await page.goto(new URL('/plain', url).href); // its stream of events ends before the server does
    await without.stop();
}, { allow: /status of 404/ });

plain.on('an inspection training begins on the page with a small network and can be stopped', async ({ page, url, shot }) => {
    await go(page, url, '#/inspect');
    await page.locator('[data-do="inspect-start"]').waitFor();
    equal(await page.locator('input[name="network"]:checked').inputValue(), 'small', 'chosen first');
    const sent = page.waitForRequest('**/training/start');
    await page.locator('[data-do="inspect-start"]').click();
    const { settings, input_dir } = (await sent).postDataJSON();
    equal(input_dir, boards, 'the folder');
    equal([settings['model.backbone'], settings['data.image_size'], settings['model.embedding_size']].join(), 'efficientnetv2_tiny,96,128', 'the small network');
    await page.locator('.orient-card').first().waitFor();
    await shot('inspect-orient');
    await page.locator('[data-do="inspect-stop"]').click();
    await page.locator('dialog[open] .btn.risk').click();
    await page.locator('.state[data-status="cancelled"]').waitFor();
    equal(await page.locator('.orient-card').count(), 0, 'nothing is asked any more');
    await go(page, url, '#/inspect');
    const card = page.locator('.ins-card').first();
    await card.locator('[data-status="cancelled"]').waitFor();
    equal(await card.locator('h3').textContent(), 'boards', 'a task is called by its folder');
});

/** Say every orientation with the keyboard alone: an arrow for each, Tab to the next; wrong says one of them wrongly. */
async function answer(page, wrong) {
    await page.locator('.orient-card input').first().focus();
    for (let n = await page.locator('.orient-card').count(); n > 0; n--) {
        const name = await page.evaluate(() => document.activeElement.closest('.orient-card').dataset.class);
        const right = truth[name];
        check(right, `a class that was not drawn: ${name}`);
        await page.keyboard.press(name === wrong ? arrow.Up : arrow[right]);
        await page.keyboard.press('Tab');
    }
}

plain.on('an inspection training from the orientations to sorting', async ({ page, context, url, shot }) => {
    const id = await start(url);
    await reach(url, id, 'pending_orientation');
    await go(page, url, `#/inspect/${id}`);
    await page.locator('.orient-card').first().waitFor();
    equal(await page.locator('.orient-card').count(), Object.keys(truth).length, 'classes');
    await until(() => page.locator('.orient-card').first().locator('img').evaluateAll((all) => all.length === 3 && all.every((i) => i.naturalWidth > 0)), 'three pictures');
    const share = await page.locator('.inspection progress').evaluate((p) => p.position);
    check(share > 0.1 && share < 0.5, `progress while a person is asked: ${share}`);
    check(await page.locator('[data-do="orient-send"]').isDisabled(), 'nothing to confirm yet');
    await look(page, 'orientations');

    const doubt = Object.keys(truth).find((c) => truth[c] === 'Left');
    await answer(page, doubt);
    const card = page.locator(`.orient-card[data-class="${doubt}"]`);
    equal(await card.getAttribute('data-choice'), 'Up', 'said wrongly');
    await card.locator('input:checked').focus();
    await page.keyboard.press('ArrowLeft');
    equal(await card.getAttribute('data-choice'), 'Left', 'changed before it was confirmed');
    await page.locator('[data-do="orient-send"]').focus();
    await page.keyboard.press('Enter');
    await page.locator('.state[data-status="running"], .state[data-status="completed"]').waitFor();
    await reach(url, id, 'completed');
    equal(JSON.stringify(Object.entries(JSON.parse(fs.readFileSync(path.join((await ask(url, `/training/status/${id}`)).output_dir, 'orientations.json'), 'utf8'))).sort()),
        JSON.stringify(Object.entries(truth).sort()), 'what was kept is what was said');

    await page.locator('.state[data-status="completed"]').waitFor(); // by the server's events, nothing is loaded anew
    await page.locator('.golden-row').first().waitFor();
    equal((await page.locator('.golden-row').first().locator('figcaption').allTextContents()).join(), 'Up,Right,Down,Left', 'the ways it is seen');
    await page.locator('[data-part="golden-rest"] > summary').click();
    equal(await page.locator('.golden-row').count(), Object.keys(truth).length, 'a row for every component');
    for (const where of ['.golden img', '.plot img']) {
        const all = page.locator(where);
        check((await all.count()) >= (where === '.plot img' ? 3 : 4 * Object.keys(truth).length), where);
        for (const img of await all.all()) await img.evaluate((i) => (i.loading = 'eager'));
        await until(() => all.evaluateAll((list) => list.every((i) => i.complete && i.naturalWidth > 0)), `${where} load`);
    }
    check((await page.locator('.chart polyline').count()) > 0, 'curves');
    check((await page.locator('.figures .fig').count()) >= 5, 'figures');
    for (const link of await page.locator('.inspection a[download]').all()) {
        const got = await fetch(new URL(await link.getAttribute('href'), url));
        check(got.status === 200 && (await got.arrayBuffer()).byteLength > 100, `${await link.getAttribute('href')}: ${got.status}`);
    }
    await shot('inspect-results');

    const pick = (kind, n) => fs.readdirSync(path.join(boards, kind)).sort().slice(0, n).map((f) => path.join(boards, kind, f));
    await drop(page, context, [...pick('OK', 8), ...pick('NG', 8)]);
    await until(async () => (await page.locator('.sorted-row').count()) >= 8, 'decisions');
    await page.locator('.sort [role="status"]', { hasText: 'OK' }).waitFor();
    const rows = await page.locator('.sorted-row').evaluateAll((all) => all.map((r) => ({ decision: r.dataset.decision, reason: r.querySelector('p').textContent, pictures: r.querySelectorAll('img').length })));
    check(rows.some((r) => r.decision === 'NG'), 'what does not match');
    check(rows.every((r) => r.reason.length > 0 && r.pictures > 0), `a reason and a picture each: ${JSON.stringify(rows)}`);
    const firstOk = rows.findIndex((r) => r.decision === 'OK');
    check(firstOk < 0 || rows.slice(firstOk).every((r) => r.decision === 'OK'), 'what does not match stands first');
    await look(page, 'results and sorting');
    await page.locator('.sort').scrollIntoViewIfNeeded();
    await shot('inspect-sorted');

    await page.locator('[data-do="inspect-delete"]').click();
    await page.locator('dialog[open] .btn.risk').click();
    await until(async () => page.url().endsWith('#/inspect'), 'back at the list');
    await until(async () => (await page.locator(`[data-task="${id}"]`).count()) === 0, 'it is gone');
    await look(page, 'list');
    equal((await fetch(new URL(`/training/status/${id}`, url))).status, 404, 'the server knows it no more');
    await page.goto(new URL('/plain', url).href); // its stream of events ends before the server does
    await plain.stop();
});

async function drop(page, context, files) {
    const session = await context.newCDPSession(page);
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    await session.detach();
}
