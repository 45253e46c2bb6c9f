/**
 * answers.js - one answer of a trained model, drawn: its band, its row in a list, all there is to know.
 *
 * A band is always an icon and a word beside its colour, and follows the model's own thresholds: the server says
 * which band an answer is in, the page never compares numbers itself.
 */
import { h } from './dom.js';
import { t, percent, number, date } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb, original } from './api.js';
import { confirm, dialog } from './dialog.js';
import { emit } from './state.js';
import { failed, toast } from './toast.js';
import { doubtFacts, whyBox } from './why.js';

export const bands = ['success', 'low_confidence', 'rejected', 'unknown'];
const icons = { success: 'check', low_confidence: 'unsure', rejected: 'none', unknown: 'help' };

export const band = (status) => h('span', { class: 'band', 'data-band': status }, icon(icons[status] ?? 'help'), h('span', {}, t(`band_${status}`)));

/** "yard 3" */
export const modelName = (m) => `${m.name} ${m.version}`;

export function bar(value) {
    const el = h('span', { class: 'bar-line', 'aria-hidden': 'true' });
    el.style.setProperty('--v', Math.max(0, Math.min(1, value)));
    return el;
}

/** What a person may rely on: a rejected or unknown answer is not a class. */
export const shownLabel = (a) => (a.status === 'unknown' ? t('like_nothing') : a.status === 'rejected' ? t('not_certain', { name: a.label }) : a.label);

const ms = (v) => t('ms', { n: number(v, { maximumFractionDigits: 1 }) });

/** Delete an answer of the record; true when it went. */
async function forget(a) {
    if (!(await confirm(t('answer_delete_title'), t('answers_delete_help'), t('delete'), { risk: true }))) return false;
    await api.deletePrediction(a.id);
    emit('answers');
    toast(t('answers_deleted', { n: 1 }));
    return true;
}

/** @param {any} a an answer @param {string} [src] its picture, when the server has not kept it */
export function look(a, src) {
    const picture = h('img', { class: 'large half', src: src ?? original(a.sha256), alt: t('picture_of', { name: a.file || a.label }) });
    const why = a.id ? whyBox(a, picture, band) : { pictures: picture };
    return dialog(a.file || a.label, (close) => [
        why.pictures,
        h('div', { class: 'tray-head' }, h('p', {}, band(a.status), ' ', h('b', {}, shownLabel(a))), why.button),
        why.room,
        h('ol', { class: 'top-classes' }, a.top.map((c) => h('li', {}, h('span', {}, c.label), h('span', {}, percent(c.probability)), bar(c.probability)))),
        h('dl', { class: 'facts' },
            h('dt', {}, t('d_model')), h('dd', {}, modelName(a.model)),
            h('dt', {}, t('digest')), h('dd', { class: 'print' }, a.model.digest),
            h('dt', {}, t('d_time')), h('dd', {}, [ms(a.ms.total), t('time_parts', { decode: ms(a.ms.decode), network: ms(a.ms.network) })].join(' · ')),
            h('dt', {}, t('d_size')), h('dd', {}, `${a.width} × ${a.height} ${a.format.toUpperCase()}`),
            a.views && [h('dt', {}, t('why_views')), h('dd', {}, t('why_answer_of', { n: a.views }))],
            doubtFacts(a.doubt),
            a.at && [h('dt', {}, t('when')), h('dd', {}, date(a.at))],
            a.batch && [h('dt', {}, t('batch')), h('dd', { class: 'print' }, a.batch)]),
        a.id && h('div', { class: 'dialog-foot' }, h('button', { class: 'btn plain', type: 'button', 'data-do': 'delete-answer', onclick: () => forget(a).then((gone) => gone && close(), failed) }, icon('trash'), t('delete'))),
    ], { wide: true, onclose: why.stop });
}

/** One line of a list. */
export function row(a) {
    return h('li', { class: 'answer', 'data-band': a.status, 'data-sha': a.sha256 },
        h('button', { class: 'answer-pick', type: 'button', onclick: () => look(a) },
            h('img', { src: thumb(a.sha256, 96), alt: '', loading: 'lazy', width: 64, height: 64 }),
            h('span', { class: 'answer-words' }, h('b', {}, shownLabel(a)), h('span', { class: 'muted small' }, a.file || t('no_name'))),
            h('span', { class: 'answer-sure' }, h('span', {}, percent(a.probability)), bar(a.probability)),
            band(a.status),
            h('span', { class: 'muted small answer-when' }, `${modelName(a.model)} · ${date(a.at)}`)));
}

export function failedRow(file, why) {
    return h('li', { class: 'answer broken' }, h('span', { class: 'answer-words' }, h('b', {}, file), h('span', { class: 'problem' }, why)));
}
