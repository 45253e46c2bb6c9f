/**
 * a11y_test.mjs - axe-core over every view, light, dark and daylight, desk and phone: no breach of WCAG 2.2 A
 * and AA, nor of what axe calls good practice.
 *
 * It comes into the page by the debugger's way, which the page's policy does not concern; the program serves
 * none of it.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { test, check } from './harness.mjs';

const source = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** Wait until nothing moves: a colour that is half faded in has no contrast. */
const still = (page) => page.evaluate(() => Promise.race([
    Promise.all(document.getAnimations().map((a) => a.finished.catch(() => 0))), new Promise((done) => setTimeout(done, 1500))]));

export async function audit(page, where) {
    await still(page);
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const lines = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 110)).join(' | ')}`);
    check(lines.length === 0, `${where}: ${lines.join('\n    ')}`);
}

const shown = (selector, prepare) => async (page) => {
    await prepare?.(page);
    await page.waitForSelector(selector);
};
const press = (button) => (page) => page.click(button);

/** name, address, how to get there and what is there then */
const views = [
    ['scanner', '#/scan', shown('.finder[data-camera="on"]')],
    ['result', '#/scan', shown('#verdict', press('#shutter'))],
    ['data set', '#/data', shown('.card')],
    ['class', '#/data', shown('.tile', press('.card-link'))],
    ['check', '#/check', shown('.accuracy p')],
    ['dashboard', '#/board', shown('.answer')],
    ['one answer', '#/board', shown('dialog[open]', press('.answer-pick'))],
    ['training', '#/train', shown('li[data-job] .chart', press('li[data-job] details summary'))],
    ['models', '#/models', shown('.model')],
    ['encoders', '#/encoders', shown('[data-encoder]')],
    ['licence', '#/encoders', shown('dialog[open]', press('[data-encoder="mobileclip-s1"] [data-do="pull"]'))],
    ['by words', '#/words', shown('.label-chips button')],
    ['take a photo', '#/words', shown('#snap-go:enabled', press('[data-do="snap"]'))],
    ['search', '#/search/', shown('.search .welcome')],
    ['settings', '#/scan', shown('dialog[open]', press('#open-settings'))],
    ['help', '#/scan', shown('dialog[open]', press('#open-help'))],
    ['phone dialog', '#/scan', shown('dialog[open]', press('#open-phone'))],
    ['data sets', '#/data', shown('dialog[open]', press('[data-do="datasets"]'))],
    ['new class', '#/data', shown('dialog[open]', press('[data-do="new-class"]'))],
];

for (const [theme, context] of [['light', {}], ['dark', {}], ['daylight', {}], ['light', phone], ['dark', phone]])
    test(`axe finds nothing: ${theme}${context === phone ? ', phone' : ''}`, async ({ page, url }) => {
        const wrong = [];
        for (const [name, address, there] of views) {
            await page.goto(url + address);
            await page.reload();
            await page.waitForSelector('html[data-ready]');
            await page.waitForTimeout(200);
            await there(page);
            await audit(page, name).catch((e) => wrong.push(e.message));
        }
        check(wrong.length === 0, wrong.join('\n    '));
    }, { context, prefs: { theme }, ready: false });

for (const scheme of ['light', 'dark'])
    test(`axe finds nothing: the page without script, the interface's page, ${scheme}`, async ({ page, url, pictures }) => {
        const wrong = [];
        const look = (name) => audit(page, name).catch((e) => wrong.push(e.message));
        await page.goto(new URL('/plain', url).href);
        await look('plain');
        await page.setInputFiles('input[type="file"]', pictures.fresh.Gear[0]);
        await page.click('form button');
        await page.waitForSelector('.verdict');
        await look('plain result');
        await page.goto(new URL('/docs', url).href);
        await page.waitForSelector('h1');
        await look('docs');
        check(wrong.length === 0, wrong.join('\n    '));
    }, { context: { colorScheme: scheme }, ready: false });
