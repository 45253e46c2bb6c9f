/**
 * sending.js - thousands of pictures on their way to the library: batches beside each other, progress with a rate, pause, cancel, and a
 * list of what did not come through.
 *
 * One sending for the page: it goes on while another view is on, and leaving the page is asked about.  Files are named by their
 * digest first (digest.js), so that what the library has is not sent again.  A batch that is refused as a whole is sent picture by
 * picture, so that one bad file costs the others nothing.
 *
 * Rejected: one request a picture (10,000 round trips), one request for all (no progress, and a limit of the server).
 */
import { h, put, $ } from './dom.js';
import { t, number, duration } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { digest } from './digest.js';
import { readable } from './readable.js';
import { state, emit, loadDatasets } from './state.js';
import { say } from './toast.js';

const LANES = 3;
const BATCH = 24;
const BATCH_BYTES = 12e6;
/** Files looked at ahead of the lanes. */
const AHEAD = 96;
const LISTED = 200;

const fresh = () => ({ total: 0, done: 0, added: 0, known: 0, skipped: 0, bytes: 0, paused: false, finding: false, since: 0, busy: 0, batch: 0, waiting: 0, pace: 0, watching: false, settled: false, ended: false, told: new Set(), failures: /** @type {{name: string, why: string}[]} */ ([]) });
let now = fresh();
/** Not looked at yet, and ready to go. */
let queue = [];
let ready = [];
let lanes = 0;
let looking = 0;
let stop = new AbortController();
let marks = []; // [time, done], the last ten seconds
let timer = 0;

/** Files are on their way: leaving now would lose them. */
const sending = () => now.finding || queue.length > 0 || ready.length > 0 || lanes > 0 || looking > 0;
/** Or the server still looks at them, which it does without us. */
export const sendingBusy = () => sending() || now.watching;

function rate() {
    const t1 = performance.now();
    marks.push([t1, now.done]);
    while (marks.length > 2 && t1 - marks[0][0] > 10000) marks.shift();
    const [t0, d0] = marks[0];
    return t1 - t0 > 800 ? ((now.done - d0) * 1000) / (t1 - t0) : 0;
}

function words() {
    if (now.finding && !now.total) return t('send_finding');
    if (!sendingBusy()) return t('send_done', { n: now.added });
    if (!sending()) return t('send_behind', { n: now.waiting });
    return t(now.paused ? 'send_paused' : 'send_running', { done: number(now.done), total: number(now.total) });
}

function speed() {
    const perSecond = sending() ? rate() : now.pace;
    if (now.paused || !sendingBusy() || perSecond < 0.05) return '';
    const left = (sending() ? now.total - now.done : now.waiting) / perSecond;
    return [t('send_rate', { n: number(perSecond, { maximumFractionDigits: perSecond < 10 ? 1 : 0 }) }), left > 2 && t('send_left', { time: duration(left) })].filter(Boolean).join(' · ');
}

function tray() {
    const tool = (id, glyph, key, run) => h('button', { class: 'btn plain quiet', type: 'button', id, onclick: run }, icon(glyph), t(key));
    const busy = sendingBusy();
    return [
        h('div', { class: 'tray-head' }, h('span', { 'data-part': 'words' }), h('span', { class: 'tray-tools' },
            sending() && tool('send-pause', now.paused ? 'arrow' : 'pause', now.paused ? 'send_go_on' : 'send_pause', () => pause(!now.paused)),
            busy ? tool('send-cancel', 'close', 'cancel', cancel) : tool('send-close', 'close', 'close', close))),
        h('progress', { 'aria-label': t('upload_progress'), max: '1' }),
        h('p', { class: 'muted small', 'data-part': 'rate' }),
        now.known > 0 && h('p', { class: 'muted small', 'data-part': 'known' }, t('send_known', { n: now.known })),
        now.skipped > 0 && h('p', { class: 'muted small', 'data-part': 'skipped' }, t('send_skipped', { n: now.skipped })),
        now.failures.length > 0 && h('details', { 'data-part': 'failures', open: now.failures.length < 4 }, h('summary', { class: 'small' }, icon('warn'), ' ', t('upload_failed', { n: now.failures.length })),
            h('ul', { tabindex: '0', 'aria-label': t('send_failures') }, now.failures.slice(0, LISTED).map((f) => h('li', {}, h('b', {}, f.name), h('span', { class: 'muted' }, f.why)))))];
}

let shape = '';

/** Words and bar move in place; the rest is drawn when it changes. */
function draw() {
    const box = $('#sending');
    box.hidden = !now.total && !now.finding;
    if (box.hidden) return;
    const looks = [sendingBusy(), sending(), now.paused, now.known > 0, now.skipped, now.failures.length, document.documentElement.lang].join();
    if (looks !== shape || !box.firstChild) {
        const had = box.contains(document.activeElement) && document.activeElement.id;
        put(box, tray());
        if (had) (box.querySelector(`#${had}`) ?? box.querySelector('button'))?.focus();
        shape = looks;
    }
    put(box.querySelector('[data-part="words"]'), words());
    put(box.querySelector('[data-part="rate"]'), speed());
    const known = box.querySelector('[data-part="known"]');
    if (known) put(known, t('send_known', { n: now.known }));
    const bar = box.querySelector('progress');
    if (now.finding && !now.total) bar.removeAttribute('value');
    else bar.value = sending() ? now.done / Math.max(1, now.total) : 1 - now.waiting / Math.max(1, now.waiting, now.added);
}

const leaving = (e) => e.preventDefault();

function tick() {
    draw();
    if (sending()) return;
    removeEventListener('beforeunload', leaving);
    if (!now.settled && now.batch) {
        now.settled = true;
        if (!now.watching) watch();
        return;
    }
    if (now.watching) return;
    clearInterval(timer);
    timer = 0;
    if (now.ended) return;
    now.ended = true;
    const ok = now.added;
    say(t('send_done', { n: ok }) + (now.failures.length ? ` ${t('upload_failed', { n: now.failures.length })}` : ''));
    refresh(true);
    const mine = now;
    if (!now.failures.length && !now.skipped) setTimeout(() => mine === now && !sendingBusy() && close(), 8000);
}

function begin() {
    if (timer) return;
    timer = setInterval(tick, 400);
    addEventListener('beforeunload', leaving);
}

let read = 0;
async function refresh(force) {
    if (!force && Date.now() - read < 2500) return;
    read = Date.now();
    await loadDatasets().catch(() => {});
    emit('pictures');
}

function close() {
    now = fresh();
    marks = [];
    shape = '';
    draw();
}

function pause(yes) {
    now.paused = yes;
    marks = [];
    draw();
    if (!yes) pump();
}

function cancel() {
    if (now.batch) api.intakeCancel(now.batch).catch(() => {});
    now.total -= queue.length + ready.length;
    queue = [];
    ready = [];
    now.finding = false;
    stop.abort();
    stop = new AbortController();
    tick();
}

const fail = (job, error) => {
    now.done++;
    now.failures.push({ name: job.name, why: typeof error === 'string' ? error : explain(error) });
};

/** Name the next files by their digests and leave out what the library has. */
async function look() {
    looking++;
    const jobs = queue.splice(0, AHEAD);
    const mine = stop.signal;
    try {
        const named = await Promise.all(jobs.map(async (job) => ({ ...job, sha: await digest(job.file) })));
        for (const to of new Set(named.map((j) => j.to))) {
            const list = named.filter((j) => j.to === to);
            const shas = list.map((j) => j.sha).filter(Boolean);
            const known = new Set(shas.length && !to.class ? await api.known(to.dataset, shas, mine) : []);
            if (mine.aborted) return;
            for (const job of list)
                if (known.has(job.sha)) {
                    now.known++;
                    now.done++;
                } else ready.push(job);
        }
    } catch (error) {
        if (error.name !== 'AbortError' && !mine.aborted) ready.push(...jobs); // not knowing costs only time
    } finally {
        looking--;
        pump();
    }
}

function nextBatch() {
    const jobs = [];
    let size = 0;
    const most = Math.min(BATCH_BYTES, (state.info?.limits?.max_request_bytes ?? Infinity) * 0.9);
    while (ready.length && jobs.length < BATCH && (!jobs.length || size + ready[0].file.size < most) && (!jobs.length || ready[0].to === jobs[0].to)) {
        size += ready[0].file.size;
        jobs.push(ready.shift());
    }
    return jobs;
}

/** What became of each of them: by its digest, where that is known, else by its name. */
function settle(jobs, answer) {
    const taken = [...answer.accepted];
    const refused = [...answer.refused];
    for (const job of jobs) {
        const sent = job.sentAs ?? job.file.name;
        const at = taken.findIndex((a) => (job.sha && !job.sentAs ? a.sha256 === job.sha : a.file === sent));
        if (at >= 0) {
            const [item] = taken.splice(at, 1);
            now.done++;
            item.there ? now.known++ : now.added++;
            continue;
        }
        const no = refused.findIndex((r) => r.file === sent);
        const why = no >= 0 ? refused.splice(no, 1)[0] : { message: t('error_other') };
        fail(job, why.message);
    }
}

async function send(jobs) {
    const mine = now;
    try {
        const parts = await Promise.all(jobs.map((j) => readable(j.file, j.file.name)));
        parts.forEach((p, i) => p.blob !== jobs[i].file && (jobs[i].sentAs = p.name));
        const answer = await api.intake(parts, { ...jobs[0].to, batch: now.batch, signal: stop.signal });
        if (mine !== now) return;
        now.batch ||= answer.batch;
        settle(jobs, answer);
    } catch (error) {
        if (mine !== now) return;
        if (error.name === 'AbortError') return void (now.total -= jobs.length);
        const single = [400, 413, 415, 422].includes(error.status) || error.status === 0;
        if (jobs.length > 1 && single && !stop.signal.aborted) for (const job of jobs) await send([job]);
        else jobs.forEach((job) => fail(job, error));
    }
}

/** The server looks at what it was given behind our back: how far it is, and what it could not read. */
async function watch() {
    if (!now.batch || now.watching) return;
    const mine = now;
    now.watching = true;
    try {
        for (;;) {
            await new Promise((done) => setTimeout(done, 1200));
            if (mine !== now) return;
            const state = await api.intakeState({ limit: 200 }).catch(() => null);
            const batch = state?.batches.find((b) => b.id === mine.batch);
            if (!batch) continue;
            now.waiting = batch.waiting;
            now.pace = state.rate;
            for (const f of state.failures) if (f.batch === mine.batch && !now.told.has(f.id)) {
                now.told.add(f.id);
                now.added--;
                now.failures.push({ name: f.file, why: f.message });
            }
            draw();
            refresh(false);
            if (!batch.waiting && !sending()) return;
        }
    } finally {
        mine.watching = false;
        if (mine === now) tick();
    }
}

function pump() {
    if (now.paused) return;
    if (!looking && queue.length && ready.length < AHEAD) look();
    while (lanes < (now.batch ? LANES : 1) && ready.length) { // the first answer gives the import its number
        lanes++;
        send(nextBatch()).finally(() => {
            lanes--;
            refresh(false);
            watch();
            pump();
        });
    }
}

/**
 * Take files, as they are found.
 * @param {AsyncIterable<{file: File, path?: string}[]>|{file: File, path?: string}[]} found @param {{dataset: string, class: string}} to '': the library, its class of what is not sorted
 */
export async function sendAll(found, to) {
    if (!sendingBusy()) close();
    const mine = stop.signal;
    now.finding = true;
    now.settled = now.ended = false;
    begin();
    draw();
    try {
        for await (const part of Array.isArray(found) ? [found] : found) {
            if (mine.aborted) return;
            now.skipped += part.skipped ?? 0;
            for (const { file, path } of part) queue.push({ file, name: path || file.name, to });
            now.total += part.length;
            pump();
        }
    } finally {
        now.finding = false;
        tick();
    }
}
