/**
 * clusterpart.js - of which pictures the groups are: all, or what the library's filter means; and the line above the cards that says so.
 *
 * The filter is the one in the address, without its order.  A filter by a group is no part that can be grouped: then it is the whole.
 */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { sayCondition } from './filters.js';
import { conditions, without } from './filterwords.js';
import { libraryAddress } from './libaddress.js';

/** @param {any} ctx of library.js @returns {Record<string, string>} {}: the whole */
export function part(ctx) {
    const { order, ...filter } = ctx.filter();
    return filter.cluster ? {} : filter;
}

/** A filter as the server keeps it (lists, true) as the address has it (texts). */
const asTexts = (filter) => Object.fromEntries(Object.entries(filter).map(([k, v]) => [k, Array.isArray(v) ? v.join(k === 'text' ? ' ' : ',') : String(v)]));
const said = (filter) => conditions(asTexts(filter)).map(sayCondition).join(', ');

/** What is grouped, and which other parts have groups. @param {HTMLElement} host @param {any} ctx @param {any} data of GET /v1/clusters, or null */
export function drawPart(host, ctx, data) {
    const list = conditions(part(ctx));
    const others = (data?.kept ?? []).filter((k) => JSON.stringify(k.filter) !== JSON.stringify(data.filter));
    host.hidden = !list.length && !others.length;
    redraw(host, () => put(host,
        list.length > 0 && h('ul', { class: 'chips', 'aria-label': t('filters') },
            list.map((c) => h('li', {}, h('button', { class: `tag${c.not ? ' minus' : ''}`, type: 'button', 'data-set': `${c.key}:${c.value}`, 'aria-label': t('filter_remove', { name: sayCondition(c) }), onclick: () => ctx.setFilter(without(ctx.filter(), c)) }, h('span', {}, sayCondition(c)), icon('close')))),
            h('li', {}, h('button', { class: 'btn plain', type: 'button', 'data-do': 'whole', onclick: () => ctx.setFilter({}) }, t('grp_of_all')))),
        others.length > 0 && h('nav', { class: 'chips', 'aria-label': t('grp_parts_kept') }, h('span', { class: 'muted small' }, t('grp_parts_kept')),
            others.map((k) => h('a', { class: 'tag', href: libraryAddress('groups', { dataset: ctx.dataset(), ...asTexts(k.filter) }), 'data-part-of': said(k.filter) }, h('span', {}, said(k.filter)), h('span', { class: 'muted small' }, String(k.groups)))))));
}
