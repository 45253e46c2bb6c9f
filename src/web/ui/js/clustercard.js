/**
 * clustercard.js - one group as a card: some of its pictures, its name to be changed in place, how many, how much alike.
 */
import { h, put } from './dom.js';
import { t, percent } from './i18n.js';
import { icon } from './icons.js';
import { thumb } from './api.js';
import { failed } from './toast.js';

/** The name as a button; pressed it becomes a field. Enter keeps, Escape leaves it as it was. */
export function nameField(c, act, level = 'h2') {
    const el = h('div', { class: 'group-name' });
    const plain = (focus) => {
        const button = h('button', { class: 'group-rename', type: 'button', 'data-do': 'name', title: c.named_by === 'person' ? t('rename') : t(`grp_by_${c.named_by}`), 'aria-label': t('grp_rename', { name: c.name }), onclick: edit }, h('span', {}, c.name), icon('edit'));
        put(el, h(level, {}, button));
        if (focus) button.focus({ preventScroll: true });
    };
    function edit() {
        let over = false;
        const input = h('input', { type: 'text', value: c.name, maxlength: 120, 'aria-label': t('grp_name'), autocomplete: 'off' });
        const keep = async (focus) => {
            if (over) return;
            over = true;
            const name = input.value.trim();
            if (!name || name === c.name) return plain(focus);
            try {
                await act.rename(c, name);
                if (el.isConnected) plain(focus);
            } catch (error) {
                failed(error);
                plain(focus);
            }
        };
        input.addEventListener('keydown', (e) => {
            e.stopPropagation();
            if (e.key === 'Enter') keep(true);
            if (e.key === 'Escape') {
                over = true;
                plain(true);
            }
        });
        input.addEventListener('blur', () => keep(false));
        put(el, input);
        input.focus();
        input.select();
    }
    plain(false);
    return el;
}

/** What of a group is told in a line. */
export function factsOf(c, act) {
    return [
        h('span', { class: 'group-size' }, t('pictures', { n: c.size })),
        c.outlier_count > 0 && h('button', { class: 'btn quiet group-out', type: 'button', 'data-do': 'outliers', onclick: () => act.open(c.id, true) }, icon('unsure'), t('grp_outliers', { n: c.outlier_count })),
    ];
}

/** How much alike they are: mean cosine to the centre. */
export function alikeBar(c) {
    const value = Math.max(0, Math.min(1, c.cohesion));
    const label = t('grp_alike', { value: percent(value, 0) });
    return h('div', { class: 'group-alike', title: label }, h('meter', { min: '0', max: '1', value: String(value), 'aria-label': label }), h('span', { class: 'muted small' }, label));
}

export function pinButton(c, act) {
    return h('button', { class: 'btn plain square group-pin', type: 'button', 'data-do': 'pin', 'aria-pressed': String(c.pinned), 'aria-label': t('grp_pin', { name: c.name }), title: t(c.pinned ? 'grp_unpin_help' : 'grp_pin_help'), onclick: () => act.pin(c).catch(failed) }, icon('pin'));
}

const mosaic = (shas) => h('span', { class: `mosaic of-${Math.min(6, shas.length)}` }, shas.slice(0, 6).map((sha, i) => h('img', { src: thumb(sha, i ? 192 : 384), alt: '', loading: 'lazy', decoding: 'async', draggable: 'false' })));

/** @param {any} c of GET /v1/clusters @param {any} act of clusters.js */
export function card(c, act) {
    const box = h('input', { type: 'checkbox', checked: act.chosen.has(c.id), 'aria-label': t('grp_choose', { name: c.name }), id: `group-${c.id}-choose`, onchange: () => act.toggle(c.id) });
    return h('li', { class: act.chosen.has(c.id) ? 'group-card chosen' : 'group-card', 'data-group': String(c.id), 'data-set': String(c.id) },
        h('a', { class: 'group-open', href: act.href(c.id), 'data-do': 'open', 'aria-label': t('grp_open', { name: c.name, n: c.size }) }, mosaic(c.sample)),
        h('label', { class: 'group-pick' }, box, h('span', { class: 'tile-tick' }, icon('check'))),
        h('div', { class: 'group-text' },
            h('div', { class: 'group-line' }, nameField(c, act), pinButton(c, act)),
            h('div', { class: 'group-facts' }, factsOf(c, act)),
            alikeBar(c)));
}

/** The pictures that are in no group. */
export function looseCard(data, act) {
    const n = data.outside + data.waiting;
    return h('li', { class: 'group-card loose' },
        h('a', { class: 'group-open', href: act.href(0), 'data-do': 'open-loose', 'aria-label': t('grp_open', { name: t('grp_loose'), n }) }, h('span', { class: 'mosaic of-0' }, icon('none'))),
        h('div', { class: 'group-text' }, h('h2', {}, t('grp_loose')), h('div', { class: 'group-facts' }, h('span', { class: 'group-size' }, t('pictures', { n }))), h('p', { class: 'muted small' }, t('grp_loose_help'))));
}
