/**
 * gridhand.js - a mouse or a finger on the grid: click, frame, long press.
 *
 * A mouse that is dragged draws a frame and takes what it touches.  A finger that stays LONG_MS on a picture takes it and takes
 * what it then moves over; before that a moving finger scrolls, as everywhere.  Near the edge of the window the list follows.
 */
const LONG_MS = 420;
const SLACK = 7;
const EDGE = 72;

/**
 * @param {HTMLElement} el the grid
 * @param {{shape: () => {cols: number, row: number, cell: number, total: number}, click: (index: number, e: PointerEvent, onTick: boolean) => void,
 *   marks: () => void, toggle: (index: number) => void, take: (indexes: number[]) => any, selection: any}} o
 */
export function framing(el, o) {
    /** @type {null|{kind: 'wait'|'frame'|'sweep', x: number, y: number, px: number, py: number, from: number, id: number, tick: boolean, moved: boolean}} */
    let act = null;
    let covered = new Set();
    let timer = 0;
    let ticker = 0;
    const box = document.createElement('div');
    box.className = 'rubber';
    box.hidden = true;
    el.append(box);

    const point = (e) => {
        const r = el.getBoundingClientRect();
        return { x: e.clientX - r.left, y: e.clientY - r.top };
    };

    function indexAt({ x, y }) {
        const { cols, row, total } = o.shape();
        const width = el.clientWidth;
        const c = Math.min(cols - 1, Math.max(0, Math.floor((x / Math.max(1, width)) * cols)));
        return Math.max(0, Math.min(total - 1, Math.floor(Math.max(0, y) / row) * cols + c));
    }

    function inside(a, b) {
        const { cols, row, cell, total } = o.shape();
        const gap = row - cell;
        const found = new Set();
        const [x0, x1] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
        const [y0, y1] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
        for (let r = Math.max(0, Math.floor(y0 / row)); r <= Math.floor(y1 / row); r++) {
            if (y0 > r * row + cell) continue;
            for (let c = 0; c < cols; c++) {
                const left = c * (cell + gap);
                if (left <= x1 && left + cell >= x0 && r * cols + c < total) found.add(r * cols + c);
            }
        }
        return found;
    }

    function draw() {
        const now = point({ clientX: act.px, clientY: act.py });
        if (act.kind === 'frame') {
            covered = inside({ x: act.x, y: act.y }, now);
            box.hidden = false;
            box.style.transform = `translate(${Math.min(act.x, now.x)}px, ${Math.min(act.y, now.y)}px)`;
            box.style.width = `${Math.abs(now.x - act.x)}px`;
            box.style.height = `${Math.abs(now.y - act.y)}px`;
        } else {
            const to = indexAt(now);
            const [a, b] = act.from < to ? [act.from, to] : [to, act.from];
            covered = new Set(Array.from({ length: b - a + 1 }, (_, i) => a + i));
        }
        o.marks();
    }

    /** Once a frame while the hand is down: the list follows near the edges. */
    function follow() {
        ticker = 0;
        if (!act || act.kind === 'wait') return;
        const over = act.py < EDGE + 60 ? act.py - EDGE - 60 : act.py > innerHeight - EDGE ? act.py - innerHeight + EDGE : 0;
        if (over) scrollBy(0, over / 4);
        draw();
        ticker = requestAnimationFrame(follow);
    }

    function begin(kind) {
        act.kind = kind;
        act.moved = true;
        el.classList.add('framing');
        getSelection()?.removeAllRanges();
        ticker ||= requestAnimationFrame(follow);
    }

    function end(take) {
        clearTimeout(timer);
        cancelAnimationFrame(ticker);
        ticker = 0;
        const taken = [...covered];
        covered = new Set();
        box.hidden = true;
        el.classList.remove('framing');
        act = null;
        if (take && taken.length) o.take(taken);
        o.marks();
    }

    function down(e) {
        if (e.button !== 0 || act) return;
        const at = point(e);
        const tile = e.target.closest('.vtile');
        act = { kind: 'wait', ...at, px: e.clientX, py: e.clientY, from: tile ? tile.index : indexAt(at), id: e.pointerId, tick: Boolean(e.target.closest('.tile-tick')), moved: !tile };
        clearTimeout(timer);
        if (e.pointerType !== 'mouse' && tile && o.selection)
            timer = setTimeout(() => {
                if (!act) return;
                begin('sweep');
                navigator.vibrate?.(12);
            }, LONG_MS);
    }

    function move(e) {
        if (!act || e.pointerId !== act.id) return;
        const far = Math.hypot(e.clientX - act.px, e.clientY - act.py) > SLACK;
        if (act.kind === 'wait') {
            if (!far) return;
            if (e.pointerType !== 'mouse') return end(false);
            if (o.selection) begin('frame');
            else return end(false);
        }
        act.px = e.clientX;
        act.py = e.clientY;
    }

    function up(e) {
        if (!act || e.pointerId !== act.id) return;
        const { kind, from, tick, moved } = act;
        if (kind !== 'wait') draw();
        end(true);
        if (kind === 'wait' && !moved) o.click(from, e, tick);
    }

    const cancel = () => act && end(act.kind !== 'wait');
    const hold = (e) => act?.kind === 'sweep' && e.cancelable && e.preventDefault();
    const menu = (e) => act && e.preventDefault();
    el.addEventListener('pointerdown', down);
    el.addEventListener('touchmove', hold, { passive: false });
    el.addEventListener('contextmenu', menu);
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    addEventListener('pointercancel', cancel);
    return {
        covers: (index) => covered.has(index),
        stop() {
            end(false);
            removeEventListener('pointermove', move);
            removeEventListener('pointerup', up);
            removeEventListener('pointercancel', cancel);
        },
    };
}
