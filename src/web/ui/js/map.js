/**
 * map.js - the library's tab of a map: every picture a point, near ones alike; to wander, and to choose by drawing round.
 *
 * Drag moves, wheel and pinch zoom, shift-drag (or the lasso button) draws round what is to be chosen, a click opens.  With the keyboard:
 * arrows move, + and - zoom, 0 shows all, L lasso.  The list below says the same in words: what the colours are and how many
 * pictures each has.
 */
import { h, put, redraw } from './dom.js';
import { t, number, date as dayOf } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { failed, say } from './toast.js';
import { boundsOf, gridOf, inside, readMap } from './mapdata.js';
import { createPoints } from './mapgl.js';

/* Hues that stay apart on light and dark, then grey. */
const HUES = ['#2f6fed', '#e4572e', '#1b9e77', '#c2379b', '#b8860b', '#6a4fbf', '#00a3b4', '#d62839', '#6b8e23', '#f08a24', '#7f5539', '#3a86a8',
    '#9b5de5', '#2a9d8f', '#ff6f91', '#a4be36', '#5e60ce', '#bc6c25', '#4cc9f0', '#ad2831'];
const GREY = '#8b8f97';
const NEAR = 46; // pixels a small picture needs
const MOST_THUMBS = 160;
const POLL = 1500;
/** Styles by script: the page allows none in attributes. */
const styled = (el, key, value) => {
    el.style[key] = value;
    return el;
};
const rgb = (c) => [1, 3, 5].map((k) => parseInt(c.slice(k, k + 2), 16));

export function mount(host, ctx) {
    const canvas = h('canvas', { class: 'map-canvas', tabindex: '0', role: 'img', 'aria-label': t('map_label') });
    const thumbs = h('div', { class: 'map-thumbs', 'aria-hidden': 'true' });
    const tip = h('div', { class: 'map-tip', hidden: true });
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    line.setAttribute('class', 'map-lasso');
    const stage = h('div', { class: 'map-stage' }, canvas, thumbs, tip);
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
    let alive = true;
    let visible = true;
    let lasso = false;
    let hot = -1;
    let due = 0;
    let timer = 0;
    let turn = 0;
    let moved = false; // by a person: a new map does not jump
    const by = () => ctx.address.get('colour') || 'class';

    /* ---- reading */

    async function load() {
        const mine = ++turn;
        clearTimeout(timer);
        try {
            const [bytes, kept] = await Promise.all([api.map(ctx.dataset(), ctx.filter()), api.clusters(ctx.dataset()).catch(() => null)]);
            if (!alive || mine !== turn) return;
            const first = !data;
            data = readMap(bytes);
            groups = new Map((kept?.clusters ?? []).map((c) => [c.id, c.name]));
            grid = gridOf(data.xy);
            points.place(data.xy);
            if (first || !moved) fit();
            colour();
            put(note, data.n ? t(data.method === 'pca' ? 'map_rough' : 'map_ready', { n: data.n }) : t('map_empty'), data.job ? ` ${t('map_working')}` : '');
            if (data.job && visible) timer = setTimeout(load, POLL);
        } catch (error) {
            if (alive && mine === turn && error.name !== 'AbortError') failed(error);
        }
    }

    /* ---- colours */

    function kinds() {
        const count = new Map();
        const of = by() === 'cluster' ? (i) => data.cluster[i] : by() === 'date' ? (i) => new Date(data.date[i] * 1000).getFullYear() : (i) => data.klass[i];
        for (let i = 0; i < data.n; i++) count.set(of(i), (count.get(of(i)) ?? 0) + 1);
        const keys = [...count.keys()].sort(by() === 'date' ? (a, b) => a - b : (a, b) => count.get(b) - count.get(a) || a - b);
        const name = (k) => (by() === 'cluster' ? (k ? groups.get(k) ?? `${t('map_group')} ${k}` : t('map_no_group')) : by() === 'date' ? String(k) : data.classes[k] ?? '');
        return { of, list: keys.map((k, i) => ({ key: k, name: name(k), n: count.get(k), hue: (by() === 'cluster' && !k) || i >= HUES.length ? GREY : HUES[i] })) };
    }

    function colour() {
        if (!data) return;
        const { of, list } = kinds();
        const hues = new Map(list.map((k) => [k.key, rgb(k.hue)]));
        const rgba = new Uint8Array(4 * data.n);
        const choosing = ctx.selection.size > 0;
        for (let i = 0; i < data.n; i++) {
            const c = hues.get(of(i));
            rgba.set(c, 4 * i);
            const chosen = choosing && ctx.selection.has(data.sha(i));
            rgba[4 * i + 3] = !data.fits[i] ? 28 : choosing ? (chosen ? 255 : 70) : 225;
        }
        points.colour(rgba);
        redraw(legend, () => put(legend, list.slice(0, 40).map((k) => h('li', {}, h('button', { class: 'chip', type: 'button', title: t('map_choose', { name: k.name }), onclick: () => choose((i) => of(i) === k.key) },
            styled(h('span', { class: 'dot' }), 'background', k.hue), h('span', {}, k.name), h('small', {}, number(k.n)))))));
        ask();
    }

    function choose(test) {
        const items = [];
        for (let i = 0; i < data.n; i++) if (data.fits[i] && test(i)) items.push({ sha256: data.sha(i), class: data.classes[data.klass[i]] ?? '' });
        ctx.selection.add(items);
        say(t('selected', { n: ctx.selection.size }));
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
    function frame() {
        due = 0;
        if (!alive || !visible || !data) return;
        points.draw(view);
        thumbs.replaceChildren();
        clearTimeout(settle);
        settle = setTimeout(near, 120);
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
            const key = `${Math.floor(px / NEAR)},${Math.floor(py / NEAR)}`;
            if (!taken.has(key)) taken.set(key, [i, px, py]);
            return seen > 20000;
        });
        if (seen > 20000 || seen > 6 * taken.size || !taken.size) return; // far away: points say more
        put(thumbs, [...taken.values()].slice(0, MOST_THUMBS).map(([i, px, py]) => styled(h('img', { src: thumb(data.sha(i), 96), alt: '' }), 'transform', `translate(${(px - NEAR / 2).toFixed(0)}px,${(py - NEAR / 2).toFixed(0)}px)`)));
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

    function hover(px, py) {
        const [x, y] = toPlane(px, py);
        hot = data && grid ? grid.nearest(x, y, 14 / view.scale) : -1;
        canvas.style.cursor = hot >= 0 ? 'pointer' : lasso ? 'crosshair' : 'grab';
        tip.hidden = hot < 0;
        if (hot < 0) return;
        const [cx, cy] = toPage(hot);
        put(tip, h('img', { src: thumb(data.sha(hot), 192), alt: '' }), h('span', {}, data.classes[data.klass[hot]] ?? '', ' · ', dayOf(new Date(data.date[hot] * 1000))));
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
            choose((i) => inside(polygon, data.xy[2 * i], data.xy[2 * i + 1]));
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
        const step = 60 / view.scale;
        const act = { ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; }, ArrowUp: () => { view.y -= step; }, ArrowDown: () => { view.y += step; }, '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3), 0: () => data && fit() }[e.key];
        if (!act) return;
        e.preventDefault();
        e.stopPropagation();
        act();
        ask();
    });

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
    const off = [ctx.onDataset(() => { moved = false; load(); }), ctx.onFilter(load), ctx.onChange(load), ctx.selection.on(colour),
        ctx.onAddress(() => { tools(); colour(); })];
    tools();
    size();
    load();
    return {
        keys: { l: toggle },
        show() {
            visible = true;
            size();
            load();
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
