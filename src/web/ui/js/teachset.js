/**
 * teachset.js - "choose five, name it, done": the chosen pictures become a class of a data set that scans use.
 *
 * They stay in the library too.  The vectors they have go along, so the scanner knows them at once.
 */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { dialog } from './dialog.js';
import { state } from './state.js';

const FEW = 3;

/** @param {any[]} items a few of the n @param {number} n @returns {Promise<{dataset: string, name: string}|undefined>} */
function askWhere(items, n) {
    return dialog(t('teach_title', { n }), (close) => {
        let classes = [];
        const bad = h('p', { class: 'problem', role: 'alert' });
        const sets = h('select', { id: 'teach-set', onchange: load }, state.datasets.map((d) => h('option', { value: d.name, selected: d.name === state.dataset }, d.name)));
        const name = h('input', { type: 'text', id: 'teach-class', maxlength: 120, required: true, autofocus: true, autocomplete: 'off', list: 'teach-classes', oninput: hint });
        const names = h('datalist', { id: 'teach-classes' });
        const says = h('p', { class: 'muted small', role: 'status' });
        function hint() {
            const found = classes.find((c) => c.name === name.value.trim());
            put(says, found ? t('teach_adds', { n: found.images }) : n < FEW ? t('teach_few') : t('teach_new'));
        }
        async function load() {
            classes = await api.classes(sets.value).catch(() => []);
            put(names, classes.map((c) => h('option', { value: c.name })));
            hint();
        }
        load();
        return h('form', { class: 'dialog-body-form', onsubmit: (e) => {
            e.preventDefault();
            if (name.value.trim()) close({ dataset: sets.value, name: name.value.trim() });
            else put(bad, t('type_new'));
        } },
        h('ul', { class: 'teach-strip', 'aria-hidden': 'true' }, items.map((i) => h('li', {}, h('img', { src: thumb(i.sha256, 96), alt: '' })))),
        h('label', { class: 'field' }, h('span', {}, t('teach_name')), name, names), says,
        state.datasets.length > 1 && h('label', { class: 'field' }, h('span', {}, t('d_dataset')), sets), bad,
        h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')), h('button', { class: 'btn main', type: 'submit', 'data-do': 'teach-go' }, icon('check'), t('teach_go'))));
    });
}

/** @param {any} ctx of library.js */
export async function teachSelection(ctx) {
    const { n, which } = await ctx.selection.which();
    const to = await askWhere(await ctx.selection.some(8), n);
    if (!to) return;
    const done = await api.teach({ dataset: ctx.dataset() || undefined, ...which, to: { dataset: to.dataset, class: to.name } });
    ctx.selection.clear();
    await ctx.changed();
    ctx.undo(done.undo, t('teach_done', { n: done.added, name: to.name }));
}
