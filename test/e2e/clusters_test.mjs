/** The library's groups: made, named, pinned, merged, split, opened, made a class; by mouse, by keyboard and on a phone. */
import fs from 'node:fs';
import path from 'node:path';
import { audit } from './a11y_test.mjs';
import { check, equal, openAt, startProgram, test, until } from './harness.mjs';

const json = async (url, method = 'GET', body) => (await fetch(url, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) })).json();

/** Send files to the library as a form. */
async function send(url, files) {
    const form = new FormData();
    for (const file of files) form.append('file', new Blob([fs.readFileSync(file)]), `${path.basename(path.dirname(file))}_${path.basename(file)}`);
    form.append('dataset', 'Library');
    form.append('class', 'Unsorted');
    const r = await (await fetch(`${url}v1/images`, { method: 'POST', body: form })).json();
    check(r.items.every((i) => i.created), JSON.stringify(r).slice(0, 300));
}

const cards = (page) => page.locator('.group-card:not(.loose)');
const card = (page, name) => cards(page).filter({ has: page.locator('.group-rename span', { hasText: new RegExp(`^${name}$`) }) });
const toast = (page, words) => page.locator('#toasts .toast', { hasText: words });
async function undo(page, words) {
    await toast(page, words).locator('[data-toast]').click();
    await toast(page, /^Undone/).last().waitFor();
}

test('groups: made in the background, named in place, pinned, merged, split, a class; each undone', async ({ browser, pictures, shot }) => {
    const program = await startProgram('groups', []);
    try {
        const { url } = program;
        const { page, context, bad } = await openAt(browser, url, {});
        await page.goto(`${url}#/library/groups`);
        await page.locator('[data-part="empty"]').waitFor(); // nothing yet
        await send(url, ['Bearing', 'Gear', 'Chip', 'Coil'].flatMap((c) => pictures.of(c)));
        await page.locator('[data-do="group"]').waitFor();

        await page.locator('[data-do="run"]').click();
        await page.locator('dialog input[value="kmeans"]').check();
        await page.locator('dialog [name="k"]').fill('many');
        await page.locator('dialog [name="k"]').evaluate((el) => el.removeAttribute('pattern'));
        await page.locator('dialog [data-do="go"]').click();
        check((await page.locator('dialog .problem').textContent()).includes('5000'), 'a wrong number is refused in place');
        await page.locator('dialog [name="k"]').fill('4');
        await page.locator('dialog [data-do="go"]').click();
        await toast(page, '4 groups, 0 of them as before').waitFor();
        await until(async () => (await cards(page).count()) === 4, 'cards');
        const sizes = await cards(page).locator('.group-size').allTextContents();
        equal(sizes.reduce((s, x) => s + Number.parseInt(x, 10), 0), 24, 'pictures in groups');
        await until(async () => cards(page).first().locator('img').first().evaluate((i) => i.naturalWidth > 0), 'a picture of the mosaic');

        /* By keyboard: arrows from card to card, F2 renames, Enter keeps, Space chooses. */
        await page.locator('.group-open').first().focus();
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press('F2');
        await page.keyboard.type('Räder');
        await page.keyboard.press('Enter');
        await toast(page, 'The group is called Räder').waitFor();
        await card(page, 'Räder').waitFor();
        await page.locator('.group-open').first().focus();
        await page.keyboard.press(' ');
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press(' ');
        equal(await page.locator('.groups-bar .chosen').textContent(), '2 chosen', 'chosen by keyboard');

        await page.locator('.groups-bar [data-do="merge"]').click();
        equal(await page.locator('dialog input[type="text"]').inputValue(), 'Räder', 'the name that a person gave');
        await page.locator('dialog [data-do="go"]').click();
        await toast(page, '2 groups are now Räder').waitFor();
        await until(async () => (await cards(page).count()) === 3, 'cards after merging');
        await undo(page, '2 groups are now Räder');
        await until(async () => (await cards(page).count()) === 4, 'four groups again');

        await card(page, 'Räder').locator('[data-do="pin"]').click();
        await toast(page, 'Räder is pinned').waitFor();
        await until(async () => (await card(page, 'Räder').locator('[data-do="pin"]').getAttribute('aria-pressed')) === 'true', 'pinned');
        const before = await json(`${url}v1/clusters`);
        const held = before.clusters.find((c) => c.name === 'Räder');
        await page.locator('[data-do="run"]').click();
        await page.locator('dialog [name="k"]').fill('2');
        await page.locator('dialog [data-do="go"]').click();
        await toast(page, /^2 groups,/).waitFor();
        const after = await json(`${url}v1/clusters`);
        equal(after.clusters.find((c) => c.id === held.id).size, held.size, 'the pinned group');
        await undo(page, /^2 groups,/);
        await until(async () => (await cards(page).count()) === 4, 'the run undone');

        await card(page, 'Räder').locator('[data-do="open"]').click();
        await page.locator('.vtile').first().waitFor();
        equal(await page.locator('.vtile:not(.ghost)').count(), held.size, 'pictures of the open group');
        await audit(page, 'the open group');
        await page.locator('.group-tools [data-do="split"]').click();
        await page.locator('dialog [name="parts"]').fill('2');
        await page.locator('dialog [data-do="go"]').click();
        await toast(page, 'Räder is now 2 groups').waitFor();
        await undo(page, 'Räder is now 2 groups');
        await until(async () => (await page.locator('.vtile:not(.ghost)').count()) === held.size, 'whole again');

        await page.locator('.group-tools [data-do="class"]').click();
        await page.locator('dialog select').selectOption('Library');
        await page.locator('dialog input[type="search"]').fill('wheels');
        await page.locator('dialog [data-new]').click();
        await toast(page, 'of class wheels').waitFor();
        equal((await json(`${url}v1/pictures?class=wheels`)).total, held.size, 'the class');
        await page.goBack();
        await until(async () => (await cards(page).count()) === 4, 'Back closes the group');
        await audit(page, 'the groups');

        /* What comes joins at once, and the page says that it is new. */
        await send(url, pictures.fresh.Gear);
        await page.locator('[data-part="stale"]', { hasText: '3 pictures are new' }).waitFor();
        check(bad.length === 0, bad.join('; '));
        await context.close();
    } finally {
        await program.stop();
    }
}, { browser: false });

test('groups: of what is filtered, beside those of all', async ({ browser, pictures }) => {
    const program = await startProgram('groups-part', []);
    try {
        const { url } = program;
        await send(url, ['Bearing', 'Gear', 'Chip', 'Coil'].flatMap((c) => pictures.of(c)));
        const job = await json(`${url}v1/clusters/run`, 'POST', { method: 'kmeans', k: 4 });
        await until(async () => (await json(`${url}v1/jobs/${job.id}`)).state === 'done', 'the groups');
        const { page, context, bad } = await openAt(browser, url, {});
        await page.goto(`${url}#/library/groups/text=gear`);
        await page.locator('[data-part="empty"]', { hasText: 'These 6 pictures have no groups of their own yet' }).waitFor();
        await page.locator('[data-do="run"]').click();
        await page.locator('dialog input[value="kmeans"]').check();
        await page.locator('dialog [name="k"]').fill('2');
        await page.locator('dialog [data-do="go"]').click();
        await toast(page, '2 groups, 0 of them as before').waitFor();
        equal(await cards(page).count(), 2, 'groups of the part');
        await audit(page, 'the groups of a part');

        /* A group of it made a class; what is without a class is another part, which is made and sorted. */
        await cards(page).first().locator('[data-do="name"]').click();
        await page.keyboard.type('cogs');
        await page.keyboard.press('Enter');
        await card(page, 'cogs').waitFor();
        await page.locator('.groups-of [data-do="whole"]').click();
        await until(async () => (await cards(page).count()) === 4, 'those of all');
        await page.locator('.groups-of [data-part-of]').click();
        await card(page, 'cogs').waitFor();
        equal(await cards(page).count(), 2, 'the part again');
        await card(page, 'cogs').locator('[data-do="open"]').click();
        await page.locator('.vtile').first().waitFor();
        await page.goBack();
        await until(async () => (await cards(page).count()) === 2, 'Back stays with the part');
        await page.locator('.groups-of [data-set]').click();
        await until(async () => (await cards(page).count()) === 4, 'the filter taken away');
        check(bad.length === 0, bad.join('; '));
        await context.close();
    } finally {
        await program.stop();
    }
}, { browser: false });

test('groups: on a phone, in Chinese', async ({ browser, pictures }) => {
    const program = await startProgram('groups-phone', []);
    try {
        const { url } = program;
        await send(url, ['Bearing', 'Gear', 'Chip'].flatMap((c) => pictures.of(c)));
        const job = await json(`${url}v1/clusters/run`, 'POST', { method: 'kmeans', k: 3 });
        await until(async () => (await json(`${url}v1/jobs/${job.id}`)).state === 'done', 'the groups');
        const { page, context, bad } = await openAt(browser, url, { context: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, locale: 'zh-CN' } });
        await page.goto(`${url}#/library/groups`);
        await cards(page).first().waitFor();
        equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'no sideways scrolling');
        check((await page.locator('[data-part="facts"]').textContent()).includes('3 个分组'), 'in Chinese');
        for (const box of await page.locator('.group-pick, .group-pin').all()) check((await box.boundingBox()).width >= 40, 'large enough for a finger');
        await cards(page).first().locator('.group-open').tap();
        await page.locator('.vtile').first().waitFor();
        check(bad.length === 0, bad.join('; '));
        await context.close();
    } finally {
        await program.stop();
    }
}, { browser: false });
