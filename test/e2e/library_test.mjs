/**
 * library_test.mjs - the library with ten thousand pictures on a real server: scrolling costs the same everywhere and leaves nothing
 * behind, the keyboard alone is enough, what is deleted comes back, folders travel, a picture opens and closes by its address.
 *
 * The budget of a frame is processor time of the page's own thread, not the clock: a busy machine does not fail it.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, until, startProgram, openAt, WORK, SHOTS, PROGRAM } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { writeStripes } from './manypictures.mjs';

const MANY = 10000;
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const HOME = '#/library/pictures/dataset=many';
let server = null;

function command(...args) {
    const done = spawnSync(PROGRAM, args, { encoding: 'utf8' });
    check(done.status === 0, `${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
}

/** A program with a data set of ten thousand, started for the first test that needs it. */
export async function full() {
    if (server) return server;
    const data = path.join(WORK, 'library-data');
    writeStripes(path.join(WORK, 'stripes', 'Unsorted'), MANY);
    command('dataset', '--data', data, 'create', 'many');
    command('dataset', '--data', data, 'use', 'many');
    check(command('dataset', '--data', data, 'import', path.join(WORK, 'stripes')).includes(`${MANY} added`), 'all were imported');
    server = await startProgram('library-data', []);
    return server;
}
export const stopLibrary = async () => server && equal(await server.stop(), 0, 'its end');

const library = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await full();
    const { page, context, bad } = await openAt(env.browser, url, options);
    const shot = (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) });
    try {
        await page.goto(url + (options.at ?? HOME));
        await page.reload();
        await page.waitForSelector('html[data-ready]');
        await run({ ...env, page, context, url, shot });
        check(bad.length === 0, bad.join('; '));
    } catch (error) {
        await shot(`FAIL-${name.replace(/\W+/g, '-')}`).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });

const there = (page) => page.waitForSelector('.vtile.seen');
const count = async (page) => Number((await page.locator('#library-count').textContent()).replace(/\D/g, ''));
const chosen = async (page) => ((await page.locator('.chosen').count()) ? Number((await page.locator('.chosen').textContent()).replace(/\D/g, '')) : 0);
const shown = (page) => page.evaluate(() => ({ last: Math.max(...[...document.querySelectorAll('.vtile:not([hidden])')].map((el) => Number(el.getAttribute('aria-posinset')))), ghosts: document.querySelectorAll('.vtile.ghost:not([hidden])').length }));

/** Frames of scrolling from top to bottom; processor time of the page's thread for each, and the most nodes there were. */
async function scrollDown(page, frames) {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const spent = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value])).TaskDuration;
    const before = await spent();
    const most = await page.evaluate(async (n) => {
        let most = 0;
        for (let i = 1; i <= n; i++) {
            scrollTo(0, (document.documentElement.scrollHeight * i) / n);
            await new Promise((done) => requestAnimationFrame(done));
            if (i % 10 === 0) most = Math.max(most, document.querySelectorAll('*').length);
        }
        return most;
    }, frames);
    const ms = ((await spent()) - before) * 1000;
    await session.detach();
    return { perFrame: ms / frames, most };
}

library('ten thousand pictures: scrolled to the end within the budget of a frame, and no more of the page than at the start', async ({ page, shot }) => {
    await there(page);
    equal(await count(page), MANY, 'pictures');
    await shot('library');
    const first = await scrollDown(page, 40);
    await page.evaluate(() => scrollTo(0, 0));
    const { perFrame, most } = await scrollDown(page, 240);
    console.log(`     ${perFrame.toFixed(1)} ms of processor time a frame, ${most} nodes at most`);
    check(perFrame < 16.7, `a frame costs ${perFrame.toFixed(1)} ms`);
    check(most <= first.most + 200, `${most} nodes while it scrolls on, ${first.most} at first`);
    await until(async () => {
        const { last, ghosts } = await shown(page);
        return last === MANY && ghosts === 0;
    }, 'the last pictures are on show');
    await shot('library-end');
});

library('what scrolled away is not fetched', async ({ page }) => {
    await there(page);
    const asked = new Set();
    page.on('request', (r) => r.url().includes('/thumb') && asked.add(r.url()));
    await page.evaluate(async () => {
        for (let i = 1; i <= 60; i++) {
            scrollTo(0, (document.documentElement.scrollHeight * i) / 60);
            await new Promise((done) => requestAnimationFrame(done));
        }
    });
    await until(async () => (await shown(page)).ghosts === 0 && (await page.locator('.vtile:not(.seen):not([hidden])').count()) === 0, 'all on the screen are seen');
    check(asked.size < 800, `${asked.size} small pictures were asked for on the way`);
});

library('the keyboard alone: to the grid, through it, choose, delete, take back, open, close', async ({ page, shot }) => {
    await there(page);
    for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.matches('.vgrid'))); i++) await page.keyboard.press('Tab');
    check(await page.evaluate(() => document.activeElement.matches('.vgrid')), 'Tab reaches the grid');
    const at = () => page.evaluate(() => Number(document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.getAttribute('aria-posinset')));
    await page.keyboard.press('Home');
    equal(await at(), 1, 'Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    equal(await chosen(page), 1, 'Space takes one');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await until(async () => (await chosen(page)) === 3, 'Shift takes two more');
    await page.keyboard.press('Shift+ArrowLeft');
    await until(async () => (await chosen(page)) === 2, 'and gives one back');
    await shot('library-chosen');
    await page.keyboard.press('End');
    await until(async () => (await at()) === MANY, 'End');
    await until(async () => (await shown(page)).ghosts === 0, 'the end is read');
    await page.keyboard.press('Control+a');
    equal(await chosen(page), MANY, 'Ctrl+A takes all');
    await page.keyboard.press('Escape');
    equal(await chosen(page), 0, 'Escape leaves them');
    await page.keyboard.press('Space');
    await page.keyboard.press('Delete');
    await until(async () => (await count(page)) === MANY - 1, 'Delete');
    await page.waitForSelector('[data-toast="action"]');
    for (let i = 0; i < 60 && !(await page.evaluate(() => document.activeElement.matches('[data-toast="action"]'))); i++) await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await until(async () => (await count(page)) === MANY, 'taken back');
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog.detail[open] .stage-picture.there');
    await page.keyboard.press('ArrowRight');
    await until(async () => (await page.locator('.detail-place').textContent()).startsWith('2 '), 'the next one');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog.detail', { state: 'detached' });
    check(await page.evaluate(() => document.activeElement.matches('.vgrid, main, body')), 'back at the grid');
});

library('a mouse: tick, Shift, frame; what is chosen outlives the tab and its deletion comes back whole', async ({ page, shot }) => {
    await there(page);
    await page.locator('[aria-posinset="2"] .tile-tick').click();
    await page.locator('[aria-posinset="12"]').click({ modifiers: ['Shift'] });
    await until(async () => (await chosen(page)) === 11, 'Shift takes all between');
    await page.locator('[aria-posinset="5"]').click();
    equal(await chosen(page), 10, 'while some are chosen a click chooses');
    await page.click('[data-do="clear"]');
    const box = (i) => page.locator(`[aria-posinset="${i}"]`).boundingBox();
    const [a, b] = [await box(1), await box(11)];
    await page.mouse.move(a.x + 30, a.y + 30);
    await page.mouse.down();
    await page.mouse.move(b.x + 60, b.y + 60, { steps: 8 });
    await shot('library-frame');
    await page.mouse.up();
    const framed = await page.locator('.vtile[aria-selected="true"]').count();
    check(framed >= 4 && framed === (await chosen(page)), `the frame took ${framed}`);
    await page.goto('#/data');
    await page.waitForSelector('.card');
    await page.goto(HOME);
    await there(page);
    equal(await chosen(page), framed, 'still chosen');
    await page.click('.library-bar [data-do="delete"]');
    await until(async () => (await count(page)) === MANY - framed, 'deleted');
    await page.click('[data-toast="action"]');
    await until(async () => (await count(page)) === MANY, 'all came back');
});

library('a finger: a long press chooses and goes on choosing, a short one opens', async ({ page, context, shot }) => {
    await there(page);
    await shot('library-phone');
    const columns = await page.evaluate(() => new Set([...document.querySelectorAll('.vtile:not([hidden])')].map((el) => Math.round(el.getBoundingClientRect().left))).size);
    check(columns === 2 || columns === 3, `${columns} columns`);
    const session = await context.newCDPSession(page);
    const middle = async (i) => {
        const b = await page.locator(`[aria-posinset="${i}"]`).boundingBox();
        return { x: b.x + b.width / 2, y: b.y + b.height / 2 };
    };
    const touch = (type, ...points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points });
    const from = await middle(1);
    const to = await middle(2);
    await touch('touchStart', from);
    await until(async () => (await page.locator('.vgrid.framing').count()) === 1, 'the press was long');
    await touch('touchMove', { x: (from.x + to.x) / 2, y: from.y });
    await touch('touchMove', to);
    await until(async () => (await page.locator('.vtile[aria-selected="true"]').count()) === 2, 'the finger went on');
    await touch('touchEnd');
    await until(async () => (await chosen(page)) === 2, 'two are chosen');
    await shot('library-phone-chosen');
    await page.tap('[data-do="clear"]');
    await page.tap('[aria-posinset="3"]');
    await page.waitForSelector('dialog.detail[open] .stage-picture.there');
    await shot('library-phone-detail');
    await page.goBack();
    await page.waitForSelector('dialog.detail', { state: 'detached' });
}, { context: phone });

library('a picture has an address: a link opens it, Back closes it, a class given there is taken back', async ({ page, url, shot }) => {
    await there(page);
    await page.locator('[aria-posinset="4"]').click();
    await page.waitForSelector('.part[data-part="alike"] img');
    const address = await page.evaluate(() => location.hash);
    check(/picture=[0-9a-f]{64}/.test(address), address);
    await shot('library-detail');
    await page.goBack();
    await page.waitForSelector('dialog.detail', { state: 'detached' });
    equal(await page.evaluate(() => location.hash), HOME, 'Back');
    await page.goto(url + address);
    await page.reload();
    await page.waitForSelector('dialog.detail[open] .stage-picture.there');
    await page.click('[data-do="change-class"]');
    await page.fill('dialog:not(.detail) input[type="search"]', 'Striped');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('.part[data-part="class"] b').textContent()) === 'Striped', 'its class');
    await page.click('[data-toast="action"]');
    await until(async () => (await page.locator('.part[data-part="class"] b').textContent()) !== 'Striped', 'taken back');
});

library('the box looks in the library: by a stored picture, then all again', async ({ page, shot }) => {
    await there(page);
    await page.locator('[aria-posinset="1"]').click();
    await page.click('.part[data-part="alike"] a');
    await page.waitForSelector('.asked-picture');
    await until(async () => (await page.locator('.vtile:not([hidden]) .vbadge span').first().textContent()).includes('%'), 'how well each fits');
    await shot('library-like');
    await page.click('[data-do="stop-search"]');
    await until(async () => (await page.locator('.vtile:not([hidden])').first().getAttribute('aria-setsize')) === String(MANY), 'all again');
    await page.keyboard.press('/');
    equal(await page.evaluate(() => document.activeElement.id), 'seek', 'the slash key');
    await page.keyboard.type('zzzz');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-part="nothing"], [data-part="trouble"]');
    check((await page.evaluate(() => location.hash)).startsWith('#/library/pictures/q=zzzz'), 'in the library');
}, { allow: /409/ });

library('a folder travels: what is no picture is left out, what is broken is named, what is known is not added twice', async ({ page, shot, pictures }) => {
    const folder = path.join(WORK, 'to-drop');
    writeStripes(path.join(folder, 'inner'), 60, MANY);
    fs.copyFileSync(pictures.broken, path.join(folder, 'broken.jpg'));
    fs.writeFileSync(path.join(folder, 'inner', 'list.txt'), 'not sent');
    await page.waitForSelector('[data-part="empty"]');
    await shot('library-empty');
    const session = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'])
        await session.send('Input.dispatchDragEvent', { type, x: 300, y: 400, data: { items: [], files: [folder], dragOperationsMask: 1 } });
    await page.waitForSelector('#sending:not([hidden])');
    await page.goto('#/data');
    await page.waitForSelector('.card');
    await page.waitForSelector('#send-close', { timeout: 60000 });
    const told = await page.locator('#sending').innerText();
    check(told.includes('60 pictures added'), told);
    check(told.includes('broken.jpg') && told.includes('1 file is no picture'), told);
    await page.goto('#/library');
    await there(page);
    equal(await count(page), 60, 'in the library');
    await shot('library-sent');
    await page.click('#send-close');
    await page.setInputFiles('#add-files', fs.readdirSync(path.join(folder, 'inner')).filter((f) => f.endsWith('.png')).map((f) => path.join(folder, 'inner', f)));
    const sent = [];
    page.on('request', (r) => r.method() === 'POST' && r.url().endsWith('/v1/intake') && sent.push(r.url()));
    await page.waitForSelector('#send-close');
    check((await page.locator('#sending').innerText()).includes('60 were there already'), 'known ones are told');
    equal(sent.length, 0, 'and nothing was sent twice');
}, { at: '#/library' });

library('choose, name it, done: the scanner knows a new class; taken back it does not', async ({ page, url, shot }) => {
    await there(page);
    for (const i of [1, 2, 3]) await page.locator(`[aria-posinset="${i}"] .tile-tick`).click();
    await page.click('.library-bar [data-do="teach"]');
    await page.fill('#teach-class', 'Stripes');
    await shot('library-teach');
    await page.click('[data-do="teach-go"]');
    await page.waitForSelector('[data-toast="action"]');
    const after = (await (await fetch(`${url}v1/classes?dataset=many`)).json()).items.find((c) => c.name === 'Stripes');
    equal(after?.images, 3, 'pictures of the new class');
    equal(after?.embedded, 3, 'with their vectors');
    equal(await count(page), 60, 'they stay in the library');
    await page.click('[data-toast="action"]');
    await until(async () => ((await (await fetch(`${url}v1/classes?dataset=many`)).json()).items.find((c) => c.name === 'Stripes')?.images ?? 0) === 0, 'taken back');
}, { at: '#/library' });

for (const [theme, context] of [['light', {}], ['dark', {}], ['light', phone], ['dark', phone]])
    library(`axe finds nothing in the library: ${theme}${context === phone ? ', phone' : ''}`, async ({ page, shot }) => {
        const name = `${theme}${context === phone ? '-phone' : ''}`;
        await there(page);
        await audit(page, 'pictures');
        await page.locator('.vgrid').focus();
        await page.keyboard.press('Home');
        await page.keyboard.press('Space');
        await page.waitForSelector('.chosen');
        await audit(page, 'chosen');
        await shot(`library-chosen-${name}`);
        await page.keyboard.press('Escape');
        await page.keyboard.press('Enter');
        await page.waitForSelector('.part[data-part="alike"] img');
        await audit(page, 'detail');
        await shot(`library-detail-${name}`);
        await page.goto('#/library/pictures/dataset=main');
        await page.waitForSelector('[data-part="empty"]');
        await audit(page, 'empty');
        await shot(`library-empty-${name}`);
    }, { context, prefs: { theme } });
