/**
 * upload.js - add many pictures: three at a time, progress in a tray, each failure listed by file.
 *
 * One queue for the page, so pictures may be added to several classes while the first ones still run.
 * A cancelled queue stops what has not been sent; what the server acknowledged stays.
 */
import { h, put, $ } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { emit, loadClasses, loadDatasets } from './state.js';
import { say } from './toast.js';
import { readable } from './readable.js';

const PARALLEL = 3;
const queue = [];
const tally = { total: 0, done: 0, moved: 0, known: 0, near: 0, errors: /** @type {{name: string, why: string}[]} */ ([]) };
let active = 0;
let stop = new AbortController();
let seen = 0;

function draw() {
    const tray = $('#tray');
    tray.hidden = tally.total === 0;
    if (tray.hidden) return;
    const finished = active === 0 && queue.length === 0;
    const ok = tally.done - tally.errors.length;
    put(tray,
        h('div', { class: 'tray-head' },
            h('span', {}, finished ? t('upload_done', { n: ok }) : t('upload_running', { done: tally.done, total: tally.total })),
            h('button', { class: 'btn plain quiet', type: 'button', id: 'tray-close', onclick: finished ? clear : cancel }, t(finished ? 'close' : 'cancel'))),
        h('progress', { max: tally.total, value: tally.done, 'aria-label': t('upload_progress') }),
        tally.known > 0 && h('p', { class: 'muted small' }, t('upload_known', { n: tally.known })),
        tally.moved > 0 && h('p', { class: 'muted small' }, t('upload_moved', { n: tally.moved })),
        tally.near > 0 && h('p', { class: 'muted small' }, t('upload_near', { n: tally.near }), ' ', h('a', { href: '#/check' }, t('check'))),
        tally.errors.length > 0 && [h('p', { class: 'small' }, icon('warn'), ' ', t('upload_failed', { n: tally.errors.length })),
            h('ul', { tabindex: '0' }, tally.errors.map((e) => h('li', {}, h('b', {}, e.name), h('span', { class: 'muted' }, e.why))))]);
}

function clear() {
    Object.assign(tally, { total: 0, done: 0, moved: 0, known: 0, near: 0, errors: [] });
    draw();
}

function cancel() {
    tally.total -= queue.length;
    queue.length = 0;
    stop.abort();
    stop = new AbortController();
    draw();
}

async function refresh(force) {
    if (!force && Date.now() - seen < 900) return;
    seen = Date.now();
    await Promise.all([loadClasses(), loadDatasets()]).catch(() => {});
    emit('pictures');
}

async function work(job) {
    try {
        const { blob, name } = await readable(job.file, job.file.name);
        const item = await api.addImage(blob, name, job.to, job.dataset, stop.signal);
        if (item.moved) tally.moved++;
        else if (!item.created) tally.known++;
        else if (item.near) tally.near++;
    } catch (error) {
        if (error.name === 'AbortError') {
            tally.total--;
            tally.done--;
        } else tally.errors.push({ name: job.file.name, why: explain(error) });
    }
    tally.done++;
}

async function pump() {
    while (active < PARALLEL && queue.length) {
        active++;
        work(queue.shift()).then(async () => {
            active--;
            draw();
            await refresh(active === 0 && queue.length === 0);
            if (active === 0 && queue.length === 0) finish();
            else pump();
        });
    }
    draw();
}

function finish() {
    const ok = tally.done - tally.errors.length;
    say(t('upload_done', { n: ok }) + (tally.errors.length ? ` ${t('upload_failed', { n: tally.errors.length })}` : ''));
    const mine = tally.done;
    if (!tally.errors.length && !tally.near) setTimeout(() => tally.done === mine && !active && clear(), 4000);
    draw();
}

/**
 * Queue files for a class.
 * @param {File[]} files
 * @param {string} to the class's name
 * @param {string} dataset
 */
export function addFiles(files, to, dataset) {
    if (active === 0 && queue.length === 0) clear();
    for (const file of files) queue.push({ file, to, dataset });
    tally.total += files.length;
    pump();
}
