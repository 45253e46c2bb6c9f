/** datasets.js - create, rename, delete and switch data sets. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { dialog, ask } from './dialog.js';
import { failed } from './toast.js';
import { state, inTurn, loadDatasets, useDataset } from './state.js';
import { withUndo } from './undo.js';

/** Ask for a name and where to start from; then make it the one in use. */
export function newDataset() {
    return dialog(t('dataset_new'), (close) => {
        const name = h('input', { type: 'text', maxlength: 120, required: true, autofocus: true, autocomplete: 'off', id: 'dataset-name' });
        const choice = (value, title, text, checked) => h('label', { class: 'choice' },
            h('input', { type: 'radio', name: 'preset', value, checked }), h('span', {}, h('b', {}, title), h('br'), h('span', { class: 'muted small' }, text)));
        const submit = async (e) => {
            e.preventDefault();
            const preset = e.target.querySelector('input[name="preset"]:checked').value;
            try {
                await api.createDataset(name.value.trim(), preset);
                await loadDatasets();
                await useDataset(name.value.trim());
                close(true);
            } catch (error) {
                bad.textContent = explain(error);
                name.focus();
            }
        };
        const bad = h('p', { class: 'problem', role: 'alert' });
        return h('form', { class: 'dialog-body-form', onsubmit: submit },
            h('label', { class: 'field' }, h('span', {}, t('name')), name), bad,
            h('fieldset', {}, h('legend', { class: 'legend' }, t('start_from')),
                choice('', t('preset_none'), t('preset_none_help'), true),
                choice('scrap', t('preset_scrap'), t('preset_scrap_help'), false)),
            h('div', { class: 'dialog-foot' }, h('button', { class: 'btn main', type: 'submit' }, t('create'))));
    });
}

const rename = (d, redraw) =>
    ask(t('dataset_rename'), { label: t('name'), value: d.name, action: t('rename'), run: async (name) => {
        await inTurn(async () => {
            await api.patchDataset(d.name, { name });
            if (state.dataset === d.name) state.dataset = name;
            await loadDatasets();
        });
        redraw();
    } });

async function remove(d, redraw) {
    await withUndo([() => api.deleteDataset(d.name)], t('dataset_deleted', { name: d.name }));
    redraw();
}

/** The list of data sets with what can be done to each. */
export function manageDatasets() {
    return dialog(t('datasets'), (close) => {
        const list = h('ul', { class: 'sets' });
        function draw() {
            list.replaceChildren(...state.datasets.map((d) => h('li', { 'data-set': d.name },
                h('button', { class: 'set-pick', type: 'button', 'aria-pressed': String(d.name === state.dataset), onclick: () => useDataset(d.name).then(draw, failed) },
                    h('span', { class: 'tick' }, d.name === state.dataset && icon('check')),
                    h('span', {}, h('b', {}, d.name), h('br'), h('span', { class: 'muted small' }, `${t('classes', { n: d.classes })} · ${t('pictures', { n: d.images })}`))),
                h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('rename_named', { name: d.name }), onclick: () => rename(d, draw) }, icon('edit')),
                h('button', { class: 'btn plain square risk', type: 'button', 'aria-label': t('delete_named', { name: d.name }), disabled: state.datasets.length < 2, onclick: () => remove(d, draw) }, icon('trash')))));
        }
        draw();
        return [list, h('div', { class: 'dialog-foot' }, h('button', { class: 'btn main', type: 'button', onclick: async () => {
            if (await newDataset()) close();
        } }, icon('plus'), t('dataset_new')))];
    });
}
