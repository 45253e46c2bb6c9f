/** gallery.js - the library's first tab: all pictures, or what a search among them found, in one grid. */
import { h, put } from './dom.js';
import { t, percent } from './i18n.js';
import { icon } from './icons.js';
import { createGrid } from './grid.js';
import { source } from './libsource.js';
import { asked, askedBar, scoreBadge, searchSource } from './libsearch.js';
import { prefs, setPref } from './prefs.js';
import { filterBar } from './filters.js';
import { quickKeys } from './tags.js';
import { trouble } from './trouble.js';
import { aboutOpinions } from './opinions.js';
import { albumHand } from './albumorder.js';

const sides = [120, 168, 232];

/** What the corner of a tile says: how well it fits, what a model says where that is what is filtered or ordered by, or its class unless nobody gave it one. */
const badgeFor = (ctx) => (item) => (item.score !== undefined ? scoreBadge(item) : item.opinion && aboutOpinions(ctx.filter()) ? `${item.opinion.class} ${percent(item.opinion.score, 0)}` : item.class && !item.unsorted ? (item.class?.name ?? item.class) : null);

/** The library holds nothing yet: what to do, and what happens then. */
function welcome(ctx) {
    return h('div', { class: 'welcome middle library-empty', 'data-part': 'empty' }, icon('data'), h('h2', {}, t('lib_empty')), h('p', { class: 'muted' }, t('lib_empty_help')),
        h('div', { class: 'chips' },
            h('button', { class: 'btn main', type: 'button', 'data-do': 'first-folder', onclick: ctx.addFolder }, icon('move'), t('lib_add_folder')),
            h('button', { class: 'btn', type: 'button', 'data-do': 'first-files', onclick: ctx.addFiles }, icon('upload'), t('add_pictures'))),
        h('ol', { class: 'steps' }, [['lib_step_keep', 'lock'], ['lib_step_group', 'similar'], ['lib_step_teach', 'check']].map(([key, glyph]) => h('li', {}, icon(glyph), h('span', {}, t(key))))));
}

/** @param {HTMLElement} host @param {any} ctx */
export function mount(host, ctx) {
    const blank = h('div', {});
    const room = h('div', { class: 'library-grid' });
    const question = askedBar(ctx);
    const bar = filterBar(ctx);
    host.append(bar.el, question.el, blank, room);
    let query = asked(ctx);
    function now() {
        const mine = query;
        question.draw(mine);
        return mine ? searchSource(mine, ctx, (answer, error) => mine === query && question.draw(mine, answer, error)) : source(ctx.dataset(), ctx.filter());
    }
    const grid = createGrid(room, {
        ...now(), label: t('lib_pictures'), selection: ctx.selection, badge: badgeFor(ctx), side: sides[prefs.side] ?? sides[1],
        onOpen: (item, index) => ctx.openPicture(item.sha256, walk(index)),
        onTrouble: (error) => query || put(blank, trouble(error, () => (put(blank), grid.reload()))),
        onTotal(n) {
            if (query) return put(blank), void (room.hidden = n === 0);
            const none = n === 0 && !Object.keys(ctx.filter()).length;
            put(blank, n === 0 && (none ? welcome(ctx) : h('div', { class: 'welcome middle' }, icon('none'), h('h2', {}, t('lib_none_fit')), aboutOpinions(ctx.filter()) && h('p', { class: 'muted' }, t('op_none_fit')), h('button', { class: 'btn', type: 'button', onclick: () => ctx.setFilter({}) }, t('lib_no_filter')))));
            room.hidden = n === 0;
        },
    });
    const walk = (index) => ({ index, get total() { return grid.total; }, item: (i) => grid.item(i), seen: (i) => grid.moveTo(i) });
    const anew = () => grid.setSource(now());
    function moved() {
        const next = asked(ctx);
        if (JSON.stringify(next) === JSON.stringify(query)) return;
        query = next;
        scrollTo(0, 0);
        anew();
    }

    const hand = albumHand(ctx, grid, () => !query);

    function resize(by) {
        const next = Math.max(0, Math.min(sides.length - 1, (prefs.side ?? 1) + by));
        setPref('side', next);
        grid.setSide(sides[next]);
        draw();
    }

    const size = (by, key, glyph) => h('button', { class: 'btn plain square', type: 'button', 'data-do': by > 0 ? 'larger' : 'smaller', 'aria-label': t(key), title: t(key), disabled: by > 0 ? prefs.side >= 2 : prefs.side <= 0, onclick: () => resize(by) }, icon(glyph));
    const draw = () => ctx.tools(size(-1, 'lib_smaller', 'minus'), size(1, 'lib_larger', 'plus'));
    draw();
    const off = [ctx.onDataset(anew), ctx.onFilter(anew), ctx.onAddress(moved), ctx.onChange(() => (query ? anew() : grid.reload()))];
    return {
        show: () => grid.show(true),
        hide: () => grid.show(false),
        keys: { ...quickKeys(ctx), f: bar.focus, 'ctrl+a': grid.selectAll, '+': () => resize(1), '-': () => resize(-1) },
        unmount() {
            hand.stop();
            off.forEach((f) => f());
            bar.stop();
            grid.stop();
        },
    };
}
