/** detailparts.js - what stands beside a large picture: facts, class, tags, its like, what a model says, verdicts, what happened to it. */
import { h, put } from './dom.js';
import { t, has, language, bytes, date, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, explain, original, thumb } from './api.js';
import { band, bar, modelName, shownLabel } from './answers.js';
import { state } from './state.js';
import { classifyItems } from './actions.js';
import { libraryAddress } from './libaddress.js';
import { failed } from './toast.js';
import { tagEditor } from './tags.js';

const LIKE = 13;
const className = (item) => item.class?.name ?? item.class ?? '';

/** One part: its heading, and its content when it comes; an empty one goes. */
function part(id, title, read) {
    const body = h('div', { class: 'part-body' });
    const el = h('section', { class: 'part', 'data-part': id, 'aria-label': title }, h('h3', {}, title), body);
    const again = async () => {
        try {
            const content = await read(again);
            if (!content) el.hidden = true;
            else put(body, content);
        } catch (error) {
            if (error.name !== 'AbortError') put(body, h('p', { class: 'muted small' }, explain(error)));
        }
    };
    again();
    return el;
}

function facts(item) {
    const line = (key, value) => value && [h('dt', {}, t(key)), h('dd', {}, value)];
    return h('dl', { class: 'facts' },
        line('d_size', `${item.width} × ${item.height}`), line('fact_bytes', `${bytes(item.bytes)} · ${(item.format ?? '').toUpperCase()}`),
        line('fact_taken', date(item.taken_at)), line('fact_camera', item.camera), line('fact_added', date(item.added_at ?? item.created_at)),
        h('dt', {}, t('digest')), h('dd', { class: 'print' }, item.sha256));
}

function classRow(item, ctx) {
    const name = className(item);
    const nobody = item.unsorted ?? ctx.classes().find((c) => c.name === name)?.unsorted;
    return h('div', { class: 'part-row' }, h('b', {}, nobody ? t('no_class_yet') : name),
        h('button', { class: 'btn quiet', type: 'button', 'data-do': 'change-class', onclick: () => classifyItems(ctx, [item]).catch(failed) }, icon('move'), t(nobody ? 'give_class' : 'change_class')));
}

async function alike(item, ctx) {
    const found = await api.search({ sha256: item.sha256, dataset: ctx.dataset() || state.library?.name, limit: LIKE, cutoff: 'none' });
    const list = found.results.filter((r) => r.sha256 !== item.sha256).slice(0, LIKE - 1);
    if (!list.length) return null;
    const walk = (index) => ({ index, total: list.length, item: async (i) => list[i] });
    return [h('ul', { class: 'alike' }, list.map((r, i) => h('li', {}, h('button', { class: 'hit-pick', type: 'button', 'aria-label': t('hit_open', { name: r.file || r.class || t('picture'), score: percent(r.score, 0) }), onclick: () => ctx.openPicture(r.sha256, walk(i)) },
        h('img', { src: thumb(r.sha256, 96), alt: '', loading: 'lazy' }))))),
    h('a', { class: 'small', href: libraryAddress('pictures', { dataset: ctx.dataset(), like: item.sha256, all: '1' }) }, t('all_alike'))];
}

function answerRow(a) {
    return h('li', { class: 'said-row' }, band(a.status), h('span', {}, h('b', {}, shownLabel(a)), ' ', h('span', { class: 'muted small' }, `${percent(a.probability)} · ${modelName(a.model)}${a.at ? ` · ${date(a.at)}` : ''}`)), bar(a.probability));
}

/** What trained models said of it; the one that answers now may be asked, and that is recorded. */
async function said(item, again) {
    const { items } = await api.predictions({ sha256: item.sha256, limit: 6 });
    const active = state.models.find((m) => m.active);
    const kept = item.opinion && !items.some((i) => i.model?.id === item.opinion.model) && { label: item.opinion.class, probability: item.opinion.score, status: item.opinion.status, model: active };
    if (!items.length && !active && !kept) return null;
    const ask = h('button', { class: 'btn quiet', type: 'button', 'data-do': 'ask-model', onclick: async () => {
        ask.disabled = true;
        try {
            const blob = await (await fetch(original(item.sha256))).blob();
            await api.classify([{ blob, name: item.file }]);
            again();
        } catch (error) {
            failed(error);
            ask.disabled = false;
        }
    } }, icon('board'), t('ask_model', { name: active ? modelName(active) : '' }));
    const rows = kept && kept.model ? [kept, ...items] : items;
    return [rows.length > 0 && h('ul', { class: 'said-list' }, rows.map(answerRow)), active && ask];
}

async function verdicts(item) {
    const { items } = await api.verdicts({ sha256: item.sha256, limit: 20 });
    if (!items.length) return null;
    return h('ul', { class: 'said-list' }, items.map((v) => h('li', { class: 'said-row' }, icon(v.accepted ? 'up' : 'down'), h('span', {}, h('b', {}, v.theme), ' ', h('span', { class: 'muted small' }, `${t(v.accepted ? 'verdict_give_yes' : 'verdict_give_no')} · ${date(v.created_at)}`)))));
}

/** Who did what with it, newest first. */
async function happened(item) {
    const { items } = await api.audit({ sha256: item.sha256, limit: 12 });
    if (!items.length) return null;
    const says = (a) => {
        const key = `audit_${a.code.replace('.', '_')}`;
        return has(key) ? h('span', {}, language() === 'en' && !a.text.startsWith(a.code) ? a.text : t(key)) : h('span', { lang: 'en' }, a.text);
    };
    return h('ul', { class: 'said-list' }, items.map((a) => h('li', {}, says(a), h('br'), h('span', { class: 'muted small' }, [date(a.at), a.who || t('by_program')].join(' · ')))));
}

/** @param {HTMLElement} side @param {any} item @param {any} ctx of library.js */
export function parts(side, item, ctx) {
    const at = side.scrollTop;
    const had = side.contains(document.activeElement) && document.activeElement.dataset.do;
    put(side,
        part('class', t('class'), () => classRow(item, ctx)),
        part('tags', t('shelf_tags'), () => tagEditor(ctx, item)),
        part('facts', t('facts'), () => facts(item)),
        part('alike', t('looks_like'), () => alike(item, ctx)),
        part('said', t('model_says'), (again) => said(item, again)),
        part('verdicts', t('verdicts'), () => verdicts(item)),
        part('history', t('picture_history'), () => happened(item)));
    side.scrollTop = at;
    if (had) setTimeout(() => document.activeElement.matches('body, dialog') && side.querySelector(`[data-do="${had}"]`)?.focus({ preventScroll: true })); // parts come a moment later
}
