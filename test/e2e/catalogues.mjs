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
        for (const file of [`${lang}.js`, `library-${lang}.js`]) {
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

/** Keys in t('key'), in quotes, and in templates `stem_${...}` or `${...}_stem`. */
function used(en) {
    const keys = new Set();
    const asked = new Set();
    for (const file of fs.readdirSync(UI).filter((f) => f.endsWith('.js'))) {
        const text = fs.readFileSync(path.join(UI, file), 'utf8');
        for (const m of text.matchAll(/\bt\(\s*'([a-z0-9_]+)'/g)) asked.add(m[1]);
        for (const m of text.matchAll(/'([a-z0-9_]+)'/g)) if (m[1] in en) keys.add(m[1]);
        for (const m of text.matchAll(/`([a-z_]+_)\$\{/g)) for (const k in en) if (k.startsWith(m[1])) keys.add(k);
        for (const m of text.matchAll(/\}(_[a-z]+)`/g)) for (const k in en) if (k.endsWith(m[1])) keys.add(k);
    }
    return { keys, asked };
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
    const { keys, asked } = used(all.en);
    return [
        ...trainerNotes(all.en),
        ...Object.entries(all).flatMap(([lang, catalogue]) => compare(lang, catalogue, all.en)),
        ...[...asked].filter((k) => !(k in all.en)).map((k) => `the page asks for ${k}, which no catalogue has`),
        ...Object.keys(all.en).filter((k) => !keys.has(k)).map((k) => `${k} is used nowhere`),
    ];
}
