/** clusterview.js - one group open: its name and what can be done with it, and its pictures, from the centre out or the other way. */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { failed } from './toast.js';
import { createGrid } from './grid.js';
import { alikeBar, nameField, pinButton } from './clustercard.js';

/** @param {HTMLElement} host @param {any} group of GET /v1/clusters, or {id: 0, size} @param {any} data @param {any} act @param {() => string} back */
export function openGroup(host, group, data, act, back) {
    const { ctx } = act;
    const head = h('header', { class: 'group-head' });
    const room = h('div', { class: 'library-grid' });
    const far = () => ctx.address.get('far') === 'true';
    let was = far();
    put(host, head, room);
    const load = (offset, limit, signal) => api.clusterPictures(group.id, { offset: String(offset), limit: String(limit), far: far() ? 'true' : '', dataset: data.dataset, ...(!group.id && act.part()) }, signal);
    const grid = createGrid(room, {
        load, label: group.name ?? t('grp_loose'), selection: ctx.selection,
        badge: (item) => (item.outlier ? h('span', {}, t('grp_outlier')) : item.class && !item.unsorted ? h('span', {}, item.class) : null),
        onOpen: (item, index) => ctx.openPicture(item.sha256, { index, get total() { return grid.total; }, item: (i) => grid.item(i), seen: (i) => grid.moveTo(i) }),
    });

    const order = (yes, key) => h('button', { class: 'btn quiet', type: 'button', 'data-do': yes ? 'far' : 'near', 'aria-pressed': String(far() === yes), onclick: () => ctx.address.set({ far: yes ? 'true' : '' }, true) }, t(key));
    const button = (what, glyph, key, run) => h('button', { class: 'btn', type: 'button', 'data-do': what, onclick: () => Promise.resolve(run()).catch(failed) }, icon(glyph), h('span', {}, t(key)));
    const draw = () => redraw(head, () => put(head,
        h('a', { class: 'btn plain square', href: back(), 'data-do': 'back', 'aria-label': t('grp_back'), title: t('grp_back') }, icon('back')),
        group.id ? nameField(group, act) : h('h2', {}, t('grp_loose')),
        h('span', { class: 'muted' }, t('pictures', { n: group.size })),
        group.id ? [alikeBar(group),
            h('div', { class: 'group-tools' }, h('span', { class: 'group-orders', role: 'group', 'aria-label': t('grp_order') }, order(false, 'grp_near'), order(true, 'grp_far')),
                pinButton(group, act), button('split', 'split', 'grp_split', () => act.split(group)), button('class', 'tag', 'grp_class', () => act.toClass([group])))] : null));
    draw();
    return {
        id: group.id,
        draw(now, all) {
            const changed = now.size !== group.size || all.revision !== data.revision;
            group = now;
            data = all;
            draw();
            if (was !== far()) grid.setSource({ load });
            else if (changed) grid.reload();
            was = far();
        },
        focus: () => grid.focus(),
        show: (yes) => grid.show(yes),
        stop: () => grid.stop(),
        keys: { 'ctrl+a': () => grid.selectAll(), escape: () => (ctx.selection.size ? ctx.selection.clear() : (location.hash = back())) },
    };
}
