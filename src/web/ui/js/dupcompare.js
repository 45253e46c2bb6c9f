/**
 * dupcompare.js - two pictures of a group beside each other, or one upon the other in turn, so that the eye finds what moved.
 *
 * Space changes between the two; the arrows choose which are compared.
 */
import { h, put } from './dom.js';
import { t, bytes } from './i18n.js';
import { icon } from './icons.js';
import { original } from './api.js';
import { dialog } from './dialog.js';

const BEAT = 700;

/** @param {{sha256: string, file: string, width: number, height: number, bytes: number, format: string}[]} pictures the one to keep is the first that says so */
export function compareDialog(pictures) {
    const kept = Math.max(0, pictures.findIndex((p) => p.keep));
    let other = kept === 0 ? 1 : 0;
    let flicker = false;
    let second = false;
    let timer = 0;
    const stage = h('div', { class: 'dup-stage' });
    const name = (p) => p.file || p.sha256.slice(0, 12);
    const shot = (p, hidden) => h('figure', { class: 'dup-side', hidden },
        h('img', { src: original(p.sha256), alt: t('picture_of', { name: name(p) }) }),
        h('figcaption', { class: 'small' }, `${name(p)} · ${p.width} × ${p.height} · ${bytes(p.bytes)} · ${p.format.toUpperCase()}`));

    function draw() {
        const a = pictures[kept];
        const b = pictures[other];
        stage.classList.toggle('flicker', flicker);
        put(stage, shot(a, flicker && second), shot(b, flicker && !second));
    }

    function beat() {
        clearInterval(timer);
        if (flicker && !matchMedia('(prefers-reduced-motion: reduce)').matches) timer = setInterval(turn, BEAT);
    }

    function turn() {
        second = !second;
        const [a, b] = stage.children;
        if (a) a.hidden = second;
        if (b) b.hidden = !second;
    }

    function step(by) {
        do other = (other + by + pictures.length) % pictures.length;
        while (other === kept);
        draw();
    }

    const keys = (e) => {
        if (e.key === ' ' && flicker && !e.target.closest?.('button')) turn();
        else if (e.key === 'ArrowRight' && pictures.length > 2) step(1);
        else if (e.key === 'ArrowLeft' && pictures.length > 2) step(-1);
        else return;
        e.preventDefault();
    };
    const box = dialog(t('dup_compare'), () => [stage,
        h('div', { class: 'dup-acts' },
            h('button', { class: 'btn', type: 'button', 'data-do': 'flicker', 'aria-pressed': 'false', onclick: (e) => {
                flicker = !flicker;
                second = false;
                e.currentTarget.setAttribute('aria-pressed', String(flicker));
                draw();
                beat();
            } }, icon('flip'), t('dup_flicker')),
            pictures.length > 2 && h('button', { class: 'btn quiet', type: 'button', 'data-do': 'next', onclick: () => step(1) }, icon('forth'), t('dup_next')))],
    { wide: true, onclose: () => clearInterval(timer) });
    stage.closest('dialog')?.addEventListener('keydown', keys);
    draw();
    return box;
}
