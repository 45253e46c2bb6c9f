/**
 * encoders.js - the networks that turn pictures (and words) into vectors: what there is, what is here, which one serves;
 * fetch one, stop and go on, let it serve.
 *
 * Fetching and changing are jobs of the server: they go on when this page closes, and every open page sees them move.
 */
import { h, put, redraw } from './dom.js';
import { t, has, bytes, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { confirm, dialog } from './dialog.js';
import { failed, toast } from './toast.js';
import { state, on } from './state.js';
import { loadJobs, noteJob } from './notice.js';
import { modelWays } from './way.js';

/** Jobs of ours: "pull" brings one here, "encoder" lets it serve. */
const isOurs = (j) => j.kind === 'pull' || j.kind === 'encoder';
const mine = (e) => (j) => isOurs(j) && j.detail?.name?.toLowerCase() === e.name.toLowerCase();
const isOver = (j) => !['running', 'pending'].includes(j.state);
const sizeOf = (e) => (e.bytes ? size(e.bytes) : t('size_unknown'));
const size = (n) => (n >= 1e9 ? t('gigabytes', { n: Math.round(n / 1e8) / 10 }) : bytes(n));

/** The licence, before anything is fetched that must not be used for work. */
function licenceAsked(e) {
    return dialog(t('licence_title', { name: e.title }), (close) => {
        const tick = h('input', { type: 'checkbox', id: 'licence-tick', onchange: () => (go.disabled = !tick.checked) });
        const go = h('button', { class: 'btn main', type: 'submit', disabled: true, 'data-do': 'licence-go' }, icon('download'), t('fetch'));
        return h('form', { class: 'dialog-body-form', onsubmit: (ev) => {
            ev.preventDefault();
            if (tick.checked) close(true);
        } },
        h('p', {}, t('licence_text', { licence: e.licence })),
        h('label', { class: 'choice' }, tick, h('span', {}, h('b', {}, t('licence_accept')))),
        h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')), go));
    });
}

export function encodersView() {
    let found = null;
    let trouble = null;
    let alive = true;
    const said = new Map();
    const head = h('header', { class: 'page-head' }, h('div', {}, h('h1', {}, t('to_models')), h('p', { class: 'muted' }, t('encoders_help'))), modelWays('encoders'));
    const memory = h('section', { class: 'memory', 'aria-label': t('memory') });
    const list = h('ul', { class: 'models encoders' });
    const bad = h('p', { class: 'problem', role: 'alert' });
    const name = h('input', { type: 'text', id: 'encoder-name', maxlength: 200, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', placeholder: 'timm/vit_base_patch32_clip_224.openai', required: true });
    const other = h('form', { class: 'sheet other-encoder', hidden: true, onsubmit: (e) => {
        e.preventDefault();
        fetchOther();
    } }, h('h2', {}, t('encoder_other')), h('p', { class: 'muted small', id: 'encoder-help' }, t('encoder_other_help')),
    h('div', { class: 'label-entry' }, h('label', { class: 'field' }, h('span', {}, t('encoder_name')), name), h('button', { class: 'btn', type: 'submit', 'data-do': 'pull-other' }, icon('download'), t('fetch'))), bad);
    name.setAttribute('aria-describedby', 'encoder-help');
    const el = h('div', { class: 'data' }, head, list, memory, other);

    async function load() {
        try {
            found = await api.encoders();
            trouble = null;
        } catch (error) {
            trouble = error;
        }
        if (alive) draw();
    }

    async function run(e, start) {
        said.delete(e.name);
        try {
            noteJob(await start());
        } catch (error) {
            said.set(e.name, error.status === 409 || error.status === 507 ? error.message : explain(error));
            draw();
        }
    }

    async function fetchIt(e) {
        const accept = e.needs_acceptance ? await licenceAsked(e) : false;
        if (e.needs_acceptance && !accept) return;
        await run(e, () => api.pullEncoder(e.name, Boolean(accept)));
    }

    /** One that the list does not have yet: its card is drawn from its job. */
    async function fetchOther() {
        bad.textContent = '';
        try {
            noteJob(await api.pullEncoder(name.value.trim(), false));
            name.value = '';
        } catch (error) {
            bad.textContent = [400, 404, 409].includes(error.status) ? error.message : explain(error);
        }
    }

    /** Jobs for what is in no list: fetched by its name, not here yet. */
    const strangers = () => state.jobs.filter((j) => j.kind === 'pull' && j.state !== 'done' && j.detail?.name && !found.encoders.some((e) => mine(e)(j)))
        .filter((j, i, all) => all.findIndex((o) => o.detail.name === j.detail.name) === i)
        .map((j) => ({ name: j.detail.name, title: j.detail.name, licence: '', commercial: false, needs_acceptance: j.detail.cause === 'licence', cached: false, words: null, bytes: 0, dim: 0, serving: false }));

    async function useIt(e) {
        const text = [t('use_help'), !e.words && t('use_no_words')].filter(Boolean).join(' ');
        if (await confirm(t('use_title', { name: e.title }), text, t('use'))) await run(e, () => api.useEncoder(e.name));
    }

    /** What a running job says; the words and the bar change in place, so that its button can be pressed. */
    function step(e, j) {
        const pull = j.kind === 'pull';
        const share = j.total > 0 ? j.done / j.total : 0;
        const stage = pull ? `stage_${j.detail?.stage}` : `phase_${j.detail?.phase}`;
        const words = j.state === 'pending' ? t('job_pending') : has(stage) ? t(stage) : pull ? t('fetching', { done: size(j.done), total: size(j.total || e.bytes || 0) }) : t('embedding', { done: j.done, total: j.total });
        return { words, share: j.total > 0 ? share : null };
    }

    function progress(j) {
        return h('div', { class: 'job-line', 'data-job': String(j.id) },
            h('p', { class: 'small' }, h('span', {}), h('b', {})), h('progress', { max: '1' }),
            h('button', { class: 'btn quiet', type: 'button', 'data-do': 'cancel-job', onclick: () => api.stopJob(j.id).then(noteJob, failed) }, icon('close'), t('cancel')));
    }

    /** What the last work on it came to, if that needs saying. */
    function outcome(j) {
        if (!j || j.state === 'done') return null;
        const fault = `fault_${j.detail?.cause}`;
        const why = has(fault) ? t(fault) : h('span', { lang: 'en' }, j.message);
        return h('p', { class: j.state === 'failed' ? 'problem' : 'muted small', role: 'status', title: j.message || undefined }, j.state === 'failed' ? [t(j.kind === 'pull' ? 'fetch_failed' : 'use_failed'), ' ', why] : t(j.kind === 'pull' ? 'fetch_stopped' : 'use_stopped'));
    }

    function card(e) {
        const job = state.jobs.find(mine(e));
        const busy = job && !isOver(job);
        const half = job && isOver(job) && job.state !== 'done' && job.kind === 'pull' && !e.cached;
        return h('li', { class: 'sheet model', 'data-encoder': e.name, 'data-active': String(e.serving), 'data-set': e.name },
            h('div', { class: 'tray-head' }, h('h2', {}, e.title || e.name), e.serving && h('span', { class: 'band', 'data-band': 'success' }, icon('check'), h('span', {}, t('serves_now')))),
            h('ul', { class: 'traits' },
                e.words !== null && h('li', {}, icon(e.words ? 'tag' : 'none'), t(e.words ? 'reads_words' : 'no_words')),
                h('li', {}, icon('download'), e.cached ? (e.bytes ? t('is_here', { size: size(e.bytes) }) : t('is_here_plain')) : sizeOf(e)),
                h('li', { class: e.needs_acceptance ? 'careful' : '' }, icon(e.commercial ? 'check' : e.licence ? 'warn' : 'help'), e.licence || t('licence_unknown'), e.needs_acceptance && ` · ${t('non_commercial')}`)),
            h('p', { class: 'muted small print' }, [e.name, e.dim && t('numbers_per_picture', { n: e.dim })].filter(Boolean).join(' · ')),
            said.has(e.name) ? h('p', { class: 'problem', role: 'alert' }, said.get(e.name)) : !busy && outcome(job),
            busy ? progress(job) : h('div', { class: 'chips actions' },
                !e.cached && h('button', { class: 'btn', type: 'button', 'data-do': 'pull', onclick: () => fetchIt(e) }, icon(half ? 'again' : 'download'), t(half ? 'fetch_on' : 'fetch')),
                e.cached && !e.serving && h('button', { class: 'btn main', type: 'button', 'data-do': 'use', onclick: () => useIt(e) }, icon('check'), t('use'))));
    }

    function move(e, el) {
        const job = state.jobs.find(mine(e));
        const line = el.querySelector('.job-line');
        if (!line || !job) return;
        const { words, share } = step(e, job);
        const bar = line.querySelector('progress');
        put(line.querySelector('span'), words);
        put(line.querySelector('b'), share === null ? '' : percent(share, 0));
        bar.setAttribute('aria-label', words);
        if (share === null) bar.removeAttribute('value');
        else bar.value = share;
    }

    /** What a card depends on, but for how far its job is. */
    const looks = (e) => {
        const job = state.jobs.find(mine(e));
        return JSON.stringify([e, said.get(e.name), job && [job.id, job.kind, isOver(job) ? job.state : 'on', isOver(job) && job.message]]);
    };
    let drawn = '';

    /** What networks take, of what they may; without a bound there is nothing to draw a share of. */
    function drawMemory() {
        const { used, budget } = found.memory ?? {};
        if (!used) return put(memory);
        const bar = budget && h('span', { class: 'bar-line', 'aria-hidden': 'true' });
        if (bar) bar.style.setProperty('--v', Math.min(1, used / budget));
        memory.dataset.over = String(Boolean(budget) && used > budget);
        put(memory, h('p', { class: 'small' }, h('b', {}, t('memory')), ' ', budget ? t('memory_used', { used: size(used), budget: size(budget) }) : t('memory_free', { used: size(used) })), bar,
            budget && used > budget && h('p', { class: 'muted small' }, t('memory_over')));
    }

    const draw = () => {
        if (trouble || !found) drawn = '';
        if (trouble) return put(list, h('li', { class: 'welcome middle' }, h('p', { class: 'problem' }, explain(trouble)), h('button', { class: 'btn', type: 'button', onclick: load }, icon('again'), t('try_again'))));
        if (!found) return put(list, [0, 1, 2].map(() => h('li', { class: 'sheet model ghost', 'aria-hidden': 'true' })));
        other.hidden = false;
        drawMemory();
        const rank = (e) => (e.serving ? 0 : e.cached ? 1 : 2);
        const all = [...found.encoders, ...strangers()].sort((a, b) => rank(a) - rank(b));
        const now = all.map(looks).join();
        if (now !== drawn) redraw(list, () => put(list, all.map(card)));
        drawn = now;
        all.forEach((e, i) => move(e, list.children[i]));
    };

    /** A job that ended changes what is here and what serves. */
    let seen = '';
    function moved() {
        const now = state.jobs.filter(isOurs);
        const over = now.filter(isOver).map((j) => `${j.id}${j.state}`).join();
        if (seen && over !== seen) {
            load();
            api.info().then((i) => (state.info = i), () => {});
            const last = now.find(isOver);
            if (last?.state === 'done') toast(t(last.kind === 'pull' ? 'fetched' : 'used', { name: found?.encoders.find((e) => e.name === last.detail?.name)?.title ?? last.detail?.name ?? '' }));
        }
        seen = over || ' ';
        draw();
    }

    const off = [on('jobs', moved)];
    draw();
    load();
    loadJobs().catch(failed);
    return { el, keys: {}, onDrop: undefined, stop() {
        alive = false;
        off.forEach((f) => f());
    } };
}
