/**
 * wordresult.js - one picture held against words, drawn: the verdict, the scores with the lead to be seen, what else was found.
 *
 * What an answer comes to (the best label, undecided, none of these, no word known) is the server's to say; nothing here
 * compares a score with a limit.
 */
import { h } from './dom.js';
import { t, has, percent, number } from './i18n.js';
import { icon } from './icons.js';
import { showPast, words } from './asked.js';
import { view, likeLink } from './viewer.js';

const SHOWN = 6;
const statuses = { best: 'match', ambiguous: 'ambiguous', none_of_these: 'no_match', nothing_known: 'no_dataset' };

/** 'match' | 'ambiguous' | 'no_match' | 'no_dataset' (no label could be scored) */
export const statusOf = (r) => statuses[r.message_code] ?? 'match';

const icons = { match: 'check', ambiguous: 'unsure', no_match: 'none', no_dataset: 'help' };

export function headline(r) {
    const status = statusOf(r);
    return t(`wsay_${status}`, { label: r.label ?? '', score: percent(r.probability ?? 0) });
}

/** The best label; two where the server cannot decide. */
function title(r) {
    const status = statusOf(r);
    if (status === 'no_dataset') return t('w_no_words');
    if (status === 'no_match') return t('w_none');
    return status === 'ambiguous' && r.scores[1] ? t('either', { a: r.label, b: r.scores[1].label }) : r.label;
}

function bar(value) {
    const el = h('span', { class: 'bar-line', 'aria-hidden': 'true' });
    el.style.setProperty('--v', Math.max(0, Math.min(1, value)));
    return el;
}

/** The distance from the second to the first, drawn as a dimension between the two bars. */
function lead(first, second) {
    const gap = first.probability - second.probability;
    const el = h('div', { class: gap >= 0.34 ? 'lead inside' : 'lead' }, h('i', { 'aria-hidden': 'true' }), h('span', {}, t('w_lead', { share: percent(gap) })));
    el.style.setProperty('--a', second.probability);
    el.style.setProperty('--b', first.probability);
    return el;
}

function change(s, before) {
    const was = before?.scores.find((b) => b.label === s.label);
    const by = was ? s.probability - was.probability : 0;
    if (Math.abs(by) < 0.0005) return null;
    const text = `${by > 0 ? '+' : '\u2212'}${percent(Math.abs(by))}`;
    return h('span', { class: 'changed small' }, h('span', { 'aria-hidden': 'true' }, by > 0 ? '\u25B2 ' : '\u25BC '), text);
}

function scores(shot, redraw) {
    const r = shot.result;
    const all = shot.all ? r.scores : r.scores.slice(0, SHOWN);
    const before = shot.before && shot.before.scores.length === r.scores.length ? shot.before : null;
    return h('section', { class: 'scores' }, h('h2', { class: 'over' }, t('w_scores')),
        h('ol', { class: 'top-classes' }, all.map((s, i) => h('li', { 'data-label': s.label },
            h('span', {}, s.label), h('b', {}, change(s, before), ' ', percent(s.probability)), bar(s.probability),
            i === 0 && r.scores.length > 1 && lead(s, r.scores[1])))),
        r.scores.length > SHOWN && h('button', { class: 'btn quiet plain', type: 'button', 'data-do': 'all-scores', 'aria-expanded': String(Boolean(shot.all)), onclick: () => {
            shot.all = !shot.all;
            redraw();
        } }, t(shot.all ? 'w_fewer' : 'w_all', { n: r.scores.length })),
        r.none_of_these != null && h('p', { class: 'none-row' }, h('span', {}, icon('none'), t('w_none')), h('b', {}, percent(r.none_of_these)), bar(r.none_of_these)));
}

/** How far the scores spread, in words and as a share of the most that so many labels allow. */
export function doubt(r) {
    const share = r.normalised_entropy ?? 0;
    return t(r.ambiguous ? 'doubt_much' : share >= 0.35 ? 'doubt_some' : 'doubt_little', { share: percent(share, 0) });
}

function badges(r) {
    const list = statusOf(r) === 'no_match' ? [] : [h('li', { 'data-part': 'doubt', title: t('doubt_help') }, icon(statusOf(r) === 'ambiguous' ? 'unsure' : 'check'), h('span', {}, doubt(r)))];
    if (r.nsfw) {
        const much = r.nsfw.over;
        list.push(h('li', { 'data-part': 'nsfw', 'data-much': String(much), title: t('nsfw_help') }, icon(much ? 'warn' : 'shield'), h('span', {}, t(much ? 'nsfw_much' : 'nsfw_little', { share: percent(r.nsfw.score, 0) }))));
    }
    return list.length > 0 && h('ul', { class: 'quiet-badges' }, list);
}

function sentence(r) {
    const status = statusOf(r);
    const second = r.scores[1]?.label ?? '';
    return h('p', { class: 'sentence' }, t(`wmsg_${status}${status === 'match' && !second ? '_one' : ''}`, { a: r.label ?? '', b: second }));
}

/** Words without a meaning to the encoder: in labels that have no score, or left out of those that have. */
function unknown(r, onOnly) {
    if (!r.unknown_words?.length) return null;
    const named = r.unknown_words.slice(0, 8).map((w) => `“${w}”`).join(', ');
    return h('div', { class: 'aside', 'data-part': 'unknown' }, icon('help'), h('div', {},
        h('p', {}, t('w_unknown', { words: named + (r.unknown_words.length > 8 ? ' …' : '') })),
        r.unknown_words.length > 8 && h('details', { class: 'details' }, h('summary', {}, t('w_all_unknown')), h('p', { class: 'small' }, r.unknown_words.slice(8).join(', '))),
        !r.scores.length && h('a', { class: 'btn quiet', href: '#/encoders' }, icon('chip'), t('w_any_text')),
        onOnly));
}

/** Like pictures: stored ones, and those of this session, which only this page can show. */
function similar(r, session) {
    const known = (r.similar ?? []).map((s) => ({ ...s, shot: s.thumb ? null : session.find((p) => p.result?.sha256 === s.sha256) })).filter((s) => s.thumb || s.shot).slice(0, 12);
    if (!known.length) return null;
    return h('section', { 'data-part': 'similar' }, h('h2', { class: 'over' }, t('w_similar')), h('ul', { class: 'hits small-hits' }, known.map((s) => h('li', { class: 'hit', 'data-sha': s.sha256 },
        h('button', { class: 'hit-pick', type: 'button', 'aria-label': t('hit_open', { name: s.class || t('picture'), score: percent(s.similarity) }), onclick: () => (s.shot ? showPast(s.shot) : view({ ...s, score: percent(s.similarity) })) },
            h('img', { src: s.shot?.url ?? s.thumb, alt: '', loading: 'lazy' })),
        h('p', { class: 'hit-words' }, h('span', {}, s.class ?? ''), h('b', {}, percent(s.similarity, 0))),
        s.thumb && likeLink(s.sha256, { class: 'hit-like', 'aria-label': t('more_like'), title: t('more_like') })))));
}

/** Groups of several first, one a line; those that stand alone share a line. */
function together(clusters) {
    const alone = clusters.filter((c) => c.length === 1).flat();
    return [...clusters.filter((c) => c.length > 1), ...(alone.length ? [alone] : [])];
}

/** What a language model proposed: tags, and themes with those together that mean nearly the same.  Each can become a label. */
function expansion(r, add) {
    const e = r.expansion;
    if (!e || e.status === 'off') return null;
    const key = `expand_${e.status}`;
    const chips = (list) => h('ul', { class: 'tags' }, list.map((tag) => h('li', {}, h('button', { type: 'button', class: 'tag', 'data-tag': tag, title: t('tag_add', { name: tag }), onclick: () => add([tag]) }, icon('plus'), tag))));
    const group = (name, title, lists) => lists.length > 0 && h('div', { 'data-tags': name }, h('h3', { class: 'small' }, t(title)), lists.map(chips));
    return h('section', { 'data-part': 'expansion', 'data-status': e.status }, h('h2', { class: 'over' }, t('w_expansion')), h('p', { class: 'muted small' }, has(key) ? t(key) : t('expand_other', { status: e.status })),
        group('tags', 'expand_tags', e.tags.length ? [e.tags] : []), group('themes', 'expand_themes', together(e.clusters)));
}

function details(r) {
    const ms = (v) => t('ms', { n: number(v, { maximumFractionDigits: 1 }) });
    const rows = [
        [t('d_time'), r.timing?.total_ms != null && ms(r.timing.total_ms)],
        [t('d_model'), r.model?.name ?? r.model],
        [t('w_entropy'), r.entropy != null && number(r.entropy, { maximumFractionDigits: 2 })],
        [t('d_margin'), r.margin != null && percent(r.margin)],
        [t('digest'), r.sha256],
        [t('w_expansion'), r.expansion?.status !== 'off' && (r.expansion?.reason ? h('span', { lang: 'en' }, r.expansion.reason) : r.expansion?.model)],
    ];
    return h('details', { class: 'details' }, h('summary', {}, t('details')), h('dl', { class: 'facts' }, rows.filter(([, v]) => v).map(([k, v]) => [h('dt', {}, k), h('dd', { class: k === t('digest') ? 'print' : '' }, v)])));
}

/**
 * @param {any} shot with a result
 * @param {{redraw: () => void, add: (labels: string[]) => void, drop: (labels: string[]) => void, thumbs: Node}} on
 */
export function wordResult(shot, on) {
    const r = shot.result;
    const status = statusOf(r);
    const fresh = shot.shown !== r;
    shot.shown = r;
    return h('article', { class: fresh ? 'result fresh' : 'result', 'data-status': status },
        h('header', { class: 'verdict' },
            h('p', { class: 'band' }, icon(icons[status]), h('span', {}, t(`wstatus_${status}`))),
            h('h1', { class: 'name', id: 'word-verdict' }, title(r)),
            sentence(r), r.scores.length > 0 && badges(r)),
        unknown(r, r.scores.length > 0 && r.unknown_labels?.length > 0 && h('button', { class: 'btn quiet', type: 'button', 'data-do': 'drop-unknown', onclick: () => on.drop(r.unknown_labels) }, t('w_drop_unknown'))),
        r.scores.length > 0 && scores(shot, on.redraw),
        on.thumbs, expansion(r, on.add), similar(r, words.past), details(r));
}
