/** The library's map and its review: a plane to wander and choose on, and questions that teach; real server, drawn pictures. */
import fs from 'node:fs';
import path from 'node:path';
import { audit } from './a11y_test.mjs';
import { SHOTS, check, equal, openAt, startProgram, test, until } from './harness.mjs';

const json = async (url, method = 'GET', body) => (await fetch(url, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) })).json();
const KINDS = ['Bearing', 'Gear', 'Chip', 'Coil'];

async function send(url, files) {
    const form = new FormData();
    for (const file of files) form.append('file', new Blob([fs.readFileSync(file)]), `${path.basename(path.dirname(file))}_${path.basename(file)}`);
    form.append('dataset', 'Library');
    form.append('class', 'Unsorted');
    const r = await (await fetch(`${url}v1/images`, { method: 'POST', body: form })).json();
    check(r.items.every((i) => i.created), JSON.stringify(r).slice(0, 300));
}

test('map: points that are alike lie together; wheel, keyboard, lasso, colours', async ({ browser, pictures }) => {
    const program = await startProgram('map', []);
    try {
        const { url } = program;
        await send(url, KINDS.flatMap((c) => pictures.of(c)));
        const { page, context, bad } = await openAt(browser, url, {});
        await page.goto(`${url}#/library/map`);
        await page.locator('.map-legend li').first().waitFor();
        await until(async () => (await page.locator('.map-note').textContent()).startsWith('24 pictures; near'), 'the finer map');
        equal(await page.locator('.map-legend li').count(), 1, 'one class: what has none');
        await page.screenshot({ path: path.join(SHOTS, 'map.png') });

        const canvas = page.locator('.map-canvas');
        let box = await canvas.boundingBox();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -200);
        await page.locator('[data-do="all"]').click();
        await until(async () => (await page.locator('.map-thumbs img').count()) > 3, 'small pictures where there is room');
        await canvas.focus();
        await page.keyboard.press('+');
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('0');
        box = await canvas.boundingBox();

        await page.mouse.move(box.x + 12, box.y + 12); // all of it, drawn round
        await page.keyboard.down('Shift');
        await page.mouse.down();
        for (const [x, y] of [[box.width - 12, 12], [box.width - 12, box.height - 12], [12, box.height - 12]]) await page.mouse.move(box.x + x, box.y + y, { steps: 4 });
        await page.mouse.up();
        await page.keyboard.up('Shift');
        equal(await page.locator('.library-bar .chosen').textContent(), '24 selected', 'drawn round');
        await page.locator('.library-bar [data-do="clear"]').click();
        await page.locator('.map-legend button').first().click();
        equal(await page.locator('.library-bar .chosen').textContent(), '24 selected', 'by the list of colours');
        await page.locator('.library-bar [data-do="clear"]').click();
        await page.locator('[data-colour="date"]').click();
        await until(async () => /^20\d\d/.test(await page.locator('.map-legend li span:nth-child(2)').first().textContent()), 'a year');
        await audit(page, 'map');
        const errors = bad.filter((b) => !b.includes('GL Driver Message')); // software GL grumbles at screenshots
        equal(errors.length, 0, `errors on the page: ${errors.join('; ')}`);
        await context.close();
    } finally {
        await program.stop();
    }
});

test('review: from nothing named to classes, by keys; copies, undo, what the answers brought', async ({ browser, pictures }) => {
    const program = await startProgram('review', []);
    try {
        const { url } = program;
        const { page, context, bad } = await openAt(browser, url, {});
        await page.goto(`${url}#/library/review`);
        await page.locator('.review .welcome').waitFor(); // nothing to ask about
        await send(url, KINDS.flatMap((c) => pictures.of(c)));
        await page.reload();
        const asked = page.locator('.asked');
        await asked.waitFor();
        equal(await page.locator('.asked-why').getAttribute('data-why'), 'first', 'the first question');
        const sha = () => page.locator('.asked-open img').getAttribute('data-sha');
        const kind = async () => (await page.locator('.asked-open img').getAttribute('alt')).match(new RegExp(KINDS.join('|')))[0];
        await page.route('**/v1/review?*', (route) => setTimeout(() => route.continue().catch(() => {}), 400)); // a handful comes late: keys are answered meanwhile
        const named = new Set();
        for (let i = 0; i < 10; i++) {
            const [now, name] = [await sha(), await kind()];
            const known = page.locator(`.reply[data-answer="${name}"]`);
            if (named.has(name) && await known.count()) await page.keyboard.press((await known.locator('kbd').textContent()).trim());
            else {
                if (i) await page.locator('[data-do="other"]').click();
                else await page.keyboard.press('n');
                await page.locator('dialog input[type="search"]').fill(name);
                await page.keyboard.press('Enter');
            }
            named.add(name);
            await until(async () => !(await asked.count()) || (await sha()) !== now, 'the next question');
        }
        const library = await json(`${url}v1/classes?dataset=Library`);
        for (const c of library.items.filter((x) => !x.unsorted)) check(named.has(c.name) && c.images > 0, `class ${c.name}`);
        const before = Number(await page.locator('#review-answered').textContent());
        check(before >= 10, `answered ${before}`);
        const now = await sha();
        await page.keyboard.press('1');
        await until(async () => (await sha()) !== now, 'the next question');
        await page.keyboard.press('z');
        await until(async () => Number(await page.locator('#review-answered').textContent()) <= before, 'taken back');
        await page.locator('.review .chart').waitFor();
        await page.screenshot({ path: path.join(SHOTS, 'review.png') });
        await audit(page, 'review');
        equal(bad.length, 0, `errors on the page: ${bad.join('; ')}`);
        await context.close();
    } finally {
        await program.stop();
    }
});
