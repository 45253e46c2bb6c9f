/** snap.js - one photograph, from the camera where the page may open it, else by the telephone's own camera or a file. */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { camera } from './camera.js';
import { dialog } from './dialog.js';
import { failed } from './toast.js';

/** @returns {Promise<File|undefined>} undefined: closed without one */
export async function snap() {
    const unwatch = camera.watch();
    const lens = h('div', { class: 'lens' });
    const files = h('input', { type: 'file', accept: 'image/*', capture: 'environment', hidden: true, id: 'snap-file' });
    const go = h('button', { class: 'btn main', type: 'button', id: 'snap-go', autofocus: true }, icon('camera'), t('take_photo'));

    function draw() {
        const bad = ['insecure', 'refused', 'none', 'busy', 'error'].includes(camera.state);
        if (bad) put(lens, h('div', { class: 'excuse' }, icon(camera.state === 'insecure' ? 'lock' : 'nocamera'), h('p', {}, t(`camera_${camera.state}_help`))));
        else if (camera.video.parentNode !== lens) put(lens, camera.video);
        go.disabled = !bad && !camera.ready;
        if (camera.stream && camera.video.paused) camera.video.play().catch(() => {});
    }

    camera.addEventListener('change', draw);
    camera.video.addEventListener('playing', draw);
    draw();
    return dialog(t('take_photo'), (close) => {
        files.addEventListener('change', () => files.files.length && close(files.files[0]));
        go.addEventListener('click', async () => {
            if (!camera.ready) return files.click();
            try {
                close(new File([await camera.capture()], 'capture.jpg', { type: 'image/jpeg' }));
            } catch (error) {
                failed(error);
            }
        });
        return [h('div', { class: 'glass small-glass' }, lens), files,
            h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')), go)];
    }, { onclose: () => {
        camera.removeEventListener('change', draw);
        camera.video.removeEventListener('playing', draw);
        unwatch();
    } });
}
