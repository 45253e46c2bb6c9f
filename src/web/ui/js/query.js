/**
 * query.js - what somebody looks for: words, words that must not fit, a picture; as text in a box and as an address.
 *
 * -word and -"two words" are minus words when the minus opens a word; "x-ray" is one word.  A picture that is not
 * stored has no address: it lives in this module until the page is closed.
 */

/** @param {string} text @returns {{words: string, minus: string[]}} */
export function parse(text) {
    const minus = [];
    const words = text.replace(/(^|\s)[-\u2212](?:"([^"]+)"?|([^\s"]+))/g, (all, gap, quoted, word) => {
        const found = (quoted ?? word).trim();
        if (!found) return all;
        minus.push(found);
        return ' ';
    });
    return { words: words.replace(/\s+/g, ' ').trim(), minus };
}

/** The text without one minus word. */
export function without(text, word) {
    const { words, minus } = parse(text);
    return [words, ...minus.filter((m) => m !== word).map((m) => (/\s/.test(m) ? `-"${m}"` : `-${m}`))].filter(Boolean).join(' ');
}

const fields = ['q', 'like', 'file', 'dataset', 'class', 'since', 'until', 'all', 'n'];

/** The filters, in the order in which the page shows them; since and until are days: 2026-01-31. */
export const filters = ['dataset', 'class', 'since', 'until'];
export const day = (text) => (/^[12]\d{3}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00`)) ? text : '');
/** The moment, for the server, at which a day of this machine's clock begins or ends. */
export const moment = (text, end) => text && new Date(`${text}T${end ? '23:59:59' : '00:00:00'}`).toISOString().replace(/\.\d+/, '');

/** "#/search/q=blue+bottle&dataset=main" */
export function address(query) {
    const params = new URLSearchParams();
    for (const f of fields) if (query[f]) params.set(f, query[f]);
    return `#/search/${params}`;
}

/** The query of an address, every field a string. */
export function fromAddress(hash) {
    const params = new URLSearchParams(hash.split('/').slice(2).join('/'));
    const query = Object.fromEntries(fields.map((f) => [f, params.get(f) ?? '']));
    return { ...query, since: day(query.since), until: day(query.until) };
}

export const empty = (query) => !query.q.trim() && !query.like && !query.file;

const kept = new Map();
/** Keep a picture that is looked for; the number that names it in an address. */
export function keepPicture(blob, name) {
    const id = String(kept.size + 1);
    kept.set(id, { blob, name, url: URL.createObjectURL(blob) });
    return id;
}
export const keptPicture = (id) => kept.get(id);
