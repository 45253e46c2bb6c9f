/** detail.js - one picture of the library, large. */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { original } from './api.js';

let open = null;

export function closeDetail() {
    open?.el.close();
}

/** @param {string} sha @param {any} ctx */
export function openDetail(sha, ctx) {
    if (open?.sha === sha) return;
    if (!open) {
        const el = h('dialog', { class: 'detail', 'aria-label': t('picture') });
        el.addEventListener('close', () => {
            open = null;
            el.remove();
            if (ctx.address.get('picture')) ctx.address.set({ picture: '' });
        });
        document.body.append(el);
        open = { el, sha: '' };
        el.showModal();
    }
    open.sha = sha;
    put(open.el, h('div', { class: 'dialog-head' }, h('h2', {}, t('picture')), h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('close'), onclick: () => open.el.close() }, icon('close'))),
        h('div', { class: 'dialog-body' }, h('img', { class: 'large', src: original(sha), alt: t('picture_of', { name: '' }) })));
}
