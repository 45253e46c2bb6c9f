/**
 * The message catalogues, without a browser: every language has every key, the same holes, the plural
 * forms that its own rules ask for; every key that the page uses exists and every key is used.
 */
import fs from 'node:fs';
import path from 'node:path';

const UI = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../src/web/ui/js');
const tags = { en: 'en', pt: 'pt-BR', de: 'de', zh: 'zh-Hans' };

async function load() {
    const all = {};
    for (const lang of Object.keys(tags)) {
        all[lang] = {};
        for (const file of [`${lang}.js`, `library-${lang}.js`, `inspect-${lang}.js`]) {
            const source = fs.readFileSync(path.join(UI, 'lang', file));
            for (const [key, value] of Object.entries((await import(`data:text/javascript;base64,${source.toString('base64')}`))[lang])) {
                if (key in all[lang]) throw new Error(`${file}: ${key} is in the other catalogue too`);
                all[lang][key] = value;
            }
        }
    }
    return all;
}

const forms = (value) => (typeof value === 'string' ? [value] : Object.values(value));
const holes = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort().join();
const pluralsOf = (tag) => {
    const rules = new Intl.PluralRules(tag);
    return [...new Set(Array.from({ length: 200 }, (_, n) => rules.select(n)))].sort().join();
};

function compare(lang, catalogue, en) {
    const wrong = [];
    for (const key of Object.keys(en)) {
        const value = catalogue[key];
        if (value === undefined) {
            wrong.push(`${lang}: ${key} is missing`);
            continue;
        }
        if ((typeof value === 'object') !== (typeof en[key] === 'object')) wrong.push(`${lang}: ${key} is plural in one language only`);
        else if (typeof value === 'object' && Object.keys(value).sort().join() !== pluralsOf(tags[lang]))
            wrong.push(`${lang}: ${key} has forms ${Object.keys(value)}, the language has ${pluralsOf(tags[lang])}`);
        for (const text of forms(value)) {
            if (!text.trim()) wrong.push(`${lang}: ${key} is empty`);
            if (holes(text) !== holes(forms(en[key]).at(-1)) && !(key === 'add_where' && !holes(text)))
                wrong.push(`${lang}: ${key} has the holes {${holes(text)}}`);
        }
    }
    for (const key of Object.keys(catalogue)) if (!(key in en)) wrong.push(`${lang}: ${key} is not in English`);
    return wrong;
}

const sources = (dir, wanted) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? sources(path.join(dir, e.name), wanted) : wanted.test(e.name) ? [path.join(dir, e.name)] : []));

/** Every word that the program or the page has in quotes: what can stand in a hole of `stem_${...}`. */
function vocabulary(texts) {
    const words = new Set();
    for (const file of sources(path.resolve(UI, '../../..'), /(?<!_test)\.[ch]$/))
        for (const m of fs.readFileSync(file, 'utf8').matchAll(/"([a-z0-9_.]+)["|]/g)) words.add(m[1].replaceAll('.', '_'));
    for (const text of texts) for (const m of text.matchAll(/'([a-z0-9_]+)'|\b([a-z0-9_]+):/g)) words.add(m[1] ?? m[2]);
    return words;
}

/**
 * Keys in quotes, and keys of which templates make the whole: `stem_${...}_end`, where the holes are filled with words that somebody says
 * (a status of the program's, a state of the page's), with a number, with a key, or with nothing.
 */
function used(en) {
    const texts = fs.readdirSync(UI).filter((f) => f.endsWith('.js')).map((f) => fs.readFileSync(path.join(UI, f), 'utf8'));
    const words = vocabulary(texts);
    const keys = new Set();
    const asked = new Set();
    const stems = [];
    const open = [];
    for (const text of texts) {
        for (const m of text.matchAll(/\bt\(\s*'([a-z0-9_]+)'/g)) asked.add(m[1]);
        for (const m of text.matchAll(/'([a-z0-9_]+)'/g)) if (m[1] in en) keys.add(m[1]);
        for (const m of text.matchAll(/`([a-z0-9_]*)(\$\{[^`]*\})([a-z0-9_]*)`/g)) if ((m[1] + m[3]).includes('_')) stems.push([m[1], m[3]]);
        for (const m of text.matchAll(/\bt\(`([a-z0-9_]*)\$\{/g)) if (m[1]) open.push(m[1]);
    }
    const said = (hole) => !hole || words.has(hole) || /^\d+$/.test(hole) || hole in en || [...hole.matchAll(/_/g)].some(({ index: i }) => words.has(hole.slice(0, i)) && words.has(hole.slice(i)));
    for (const key in en) for (const [stem, end] of stems)
        if (key.length >= stem.length + end.length && key.startsWith(stem) && key.endsWith(end) && said(key.slice(stem.length, key.length - end.length))) keys.add(key);
    return { keys, asked, open: open.filter((stem) => !Object.keys(en).some((k) => k.startsWith(stem))) };
}

/** What the program may put into a hole, read where it says it: stem, file below src, what of it, and which of the words that finds. */
const families = [
    ['review_name_', 'service/library/review_rank.c', /\{"([a-z]+)", [0-9.]+\}/g],
    ['review_did_', 'service/library/review_answer.c', /known\[\] = (\{[^}]*\})/g, (word) => word !== 'class'],
    ['dup_tier_', 'service/library/duplicates_group.c', /names\[\] = (\{"same"[^}]*\})/g],
    ['dup_help_', 'service/library/duplicates_group.c', /names\[\] = (\{"same"[^}]*\})/g],
    ['dup_why_', 'service/library/duplicates_group.c', /names\[\] = (\{"largest"[^}]*\})/g],
    ['grp_by_', 'http/h_clusters.c', /by\[\] = (\{[^}]*\})/g, (word) => word !== 'person'],
    ['audit_', 'service/library/change.c', /"(pictures\.[a-z]+)"/g],
    ['audit_', 'store/apart.c', /"(duplicates\.[a-z]+)"/g],
    ['audit_', 'service/library/duplicates_resolve.c', /"(duplicates\.[a-z]+)"/g],
];

function unsaid(en) {
    return families.flatMap(([stem, file, pattern, fits = () => true]) => {
        const text = fs.readFileSync(path.resolve(UI, '../../..', file), 'utf8');
        const words = [...text.matchAll(pattern)].flatMap((m) => (m[1].includes('"') ? [...m[1].matchAll(/"([a-z_.]+)"/g)].map((w) => w[1]) : [m[1]])).filter(fits);
        return words.length ? words.map((w) => `${stem}${w.replace('.', '_')}`).filter((k) => !(k in en)).map((k) => `${file} says what ${k} is for, which no catalogue has`) : [`${file} does not say what ${stem} can be any more: mend the table in catalogues.mjs`];
    });
}

/** What the trainer says with a code, "left_out|left out %s: %s", has its sentence with as many holes. */
function trainerNotes(en) {
    const wrong = [];
    const folder = path.resolve(UI, '../../../train');
    for (const file of fs.readdirSync(folder).filter((f) => f.endsWith('.c') && !f.endsWith('_test.c'))) {
        const text = fs.readFileSync(path.join(folder, file), 'utf8').replace(/"\s*\n\s*"/g, '');
        for (const [, code, format] of text.matchAll(/"([a-z_]+)\|((?:[^"\\]|\\.)*)"/g)) {
            const args = [...format.matchAll(/%[^%a-z]*(?:l|ll|z)?([a-z])|%%/g)].filter((m) => m[1]).length;
            if (!format.includes(' ')) continue; // "auto|f32|bf16": the choices of a setting
            const sentence = en[`note_${code}`];
            if (!sentence) wrong.push(`${file} says ${code}, which no catalogue has`);
            else if ([...holes(sentence).split(',')].some((hole) => hole && hole.charCodeAt(0) - 97 >= args)) wrong.push(`note_${code} has more holes than the ${args} of ${file}`);
        }
    }
    return wrong;
}

/** @returns {Promise<string[]>} what is wrong; empty when nothing is */
export async function checkCatalogues() {
    const all = await load();
    const { keys, asked, open } = used(all.en);
    return [
        ...trainerNotes(all.en),
        ...unsaid(all.en),
        ...open.map((stem) => `the page asks for ${stem}..., of which no catalogue has any`),
        ...Object.entries(all).flatMap(([lang, catalogue]) => compare(lang, catalogue, all.en)),
        ...[...asked].filter((k) => !(k in all.en)).map((k) => `the page asks for ${k}, which no catalogue has`),
        ...Object.keys(all.en).filter((k) => !keys.has(k)).map((k) => `${k} is used nowhere`),
    ];
}
