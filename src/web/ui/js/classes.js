/** classes.js - the data set at a glance: a card a class, and what can be done with them. */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { ask, dialog } from './dialog.js';
import { failed } from './toast.js';
import { state, on } from './state.js';
import { withUndo, refresh } from './undo.js';
import { addFiles } from './upload.js';
import { manageDatasets } from './datasets.js';
import { chooser } from './teach.js';

export const newClass = () =>
    ask(t('class_new'), { label: t('name'), action: t('create'), hint: t('class_new_help'), run: async (name) => {
        const made = await api.createClass(name, state.dataset);
        await refresh();
        location.hash = `#/data/${made.id}`;
    } });

export const renameClass = (c) =>
    ask(t('class_rename'), { label: t('name'), value: c.name, action: t('rename'), run: async (name) => {
        await api.renameClass(c.id, name);
        await refresh();
    } });

export const deleteClass = (c) =>
    withUndo([() => api.deleteClass(c.id)], t('class_deleted', { name: c.name, pictures: t('pictures', { n: c.images }) }));

/** Folders become classes of their names; loose pictures ask where they belong. */
async function takeDrop(files) {
    try {
        const dataset = state.dataset;
        for (const folder of new Set(files.map((f) => f.folder).filter(Boolean))) {
            if (!state.classes.some((c) => c.name === folder)) await api.createClass(folder, dataset);
            addFiles(files.filter((f) => f.folder === folder).map((f) => f.file), folder, dataset);
        }
        const loose = files.filter((f) => !f.folder).map((f) => f.file);
        if (!loose.length) return;
        const target = await dialog(t('add_where', { n: loose.length }), (close) => chooser(state.classes, close, true));
        if (!target) return;
        if (!target.id) await api.createClass(target.name, dataset);
        addFiles(loose, target.name, dataset);
    } catch (error) {
        failed(error);
    }
}

function card(c) {
    return h('li', { class: 'card', 'data-class': c.name },
        h('a', { href: `#/data/${c.id}`, class: 'card-link' },
            h('span', { class: 'cover' }, c.cover ? h('img', { src: thumb(c.cover, 384), alt: '', loading: 'lazy' }) : icon('empty')),
            h('span', { class: 'card-words' }, h('b', {}, c.name), h('span', { class: c.images < 3 ? 'few' : 'muted' }, c.images ? t('pictures', { n: c.images }) : t('no_pictures')))),
        h('div', { class: 'card-tools' },
            h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('rename_named', { name: c.name }), title: t('rename'), onclick: () => renameClass(c) }, icon('edit')),
            h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('delete_named', { name: c.name }), title: t('delete'), onclick: () => deleteClass(c) }, icon('trash'))));
}

function emptySet() {
    return h('div', { class: 'welcome middle' }, icon('empty'), h('h2', {}, t('set_empty')), h('p', { class: 'muted' }, t('set_empty_help')),
        h('button', { class: 'btn main', type: 'button', onclick: newClass }, icon('plus'), t('class_new')));
}

export function classesView() {
    const picker = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'add-files', onchange: (e) => {
        takeDrop([...e.target.files].map((file) => ({ file, folder: '' })));
        e.target.value = '';
    } });
    const el = h('div', { class: 'data' });

    const draw = () => redraw(el, fillIn);

    function fillIn() {
        const n = state.classes.length;
        const images = state.classes.reduce((sum, c) => sum + c.images, 0);
        put(el,
            h('header', { class: 'page-head' },
                h('div', {}, h('h1', {}, state.dataset || t('tab_data')), h('p', { class: 'muted' }, `${t('classes', { n })} · ${t('pictures', { n: images })}`)),
                h('div', { class: 'page-tools' },
                    h('button', { class: 'btn main', type: 'button', 'data-do': 'new-class', onclick: newClass }, icon('plus'), t('class_new')),
                    h('button', { class: 'btn', type: 'button', onclick: () => picker.click() }, icon('upload'), t('add_pictures')),
                    h('a', { class: 'btn', href: '#/check' }, icon('doctor'), t('check')),
                    h('button', { class: 'btn', type: 'button', 'data-do': 'datasets', onclick: manageDatasets }, icon('data'), t('datasets')))),
            n ? h('ul', { class: 'cards' }, state.classes.map(card)) : emptySet(),
            n > 0 && h('p', { class: 'muted small drop-note' }, t('drop_note')), picker);
    }

    const off = [on('classes', draw), on('datasets', draw)];
    draw();
    return { el, onDrop: takeDrop, get dropText() { return t('drop_folder'); }, stop: () => off.forEach((f) => f()), keys: { n: newClass, u: () => picker.click() } };
}
