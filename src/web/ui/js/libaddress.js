/**
 * libaddress.js - the library's addresses: #/library/<tab>/<key=value&...>, so that Back, a bookmark and a second tab work.
 *
 * Keys shared by all tabs: dataset (absent: the library), picture (the one that is open), q, like, file (what is looked for), and the
 * filters.  A tab may have keys of its own.
 */

/** What narrows the list; the names are those of GET /v1/pictures. */
export const filterKeys = ['class', 'tag', 'album', 'cluster', 'text', 'since', 'until', 'taken_since', 'taken_until', 'camera', 'format', 'min_side', 'max_side', 'min_bytes', 'max_bytes', 'untagged', 'unsorted', 'predicted', 'min_score', 'max_score', 'min_margin', 'max_margin', 'disputed', 'model', 'order'];
/** What stays when one goes to another tab. */
const shared = ['dataset', ...filterKeys];

export const inLibrary = () => /^#\/library(\/|$)/.test(location.hash);

/** @returns {{tab: string, params: Record<string, string>}} */
export function parseLibrary(hash = location.hash) {
    const [, , tab = '', ...rest] = hash.split('/');
    return { tab: tab || 'pictures', params: Object.fromEntries(new URLSearchParams(rest.join('/'))) };
}

/** @param {string} tab @param {Record<string, any>} params empty ones are left out */
export function libraryAddress(tab, params = {}) {
    const text = new URLSearchParams(Object.entries(params).filter(([, v]) => v !== undefined && v !== null && v !== '').map(([k, v]) => [k, String(v)])).toString();
    return `#/library/${tab}${text ? `/${text}` : ''}`;
}

/** Where a tab's link goes: the data set and the filters go along. */
export const tabAddress = (tab, params) => libraryAddress(tab, Object.fromEntries(shared.map((k) => [k, params[k]])));
