/**
 * imports.js - what comes into the library other than through this page: a folder of the server's machine, read once or watched; and
 * what could not be taken in, whoever sent it, until somebody has seen it.
 */
import { h, put, redraw } from './dom.js';
import { t, has, number, date } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { dialog } from './dialog.js';
import { failed, toast } from './toast.js';

const EVERY_MS = 2000;
const glyphs = { reading: 'again', watching: 'check', missing: 'warn', failed: 'warn' };

function folderForm(roots, ctx, again) {
    const bad = h('p', { class: 'problem', role: 'alert' });
    const path = h('input', { type: 'text', id: 'folder-path', maxlength: 1000, required: true, autocomplete: 'off', spellcheck: 'false', list: 'folder-roots', value: roots.length === 1 ? roots[0] : '' });
    const watch = h('input', { type: 'checkbox', id: 'folder-watch' });
    const submit = async (e) => {
        e.preventDefault();
        put(bad);
        try {
            await api.intakeFolder({ path: path.value.trim(), watch: watch.checked, ...(ctx.dataset() && { dataset: ctx.dataset() }) });
            toast(t(watch.checked ? 'imports_watching' : 'imports_reading', { path: path.value.trim() }));
            again();
        } catch (error) {
            put(bad, [400, 403, 404, 409].includes(error.status) ? error.message : explain(error));
        }
    };
    return h('form', { class: 'dialog-body-form', onsubmit: submit }, h('h3', {}, t('imports_here')),
        h('div', { class: 'label-entry' }, h('label', { class: 'field' }, h('span', {}, t('imports_path')), path, h('datalist', { id: 'folder-roots' }, roots.map((r) => h('option', { value: r })))),
            h('button', { class: 'btn', type: 'submit', 'data-do': 'read-folder' }, icon('move'), t('imports_read'))), bad,
        h('label', { class: 'choice' }, watch, h('span', {}, h('b', {}, t('imports_watch')), h('br'), h('span', { class: 'muted small' }, t('imports_watch_help')))));
}

const watchRow = (w, again) => h('li', { 'data-watch': String(w.id) },
    h('span', { class: 'imports-words' }, h('b', {}, w.folder), h('span', { class: 'muted small' }, [has(`watch_${w.state}`) ? t(`watch_${w.state}`) : w.state, t('pictures', { n: w.files }), w.message].filter(Boolean).join(' · '))),
    icon(glyphs[w.state] ?? 'help'),
    h('button', { class: 'btn plain square', type: 'button', 'data-do': 'unwatch', 'aria-label': t('imports_stop', { path: w.folder }), title: t('imports_stop', { path: w.folder }), onclick: () => api.unwatch(w.id).then(again, failed) }, icon('close')));

const failureRow = (f, again) => h('li', { 'data-failure': String(f.id) },
    h('span', { class: 'imports-words' }, h('b', {}, f.source || f.file || t('no_name')), h('span', { class: 'muted small' }, `${f.message} · ${date(f.at)}`)),
    h('button', { class: 'btn plain square', type: 'button', 'data-do': 'dismiss', 'aria-label': t('imports_dismiss', { name: f.file }), title: t('imports_dismiss', { name: f.file }), onclick: () => api.intakeDismiss(f.id).then(again, failed) }, icon('close')));

/** @param {any} ctx of library.js */
export async function importsDialog(ctx) {
    let timer = 0;
    await dialog(t('imports'), () => {
        const form = h('div', {});
        const list = h('div', { class: 'imports' });
        let drawn = '';
        async function read() {
            try {
                const [{ items, roots }, now] = await Promise.all([api.watches(), api.intakeState({ limit: 100 })]);
                if (!form.firstChild) put(form, roots.length ? folderForm(roots, ctx, read) : h('p', { class: 'muted' }, t('imports_no_roots')));
                const looks = JSON.stringify([items, now.failures, now.failed, now.waiting]);
                if (looks === drawn) return;
                drawn = looks;
                redraw(list, () => put(list,
                    now.waiting > 0 && h('p', { role: 'status' }, t('imports_waiting', { n: now.waiting }), now.rate > 0 && ` · ${t('send_rate', { n: number(now.rate, { maximumFractionDigits: 0 }) })}`),
                    items.length > 0 && [h('h3', {}, t('imports_folders')), h('ul', {}, items.map((w) => watchRow(w, read)))],
                    now.failed > 0 && [h('div', { class: 'tray-head' }, h('h3', {}, t('upload_failed', { n: now.failed })), h('button', { class: 'btn quiet', type: 'button', 'data-do': 'dismiss-all', onclick: () => api.intakeDismiss('').then(read, failed) }, t('imports_seen'))),
                        h('ul', { class: 'imports-failures', tabindex: '0', 'aria-label': t('send_failures') }, now.failures.map((f) => failureRow(f, read)))],
                    !items.length && !now.failed && !now.waiting && h('p', { class: 'muted' }, t('imports_none'))));
            } catch (error) {
                put(list, h('p', { class: 'problem' }, explain(error)));
            }
        }
        read();
        timer = setInterval(read, EVERY_MS);
        return [form, list];
    }, { onclose: () => clearInterval(timer) });
    ctx.changed();
}
