/** demo_test.mjs - the demonstration grows under the newcomer's eyes. */
import path from 'node:path';
import { test, check, equal, until, startProgram, SHOTS } from './harness.mjs';

test('the demonstration: drawn while the page is open, then whole', async ({ browser }) => {
    const demo = await startProgram('demo-data', ['--pictures', '8'], 'demo');
    const context = await browser.newContext({ permissions: ['camera'], viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    try {
        const page = await context.newPage();
        await page.goto(demo.url);
        await page.waitForSelector('#notice progress');
        const text = await page.locator('#notice').textContent();
        check(/being drawn: \d+ of 160/.test(text), text);
        equal(await page.locator('#dataset').inputValue(), 'demo (being drawn)', 'the data set in use');
        await page.goto(`${demo.url}#/data`);
        await page.waitForSelector('.card img');
        await page.screenshot({ path: path.join(SHOTS, 'demo-being-drawn.png') });
        await until(() => page.locator('#notice').isHidden(), 'the notice goes', 240000);
        await until(async () => (await page.locator('#dataset').inputValue()) === 'demo', 'its own name');
        await until(async () => (await page.locator('.page-head').textContent()).includes('160 pictures'), 'all pictures on show');
    } finally {
        await context.close();
        equal(await demo.stop(), 0, 'the program ends well');
    }
}, { browser: false });
