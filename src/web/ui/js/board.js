/**
 * board.js - the dashboard: drop many pictures, see what the active model makes of them, and everything it ever said.
 *
 * Pictures go GROUP at a time and LANES requests beside each other, so that the model sees several at once and the
 * first answers show while the last pictures still travel.  A cancelled run stops what was not sent.
 */
import { h, put, redraw } from './dom.js';
import { t, percent, number } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { confirm } from './dialog.js';
import { failed, say, toast } from './toast.js';
import { state, on, emit } from './state.js';
import { readable } from './readable.js';
import { classifyWays } from './way.js';
import { prefs, setPref } from './prefs.js';
import { band, bands, row, failedRow, modelName } from './answers.js';

const GROUP = 8;
const LANES = 2;
const PAGE = 50;

/** The run under way, or the last one: it goes on while another view is on. */
const run = { total: 0, done: 0, queue: /** @type {File[]} */ ([]), lanes: 0, broken: /** @type {any[]} */ ([]), stop: new AbortController() };
const busy = () => run.lanes > 0 || run.queue.length > 0;

const PASSES = 20;
/** What costs time and is asked for only when somebody ticked it. */
const slow = () => ({ tta: prefs.views ? 'true' : '', mc_dropout: prefs.passes ? String(PASSES) : '' });

async function sendGroup(files) {
    const parts = await Promise.all(files.map((f) => readable(f, f.name || 'picture')));
    try {
        const answer = await api.classify(parts, run.stop.signal, slow());
        answer.items.forEach((a, i) => a.error && run.broken.push({ file: files[i].name, why: a.error.detail }));
    } catch (error) {
        if (error.name === 'AbortError') return;
        if (files.length === 1 && [400, 413, 415, 422].includes(error.status)) run.broken.push({ file: files[0].name, why: explain(error) });
        else if (files.length > 1 && [400, 413, 415, 422].includes(error.status)) for (const f of files) await sendGroup([f]);
        else throw error;
    }
}

async function lane() {
    run.lanes++;
    try {
        while (run.queue.length) {
            const files = run.queue.splice(0, GROUP);
            await sendGroup(files);
            run.done += files.length;
            emit('answers');
        }
    } catch (error) {
        run.queue = [];
        failed(error);
    } finally {
        run.lanes--;
        emit('answers');
        if (!busy()) say(t('run_done', { n: run.done - run.broken.length }));
    }
}

export function classifyFiles(files) {
    if (!files.length) return;
    if (!busy()) Object.assign(run, { total: 0, done: 0, broken: [], stop: new AbortController() });
    run.total += files.length;
    run.queue.push(...files);
    while (run.lanes < LANES && run.lanes * GROUP < run.queue.length) lane();
    emit('answers');
}

function cancel() {
    run.stop.abort();
    run.total -= run.queue.length;
    run.queue = [];
    emit('answers');
}

function runBox() {
    if (!run.total && !run.broken.length) return null;
    return h('section', { class: 'sheet', 'data-run': busy() ? 'on' : 'done' },
        h('div', { class: 'tray-head' },
            h('span', {}, busy() ? t('run_running', { done: run.done, total: run.total }) : t('run_done', { n: run.done - run.broken.length })),
            busy() && h('button', { class: 'btn plain quiet', type: 'button', id: 'run-cancel', onclick: cancel }, t('cancel'))),
        busy() && h('progress', { max: String(run.total), value: String(run.done), 'aria-label': t('run_progress') }),
        run.broken.length > 0 && h('ul', { class: 'answers' }, run.broken.map((b) => failedRow(b.file, b.why))));
}

/** Nobody to ask: say so and where to go. */
function nobody() {
    return h('section', { class: 'welcome middle' }, icon('train'), h('h2', {}, t('no_model')), h('p', { class: 'muted' }, t('no_model_help')),
        h('div', { class: 'chips' }, h('a', { class: 'btn main', href: '#/train' }, t('to_train')), h('a', { class: 'btn', href: '#/words' }, icon('tag'), t('way_words')), state.models.length > 0 && h('a', { class: 'btn', href: '#/models' }, t('to_models'))));
}

/** Folded away: two ways to ask that take longer. */
function slowly() {
    const tick = (name, key) => h('label', { class: 'tick-row' }, h('input', { type: 'checkbox', name, checked: prefs[name], onchange: (e) => setPref(name, e.target.checked) }),
        h('span', {}, h('b', {}, t(key)), ' ', h('span', { class: 'muted' }, t(`${key}_help`))));
    return h('details', { class: 'details', 'data-part': 'slow', open: prefs.views || prefs.passes }, h('summary', {}, t('slow_options')), h('div', { class: 'ticks' }, tick('views', 'slow_views'), tick('passes', 'slow_passes')));
}

const active = () => state.models.find((m) => m.active);

export async function loadModels() {
    state.models = (await api.models()).items;
    emit('models');
}

export function boardView() {
    const filter = { status: '', label: '', text: '', model: '', since: '', until: '' };
    let items = [];
    let next = null;
    let sums = null;
    let alive = true;
    let asked = 0;
    const head = h('header', { class: 'page-head' });
    const place = h('div', {});
    const running = h('div', {});
    const figures = h('section', { class: 'figures', 'aria-label': t('figures') });
    const list = h('ul', { class: 'answers' });
    const foot = h('div', { class: 'more' });
    const filters = h('form', { class: 'filters', role: 'search', 'aria-label': t('history_all'), onsubmit: (e) => e.preventDefault() });
    const picker = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'board-files', onchange: (e) => {
        classifyFiles([...e.target.files]);
        e.target.value = '';
    } });
    const wipe = h('button', { class: 'btn plain quiet', type: 'button', 'data-do': 'delete-answers', hidden: true, onclick: () => forget() }, icon('trash'), h('span', {}));
    const history = h('section', { class: 'data' }, h('div', { class: 'tray-head' }, h('h2', {}, t('history_all')), wipe), filters, list, foot);
    const el = h('div', { class: 'data board' }, head, place, running, figures, history, picker);

    const query = () => ({ ...filter, since: filter.since && `${filter.since}T00:00:00Z`, until: filter.until && `${filter.until}T23:59:59Z` });

    async function load(cursor) {
        const turn = ++asked;
        try {
            const [page, all] = await Promise.all([api.predictions({ ...query(), cursor, limit: cursor ? PAGE : Math.max(PAGE, Math.min(items.length, 200)) }), cursor ? sums : api.predictionStats(query())]);
            if (!alive || turn !== asked) return;
            items = cursor ? [...items, ...page.items] : page.items;
            next = page.next;
            sums = all;
            drawList();
        } catch (error) {
            failed(error);
        }
    }

    const narrowed = () => Object.values(filter).some(Boolean);

    async function forget() {
        const n = sums.total;
        if (!(await confirm(t(narrowed() ? 'answers_delete_shown' : 'answers_delete_all', { n }), t('answers_delete_help'), t('delete'), { risk: true }))) return;
        try {
            toast(t('answers_deleted', { n: await api.deletePredictions(query()) }));
            items = [];
            emit('answers');
        } catch (error) {
            failed(error);
        }
    }

    function drawList() {
        wipe.hidden = !sums?.total;
        put(wipe.lastChild, t(narrowed() ? 'delete_these' : 'delete_all', { n: sums?.total ?? 0 }));
        redraw(list, () => put(list, items.map(row)), '.answer-pick');
        put(foot, next && h('button', { class: 'btn', type: 'button', onclick: () => load(next) }, t('more')),
            !items.length && h('p', { class: 'muted' }, t(narrowed() ? 'no_answers_here' : 'no_answers')));
        drawFigures();
    }

    /** There before the first answer is, so that nothing moves when it comes. */
    function drawFigures() {
        const none = !sums?.total;
        redraw(figures, () => put(figures, (active() || !none) && [
            h('div', { class: 'fig' }, h('strong', {}, none ? '–' : number(sums.total)), h('span', {}, t('fig_total'))),
            bands.map((b) => h('button', { class: 'fig', type: 'button', 'data-band': b, 'aria-pressed': String(filter.status === b), onclick: () => choose('status', filter.status === b ? '' : b) },
                h('strong', {}, none ? '–' : percent(sums[b] / sums.total, 0)), band(b))),
            h('div', { class: 'fig' }, h('strong', {}, none ? '–' : t('ms', { n: number(sums.network_ms, { maximumFractionDigits: 1 }) })), h('span', {}, t('fig_time')))]));
    }

    function choose(key, value) {
        filter[key] = value;
        items = [];
        load();
        drawFilters();
    }

    const drawFilters = () => redraw(filters, fillFilters);

    function fillFilters() {
        const labels = [...new Set(state.models.flatMap((m) => m.classes))].sort();
        const select = (key, first, options) => h('label', { class: 'field' }, h('span', {}, t(first)),
            h('select', { name: key, onchange: (e) => choose(key, e.target.value) }, h('option', { value: '' }, t('all')), options.map(([v, text]) => h('option', { value: v, selected: filter[key] === v }, text))));
        put(filters,
            select('status', 'how_sure', bands.map((b) => [b, t(`band_${b}`)])),
            select('label', 'class', labels.map((l) => [l, l])),
            select('model', 'd_model', state.models.map((m) => [String(m.id), modelName(m)])),
            h('label', { class: 'field' }, h('span', {}, t('file_name')), h('input', { type: 'search', name: 'text', value: filter.text, maxlength: 100, autocomplete: 'off', onchange: (e) => choose('text', e.target.value.trim()) })),
            h('label', { class: 'field' }, h('span', {}, t('since')), h('input', { type: 'date', name: 'since', value: filter.since, onchange: (e) => choose('since', e.target.value) })),
            h('label', { class: 'field' }, h('span', {}, t('until')), h('input', { type: 'date', name: 'until', value: filter.until, onchange: (e) => choose('until', e.target.value) })));
    }

    const drawHead = () => redraw(head, () => {
        const m = active();
        put(head,
            h('div', {}, h('h1', {}, t('tab_board')), m && h('p', { class: 'muted' }, `${modelName(m)} · ${t('classes', { n: m.classes.length })} · ${t('bands_are', { confident: percent(m.confident, 0), reject: percent(m.reject, 0) })}`)),
            classifyWays('board'),
            m && h('div', { class: 'page-tools' },
                h('button', { class: 'btn main', type: 'button', 'data-do': 'classify', onclick: () => picker.click() }, icon('upload'), t('classify_pictures')),
                h('a', { class: 'btn', href: '#/models' }, icon('models'), t('to_models'))));
        put(place, m ? [h('p', { class: 'muted small drop-note' }, t('drop_classify')), slowly()] : nobody());
    });

    const drawRun = () => redraw(running, () => put(running, runBox()));

    let soon = 0;
    const off = [on('models', () => (drawHead(), drawFilters(), drawFigures())), on('answers', () => {
        drawRun();
        clearTimeout(soon);
        soon = setTimeout(() => alive && load(), 200);
    })];
    drawHead();
    drawRun();
    drawFilters();
    drawFigures();
    loadModels().catch(failed);
    load();
    return {
        el,
        get onDrop() { return active() ? (files) => classifyFiles(files.map((f) => f.file)) : () => failed(new Error(t('no_model_help'))); },
        get dropText() { return t(active() ? 'drop_to_classify' : 'no_model'); },
        keys: { u: () => active() && picker.click() },
        stop() {
            alive = false;
            clearTimeout(soon);
            off.forEach((f) => f());
        },
    };
}
