/**
 * inspection.js - one inspection training: how far it is, how its parts are mounted, what it learns, what came of it.
 *
 * The panel of orientations is made once and stays while events come: answers that were not sent yet live in it.
 */
import { h, put, redraw } from './dom.js';
import { t, number, percent, date } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { confirm } from './dialog.js';
import { failed, toast } from './toast.js';
import { on } from './state.js';
import { chart } from './curves.js';
import { names, orientPanel } from './orient.js';
import { sortPanel } from './sorting.js';
import { noteText } from './train.js';
import { isOver, stateBadge, stepText } from './inspect.js';

const file = (task, what) => `/v1/inspections/${task.task_id}/files/${what}`;
const download = (task, what) => `/training/download/${task.task_id}/${what}`;

function figures(task) {
    const d = task.detail ?? {};
    const fig = (value, words) => value !== undefined && value !== null && h('div', { class: 'fig' }, h('strong', {}, value), h('span', {}, words));
    const s = task.summary ?? {};
    const passed = s.false_accept;
    return h('div', { class: 'figures' },
        typeof s.evaluation_accuracy === 'number' && fig(percent(s.evaluation_accuracy, 2), t('ins_accuracy')),
        typeof s.retrieval?.precision_at_1 === 'number' && fig(percent(s.retrieval.precision_at_1, 2), t('ins_precision')),
        typeof passed?.rate === 'number' && fig(percent(passed.rate, 2), t('ins_false_accept', { of: number(passed.of) })),
        fig(d.classes !== undefined ? number(d.classes) : undefined, t('ins_classes')),
        fig(d.pictures !== undefined ? number(d.pictures) : undefined, t('ins_good')),
        fig(d.ng !== undefined ? number(d.ng) : undefined, t('ins_ng')),
        fig(d.left_out ? number(d.left_out) : undefined, t('ins_left_out')));
}

function curves(task) {
    const points = task.points ?? [];
    return points.length > 0 && h('section', { class: 'sheet' }, h('h2', {}, t('curves')), h('div', { class: 'charts' },
        chart(t('loss'), points, [{ key: 'train_loss', name: t('on_train') }, { key: 'val_loss', name: t('ins_held_back') }]),
        chart(t('ins_precision'), points, [{ key: 'precision_at_1', name: t('ins_precision') }, { key: 'map_at_r', name: 'MAP@R' }], { share: true })));
}

function notes(task) {
    const list = task.detail?.notes ?? [];
    const out = task.detail?.left_out_first ?? [];
    return [list.length > 0 && h('details', { class: 'details' }, h('summary', {}, t('notes', { n: list.length })), h('ul', {}, list.map((n) => h('li', { class: 'small' }, noteText(n))))),
        out.length > 0 && h('details', { class: 'details', 'data-part': 'left-out' }, h('summary', {}, t('ins_left_out_n', { n: task.detail.left_out })),
            h('ul', {}, out.map((m) => h('li', { class: 'small', lang: 'en' }, `${m.file}: ${m.reason}`))),
            h('a', { class: 'btn', href: download(task, 'missing'), download: 'missing.csv' }, icon('download'), 'missing.csv'))];
}

const SHOWN = 12; // components whose golden samples are seen at once

/** Golden samples with why they were chosen, those of one component in one row. */
function golden(task) {
    const rows = new Map();
    (task.golden?.samples ?? []).forEach((s, i) => {
        const [, name, way] = s.label.match(/^(.*?)(?:\/(Up|Right|Down|Left))?$/);
        rows.set(name, [...(rows.get(name) ?? []), { ...s, way, number: i + 1 }]);
    });
    if (rows.size === 0) return false;
    const ways = Object.keys(names);
    for (const samples of rows.values()) samples.sort((a, b) => ways.indexOf(a.way) - ways.indexOf(b.way));
    const one = (s) => h('figure', { class: 'golden' },
        h('img', { src: `/v1/inspections/${task.task_id}/golden/${s.number}`, alt: s.label, loading: 'lazy' }), s.way && h('figcaption', { class: 'small' }, t(names[s.way])));
    const row = ([name, samples]) => h('li', { class: 'golden-row', 'data-golden': name }, h('h3', {}, name), h('div', { class: 'golden-ways' }, samples.map(one)),
        h('details', { class: 'details' }, h('summary', { 'aria-label': `${t('ins_why')}: ${name}` }, t('ins_why')),
            h('ul', {}, samples.map((s) => h('li', { class: 'small' }, s.way && `${t(names[s.way])}: `, h('span', { lang: 'en' }, s.reason))))));
    const all = [...rows];
    const rest = all.slice(SHOWN);
    return h('section', { class: 'sheet' }, h('h2', {}, t('ins_golden')), h('p', { class: 'muted' }, t('ins_golden_help')),
        h('ul', { class: 'golden-grid' }, all.slice(0, SHOWN).map(row)),
        rest.length > 0 && h('details', { class: 'details', 'data-part': 'golden-rest' }, h('summary', {}, t('ins_golden_more', { n: rest.length })), h('ul', { class: 'golden-grid' }, rest.map(row))));
}

function results(task) {
    if (task.status !== 'completed') return false;
    const picture = (what, words) => h('figure', { class: `plot plot-${what}` },
        h('div', { class: 'plot-frame' }, h('a', { href: file(task, what), target: '_blank', rel: 'noopener' }, h('img', { src: file(task, what), alt: words, loading: 'lazy' }))),
        h('figcaption', {}, words));
    const get = (what, name) => h('a', { class: 'btn', href: download(task, what), download: name }, icon('download'), name);
    return [golden(task),
        h('section', { class: 'sheet' }, h('h2', {}, t('ins_evaluation')),
            h('div', { class: 'plots' }, picture('confusion_matrix', t('ins_confusion')), picture('class_accuracy', t('ins_class_accuracy')), picture('similarity_dist', t('ins_similarity'))),
            h('div', { class: 'chips' }, get('module', 'module.inspect'), get('evaluation_csv', 'evaluation_results.csv'), get('summary', 'summary_report.json'), get('model', 'best_model.safetensors')))];
}

export function inspectionView(id) {
    let alive = true;
    let task = null;
    let panel = null; // of orientations, as long as they may be changed
    let asked = '';
    const top = h('div', { class: 'data' });
    const middle = h('div', { class: 'data' });
    const low = h('div', { class: 'data' });
    const sorting = h('div', {});
    const el = h('div', { class: 'data inspection' }, top, middle, low, sorting);

    const stop = async () => {
        if (!(await confirm(t('ins_stop_title'), t('ins_stop_help'), t('ins_stop'), { risk: true }))) return;
        await api.cancelInspection(id).then(() => toast(t('stopping')), failed);
        load();
    };
    const remove = async () => {
        if (!(await confirm(t('ins_delete_title'), t('ins_delete_help'), t('ins_delete'), { risk: true }))) return;
        await api.deleteInspection(id).then(() => (location.hash = '#/inspect'), failed);
    };

    function drawTop() {
        put(top, h('header', { class: 'page-head' },
            h('div', {}, h('h1', {}, task.input_dir.split('/').pop()), h('p', { class: 'muted' }, `${task.site} · ${task.line_id}${task.start_time ? ` · ${date(task.start_time)}` : ''}`)),
            h('div', { class: 'page-tools' }, stateBadge(task), h('a', { class: 'btn', href: '#/inspect' }, icon('back'), t('ins_all')),
                isOver(task) ? h('button', { class: 'btn plain', type: 'button', 'data-do': 'inspect-delete', onclick: remove }, icon('trash'), t('ins_delete'))
                    : h('button', { class: 'btn risk', type: 'button', 'data-do': 'inspect-stop', onclick: stop }, icon('close'), t('ins_stop')))),
        !isOver(task) && h('section', { class: 'sheet' }, h('p', { role: 'status' }, stepText(task)), h('progress', { max: '1', value: String(task.progress), 'aria-label': stepText(task) })),
        task.error_message && h('p', { class: 'problem', lang: 'en' }, task.error_message), figures(task));
    }

    /** Asked for when it is time, and again when another page has answered. */
    async function orientations() {
        const open = task.status === 'pending_orientation' || (task.status === 'running' && task.detail?.oriented && !task.detail?.learning && task.progress >= 0.3);
        const now = open ? `${task.status}` : '';
        if (now === asked && (panel || !open)) return;
        asked = now;
        const classes = open ? await api.orientations(id).catch(() => null) : null;
        if (!alive) return;
        panel = classes && orientPanel(classes, async (answers) => {
            await api.confirmOrientations(id, answers);
            toast(t('ins_confirmed'));
            asked = '';
            await load();
        });
        put(middle, panel);
    }

    async function load() {
        try {
            task = await api.inspection(id);
        } catch (error) {
            if (alive && !task) put(top, h('p', { class: 'problem', role: 'alert' }, error.message), h('a', { class: 'btn', href: '#/inspect' }, t('ins_all')));
            return;
        }
        if (!alive) return;
        redraw(el, () => {
            drawTop();
            put(low, curves(task), results(task), h('section', {}, notes(task)));
        });
        await orientations();
        if (task.status !== 'completed' || sorting.firstChild) return;
        const panel = sortPanel(id);
        put(sorting, panel.el);
        view.onDrop = (list) => panel.take(list.map((f) => f.file));
        view.dropText = t('ins_sort_title');
    }

    const off = on('jobs', load);
    load();
    const view = { el, keys: {}, onDrop: undefined, dropText: undefined, stop() {
        alive = false;
        off();
    } };
    return view;
}
