/** gather.js - pictures and folders that somebody picks or drops for the library. */
import { h } from './dom.js';
import { isPicture } from './drop.js';
import { sendAll } from './sending.js';

/** @param {any} found a list of {file, path}, or such lists as they are found @param {string} dataset '': the library */
export const takeFolder = (found, dataset) => sendAll(found, dataset);

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
