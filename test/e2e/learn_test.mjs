/** learn_test.mjs - train on the page, watch the curves, classify many pictures, compare two versions, promote, roll back. */
import { spawnSync } from 'node:child_process';
import { test, check, equal, until, startProgram } from './harness.mjs';
import { fill, program } from './wordy.mjs';

const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const done = (page, n) => until(async () => (await page.locator('li[data-job][data-state="done"]').count()) === n, `${n} trainings done`, 120000);

test('without a trained model the dashboard says so and leads to training', async ({ page, shot }) => {
    await page.goto('#/board');
    await page.waitForSelector('.board .welcome');
    check((await page.locator('.board').textContent()).includes('No trained model answers yet'), 'it says so');
    await shot('board-empty');
    await page.click('.board .welcome .btn.main');
    await page.waitForSelector('.train-form');
    await shot('train-form');
});

test('a setting that cannot be is refused in place', async ({ page }) => {
    await page.goto('#/train');
    await page.waitForSelector('.train-form');
    await page.selectOption('select[name="source"]', 'dataset:main');
    await page.click('[data-do="train"]');
    await page.waitForSelector('.train-form .problem:not(:empty)');
    check(/needs two/.test(await page.locator('.train-form .problem').textContent()), 'it says what is missing');
}, { allow: /status of 409/ });

async function train(page, name, epochs, what = 'head', set = 'workshop') {
    await page.goto('#/train');
    await page.waitForSelector('.train-form');
    await page.selectOption('select[name="source"]', `dataset:${set}`);
    await page.fill('input[name="model"]', name);
    await page.selectOption('select[name="what"]', what);
    await page.fill('input[name="epochs"]', String(epochs));
    await page.click('[data-do="train"]');
}

test('train: progress, curves, report; the first model answers at once', async ({ page, shot }) => {
    await train(page, 'parts', 40);
    await page.waitForSelector('section[data-job] progress');
    await shot('train-running');
    await done(page, 1);
    const text = await page.locator('li[data-job]').first().textContent();
    check(/parts 1: \d+\.\d% right on the test pictures · Answers now/.test(text), text);
    await page.click('li[data-job] details summary');
    await page.waitForSelector('.chart polyline');
    await until(async () => (await page.locator('.chart').count()) === 2, 'loss and accuracy');
    await shot('train-done');
    const [report] = await Promise.all([page.context().waitForEvent('page'), page.click('li[data-job] a[target="_blank"]')]);
    await report.waitForLoadState();
    check((await report.content()).includes('confusion') || (await report.locator('svg').count()) > 0, 'the report has charts');
    await report.close();
    await train(page, 'parts', 1);
    await done(page, 2);
});

test('what is said of a training is in the reader’s language', async ({ page }) => {
    await page.goto('#/train');
    await page.waitForSelector('li[data-job][data-state="done"]');
    const job = page.locator('li[data-job][data-state="done"]').last();
    await job.locator('details', { hasText: 'Hinweis' }).locator('summary').click();
    const text = await job.textContent();
    check(/2[45] Bilder aus 4 Klassen: \d+ zum Lernen/.test(text) && /Millionen Parameter/.test(text), text);
    check(!/ pictures | classes|parameters/.test(text), `English is left: ${text}`);
}, { prefs: { lang: 'de' } });

test('a training that runs can be stopped, from the keyboard too', async ({ page, shot }) => {
    await page.route('**/v1/train', (route) => { // a fast machine would end early and have nothing left to stop
        const asked = route.request().postDataJSON();
        route.continue({ postData: JSON.stringify({ ...asked, settings: { ...asked.settings, 'training.early_stopping.enabled': false } }) });
    });
    await train(page, 'long', 900, 'all');
    await page.waitForSelector('[data-do="stop"]');
    await until(async () => (await page.locator('section[data-job] .chart').count()) === 2, 'live curves', 60000);
    await shot('train-live');
    await page.locator('[data-do="stop"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('li[data-job][data-state="cancelled"]', { timeout: 60000 });
});

const prlimit = (pid, bytes) => spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]).status === 0;
/** A program of its own: no file of it may grow beyond some size, as on a full disk, until the limit is lifted. */
const cramped = program(async (pictures) => {
    const server = await startProgram('cramped-data');
    await fill(server.url, pictures);
    return server;
});

cramped.on('a training that fails on a full disk says so, goes on when there is room, or is given up', async ({ page, server, shot }) => {
    if (!prlimit(server.pid, 'unlimited')) return console.log('     skipped: no prlimit');
    const failed = async (name) => {
        check(prlimit(server.pid, 8000000), 'the limit');
        await train(page, name, 1, 'all', 'main');
        const job = page.locator('li[data-job][data-state="failed"]').first();
        await job.waitFor({ timeout: 120000 });
        return job;
    };
    const job = await failed('full');
    const text = await job.textContent();
    check(/The disk is full/.test(text) && /File too large|No space left/.test(text), text);
    await job.scrollIntoViewIfNeeded();
    await shot('train-failed');
    check(prlimit(server.pid, 'unlimited'), 'there is room again');
    await job.locator('[data-do="resume"]').click();
    await page.waitForSelector('li[data-job][data-state="done"]', { timeout: 120000 });
    equal(await page.locator('li[data-job][data-state="failed"]').count(), 0, 'it went on and is done');
    await (await failed('given')).locator('[data-do="give-up"]').click();
    await page.click('dialog [data-do="confirm"]');
    await until(async () => (await page.locator('li[data-job] [data-do="resume"]').count()) === 0, 'it is given up');
    prlimit(server.pid, 'unlimited');
});

test('the program on a full disk ends well', cramped.stop, { browser: false });

test('many dropped pictures are classified, listed with their bands, kept and found again', async ({ page, pictures, shot, drop }) => {
    await page.goto('#/board');
    await page.waitForSelector('[data-do="classify"]');
    await drop([...pictures.of('Gear'), ...pictures.of('Coil'), pictures.broken]);
    await until(async () => /12 pictures classified/.test(await page.locator('[data-run="done"]').textContent().catch(() => '')), 'all twelve', 60000);
    check((await page.locator('.answer.broken').textContent()).includes('notes.jpg'), 'the broken one is named');
    await until(async () => (await page.locator('.answer[data-sha]').count()) === 12, 'the history');
    const bands = await page.locator('.answer[data-sha]').evaluateAll((rows) => rows.map((r) => [r.dataset.band, r.querySelector('.band').dataset.band, getComputedStyle(r).borderLeftColor]));
    check(bands.every(([a, b]) => a === b), 'row and band agree');
    await shot('board');
    const label = (await page.locator('.answer[data-sha] b').allTextContents()).filter((l) => l === 'Gear').length;
    check(label >= 4, `gears are gears: ${label}`);
    await page.selectOption('select[name="label"]', 'Gear');
    await until(async () => (await page.locator('.answer[data-sha]').count()) < 12, 'filtered');
    await page.selectOption('select[name="label"]', '');
    await page.fill('.filters input[type="search"]', 'no such file');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('.answer[data-sha]').count()) === 0, 'nothing fits');
    await page.fill('.filters input[type="search"]', '');
    await page.keyboard.press('Enter');
    await page.click('.answer-pick >> nth=0');
    await page.waitForSelector('dialog .facts');
    await shot('answer');
    await page.keyboard.press('Escape');
    await page.reload();
    await until(async () => (await page.locator('.answer[data-sha]').count()) === 12, 'after a reload');
}, { allow: /status of 415|status of 422/ });

test('asked more thoroughly: five views and passes with dropout, when somebody ticks them', async ({ page, pictures, shot }) => {
    await page.goto('#/board');
    await page.click('[data-part="slow"] summary');
    await page.check('input[name="views"]');
    await page.check('input[name="passes"]');
    await shot('board-slow');
    const [sent] = await Promise.all([page.waitForRequest((r) => r.method() === 'POST' && r.url().includes('/v1/predictions')), page.setInputFiles('#board-files', pictures.fresh.Gear[0])]);
    check(sent.url().includes('tta=true') && sent.url().includes('mc_dropout=20'), sent.url());
    const answer = (await (await sent.response()).json()).items[0];
    equal(answer.views, 5, 'the mean of five views');
    check(answer.doubt, 'and its doubt');
    await until(async () => /1 picture classified/.test(await page.locator('[data-run="done"]').textContent().catch(() => '')), 'it is done');
    await page.evaluate((id) => fetch(`/v1/predictions/${id}`, { method: 'DELETE' }), answer.id); // the tests after this one count
});

test('why: the map beside the picture and how far the answer spreads, from the keyboard too', async ({ page, shot }) => {
    await page.goto('#/board');
    await page.click('.answer-pick >> nth=0');
    await page.waitForSelector('dialog [data-do="why"]');
    await page.locator('[data-do="why"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.why-map img');
    check(await page.locator('.why-map img').evaluate((i) => i.decode().then(() => i.naturalWidth > 50)), 'the map is a picture');
    await page.waitForSelector('.why-room .facts');
    const text = await page.locator('.why-room').textContent();
    check(/Asked 20 times with parts of the network left out.+\d% ± \d/.test(text) && /Mean of five views/.test(text), text);
    await shot('why');
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('dialog').count()) === 0, 'the dialog is closed');
});

test('why: a busy server is waited for, a network without a map is no obstacle', async ({ page }) => {
    let busy = 1;
    await page.route('**/heat', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'this network has no map' }) }));
    await page.route('**/doubt', (route) => (busy-- > 0 ? route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, contentType: 'application/problem+json', body: '{"detail":"busy"}' }) : route.continue()));
    await page.goto('#/board');
    await page.click('.answer-pick >> nth=0');
    await page.click('dialog [data-do="why"]');
    await page.waitForSelector('.why-room .facts');
    check((await page.locator('.why-room .problem').textContent()) === 'this network has no map', 'it says so');
}, { allow: /status of 409|status of 503/ });

test('models: compare two on the same pictures, promote, roll back', async ({ page, pictures, shot }) => {
    await page.goto('#/models');
    await until(async () => (await page.locator('.model').count()) === 3, 'three versions');
    equal(await page.locator('.model[data-active="true"] h2').textContent(), 'parts 1', 'the active one');
    const named = async (name) => (await page.locator('select[name="compare-1"] option').allTextContents()).indexOf(name);
    await page.selectOption('select[name="compare-1"]', { index: await named('parts 2') });
    await page.setInputFiles('#compare-files', [...pictures.fresh.Gear, ...pictures.fresh.Chip]);
    await until(async () => (await page.locator('.compare .cell').count()) === 12, 'twelve answers');
    check(/differ on \d+ of 6 pictures/.test(await page.locator('[data-part="differ"]').textContent()), 'how often they differ');
    await shot('compare');
    await page.click('.model:has-text("parts 2") [data-do="promote"]');
    await page.click('dialog .btn.main');
    await until(async () => (await page.locator('.model[data-active="true"] h2').textContent()) === 'parts 2', 'promoted');
    await page.click('[data-do="rollback"]');
    await page.click('dialog .btn.main');
    await until(async () => (await page.locator('.model[data-active="true"] h2').textContent()) === 'parts 1', 'rolled back');
    await until(async () => (await page.locator('.served li').count()) === 3, 'the history of what answered');
    await shot('models');
});

test('answers are deleted after a question: one, those that fit, none by mistake', async ({ page, shot }) => {
    await page.goto('#/board');
    const rows = () => page.locator('.answer[data-sha]').count();
    await until(async () => (await rows()) === 12, 'twelve answers');
    await page.click('.answer-pick >> nth=0');
    await page.click('dialog [data-do="delete-answer"]');
    await page.waitForSelector('dialog [data-do="confirm"]');
    equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel', 'the safe button has the focus');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('dialog').count()) === 1, 'the answer is still shown');
    await page.click('dialog [data-do="delete-answer"]');
    await page.click('dialog [data-do="confirm"]');
    await until(async () => (await page.locator('dialog').count()) === 0 && (await rows()) === 11, 'one less');
    await page.selectOption('select[name="label"]', 'Gear');
    await until(async () => (await rows()) < 11, 'filtered');
    const n = await rows();
    await page.click('[data-do="delete-answers"]');
    check((await page.locator('dialog h2').textContent()).includes(`the ${n} answer`), 'it says how many');
    await shot('delete-answers');
    await page.click('dialog [data-do="confirm"]');
    await until(async () => (await rows()) === 0, 'those went');
    await page.selectOption('select[name="label"]', '');
    await until(async () => (await rows()) === 11 - n, 'the others stay');
});

test('a model is deleted after a question, the one that answers has no such button', async ({ page }) => {
    await page.goto('#/models');
    await until(async () => (await page.locator('.model').count()) === 3, 'three versions');
    check((await page.locator('.model[data-active="true"] [data-do="delete-model"]').count()) === 0, 'not the active one');
    await page.click('.model:has-text("long 1") [data-do="delete-model"]');
    await page.click('dialog [data-do="confirm"]');
    await until(async () => (await page.locator('.model').count()) === 2, 'two are left');
    await page.goto('#/train');
    await page.waitForSelector('li[data-job][data-state="cancelled"]');
    check((await page.locator('li[data-job][data-state="cancelled"] a[target="_blank"]').count()) === 0, 'no link to a report that is gone');
});

for (const theme of ['light', 'dark'])
    test(`dashboard, training and models on a phone, ${theme}`, async ({ page, shot }) => {
        for (const [view, there] of [['board', '.answer'], ['train', 'li[data-job]'], ['models', '.model']]) {
            await page.goto(`#/${view}`);
            await page.waitForSelector(there);
            await page.waitForTimeout(300);
            const over = await page.evaluate(() => document.documentElement.scrollWidth - screen.width); // innerWidth grows with what is too wide
            check(over <= 0, `${view} is ${over} pixels too wide`);
            await shot(`phone-${view}-${theme}`);
        }
    }, { context: phone, prefs: { theme } });
