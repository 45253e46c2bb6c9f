/** gather.js - pictures and folders that somebody picks or drops for the library. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { api } from './api.js';
import { dialog } from './dialog.js';
import { chooser } from './teach.js';
import { failed } from './toast.js';
import { isPicture } from './drop.js';
import { sendAll } from './sending.js';

/**
 * The library takes anything; a data set for scanning must be told which class the pictures show.
 * @param {any} found a list of {file, path}, or such lists as they are found @param {any} ctx of library.js
 */
export async function takeFolder(found, ctx) {
    const dataset = ctx.dataset();
    if (!dataset) return sendAll(found, { dataset: '', class: '' });
    const to = await dialog(t('lib_add_class'), (close) => chooser(ctx.classes(), close, true));
    if (!to) return;
    try {
        if (!to.id) await api.createClass(to.name, dataset);
        await sendAll(found, { dataset, class: to.name });
    } catch (error) {
        failed(error);
    }
}

/** Two hidden fields: one for pictures, one for a folder. @param {(list: any) => void} take */
export function pickers(take) {
    const field = (more) => h('input', { type: 'file', hidden: true, multiple: true, ...more, onchange: (e) => {
        const all = [...e.target.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
        const list = more.webkitdirectory ? all.filter((f) => isPicture(f.file.name)) : all;
        e.target.value = '';
        if (all.length) take(Object.assign(list, { skipped: all.length - list.length }));
    } });
    const files = field({ accept: 'image/*', id: 'add-files' });
    const folder = field({ webkitdirectory: true, id: 'add-folder' });
    return { el: h('div', { hidden: true }, files, folder), files: () => files.click(), folder: () => folder.click() };
}
