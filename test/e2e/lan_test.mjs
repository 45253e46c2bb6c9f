/** lan_test.mjs - the way a phone takes: HTTPS with our own authority, the code, the certificate. */
import path from 'node:path';
import { test, check, equal, until, startProgram, SHOTS } from './harness.mjs';

test('serve --lan: the camera works over HTTPS, the dialog shows code and fingerprint', async ({ browser }) => {
    const lan = await startProgram('lan-data', ['--lan', '--http-port', '0']);
    const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ['camera'], viewport: { width: 1280, height: 800 } });
    try {
        const page = await context.newPage();
        check(lan.url.startsWith('https:'), `the first address is ${lan.url}`);
        await page.goto(lan.url);
        await page.waitForSelector('.finder[data-camera="on"]');
        await page.click('#open-phone');
        const code = page.locator('.phone-dialog img');
        await until(() => code.evaluate((i) => i.complete && i.naturalWidth > 0), 'the code is drawn');
        check((await page.locator('.phone-dialog').textContent()).includes(lan.url.slice(0, -1)), 'the address is listed');
        check(/([0-9A-F]{2}:){31}/.test(await page.locator('.print').textContent()), 'the fingerprint is shown');
        const answer = await context.request.get(new URL('/v1/ca.crt', lan.url).href);
        equal(answer.status(), 200, 'the certificate');
        await page.screenshot({ path: path.join(SHOTS, 'phone-dialog-lan.png') });
    } finally {
        await context.close();
        equal(await lan.stop(), 0, 'the program ends well');
    }
}, { browser: false });
