/**
 * byword_test.mjs - classify by words, on a program with a CLIP of two tiny towers: labels as chips, what the answer says,
 * verdicts and the way back, and what is said when there is no answer.  That CLIP has learnt nothing, so no test asks
 * whether it is right; each asks whether the page shows what the server said.
 */
import { test, check, equal, until } from './harness.mjs';
import { words } from './wordy.mjs';

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const chips = (page) => page.locator('.label-chips button').evaluateAll((all) => all.map((b) => b.dataset.label));
const open = async (page, labels) => {
    await page.goto('#/words');
    await page.waitForSelector('.label-chips button');
    if (!labels) return;
    await page.click('[data-preset="none"]');
    await page.fill('#label-new', labels);
    await page.keyboard.press('Enter');
    equal((await chips(page)).join(), labels, 'the labels');
};
const answered = (page) => until(async () => (await page.locator('#word-result').getAttribute('aria-busy')) === 'false' && (await page.locator('#word-verdict').count()) === 1, 'an answer', 90000);

words('labels are typed, pasted, removed by key and click, and kept', async ({ page, shot }) => {
    await open(page);
    equal((await chips(page)).sort().join(), 'Bearing,Chip,Coil,Gear', 'the classes of the data set, to begin with');
    await page.click('[data-preset="built-in"]');
    equal((await chips(page)).length, 121, 'the built-in list');
    await page.click('[data-preset="none"]');
    equal(await page.evaluate(() => document.activeElement.id), 'label-new', 'the field has the focus');
    await page.keyboard.type('a dog, a cat,');
    await page.keyboard.type('rain');
    await page.keyboard.press('Enter');
    equal((await chips(page)).join('|'), 'a dog|a cat|rain', 'typed');
    await page.evaluate(() => {
        const data = new DataTransfer();
        data.setData('text', 'the sky\nA DOG\na red car');
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    });
    equal((await chips(page)).join('|'), 'a dog|a cat|rain|the sky|a red car', 'pasted, without the double');
    await page.keyboard.press('Backspace');
    equal((await chips(page)).at(-1), 'the sky', 'Backspace takes the last');
    await page.locator('.label-chips button').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Delete');
    equal((await chips(page)).join('|'), 'a dog|rain|the sky', 'Delete takes the one with the focus');
    equal(await page.evaluate(() => document.activeElement.dataset.label), 'rain', 'its neighbour has the focus');
    await page.click('.label-chips [data-label="rain"]');
    await page.reload();
    await page.waitForSelector('.label-chips button');
    equal((await chips(page)).join('|'), 'a dog|the sky', 'kept over a reload');
    await page.click('[data-preset="built-in"]');
    equal((await chips(page)).length, 121, 'the built-in list again');
    await shot('words-labels');
});

words('a picture against words: verdict, scores, lead, doubt, none of these, NSFW as a badge', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat,the sky,rain,a red car');
    const [reply] = await Promise.all([page.waitForResponse('**/v1/classify'), page.setInputFiles('#word-files', pictures.fresh.Gear[0])]);
    const said = await reply.json();
    await answered(page);
    equal(await page.locator('#word-verdict').textContent(), said.none_of_these >= 0.5 ? 'None of these' : said.ambiguous || said.margin < 0.05 ? `${said.scores[0].label} or ${said.scores[1].label}` : said.label, 'the verdict');
    equal(await page.locator('.scores .top-classes li').count(), 5, 'one bar a label');
    const names = await page.locator('.scores .top-classes li').evaluateAll((all) => all.map((li) => li.dataset.label));
    equal(names.join(), said.scores.map((s) => s.label).join(), 'in the order of the scores');
    const lead = await page.locator('.lead').textContent();
    check(lead.includes(`${((said.scores[0].probability - said.scores[1].probability) * 100).toFixed(1)}%`), `${lead} for ${said.margin}`);
    const share = await page.locator('.lead i').evaluate((i) => i.getBoundingClientRect().width / i.closest('li').getBoundingClientRect().width);
    check(Math.abs(share - (said.scores[0].probability - said.scores[1].probability)) < 0.02, `the lead is drawn ${share} wide`);
    check(/\d% doubt/.test(await page.locator('[data-part="doubt"]').textContent()), 'the doubt in words');
    check(/Sensitive: \d+%|sensitive: \d+%/.test(await page.locator('[data-part="nsfw"]').textContent()), 'the badge');
    check((await page.locator('.none-row').textContent()).includes(`${(said.none_of_these * 100).toFixed(1)}%`), 'none of these');
    check(await page.locator('.word-frame img').evaluate((i) => i.decode().then(() => i.naturalWidth > 0)), 'the picture is shown');
    await until(async () => (await page.locator('#live').textContent()).length > 3, 'a screen reader hears it');
    await shot('words-answer');
    await page.click('input[name="none"]');
    await until(async () => (await page.locator('.none-row').count()) === 0, 'asked again without it');
    const [plain] = await Promise.all([page.waitForResponse('**/v1/classify'), page.click('input[name="templates"]')]);
    const raw = (answer) => answer.scores.find((s) => s.label === 'rain').raw;
    check(raw(await plain.json()) !== raw(said), 'labels as they stand score otherwise');
    await answered(page);
});

words('many labels fold, a tag of a language model becomes a label, similar pictures lead on', async ({ page, pictures, shot }) => {
    await open(page);
    await page.click('[data-preset="built-in"]');
    const [reply] = await Promise.all([page.waitForResponse('**/v1/classify'), page.setInputFiles('#word-files', pictures.fresh.Coil[0])]);
    const body = await reply.json();
    await answered(page);
    Object.assign(body, { // a language model and an encoder with a small vocabulary, as the server would tell
        expansion: { status: 'ok', reason: '', used: true, tags: ['toothed wheel', 'brass'], clusters: [['toothed wheel', 'cog'], ['brass']] },
        unknown_words: ['frobnitz'], unknown_labels: [] });
    await page.route('**/v1/classify', (route) => route.fulfill({ json: body }));
    await page.click('input[name="templates"]');
    await page.waitForSelector('[data-part="expansion"]');
    equal(await page.locator('.scores .top-classes li').count(), 6, 'six at first');
    await page.click('[data-do="all-scores"]');
    equal(await page.locator('.scores .top-classes li').count(), 121, 'all of them');
    await page.click('[data-do="all-scores"]');
    equal(await page.evaluate(() => document.activeElement.dataset.do), 'all-scores', 'the button keeps the focus');
    equal(await page.locator('[data-part="expansion"] .tags').count(), 2, 'two groups of tags');
    check((await page.locator('[data-part="unknown"]').textContent()).includes('“frobnitz”'), 'the unknown word is named');
    await shot('words-expansion');
    await page.click('[data-tag="cog"]');
    check((await chips(page)).includes('cog'), 'it is a label now');
});

words('thumbs: a verdict, what it changed, and taken back', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat,the sky,rain,a red car');
    await page.setInputFiles('#word-files', pictures.fresh.Chip[0]);
    await answered(page);
    const score = async (label) => parseFloat((await page.locator(`.scores li[data-label="${label}"] b`).textContent()).match(/([\d.]+)%$/)[1]);
    const before = await score('rain');
    await page.fill('#theme', 'rain');
    const [sent] = await Promise.all([page.waitForRequest('**/v1/feedback'), page.click('[data-do="thumb-up"]')]);
    check((sent.headers()['idempotency-key'] ?? '').length >= 32, 'it has a key of its own');
    equal(JSON.stringify(sent.postDataJSON().accepted), 'true', 'accepted');
    await until(async () => (await page.locator('[data-part="given"]').textContent().catch(() => '')).includes('belongs to “rain”'), 'it says what it did');
    await answered(page);
    await until(async () => (await score('rain')) > before, 'rain counts more');
    check((await page.locator('.scores li[data-label="rain"] .changed').textContent()).includes('+'), 'the change is shown');
    equal(await page.locator('[data-do="thumb-up"]').getAttribute('aria-pressed'), 'true', 'pressed');
    await shot('words-verdict');
    await page.click('[data-do="verdict-back"]');
    await until(async () => (await page.locator('[data-part="given"]').textContent()).includes('cancel out'), 'it says so');
    await until(async () => Math.abs((await score('rain')) - before) < 0.11, 'as before');
    const { items } = await page.evaluate(() => fetch('/v1/feedback?theme=rain').then((r) => r.json()));
    equal(items.map((v) => v.accepted).join(), 'false,true', 'both are on record');
});

words('several pictures, the camera, what is no picture', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat');
    await page.setInputFiles('#word-files', [pictures.fresh.Gear[0], pictures.fresh.Coil[0]]);
    await until(async () => (await page.locator('.word-stage .past').count()) === 2, 'both are kept', 90000);
    await page.click('.word-stage .past >> nth=1');
    equal(await page.locator('.word-stage .past').nth(1).getAttribute('aria-current'), 'true', 'the first one on show');
    await page.click('[data-do="snap"]');
    await until(() => page.locator('#snap-go').isEnabled(), 'the camera');
    await shot('words-camera');
    await page.click('#snap-go');
    await until(async () => (await page.locator('.word-stage .past').count()) === 3, 'the photograph', 90000);
    await page.setInputFiles('#word-files', pictures.broken);
    await page.waitForSelector('[data-part="trouble"]');
    check((await page.locator('[data-part="trouble"]').textContent()).includes('No answer'), 'it says so in its place');
    await shot('words-trouble');
}, { allow: /status of 415/ });

words('classify by words on a phone: the labels fold away, nothing is too wide', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat,the sky');
    await page.setInputFiles('#word-files', pictures.fresh.Bearing[0]);
    await answered(page);
    check(!(await page.locator('.label-room').evaluate((d) => d.open)), 'the labels fold away');
    for (const [view, there] of [['words', '#word-verdict'], ['encoders', '[data-encoder]'], ['search/q=rain', '.hit, [data-part="nothing"]']]) {
        await page.goto(`#/${view}`);
        await page.waitForSelector(there);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - screen.width);
        check(over <= 0, `${view} is ${over} pixels too wide`);
        await shot(`phone-${view.split('/')[0]}`);
    }
}, { context: phone, prefs: { theme: 'dark' } });

test('an encoder without words says so and leads to those that have them', async ({ page, shot }) => {
    await page.route('**/labels', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), reads_words: false } });
    });
    await page.goto('#/words');
    await page.waitForSelector('[data-part="trouble"]');
    await shot('words-no-tower');
    await page.click('[data-part="trouble"] a');
    await page.waitForSelector('[data-encoder]');
});

test('the embedded encoder: right about classes it knows, silent about words it does not', async ({ page, pictures, shot }) => {
    await open(page, 'gear,coil,frobnitz');
    await page.setInputFiles('#word-files', pictures.fresh.Gear[0]);
    await answered(page);
    check((await page.locator('[data-part="unknown"]').textContent()).includes('frobnitz'), 'the unknown word is named');
    equal(await page.locator('.label-chips .unknown').count(), 1, 'and marked among the labels');
    equal(await page.locator('.scores .top-classes li').count(), 2, 'it has no score');
    equal(await page.locator('.scores .top-classes li').first().getAttribute('data-label'), 'gear', 'a gear is a gear');
    await shot('words-unknown');
    await page.click('[data-do="drop-unknown"]');
    await until(async () => (await page.locator('.label-chips button').count()) === 2, 'taken away');
    await answered(page);
    await page.click('[data-preset="none"]');
    await page.fill('#label-new', 'frobnitz, quux');
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('#word-verdict').textContent()) === 'No word known', 'nothing rather than a guess');
    await shot('words-none-known');
});
