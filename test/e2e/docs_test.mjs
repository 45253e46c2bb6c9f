/** docs_test.mjs - the pages that the server renders itself: /docs, and the scan without script. */
import { test, check, equal, until, startProgram } from './harness.mjs';

test('the interface\'s page: every kind of request can be tried', async ({ page, url, pictures, shot }) => {
    await page.goto(new URL('/docs', url).href);
    const answer = async (id, fill = async () => {}) => {
        const row = page.locator(`#${id}`);
        await row.locator('summary').click();
        await fill(row);
        await row.locator('button').click();
        await until(() => row.locator('output > :nth-child(2)').count(), `${id} is answered`);
        return row.locator('output').innerText();
    };
    const file = pictures.fresh.Gear[0];
    check((await answer('health')).includes('"status": "healthy"'), 'GET');
    check((await answer('createClass', (r) => r.locator('textarea').fill('{"name":"tried in docs"}'))).startsWith('201'), 'JSON');
    check((await answer('predict', (r) => r.locator('input[type=file]').setInputFiles(file))).startsWith('200'), 'a picture');
    check((await answer('s1Upload', async (r) => {
        await r.locator('input[name=classification]').fill('tried in docs');
        await r.locator('input[type=file]').setInputFiles(file);
    })).includes('"success": true'), 'a form');
    await page.locator('#predict').scrollIntoViewIfNeeded();
    await shot('docs');
    equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing sticks out');
    await page.locator('#filter').fill('suspects');
    equal(await page.locator('main details:visible').count() < 4, true, 'the filter leaves few');
    await page.goto(new URL('/docs#schema-Decision', url).href);
    await until(() => page.locator('#schema-Decision[open]').count(), 'a link opens its schema');
}, { ready: false });

test('a phone over plain HTTP, script switched off: a photo is scanned', async ({ browser, pictures }) => {
    const program = await startProgram('plain-data');
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 }, locale: 'pt-BR' });
    try {
        const name = { multipart: { name: 'Gear' } };
        await context.request.post(new URL('/dataset/create', program.url).href, name);
        const page = await context.newPage();
        const at = new URL(program.url);
        at.hostname = 'plain.localtest';
        await page.goto(at.href);
        equal(await page.locator('html').getAttribute('lang'), 'pt', 'the language');
        await page.locator('input[type=file]').setInputFiles(pictures.fresh.Gear[0]);
        await page.locator('button').click();
        await page.waitForURL('**/plain/scan');
        check(await page.locator('.verdict.no_dataset').count(), 'says that nothing is stored yet');
        const shown = page.locator('figure img').first();
        await until(() => shown.evaluate((i) => i.naturalWidth > 0), 'the photo is shown');
    } finally {
        await context.close();
        equal(await program.stop(), 0, 'the program ends well');
    }
}, { browser: false });
