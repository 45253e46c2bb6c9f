/**
 * actions.js - what can be done with the chosen pictures, and the bar that offers it.
 *
 * One table.  An action has {id, icon, title (key), keys, risk?, main?, when(ctx)?, run(ctx)}; run reads ctx.selection and
 * says what it did by ctx.undo(token, text).
 */
import { focusTab, h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { dialog } from './dialog.js';
import { failed } from './toast.js';
import { state, inTurn } from './state.js';
import { teachSelection } from './teachset.js';
import { tagAction } from './tags.js';
import { chooser } from './teach.js';
import { moveToGroup } from './clusteracts.js';
import { download } from './download.js';

/** what: items, or what selection.which() says. */
const named = (ctx, what) => ({ ...(ctx.dataset() && { dataset: ctx.dataset() }), ...(Array.isArray(what) ? { sha256: what.map((i) => i.sha256) } : what.which) });
const many = (what) => (Array.isArray(what) ? what.length : what.n);
const setName = (ctx) => ctx.dataset() || state.library?.name;

/** Delete pictures; the undo brings all back. @param {any} ctx @param {any} items items, or what selection.which() says */
export async function removePictures(ctx, items) {
    const done = await inTurn(() => api.change({ ...named(ctx, items), delete: true }));
    ctx.undo(done.undo, t('pictures_deleted', { n: done.deleted }), () => removePictures(ctx, items));
    await ctx.changed();
}

/** Ask for a class and move pictures there; the undo moves each back. @returns {Promise<boolean>} */
export async function classifyItems(ctx, items) {
    const to = await dialog(t('move_where', { n: many(items) }), (close) => chooser(ctx.classes(), close, true));
    if (!to) return false;
    const made = to.id ? to : await api.createClass(to.name, setName(ctx));
    const give = async () => {
        const done = await inTurn(() => api.change({ ...named(ctx, items), class: made.id }));
        ctx.undo(done.undo, t('moved_to', { n: done.moved, name: to.name }), give);
        await ctx.changed();
    };
    await give();
    return true;
}

/** Ask for an album, there already or new, and add pictures to it. */
async function album(ctx) {
    const items = await ctx.selection.which();
    const albums = await api.albums(ctx.dataset());
    const to = await dialog(t('album_where', { n: many(items) }), (close) => chooser(albums.map((a) => ({ ...a, images: a.pictures })), close, true, { find: 'album_find', make: 'album_new', none: 'album_type' }));
    if (!to) return;
    const put = async () => {
        const done = await inTurn(() => api.change({ ...named(ctx, items), album_add: to.name }));
        ctx.undo(done.undo, t('album_added', { n: done.album_added, name: to.name }), put);
        await ctx.changed();
    };
    await put();
    ctx.selection.clear();
}

async function remove(ctx) {
    await removePictures(ctx, await ctx.selection.which());
    ctx.selection.clear();
}

async function classify(ctx) {
    if (await classifyItems(ctx, await ctx.selection.which())) ctx.selection.clear();
}

export const actions = [
    { id: 'teach', icon: 'scan', title: 'act_teach', keys: ['a'], run: teachSelection, when: () => state.datasets.length > 0, main: true },
    { id: 'class', icon: 'move', title: 'act_class', keys: ['m', 'c'], run: classify },
    { id: 'group', icon: 'similar', title: 'act_group', keys: [], run: moveToGroup },
    { id: 'album', icon: 'album', title: 'act_album', keys: ['b'], run: album },
    tagAction,
    { id: 'download', icon: 'download', title: 'download', keys: [], run: download },
    { id: 'delete', icon: 'trash', title: 'delete', keys: ['delete'], risk: true, run: remove },
];

/** @param {any} ctx of library.js */
export function selectBar(ctx) {
    const el = h('div', { class: 'select-bar library-bar', role: 'toolbar', 'aria-label': t('lib_actions') });
    const { selection } = ctx;
    const usable = () => actions.filter((a) => a.when?.(ctx) ?? true);
    let busy = false;

    async function run(action) {
        if (!selection.size || busy) return;
        busy = true;
        try {
            await action.run(ctx);
        } catch (error) {
            failed(error);
        } finally {
            busy = false;
        }
    }

    function draw() {
        const n = selection.size;
        const had = el.contains(document.activeElement);
        el.hidden = n === 0;
        if (had && !n) focusTab();
        document.body.classList.toggle('choosing-pictures', n > 0);
        if (!n) return put(el);
        const count = el.querySelector('.chosen');
        if (count) return put(count, t('selected', { n }));
        put(el, h('b', { class: 'chosen' }, t('selected', { n })),
            h('div', { class: 'bar-actions' }, usable().map((a) => h('button', { class: `btn${a.risk ? ' risk' : ''}${a.main ? ' main' : ''}`, type: 'button', 'data-do': a.id, title: t(a.title), onclick: () => run(a) }, icon(a.icon), h('span', {}, t(a.title))))),
            h('button', { class: 'btn plain square', type: 'button', 'data-do': 'clear', 'aria-label': t('clear'), title: t('clear'), onclick: () => selection.clear() }, icon('close')));
    }

    const off = selection.on(draw);
    draw();
    return {
        el,
        keys: Object.fromEntries([...actions.flatMap((a) => a.keys.map((k) => [k, () => usable().includes(a) && run(a)])), ['escape', () => selection.clear()]]),
        stop() {
            off();
            document.body.classList.remove('choosing-pictures');
        },
    };
}
