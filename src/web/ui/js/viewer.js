/** viewer.js - one stored picture, large: what is known about it, the way to its class and to its like. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, original } from './api.js';
import { dialog } from './dialog.js';
import { failed } from './toast.js';
import { address } from './query.js';
import { state, useDataset } from './state.js';

/** A link to pictures like this one. @param {string} sha @param {object} [more] of the element */
export const likeLink = (sha, more = {}) => h('a', { class: 'btn', href: address({ like: sha }), 'data-do': 'like', ...more }, icon('similar'), !more['aria-label'] && t('more_like'));

async function openClass(item, close) {
    try {
        if (item.dataset && item.dataset !== state.dataset) await useDataset(item.dataset);
        const name = item.class?.name ?? item.class;
        const found = state.classes.find((c) => c.name === name) ?? (await api.classes(state.dataset)).find((c) => c.name === name);
        close();
        if (found) location.hash = `#/data/${found.id}`;
    } catch (error) {
        failed(error);
    }
}

/** @param {{sha256: string, class?: any, dataset?: string, file?: string, width?: number, height?: number, format?: string, score?: string}} item */
export function view(item) {
    const name = item.class?.name ?? item.class ?? '';
    return dialog(item.file || name || t('picture'), (close) => [
        h('img', { class: 'large view-large', src: item.url ?? original(item.sha256), alt: t('picture_of', { name: name || item.file || '' }) }),
        h('p', { class: 'muted small' }, [item.dataset && item.dataset !== state.dataset && item.dataset, name, item.score, item.width && `${item.width} × ${item.height}`, item.format?.toUpperCase()].filter(Boolean).join(' · ')),
        h('div', { class: 'dialog-foot' },
            name && h('button', { class: 'btn plain', type: 'button', 'data-do': 'open-class', onclick: () => openClass(item, close) }, icon('data'), name),
            likeLink(item.sha256, { class: 'btn main', onclick: () => close() })),
    ], { wide: true });
}
