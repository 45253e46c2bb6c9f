/**
 * train.js - start a training, watch it learn, stop it, read what came of it.
 *
 * The server says by events that a job moved; the points of its curve are asked for from the one we have on, so a page
 * that comes back after an hour draws the whole curve and a page that stays fetches each point once.
 */
import { h, put, redraw } from './dom.js';
import { t, has, date, duration, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { confirm } from './dialog.js';
import { failed, toast } from './toast.js';
import { state, on } from './state.js';
import { loadJobs } from './notice.js';
import { chart, table } from './curves.js';
import { reasonText } from './reasons.js';
import { loadModels } from './board.js';

/** The trainer's own defaults. */
const usualEpochs = { head: '60', all: '15' };

/** Curves by job, kept while the page is open. */
const curves = new Map();
const curveOf = (id) => curves.get(id) ?? [];

async function fetchCurve(job) {
    const have = curveOf(job.id);
    if (job.points <= have.length) return;
    const { curve } = await api.job(job.id, have.length);
    const now = curveOf(job.id);
    curves.set(job.id, [...now, ...curve.slice(now.length - have.length)]);
}

const trainings = () => state.jobs.filter((j) => j.kind === 'train');
const isOver = (j) => !['running', 'pending'].includes(j.state);

function phase(j) {
    if (j.state === 'pending') return t('job_pending');
    const key = `phase_${j.detail?.phase}`;
    const words = has(key) ? t(key) : t('job_running');
    return j.detail?.epoch > 0 ? `${words} · ${t('epoch_of', { n: j.detail.epoch, of: j.detail.epochs })}` : words;
}

const sourceOf = (j) => j.detail?.dataset || j.detail?.folder?.split('/').pop() || '';

function stop(j) {
    return api.stopJob(j.id).then(() => toast(t('stopping'))).catch(failed);
}

async function giveUp(j) {
    if (!(await confirm(t('give_up_title'), t('give_up_help'), t('give_up'), { risk: true }))) return;
    await api.stopJob(j.id).catch(failed);
}

function curvesOf(j) {
    const points = curveOf(j.id);
    return points.length > 0 && [
        h('div', { class: 'charts' },
            chart(t('loss'), points, [{ key: 'train_loss', name: t('on_train') }, { key: 'val_loss', name: t('on_val') }]),
            chart(t('accuracy_curve'), points, [{ key: 'train_accuracy', name: t('on_train') }, { key: 'val_accuracy', name: t('on_val') }], { share: true })),
        table(points)];
}

/** A note in the reader's language where we have its code, else as the trainer wrote it. */
export function noteText(n) {
    const key = `note_${n.code}`;
    const [a, reason, c, d, e] = n.args ?? [];
    const b = /^left_out(_training)?$/.test(n.code) ? reasonText(reason) : reason;
    return n.code && has(key) ? t(key, { a, b, c, d, e }) : (n.text ?? n);
}

function notes(j) {
    const list = j.detail?.notes ?? [];
    return list.length > 0 && h('details', { class: 'details' }, h('summary', {}, t('notes', { n: list.length })), h('ul', {}, list.map((n) => h('li', { class: 'small' }, noteText(n)))));
}

function running(j) {
    const left = j.detail?.seconds_left;
    return h('section', { class: 'sheet', 'data-job': String(j.id), 'data-state': j.state },
        h('div', { class: 'tray-head' },
            h('div', {}, h('h2', {}, t('training_of', { name: sourceOf(j) })), h('p', { class: 'muted small' }, phase(j), left > 0 ? ` · ${t('left', { time: duration(left) })}` : '')),
            h('button', { class: 'btn risk', type: 'button', 'data-do': 'stop', onclick: () => stop(j) }, icon('close'), t(j.state === 'pending' ? 'cancel' : 'stop_training'))),
        h('progress', { max: String(j.total || 1), value: j.state === 'pending' ? '0' : String(j.total ? j.done : 0), 'aria-label': phase(j) }),
        curvesOf(j), notes(j));
}

/** Why there is no model: what kind of trouble in the reader's language, exactly what in the server's English. */
function trouble(j) {
    const key = `cause_${j.detail?.cause}`;
    if (j.state === 'cancelled' && j.detail?.cause && j.detail.cause !== 'nothing') return t('given_up');
    if (j.detail?.cause === 'nothing' || (j.state === 'cancelled' && !j.message)) return t('cause_nothing');
    return has(key) ? [t(key), ' ', h('span', { class: 'muted', lang: 'en' }, j.message)] : j.message;
}

/** What came of it. */
function outcome(j) {
    const r = j.detail?.result;
    if (!r) return trouble(j);
    const name = `${r.name} ${r.version}`;
    return [r.accuracy === null ? name : t(r.on_test ? 'result_test' : 'result_val', { name, accuracy: percent(r.accuracy) }),
        r.same && t('result_same'), r.promoted && t('answers_now'), r.stopped && t('result_stopped'), !r.stopped && r.early && t('result_early', { n: r.epochs, best: r.best_epoch })].filter(Boolean).join(' · ');
}

function past(j) {
    const model = state.models.some((m) => m.id === j.detail?.model) ? j.detail.model : 0; // it may be deleted since
    return h('li', { class: 'sheet', 'data-job': String(j.id), 'data-state': j.state },
        h('div', { class: 'tray-head' }, h('h3', { class: 'as-h2' }, t('training_of', { name: sourceOf(j) })), h('span', { class: `state state-${j.state}` }, t(`job_${j.state}`))),
        h('p', {}, outcome(j)),
        h('p', { class: 'muted small' }, j.ended_at ? date(j.ended_at) : ''),
        j.resumable && h('div', { class: 'chips' },
            h('button', { class: 'btn main', type: 'button', 'data-do': 'resume', onclick: () => api.resumeJob(j.id).then(() => toast(t('resuming'))).catch(failed) }, icon('again'), t('resume')),
            h('button', { class: 'btn plain', type: 'button', 'data-do': 'give-up', onclick: () => giveUp(j) }, icon('trash'), t('give_up')),
            h('span', { class: 'muted small' }, t('resume_help'))),
        model > 0 && h('div', { class: 'chips' },
            h('a', { class: 'btn', href: `/v1/models/${model}/report`, target: '_blank', rel: 'noopener' }, icon('report'), t('report')),
            h('a', { class: 'btn', href: '#/models' }, icon('models'), t('to_models'))),
        j.points > 0 && h('details', { class: 'details', ontoggle: (e) => e.target.open && fetchCurve(j).then(() => put(e.target.querySelector('.curve-room'), curvesOf(j)), failed) },
            h('summary', {}, t('curves')), h('div', { class: 'curve-room' }, curvesOf(j))),
        notes(j));
}

export function trainView() {
    let sources = { datasets: [], folders: [] };
    let alive = true;
    const now = h('div', { class: 'data' });
    const done = h('ul', { class: 'data' });
    const box = h('div', {});
    const bad = h('p', { class: 'problem', role: 'alert' });
    const head = h('header', { class: 'page-head' }, h('div', {}, h('h1', {}, t('tab_train')), h('p', { class: 'muted' }, t('train_help'))),
        h('div', { class: 'page-tools' }, h('a', { class: 'btn', href: '#/inspect' }, icon('chip'), t('ins_title')), h('a', { class: 'btn', href: '#/models' }, icon('models'), t('to_models'))));
    const pastHead = h('h2', {}, t('past_trainings'));
    const el = h('div', { class: 'data train' }, head, now, box, pastHead, done);

    async function start(e) {
        e.preventDefault();
        const form = e.target;
        const [kind, ...rest] = form.source.value.split(':');
        const head = form.what.value === 'head';
        const settings = { [head ? 'model.head_epochs' : 'training.epochs']: Number(form.epochs.value), 'model.freeze_backbone': head };
        if (Number(form.minutes.value) > 0) settings['training.max_minutes'] = Number(form.minutes.value);
        bad.textContent = '';
        try {
            const job = await api.train({ [kind]: rest.join(':'), name: form.model.value.trim() || undefined, settings });
            if (!state.jobs.some((j) => j.id === job.id)) state.jobs.unshift(job); // its first event may be here already, and know more
            draw();
            now.querySelector('h2')?.scrollIntoView({ block: 'center' });
        } catch (error) {
            bad.textContent = error.status === 409 || error.status === 400 ? error.message : explain(error);
        }
    }

    const field = (label, control, hint) => h('label', { class: 'field' }, h('span', {}, label), control, hint && h('span', { class: 'muted hint' }, hint));

    function fillForm() {
        put(box, h('form', { class: 'sheet train-form', onsubmit: start },
            h('h2', {}, t('train_new')),
            field(t('train_from'), h('select', { name: 'source', required: true },
                sources.datasets.length > 0 && h('optgroup', { label: t('datasets') }, sources.datasets.map((d) => h('option', { value: `dataset:${d.name}`, selected: d.name === state.dataset }, `${d.name} (${t('pictures', { n: d.images })})`))),
                sources.folders.length > 0 && h('optgroup', { label: t('folders') }, sources.folders.map((f) => h('option', { value: `folder:${f}` }, f))))),
            field(t('model_name'), h('input', { type: 'text', name: 'model', maxlength: 60, autocomplete: 'off' }), t('model_name_help')),
            field(t('what_learns'), h('select', { name: 'what', onchange: (e) => (e.target.form.epochs.value = usualEpochs[e.target.value]) }, h('option', { value: 'head' }, t('learn_head')), h('option', { value: 'all' }, t('learn_all'))), t('what_learns_help')),
            h('div', { class: 'two' },
                field(t('epochs'), h('input', { type: 'number', name: 'epochs', min: 1, max: 1000, value: usualEpochs.head, required: true }), t('epochs_help')),
                field(t('minutes_most'), h('input', { type: 'number', name: 'minutes', min: 0, max: 10000, value: '0' }), t('minutes_help'))),
            bad,
            h('div', { class: 'dialog-foot' }, h('button', { class: 'btn main', type: 'submit', 'data-do': 'train' }, icon('train'), t('train_start')))));
    }

    const draw = () => redraw(el, () => {
        const all = trainings();
        const old = all.filter(isOver);
        put(now, all.filter((j) => !isOver(j)).map(running));
        const open = new Set([...done.querySelectorAll('details[open]')].map((d) => d.closest('[data-job]').dataset.job));
        put(done, old.map(past));
        for (const li of done.children) if (open.has(li.dataset.job)) li.querySelector('details')?.setAttribute('open', '');
        pastHead.hidden = old.length === 0;
    });

    let seen = '';
    async function follow() {
        try {
            await Promise.all(trainings().filter((j) => !isOver(j)).map(fetchCurve));
        } catch {
            /* the next event asks again */
        }
        if (!alive) return;
        const ended = trainings().map((j) => `${j.id}${j.state}`).join();
        if (seen && seen !== ended) loadModels().catch(() => {});
        seen = ended;
        draw();
    }

    const off = [on('jobs', follow), on('models', () => draw())];
    loadJobs().catch(failed);
    loadModels().catch(failed);
    api.trainSources().then((s) => {
        sources = s;
        if (alive) fillForm();
    }, failed);
    draw();
    return { el, keys: {}, onDrop: undefined, stop() {
        alive = false;
        off.forEach((f) => f());
    } };
}

