/**
 * shelf_test.mjs - filters, tags, albums and saved searches of ten thousand pictures on a real server, by keyboard and on a phone; and how long the
 * server takes for a part of a long list.
 */
import path from 'node:path';
import { test, check, equal, until, openAt, SHOTS } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { full, stopLibrary } from './library_test.mjs';
import { conditions, readWords, toWords, without } from '../../src/web/ui/js/filterwords.js';

const MANY = 10000;
const HOME = '#/library/pictures/dataset=many';
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

test('filters as words: read, said again, taken apart', () => {
    const sorted = (o) => JSON.stringify(Object.entries(o).sort());
    const { filter, unknown } = readWords('tag:"deep blue" -tag:old camera:Pixel since:2026-01-01 is:untagged old yard', { tag: 'first' });
    equal(JSON.stringify(filter), JSON.stringify({ tag: 'first,deep blue,-old', camera: 'Pixel', since: '2026-01-01', untagged: 'true', text: 'old yard' }), 'words');
    equal(conditions(filter).filter((c) => c.key === 'text').map((c) => c.value).join(), 'old,yard', 'each free word is a text of its own');
    const texts = readWords('img "deep yard" -old -"not this" "-no" "a:b" text:"one two"').filter;
    equal(texts.text, 'img "deep yard" -old -"not this" "-no" "a:b" "one two"', 'as they are typed');
    equal(conditions(texts).map((c) => (c.not ? 'not ' : '') + c.value).join('|'), 'img|deep yard|not old|not not this|-no|a:b|one two', 'taken apart');
    equal(conditions(texts).reduce((f, c) => without(f, c), texts).text, undefined, 'and each can be taken away');
    equal(sorted(readWords(toWords(texts)).filter), sorted(texts), 'texts there and back');
    equal(readWords('more', texts).filter.text.endsWith('"one two" more'), true, 'added to');
    equal(unknown.length, 0, 'unknown');
    equal(readWords('colour:blue').unknown.join(), 'colour', 'what is no filter');
    equal(sorted(readWords(toWords(filter)).filter), sorted(filter), 'there and back');
    const list = conditions(filter);
    equal(list.filter((c) => c.key === 'tag').map((c) => (c.not ? '-' : '') + c.value).join(), 'first,deep blue,-old', 'chips');
    equal(without(filter, list.find((c) => c.value === 'deep blue')).tag, 'first,-old', 'one less');
    equal(readWords('taken:2025').filter.taken_until, '2025', 'a year has two ends');
}, { browser: false });

const shelf = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await full();
    const { page, context, bad } = await openAt(env.browser, url, options);
    const shot = (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) });
    try {
        await page.goto(url + HOME);
        await page.reload();
        await page.waitForSelector('.vtile.seen');
        await run({ ...env, page, context, url, shot });
        check(bad.length === 0, bad.join('; '));
    } catch (error) {
        await shot(`FAIL-${name.replace(/\W+/g, '-')}`).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });

const post = (url, route, body) => fetch(new URL(route, url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }).then((r) => r.json());
const total = async (url, query) => (await (await fetch(new URL(`/v1/pictures?dataset=many&limit=1&${query}`, url))).json()).total;
const said = (page, text) => until(async () => (await page.locator('#toasts').textContent()).includes(text), `it says ${text}`);

test('two hundred pictures at the end of ten thousand come at once, and one token takes back what ten thousand got', async () => {
    const { url } = await full();
    const ask = async (query) => {
        const start = performance.now();
        const got = await (await fetch(new URL(`/v1/pictures?dataset=many&limit=200&offset=9000&${query}`, url))).json();
        equal(got.items.length, 200, 'items');
        return performance.now() - start;
    };
    await ask('order=oldest');
    const first = await ask('order=name');
    const times = [];
    for (let i = 0; i < 21; i++) times.push(await ask('order=name'));
    const middle = times.sort((a, b) => a - b)[10];
    console.log(`     200 of ${MANY} at offset 9000 by name: ${first.toFixed(1)} ms when it is sorted, ${middle.toFixed(1)} ms from then on`);
    check(middle < 100, `a part takes ${middle.toFixed(1)} ms`);
    const start = performance.now();
    const done = await post(url, '/v1/pictures/change', { dataset: 'many', filter: {}, add_tags: ['everything'] });
    const changed = performance.now() - start;
    equal(done.changed, MANY, 'tagged');
    const again = performance.now();
    await post(url, `/v1/undo/${done.undo}`, {});
    console.log(`     a tag on ${MANY}: ${changed.toFixed(0)} ms; taken back: ${(performance.now() - again).toFixed(0)} ms`);
    equal(await total(url, 'untagged=true'), MANY, 'none has a tag');
}, { browser: false });

shelf('tags by keyboard: T, a name, Enter, Enter; keys 1 to 9; the filter line finds them; undo', async ({ page, url, shot }) => {
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('t');
    await page.waitForSelector('#tag-name:focus');
    await page.keyboard.type('striped');
    await page.keyboard.press('Enter');
    await page.keyboard.type('bad:name');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('dialog .problem').textContent()).length > 5, 'a name that cannot be is said');
    await page.locator('#tag-name').fill('');
    await shot('shelf-tags');
    await audit(page, 'the sheet of tags');
    await page.keyboard.press('Enter');
    await said(page, 'striped');
    equal(await total(url, 'tag=striped'), 5, 'five are striped');
    await page.locator('.vgrid').focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => !document.querySelector('.vtile.ghost:not([hidden])'));
    await page.keyboard.press('Space');
    await page.keyboard.press('1');
    await until(async () => (await total(url, 'tag=striped')) === 6, 'key 1 puts the tag used last');
    await page.keyboard.press('Escape');
    await page.keyboard.press('f');
    await page.waitForSelector('#filter-words:focus');
    await page.keyboard.type('stri');
    await page.waitForSelector('.suggestions [role="option"]');
    await shot('shelf-suggestions');
    await audit(page, 'suggestions');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until(async () => page.url().includes('tag=striped') && (await page.locator('.vtile:not([hidden])').count()) === 6, 'six are on show');
    await page.keyboard.type('nonsense:x');
    await page.keyboard.press('Enter');
    await said(page, 'nonsense');
    await page.locator('#filter-words').fill('-tag:striped');
    await page.keyboard.press('Enter');
    await until(async () => page.url().includes('-striped'), 'excluded');
    await page.goBack();
    await until(async () => (await page.locator('.vtile:not([hidden])').count()) === 6, 'Back');
    await page.locator('.vgrid').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('t');
    await page.waitForSelector('[role="checkbox"][data-set="striped"][aria-checked="true"]');
    await page.click('[role="checkbox"][data-set="striped"]');
    await page.click('[data-do="apply-tags"]');
    await until(async () => (await total(url, 'untagged=true')) === MANY, 'taken off all');
    await page.locator('[data-toast="action"]').last().click();
    await until(async () => (await total(url, 'tag=striped')) === 6, 'and back on');
});

shelf('a search is kept by name, an album stands beside it, both are changed and deleted, and come back', async ({ page, url, shot }) => {
    const { items } = await (await fetch(new URL('/v1/pictures?dataset=many&limit=3', url))).json();
    await post(url, '/v1/pictures/change', { dataset: 'many', sha256: items.map((i) => i.sha256), album_add: 'Three of them' });
    await page.goto(`${url}${HOME}&tag=striped`);
    await page.waitForSelector('[data-do="save-search"]');
    await page.click('[data-do="save-search"]');
    await page.locator('dialog[open] input').fill('Stripes');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.shelf-row [data-set="Stripes"]');
    await page.click('.shelf-row [data-set="Three of them"]');
    await until(async () => page.url().includes('album=Three') && (await page.locator('.vtile:not([hidden])').count()) === 3, 'the album');
    await shot('shelf-album');
    await audit(page, 'albums and searches');
    await page.click('.shelf-row [data-set="Stripes"]');
    await until(async () => page.url().includes('tag=striped') && (await page.locator('.vtile:not([hidden])').count()) === 6, 'the search');
    equal(await page.locator('.shelf-row [data-set="Stripes"]').getAttribute('aria-pressed'), 'true', 'it is pressed');
    await page.click('[data-do="manage"]');
    await page.click('[data-do="delete-saved"]');
    await until(async () => (await page.locator('.shelf-row [data-set="Stripes"]').count()) === 0, 'deleted');
    await page.locator('[data-toast="action"]').last().evaluate((el) => el.click());
    await until(async () => (await page.locator('.shelf-row [data-set="Stripes"]').count()) === 1, 'and back');
});

shelf('a tag that gets the name of another says before what becomes of it, and is part of it then', async ({ page, url, shot }) => {
    const ask = async (path, method = 'GET', body) => (await fetch(`${url}v1/${path}`, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) })).json();
    const { items } = await ask('pictures?dataset=many&limit=3');
    await ask('pictures/change', 'POST', { dataset: 'many', sha256: items.slice(0, 2).map((i) => i.sha256), add_tags: ['bent'] });
    await ask('pictures/change', 'POST', { dataset: 'many', sha256: items.slice(1).map((i) => i.sha256), add_tags: ['curved'] });
    await page.goto(`${url}${HOME}`);
    await page.click('[data-do="manage"]');
    await page.click('.manage-list [data-set="bent"] [data-do="rename-tags"]');
    const dialog = page.locator('dialog[open]').last();
    await dialog.locator('input').fill('Curved');
    await until(async () => (await dialog.locator('[role="status"]').textContent()) === '2 pictures with bent get curved; bent goes.', 'what becomes of it');
    equal(await dialog.locator('[type="submit"]').textContent(), 'Merge', 'the button says so too');
    await shot('shelf-tag-merge');
    await dialog.locator('input').fill('bended');
    await until(async () => (await dialog.locator('[type="submit"]').textContent()) === 'Keep', 'a name of its own');
    await dialog.locator('input').fill('curved');
    await page.keyboard.press('Enter');
    await page.locator('#toasts .toast', { hasText: 'bent is part of curved now' }).waitFor();
    equal((await fetch(`${url}v1/pictures?dataset=many&tag=bent`)).status, 404, 'the tag is gone');
    equal(await total(url, 'tag=curved'), 3, 'its pictures have the other');
    await page.locator('[data-toast="action"]').last().evaluate((el) => el.click());
    await until(async () => (await ask('pictures?dataset=many&tag=bent')).total === 2 && (await total(url, 'tag=curved')) === 2, 'taken back');
    for (const tag of (await ask('tags?dataset=many')).items.filter((x) => ['bent', 'curved'].includes(x.name))) await fetch(`${url}v1/tags/${tag.id}`, { method: 'DELETE' });
});

shelf('on a phone: filters fold away, a picture\'s tags are beside it', async ({ page, url, shot }) => {
    await page.goto(`${url}${HOME}&tag=striped`);
    await until(async () => (await page.locator('.vtile.seen').count()) === 6, 'six');
    await shot('shelf-phone');
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
    await page.click('[data-do="more-filters"]');
    await page.locator('[name="min_side"]').fill('4000');
    await until(async () => page.url().includes('min_side=4000'), 'a size that was typed counts after a moment');
    await shot('shelf-phone-fold');
    await page.click('.filter-chips [data-set="min_side:4000"]');
    await until(async () => (await page.locator('.vtile.seen').count()) === 6, 'six again');
    await page.locator('.vtile:not([hidden])').first().click();
    await page.waitForSelector('.tag-editor [data-set="striped"]');
    await page.locator('.tag-editor input').fill('on the phone');
    await page.keyboard.press('Enter');
    await until(async () => (await total(url, 'tag=on%20the%20phone')) === 1, 'a tag of one picture');
    await page.waitForSelector('.tag-editor [data-set="on the phone"]');
    await shot('shelf-phone-detail');
    await audit(page, 'a picture with tags on a phone');
}, { context: phone });

/* Here and not in library_test.mjs, which is read first and whose program these tests use too. */
test('the library\'s program ends well', async () => stopLibrary(), { browser: false });
