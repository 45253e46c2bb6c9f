/**
 * pictures.js - one class: its pictures in a grid that can be selected, moved and deleted.
 *
 * Pages of 60 by the server's cursor; the next page comes when its end is near.  Selection: click or
 * Space toggles, Shift extends from the last one, Ctrl+A takes all that are loaded.
 */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { dialog } from './dialog.js';
import { likeLink, view } from './viewer.js';
import { failed, toast } from './toast.js';
import { state, on, classById } from './state.js';
import { withUndo, refresh } from './undo.js';
import { addFiles } from './upload.js';
import { renameClass, deleteClass } from './classes.js';
import { chooser } from './teach.js';
import { burst } from './burst.js';

const PAGE = 60;

/** Move pictures; undo puts each back. */
export async function moveWithUndo(list, to, dataset) {
    try {
        for (const i of list) await api.moveImage(i.sha256, to.name, dataset);
        await refresh();
        toast(t('moved_to', { n: list.length, name: to.name }), { label: t('undo'), run: async () => {
            for (const i of list) await api.moveImage(i.sha256, i.from, dataset);
            await refresh();
        } });
    } catch (error) {
        await refresh();
        failed(error);
    }
}

export function picturesView(id) {
    const dataset = state.dataset;
    const chosen = new Set();
    let items = [];
    let next = null;
    let loading = false;
    let last = -1;
    let shown = '';
    let alive = true;
    const head = h('header', { class: 'page-head' });
    const grid = h('ul', { class: 'grid' });
    const foot = h('div', { class: 'more' });
    const actions = h('div', { class: 'select-bar', role: 'toolbar' });
    const picker = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'add-files', onchange: (e) => {
        addFiles([...e.target.files], classById(id).name, dataset);
        e.target.value = '';
    } });
    const el = h('div', { class: 'data' }, head, grid, foot, actions, picker);
    const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && next && load(next), { rootMargin: '600px' });
    watch.observe(foot);

    function toggle(index, range) {
        const from = range && last >= 0 ? Math.min(last, index) : index;
        const to = range && last >= 0 ? Math.max(last, index) : index;
        const yes = range ? true : !chosen.has(items[index].sha256);
        for (let i = from; i <= to; i++) yes ? chosen.add(items[i].sha256) : chosen.delete(items[i].sha256);
        last = index;
        marks();
    }

    function tile(item, index) {
        return h('li', { class: 'tile', 'data-sha': item.sha256 },
            h('button', { class: 'tile-pick', type: 'button', 'aria-pressed': String(chosen.has(item.sha256)), 'aria-label': t('select_picture', { name: item.file || String(index + 1) }), onclick: (e) => toggle(index, e.shiftKey) },
                h('img', { src: thumb(item.sha256, 192), alt: '', loading: 'lazy' }), h('span', { class: 'tile-tick' }, icon('check'))),
            likeLink(item.sha256, { class: 'btn square tile-look tile-like', 'aria-label': t('more_like'), title: t('more_like') }),
            h('button', { class: 'btn square tile-look', type: 'button', 'aria-label': t('look'), title: t('look'), onclick: () => view(item) }, icon('zoom')));
    }

    function marks() {
        for (const li of grid.children) li.firstElementChild.setAttribute('aria-pressed', String(chosen.has(li.dataset.sha)));
        const n = chosen.size;
        el.classList.toggle('choosing', n > 0);
        put(actions, n > 0 && [
            h('b', {}, t('selected', { n })),
            h('button', { class: 'btn', type: 'button', 'data-do': 'move', onclick: move }, icon('move'), t('move')),
            h('button', { class: 'btn risk', type: 'button', 'data-do': 'delete', onclick: remove }, icon('trash'), t('delete')),
            h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('clear'), title: t('clear'), onclick: () => (chosen.clear(), marks()) }, icon('close'))]);
        actions.hidden = n === 0;
    }

    const picked = () => items.filter((i) => chosen.has(i.sha256)).map((i) => ({ sha256: i.sha256, from: i.class.name }));

    async function move() {
        const list = picked();
        const to = await dialog(t('move_where', { n: list.length }), (close) => chooser(state.classes.filter((c) => c.id !== Number(id)), close, true));
        if (!to) return;
        chosen.clear();
        try {
            if (!to.id) await api.createClass(to.name, dataset);
            await moveWithUndo(list, to, dataset);
        } catch (error) {
            failed(error);
        }
    }

    async function remove() {
        const list = picked();
        chosen.clear();
        await withUndo(list.map((i) => () => api.deleteImage(i.sha256, dataset)), t('pictures_deleted', { n: list.length }));
    }

    /** The first page again (cursor null) or one more. */
    async function load(cursor) {
        const name = classById(id)?.name;
        if (loading || !name) return;
        loading = true;
        try {
            const limit = cursor ? PAGE : Math.min(200, Math.max(PAGE, items.length));
            const page = await api.images({ dataset, class: name, cursor, limit });
            if (!alive) return;
            shown = name;
            items = cursor ? [...items, ...page.items] : page.items;
            next = page.next;
            for (const sha of chosen) if (!items.some((i) => i.sha256 === sha)) chosen.delete(sha);
            redraw(grid, () => put(grid, items.map(tile)));
            put(foot, next && h('button', { class: 'btn', type: 'button', onclick: () => load(next) }, t('more')));
            marks();
        } catch (error) {
            failed(error);
        } finally {
            loading = false;
        }
    }

    const drawHead = () => redraw(head, fillHead);

    function fillHead() {
        const c = classById(id);
        if (!c) return put(head, h('a', { class: 'btn plain', href: '#/data' }, icon('back'), state.dataset), h('p', {}, t('class_gone')));
        put(head,
            h('div', {}, h('a', { class: 'crumb', href: '#/data' }, icon('back'), state.dataset), h('h1', {}, c.name), h('p', { class: c.images < 3 ? 'few' : 'muted' }, c.images < 3 ? `${t('pictures', { n: c.images })} · ${t('few')}` : t('pictures', { n: c.images }))),
            h('div', { class: 'page-tools' },
                h('button', { class: 'btn main', type: 'button', onclick: () => picker.click() }, icon('upload'), t('add_pictures')),
                h('button', { class: 'btn', type: 'button', 'data-do': 'burst', onclick: () => burst(c, dataset) }, icon('burst'), t('burst')),
                h('button', { class: 'btn', type: 'button', 'data-do': 'rename', onclick: () => renameClass(c) }, icon('edit'), t('rename')),
                h('button', { class: 'btn risk', type: 'button', 'data-do': 'delete-class', onclick: async () => {
                    if (await deleteClass(c)) location.hash = '#/data';
                } }, icon('trash'), t('delete'))));
    }

    const off = [on('classes', () => (drawHead(), shown || load(null))), on('pictures', () => load(null))];
    drawHead();
    marks();
    load(null);
    return {
        el,
        get dropText() { return t('drop_class', { name: classById(id)?.name ?? '' }); },
        onDrop: (files) => classById(id) && addFiles(files.map((f) => f.file), classById(id).name, dataset),
        stop() {
            alive = false;
            watch.disconnect();
            off.forEach((f) => f());
        },
        keys: {
            u: () => picker.click(),
            b: () => classById(id) && burst(classById(id), dataset),
            'ctrl+a': () => (items.forEach((i) => chosen.add(i.sha256)), marks()),
            delete: () => chosen.size && remove(),
            m: () => chosen.size && move(),
        },
    };
}
