/** scan.js - the scanner: the viewfinder, the result of the scan on show, this session's scans. */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { original, thumb } from './api.js';
import { camera } from './camera.js';
import { viewfinder } from './viewfinder.js';
import { result } from './result.js';
import { headline } from './words.js';
import { scanBlob, scanFiles, scanAgain } from './scanner.js';
import { state, on, emit } from './state.js';
import { failed } from './toast.js';

const touch = matchMedia('(pointer: coarse)');

const pastName = (r) => (r.status === 'ambiguous' && r.label ? `${r.label}?` : r.label ?? t(`status_${r.status}`));

function historyItem(scan) {
    const words = headline(scan.result);
    return h('li', {}, h('button', { type: 'button', class: 'past', 'data-status': scan.result?.status, 'aria-current': scan === state.scan ? 'true' : undefined, title: words, onclick: () => {
        state.scan = scan;
        emit('scan');
    } }, h('img', { src: scan.url, alt: '' }), h('span', {}, pastName(scan.result))));
}

function welcome() {
    const filled = state.classes.filter((c) => c.images > 0);
    const samples = filled.filter((c) => c.cover).slice(0, 8);
    if (!filled.length)
        return h('div', { class: 'welcome' }, h('h1', {}, t('welcome_empty')), h('p', { class: 'muted' }, t('welcome_empty_help')),
            h('a', { class: 'btn main', href: '#/data' }, icon('data'), t('tab_data')));
    return h('div', { class: 'welcome' },
        h('h1', {}, t('welcome')),
        h('p', { class: 'muted' }, t('welcome_help', { n: filled.length }), ' ', t(touch.matches ? 'welcome_touch' : 'welcome_keys')),
        h('h2', { class: 'over' }, t('welcome_try')),
        h('ul', { class: 'samples' }, samples.map((c) => h('li', {}, h('button', { type: 'button', class: 'sample', 'data-sample': c.name, onclick: () => trySample(c) },
            h('img', { src: thumb(c.cover), alt: '', loading: 'lazy' }), h('span', {}, c.name))))));
}

/** A newcomer without a part at hand: scan a stored picture, cropped so that it is not its own copy. */
async function trySample(c) {
    try {
        const image = await createImageBitmap(await (await fetch(original(c.cover))).blob());
        const cut = 0.06;
        const canvas = h('canvas', { width: Math.round(image.width * (1 - 2 * cut)), height: Math.round(image.height * (1 - 2 * cut)) });
        canvas.getContext('2d').drawImage(image, -image.width * cut, -image.height * cut);
        const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
        await scanBlob(blob, `${c.name}.jpg`);
    } catch (error) {
        failed(error);
    }
}

/** @returns {{el: HTMLElement, stop: () => void, keys: Record<string, () => void>}} */
export function scanView() {
    const finder = viewfinder({ capture, files: scanFiles });
    const panel = h('section', { class: 'panel', id: 'result', 'aria-label': t('result'), tabindex: '-1' });
    const past = h('section', { class: 'history', 'aria-label': t('history') });
    const el = h('div', { class: 'scan' }, h('div', { class: 'stage' }, finder.el, past), panel);

    async function capture() {
        if (!camera.ready) return;
        finder.took();
        navigator.vibrate?.(15);
        try {
            await scanBlob(await camera.capture());
        } catch (error) {
            failed(error);
        }
    }

    function draw() {
        const scan = state.scan;
        el.classList.toggle('has-result', Boolean(scan));
        redraw(panel, () => put(panel, scan ? result(scan) : welcome()), '.teach.done button');
        if (scan?.pending && panel.getBoundingClientRect().top < 0) scrollTo(0, 0);
        panel.setAttribute('aria-busy', String(Boolean(scan?.pending)));
        put(past, state.history.length > 0 && [h('h2', { class: 'over' }, t('history')), h('ol', {}, state.history.map(historyItem))]);
    }

    const off = [on('scan', draw), on('classes', draw)];
    draw();
    return {
        el,
        stop() {
            finder.stop();
            for (const f of off) f();
        },
        files: scanFiles,
        keys: {
            ' ': () => (camera.ready ? capture() : finder.pick()),
            o: finder.pick,
            a: finder.toggleSteady,
            t: finder.torch,
            r: () => state.scan && scanAgain(state.scan),
            c: () => panel.querySelector('.teach button')?.focus(),
        },
    };
}
