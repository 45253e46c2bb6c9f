/** The library's duplicates: found by themselves, another one kept, compared, different, resolved and undone; by keyboard and on a phone. */
import fs from 'node:fs';
import path from 'node:path';
import { audit } from './a11y_test.mjs';
import { SHOTS, check, equal, openAt, startProgram, test, until } from './harness.mjs';

const json = async (url) => (await fetch(url)).json();

/** A file and copies of it that differ in a comment only: the same pixels under other digests. */
function copies(file, n) {
    const bytes = fs.readFileSync(file);
    check(bytes[0] === 0xff && bytes[1] === 0xd8, `${file} is a JPEG`);
    return [{ name: path.basename(file), bytes }, ...Array.from({ length: n }, (_, i) => {
        const text = Buffer.from(`copy ${i}`);
        const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
        return { name: `${path.basename(file, '.jpg')} copy ${i}.jpg`, bytes: Buffer.concat([bytes.subarray(0, 2), head, text, bytes.subarray(2)]) };
    })];
}

async function send(url, files) {
    const form = new FormData();
    for (const f of files) form.append('file', new Blob([f.bytes]), f.name);
    form.append('dataset', 'Library');
    form.append('class', 'Unsorted');
    const r = await (await fetch(`${url}v1/images`, { method: 'POST', body: form })).json();
    check(r.items.every((i) => i.created), JSON.stringify(r).slice(0, 300));
}

const shot = (page, name) => page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
const groups = (page) => page.locator('.dup-group');
const toast = (page, words) => page.locator('#toasts .toast', { hasText: words });
const count = (page, n) => until(async () => (await groups(page).count()) === n, `${n} groups`);
async function undo(page, words) {
    await toast(page, words).last().locator('[data-toast]').click();
    await toast(page, /^Undone/).last().waitFor();
}

test('duplicates: found by themselves, kept, compared, different, resolved; each undone', async ({ browser, pictures }) => {
    const program = await startProgram('duplicates', []);
    try {
        const { url } = program;
        const { page, context, bad } = await openAt(browser, url, {});
        await page.goto(`${url}#/library/duplicates`);
        await page.locator('[data-part="empty"]').waitFor();
        await send(url, [...copies(pictures.of('Gear')[0], 2), ...copies(pictures.of('Chip')[0], 1), { name: 'other.jpg', bytes: fs.readFileSync(pictures.of('Gear')[1]) }]);
        await until(async () => (await json(`${url}v1/duplicates`)).counts.same.groups === 2, 'the server to have looked');
        await page.reload();
        await count(page, 2);
        equal(await groups(page).first().locator('.dup-picture').count(), 3, 'pictures of the first group');
        check(!(await groups(page).first().locator('.keep .dup-name').textContent()).includes('copy'), 'the one that is no copy stays');

        /* By keyboard: 2 keeps the second, C compares, D says they are different, Enter resolves. */
        await groups(page).first().focus();
        await page.keyboard.press('2');
        check((await groups(page).first().locator('.dup-picture').nth(1).getAttribute('class')).includes('keep'), 'the second stays');
        const kept = await groups(page).first().locator('.keep').getAttribute('data-sha');
        await page.keyboard.press('c');
        await page.locator('dialog .dup-side').first().waitFor();
        await page.locator('dialog [data-do="flicker"]').click();
        equal(await page.locator('dialog .dup-side:visible').count(), 1, 'one at a time');
        await shot(page, 'duplicates-compare');
        await page.keyboard.press('Escape');
        await groups(page).first().focus();
        await page.keyboard.press('2');
        await page.keyboard.press('Enter');
        await toast(page, '2 duplicates are gone').waitFor();
        await count(page, 1);
        equal((await json(`${url}v1/pictures`)).total, 4, 'pictures');
        check((await json(`${url}v1/pictures`)).items.some((p) => p.sha256 === kept), 'the chosen one stayed');
        await undo(page, '2 duplicates are gone');
        await count(page, 2);
        await groups(page).nth(1).focus();
        await page.keyboard.press('d');
        await count(page, 1);
        await undo(page, 'They are different');
        await count(page, 2);

        /* All of the tier at once, after a question. */
        await page.locator('[data-do="all"]').click();
        await page.locator('dialog button', { hasText: 'Let them go' }).click();
        await toast(page, '3 duplicates are gone').waitFor();
        await page.locator('[data-part="empty"]').waitFor();
        await undo(page, '3 duplicates are gone');
        await count(page, 2);
        await shot(page, 'duplicates');
        await audit(page, 'duplicates');
        equal(bad.length, 0, bad.join('; '));
        await context.close();

        const phone = await openAt(browser, url, { context: { viewport: { width: 390, height: 844 } } });
        await phone.page.goto(`${url}#/library/duplicates`);
        await count(phone.page, 2);
        check(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than a phone');
        await shot(phone.page, 'duplicates-phone');
        await phone.context.close();
    } finally {
        await program.stop();
    }
}, { browser: false });
