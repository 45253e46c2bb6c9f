/** burst.js - many pictures of one class from the camera: hold the part, turn it, let it shoot. */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { camera } from './camera.js';
import { dialog } from './dialog.js';
import { failed } from './toast.js';
import { addFiles } from './upload.js';

const MOST = 60;

/** @param {{id: number, name: string}} c @param {string} dataset */
export function burst(c, dataset) {
    const unwatch = camera.watch();
    let timer = 0;
    let taken = 0;
    const count = h('p', { class: 'burst-count', role: 'status' });
    const lens = h('div', { class: 'lens' });
    const strip = h('div', { class: 'burst-strip' });
    const every = h('input', { type: 'range', min: 0.3, max: 2, step: 0.1, value: 0.6, 'aria-label': t('burst_every') });
    const go = h('button', { class: 'btn main', type: 'button', id: 'burst-go', onclick: () => (timer ? halt() : run()) });
    const urls = [];

    async function shot() {
        if (!camera.ready) return;
        try {
            const blob = await camera.capture();
            taken++;
            addFiles([new File([blob], `burst-${String(taken).padStart(3, '0')}.jpg`, { type: 'image/jpeg' })], c.name, dataset);
            urls.push(URL.createObjectURL(blob));
            strip.prepend(h('img', { src: urls.at(-1), alt: '' }));
            draw();
        } catch (error) {
            halt();
            failed(error);
        }
    }

    async function run() {
        timer = -1;
        draw();
        for (let n = 0; n < MOST && timer; n++) {
            await shot();
            await new Promise((done) => (timer &&= setTimeout(done, Number(every.value) * 1000)));
        }
        halt();
    }

    function halt() {
        timer = 0;
        draw();
    }

    function draw() {
        put(go, icon(timer ? 'close' : 'burst'), t(timer ? 'burst_stop' : 'burst_start'));
        go.disabled = !camera.ready && !timer;
        count.textContent = taken ? t('burst_taken', { n: taken }) : t('burst_help');
        const bad = ['insecure', 'refused', 'none', 'busy', 'error'].includes(camera.state);
        if (bad) put(lens, h('p', { class: 'excuse' }, icon('nocamera'), t(`camera_${camera.state}`)));
        else if (camera.video.parentNode !== lens) put(lens, camera.video);
        if (camera.stream && camera.video.paused) camera.video.play().catch(() => {});
    }

    camera.addEventListener('change', draw);
    camera.video.addEventListener('playing', draw);
    draw();
    return dialog(t('burst_title', { name: c.name }), (close) => [
        h('div', { class: 'glass small-glass' }, lens), count,
        h('label', { class: 'field' }, h('span', {}, t('burst_every')), every), strip,
        h('div', { class: 'dialog-foot' },
            h('button', { class: 'btn', type: 'button', onclick: shot }, icon('camera'), t('burst_one')), go,
            h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('done')))], {
        onclose: () => {
            timer = 0;
            camera.removeEventListener('change', draw);
            camera.video.removeEventListener('playing', draw);
            unwatch();
            urls.forEach((u) => URL.revokeObjectURL(u));
        },
    });
}
