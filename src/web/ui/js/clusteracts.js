/** clusteracts.js - what is asked before groups are made, merged, split or made a class, and pictures moved to a group. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { dialog } from './dialog.js';
import { chooser } from './teach.js';
import { state } from './state.js';
import { part } from './clusterpart.js';

const foot = (close, text) => h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')), h('button', { class: 'btn main', type: 'submit', 'data-do': 'go' }, text));

const numberField = (key, name, value, min, max, hint) => h('label', { class: 'field', 'data-for': name }, h('span', {}, t(key)), h('input', { type: 'text', inputmode: 'numeric', pattern: '[0-9]*', name, value: value ?? '', autocomplete: 'off', maxlength: String(max).length, 'aria-describedby': `${name}-hint`, title: `${min} … ${max}` }), h('p', { class: 'muted small', id: `${name}-hint` }, t(hint)));

/** How the groups are to be made; undefined: not now. @param {any} data of GET /v1/clusters */
export function runDialog(data) {
    return dialog(t('grp_make_how'), (close) => {
        const bad = h('p', { class: 'problem', role: 'alert' });
        const k = numberField('grp_k', 'k', data.method === 'density' ? '' : data.k, 1, 5000, 'grp_k_help');
        const least = numberField('grp_least', 'least', data.least, 1, 1000000, 'grp_least_help');
        const method = (id) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'method', value: id, checked: (data.method ?? 'auto') === id || (id === 'kmeans' && data.method === 'batch'), onchange: show }),
            h('span', {}, h('b', {}, t(`grp_method_${id}`)), h('br', {}), h('span', { class: 'muted small' }, t(`grp_method_${id}_help`))));
        const form = h('form', { class: 'dialog-body-form', onsubmit: (e) => {
            e.preventDefault();
            const values = Object.fromEntries(new FormData(form));
            const whole = (text, lo, hi) => text === '' || (/^[0-9]+$/.test(text) && Number(text) >= lo && Number(text) <= hi);
            if (values.method === 'kmeans' && !whole(values.k, 1, 5000)) return (bad.textContent = t('grp_bad_k'));
            if (values.method === 'density' && !whole(values.least, 2, 1000000)) return (bad.textContent = t('grp_bad_least'));
            close({ method: values.method, ...(values.method === 'kmeans' && values.k && { k: Number(values.k) }), ...(values.method === 'density' && values.least && { least: Number(values.least) }) });
        } }, h('fieldset', {}, h('legend', { class: 'hush' }, t('grp_how')), ['auto', 'stable', 'kmeans', 'density'].map(method)), k, least, bad,
        data.made_at && h('p', { class: 'muted small' }, t('grp_keeps')), foot(close, t('grp_make')));
        function show() {
            const now = form.querySelector('[name="method"]:checked')?.value;
            k.hidden = now !== 'kmeans';
            least.hidden = now !== 'density';
        }
        show();
        return form;
    });
}

/** Several become one; the server's answer, or undefined. */
export async function mergeGroups(some) {
    const keep = some.find((c) => c.named_by === 'person') ?? some[0];
    let answer;
    await dialog(t('grp_merge_title', { n: some.length }), (close) => {
        const bad = h('p', { class: 'problem', role: 'alert' });
        const input = h('input', { type: 'text', value: keep.name, maxlength: 120, autofocus: true, autocomplete: 'off', required: true });
        return h('form', { class: 'dialog-body-form', onsubmit: async (e) => {
            e.preventDefault();
            const name = input.value.trim();
            try {
                answer = await api.mergeClusters(some.map((c) => c.id), name === keep.name ? '' : name);
                close();
            } catch (error) {
                bad.textContent = explain(error);
            }
        } }, h('p', { class: 'muted' }, some.map((c) => c.name).join(', ')), h('label', { class: 'field' }, h('span', {}, t('grp_name')), input), bad, foot(close, t('grp_merge')));
    });
    return answer;
}

/** One becomes several; the server's answer, or undefined. */
export async function splitGroup(c) {
    let answer;
    await dialog(t('grp_split_title', { name: c.name }), (close) => {
        const bad = h('p', { class: 'problem', role: 'alert' });
        const field = numberField('grp_parts', 'parts', '', 2, 100, 'grp_parts_help');
        return h('form', { class: 'dialog-body-form', onsubmit: async (e) => {
            e.preventDefault();
            const text = field.querySelector('input').value.trim();
            if (text && !(/^[0-9]+$/.test(text) && Number(text) >= 2 && Number(text) <= 100)) return (bad.textContent = t('grp_bad_parts'));
            try {
                answer = await api.splitCluster(c.id, text ? Number(text) : 0);
                close();
            } catch (error) {
                bad.textContent = explain(error);
            }
        } }, field, bad, foot(close, t('grp_split')));
    });
    return answer;
}

/** The pictures of groups become a class, here or in another data set: {undo, text}, or undefined. */
export async function classFromGroups(some, ctx, here) {
    let set = here === state.library?.name ? state.dataset || here : here;
    const choice = await dialog(t('grp_class_title'), (close) => {
        const room = h('div', {});
        const sets = [...new Set([state.library?.name, ...state.datasets.map((d) => d.name)].filter(Boolean))];
        const show = async () => {
            const classes = (await api.classes(set).catch(() => [])).filter((k) => !k.unsorted);
            room.replaceChildren(chooser(classes, (to) => close({ ...to, dataset: set }), true));
            if (some.length === 1 && some[0].named_by !== 'medoid') {
                const input = room.querySelector('input');
                input.value = some[0].name;
                input.dispatchEvent(new Event('input'));
            }
        };
        show();
        return h('div', { class: 'dialog-body-form' },
            h('label', { class: 'field' }, h('span', {}, t('grp_class_set')), h('select', { id: 'group-class-set', onchange: (e) => {
                set = e.target.value;
                show();
            } }, sets.map((name) => h('option', { value: name, selected: name === set }, name === state.library?.name ? t('tab_library') : name)))),
            h('p', { class: 'muted small' }, t('grp_class_help')), room);
    });
    if (!choice) return undefined;
    const tokens = [];
    let pictures = 0;
    for (const c of some) {
        const now = await api.clusterClass(c.id, { dataset: choice.dataset, class: choice.name });
        if (now.undo) tokens.push(now.undo);
        pictures += now.changed;
    }
    ctx.changed();
    return { undo: tokens.length === 1 ? tokens[0] : '', text: t('grp_class_done', { n: pictures, name: choice.name }) };
}

/** An action on chosen pictures (actions.js): to another group, to a new name, or out of all. */
export async function moveToGroup(ctx) {
    const items = await ctx.selection.items();
    const of = ctx.address.get('group') ? part(ctx) : {}; // from a group of a part: among the groups of that part
    const data = await api.clusters(ctx.dataset(), of);
    const to = await dialog(t('grp_move_title', { n: items.length }), (close) => [
        chooser(data.clusters.map((c) => ({ id: c.id, name: c.name, images: c.size })), close, false),
        h('button', { class: 'btn', type: 'button', 'data-do': 'loose', onclick: () => close({ id: 0, name: t('grp_loose') }) }, icon('none'), t('grp_loose'))]);
    if (!to) return;
    const now = await api.moveToCluster(to.id, items.map((i) => i.sha256), data.dataset, !to.id && data.filter);
    ctx.selection.clear();
    await ctx.changed();
    ctx.undo(now.undo, t('grp_moved', { n: now.moved, name: to.name }));
}
