/**
 * searchfilters.js - what narrows a search: data set, class, the days between which a picture was added.
 *
 * They change the list in place, so that the keyboard stays where it is, and the address with them.  A day that is
 * being typed counts when it has been left alone for a moment.  On a phone they fold away.
 */
import { h, put, redraw } from './dom.js';
import { t, dateOf } from './i18n.js';
import { icon } from './icons.js';
import { day, filters } from './query.js';

const TYPED_MS = 700;
const narrow = matchMedia('(max-width: 860px)');

/** Those in force, each with its x. */
export function filterTags(query, refine) {
    const said = { dataset: (v) => v, class: (v) => v, since: (v) => t('added_from', { day: dateOf(v) }), until: (v) => t('added_to', { day: dateOf(v) }) };
    return filters.filter((f) => query[f]).map((f) => h('li', {}, h('button', { class: 'tag', type: 'button', 'data-filter': f, 'aria-label': t('filter_remove', { name: said[f](query[f]) }),
        onclick: () => refine(f === 'dataset' ? { dataset: '', class: '' } : { [f]: '' }) }, h('span', {}, said[f](query[f])), icon('close'))));
}

/**
 * @param {Record<string, string>} query kept up to date by refine
 * @param {string[]} sets names of the data sets @param {() => string} set the data set whose classes can be chosen; "": none
 * @param {(change: Record<string, string>) => void} refine
 */
export function searchFilters(query, sets, set, refine) {
    let classes = [];
    let typing = 0;
    let stale = false;
    const form = h('form', { class: 'filters search-filters', 'aria-label': t('filters'), onsubmit: (e) => e.preventDefault() });
    const count = h('span', { class: 'muted small' });
    const el = h('details', { class: 'filter-room', open: !narrow.matches || undefined }, h('summary', {}, t('filters'), ' ', count), form);

    const select = (key, label, all, options, disabled = false) => h('label', { class: 'field' }, h('span', {}, label),
        h('select', { name: key, disabled, onchange: (e) => refine(key === 'dataset' ? { dataset: e.target.value, class: '' } : { [key]: e.target.value }) },
            h('option', { value: '' }, all), options.map((o) => h('option', { value: o, selected: query[key] === o }, o))));

    /** The browser says a change at every figure of a year. */
    function typed(key, input, ms) {
        clearTimeout(typing);
        if (input.validity.badInput || (input.value && !day(input.value)) || input.value === query[key]) return;
        typing = setTimeout(() => refine({ [key]: input.value }), ms);
    }

    const when = (key, label, least, most) => h('label', { class: 'field' }, h('span', {}, label),
        h('input', { type: 'date', name: key, value: query[key], min: least || undefined, max: most || undefined,
            onchange: (e) => typed(key, e.target, TYPED_MS), onblur: (e) => {
                typed(key, e.target, 0);
                if (stale) setTimeout(draw);
            } }));

    function draw() {
        const active = document.activeElement;
        const inUse = form.contains(active) && active.type === 'date' ? active : null;
        const n = filters.filter((f) => query[f]).length;
        count.textContent = n ? t('filters_n', { n }) : '';
        stale = Boolean(inUse);
        if (stale) return; // drawn again it would lose the part that is being typed
        redraw(form, () => put(form, sets.length > 1 && select('dataset', t('d_dataset'), t('all'), sets),
            select('class', t('class'), t(set() ? 'all' : 'class_needs_set'), [...new Set([...classes, query.class].filter(Boolean))], !set()),
            when('since', t('added_since'), '', query.until), when('until', t('added_until'), query.since, '')));
    }

    const widened = () => !narrow.matches && (el.open = true); // where its summary is not seen
    narrow.addEventListener('change', widened);
    /** The focus, when what had it is gone. */
    const keep = () => document.activeElement?.matches('body, .asked') && el.querySelector(el.open ? '[name]:not(:disabled)' : 'summary')?.focus();

    return { el, draw, keep, stop() {
        clearTimeout(typing);
        narrow.removeEventListener('change', widened);
    }, show(list) {
        classes = list.map((c) => c.name);
        draw();
    } };
}
