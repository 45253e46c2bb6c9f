/**
 * filterwords.js - the filter as words and as the address' parameters; pure functions.
 *
 * The words are those of the command line (assay pictures): tag:blue -tag:old camera:Pixel since:2026-01-01 yard.  A value with blanks goes
 * in quotation marks.  Of what the address can hold once (a class, a camera, a text), the last one counts.
 */

/** What can be said, in the order of the chips. */
export const keys = ['class', 'tag', 'album', 'cluster', 'camera', 'format', 'text', 'since', 'until', 'taken_since', 'taken_until', 'min_side', 'max_side', 'min_bytes', 'max_bytes', 'untagged', 'unsorted'];
const lists = ['tag', 'format', 'cluster'];
const others = { name: 'text', file: 'text' };

const split = (words) => [...words.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map((m) => m[0]);
const bare = (text) => text.replaceAll('"', '');

/**
 * @param {string} words @param {Record<string, string>} [filter] what it is added to
 * @returns {{filter: Record<string, string>, unknown: string[]}} unknown: keys that are none
 */
export function readWords(words, filter = {}) {
    const out = { ...filter };
    const unknown = [];
    const texts = [];
    for (const word of split(words)) {
        const m = /^(-?)([a-z][a-z_-]*):(.+)$/i.exec(word);
        if (!m) {
            texts.push(bare(word));
            continue;
        }
        const name = m[2].toLowerCase().replaceAll('-', '_');
        const key = others[name] ?? name;
        const value = m[1] + bare(m[3]);
        if (key === 'is' && ['untagged', 'unsorted'].includes(bare(m[3]))) out[bare(m[3])] = 'true';
        else if (key === 'taken' || key === 'added') {
            const [from, to] = key === 'taken' ? ['taken_since', 'taken_until'] : ['since', 'until'];
            out[from] = value;
            if (!/^\d+d$/.test(value)) out[to] = value;
        } else if (key === 'order' || (keys.includes(key) && !lists.includes(key))) out[key] = value;
        else if (lists.includes(key)) out[key] = [...new Set([...(out[key] ? out[key].split(',') : []), ...value.split(',')])].join();
        else unknown.push(m[2]);
    }
    if (texts.length) out.text = texts.join(' ');
    return { filter: out, unknown };
}

/** One chip a condition: {key, value, not}. @param {Record<string, string>} filter */
export function conditions(filter) {
    const out = [];
    for (const key of keys) {
        if (!filter[key]) continue;
        for (const value of lists.includes(key) ? filter[key].split(',') : [filter[key]]) {
            const not = value.startsWith('-') && !['since', 'until'].includes(key);
            out.push({ key, not, value: not ? value.slice(1) : value });
        }
    }
    return out;
}

/** The filter without one condition. */
export function without(filter, condition) {
    const out = { ...filter };
    const said = (condition.not ? '-' : '') + condition.value;
    const rest = lists.includes(condition.key) ? out[condition.key].split(',').filter((v) => v !== said) : [];
    if (rest.length) out[condition.key] = rest.join();
    else delete out[condition.key];
    if (condition.key === 'album' && out.order === 'album') delete out.order;
    return out;
}

/** As words, to be typed again. */
export const toWords = (filter) => conditions(filter).map(({ key, value, not }) => (key === 'untagged' || key === 'unsorted' ? `is:${key}` : `${not ? '-' : ''}${key === 'text' ? '' : `${key.replaceAll('_', '-')}:`}${/\s/.test(value) ? `"${value}"` : value}`)).join(' ');
