/**
 * viewfinder.js - the live picture with its hints, the shutter and the controls around it; and, where
 * there is no camera, why, and what to do instead.
 */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { camera } from './camera.js';
import { Steady, toGrey, hint, W, H } from './sense.js';
import { prefs, setPref } from './prefs.js';
import { state } from './state.js';

const SAMPLE_MS = 140;

/**
 * @param {{capture: () => void, files: (files: File[]) => void}} on
 * @returns {{el: HTMLElement, stop: () => void, took: () => void, pick: () => void, toggleSteady: () => void, torch: () => void}}
 */
export function viewfinder(on) {
    const steady = new Steady();
    const pill = h('p', { class: 'pill', role: 'status' });
    const ring = h('span', { class: 'ring' });
    const stage = h('div', { class: 'lens' });
    const tools = h('div', { class: 'tools' });
    const file = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'pick-file', onchange: pickDone });
    const photo = h('input', { type: 'file', accept: 'image/*', capture: 'environment', hidden: true, id: 'take-photo', onchange: pickDone });
    const shutter = h('button', { class: 'shutter', type: 'button', id: 'shutter', onclick: press, 'aria-keyshortcuts': 'Space' }, ring, h('span', { class: 'hush' }, t('capture')));
    const controls = h('div', { class: 'controls' });
    const el = h('section', { class: 'finder', 'aria-label': t('viewfinder') }, h('div', { class: 'glass' }, stage, pill, tools), controls, file, photo);
    let torchOn = false;

    function pickDone(e) {
        const files = [...e.target.files]; // the list itself empties with the field
        e.target.value = '';
        if (files.length) on.files(files);
    }
    function press() {
        if (camera.ready) on.capture();
        else photo.click();
    }
    const pick = () => file.click();

    function button(name, key, run, pressed) {
        return h('button', { class: 'btn lens-btn', type: 'button', title: t(key), 'aria-label': `${t(`${key}_short`)}: ${t(key)}`, 'aria-pressed': pressed === undefined ? undefined : String(pressed), onclick: run, 'data-do': name }, icon(name), h('span', { 'aria-hidden': 'true' }, t(`${key}_short`)));
    }

    function toggleSteady() {
        setPref('steady', !prefs.steady);
        steady.rearm();
        draw();
    }

    async function torch() {
        if (!camera.abilities().torch) return;
        torchOn = !torchOn;
        await camera.setting('torch', torchOn)?.catch(() => {});
        draw();
    }

    async function chooser() {
        const devices = await camera.devices();
        if (devices.length < 2) return null;
        const now = camera.track?.getSettings().deviceId;
        return h('select', { 'aria-label': t('camera_choose'), class: 'device', onchange: (e) => {
            setPref('camera', e.target.value);
            camera.start(e.target.value);
        } }, devices.map((d, i) => h('option', { value: d.deviceId, selected: d.deviceId === now }, d.label || t('camera_n', { n: i + 1 }))));
    }

    function zoomer() {
        const { zoom } = camera.abilities();
        if (!zoom) return null;
        return h('label', { class: 'zoom' }, icon('zoom'), h('span', { class: 'hush' }, t('zoom')),
            h('input', { type: 'range', min: zoom.min, max: zoom.max, step: zoom.step || 0.1, value: camera.track.getSettings().zoom ?? zoom.min,
                oninput: (e) => camera.setting('zoom', Number(e.target.value))?.catch(() => {}) }));
    }

    function excuse(why) {
        const secure = (state.info?.lan?.urls ?? []).find((u) => u.startsWith('https:'));
        return h('div', { class: 'excuse' },
            icon(why === 'insecure' ? 'lock' : 'nocamera'),
            h('h2', {}, t(`camera_${why}`)),
            h('p', {}, t(`camera_${why}_help`)),
            why === 'insecure' && secure && h('p', {}, h('a', { href: secure }, t('open_secure', { url: secure })), ' · ', h('a', { href: '/v1/ca.crt' }, t('certificate'))),
            h('div', { class: 'chips' },
                h('button', { class: 'btn main', type: 'button', onclick: () => photo.click() }, icon('camera'), t('take_photo')),
                h('button', { class: 'btn', type: 'button', onclick: pick }, icon('file'), t('pick')),
                why !== 'insecure' && h('button', { class: 'btn', type: 'button', onclick: () => camera.start() }, icon('again'), t('try_again'))));
    }

    let turn = 0;
    async function draw() {
        const mine = ++turn;
        const live = camera.state === 'on' || camera.state === 'starting' || camera.state === 'off';
        el.dataset.camera = camera.state;
        put(stage, live ? [camera.video, h('div', { class: 'reticle', 'aria-hidden': 'true' })] : excuse(camera.state));
        if (live && camera.stream && camera.video.paused) camera.video.play().catch(() => {});
        shutter.disabled = camera.state === 'starting';
        el.classList.toggle('is-steady', prefs.steady && camera.state === 'on');
        const left = [button('file', 'pick', pick)];
        const right = [];
        if (live) {
            right.push(button('steady', 'steady', toggleSteady, prefs.steady));
            if (camera.abilities().torch) left.push(button('torch', 'torch', torch, torchOn));
        }
        put(controls, h('div', { class: 'side' }, left), shutter, h('div', { class: 'side end' }, right));
        const extra = live ? [zoomer(), await chooser()] : [];
        if (mine === turn) put(tools, extra);
    }

    const canvas = document.createElement('canvas');
    canvas.width = W;
    canvas.height = H;
    const ctx = canvas.getContext('2d', { willReadFrequently: true });
    let lastHint = '';
    let same = 0;

    function sample() {
        if (!camera.ready) {
            pill.hidden = true;
            return;
        }
        ctx.drawImage(camera.video, 0, 0, W, H);
        const grey = toGrey(ctx.getImageData(0, 0, W, H).data);
        const now = hint(grey);
        same = now === lastHint ? same + 1 : 0;
        lastHint = now;
        const step = prefs.steady ? steady.feed(grey, performance.now()) : { fill: 0, fire: false, moving: false };
        ring.style.setProperty('--fill', step.fill.toFixed(2));
        const words = same > 3 && now ? t(`hint_${now}`) : prefs.steady ? t(step.fill > 0 ? 'steady_hold' : 'steady_wait') : '';
        if (pill.textContent !== words) pill.textContent = words;
        pill.hidden = !words;
        pill.classList.toggle('warn', Boolean(same > 3 && now));
        if (step.fire) on.capture();
    }

    const timer = setInterval(sample, SAMPLE_MS);
    camera.addEventListener('change', draw);
    const unwatch = camera.watch();
    draw();
    return {
        el, pick, toggleSteady, torch,
        took: () => {
            steady.took(null);
            el.classList.remove('flash');
            requestAnimationFrame(() => el.classList.add('flash'));
        },
        stop() {
            clearInterval(timer);
            camera.removeEventListener('change', draw);
            unwatch();
        },
    };
}
