/**
 * zoomstage.js - a picture that fits its frame, and may be looked at closely: wheel, double click, pinch, plus and minus; dragged when
 * larger than its frame.
 */
import { h } from './dom.js';

const MOST = 12;

/** @param {(by: number) => void} swiped a finger wiped over the picture while it fits: -1 or 1 @returns {{el: HTMLElement, show: (src: string, alt: string, small?: string) => void, by: (factor: number) => void, reset: () => boolean}} */
export function zoomStage(swiped) {
    const under = h('img', { class: 'stage-under', alt: '', 'aria-hidden': 'true', draggable: 'false' });
    const img = h('img', { class: 'stage-picture', alt: '', draggable: 'false', decoding: 'async' });
    const el = h('div', { class: 'stage' }, under, img);
    const fingers = new Map();
    let scale = 1;
    let x = 0;
    let y = 0;
    let apart = 0;

    function apply() {
        const w = (el.clientWidth * (scale - 1)) / 2;
        const v = (el.clientHeight * (scale - 1)) / 2;
        x = Math.max(-w, Math.min(w, x));
        y = Math.max(-v, Math.min(v, y));
        img.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
        el.classList.toggle('zoomed', scale > 1.01);
    }

    /** Zoom so that what is at this point of the window stays there. */
    function zoom(factor, cx, cy) {
        const r = el.getBoundingClientRect();
        const px = (cx ?? r.left + r.width / 2) - r.left - r.width / 2;
        const py = (cy ?? r.top + r.height / 2) - r.top - r.height / 2;
        const next = Math.max(1, Math.min(MOST, scale * factor));
        x = px - ((px - x) * next) / scale;
        y = py - ((py - y) * next) / scale;
        scale = next;
        apply();
    }

    function reset() {
        const was = scale > 1.01;
        scale = 1;
        x = y = 0;
        apply();
        return was;
    }

    el.addEventListener('wheel', (e) => {
        e.preventDefault();
        zoom(Math.exp(-e.deltaY * (e.ctrlKey ? 0.01 : 0.002)), e.clientX, e.clientY);
    }, { passive: false });
    el.addEventListener('dblclick', (e) => (scale > 1.01 ? reset() : zoom(3, e.clientX, e.clientY)));
    let from = null;
    el.addEventListener('pointerdown', (e) => {
        from = e.pointerType === 'mouse' || fingers.size || scale > 1.01 ? null : [e.clientX, e.clientY];
        fingers.set(e.pointerId, [e.clientX, e.clientY]);
        el.setPointerCapture(e.pointerId);
    });
    el.addEventListener('pointermove', (e) => {
        const before = fingers.get(e.pointerId);
        if (!before) return;
        fingers.set(e.pointerId, [e.clientX, e.clientY]);
        if (fingers.size === 2) {
            const [a, b] = [...fingers.values()];
            const d = Math.hypot(a[0] - b[0], a[1] - b[1]);
            if (apart) zoom(d / apart, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
            apart = d;
        } else if (scale > 1.01) {
            x += e.clientX - before[0];
            y += e.clientY - before[1];
            apply();
        }
    });
    const up = (e) => {
        const wiped = from && e.type === 'pointerup' ? e.clientX - from[0] : 0;
        if (from && Math.abs(wiped) > 56 && Math.abs(wiped) > 2 * Math.abs(e.clientY - from[1])) swiped(wiped < 0 ? 1 : -1);
        from = null;
        fingers.delete(e.pointerId);
        apart = 0;
    };
    el.addEventListener('pointerup', up);
    el.addEventListener('pointercancel', up);
    return {
        el,
        show(src, alt, small) {
            reset();
            img.classList.remove('there');
            img.onload = () => img.classList.add('there');
            img.src = src;
            img.alt = alt;
            if (small) under.src = small;
            else under.removeAttribute('src');
            if (img.complete && img.naturalWidth) img.classList.add('there');
        },
        by: (factor) => zoom(factor),
        reset,
    };
}
