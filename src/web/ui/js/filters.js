/**
 * filters.js - what narrows the library: a line to type words in, with suggestions; a chip for each condition; days and sizes in a fold;
 * albums and saved searches beside it.
 *
 * All of it is in the address (libaddress.js), so Back, a bookmark and another tab of the library keep it.  Suggestions are the tags, classes,
 * albums, cameras and formats that there are.
 */
import { h, put, redraw } from './dom.js';
import { t, date, number } from './i18n.js';
import { icon } from './icons.js';
import { ask, dialog } from './dialog.js';
import { failed, say, toast } from './toast.js';
import { conditions, flags, readWords, without } from './filterwords.js';
import { aboutOpinions, opinionPart, percentOf } from './opinions.js';
import { shelf } from './shelfapi.js';
import { thumb } from './api.js';

const TYPED_MS = 700;
const orders = ['newest', 'oldest', 'name', 'largest', 'taken', 'album', 'score', 'doubt'];
const shares = ['min_score', 'max_score', 'min_margin', 'max_margin'];
const glyphs = { predicted: 'board', tag: 'tag', class: 'move', album: 'burst', camera: 'camera', format: 'file', saved: 'search' };

/** A condition as people say it. */
export function sayCondition({ key, value, not }) {
    const text = flags.includes(key) ? t(`filter_${key}`) : shares.includes(key) ? t(`filter_${key}`, { value: percentOf(value) }) : t(`filter_${key}`, { value: /^\d{4}-\d\d-\d\d$/.test(value) ? date(value).replace(/[,\s]+\d{1,2}:\d\d.*$/, '') : value });
    return not ? t('filter_not', { text }) : text;
}

/** What there is to choose from, read when it is first wanted and after changes. */
function stock(ctx) {
    let known = null;
    const read = async () => {
        const set = ctx.dataset();
        const [tags, albums, saved, facts, said] = await Promise.all([shelf.list('tags', set), shelf.list('albums', set), shelf.list('saved', set), shelf.facts(set), shelf.opinions(set)]);
        return { tags, albums, saved, facts, said };
    };
    return { get: () => (known ??= read().catch((error) => {
        known = null;
        throw error;
    })), forget: () => (known = null) };
}

/** Entries that fit what is typed: {key, value, count}. */
function suggest(all, classes, typed) {
    const m = /^(-?)(?:([a-z]+):)?(.*)$/i.exec(typed.replaceAll('"', ''));
    const [not, key, part] = [m[1], m[2]?.toLowerCase(), m[3].toLowerCase()];
    const entries = [
        ...all.tags.map((x) => ({ key: 'tag', value: x.name, n: x.pictures })),
        ...classes.map((x) => ({ key: 'class', value: x.name, n: x.images })),
        ...all.albums.map((x) => ({ key: 'album', value: x.name, n: x.pictures })),
        ...all.facts.cameras.map((x) => ({ key: 'camera', value: x.name, n: x.pictures })),
        ...all.facts.formats.map((x) => ({ key: 'format', value: x.name, n: x.pictures })),
        ...all.said.classes.filter((x) => x.pictures).map((x) => ({ key: 'predicted', value: x.name, n: x.pictures })),
    ];
    return entries.filter((e) => (!key || e.key === key) && e.value.toLowerCase().includes(part))
        .sort((a, b) => Number(b.value.toLowerCase().startsWith(part)) - Number(a.value.toLowerCase().startsWith(part)) || b.n - a.n)
        .slice(0, 9).map((e) => ({ ...e, not: not === '-' }));
}

/** The line to type in: a combobox. */
function wordLine(ctx, all, add) {
    const list = h('ul', { class: 'suggestions', role: 'listbox', id: 'filter-list', hidden: true, 'aria-label': t('filter_suggestions') });
    const input = h('input', { type: 'text', name: 'filter', id: 'filter-words', maxlength: 300, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'filter-list', 'aria-autocomplete': 'list', 'aria-label': t('filter_words'), placeholder: t('filter_hint') });
    let entries = [];
    let at = -1;

    const close = () => {
        entries = [];
        at = -1;
        list.hidden = true;
        put(list);
        input.setAttribute('aria-expanded', 'false');
        input.removeAttribute('aria-activedescendant');
    };
    function take(entry) {
        const before = input.value.replace(/\S*$/, '');
        input.value = '';
        close();
        add(`${before} ${entry.not ? '-' : ''}${entry.key}:"${entry.value}"`);
    }
    function mark(next) {
        at = entries.length ? (next + entries.length) % entries.length : -1;
        [...list.children].forEach((el, i) => el.setAttribute('aria-selected', String(i === at)));
        if (at >= 0) {
            input.setAttribute('aria-activedescendant', `filter-${at}`);
            list.children[at].scrollIntoView({ block: 'nearest' });
        } else input.removeAttribute('aria-activedescendant');
    }
    async function open() {
        const typed = /\S*$/.exec(input.value)[0];
        const known = await all.get().catch(() => null);
        if (!known || document.activeElement !== input) return;
        entries = suggest(known, ctx.classes().filter((c) => !c.unsorted), typed);
        put(list, entries.map((e, i) => h('li', { role: 'option', id: `filter-${i}`, 'aria-selected': 'false', onpointerdown: (ev) => {
            ev.preventDefault();
            take(e);
        } }, icon(glyphs[e.key]), h('span', {}, e.not ? t('filter_not', { text: e.value }) : e.value), h('span', { class: 'muted small' }, t(`filter_kind_${e.key}`)), h('span', { class: 'muted small count' }, number(e.n)))));
        list.hidden = !entries.length;
        input.setAttribute('aria-expanded', String(entries.length > 0));
        at = -1;
    }
    input.addEventListener('input', open);
    input.addEventListener('focus', open);
    input.addEventListener('blur', () => setTimeout(close, 150));
    input.addEventListener('keydown', (e) => {
        if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            e.preventDefault();
            if (list.hidden) open();
            else mark(at + (e.key === 'ArrowDown' ? 1 : at < 0 ? 0 : -1));
        } else if (e.key === 'Escape' && !list.hidden) {
            e.stopPropagation();
            close();
        } else if (e.key === 'Enter') {
            e.preventDefault();
            if (at >= 0) return take(entries[at]);
            const words = input.value.trim();
            if (words && add(words)) input.value = '';
            close();
        } else if (e.key === 'Backspace' && !input.value) {
            const last = conditions(ctx.filter()).at(-1);
            if (last) ctx.setFilter(without(ctx.filter(), last));
        }
    });
    return h('div', { class: 'filter-line' }, icon('tag'), input, list);
}

/** Days and sizes, order, and the two questions that are asked most. */
function fold(ctx) {
    let typing = 0;
    const form = h('form', { class: 'filters shelf-filters', onsubmit: (e) => e.preventDefault() });
    const set = (key, value) => {
        const next = { ...ctx.filter() };
        if (value) next[key] = value;
        else delete next[key];
        ctx.setFilter(next);
    };
    const later = (key, input, value) => {
        clearTimeout(typing);
        if (input.validity.badInput) return;
        typing = setTimeout(() => (ctx.filter()[key] ?? '') !== value && set(key, value), TYPED_MS);
    };
    const day = (key, label) => h('label', { class: 'field' }, h('span', {}, label), h('input', { type: 'date', name: key, value: /^\d{4}-\d\d-\d\d$/.test(ctx.filter()[key] ?? '') ? ctx.filter()[key] : '', onchange: (e) => later(key, e.target, e.target.value) }));
    const size = (key, label, step, unit) => h('label', { class: 'field' }, h('span', {}, label), h('input', { type: 'number', name: key, min: 1, step, inputmode: 'numeric', value: ctx.filter()[key] ? String(Number.parseFloat(ctx.filter()[key])) : '', oninput: (e) => later(key, e.target, e.target.value && e.target.value + unit) }));
    const tick = (key) => h('label', { class: 'choice' }, h('input', { type: 'checkbox', name: key, checked: Boolean(ctx.filter()[key]), onchange: (e) => set(key, e.target.checked ? 'true' : '') }), h('span', {}, t(`filter_${key}`)));
    function draw() {
        const active = document.activeElement;
        if (form.contains(active) && active.matches('input:not([type="checkbox"])')) return; // drawn again it would lose what is being typed
        redraw(form, () => put(form, day('taken_since', t('taken_from')), day('taken_until', t('taken_to')), day('since', t('added_since')), day('until', t('added_until')),
            size('min_side', t('least_side'), 1, ''), size('min_bytes', t('least_megabytes'), 0.1, 'MB'), h('div', { class: 'ticks' }, tick('untagged'), tick('unsorted'))));
    }
    return { form, draw, set, stop: () => clearTimeout(typing) };
}

/** Ask for a name and keep the filter, with the words that are searched, under it. */
async function save(ctx, all) {
    const words = ctx.address.get('q');
    await ask(t('saved_new'), { label: t('saved_name'), value: '', action: t('keep'), hint: conditions(ctx.filter()).map(sayCondition).concat(words ? [`“${words}”`] : []).join(' · '), run: async (name) => {
        const { undo } = await shelf.create('saved', { name, dataset: ctx.dataset(), filter: ctx.filter(), ...(words && { words }) });
        ctx.undo(undo, t('saved_done', { name }));
    } });
    all.forget();
    ctx.changed();
}

/** Another name; a tag that gets the name of another tag becomes part of it, and is said to before. */
function askName(ctx, kind, x, known) {
    const other = (name) => (kind === 'tags' ? known.find((y) => y.id !== x.id && y.name.toLowerCase() === name.toLowerCase()) : undefined);
    return ask(t('shelf_rename', { name: x.name }), {
        label: t('saved_name'), value: x.name, action: t('keep'), hint: kind === 'tags' ? t('tags_merge_hint') : undefined,
        typed: (name) => other(name) && { hint: t('tags_merge_into', { n: x.pictures ?? 0, name: x.name, into: other(name).name }), action: t('grp_merge') },
        run: async (name) => {
            const into = other(name);
            const { undo } = await shelf.patch(kind, x.id, into ? { into: into.id } : { name });
            ctx.undo(undo, into ? t('tags_merged', { name: x.name, into: into.name }) : t('shelf_renamed', { name }));
        },
    });
}

/** Rename and delete tags, albums and saved searches. */
function manage(ctx, all) {
    return dialog(t('shelf_manage'), () => {
        const room = h('div', { class: 'manage' });
        const again = async () => {
            all.forget();
            await draw();
            ctx.changed();
        };
        const row = (kind, x, known) => h('li', { class: 'part-row', 'data-set': x.name }, h('span', {}, x.name, ' ', x.pictures !== null && h('span', { class: 'muted small' }, number(x.pictures))),
            h('span', { class: 'chips' },
                h('button', { class: 'btn plain square', type: 'button', 'data-do': `rename-${kind}`, 'aria-label': t('shelf_rename', { name: x.name }), onclick: () => askName(ctx, kind, x, known).then((done) => done && again()) }, icon('edit')),
                h('button', { class: 'btn plain square', type: 'button', 'data-do': `delete-${kind}`, 'aria-label': t('shelf_delete', { name: x.name }), onclick: () => shelf.remove(kind, x.id).then(({ undo }) => {
                    ctx.undo(undo, t('shelf_deleted', { name: x.name }));
                    return again();
                }).catch(failed) }, icon('trash'))));
        const part = (kind, list) => [h('h3', {}, t(`shelf_${kind}`)), list.length ? h('ul', { class: 'manage-list' }, list.map((x) => row(kind, x, list))) : h('p', { class: 'muted small' }, t(`shelf_no_${kind}`))];
        const draw = async () => {
            const known = await all.get();
            put(room, part('tags', known.tags), part('albums', known.albums), part('saved', known.saved));
        };
        all.forget(); // what another page, or a command, has made since
        draw().catch(failed);
        return room;
    });
}

/** @param {any} ctx of library.js */
export function filterBar(ctx) {
    const all = stock(ctx);
    const chips = h('ul', { class: 'chips filter-chips', 'aria-label': t('filters') });
    const side = h('nav', { class: 'shelf-row', 'aria-label': t('shelf_side') });
    const order = h('select', { name: 'order', 'aria-label': t('order'), onchange: (e) => ctx.setFilter({ ...ctx.filter(), order: e.target.value === 'newest' ? '' : e.target.value }) });
    const more = fold(ctx);
    const said = opinionPart(ctx, more.set);
    const folded = h('details', { class: 'shelf-fold' }, h('summary', { class: 'btn plain', 'data-do': 'more-filters' }, icon('settings'), h('span', {}, t('filters'))), more.form, said.el);
    folded.addEventListener('toggle', () => said.show(folded.open));

    function add(words) {
        const { filter, unknown } = readWords(words, ctx.filter());
        if (unknown.length) {
            toast(t('filter_unknown', { name: unknown[0] }), undefined, true);
            return false;
        }
        ctx.setFilter(filter);
        return true;
    }

    const line = wordLine(ctx, all, add);
    const tidy = h('button', { class: 'btn plain square', type: 'button', hidden: true, 'data-do': 'manage', 'aria-label': t('shelf_manage'), title: t('shelf_manage'), onclick: () => manage(ctx, all).then(drawSide) }, icon('edit'));
    const el = h('div', { class: 'shelf' }, h('div', { class: 'shelf-line' }, line, order, tidy, folded), chips, side);

    let opinions = 0; // pictures that a trained model has one of

    function drawChips() {
        const list = conditions(ctx.filter());
        redraw(chips, () => put(chips, list.map((c) => h('li', {}, h('button', { class: `tag${c.not ? ' minus' : ''}`, type: 'button', 'data-set': `${c.key}:${c.value}`, 'aria-label': t('filter_remove', { name: sayCondition(c) }), onclick: () => ctx.setFilter(without(ctx.filter(), c)) }, h('span', {}, sayCondition(c)), icon('close')))),
            list.length > 0 && h('li', {}, h('button', { class: 'btn quiet', type: 'button', 'data-do': 'save-search', onclick: () => save(ctx, all).catch(failed) }, icon('plus'), t('saved_keep'))),
            list.length > 1 && h('li', {}, h('button', { class: 'btn plain', type: 'button', 'data-do': 'no-filters', onclick: () => ctx.setFilter({}) }, t('lib_no_filter')))), '#filter-words');
        chips.hidden = !list.length;
        const now = ctx.filter().order || 'newest';
        put(order, orders.filter((o) => o === now || ((o !== 'album' || ctx.filter().album) && (!['score', 'doubt'].includes(o) || opinions > 0))).map((o) => h('option', { value: o, selected: o === now }, t(`order_${o}`))));
    }

    const same = (a, b) => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    const pill = (kind, x, filter, extra = {}) => {
        const on = same({ ...filter }, ctx.filter()) && (!extra.q || extra.q === ctx.address.get('q'));
        return h('button', { class: `tag${on ? ' on' : ''}`, type: 'button', 'data-do': kind, 'data-set': x.name, 'aria-pressed': String(on), onclick: () => {
            if (on) ctx.setFilter({});
            else if (extra.q) ctx.address.set({ ...Object.fromEntries(Object.keys(ctx.filter()).map((k) => [k, ''])), ...filter, ...extra });
            else ctx.setFilter(filter);
        } }, x.cover ? h('img', { class: 'cover', src: thumb(x.cover, 96), alt: '', loading: 'lazy' }) : icon(glyphs[kind]), h('span', {}, x.name), x.pictures !== null && h('span', { class: 'muted small' }, number(x.pictures)));
    };
    /** Filters come back as numbers and lists; the address holds texts. */
    const asTexts = (filter) => Object.fromEntries(Object.entries(filter).map(([k, v]) => [k, Array.isArray(v) ? v.join() : String(v)]));

    async function drawSide() {
        const known = await all.get().catch(() => null);
        if (!known) return;
        if (opinions !== known.said.known) {
            opinions = known.said.known;
            drawChips();
        }
        const entries = [...known.saved.map((x) => pill('saved', x, asTexts(x.filter), x.words ? { q: x.words } : {})), ...known.albums.map((x) => pill('album', x, { album: x.name, order: 'album' }))];
        redraw(side, () => put(side, entries));
        side.hidden = !entries.length;
        tidy.hidden = !entries.length && !known.tags.length;
    }

    function draw() {
        drawChips();
        more.draw();
        said.draw();
        drawSide();
    }
    function fresh() {
        all.forget();
        said.read();
        draw();
    }
    const told = () => {
        draw();
        say(conditions(ctx.filter()).map(sayCondition).join(', '));
    };
    const off = [ctx.onFilter(told), ctx.onDataset(fresh), ctx.onChange(fresh)];
    draw();
    return { el, focus: () => line.querySelector('input').focus(), stop() {
        more.stop();
        said.stop();
        off.forEach((f) => f());
    } };
}
