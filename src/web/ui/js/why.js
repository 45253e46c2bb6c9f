/**
 * why.js - why an answer is what it is: the picture under a map of where the network looked, and how far its answer spreads.
 *
 * Both take the server a moment and are asked for only on request, one after the other; what fails says so in its place
 * and takes nothing else with it.
 */
import { h, put } from './dom.js';
import { t, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';

const share = (part, whole) => percent(whole > 0 ? part / whole : 0, 0);

/** What passes with dropout agree on, as rows of facts. */
export const doubtFacts = (d) => d && [
    h('dt', {}, t('why_passes', { n: d.passes })), h('dd', {}, `${d.label} ${percent(d.top[0].mean)} ± ${percent(d.top[0].spread)}`),
    h('dt', {}, t('why_entropy')), h('dd', {}, t('why_of_most', { share: share(d.entropy, d.entropy_most) })),
    h('dt', {}, t('why_own')), h('dd', {}, t('why_of_most', { share: share(d.mutual_information, d.entropy_most) }))];

/**
 * The picture, beside it the map once it is asked for; the button that asks; the room for the figures.
 * @param {any} a an answer of the record
 * @param {Node} picture
 * @param {(status: string) => Node} band
 */
export function whyBox(a, picture, band) {
    const stop = new AbortController();
    let url = '';
    const map = h('figure', { class: 'why-map', hidden: true });
    const room = h('div', { class: 'why-room', hidden: true, 'aria-live': 'polite' });
    const button = h('button', { class: 'btn', type: 'button', 'data-do': 'why', onclick: ask }, icon('search'), t('why'));
    const pictures = h('div', { class: 'why-pictures' }, picture, map);

    async function showMap() {
        url = await api.heat(a.id, stop.signal);
        map.hidden = false;
        put(map, h('img', { class: 'large half', src: url, alt: t('why_map_alt', { name: a.label }) }),
            h('figcaption', { class: 'small muted' }, t('why_map', { name: a.label }), h('span', { class: 'why-scale', 'aria-hidden': 'true' }, t('why_little'), h('i', {}), t('why_much'))));
    }

    async function showDoubt() {
        const { dropout, views } = await api.doubt(a.id, stop.signal);
        return [h('dl', { class: 'facts' }, doubtFacts(dropout), h('dt', {}, t('why_views')), h('dd', {}, `${views.label} ${percent(views.probability)} `, band(views.status))),
            dropout && h('p', { class: 'muted small' }, t('why_help'))];
    }

    const trouble = (error) => h('p', { class: 'problem' }, error.status === 409 ? error.message : explain(error));

    async function ask() {
        const said = [];
        button.disabled = true;
        room.hidden = false;
        put(room, h('p', { class: 'muted' }, t('why_wait')));
        for (const part of [showMap, showDoubt]) {
            try {
                said.push(await part());
            } catch (error) {
                if (error.name === 'AbortError') return;
                said.push(trouble(error));
                button.disabled = false;
            }
        }
        put(room, said);
        if (!button.disabled) return;
        room.setAttribute('tabindex', '-1'); // the button that had the focus goes
        room.focus({ preventScroll: true });
        button.remove();
    }

    return { pictures, button, room, stop() {
        stop.abort();
        if (url) URL.revokeObjectURL(url);
    } };
}
