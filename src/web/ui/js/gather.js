/** gather.js - pictures and folders that somebody picks or drops for the library, on their way to the server. */
import { h } from './dom.js';
import { api } from './api.js';
import { failed } from './toast.js';
import { state } from './state.js';
import { addFiles } from './upload.js';

/** @param {{file: File, folder: string}[]} list @param {string} dataset '': the library */
export async function takeFolder(list, dataset) {
    try {
        const name = dataset || state.library?.name;
        const classes = await api.classes(name);
        addFiles(list.map((f) => f.file), (classes.find((c) => c.unsorted) ?? classes[0]).name, name);
    } catch (error) {
        failed(error);
    }
}

/** Two hidden fields: one for pictures, one for a folder. @param {(list: {file: File, folder: string}[]) => void} take */
export function pickers(take) {
    const field = (more) => h('input', { type: 'file', hidden: true, multiple: true, ...more, onchange: (e) => {
        const list = [...e.target.files].map((file) => ({ file, folder: file.webkitRelativePath?.split('/')[0] ?? '' }));
        e.target.value = '';
        if (list.length) take(list);
    } });
    const files = field({ accept: 'image/*', id: 'add-files' });
    const folder = field({ webkitdirectory: true, id: 'add-folder' });
    return { el: h('div', { hidden: true }, files, folder), files: () => files.click(), folder: () => folder.click() };
}
