/**
 * inspect.js - inspection trainings: start one, see all, open one (#/inspect/<task>, inspection.js).
 *
 * A task is a job, so that the server's events say when one moved; what is shown of it is asked for anew then.
 */
import { h, put, redraw } from './dom.js';
import { t, date } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { failed } from './toast.js';
import { on } from './state.js';
import { inspectionView } from './inspection.js';

/** The server's words for its steps. */
const steps = {
    'waiting for its turn': 'ins_step_turn', 'reading names': 'ins_step_names', 'looking products up': 'ins_step_products', 'copying pictures': 'ins_step_copying',
    'waiting for the orientations': 'ins_step_person', 'preparing the pictures': 'ins_step_preparing', 'turning pictures': 'ins_step_turning', 'preparing to learn': 'ins_step_before',
    'choosing golden samples': 'ins_step_golden', 'judging what was held back': 'ins_step_judging', 'writing the report': 'ins_step_report', 'packing the module': 'ins_step_packing', done: 'ins_step_done',
};

/** What the server is doing, in the reader's language; epochs are counted in it. */
export function stepText(task) {
    const words = task.current_step ?? '';
    const epoch = words.match(/^learning, epoch (\d+) of (\d+)/);
    if (epoch) return `${t('ins_step_learning')} · ${t('epoch_of', { n: Number(epoch[1]), of: Number(epoch[2]) })}`;
    return steps[words] ? t(steps[words]) : words;
}

export const isOver = (task) => ['completed', 'failed', 'cancelled'].includes(task.status);

/** What can be chosen to learn with: settings beside the server's own. */
const networks = {
    /* From nothing: ten times the usual rate, and time to find its way (doc/inspect.md). */
    small: { 'model.backbone': 'efficientnetv2_tiny', 'data.image_size': 96, 'model.embedding_size': 128, 'training.lr': 0.003, 'training.patience': 100 },
    large: {},
};
const usualEpochs = { small: '100', large: '40' };
const networkChoice = (id) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'network', value: id, checked: id === 'small', onchange: (e) => (e.target.form.epochs.value = usualEpochs[id]) }),
    h('span', {}, h('b', {}, t(`ins_network_${id}`)), h('span', { class: 'muted small' }, t(`ins_network_${id}_help`))));

const baseName = (path) => (path ?? '').replace(/\/+$/, '').split('/').pop();

export function stateBadge(task) {
    return h('span', { class: `state state-${task.status}`, 'data-status': task.status }, t(`ins_${task.status}`));
}

function card(task) {
    return h('li', { class: 'sheet ins-card', 'data-task': task.task_id },
        h('div', { class: 'tray-head' },
            h('div', {}, h('h3', { class: 'as-h2' }, h('a', { href: `#/inspect/${task.task_id}` }, baseName(task.input_dir) || task.task_id)),
                h('p', { class: 'muted small' }, task.start_time ? date(task.start_time) : '', isOver(task) ? '' : ` · ${stepText(task)}`)),
            stateBadge(task)),
        !isOver(task) && h('progress', { max: '1', value: String(task.progress), 'aria-label': stepText(task) }),
        task.error_message && h('p', { class: 'problem', lang: 'en' }, task.error_message),
        task.status === 'pending_orientation' && h('p', {}, h('a', { class: 'btn main', href: `#/inspect/${task.task_id}` }, icon('arrow'), t('ins_say_orientation'))));
}

function listView() {
    let alive = true;
    let tasks = [];
    let folders = [];
    const bad = h('p', { class: 'problem', role: 'alert' });
    const box = h('div', {});
    const list = h('ul', { class: 'data' });
    const head = h('header', { class: 'page-head' }, h('div', {}, h('h1', {}, t('ins_title')), h('p', { class: 'muted' }, t('ins_help'))),
        h('div', { class: 'page-tools' }, h('a', { class: 'btn', href: '#/train' }, icon('train'), t('tab_train'))));
    const el = h('div', { class: 'data inspect' }, head, box, list);
    const field = (label, control, hint) => h('label', { class: 'field' }, h('span', {}, label), control, hint && h('span', { class: 'muted hint' }, hint));

    async function start(e) {
        e.preventDefault();
        const f = e.target;
        bad.textContent = '';
        try {
            const { task_id } = await api.startInspection({ input_dir: f.folder.value, site: f.site.value.trim() || undefined, line_id: f.line.value.trim() || undefined,
                settings: { ...networks[f.network.value], 'training.max_epochs': Number(f.epochs.value), 'golden.false_accept': Number(f.accept.value) / 100 } });
            location.hash = `#/inspect/${task_id}`;
        } catch (error) {
            bad.textContent = error.status === 400 ? error.message : explain(error);
        }
    }

    function fillForm() {
        put(box, folders.length === 0
            ? h('section', { class: 'sheet' }, h('h2', {}, t('ins_no_folders')), h('p', {}, t('ins_no_folders_help')), h('pre', { class: 'code' }, 'assay serve --inspect-folders /path/to/boards'))
            : h('form', { class: 'sheet train-form', onsubmit: start },
                h('h2', {}, t('ins_new')),
                field(t('ins_folder'), h('select', { name: 'folder', required: true }, folders.map((f) => h('option', { value: f }, f))), t('ins_folder_help')),
                h('div', { class: 'two' },
                    field(t('ins_site'), h('input', { type: 'text', name: 'site', value: 'HPH', maxlength: 60, autocomplete: 'off' }), t('ins_site_help')),
                    field(t('ins_line'), h('input', { type: 'text', name: 'line', value: 'V31', maxlength: 60, autocomplete: 'off' }))),
                h('fieldset', { class: 'choices' }, h('legend', {}, t('ins_network')), Object.keys(networks).map(networkChoice)),
                h('div', { class: 'two' },
                    field(t('epochs'), h('input', { type: 'number', name: 'epochs', min: 1, max: 1000, value: usualEpochs.small, required: true })),
                    field(t('ins_accept'), h('input', { type: 'number', name: 'accept', min: 0.01, max: 50, step: 'any', value: '1', required: true }), t('ins_accept_help'))),
                bad,
                h('div', { class: 'dialog-foot' }, h('button', { class: 'btn main', type: 'submit', 'data-do': 'inspect-start' }, icon('train'), t('ins_start')))));
    }

    const draw = () => redraw(el, () => put(list, tasks.map(card)));
    const load = () => api.inspections().then((all) => {
        tasks = all;
        if (alive) draw();
    }, failed);

    const off = on('jobs', load);
    api.inspectionSources().then((s) => {
        folders = s.folders;
        if (alive) fillForm();
    }, failed);
    load();
    return { el, keys: {}, stop() {
        alive = false;
        off();
    } };
}

export const inspectView = (id) => (id ? inspectionView(decodeURIComponent(id)) : listView());
