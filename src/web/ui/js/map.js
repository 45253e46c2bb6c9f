/**
 * map.js - the library's tab of a map: every picture a point, near ones alike; to wander, and to choose by drawing round.
 *
 * Drag moves, wheel and pinch zoom, shift-drag (or the lasso button) draws round what is to be chosen, a click opens.  With the keyboard:
 * arrows move, + and - zoom, 0 shows all; a cross in the middle names the nearest picture, Enter opens it, Space takes it, Ctrl+A takes
 * all that are on show.  The list below says the same in words: what the colours are and how many pictures each has.
 *
 * The map is read when something changed and somebody looks; while a finer one is made its job's end is waited for.  What a colour
 * means is worked out when the map or the question changes, not when something is chosen.
 */
import { h, put, redraw } from './dom.js';
import { t, number, date as dayOf } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { failed, say } from './toast.js';
import { state, on } from './state.js';
import { trouble } from './trouble.js';
import { boundsOf, gridOf, readMap } from './mapdata.js';
import { createPoints } from './mapgl.js';

/* Hues that stay apart on light and dark, then grey. */
const HUES = ['#2f6fed', '#e4572e', '#1b9e77', '#c2379b', '#b8860b', '#6a4fbf', '#00a3b4', '#d62839', '#6b8e23', '#f08a24', '#7f5539', '#3a86a8',
    '#9b5de5', '#2a9d8f', '#ff6f91', '#a4be36', '#5e60ce', '#bc6c25', '#4cc9f0', '#ad2831'];
const GREY = '#8b8f97';
const NEAR = 46; // pixels a small picture needs
const MOST_THUMBS = 160;
/** A finer map is asked for when its job has ended; when nobody says so, after this long. */
const POLL = 10000;
/** Pixels from the cross at which a picture is named. */
const REACH = 60;
/** A frame that took longer draws fewer points in the next one, down to this share; a map at rest has all. */
const SLOW_MS = 30;
const LEAST = 0.1;
const FEW = 20000;
/** Styles by script: the page allows none in attributes. */
const styled = (el, key, value) => {
    el.style[key] = value;
    return el;
};
/** A colour as it lies in memory, without how much of it: red first. */
const packed = (c) => parseInt(c.slice(5, 7) + c.slice(3, 5) + c.slice(1, 3), 16);

export function mount(host, ctx) {
    const canvas = h('canvas', { class: 'map-canvas', tabindex: '0', role: 'application', 'aria-label': t('map_label') });
    const cross = h('div', { class: 'map-cross', 'aria-hidden': 'true' });
    const thumbs = h('div', { class: 'map-thumbs', 'aria-hidden': 'true' });
    const tip = h('div', { class: 'map-tip', hidden: true });
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    line.setAttribute('class', 'map-lasso');
    const stage = h('div', { class: 'map-stage' }, canvas, thumbs, cross, tip);
    stage.append(line);
    const note = h('p', { class: 'muted map-note', role: 'status' });
    const legend = h('ul', { class: 'map-legend', 'aria-label': t('map_legend') });
    host.append(stage, note, legend);

    const points = createPoints(canvas);
    stage.dataset.kind = points.kind;
    const view = { x: 0, y: 0, scale: 20, width: 1, height: 1 };
    let data = null;
    let grid = null;
    let groups = new Map();
    let kinds = { of: new Uint32Array(0), list: [] }; // of: each point's place in list
    let alive = true;
    let visible = false;
    let stale = true;
    let lasso = false;
    let hot = -1;
    let due = 0;
    let timer = 0;
    let turn = 0;
    let moved = false; // by a person: a new map does not jump
    let share = 1; // of the points, while the map moves
    const by = () => ctx.address.get('colour') || 'class';
    let colouredBy = '';

    /* ---- reading */

    async function load() {
        if (!visible) return void (stale = true);
        const mine = ++turn;
        stale = false;
        clearTimeout(timer);
        if (!data) put(note, t('loading'));
        try {
            const [bytes, kept] = await Promise.all([api.map(ctx.dataset(), ctx.filter()), api.clusters(ctx.dataset()).catch(() => null)]);
            if (!alive || mine !== turn) return;
            const first = !data;
            data = readMap(bytes);
            host.querySelector('[data-part="trouble"]')?.remove();
            groups = new Map((kept?.clusters ?? []).map((c) => [c.id, c.name]));
            grid = gridOf(data.xy);
            points.place(data.xy);
            if (first || !moved) fit();
            sort();
            stage.dataset.points = String(data.n);
            stage.dataset.method = data.method;
            tell();
            if (data.job && visible) timer = setTimeout(load, POLL);
        } catch (error) {
            if (!alive || mine !== turn || error.name === 'AbortError') return;
            stale = true;
            if (data) return failed(error);
            host.querySelector('[data-part="trouble"]')?.remove();
            put(note);
            host.append(trouble(error, load));
        }
    }

    const tell = () => put(note, data.n ? t(data.method === 'pca' ? 'map_rough' : 'map_ready', { n: data.n }) : t('map_empty'), data.job ? ` ${t('map_working')}` : '');

    const jobs = () => data?.job && visible && !state.jobs.some((j) => j.id === data.job && ['running', 'pending'].includes(j.state)) && state.jobs.some((j) => j.id === data.job) && load();

    /* ---- colours */

    const nameOfClass = (name) => (ctx.classes().find((c) => c.name === name)?.unsorted ? t('no_class_yet') : name);

    /** The year of each point: a day is looked up once. */
    function years() {
        const known = new Map();
        return Uint32Array.from(data.date, (s) => {
            const day = Math.floor(s / 3600); // an hour: a year begins at midnight of this place
            let year = known.get(day);
            if (year === undefined) known.set(day, (year = new Date(s * 1000).getFullYear()));
            return year;
        });
    }

    /** What the colours stand for: most pictures first, years in their order. */
    function sort() {
        if (!data) return;
        colouredBy = by();
        const raw = colouredBy === 'cluster' ? data.cluster : colouredBy === 'date' ? years() : data.klass;
        const count = new Map();
        for (let i = 0; i < data.n; i++) count.set(raw[i], (count.get(raw[i]) ?? 0) + 1);
        const keys = [...count.keys()].sort(colouredBy === 'date' ? (a, b) => a - b : (a, b) => count.get(b) - count.get(a) || a - b);
        const name = (k) => (colouredBy === 'cluster' ? (k ? groups.get(k) ?? `${t('map_group')} ${k}` : t('map_no_group')) : colouredBy === 'date' ? String(k) : nameOfClass(data.classes[k] ?? ''));
        const place = new Map(keys.map((k, at) => [k, at]));
        kinds = { of: raw.map((k) => place.get(k)), list: keys.map((k, at) => ({ name: name(k), n: count.get(k), hue: (colouredBy === 'cluster' && !k) || at >= HUES.length ? GREY : HUES[at] })) };
        redraw(legend, () => put(legend, kinds.list.slice(0, 40).map((k, at) => h('li', {}, h('button', { class: 'btn quiet', type: 'button', 'data-set': String(at), title: t('map_choose', { name: k.name }), onclick: () => chooseKind(at) },
            styled(h('span', { class: 'dot' }), 'background', k.hue), h('span', { class: 'map-kind' }, k.name), h('small', {}, number(k.n)))))));
        paint();
    }

    function paint() {
        if (!data) return;
        const hues = Uint32Array.from(kinds.list, (k) => packed(k.hue));
        const rgba = new Uint32Array(data.n);
        const choosing = ctx.selection.size > 0;
        for (let i = 0; i < data.n; i++) {
            const alpha = !data.fits[i] ? 28 : !choosing ? 225 : ctx.selection.has(data.sha(i)) ? 255 : 70;
            rgba[i] = (hues[kinds.of[i]] | (alpha << 24)) >>> 0;
        }
        points.colour(new Uint8Array(rgba.buffer));
        ask();
    }

    const itemAt = (i) => ({ sha256: data.sha(i), class: data.classes[data.klass[i]] ?? '' });

    function take(indexes) {
        ctx.selection.add(indexes.map(itemAt));
        say(t('selected', { n: ctx.selection.size }));
    }

    function chooseKind(at) {
        const found = [];
        for (let i = 0; i < data.n; i++) if (data.fits[i] && kinds.of[i] === at) found.push(i);
        take(found);
    }

    /* ---- the view */

    const toPage = (i) => [(data.xy[2 * i] - view.x) * view.scale + view.width / 2, (data.xy[2 * i + 1] - view.y) * view.scale + view.height / 2];
    const toPlane = (px, py) => [(px - view.width / 2) / view.scale + view.x, (py - view.height / 2) / view.scale + view.y];

    function fit() {
        const b = boundsOf(data.xy);
        view.x = (b.left + b.right) / 2;
        view.y = (b.top + b.bottom) / 2;
        view.scale = Math.min(view.width / (b.right - b.left || 1), view.height / (b.bottom - b.top || 1)) * 0.92;
        ask();
    }

    function zoom(factor, px = view.width / 2, py = view.height / 2) {
        const [x, y] = toPlane(px, py);
        view.scale = Math.max(2, Math.min(20000, view.scale * factor));
        view.x = x - (px - view.width / 2) / view.scale;
        view.y = y - (py - view.height / 2) / view.scale;
        moved = true;
        ask();
    }

    function ask() {
        if (!due) due = requestAnimationFrame(frame);
    }

    let settle = 0;
    let before = 0;
    function frame(now) {
        due = 0;
        if (!alive || !visible || !data) return;
        const gap = now - before;
        before = now;
        if (data.n > FEW && gap < 400) share = gap > SLOW_MS ? Math.max(LEAST, share * 0.7) : Math.min(1, share * 1.06);
        points.draw(view, share);
        if (thumbs.firstChild) thumbs.replaceChildren();
        clearTimeout(settle);
        settle = setTimeout(rest, 120);
    }

    /** Nothing moves any more: all points, and small pictures where there is room. */
    function rest() {
        if (!alive || !visible || !data) return;
        if (share < 1) points.draw(view);
        near();
        if (document.activeElement === canvas && canvas.matches(':focus-visible')) pointOut();
    }

    /** With the keyboard: the picture under the cross, said and shown. */
    function pointOut() {
        hover(view.width / 2, view.height / 2, REACH);
        if (hot >= 0) say([nameOfClass(data.classes[data.klass[hot]] ?? ''), dayOf(new Date(data.date[hot] * 1000))].filter(Boolean).join(', '));
    }

    /** Small pictures where there is room for them: one a square of the page. */
    function near() {
        if (!alive || !data || !grid) return;
        const [left, top] = toPlane(0, 0);
        const [right, bottom] = toPlane(view.width, view.height);
        const taken = new Map();
        let seen = 0;
        grid.each({ left, top, right, bottom }, (i) => {
            if (!data.fits[i]) return false;
            seen += 1;
            const [px, py] = toPage(i);
            const key = Math.floor(py / NEAR) * 4096 + Math.floor(px / NEAR);
            if (!taken.has(key)) taken.set(key, [i, px, py]);
            return seen > 20000;
        });
        if (seen > 20000 || seen > 6 * taken.size || !taken.size) return; // far away: points say more
        put(thumbs, [...taken.values()].slice(0, MOST_THUMBS).map(([i, px, py]) => styled(h('img', { src: thumb(data.sha(i), 96), alt: '', onerror: (e) => e.target.remove() }), 'transform', `translate(${(px - NEAR / 2).toFixed(0)}px,${(py - NEAR / 2).toFixed(0)}px)`)));
    }

    function size() {
        const box = stage.getBoundingClientRect();
        if (!box.width) return;
        const first = view.width === 1;
        view.width = box.width;
        view.height = box.height;
        const ratio = Math.min(2, devicePixelRatio || 1);
        canvas.width = Math.round(box.width * ratio);
        canvas.height = Math.round(box.height * ratio);
        line.setAttribute('viewBox', `0 0 ${box.width} ${box.height}`);
        if (data && (first || !moved)) fit();
        ask();
    }

    /* ---- hands */

    const fingers = new Map();
    let path = null;
    let travelled = 0;
    let spread = 0;
    const at = (e) => {
        const box = stage.getBoundingClientRect();
        return [e.clientX - box.left, e.clientY - box.top];
    };
    const gap = () => {
        const [a, b] = [...fingers.values()];
        return Math.hypot(a[0] - b[0], a[1] - b[1]);
    };

    function hover(px, py, reach = 14) {
        const [x, y] = toPlane(px, py);
        hot = data && grid ? grid.nearest(x, y, reach / view.scale, (i) => data.fits[i]) : -1;
        canvas.style.cursor = hot >= 0 ? 'pointer' : lasso ? 'crosshair' : 'grab';
        tip.hidden = hot < 0;
        if (hot < 0) return;
        const [cx, cy] = toPage(hot);
        if (tip.dataset.sha !== data.sha(hot)) put(tip, h('img', { src: thumb(data.sha(hot), 192), alt: '' }), h('span', {}, nameOfClass(data.classes[data.klass[hot]] ?? ''), ' · ', dayOf(new Date(data.date[hot] * 1000))));
        tip.dataset.sha = data.sha(hot);
        tip.style.transform = `translate(${Math.min(view.width - 180, cx + 14)}px,${Math.max(0, Math.min(view.height - 200, cy - 90))}px)`;
    }

    canvas.addEventListener('pointerdown', (e) => {
        canvas.setPointerCapture(e.pointerId);
        fingers.set(e.pointerId, at(e));
        travelled = 0;
        tip.hidden = true;
        if (fingers.size === 2) spread = gap();
        path = fingers.size === 1 && (lasso || e.shiftKey) ? [at(e)] : null;
    });
    canvas.addEventListener('pointermove', (e) => {
        const before = fingers.get(e.pointerId);
        const now = at(e);
        if (!before) return hover(...now);
        fingers.set(e.pointerId, now);
        travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
        if (path) {
            path.push(now);
            line.innerHTML = `<path d="M${path.map((p) => p.map((v) => v.toFixed(1)).join(' ')).join('L')}Z"/>`;
        } else if (fingers.size === 2) {
            const wide = gap();
            const [a, b] = [...fingers.values()];
            zoom(wide / (spread || wide), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
            spread = wide;
        } else {
            view.x -= (now[0] - before[0]) / view.scale;
            view.y -= (now[1] - before[1]) / view.scale;
            moved = true;
            ask();
        }
    });
    function up(e) {
        fingers.delete(e.pointerId);
        if (path && path.length > 3 && data) {
            const polygon = path.map(([px, py]) => toPlane(px, py));
            const found = [];
            grid.within(polygon, (i) => data.fits[i] && found.push(i));
            take(found);
        } else if (travelled < 4 && data && e.type === 'pointerup') {
            hover(...at(e));
            tip.hidden = true;
            if (hot >= 0) ctx.openPicture(data.sha(hot));
        }
        path = null;
        line.innerHTML = '';
    }
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
    canvas.addEventListener('wheel', (e) => {
        e.preventDefault();
        zoom(Math.exp(-e.deltaY * 0.0015), ...at(e));
    }, { passive: false });
    canvas.addEventListener('keydown', (e) => {
        const all = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'a';
        if ((e.ctrlKey || e.altKey || e.metaKey) && !all) return;
        const step = (e.shiftKey ? 240 : 60) / view.scale;
        const here = (run) => () => {
            hover(view.width / 2, view.height / 2, REACH);
            if (hot >= 0) run(hot);
        };
        const act = { ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; }, ArrowUp: () => { view.y -= step; }, ArrowDown: () => { view.y += step; }, '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3), 0: () => data && fit(),
            Enter: here((i) => ctx.openPicture(data.sha(i))), ' ': here((i) => ctx.selection.toggle(itemAt(i))) }[e.key] ?? (all && (() => grid && inView()));
        if (!act) return;
        e.preventDefault();
        e.stopPropagation();
        if (e.key.startsWith('Arrow')) moved = true;
        act();
        ask();
    });
    canvas.addEventListener('focus', () => canvas.matches(':focus-visible') && ask());
    canvas.addEventListener('blur', () => { tip.hidden = true; });

    function inView() {
        const [left, top] = toPlane(0, 0);
        const [right, bottom] = toPlane(view.width, view.height);
        const found = [];
        grid.each({ left, top, right, bottom }, (i) => void (data.fits[i] && found.push(i)));
        take(found);
    }

    function tools() {
        ctx.tools(
            h('div', { class: 'seg', role: 'group', 'aria-label': t('map_colour') }, ['class', 'cluster', 'date'].map((k) => h('button', { class: 'btn small', type: 'button', 'data-colour': k, 'aria-pressed': String(by() === k), onclick: () => ctx.address.set({ colour: k === 'class' ? '' : k }, true) }, t(`map_by_${k}`)))),
            h('button', { class: 'btn small', type: 'button', 'data-do': 'lasso', 'aria-pressed': String(lasso), onclick: toggle }, icon('edit'), h('span', {}, t('map_lasso'))),
            h('button', { class: 'btn plain square', type: 'button', 'data-do': 'all', 'aria-label': t('map_all'), title: t('map_all'), onclick: () => { moved = false; if (data) fit(); } }, icon('again')));
    }

    function toggle() {
        lasso = !lasso;
        tools();
    }

    const watcher = new ResizeObserver(size);
    watcher.observe(stage);
    const off = [ctx.onDataset(() => { moved = false; load(); }), ctx.onFilter(load), ctx.onChange(load), ctx.onClasses(() => visible && sort()), ctx.selection.on(() => (visible ? paint() : (unpainted = true))), on('jobs', jobs),
        ctx.onAddress(() => visible && by() !== colouredBy && (tools(), sort()))];
    let unpainted = false;
    tools();
    return {
        keys: { l: toggle },
        show() {
            visible = true;
            size();
            if (stale) load();
            else if (by() !== colouredBy) sort();
            else if (unpainted) paint();
            unpainted = false;
            tools();
            ask();
        },
        hide() {
            visible = false;
            clearTimeout(timer);
        },
        unmount() {
            alive = false;
            clearTimeout(timer);
            watcher.disconnect();
            off.forEach((f) => f());
            points.stop();
        },
    };
}
