/**
 * result.js - one decision, drawn: the verdict first, then the two pictures, then why.
 *
 * The verdict is always an icon and words beside its colour.  The ruler shows the score against the
 * threshold that this data set asks for, so that "no match" can be seen, not only read.
 */
import { h } from './dom.js';
import { t, has, percent, number, clock } from './i18n.js';
import { icon } from './icons.js';
import { thumb } from './api.js';
import { teach } from './teach.js';
import { likeLink } from './viewer.js';
import { title, sentence, sureness } from './words.js';

const icons = { match: 'check', ambiguous: 'unsure', no_match: 'none', no_dataset: 'empty' };

function ruler(r) {
    const bar = h('div', { class: 'ruler', role: 'img', 'aria-label': t('ruler', { score: percent(r.score), threshold: percent(r.threshold ?? 0, 0) }) },
        h('div', { class: 'ruler-fill' }), r.threshold > 0 && h('div', { class: 'ruler-mark' }, h('span', {}, t('needs', { value: percent(r.threshold, 0) }))));
    bar.style.setProperty('--v', Math.max(0, Math.min(1, r.score)));
    bar.style.setProperty('--m', Math.max(0, Math.min(1, r.threshold ?? 0)));
    bar.classList.toggle('flip', (r.threshold ?? 0) > 0.72);
    return bar;
}

function verdict(scan) {
    const r = scan.result;
    const delta = scan.before && scan.before.label !== r.label
        ? h('p', { class: 'delta' }, icon('arrow'), t('changed', { from: scan.before.label ?? t(`status_${scan.before.status}`), to: r.label ?? t(`status_${r.status}`) })) : null;
    return h('header', { class: 'verdict' },
        h('p', { class: 'band' }, icon(icons[r.status] ?? 'help'), h('span', {}, sureness(r))),
        h('h1', { class: 'name', id: 'verdict' }, title(r)),
        delta,
        r.status !== 'no_dataset' && h('div', { class: 'score' },
            h('p', { class: 'figure' }, h('strong', { id: 'score' }, percent(r.score)), ' ', h('span', {}, t('similar'))),
            r.probability != null && r.status === 'match' && h('p', { class: 'muted small' }, t('of_hundred', { n: Math.min(99, Math.floor(r.probability * 100)) }))),
        r.status !== 'no_dataset' && ruler(r),
        r.status !== 'match' && h('p', { class: 'sentence' }, sentence(r)));
}

function pair(scan) {
    const r = scan.result;
    const ref = r.reference;
    const flaw = r.quality?.hint_code ?? r.quality?.hint;
    const hintKey = `hint_${flaw}`;
    return h('div', { class: 'pair' },
        h('figure', {}, h('div', { class: 'frame' }, h('img', { src: scan.url, alt: t('captured_alt'), id: 'captured' })),
            h('figcaption', {}, h('b', {}, t('captured')), h('span', { class: 'muted' }, clock(scan.time)),
                flaw && h('span', { class: 'quality' }, icon('warn'), has(hintKey) ? t(hintKey) : r.quality.hint))),
        h('figure', {}, h('div', { class: 'frame' }, ref
            ? h('img', { src: thumb(ref.sha256, 384), alt: t('reference_alt', { name: ref.class }), id: 'reference' })
            : h('div', { class: 'void' }, icon('empty'), t('no_reference'))),
        h('figcaption', {}, h('b', {}, t('reference')), ref && h('span', { class: 'muted' }, `${ref.class} · ${percent(ref.similarity)}`))));
}

function bar(value) {
    const el = h('span', { class: 'bar-line', 'aria-hidden': 'true' });
    el.style.setProperty('--v', Math.max(0, Math.min(1, value)));
    return el;
}

function tops(r) {
    if (!r.matches?.length && !r.classes?.length) return null;
    return h('div', { class: 'tops' },
        r.matches?.length > 0 && h('section', {}, h('h3', {}, t('top_pictures')), h('ol', { class: 'top-pictures' },
            r.matches.map((m) => h('li', {}, h('a', { href: `#/data/${m.class_id}` },
                h('img', { src: thumb(m.sha256), alt: '', loading: 'lazy' }), h('span', {}, m.class), h('b', {}, percent(m.similarity))),
                likeLink(m.sha256, { class: 'hit-like', title: t('more_like'), 'aria-label': t('more_like') }))))),
        r.classes?.length > 0 && h('section', {}, h('h3', {}, t('top_classes')), h('ol', { class: 'top-classes' },
            r.classes.map((c) => h('li', {}, h('a', { href: `#/data/${c.id}` }, c.name), h('b', {}, percent(c.score)), bar(c.score),
                h('span', { class: 'muted small' }, `${t('pictures', { n: c.samples })} · ${t('best_of', { score: percent(c.max) })}`))))));
}

function details(r) {
    const ms = (v) => (v == null ? '–' : t('ms', { n: Number(number(v, { maximumFractionDigits: 1, useGrouping: false }).replace(',', '.')) }));
    const rows = [
        [t('d_time'), r.timing_ms && `${ms(r.timing_ms.total)} (${t('d_parts', { decode: ms(r.timing_ms.decode), embed: ms(r.timing_ms.embed), search: ms(r.timing_ms.search) })})`],
        [t('d_model'), r.model?.name],
        [t('d_method'), r.method],
        [t('d_dataset'), r.dataset],
        [t('d_margin'), r.margin == null ? null : percent(r.margin)],
        [t('d_size'), `${r.width} × ${r.height}`],
    ];
    return h('details', { class: 'details' }, h('summary', {}, t('details')),
        h('dl', {}, rows.filter(([, v]) => v).map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])));
}

/** The panel for a scan. */
export function result(scan) {
    const r = scan.result;
    if (!r)
        return h('div', { class: 'result waiting' }, h('p', { class: 'band' }, t('looking')), h('progress', { 'aria-label': t('looking') }),
            h('div', { class: 'pair' }, h('figure', {}, h('div', { class: 'frame' }, h('img', { src: scan.url, alt: t('captured_alt') })))));
    const fresh = scan.shown !== r;
    scan.shown = r;
    return h('article', { class: fresh ? 'result fresh' : 'result', 'data-status': r.status, 'data-id': scan.id },
        verdict(scan), pair(scan),
        r.status === 'match' && h('p', { class: 'sentence' }, sentence(r)),
        teach(scan), tops(r), details(r));
}
