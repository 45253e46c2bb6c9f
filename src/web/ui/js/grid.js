/**
 * grid.js - a hundred thousand pictures in a grid, of which the page holds those on the screen.
 *
 * The element is as tall as the whole list; tiles are placed by a transform and used again for what scrolls in, so the number of
 * nodes does not grow with the list.  Items come page by page (paged.js), small pictures nearest first (thumbqueue.js).
 *
 * To a keyboard and a screen reader it is one list box: it has the focus, aria-activedescendant says where one is.  Arrows, Home,
 * End, Page up and down move; Space takes or leaves a picture, with Shift from the last one on; Ctrl+A takes all; Enter opens.
 * A mouse drags a frame; a finger that stays a moment chooses, and goes on choosing while it moves.
 *
 * Rejected: content-visibility over all tiles (100,000 nodes), a canvas (no screen reader), focus on the tiles (lost when one is
 * used again).
 */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { thumb } from './api.js';
import { failed } from './toast.js';
import { paged } from './paged.js';
import { thumbQueue } from './thumbqueue.js';
import { framing } from './gridhand.js';

const GAP = 8;
/** Rows beyond the screen that are ready. */
const SPARE = 2;
/** Nothing is asked for while the list flies by faster than this many rows in a frame. */
const FAST = 6;
const SETTLE_MS = 90;

let count = 0;

/**
 * @param {HTMLElement} host gets the grid
 * @param {{load: (offset: number, limit: number, signal?: AbortSignal) => Promise<{total: number, items: any[]}>,
 *   label: string, selection?: any, onOpen?: (item: any, index: number) => void, badge?: (item: any) => Node|string|null,
 *   onTrouble?: (error: any) => void (nothing could be read at all), name?: (item: any) => string, side?: number (a tile's wanted width), onTotal?: (total: number) => void}} o
 *   items have sha256 and may have file, class
 */
export function createGrid(host, o) {
    const id = `grid-${++count}`;
    const el = h('div', { class: 'vgrid', role: 'listbox', 'aria-multiselectable': o.selection ? 'true' : undefined, 'aria-label': o.label, tabindex: '0', id });
    const tiles = new Map(); // index -> tile
    const free = [];
    const queue = thumbQueue();
    const selection = o.selection;
    let source = o;
    let list = paged((...a) => source.load(...a), { arrived: () => arrived(), failed: (error) => (list.total < 0 && o.onTrouble ? o.onTrouble(error) : failed(error)) });
    let side = o.side ?? 168;
    let cols = 1;
    let cell = side;
    let rows = 0;
    let shown = -1; // the total that the height stands for
    let cursor = -1;
    let anchor = -1;
    let ranged = []; // what Shift chose from the anchor on
    let frame = 0;
    let settle = 0;
    let lastTop = 0;
    let alive = true;
    let hidden = false;

    const indexId = (i) => `${id}-${i}`;
    const nameOf = o.name ?? ((item) => item.file || item.class?.name || item.class || t('picture'));

    function makeTile() {
        const img = h('img', { alt: '', decoding: 'async', draggable: 'false' });
        const tile = h('div', { class: 'vtile', role: 'option' }, img, h('span', { class: 'tile-tick' }, icon('check')), h('span', { class: 'vbadge' }));
        tile.img = img;
        tile.mark = tile.lastElementChild;
        return tile;
    }

    /** Draw what a tile shows; called when its index or its item changes. */
    function dress(tile, index) {
        const item = list.at(index);
        tile.item = item;
        tile.index = index;
        tile.id = indexId(index);
        tile.style.transform = `translate(${(index % cols) * (cell + GAP)}px, ${Math.floor(index / cols) * (cell + GAP)}px)`;
        tile.setAttribute('aria-posinset', String(index + 1));
        tile.setAttribute('aria-setsize', String(Math.max(0, list.total)));
        tile.classList.toggle('ghost', !item);
        tile.classList.toggle('cursor', index === cursor);
        tile.dataset.sha = item?.sha256 ?? '';
        const mark = item && o.badge?.(item);
        if (mark instanceof Node) tile.mark.replaceChildren(mark);
        else if (!mark) tile.mark.replaceChildren();
        else if (tile.mark.firstChild?.className === 'word') tile.mark.firstChild.textContent = mark;
        else tile.mark.replaceChildren(h('span', { class: 'word' }, mark));
        tile.setAttribute('aria-label', item ? [nameOf(item), tile.mark.textContent].filter(Boolean).join(', ') : t('loading'));
        pick(tile);
        if (!item) queue.drop(tile.img);
    }

    function pick(tile) {
        const yes = Boolean(tile.item && (selection?.has(tile.item.sha256) || hand?.covers(tile.index)));
        if (tile.getAttribute('aria-selected') !== String(yes)) tile.setAttribute('aria-selected', String(yes));
    }

    function fetchThumbs(first, last) {
        const middle = (first + last) / 2;
        for (const [index, tile] of tiles)
            if (tile.item) queue.want(tile.img, thumb(tile.item.sha256, cell * devicePixelRatio > 210 ? 384 : 192), Math.abs(index - middle));
    }

    function measure() {
        const width = el.clientWidth;
        if (!width) return false;
        const most = width <= 640 ? (side > 200 ? 2 : 3) : Math.max(2, Math.round((width + GAP) / (side + GAP)));
        const size = Math.floor((width - GAP * (most - 1)) / most);
        if (most === cols && size === cell) return false;
        cols = most;
        cell = size;
        el.style.setProperty('--cell', `${cell}px`);
        return true;
    }

    /** The part of the list that the window shows, as indexes. */
    function seen() {
        const box = el.getBoundingClientRect();
        const row = cell + GAP;
        const from = Math.max(0, Math.floor(-box.top / row) - SPARE);
        const to = Math.min(rows, Math.ceil((innerHeight - box.top) / row) + SPARE);
        return { first: from * cols, last: Math.min(Math.max(0, list.total), to * cols) - 1, top: box.top };
    }

    function height() {
        rows = Math.ceil(Math.max(0, list.total) / cols);
        el.style.height = `${Math.max(0, rows * (cell + GAP) - GAP)}px`;
    }

    function place() {
        frame = 0;
        if (!alive || hidden) return;
        if (list.total < 0) return list.want(0, 1);
        const { first, last, top } = seen();
        const speed = Math.abs(top - lastTop) / (cell + GAP);
        lastTop = top;
        for (const [index, tile] of tiles)
            if (index < first || index > last) {
                tiles.delete(index);
                free.push(tile);
            }
        for (let i = first; i <= last; i++) {
            let tile = tiles.get(i);
            if (tile) {
                if (tile.item === undefined && list.at(i)) dress(tile, i);
                continue;
            }
            tile = free.pop() ?? el.appendChild(makeTile());
            queue.drop(tile.img);
            tile.hidden = false;
            tiles.set(i, tile);
            dress(tile, i);
        }
        for (const tile of free.splice(cols * 4)) tile.remove();
        for (const tile of free) tile.hidden = true;
        if (tiles.has(cursor)) el.setAttribute('aria-activedescendant', indexId(cursor));
        else el.removeAttribute('aria-activedescendant'); // scrolled away: it would name nothing
        clearTimeout(settle);
        const ask = () => {
            list.want(first, last);
            fetchThumbs(first, last);
        };
        if (speed < FAST) ask();
        else settle = setTimeout(() => alive && ask(), SETTLE_MS);
    }

    const soon = () => (frame ||= requestAnimationFrame(place));

    function redress() {
        for (const [index, tile] of tiles) dress(tile, index);
    }

    function arrived() {
        if (list.total !== shown) {
            shown = list.total;
            if (cursor >= shown) cursor = shown - 1;
            height();
            o.onTotal?.(shown);
        }
        for (const [index, tile] of tiles) if (tile.item !== list.at(index)) dress(tile, index);
        soon();
    }

    /** Columns changed: the picture that was first on the screen stays on it. */
    function resized() {
        if (hidden) return;
        const before = seen();
        const keep = Math.max(0, Math.ceil(-before.top / (cell + GAP))) * cols;
        const above = before.top < 0;
        if (!measure() && rows) return soon();
        height();
        redress();
        if (above) scrollTo(0, scrollY + el.getBoundingClientRect().top + Math.floor(keep / cols) * (cell + GAP) - 120);
        soon();
    }

    /** Scroll so that an index is on the screen, below the bars and above the low ones. */
    function reveal(index) {
        const y = el.getBoundingClientRect().top + Math.floor(index / cols) * (cell + GAP);
        const over = 76;
        const under = innerHeight - 96;
        if (y < over) scrollBy(0, y - over);
        else if (y + cell > under) scrollBy(0, y + cell - under);
    }

    function moveTo(index, quiet = false) {
        if (list.total <= 0) return;
        const old = cursor;
        cursor = Math.max(0, Math.min(list.total - 1, index));
        tiles.get(old)?.classList.remove('cursor');
        if (!quiet) reveal(cursor);
        place();
        tiles.get(cursor)?.classList.add('cursor');
        if (tiles.has(cursor)) el.setAttribute('aria-activedescendant', indexId(cursor));
    }

    async function extend(to) {
        if (!selection) return;
        if (anchor < 0) anchor = Math.max(0, cursor);
        const [a, b] = anchor < to ? [anchor, to] : [to, anchor];
        const now = await list.range(a, b).catch(failed);
        if (!now) return;
        const before = ranged;
        ranged = now;
        selection.swap(before, now);
    }

    function toggle(index) {
        const item = list.at(index);
        if (!item || !selection) return;
        selection.toggle(item);
        anchor = index;
        ranged = selection.has(item.sha256) ? [item] : [];
    }

    function open(index) {
        const item = list.at(index);
        if (item) o.onOpen?.(item, index);
    }

    const takeAll = () => selection?.selectAll((offset, limit) => source.load(offset, limit), list.total, source.filter);

    /** One of the keys that a list box has; true when it was ours. */
    function key(e) {
        const perScreen = Math.max(1, Math.floor((innerHeight - 180) / (cell + GAP))) * cols;
        const at = Math.max(0, cursor);
        const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: Math.min(at + cols, list.total - 1), ArrowUp: at - cols < 0 ? at : at - cols, Home: 0, End: list.total - 1, PageDown: at + perScreen, PageUp: at - perScreen };
        if (e.key in steps && !e.altKey && !e.metaKey) {
            if (e.shiftKey && anchor < 0) anchor = at;
            moveTo(cursor < 0 ? 0 : steps[e.key]);
            if (e.shiftKey) extend(cursor);
            else ranged = [], anchor = -1;
            return true;
        }
        if (e.key === ' ') return e.shiftKey ? extend(at) : toggle(at), true;
        if (e.key === 'Enter') return open(at), true;
        if (e.key === 'Escape' && selection?.size) return selection.clear(), true;
        if (e.key.toLowerCase() === 'a' && (e.ctrlKey || e.metaKey) && selection) return takeAll(), true;
        return false;
    }

    /** What a click means: the tick or Ctrl takes it, Shift takes all up to it; while some are chosen a click chooses; else it opens. */
    function click(index, e, onTick) {
        const from = cursor;
        moveTo(index, true);
        if (!selection) return open(index);
        if (e.shiftKey) {
            if (anchor < 0) anchor = Math.max(0, from);
            extend(index);
        } else if (onTick || e.ctrlKey || e.metaKey || selection.size > 0) toggle(index);
        else open(index);
    }

    const hand = framing(el, {
        shape: () => ({ cols, row: cell + GAP, cell, total: list.total }),
        click, marks: () => tiles.forEach(pick), toggle, selection,
        take: async (indexes) => {
            if (!indexes.length || !selection) return;
            const low = Math.min(...indexes);
            const items = await list.range(low, Math.max(...indexes)).catch(failed);
            if (items) selection.add(indexes.map((i) => items[i - low]).filter(Boolean));
        },
    });

    el.addEventListener('keydown', (e) => {
        if (!key(e)) return;
        e.preventDefault();
        e.stopPropagation();
    });
    el.addEventListener('focus', () => cursor < 0 && el.matches(':focus-visible') && moveTo(Math.max(0, seen().first + SPARE * cols * (scrollY > 0 ? 1 : 0)), true));
    const watch = new ResizeObserver(resized);
    const off = selection?.on(() => tiles.forEach(pick));
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    host.append(el);
    measure();
    watch.observe(el);
    soon();

    return {
        el,
        /** The same list, read again: what another device, or we, changed. */
        reload() {
            list.reset(true);
            shown = -2;
            soon();
            const { first, last } = seen();
            list.want(first, Math.max(first, last));
        },
        /** Another list. @param {{load: Function}} next */
        setSource(next) {
            source = next;
            list.reset(false);
            shown = -1;
            cursor = anchor = -1;
            ranged = [];
            el.removeAttribute('aria-activedescendant');
            for (const tile of tiles.values()) free.push(tile);
            tiles.clear();
            for (const tile of free) {
                queue.drop(tile.img);
                tile.hidden = true;
            }
            soon();
        },
        /** A tile's wanted width. */
        setSide(px) {
            side = px;
            resized();
        },
        get total() { return list.total; },
        get cursor() { return cursor; },
        at: (i) => list.at(i),
        /** The item at an index, read when it is not here. */
        item: async (i) => list.at(i) ?? (await list.range(i, i))[0],
        find: (sha) => list.find(sha),
        moveTo,
        selectAll: takeAll,
        focus: () => el.focus({ preventScroll: true }),
        /** While another tab is on show nothing is measured or read. */
        show(yes) {
            hidden = !yes;
            if (yes) resized();
        },
        stop() {
            alive = false;
            clearTimeout(settle);
            watch.disconnect();
            off?.();
            hand.stop();
            queue.stop();
            list.reset(false);
            removeEventListener('scroll', soon);
            removeEventListener('resize', soon);
            el.remove();
        },
    };
}
