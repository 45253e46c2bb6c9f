/** searchbox.js - the box in the bar, which looks everywhere, or in the library while that is on show: words and Enter, or a picture dropped or pasted on it.  "/" comes here from everywhere. */
import { h, $ } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { address, fromAddress, keepPicture } from './query.js';
import { inLibrary, libraryAddress, parseLibrary } from './libaddress.js';
import { readable } from './readable.js';
import { failed } from './toast.js';

/** In the library the box looks there; everywhere else in everything. */
const there = (query) => (inLibrary() ? libraryAddress('pictures', { ...query, n: '', picture: '' }) : address(query));
const inSearch = () => location.hash.startsWith('#/search');
const nothing = fromAddress('');
const now = () => (inSearch() ? fromAddress(location.hash) : inLibrary() ? { ...nothing, ...parseLibrary().params } : nothing);

let followed = ''; // what the box was given last

/** At once where the box is seen: what is typed next belongs in it.  On a phone the search's own page has it. */
export function focusSearch() {
    const go = () => {
        $('#seek')?.focus();
        $('#seek')?.select();
    };
    if (inLibrary()) document.body.classList.add('seeking'); // on a phone the box comes out of the bar
    if (getComputedStyle($('.seek')).display !== 'none') return go();
    location.hash = '#/search/';
    setTimeout(go);
}

/** Look for pictures like this one, with the words that are in the box. */
export async function seekFile(file) {
    try {
        const { blob, name } = await readable(file, file.name || 'picture.jpg');
        location.hash = there({ ...now(), like: '', n: '', file: keepPicture(blob, name) });
    } catch (error) {
        failed(error);
    }
}

/** The form for the bar. */
export function searchBox() {
    followed = now().q;
    const input = h('input', { type: 'search', id: 'seek', name: 'q', value: now().q, maxlength: 300, autocomplete: 'off', spellcheck: 'false', enterkeyhint: 'search', placeholder: t(inLibrary() ? 'seek_library' : 'seek'), 'aria-label': t(inLibrary() ? 'seek_library' : 'seek'), 'aria-keyshortcuts': '/' });
    return h('form', { class: 'seek', role: 'search', 'data-takes': 'files', onsubmit: (e) => {
        e.preventDefault();
        const q = input.value.trim();
        followed = input.value;
        if (inLibrary() || q || now().like || now().file) location.hash = there({ ...now(), q, n: '', all: '' });
        else location.hash = '#/search/';
    } }, icon('search'), input, h('kbd', { 'aria-hidden': 'true' }, '/'));
}

/** The box follows the address, unless somebody has typed in it since. */
export function followAddress() {
    const input = $('#seek');
    if (!input || (document.activeElement === input && input.value !== followed)) return;
    input.value = followed = now().q;
}
