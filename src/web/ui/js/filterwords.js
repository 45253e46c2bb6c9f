/**
 * filterwords.js - the filter as words and as the address' parameters; pure functions.
 *
 * The words are those of the command line (assay pictures): tag:blue -tag:old camera:Pixel since:2026-01-01 yard.  A value with blanks goes
 * in quotation marks.  Of what the address can hold once (a class, a camera), the last one counts.
 *
 * A free word is a text of its own, as on the command line: all of them must occur.  What is in quotation marks is one.  The address has
 * them as they are typed: text=yard "img 9" -old.
 */

/** What can be said, in the order of the chips. */
export const keys = ['class', 'tag', 'album', 'cluster', 'camera', 'format', 'text', 'since', 'until', 'taken_since', 'taken_until', 'min_side', 'max_side', 'min_bytes', 'max_bytes', 'untagged', 'unsorted', 'predicted', 'min_score', 'max_score', 'min_margin', 'max_margin', 'disputed', 'model'];
/** What is said as is:untagged. */
export const flags = ['untagged', 'unsorted', 'disputed'];
const lists = ['tag', 'format', 'cluster'];
/** The values of a key, as the filter's text has them. */
const values = (key, text) => (key === 'text' ? split(text) : lists.includes(key) ? text.split(',') : [text]);
const joined = (key, list) => list.join(key === 'text' ? ' ' : ',');
const others = { name: 'text', file: 'text' };

const split = (words) => [...words.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map((m) => m[0]);
const bare = (text) => text.replaceAll('"', '');
/** A free word as it has to be typed. */
const typed = (not, text) => (not ? '-' : '') + (/[\s:]|^-/.test(text) ? `"${text}"` : text);

/**
 * @param {string} words @param {Record<string, string>} [filter] what it is added to
 * @returns {{filter: Record<string, string>, unknown: string[]}} unknown: keys that are none
 */
export function readWords(words, filter = {}) {
    const out = { ...filter };
    const unknown = [];
    const add = (key, more) => (out[key] = joined(key, [...new Set([...(out[key] ? values(key, out[key]) : []), ...more])]));
    for (const word of split(words)) {
        const m = /^(-?)([a-z][a-z_-]*):(.+)$/i.exec(word);
        if (!m) {
            const not = /^-./.test(word);
            if (bare(word)) add('text', [typed(not, bare(not ? word.slice(1) : word))]);
            continue;
        }
        const name = m[2].toLowerCase().replaceAll('-', '_');
        const key = others[name] ?? name;
        const value = m[1] + bare(m[3]);
        if (key === 'text') {
            const not = value.startsWith('-');
            if (bare(m[3])) add('text', [typed(not, not ? value.slice(1) : value)]);
        } else if (key === 'is' && flags.includes(bare(m[3]))) out[bare(m[3])] = 'true';
        else if (key === 'taken' || key === 'added') {
            const [from, to] = key === 'taken' ? ['taken_since', 'taken_until'] : ['since', 'until'];
            out[from] = value;
            if (!/^\d+d$/.test(value)) out[to] = value;
        } else if (key === 'order' || (keys.includes(key) && !lists.includes(key))) out[key] = value;
        else if (lists.includes(key)) add(key, value.split(','));
        else unknown.push(m[2]);
    }
    return { filter: out, unknown };
}

/** One chip a condition: {key, value, not}. @param {Record<string, string>} filter */
export function conditions(filter) {
    const out = [];
    for (const key of keys) {
        if (!filter[key]) continue;
        for (const value of values(key, filter[key])) {
            const not = value.startsWith('-') && !['since', 'until'].includes(key);
            out.push({ key, not, value: key === 'text' ? bare(not ? value.slice(1) : value) : not ? value.slice(1) : value });
        }
    }
    return out;
}

/** The filter without one condition. */
export function without(filter, condition) {
    const out = { ...filter };
    const { key, not, value } = condition;
    const said = key === 'text' ? typed(not, value) : (not ? '-' : '') + value;
    const rest = values(key, out[key]).filter((v) => v !== said && (key !== 'text' || v.replaceAll('"', '') !== said));
    if (rest.length && (key === 'text' || lists.includes(key))) out[key] = joined(key, rest);
    else delete out[condition.key];
    if (condition.key === 'album' && out.order === 'album') delete out.order;
    return out;
}

/** As words, to be typed again. */
export const toWords = (filter) => conditions(filter).map(({ key, value, not }) => (flags.includes(key) ? `is:${key}` : key === 'text' ? typed(not, value) : `${not ? '-' : ''}${key.replaceAll('_', '-')}:${/\s/.test(value) ? `"${value}"` : value}`)).join(' ');
