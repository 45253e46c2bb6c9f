/**
 * encoders_test.mjs - the encoders: what there is, fetched from a hub of our own (test/cli/hub.mjs) with its progress, stopped,
 * gone on with, a licence that wants a yes, one that takes over and reads words at once.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, until, startProgram, openAt, ROOT, WORK, SHOTS } from './harness.mjs';
import { writeModel } from '../http/tiny_clip.mjs';

let server = null;
let hub = null;
const root = path.join(WORK, 'hub');
const behave = (how) => fs.writeFileSync(path.join(root, 'behaviour.json'), JSON.stringify(how));

/** The tiny vocabulary as a hub holds one: vocab.json and merges.txt. */
function writeVocabulary(folder) {
    const lines = fs.readFileSync(path.join(ROOT, 'test/vectors/tokenizer-tiny/bpe_simple_vocab_16e6.txt'), 'utf8').trim().split('\n').slice(1);
    const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const printable = [...range(33, 126), ...range(161, 172), ...range(174, 255)];
    const rest = range(0, 255).filter((b) => !printable.includes(b)).map((_, i) => 256 + i);
    const bytes = [...printable, ...rest].map((c) => String.fromCodePoint(c));
    const all = [...bytes, ...bytes.map((b) => `${b}</w>`), ...lines.map((l) => l.replace(' ', '')), '<|startoftext|>', '<|endoftext|>'];
    fs.writeFileSync(path.join(folder, 'vocab.json'), JSON.stringify(Object.fromEntries(all.map((word, i) => [word, i]))));
    fs.writeFileSync(path.join(folder, 'merges.txt'), `#version: 0.2\n${lines.join('\n')}\n`);
}

async function withHub() {
    if (server) return server;
    writeModel(path.join(root, 'laion/CLIP-ViT-B-32-laion2B-s34B-b79K'), { weights: 'open_clip_model.safetensors' });
    writeModel(path.join(root, 'apple/MobileCLIP-S1-OpenCLIP'), { salt: 's1', weights: 'open_clip_model.safetensors' });
    writeVocabulary(path.join(root, 'apple/MobileCLIP-S1-OpenCLIP')); // the other one has open_clip's own file only
    fs.unlinkSync(path.join(root, 'apple/MobileCLIP-S1-OpenCLIP/bpe_simple_vocab_16e6.txt.gz'));
    behave({ slow: 200 });
    const port = path.join(root, 'port');
    hub = spawn('node', [path.join(ROOT, 'test/cli/hub.mjs'), root, port], { stdio: 'ignore' });
    await until(() => fs.existsSync(port) && fs.readFileSync(port, 'utf8').trim() !== '', 'the hub');
    const env = { HF_ENDPOINT: `http://127.0.0.1:${fs.readFileSync(port, 'utf8').trim()}`, HF_HOME: path.join(WORK, 'hf'), HF_HUB_CACHE: path.join(WORK, 'hf/hub'), HF_TOKEN: '', HF_HUB_OFFLINE: '', http_proxy: '', all_proxy: '', ALL_PROXY: '' };
    server = await startProgram('encoders-data', [], 'serve', env);
    return server;
}

const encoders = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await withHub();
    const { page, context, bad } = await openAt(env.browser, url, options);
    try {
        await page.goto('#/encoders');
        await page.waitForSelector('[data-encoder]');
        await run({ ...env, page, url, shot: (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) }) });
        check(bad.length === 0, bad.join('; '));
    } catch (error) {
        await page.screenshot({ path: path.join(SHOTS, `FAIL-${name.replace(/\W+/g, '-')}.png`) }).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });
const card = (page, name) => page.locator(`[data-encoder="${name}"]`);

encoders('the encoders: size, licence, what reads words, which one serves', async ({ page, shot }) => {
    equal(await page.locator('[data-encoder]').first().getAttribute('data-encoder'), 'default', 'the one in use comes first');
    check((await card(page, 'default').textContent()).includes('In use'), 'it is marked');
    equal(await card(page, 'default').locator('button').count(), 0, 'nothing to press on it');
    const clip = await card(page, 'vit-b-32-laion2b').textContent();
    check(/Pictures and words/.test(clip) && /605 MB/.test(clip) && /mit/.test(clip), clip);
    check(/not for commercial use/.test(await card(page, 'mobileclip-s1').textContent()), 'a licence with a limit');
    await shot('encoders');
});

/** What the page says of memory beside what the route does. */
async function memoryOf(page, url) {
    await page.goto('#/encoders');
    await page.waitForSelector('.memory p');
    const { memory } = await (await page.request.get(new URL('/v1/encoders', url).href)).json();
    const text = await page.locator('.memory').textContent();
    const wide = await page.locator('.memory .bar-line').evaluateAll((all) => all.map((b) => {
        const stops = getComputedStyle(b).backgroundImage.match(/([\d.]+)%/); // the bar is a gradient that changes there
        return stops ? Number(stops[1]) / 100 : NaN;
    }));
    return { memory, text, wide };
}
const shown = (n) => (n >= 1e9 ? `${Math.round(n / 1e8) / 10} GB` : `${Math.round(n / 1e5) / 10} MB`);

encoders('memory: without a bound its size and no bar', async ({ page, url, shot }) => {
    const { memory, text, wide } = await memoryOf(page, url);
    check(memory.budget === null && memory.used > 1e6, JSON.stringify(memory));
    check(text.includes(`${shown(memory.used)} used, no bound`), `${text} for ${memory.used}`);
    equal(wide.length, 0, 'no bar');
    await page.locator('.memory').scrollIntoViewIfNeeded();
    await shot('encoders-memory-plain');
});

for (const [budget, what] of [['800MB', 'within it'], ['1MB', 'over it']])
    test(`memory: with a bound a bar as wide as what is used, ${what}`, async ({ browser }) => {
        const bounded = await startProgram(`memory-${budget}`, ['--memory-budget', budget]);
        const { page, context, bad } = await openAt(browser, bounded.url, {});
        const { memory, text, wide } = await memoryOf(page, bounded.url);
        const share = memory.used / memory.budget;
        check(memory.budget > 1e5 && memory.used > 1e6 && share > 1 === (budget === '1MB'), JSON.stringify(memory));
        check(text.includes(`${shown(memory.used)} of ${shown(memory.budget)} used`), `${text} for ${JSON.stringify(memory)}`);
        check(wide.length === 1 && Math.abs(wide[0] - Math.min(1, share)) < 0.001, `the bar is ${wide} wide for ${share}`);
        equal(/More than the bound/.test(text), share > 1, 'it says when it is over');
        await page.locator('.memory').scrollIntoViewIfNeeded();
        await page.screenshot({ path: path.join(SHOTS, `encoders-memory-${budget}.png`) });
        check(bad.length === 0, bad.join('; '));
        await context.close();
        equal(await bounded.stop(), 0, 'its end');
    }, { browser: false });

encoders('fetching: progress, stopped, gone on with', async ({ page, shot }) => {
    const clip = card(page, 'vit-b-32-laion2b');
    await clip.locator('[data-do="pull"]').click();
    await until(async () => /%/.test(await clip.locator('.job-line b').textContent().catch(() => '')), 'a share');
    await shot('encoders-fetching');
    await clip.locator('[data-do="cancel-job"]').click();
    await clip.locator('[data-do="pull"]').waitFor();
    check((await clip.textContent()).includes('What came is kept'), 'it says so');
    check((await clip.locator('[data-do="pull"]').textContent()).includes('Go on'), 'it can go on');
    await shot('encoders-stopped');
    behave({});
    await clip.locator('[data-do="pull"]').click();
    await clip.locator('[data-do="use"]').waitFor({ timeout: 60000 });
    check((await clip.textContent()).includes('On this machine'), 'it is here');
});

encoders('a licence that forbids work wants a tick first', async ({ page, shot }) => {
    const s1 = card(page, 'mobileclip-s1');
    await s1.locator('[data-do="pull"]').click();
    await page.waitForSelector('dialog #licence-tick');
    check(await page.locator('[data-do="licence-go"]').isDisabled(), 'nothing without the tick');
    await shot('encoders-licence');
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('dialog').count()) === 0, 'closed, nothing happened');
    await s1.locator('[data-do="pull"]').click();
    await page.locator('#licence-tick').press('Space');
    await page.click('[data-do="licence-go"]');
    await s1.locator('[data-do="use"]').waitFor({ timeout: 60000 });
});

encoders('one that is not in the list is fetched by its name; what fails says why in its place', async ({ page, shot }) => {
    await page.fill('#encoder-name', 'no such thing');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.other-encoder .problem:not(:empty)');
    await page.fill('#encoder-name', 'nobody/none');
    await page.keyboard.press('Enter');
    await card(page, 'nobody/none').locator('.problem').waitFor();
    check((await card(page, 'nobody/none').textContent()).includes('private or wants an access token'), 'why');
    await shot('encoders-failed');
}, { allow: /status of 40[04]/ });

encoders('another takes over: the pictures are looked at again, and words can be searched for', async ({ page, pictures, url, shot }) => {
    await page.evaluate(async () => {
        await fetch('/v1/classes', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'Gear' }) });
    });
    for (const file of pictures.of('Gear')) {
        const answer = await page.request.post(new URL('/v1/images?class=Gear', url).href, { multipart: { images: { name: path.basename(file), mimeType: 'image/jpeg', buffer: fs.readFileSync(file) } } });
        equal(answer.status(), 201, 'added');
    }
    const searched = async () => (await (await page.request.post(new URL('/v1/search', url).href, { data: { words: 'gear' } })).json()).model.name;
    equal(await searched(), 'assay-default', 'the embedded one reads a few words');
    await page.goto('#/search/q=gear');
    await page.waitForSelector('.hit'); // a word that the embedded one knows
    await page.goto('#/search/q=zorblax');
    await page.waitForSelector('[data-part="nothing"] a[href="#/encoders"]'); // one that it does not, and the way out
    await page.goto('#/encoders');
    const clip = card(page, 'vit-b-32-laion2b');
    await clip.locator('[data-do="use"]').click();
    await page.click('dialog [data-do="confirm"]');
    await until(async () => (await clip.getAttribute('data-active')) === 'true', 'it serves', 90000);
    await shot('encoders-in-use');
    check((await searched()) !== 'assay-default', 'words go to the new one');
    await page.goto('#/words');
    await page.waitForSelector('.label-chips button');
    equal(await page.locator('[data-part="trouble"]').count(), 0, 'words can be asked for');
});

test('the program with encoders ends well', async () => {
    hub?.kill();
    if (server) equal(await server.stop(), 0, 'its end');
}, { browser: false });
