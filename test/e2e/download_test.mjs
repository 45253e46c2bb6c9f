/**
 * download_test.mjs - the chosen pictures as one file, downloaded by the browser from a real server and opened.
 */
import path from 'node:path';
import fs from 'node:fs';
import { execFileSync } from 'node:child_process';
import { test, check, equal, openAt, SHOTS, WORK } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { full } from './library_test.mjs';

const HOME = '#/library/pictures/dataset=many';
const MANY = 10000;
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const list = (file) => execFileSync('tar', ['tf', file], { maxBuffer: 1 << 26 }).toString().trim().split('\n');
const member = (file, name) => execFileSync('tar', ['xOf', file, name], { maxBuffer: 1 << 28 }).toString();

const shelf = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await full();
    const { page, context, bad } = await openAt(env.browser, url, { ...options });
    try {
        await page.goto(url + HOME);
        await page.reload();
        await page.waitForSelector('.vtile.seen');
        await run({ ...env, page, url, bad });
        check(bad.length === 0, bad.join('; '));
    } catch (error) {
        await page.screenshot({ path: path.join(SHOTS, `FAIL-${name.replace(/\W+/g, '-')}.png`) }).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });

/** Choose a format in the dialog that is open, and have the file. */
async function take(page, format) {
    await page.check(`input[name="download-format"][value="${format}"]`);
    await page.waitForFunction(() => /tar|csv|json/.test(document.querySelector('#download-says').textContent));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-do="download-go"]')]);
    const to = path.join(WORK, `download-${format}-${download.suggestedFilename()}`);
    await download.saveAs(to);
    equal(await download.failure(), null, 'it came whole');
    return { file: to, name: download.suggestedFilename() };
}

shelf('five chosen pictures are downloaded as folders of classes; the page stays', async ({ page, url }) => {
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.click('.library-bar [data-do="download"]');
    await page.waitForSelector('dialog[open] #download-says:not(:empty)');
    await audit(page, 'the dialog of a download');
    await page.screenshot({ path: path.join(SHOTS, 'download.png') });
    const { file, name } = await take(page, 'folder');
    equal(name, 'many.tar', 'its name');
    const names = list(file);
    equal(names.length, 6, names.join());
    equal(names.at(-1), 'assay.jsonl', 'the list is behind the pictures');
    const rows = member(file, 'assay.jsonl').trim().split('\n').map((l) => JSON.parse(l));
    for (const r of rows) {
        const stored = Buffer.from(await (await fetch(`${url}v1/images/${r.sha256}/file`)).arrayBuffer());
        check(execFileSync('tar', ['xOf', file, r.file]).equals(stored), `${r.file} is what is stored`);
    }
    check(page.url().includes('#/library/pictures'), 'the page is where it was');
    equal(await page.locator('.chosen').textContent(), '5 selected', 'and the pictures are chosen still');
});

shelf('all that a filter means, less one, is asked for by the filter and comes as a list', async ({ page }) => {
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.click('.library-bar [data-do="download"]');
    await page.check('input[name="download-format"][value="jsonl"]');
    await page.uncheck('#download-pictures');
    const [sent, { file }] = await Promise.all([page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/v1/export')), take(page, 'jsonl')]);
    const request = JSON.parse(new URLSearchParams(sent.postData()).get('request'));
    check(request.filter && request.except.length === 1 && !request.sha256, 'no names but the one that is left out');
    equal(fs.readFileSync(file, 'utf8').trim().split('\n').length, MANY - 1, 'lines');
});

shelf('what cannot be is said before anything is sent', async ({ page, url, bad }) => {
    const change = (route, body) => fetch(new URL(route, url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((r) => r.json());
    await page.locator('.vgrid').focus();
    await page.keyboard.press('End');
    await page.waitForSelector(`.vtile[aria-posinset="${MANY}"]:not(.ghost)`);
    await page.keyboard.press('Space');
    const { items } = await (await fetch(new URL(`/v1/pictures?dataset=many&limit=1&offset=${MANY - 1}`, url))).json();
    const { undo } = await change('/v1/pictures/change', { dataset: 'many', sha256: [items[0].sha256], delete: true });
    await page.click('.library-bar [data-do="download"]');
    await page.waitForSelector('dialog[open] .problem:not(:empty)');
    check((await page.locator('dialog[open] .problem').textContent()).includes('none of these 1 pictures'), 'what is wrong');
    await page.click('[data-do="download-go"]');
    await page.waitForSelector('[data-do="download-go"]:enabled');
    check(await page.locator('dialog[open]').count() === 1, 'the dialog stays');
    await change(`/v1/undo/${undo}`, {});
    const { file } = await take(page, 'coco');
    equal(JSON.parse(member(file, 'coco.json')).images.length, 1, 'and then it comes');
    check(bad.every((b) => b.includes('404')), bad.join('; '));
    bad.length = 0; // the browser tells of each answer of 404
});

shelf('a download on a phone', async ({ page }) => {
    await page.locator('.vtile.seen').first().waitFor();
    await page.evaluate(() => document.querySelector('.vgrid').focus());
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.screenshot({ path: path.join(SHOTS, 'download-phone-bar.png') });
    await page.click('.library-bar [data-do="download"]');
    await page.waitForSelector('dialog[open] #download-says:not(:empty)');
    await page.screenshot({ path: path.join(SHOTS, 'download-phone.png') });
    const { file } = await take(page, 'csv');
    check(member(file, 'pictures.csv').split('\r\n').length === 3, 'a header, a row, an end');
}, { context: phone });
