/**
 * opinions.js - what a trained model says of the pictures: the part of the filters' fold that has it look, and narrows by what it said.
 *
 * A model looks when somebody asks, in the background; how far it is follows from the server's jobs.  What is new since has no opinion
 * until it is asked again: the part says how many those are.
 */
import { h, put, redraw } from './dom.js';
import { t, number } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { modelName } from './answers.js';
import { failed } from './toast.js';
import { state, on } from './state.js';
import { loadJobs } from './notice.js';

/** Keys of the filter that are about it. */
export const opinionKeys = ['predicted', 'min_score', 'max_score', 'min_margin', 'max_margin', 'disputed', 'model'];
export const aboutOpinions = (filter) => opinionKeys.some((k) => filter[k]) || ['score', 'doubt'].includes(filter.order);

/** @param {any} ctx of library.js @param {(key: string, value: string) => void} set a part of the filter */
export function opinionPart(ctx, set) {
    const el = h('fieldset', { class: 'opinions', 'data-part': 'opinions' });
    let now = null;
    let alive = true;
    let open = false;

    const job = () => state.jobs.find((j) => j.id === now?.job && ['running', 'pending'].includes(j.state));

    async function read() {
        if (!open) return;
        try {
            const model = ctx.filter().model;
            now = await api.opinions({ dataset: ctx.dataset(), model });
            if (now.job && !state.jobs.some((j) => j.id === now.job)) await loadJobs();
        } catch (error) {
            now = null;
            if (error.status !== 404) failed(error);
        }
        if (alive) draw();
    }

    async function ask() {
        const begun = await api.askOpinions({ ...(ctx.dataset() && { dataset: ctx.dataset() }), ...(ctx.filter().model && { model: ctx.filter().model }) });
        now = { ...now, job: begun.id };
        await loadJobs();
        draw();
    }

    function running() {
        const j = job();
        return [h('p', { class: 'small' }, t('op_looking', { done: number(j.done), total: number(j.total) })), h('progress', { max: String(j.total || 1), value: String(j.done), 'aria-label': t('op_title') }),
            h('button', { class: 'btn quiet', type: 'button', 'data-do': 'stop-looking', onclick: () => api.stopJob(j.id).then(read).catch(failed) }, icon('close'), t('cancel'))];
    }

    function state_() {
        if (!now) return h('p', { class: 'muted small' }, t('op_gone'));
        if (!now.model) return h('p', { class: 'muted small' }, t('op_no_model'));
        if (job()) return running();
        const left = now.pictures - now.known - now.unread;
        return [h('p', { class: 'muted small' }, now.known ? t('op_known', { n: now.known, of: number(now.pictures), name: modelName(now.model) }) : t('op_unknown', { name: modelName(now.model) })),
            left > 0 && h('button', { class: `btn${now.known ? ' quiet' : ''}`, type: 'button', 'data-do': 'look', onclick: () => ask().catch(failed) }, icon('board'), now.known ? t('op_more', { n: left }) : t('op_ask', { n: left }))];
    }

    const share = (key, label) => h('label', { class: 'field' }, h('span', {}, label), h('input', { type: 'number', name: key, min: 0, max: 100, step: 1, inputmode: 'numeric', value: ctx.filter()[key] ? String(percentOf(ctx.filter()[key])) : '', onchange: (e) => set(key, e.target.value === '' ? '' : `${Math.max(0, Math.min(100, Number(e.target.value)))}%`) }));

    function draw() {
        el.hidden = !open;
        if (!open || (el.contains(document.activeElement) && document.activeElement.type === 'number')) return;
        const chosen = ctx.filter().predicted ?? '';
        redraw(el, () => put(el, h('legend', {}, t('op_title')), h('div', { class: 'opinion-state' }, state_()),
            now?.known > 0 && h('div', { class: 'filters opinion-filters' },
                h('label', { class: 'field' }, h('span', {}, t('op_class')), h('select', { name: 'predicted', onchange: (e) => set('predicted', e.target.value) },
                    h('option', { value: '', selected: !chosen }, t('all')), now.classes.map((c) => h('option', { value: c.name, selected: c.name.toLowerCase() === chosen.toLowerCase() }, `${c.name} (${number(c.pictures)})`)),
                    now.unlike > 0 && h('option', { value: 'unknown', selected: chosen === 'unknown' }, `${t('op_unlike')} (${number(now.unlike)})`))),
                share('min_score', t('op_min_score')), share('max_score', t('op_max_score')), share('max_margin', t('op_max_margin')),
                h('div', { class: 'ticks' }, h('label', { class: 'choice' }, h('input', { type: 'checkbox', name: 'disputed', checked: Boolean(ctx.filter().disputed), onchange: (e) => set('disputed', e.target.checked ? 'true' : '') }), h('span', {}, t('filter_disputed')))))));
    }

    let wasRunning = false;
    const off = [on('jobs', () => {
        const runs = Boolean(job());
        if (wasRunning && !runs) read();
        else if (runs) draw();
        wasRunning = runs;
    })];
    return {
        el,
        /** The fold was opened or closed, or the list may have changed. */
        show(yes) {
            open = yes;
            draw();
            read();
        },
        draw, read,
        stop() {
            alive = false;
            off.forEach((f) => f());
        },
    };
}

/** "90%" and "0.9" as 90. */
export const percentOf = (text) => Math.round((text.endsWith('%') ? Number.parseFloat(text) : 100 * Number.parseFloat(text)) * 10) / 10;
