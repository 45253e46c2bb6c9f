/**
 * download.js - the chosen pictures as one file: a choice of format, then the browser's own download.
 *
 * A form is sent, so that the answer goes to a file as it comes, however long it is; fetch would hold all of it in memory.  What can be
 * wrong is asked before (/v1/export/plan), because a form's answer that is no file would take the page away.
 */
import { h, put } from './dom.js';
import { t, bytes } from './i18n.js';
import { icon } from './icons.js';
import { call, explain } from './api.js';
import { dialog } from './dialog.js';

const FORMATS = ['folder', 'coco', 'csv', 'jsonl', 'croissant'];
const last = { format: 'folder', pictures: true };

function send(request) {
    const form = h('form', { method: 'post', action: '/v1/export', hidden: true, enctype: 'application/x-www-form-urlencoded' },
        h('input', { type: 'hidden', name: 'request', value: JSON.stringify(request) }));
    document.body.append(form);
    form.submit();
    form.remove();
}

/** @param {any} ctx of library.js */
export async function download(ctx) {
    const { n, which } = await ctx.selection.which();
    const meant = { ...(ctx.dataset() && { dataset: ctx.dataset() }), ...which };
    const request = () => ({ ...meant, format: last.format, ...(last.format !== 'folder' && { pictures: last.pictures }) });

    await dialog(t('download_title', { n }), (close) => {
        const says = h('p', { class: 'muted small', role: 'status', id: 'download-says' });
        const bad = h('p', { class: 'problem', role: 'alert' });
        const pictures = h('input', { type: 'checkbox', id: 'download-pictures', checked: last.pictures, onchange: () => (last.pictures = pictures.checked, plan()) });
        const too = h('label', { class: 'choice' }, pictures, h('span', {}, t('download_pictures')));
        const go = h('button', { class: 'btn main', type: 'submit', 'data-do': 'download-go' }, icon('download'), t('download'));
        let turn = 0;

        async function plan() {
            const mine = ++turn;
            too.hidden = last.format === 'folder';
            put(bad);
            try {
                const p = await call('POST', '/v1/export/plan', { json: request() });
                if (mine === turn) put(says, p.bytes ? t('download_size', { file: p.file, size: bytes(p.bytes) }) : p.file);
            } catch (error) {
                if (mine === turn) put(bad, explain(error));
            }
        }
        async function submit(e) {
            e.preventDefault();
            go.disabled = true;
            await plan();
            go.disabled = false;
            if (bad.textContent) return;
            send(request());
            close(true);
        }
        const choice = (f) => h('label', { class: 'choice' },
            h('input', { type: 'radio', name: 'download-format', value: f, checked: f === last.format, autofocus: f === last.format, onchange: () => (last.format = f, plan()) }),
            h('span', {}, h('b', {}, t(`download_${f}`)), h('span', { class: 'muted small' }, t(`download_${f}_is`))));
        plan();
        return h('form', { class: 'dialog-body-form', onsubmit: submit },
            h('fieldset', { class: 'choices' }, h('legend', {}, t('download_format')), FORMATS.map(choice)), too, says, bad,
            h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')), go));
    });
}
