/**
 * models.js - the trained models: which one answers, which did before, two of them on the same pictures.
 *
 * Comparing records nothing: both versions are asked about pictures that stay in this browser.
 */
import { h, put, redraw } from './dom.js';
import { t, percent, date } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { confirm } from './dialog.js';
import { failed, toast } from './toast.js';
import { state, on } from './state.js';
import { readable } from './readable.js';
import { loadModels } from './board.js';
import { modelWays } from './way.js';
import { band, modelName, shownLabel, look } from './answers.js';

const GROUP = 8;
const FEW = 30; // judged on fewer, a share of right answers says little

async function promote(m) {
    if (!(await confirm(t('promote_title', { name: modelName(m) }), t('promote_help'), t('promote')))) return;
    try {
        await api.promote(m.id);
        await loadModels();
        toast(t('promoted', { name: modelName(m) }), { label: t('undo'), run: rollback });
    } catch (error) {
        failed(error);
    }
}

async function remove(m) {
    if (!(await confirm(t('model_delete_title', { name: modelName(m) }), t('model_delete_help'), t('delete'), { risk: true }))) return;
    try {
        await api.deleteModel(m.id);
        await loadModels();
        toast(t('model_deleted', { name: modelName(m) }));
    } catch (error) {
        failed(error);
    }
}

async function rollback() {
    const m = await api.rollback();
    await loadModels();
    toast(t('promoted', { name: modelName(m) }));
}

async function askRollback() {
    if (await confirm(t('rollback_title'), t('rollback_help'), t('rollback'))) rollback().catch((e) => (e.status === 409 ? toast(t('rollback_none'), undefined, true) : failed(e)));
}

function card(m) {
    return h('li', { class: 'sheet model', 'data-model': String(m.id), 'data-active': String(m.active) },
        h('div', { class: 'tray-head' }, h('h2', {}, modelName(m)), m.active && h('span', { class: 'band', 'data-band': 'success' }, icon('check'), h('span', {}, t('answers_now')))),
        m.accuracy != null && h('p', { class: 'figure' }, h('strong', {}, percent(m.accuracy)), ' ', h('span', {}, t(m.measured_on === 'validation' ? 'right_on_val' : 'right_on_test', { n: m.pictures ?? 0 })), m.pictures < FEW && h('span', {}, ` · ${t('few_judged')}`)),
        h('p', { class: 'muted small' }, [t('classes', { n: m.classes.length }), m.architecture, date(m.created_at), m.licence].filter(Boolean).join(' · ')),
        h('p', { class: 'muted small' }, t('bands_are', { confident: percent(m.confident, 0), reject: percent(m.reject, 0) }), m.knows_unknown ? ` · ${t('knows_unknown')}` : ''),
        h('details', { class: 'details' }, h('summary', {}, t('details')), h('dl', { class: 'facts' },
            h('dt', {}, t('digest')), h('dd', { class: 'print' }, m.digest),
            m.snapshot && [h('dt', {}, t('snapshot')), h('dd', { class: 'print' }, m.snapshot)],
            h('dt', {}, t('class_names')), h('dd', {}, m.classes.join(', ')))),
        h('div', { class: 'chips' },
            !m.active && h('button', { class: 'btn main', type: 'button', 'data-do': 'promote', 'aria-label': `${t('promote')}: ${modelName(m)}`, onclick: () => promote(m) }, t('promote')),
            m.report && h('a', { class: 'btn', href: `/v1/models/${m.id}/report`, target: '_blank', rel: 'noopener', 'aria-label': `${t('report')}: ${modelName(m)}` }, icon('report'), t('report')),
            !m.active && h('button', { class: 'btn plain', type: 'button', 'data-do': 'delete-model', 'aria-label': t('delete_named', { name: modelName(m) }), onclick: () => remove(m) }, icon('trash'), t('delete'))));
}

/** Two versions on the same pictures. */
function comparer() {
    const rows = /** @type {any[]} */ ([]);
    let pair = ['', ''];
    let left = 0;
    const out = h('div', {});
    const el = h('section', { class: 'sheet', 'data-part': 'compare' });
    const picker = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'compare-files', onchange: (e) => {
        compare([...e.target.files]);
        e.target.value = '';
    } });

    function cell(answer, r) {
        if (!answer) return h('td', {}, '…');
        if (answer.error) return h('td', {}, h('span', { class: 'problem' }, answer.error.detail));
        return h('td', {}, h('button', { class: 'cell', type: 'button', onclick: () => look(answer, r.url) }, h('b', {}, shownLabel(answer)), h('span', {}, percent(answer.probability)), band(answer.status)));
    }

    function drawTable() {
        const known = rows.filter((r) => r.answers[0]?.label && r.answers[1]?.label);
        const differ = known.filter((r) => r.answers[0].label !== r.answers[1].label || r.answers[0].status !== r.answers[1].status);
        const names = pair.map((id) => state.models.find((m) => String(m.id) === id)).map((m) => (m ? modelName(m) : ''));
        redraw(out, () => put(out, rows.length > 0 && [
            h('p', { class: 'muted', 'data-part': 'differ' }, left > 0 ? t('run_running', { done: known.length, total: rows.length }) : t('differ', { n: differ.length, of: known.length })),
            h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('compare') }, h('table', { class: 'compare' },
                h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('picture')), names.map((n) => h('th', { scope: 'col' }, n)))),
                h('tbody', {}, rows.map((r) => h('tr', { class: differ.includes(r) ? 'differs' : '' },
                    h('th', { scope: 'row' }, h('img', { src: r.url, alt: '', width: 56, height: 56 }), h('span', {}, r.name)), r.answers.map((a) => cell(a, r)))))))]));
    }

    async function askModel(index, group) {
        const { items } = await api.tryModel(pair[index], await Promise.all(group.map((r) => readable(r.file, r.name))));
        group.forEach((r, i) => (r.answers[index] = items[i]));
    }

    async function compare(files) {
        if (!pair[0] || !pair[1] || !files.length) return;
        const fresh = files.map((file) => ({ file, name: file.name, url: URL.createObjectURL(file), answers: [null, null] }));
        rows.push(...fresh);
        left++;
        drawTable();
        try {
            for (let i = 0; i < fresh.length; i += GROUP) {
                const group = fresh.slice(i, i + GROUP);
                await askModel(0, group);
                await askModel(1, group);
                drawTable();
            }
        } catch (error) {
            failed(error);
        } finally {
            left--;
            drawTable();
        }
    }

    /** The same pictures again, for another pair. */
    function again() {
        const files = rows.map((r) => r.file);
        rows.forEach((r) => URL.revokeObjectURL(r.url));
        rows.length = 0;
        compare(files);
        drawTable();
    }

    function draw() {
        const ids = state.models.map((m) => String(m.id));
        const active = String(state.models.find((m) => m.active)?.id ?? ids[0] ?? '');
        if (!ids.includes(pair[0])) pair = [active, ids.find((i) => i !== active) ?? ''];
        el.hidden = ids.length < 2;
        const choice = (index) => h('label', { class: 'field' }, h('span', {}, t(index ? 'second' : 'first')),
            h('select', { name: `compare-${index}`, onchange: (e) => {
                pair[index] = e.target.value;
                again();
            } }, state.models.map((m) => h('option', { value: String(m.id), selected: String(m.id) === pair[index] }, modelName(m)))));
        redraw(el, () => put(el, h('h2', {}, t('compare')), h('p', { class: 'muted' }, t('compare_help')),
            h('div', { class: 'two' }, choice(0), choice(1)),
            h('div', { class: 'chips' }, h('button', { class: 'btn', type: 'button', 'data-do': 'compare', onclick: () => picker.click() }, icon('upload'), t('pick'))), out, picker));
        drawTable();
    }

    return { el, draw, compare, stop: () => rows.forEach((r) => URL.revokeObjectURL(r.url)) };
}

export function modelsView() {
    let served = [];
    let alive = true;
    const head = h('header', { class: 'page-head' });
    const list = h('ul', { class: 'models' });
    const past = h('section', { class: 'data' });
    const comparison = comparer();
    const el = h('div', { class: 'data' }, head, list, comparison.el, past);

    function draw() {
        redraw(head, () => put(head, h('div', {}, h('h1', {}, t('to_models')), h('p', { class: 'muted' }, t('models_help'))), modelWays('models'),
            h('div', { class: 'page-tools' }, h('a', { class: 'btn', href: '#/train' }, icon('train'), t('to_train')),
                served.length > 1 && h('button', { class: 'btn', type: 'button', 'data-do': 'rollback', onclick: askRollback }, icon('again'), t('rollback')))));
        redraw(list, () => put(list, state.models.map(card)));
        comparison.draw();
        put(past, served.length > 0 && [h('h2', {}, t('served_when')), h('ol', { class: 'served' }, served.map((s) => h('li', {}, h('time', { datetime: s.at }, date(s.at)), h('b', {}, modelName(s)), h('span', { class: 'muted' }, t(`act_${s.action}`)))))],
            !state.models.length && h('div', { class: 'welcome middle' }, icon('models'), h('h2', {}, t('no_models')), h('p', { class: 'muted' }, t('no_model_help')), h('a', { class: 'btn main', href: '#/train' }, t('to_train'))));
    }

    const readServed = () => api.served().then((items) => {
        served = items;
        if (alive) draw();
    }, failed);
    const off = [on('models', () => (draw(), readServed()))];
    draw();
    loadModels().catch(failed);
    return {
        el, keys: {},
        get onDrop() { return state.models.length > 1 ? (files) => comparison.compare(files.map((f) => f.file)) : undefined; },
        get dropText() { return t('compare_drop'); },
        stop() {
            alive = false;
            comparison.stop();
            off.forEach((f) => f());
        },
    };
}
