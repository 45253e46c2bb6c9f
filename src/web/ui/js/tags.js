/**
 * tags.js - tags by hand: a sheet for the chosen pictures, keys 1 to 9 for those used last, and the tags of one picture beside it.
 *
 * In the sheet a tag is on all, on some or on none of the pictures, and is made to be on all or on none; what is not touched stays.  Everything is
 * one request and one undo, whatever the number of pictures.
 */
import { h, put } from './dom.js';
import { t, number } from './i18n.js';
import { icon } from './icons.js';
import { dialog } from './dialog.js';
import { explain } from './api.js';
import { failed, toast } from './toast.js';
import { shelf } from './shelfapi.js';

const RECENT = 'assay-recent-tags';
const MOST = 9;
const bad = /[",:]|^[+-]/;

/** @returns {string[]} used last first */
export function recentTags() {
    try {
        const list = JSON.parse(localStorage.getItem(RECENT) ?? '[]');
        return Array.isArray(list) ? list.filter((x) => typeof x === 'string').slice(0, MOST) : [];
    } catch {
        return [];
    }
}

function remember(names) {
    try {
        localStorage.setItem(RECENT, JSON.stringify([...new Set([...names, ...recentTags()])].slice(0, MOST)));
    } catch {
        /* no room, or not allowed: then there are no quick keys */
    }
}

async function change(ctx, which, add, remove) {
    const done = await shelf.change({ ...(ctx.dataset() && { dataset: ctx.dataset() }), ...which, add_tags: add, remove_tags: remove });
    remember(add);
    if (!done.changed) toast(t('tags_same'));
    else ctx.undo(done.undo, add.length && !remove.length ? t('tags_added', { n: done.changed, name: add.join(', ') }) : !add.length ? t('tags_removed', { n: done.changed, name: remove.join(', ') }) : t('tags_changed', { n: done.changed }));
    await ctx.changed();
    return done;
}

/** How many of the pictures have each tag. */
function spread(items) {
    const n = new Map();
    for (const item of items) for (const name of item.tags ?? []) n.set(name, (n.get(name) ?? 0) + 1);
    return n;
}

/** The same of what is chosen: by the server, where a filter says what that is. @returns {Promise<{n: number, which: any, had: Map<string, number>}>} */
async function chosen(ctx) {
    const { n, which, filter, out } = await ctx.selection.which();
    if (!filter) return { n, which, had: spread(await ctx.selection.items()) };
    const had = new Map((await shelf.tagsOf(filter, ctx.dataset())).filter((x) => x.pictures).map((x) => [x.name, x.pictures]));
    for (const [name, less] of spread(out)) had.set(name, (had.get(name) ?? less) - less);
    return { n, which, had: new Map([...had].filter(([, k]) => k > 0)) };
}

/** The sheet; resolves to {add, remove}, or nothing. */
function sheet(n, had, tags) {
    return dialog(t('tags_title', { n }), (close) => {
        const wish = new Map(); // name -> on (true) or off (false)
        const fresh = [];
        const list = h('ul', { class: 'tag-list', 'aria-label': t('shelf_tags') });
        const problem = h('p', { class: 'problem', role: 'alert' });
        const input = h('input', { type: 'text', id: 'tag-name', maxlength: 60, autofocus: true, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', 'aria-label': t('tags_type'), placeholder: t('tags_type') });
        const state = (name) => (wish.has(name) ? (wish.get(name) ? 'all' : 'none') : (had.get(name) ?? 0) === 0 ? 'none' : had.get(name) === n ? 'all' : 'some');
        const names = () => [...fresh, ...recentTags().filter((r) => tags.some((x) => x.name === r)), ...[...had.keys()], ...tags.map((x) => x.name)].filter((x, i, a) => a.indexOf(x) === i);
        const fits = () => names().filter((x) => wish.has(x) || x.toLowerCase().includes(input.value.trim().toLowerCase()));

        function toggle(name) {
            const on = state(name) !== 'all';
            const was = (had.get(name) ?? 0) === n ? true : (had.get(name) ?? 0) === 0 ? false : null;
            if (was === on) wish.delete(name);
            else wish.set(name, on);
            draw();
        }
        function make() {
            const name = input.value.trim();
            const known = names().find((x) => x.toLowerCase() === name.toLowerCase());
            problem.textContent = '';
            if (!name) return false;
            if (bad.test(name)) return (problem.textContent = t('tags_bad')), false;
            if (!known) fresh.unshift(name);
            if (state(known ?? name) !== 'all') toggle(known ?? name);
            input.value = '';
            draw();
            return true;
        }
        function draw() {
            const typed = input.value.trim();
            const shown = fits().slice(0, 60);
            const exact = shown.some((x) => x.toLowerCase() === typed.toLowerCase());
            const quick = recentTags();
            put(list, typed && !exact && h('li', {}, h('button', { class: 'tag-row', type: 'button', 'data-do': 'make-tag', onclick: make }, icon('plus'), h('span', {}, t('tags_make', { name: typed })))),
                shown.map((name) => h('li', {}, h('button', { class: 'tag-row', type: 'button', 'data-set': name, role: 'checkbox', 'aria-checked': state(name) === 'some' ? 'mixed' : String(state(name) === 'all'), onclick: () => toggle(name) },
                    h('span', { class: `box ${state(name)}` }, state(name) === 'all' ? icon('check') : state(name) === 'some' ? icon('minus') : null), h('span', { class: 'tag-said' }, name),
                    state(name) === 'some' && h('span', { class: 'muted small' }, t('tags_some', { n: had.get(name), of: number(n) })),
                    h('span', { class: 'muted small count' }, number(tags.find((x) => x.name === name)?.pictures ?? 0)),
                    quick.indexOf(name) >= 0 && h('kbd', { 'aria-hidden': 'true' }, String(quick.indexOf(name) + 1))))),
                !shown.length && !typed && h('li', { class: 'muted small' }, t('tags_none')));
        }
        const finish = () => {
            if (input.value.trim() && !make()) return;
            close({ add: [...wish].filter(([, on]) => on).map(([name]) => name), remove: [...wish].filter(([name, on]) => !on && had.has(name)).map(([name]) => name) });
        };
        input.addEventListener('input', () => {
            problem.textContent = '';
            draw();
        });
        input.addEventListener('keydown', (e) => {
            if (/^[1-9]$/.test(e.key) && !input.value && recentTags()[Number(e.key) - 1]) {
                e.preventDefault();
                toggle(recentTags()[Number(e.key) - 1]);
            } else if (e.key === 'ArrowDown') {
                e.preventDefault();
                list.querySelector('button')?.focus();
            }
        });
        list.addEventListener('keydown', (e) => {
            if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
            const all = [...list.querySelectorAll('button')];
            const next = all.indexOf(document.activeElement) + (e.key === 'ArrowDown' ? 1 : -1);
            e.preventDefault();
            (next < 0 ? input : all[Math.min(next, all.length - 1)]).focus();
        });
        draw();
        return h('form', { class: 'dialog-body-form', onsubmit: (e) => {
            e.preventDefault();
            if (!input.value.trim()) return finish();
            make();
        } }, h('div', { class: 'tag-sheet' }, input, problem, list),
        h('p', { class: 'muted small' }, t('tags_help')),
        h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')),
            h('button', { class: 'btn main', type: 'button', 'data-do': 'apply-tags', onclick: finish }, t('tags_apply'))));
    });
}

async function run(ctx) {
    const [{ n, which, had }, tags] = await Promise.all([chosen(ctx), shelf.list('tags', ctx.dataset())]);
    const wish = await sheet(n, had, tags);
    if (!wish || (!wish.add.length && !wish.remove.length)) return;
    await change(ctx, which, wish.add, wish.remove);
    ctx.selection.clear();
}

/** For actions.js. */
export const tagAction = { id: 'tag', icon: 'tag', title: 'act_tag', keys: ['t'], run };

/** 1 to 9: the tags used last, on and off, of what is chosen. @param {any} ctx */
export function quickKeys(ctx) {
    const press = async (n) => {
        const name = recentTags()[n - 1];
        if (!name || !ctx.selection.size) return;
        const { n: all, which, had } = await chosen(ctx);
        const everywhere = had.get(name) === all;
        await change(ctx, which, everywhere ? [] : [name], everywhere ? [name] : []);
        for (const i of ctx.selection.all ? [] : await ctx.selection.items()) i.tags = everywhere ? i.tags.filter((x) => x !== name) : [...new Set([...(i.tags ?? []), name])];
    };
    return Object.fromEntries(Array.from({ length: MOST }, (_, i) => [String(i + 1), () => press(i + 1).catch(failed)]));
}

/** Whose tags were typed last, and when: what shows the picture is drawn anew after each, and the line keeps the keyboard. */
let typed = { sha: '', at: 0 };

/** The tags of one picture: each with its x, and a line to type more. @param {any} ctx @param {{sha256: string, tags?: string[]}} item */
export async function tagEditor(ctx, item) {
    const el = h('div', { class: 'tag-editor' });
    const problem = h('p', { class: 'problem small', role: 'alert' });
    let tags = item.tags ?? (await shelf.one(item.sha256, ctx.dataset())).tags;
    const known = h('datalist', { id: 'known-tags' });

    async function set(add, remove) {
        problem.textContent = '';
        typed = { sha: add.length ? item.sha256 : '', at: Date.now() };
        try {
            await change(ctx, { sha256: [item.sha256] }, add, remove);
            tags = [...new Set([...tags.filter((x) => !remove.includes(x)), ...add])];
            draw();
        } catch (error) {
            problem.textContent = explain(error);
        }
    }
    function draw() {
        const input = h('input', { type: 'text', list: 'known-tags', maxlength: 60, autocomplete: 'off', autocapitalize: 'off', placeholder: t('tags_type'), 'aria-label': t('tags_type') });
        put(el, tags.length > 0 && h('ul', { class: 'chips' }, tags.map((name) => h('li', {}, h('button', { class: 'tag', type: 'button', 'data-set': name, 'aria-label': t('tags_off', { name }), onclick: () => set([], [name]) }, h('span', {}, name), icon('close'))))),
            h('form', { class: 'tag-form', onsubmit: (e) => {
                e.preventDefault();
                const name = input.value.trim();
                if (bad.test(name)) problem.textContent = t('tags_bad');
                else if (name) set([name], []);
            } }, input, h('button', { class: 'btn quiet square', type: 'submit', 'data-do': 'add-tag', 'aria-label': t('act_tag') }, icon('plus'))), problem, known);
        input.addEventListener('blur', (e) => e.relatedTarget && (typed = { sha: '', at: 0 })); // a person went on
        if (typed.sha === item.sha256 && Date.now() - typed.at < 3000) setTimeout(() => input.isConnected && input.focus());
    }
    shelf.list('tags', ctx.dataset()).then((list) => put(known, list.map((x) => h('option', { value: x.name })))).catch(() => {});
    draw();
    return el;
}
