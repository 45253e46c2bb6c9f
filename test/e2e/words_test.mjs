/** words_test.mjs - what needs no browser: the catalogues, and the arithmetic on live pictures. */
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, ROOT } from './harness.mjs';
import { checkCatalogues } from './catalogues.mjs';

const load = (file) =>
    import(`data:text/javascript;base64,${fs.readFileSync(path.join(ROOT, 'src/web/ui/js', file)).toString('base64')}`);

test('every language has every sentence', async () => {
    const wrong = await checkCatalogues();
    check(wrong.length === 0, wrong.join('\n'));
}, { browser: false });

test('why a file was left out is said in every language, by what the readers of pictures say', async () => {
    const source = fs.readFileSync(path.join(ROOT, 'src/web/ui/js/reasons.js'), 'utf8')
        .replace(/import .*i18n.js';/, "const t = (key) => key; const language = () => 'de';");
    const { reasonText } = await import(`data:text/javascript;base64,${Buffer.from(source).toString('base64')}`);
    for (const [said, key] of [['the PNG picture is cut short', 'reason_cut'], ['JPEG: Bogus marker length', 'reason_damaged'], ['the picture is damaged', 'reason_damaged'],
        ['this is not a picture: JPEG, PNG and WebP are read', 'reason_foreign'], ['the file is empty', 'reason_empty'], ['there is no such file', 'reason_gone'],
        ['the file has 30 MB; at most 20 MB are read', 'reason_large'], ['Permission denied', 'reason_denied'], ['Input/output error', 'Input/output error']])
        equal(reasonText(said), key, said);
}, { browser: false });

/** A table with a part on it: squares of two greys, moved by dx, brightened by light, with sensor noise. */
function scene(s, { dx = 0, light = 0, noise = 2, size = 8, low = 60, high = 180, seed = 1 } = {}) {
    let r = seed * 7919;
    const rnd = () => ((r = (r * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff - 0.5) * 2 * noise;
    return Uint8Array.from({ length: s.W * s.H }, (_, i) => {
        const x = (i % s.W) + dx;
        const y = Math.floor(i / s.W);
        return Math.max(0, Math.min(255, ((Math.floor(x / size) + Math.floor(y / size)) % 2 ? high : low) + light + rnd()));
    });
}

/** Feed frames every 140 ms; answers how often it fired. */
function feed(s, steady, frames, from = 1000) {
    return frames.filter((f, i) => steady.feed(f, from + 140 * i).fire).length;
}
const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));

test('a still picture fires once, a moving one never', async () => {
    const s = await load('sense.js');
    const steady = new s.Steady();
    equal(feed(s, steady, many(20, (i) => scene(s, { seed: i + 1 }))), 1, 'still for 2.8 s');
    equal(feed(s, steady, many(20, (i) => scene(s, { seed: i + 9 })), 9000), 0, 'the same thing again');
    equal(feed(s, steady, many(12, (i) => scene(s, { dx: 5, seed: i + 1 })), 20000), 1, 'another picture');
    equal(feed(s, new s.Steady(), many(30, (i) => scene(s, { dx: 3 * i, seed: i + 1 }))), 0, 'moving');
    equal(feed(s, new s.Steady(), many(12, (i) => scene(s, { light: i % 2 ? 12 : 0, seed: i + 1 }))), 1, 'flickering lamp');
    equal(feed(s, new s.Steady(), many(20, (i) => scene(s, { low: 118, high: 122, seed: i + 1 }))), 0, 'an empty table');
}, { browser: false });

test('dark, bright and blurred pictures are told apart', async () => {
    const s = await load('sense.js');
    equal(s.hint(scene(s)), '', 'a good picture');
    equal(s.hint(scene(s, { low: 2, high: 30 })), 'too_dark', 'dark');
    equal(s.hint(scene(s, { low: 240, high: 250 })), 'too_bright', 'bright');
    const ramp = Uint8Array.from({ length: s.W * s.H }, (_, i) => 60 + 1.4 * (i % s.W));
    equal(s.hint(ramp), 'blurred', 'no edge anywhere');
}, { browser: false });

test('words, minus words and lists of labels are taken apart', async () => {
    const q = await load('query.js');
    const parsed = (text) => { const { words, minus } = q.parse(text); return `${words}|${minus.join(',')}`; };
    equal(parsed('blue bottle'), 'blue bottle|', 'words');
    equal(parsed('  bottle -cap -"red lid" green '), 'bottle green|cap,red lid', 'minus words');
    equal(parsed('x-ray of a T-shirt'), 'x-ray of a T-shirt|', 'a hyphen inside a word');
    equal(parsed('- dash alone'), '- dash alone|', 'a dash alone');
    equal(q.without('bottle -cap -"red lid"', 'cap'), 'bottle -"red lid"', 'one minus word less');
    const there = q.fromAddress(q.address({ q: 'a/b & c=d "e"', like: 'ff', n: '48' }));
    equal(`${there.q}|${there.like}|${there.n}|${there.class}`, 'a/b & c=d "e"|ff|48|', 'there and back through an address');
}, { browser: false });
