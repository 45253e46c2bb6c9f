/**
 * albumorder.js - an album sorted by hand: while one album is on show in its own order, Alt with an arrow moves the chosen pictures (or the one that
 * has the keyboard) before the next or behind the last one, Alt with Home and End to its ends; the first picture is the album's cover.  A mouse
 * drags them by a tile that is chosen: everywhere else a drag frames pictures, as in any list.
 *
 * Each move is one request and one undo.
 */
import { t } from './i18n.js';
import { failed, say } from './toast.js';
import { shelf } from './shelfapi.js';

/** @param {any} ctx @param {any} grid @param {() => boolean} listed nothing is searched */
export function albumHand(ctx, grid, listed) {
    const name = () => (listed() && ctx.filter().order === 'album' && ctx.filter().album && !ctx.filter().album.startsWith('-') ? ctx.filter().album : '');
    let busy = false;
    let drag = null;

    /** Where the chosen pictures are, in order; without any the one with the keyboard. */
    async function places() {
        const chosen = ctx.selection.size ? new Set((await ctx.selection.items()).map((i) => i.sha256)) : null;
        const out = [];
        for (let i = 0; i < grid.total && chosen; i++) {
            const item = await grid.item(i);
            if (item && chosen.has(item.sha256)) out.push(i);
        }
        return chosen ? out : grid.cursor >= 0 ? [grid.cursor] : [];
    }

    /** Pictures at these places go before the one at `to`. */
    async function put(at, to) {
        if (busy || !at.length) return;
        busy = true;
        try {
            const items = await Promise.all(at.map((i) => grid.item(i)));
            let next = to;
            while (next < grid.total && at.includes(next)) next++;
            const before = next < grid.total ? (await grid.item(next)).sha256 : null;
            const albums = await shelf.list('albums', ctx.dataset());
            const album = albums.find((a) => a.name.toLowerCase() === name().toLowerCase() || String(a.id) === name());
            if (!album) return;
            const { undo } = await shelf.patch('albums', album.id, { move: items.map((i) => i.sha256), before });
            await ctx.changed();
            const place = next - at.filter((i) => i < next).length;
            grid.moveTo(place);
            ctx.undo(undo, t('album_moved', { n: items.length, place: place + 1 }));
            say(t('album_moved', { n: items.length, place: place + 1 }));
        } catch (error) {
            failed(error);
        } finally {
            busy = false;
        }
    }

    async function step(key) {
        const at = await places();
        if (!at.length) return;
        const first = at[0];
        const last = at.at(-1);
        const to = { ArrowLeft: Math.max(0, first - 1), ArrowRight: last + 2, Home: 0, End: grid.total }[key];
        if ((key === 'ArrowLeft' && first === 0 && at.length === last + 1) || (key === 'ArrowRight' && last === grid.total - 1 && at.length === last - first + 1)) return;
        await put(at, Math.min(to, grid.total));
    }

    function keys(e) {
        if (!name() || !e.altKey || e.ctrlKey || e.metaKey || !['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(e.key)) return;
        e.preventDefault();
        e.stopPropagation();
        step(e.key);
    }

    const tileAt = (e) => document.elementFromPoint(e.clientX, e.clientY)?.closest('.vtile');
    function mark(tile, after) {
        grid.el.querySelectorAll('.drop-before, .drop-after').forEach((x) => x.classList.remove('drop-before', 'drop-after'));
        tile?.classList.add(after ? 'drop-after' : 'drop-before');
    }
    const behind = (e, tile) => e.clientX > tile.getBoundingClientRect().left + tile.offsetWidth / 2;

    function down(e) {
        const tile = e.target.closest('.vtile');
        if (!name() || e.button !== 0 || e.pointerType === 'touch' || !tile || tile.getAttribute('aria-selected') !== 'true' || e.target.closest('.tile-tick')) return;
        drag = { x: e.clientX, y: e.clientY, on: false };
        e.stopPropagation(); // no frame begins here
    }
    function move(e) {
        if (!drag) return;
        drag.on ||= Math.hypot(e.clientX - drag.x, e.clientY - drag.y) > 6;
        if (!drag.on) return;
        e.preventDefault();
        const tile = tileAt(e);
        mark(tile, tile && behind(e, tile));
        grid.el.classList.add('moving');
    }
    async function up(e) {
        if (!drag) return;
        const { on } = drag;
        drag = null;
        const tile = tileAt(e);
        mark(null);
        grid.el.classList.remove('moving');
        if (!on || !tile) return;
        grid.el.addEventListener('click', (c) => (c.stopPropagation(), c.preventDefault()), { capture: true, once: true });
        put(await places(), tile.index + (behind(e, tile) ? 1 : 0));
    }
    const end = () => {
        drag = null;
        mark(null);
        grid.el.classList.remove('moving');
    };

    grid.el.addEventListener('keydown', keys, true);
    grid.el.addEventListener('pointerdown', down, true);
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', end);
    return { stop() {
        removeEventListener('pointermove', move);
        removeEventListener('pointerup', up);
        removeEventListener('pointercancel', end);
    } };
}
