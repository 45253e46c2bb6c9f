/**
 * actions.js - what can be done with the chosen pictures, and the bar that offers it.
 *
 * One table.  An action has {id, icon, title (key), keys, risk?, when(ctx)?, run(ctx)}; run reads ctx.selection and
 * says what it did by ctx.undo(token, text).
 */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { dialog } from './dialog.js';
import { failed } from './toast.js';
import { state, inTurn } from './state.js';
import { toast } from './toast.js';
import { chooser } from './teach.js';
import { moveToGroup } from './clusteracts.js';

const setName = (ctx) => ctx.dataset() || state.library?.name;

/** Delete pictures; the undo brings all back. @param {any} ctx @param {any[]} items */
export async function removePictures(ctx, items) {
    const tokens = [];
    await inTurn(async () => {
        for (const i of items) tokens.push((await api.deleteImage(i.sha256, setName(ctx))).undo);
    }).catch(failed);
    await ctx.changed();
    toast(t('pictures_deleted', { n: tokens.length }), { label: t('undo'), run: async () => {
        for (const token of tokens.reverse()) await api.undo(token);
        await ctx.changed();
        toast(t('undone'));
    } });
}

/** Ask for a class and move pictures there; the undo moves each back. */
export async function classifyItems(ctx, items) {
    const to = await dialog(t('move_where', { n: items.length }), (close) => chooser(ctx.classes(), close, true));
    if (!to) return false;
    if (!to.id) await api.createClass(to.name, setName(ctx));
    for (const i of items) await api.moveImage(i.sha256, to.name, setName(ctx));
    await ctx.changed();
    toast(t('moved_to', { n: items.length, name: to.name }), { label: t('undo'), run: async () => {
        for (const i of items) await api.moveImage(i.sha256, i.class?.name ?? i.class, setName(ctx));
        await ctx.changed();
        toast(t('undone'));
    } });
    return true;
}

async function remove(ctx) {
    const items = await ctx.selection.items();
    ctx.selection.clear();
    await removePictures(ctx, items);
}

async function classify(ctx) {
    if (await classifyItems(ctx, await ctx.selection.items())) ctx.selection.clear();
}

export const actions = [
    { id: 'class', icon: 'move', title: 'act_class', keys: ['m', 'c'], run: classify },
    { id: 'group', icon: 'similar', title: 'act_group', keys: [], run: moveToGroup },
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
        el.hidden = n === 0;
        document.body.classList.toggle('choosing-pictures', n > 0);
        if (!n) return put(el);
        const count = el.querySelector('.chosen');
        if (count) return put(count, t('selected', { n }));
        put(el, h('b', { class: 'chosen' }, t('selected', { n })),
            usable().map((a) => h('button', { class: `btn${a.risk ? ' risk' : ''}`, type: 'button', 'data-do': a.id, title: t(a.title), onclick: () => run(a) }, icon(a.icon), h('span', {}, t(a.title)))),
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
