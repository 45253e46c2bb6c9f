/**
 * detail.js - one picture of the library: large, with all that is known about it, and the way to the next one.
 *
 * It lies over the tab that it was opened from, so that closing it finds that tab as it was.  Its address is the tab's with
 * picture=<digest>: Back closes it, a link to it works, and arrows change the address in place.  What is beside the picture is
 * read part by part (detailparts.js); a part that fails says so without taking the others along.
 */
import { focusTab, h, put, $ } from './dom.js';
import { t, number } from './i18n.js';
import { icon } from './icons.js';
import { original, thumb } from './api.js';
import { shelf } from './shelfapi.js';
import { failed } from './toast.js';
import { state } from './state.js';
import { zoomStage } from './zoomstage.js';
import { parts } from './detailparts.js';
import { removePictures } from './actions.js';
import { trouble } from './trouble.js';

let open = null;

export function closeDetail() {
    if (!open) return;
    const { el, off } = open;
    open = null;
    off();
    document.body.append($('#toasts'));
    el.close();
    el.remove();
    if (document.activeElement === document.body) focusTab(); // what it was opened from was drawn anew meanwhile
}

/** Close as a person does: what Back would do where it was opened from the list, else the address without it. */
function leave() {
    if (!open) return;
    const { ctx, pushed } = open;
    if (pushed) history.back();
    else ctx.address.set({ picture: '' }, true);
}

function step(by) {
    const { ctx, sha } = open;
    const list = ctx.walk;
    const next = list ? list.index + by : -1;
    if (!list || next < 0 || next >= list.total) return;
    list.index = next;
    list.item(next).then((item) => {
        if (!open || open.sha !== sha || !item) return;
        list.seen?.(next);
        ctx.address.set({ picture: item.sha256 }, true);
    }, failed);
}

async function remove() {
    const { ctx, item } = open;
    const list = ctx.walk;
    const next = list && list.total > 1 ? await list.item(list.index + 1 < list.total ? list.index + 1 : list.index - 1).catch(() => null) : null;
    if (next && list.index + 1 >= list.total) list.index--;
    open.going = true; // nothing more is to be read about it
    await removePictures(ctx, [item]).finally(() => open && (open.going = false));
    if (!open) return;
    if (next) ctx.address.set({ picture: next.sha256 }, true);
    else leave();
}

function choose() {
    open.ctx.selection.toggle(open.item);
    drawHead();
}

function drawHead() {
    const { head, ctx, item, sha } = open;
    const list = ctx.walk;
    const chosen = ctx.selection.has(sha);
    const tool = (id, glyph, key, run, more = {}) => h('button', { class: 'btn plain square', type: 'button', 'data-do': id, title: t(key), 'aria-label': t(key), onclick: run, ...more }, icon(glyph));
    const had = head.contains(document.activeElement) ? document.activeElement.dataset.do : '';
    put(head, tool('close-detail', 'back', 'close', leave),
        h('h2', { id: 'detail-name' }, item.file || t('picture')),
        list && h('span', { class: 'muted small detail-place' }, t('detail_place', { n: number(list.index + 1), of: number(list.total) })),
        h('span', { class: 'gap' }),
        tool('zoom-out', 'minus', 'zoom_out', () => open.stage.by(1 / 1.5)), tool('zoom-in', 'plus', 'zoom_in', () => open.stage.by(1.5)),
        tool('choose', 'check', 'choose', choose, { 'aria-pressed': String(chosen) }),
        h('a', { class: 'btn plain square', href: original(sha), download: item.file || `${sha.slice(0, 12)}.${item.format || 'jpg'}`, title: t('download'), 'aria-label': t('download'), 'data-do': 'download' }, icon('download')),
        tool('delete-picture', 'trash', 'delete', () => remove().catch(failed)));
    if (had) head.querySelector(`[data-do="${had}"]`)?.focus();
    open.prev.hidden = !list || list.index <= 0;
    open.next.hidden = !list || list.index + 1 >= list.total;
}

function keys(e) {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'z' && !e.target.closest('input, textarea')) {
        e.preventDefault();
        return void (e.shiftKey ? open.ctx.doAgain() : open.ctx.takeBack()).catch(failed);
    }
    if (e.target.closest('input, textarea, select') || e.ctrlKey || e.altKey || e.metaKey) return;
    const run = {
        ArrowLeft: () => step(-1), ArrowRight: () => step(1), '+': () => open.stage.by(1.5), '-': () => open.stage.by(1 / 1.5), 0: () => open.stage.reset(),
        Delete: () => remove().catch(failed), x: choose,
    }[e.key];
    if (!run) return;
    e.preventDefault();
    e.stopPropagation();
    run();
}

function build(ctx) {
    const stage = zoomStage(step);
    const head = h('header', { class: 'detail-head' });
    const side = h('div', { class: 'detail-side', tabindex: '-1' });
    const arrow = (by, key, glyph) => h('button', { class: 'btn square stage-arrow', type: 'button', 'data-do': by < 0 ? 'previous' : 'next', 'aria-label': t(key), title: t(key), onclick: () => step(by) }, icon(glyph));
    const prev = arrow(-1, 'previous', 'back');
    const next = arrow(1, 'next', 'forth');
    const el = h('dialog', { class: 'detail', 'aria-labelledby': 'detail-name' }, head, h('div', { class: 'detail-stage' }, stage.el, prev, next), side);
    el.addEventListener('cancel', (e) => {
        e.preventDefault();
        if (!stage.reset()) leave();
    });
    el.addEventListener('keydown', keys);
    document.body.append(el);
    const off = ctx.onChange(() => open && !open.going && fillIn());
    open = { el, head, side, stage, prev, next, ctx, sha: '', item: {}, off, pushed: Boolean(ctx.opened) };
    ctx.opened = false;
    el.append($('#toasts')); // beside an open dialog nothing can be pressed: its undo must be in it
    el.showModal();
}

/** What is known, then the parts beside it. */
async function fillIn() {
    const mine = open;
    const { sha, ctx } = mine;
    const dataset = ctx.dataset() || state.library?.name;
    const fromList = mine.item;
    try {
        const item = await shelf.one(sha, dataset);
        if (open !== mine || open.sha !== sha) return;
        mine.item = { ...fromList, ...item };
    } catch (error) {
        if (open !== mine || open.sha !== sha) return;
        return put(mine.side, error.status === 404 ? h('p', { class: 'problem' }, t('search_gone')) : trouble(error, fillIn));
    }
    drawHead();
    parts(mine.side, mine.item, ctx);
}

/** @param {string} sha @param {any} ctx of library.js */
export function openDetail(sha, ctx) {
    if (open?.sha === sha) return;
    const first = !open;
    if (first) build(ctx);
    open.sha = sha;
    open.item = { sha256: sha };
    open.stage.show(original(sha), t('picture_of', { name: '' }).trim(), thumb(sha, 384));
    drawHead();
    if (first) open.head.querySelector('button').focus();
    fillIn();
    const list = ctx.walk;
    if (list) for (const i of [list.index + 1, list.index - 1]) if (i >= 0 && i < list.total) list.item(i).then((next) => next && (new Image().src = original(next.sha256)), () => {});
}
