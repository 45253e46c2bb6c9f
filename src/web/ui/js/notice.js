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

export function drawNotice() {
    const box = $('#notice');
    const job = state.jobs.find((j) => j.kind === 'demo' && j.state === 'running');
    box.hidden = !job && !state.lost;
    put(box, state.lost && h('p', { class: 'lost', role: 'alert' }, icon('warn'), h('span', {}, t('error_0'))), job && [
        h('p', {}, t('demo_drawing', { done: job.done, total: job.total })),
        h('progress', { max: String(job.total), value: String(job.done), 'aria-label': t('demo_progress') })]);
}

on('jobs', drawNotice);
