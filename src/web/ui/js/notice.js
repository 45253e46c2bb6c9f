/**
 * notice.js - one line under the bar about what concerns everybody: the demonstration being drawn, a server that does not answer.
 *
 * The server's jobs are read once, then followed by events.  A screen reader is not told of each step:
 * the bar has a name and a value that it can ask for.
 */
import { h, put, $ } from './dom.js';
import { t } from './i18n.js';
import { api } from './api.js';
import { icon } from './icons.js';
import { state, on, emit } from './state.js';

/** What the server says of a job, now or by an event. */
export function noteJob(job) {
    const at = state.jobs.findIndex((j) => j.id === job.id);
    if (at < 0) state.jobs.unshift(job);
    else state.jobs[at] = job;
    emit('jobs');
}

export async function loadJobs() {
    state.jobs = await api.jobs();
    emit('jobs');
}

/** Many pictures are being changed: how far that is, and the way out. */
function changing(box, job) {
    const stop = box.querySelector('[data-do="stop-change"]');
    const bar = box.querySelector('progress');
    const share = Math.round((100 * job.done) / (job.total || 1));
    if (stop && bar) {
        bar.value = job.done;
        return put(box.querySelector('p'), t('change_running', { share }));
    }
    put(box, h('p', {}, t('change_running', { share })), h('progress', { max: String(job.total || 1), value: String(job.done), 'aria-label': t('change_progress') }),
        h('button', { class: 'btn quiet', type: 'button', 'data-do': 'stop-change', onclick: () => api.stopJob(job.id).catch(() => {}) }, t('cancel')));
}

export function drawNotice() {
    const box = $('#notice');
    const job = state.jobs.find((j) => j.kind === 'demo' && j.state === 'running');
    box.hidden = !job && !state.lost;
    put(box, state.lost && h('p', { class: 'lost', role: 'alert' }, icon('warn'), h('span', {}, t('error_0'))), job && [
        h('p', {}, t('demo_drawing', { done: job.done, total: job.total })),
        h('progress', { max: String(job.total), value: String(job.done), 'aria-label': t('demo_progress') })]);
}

on('jobs', drawNotice);
