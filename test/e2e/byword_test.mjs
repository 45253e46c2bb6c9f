/**
 * byword_test.mjs - classify by words, on a program with a CLIP of two tiny towers: labels as chips, what the answer says,
 * verdicts and the way back, and what is said when there is no answer.  That CLIP has learnt nothing, so no test asks
 * whether it is right; each asks whether the page shows what the server said.
 */
import path from 'node:path';
import { test, check, equal, until, startProgram, WORK } from './harness.mjs';
import { startLlm } from '../http/fake_llm.mjs';
import { writeWordless } from '../http/tiny_clip.mjs';
import { fill, program, tinyClip, words } from './wordy.mjs';

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
const wordless = program(async (pictures) => {
    const folder = path.join(WORK, 'wordless');
    writeWordless(folder);
    const server = await startProgram('wordless-data', ['--model', folder]);
    await fill(server.url, pictures);
    return server;
});
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
    equal(await page.locator('#word-verdict').textContent(), { none_of_these: 'None of these', ambiguous: `${said.scores[0].label} or ${said.scores[1].label}`, best: said.label }[said.message_code], 'the verdict');
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

words('many labels fold, and unfold with the focus kept', async ({ page, pictures }) => {
    await open(page);
    await page.click('[data-preset="built-in"]');
    await page.setInputFiles('#word-files', pictures.fresh.Coil[0]);
    await answered(page);
    equal(await page.locator('.scores .top-classes li').count(), 6, 'six at first');
    await page.click('[data-do="all-scores"]');
    equal(await page.locator('.scores .top-classes li').count(), 121, 'all of them');
    await page.click('[data-do="all-scores"]');
    equal(await page.evaluate(() => document.activeElement.dataset.do), 'all-scores', 'the button keeps the focus');
    equal(await page.locator('[data-part="expansion"]').count(), 0, 'without a language model nothing is said of one');
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

wordless.on('an encoder that reads no words: Classify, search box and suggestions say so and lead to those that do', async ({ page, pictures, shot }) => {
    await page.goto('#/words');
    await page.waitForSelector('[data-part="trouble"]');
    const said = async () => page.locator('[data-part="trouble"]').textContent();
    check(/reads no words/.test(await said()), await said());
    await shot('words-no-tower');
    await page.click('[data-part="trouble"] a');
    await page.waitForSelector('[data-encoder]');
    await page.goto('#/words');
    await page.waitForSelector('[data-part="trouble"]');
    const [reply] = await Promise.all([page.waitForResponse('**/v1/classify'), page.setInputFiles('#word-files', pictures.fresh.Gear[0])]);
    equal(reply.status(), 409, 'the server refuses');
    await until(async () => /assay model pull/.test(await said()), 'with what to do');
    await shot('words-no-tower-asked');
    for (const address of ['q=gear', 'q=-gear']) {
        await page.goto(`#/search/${address}`);
        await page.waitForSelector('[data-part="trouble"]');
    }
    await page.goto('#/search/q=gear');
    await page.waitForSelector('[data-part="trouble"] a[href="#/encoders"]');
    check(/reads no words/.test(await said()), await said());
    await shot('search-no-words');
    await page.goto('#/search/');
    await page.waitForSelector('.search .welcome');
    equal(await page.locator('[data-example]').count(), 0, 'no words are suggested');
    check(/picture/.test(await page.locator('.search .welcome').textContent()), 'but a picture');
    await shot('search-no-words-welcome');
    await page.setInputFiles('#seek-file', pictures.fresh.Gear[0]);
    await page.waitForSelector('.search:not([aria-busy]) .hit');
    await page.goto('#/encoders');
    const card = page.locator('[data-encoder][data-active="true"]');
    check(/Pictures only/.test(await card.textContent()), await card.textContent());
}, { allow: /status of 409/ });

wordless.on('an encoder that reads no words, on a phone', async ({ page, shot }) => {
    await page.goto('#/words');
    await page.waitForSelector('[data-part="trouble"]');
    const top = await page.locator('[data-part="trouble"] a').boundingBox();
    check(top.y + top.height < 700, `what to do is ${top.y} pixels down`);
    for (const view of ['words', 'search/', 'search/q=gear']) {
        await page.goto(`#/${view}`);
        await page.waitForSelector(view === 'search/' ? '.search .welcome' : '[data-part="trouble"]');
        const over = await page.evaluate(() => document.documentElement.scrollWidth - screen.width);
        check(over <= 0, `${view} is ${over} pixels too wide`);
        await shot(`phone-no-words-${view.replace(/\W/g, '')}`);
    }
}, { context: phone, allow: /status of 409/ });

test('the program without words ends well', wordless.stop, { browser: false });

/** A language model of our own that is asked for real; gated is a second program, which asks about sure answers only. */
let llm = null;
const secret = 'sk-page-0123456789abcdef';
const model = { subtags: ['toothed wheel', 'brass'], style_traits: ['studio light'], emotions: ['calm'], pack_suggestions: ['clockwork', 'old machines in a museum!', 'workshop', 'old machines in the museum'] };
const asking = program(async () => {
    llm = await startLlm();
    llm.lists = model;
    return startProgram('llm-data', ['--model', tinyClip(), '--precision', 'f32'], 'serve',
        { OPENAI_BASE_URL: llm.url, OPENAI_API_KEY: secret, ENABLE_LLM_EXPANSION_GATING: 'off', LLM_LABEL_EXPANSION_TIMEOUT_MS: '1000' });
});
const gated = program(() => startProgram('llm-data-gated', ['--model', tinyClip(), '--precision', 'f32'], 'serve', { OPENAI_BASE_URL: llm.url }));
const expanded = (page, status) => until(async () => (await page.locator('[data-part="expansion"]').getAttribute('data-status').catch(() => '')) === status, `the expansion is ${status}`, 20000);
const note = (page) => page.locator('[data-part="expansion"] p').first().textContent();

asking.on('what a language model proposes: tags and themes as chips, each can become a label', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat,the sky,rain');
    llm.asked.length = 0;
    await page.setInputFiles('#word-files', pictures.fresh.Gear[0]);
    await answered(page);
    await expanded(page, 'ok');
    equal(llm.asked.length, 1, 'it was asked once');
    equal(llm.asked[0].key, `Bearer ${secret}`, 'with the key');
    check(!(await page.content()).includes('sk-page'), 'which the page does not have');
    const names = (group) => page.locator(`[data-tags="${group}"] [data-tag]`).evaluateAll((all) => all.map((b) => b.dataset.tag).join());
    equal(await names('tags'), 'toothed wheel,brass,studio light,calm', 'the tags');
    equal(await names('themes'), 'old machines in a museum!,old machines in the museum,clockwork,workshop', 'the themes');
    const lines = await page.locator('[data-tags="themes"] .tags').evaluateAll((all) => all.map((ul) => ul.children.length).join());
    equal(lines, '2,2', 'those that mean nearly the same on a line, the others on another');
    await page.locator('[data-part="expansion"]').scrollIntoViewIfNeeded();
    await shot('words-expansion');
    await page.click('[data-tag="brass"]');
    check((await chips(page)).includes('brass'), 'it is a label now');
    await until(async () => (await page.locator('.scores li[data-label="brass"]').count()) === 1, 'and has a score', 20000);
    await page.click('.label-chips [data-label="brass"]');
    await expanded(page, 'cached');
    check(/kept/.test(await note(page)), 'asked before');
});

asking.on('a language model that is slow, wrong, rude or away: the answer stands, the reason is said quietly', async ({ page, pictures, shot }) => {
    const ask = async (how, delay, status, words) => {
        Object.assign(llm, { how, delay });
        await open(page, `a dog,rain,${how} ${delay}`);
        const begun = Date.now();
        await page.setInputFiles('#word-files', pictures.fresh.Coil[0]);
        await answered(page);
        await expanded(page, status);
        check(Date.now() - begun < 8000, `${how} took ${Date.now() - begun} ms`);
        check(words.test(await note(page)), `${how}: ${await note(page)}`);
        equal(await page.locator('[data-tag]').count(), 0, 'no tags');
        equal(await page.locator('.scores .top-classes li').count(), 3, 'the scores are there');
        equal(await page.locator('[data-part="trouble"]').count(), 0, 'nothing failed');
        await page.evaluate(() => window.scrollTo(0, 0));
    };
    await ask('good', 4000, 'timeout', /did not answer in time/);
    await page.locator('[data-part="expansion"]').scrollIntoViewIfNeeded();
    await shot('words-expansion-slow');
    await ask('wrong', 0, 'bad_answer', /could not be used/);
    await ask('away', 0, 'down', /cannot be reached/);
    await ask('key', 0, 'refused', /refused/);
    await ask('good', 0, 'breaker', /left alone/);
    await page.locator('details.details').last().locator('summary').click();
    check(!/sk-page/.test(await page.content()), 'the key is nowhere');
    await shot('words-expansion-breaker');
    Object.assign(llm, { how: 'good', delay: 0 });
});

gated.on('an answer that is not sure is not asked about, and the page says so', async ({ page, pictures, shot }) => {
    await open(page, 'a dog,a cat,the sky,rain');
    llm.asked.length = 0;
    await page.setInputFiles('#word-files', pictures.fresh.Gear[0]);
    await answered(page);
    await expanded(page, 'gated');
    equal(llm.asked.length, 0, 'nobody was asked');
    check(/not sure|is not/.test(await note(page)) && !/clear enough/.test(await note(page)), await note(page));
    await shot('words-expansion-gated');
});

gated.on('tags on a phone', async ({ page, pictures, shot }) => {
    await open(page, 'a dog');
    await page.setInputFiles('#word-files', pictures.fresh.Gear[0]); // one label has it all: as sure as can be
    await answered(page);
    await expanded(page, 'ok');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - screen.width);
    check(over <= 0, `${over} pixels too wide`);
    const small = await page.locator('[data-tag]').evaluateAll((all) => all.filter((b) => b.getBoundingClientRect().height < 40).length);
    equal(small, 0, 'chips too small for a finger');
    await page.locator('[data-part="expansion"]').scrollIntoViewIfNeeded();
    await shot('phone-expansion');
}, { context: phone });

test('the programs with a language model end well', async () => {
    await asking.stop();
    await gated.stop();
    llm?.close();
}, { browser: false });

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

test('two names for one thing: the page calls it undecided because the server does', async ({ page, pictures, shot }) => {
    await open(page, 'gear,cogwheel,strawberry');
    const [reply] = await Promise.all([page.waitForResponse('**/v1/classify'), page.setInputFiles('#word-files', pictures.fresh.Gear[0])]);
    const said = await reply.json();
    check(said.ambiguous && said.message_code === 'ambiguous', JSON.stringify(said.scores));
    await answered(page);
    equal([...(await page.locator('#word-verdict').textContent()).matchAll(/gear|cogwheel/g)].length, 2, 'both are named');
    equal(await page.locator('.result').getAttribute('data-status'), 'ambiguous', 'undecided');
    await shot('words-even');
});

test('a verdict about a theme that the encoder does not know is kept, and the page says that it moves nothing', async ({ page, pictures, shot }) => {
    await open(page, 'gear,coil');
    await page.setInputFiles('#word-files', pictures.fresh.Gear[0]);
    await answered(page);
    await page.fill('#theme', 'zorblax');
    await page.click('[data-do="thumb-up"]');
    await page.waitForSelector('[data-part="theme-unknown"]');
    check(/no score moves/.test(await page.locator('[data-part="theme-unknown"]').textContent()), 'it says so');
    check(!/count more/.test(await page.locator('[data-part="given"]').textContent()), 'and promises nothing');
    await page.locator('.thumbs').scrollIntoViewIfNeeded();
    await shot('words-theme-unknown');
    await page.fill('#theme', 'gear');
    await page.click('[data-do="thumb-up"]');
    await until(async () => /count more/.test(await page.locator('[data-part="given"]').textContent()), 'a known one does');
    equal(await page.locator('[data-part="theme-unknown"]').count(), 0, 'nothing more of the other');
});
