/**
 * drop.js - files and folders that are dropped or pasted.
 *
 * A dropped folder is walked to its leaves; each file remembers the name of the top folder it came from,
 * because a folder per class is how people keep such pictures.
 */
import { t } from './i18n.js';

/** @typedef {{file: File, folder: string}} Dropped */

const PICTURE = /\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif)$/i;

const entries = (reader) => new Promise((done, fail) => reader.readEntries(done, fail));
const fileOf = (entry) => new Promise((done, fail) => entry.file(done, fail));

/** @returns {Promise<Dropped[]>} */
async function walk(entry, folder) {
    if (entry.isFile) {
        const file = await fileOf(entry);
        return folder && !PICTURE.test(file.name) ? [] : [{ file, folder }];
    }
    const found = [];
    const reader = entry.createReader();
    for (let batch = await entries(reader); batch.length; batch = await entries(reader))
        for (const child of batch) found.push(...(await walk(child, child.isDirectory ? child.name : folder || entry.name)));
    return found;
}

export const isPicture = (name) => PICTURE.test(name);

/** All entries below these, breadth first, as lists of at most LIST files; the list's skipped: how many were no pictures. */
async function* walkAll(roots) {
    const LIST = 200;
    const folders = roots.map((entry) => ({ entry, path: entry.name }));
    let list = Object.assign([], { skipped: 0 });
    for (let at = folders.shift(); at; at = folders.shift()) {
        if (at.entry.isFile) {
            list.push({ file: await fileOf(at.entry), path: at.path });
            continue;
        }
        const reader = at.entry.createReader();
        for (let batch = await entries(reader); batch.length; batch = await entries(reader)) {
            const files = batch.filter((e) => e.isFile && PICTURE.test(e.name));
            list.skipped += batch.filter((e) => e.isFile).length - files.length;
            list.push(...(await Promise.all(files.map(async (e) => ({ file: await fileOf(e), path: `${at.path}/${e.name}` })))));
            folders.push(...batch.filter((e) => e.isDirectory).map((entry) => ({ entry, path: `${at.path}/${entry.name}` })));
            if (list.length >= LIST) {
                yield list;
                list = Object.assign([], { skipped: 0 });
            }
        }
    }
    yield list;
}

/** What was dropped, list by list as it is found: a folder of ten thousand begins to travel at once. @param {DataTransfer} data */
function found(data) {
    const roots = [...data.items].map((i) => i.webkitGetAsEntry?.()).filter(Boolean); // now: after the event they are gone
    return roots.length ? walkAll(roots) : [...data.files].map((file) => ({ file, path: file.name }));
}

/** @param {DataTransfer} data @returns {Promise<Dropped[]>} */
export async function dropped(data) {
    const roots = [...data.items].map((i) => i.webkitGetAsEntry?.()).filter(Boolean);
    if (!roots.length) return [...data.files].map((file) => ({ file, folder: '' }));
    const found = [];
    for (const root of roots) found.push(...(await walk(root, root.isDirectory ? root.name : '')));
    return found;
}

/**
 * The whole window takes drops and pastes and hands them to whatever view is on.
 * @param {(target: EventTarget|null) => {onDrop?: (files: Dropped[]) => void, onFound?: (found: any) => void, dropText?: string}} current by what is under the pointer; onFound: takes
 *     folders as they are walked
 */
export function listenForFiles(current) {
    let depth = 0;
    const show = (yes, target) => {
        document.body.classList.toggle('dropping', yes);
        document.body.dataset.drop = current(target).dropText ?? t('drop_scan');
    };
    const carries = (e) => e.dataTransfer?.types.includes('Files');
    const hasFiles = (e) => carries(e) && current(e.target).onDrop;
    addEventListener('dragenter', (e) => carries(e) && (depth++, show(Boolean(hasFiles(e)), e.target)));
    addEventListener('dragleave', (e) => carries(e) && --depth <= 0 && ((depth = 0), show(false)));
    addEventListener('dragover', (e) => hasFiles(e) && e.preventDefault());
    addEventListener('drop', async (e) => {
        if (!hasFiles(e)) return;
        e.preventDefault();
        depth = 0;
        show(false);
        const { onDrop, onFound } = current(e.target);
        if (onFound) return void onFound(found(e.dataTransfer));
        const files = await dropped(e.dataTransfer);
        if (files.length) onDrop(files);
    });
    addEventListener('paste', (e) => {
        const files = [...(e.clipboardData?.files ?? [])].map((file) => ({ file, folder: '' }));
        const { onDrop } = current(e.target);
        if (!files.length || !onDrop) return;
        e.preventDefault();
        onDrop(files);
    });
}
