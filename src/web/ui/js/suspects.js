/**
 * suspects.js - pictures that look wrong or twice the same, side by side, each with what to do about it.
 *
 * "Keep" is remembered by this browser, by kind and both digests, so that a looked-at pair stays away.
 */
import { h, put } from './dom.js';
import { t, has, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { failed, toast } from './toast.js';
import { prefs, setPref } from './prefs.js';
import { state, on } from './state.js';
import { withUndo } from './undo.js';
import { moveWithUndo } from './pictures.js';

const keyOf = (s) => `${s.kind}:${s.sha256.slice(0, 16)}:${(s.other?.sha256 ?? '').slice(0, 16)}`;

function figure(sha, name, word) {
    return h('figure', {}, h('div', { class: 'frame' }, h('img', { src: thumb(sha, 384), alt: t('picture_of', { name }), loading: 'lazy' })),
        h('figcaption', {}, h('b', {}, name), h('span', { class: 'muted' }, word)));
}

export function checkView() {
    const dataset = state.dataset;
    const el = h('div', { class: 'data check' });
    const list = h('ul', { class: 'suspects' });
    const summary = h('div', { class: 'accuracy', role: 'status' });
    let answer = null;
    let alive = true;

    const named = (name) => state.classes.find((c) => c.name === name);

    function keep(s) {
        const key = keyOf(s);
        setPref('kept', [...prefs.kept.filter((k) => k !== key), key].slice(-500));
        draw();
        toast(t('kept'), { label: t('undo'), run: () => {
            setPref('kept', prefs.kept.filter((k) => k !== key));
            draw();
        } });
    }

    const gone = (s) => {
        answer.items = answer.items.filter((x) => x.sha256 !== s && x.other?.sha256 !== s);
        draw();
    };

    async function remove(sha, name) {
        if (await withUndo([() => api.deleteImage(sha, dataset)], t('picture_deleted', { name }))) gone(sha);
    }

    async function move(s, to) {
        await moveWithUndo([{ sha256: s.sha256, from: s.class }], to, dataset);
        gone(s.sha256);
    }

    function suspect(s) {
        const twin = s.kind === 'duplicate' || s.kind === 'near_duplicate';
        const to = s.suggestion && s.suggestion !== s.class ? named(s.suggestion) : null;
        const key = `why_${s.kind}`;
        return h('li', { class: 'suspect', 'data-kind': s.kind },
            h('h2', {}, t(`kind_${s.kind}`)),
            h('p', { class: 'muted' }, has(key) ? t(key, { name: s.class, other: s.other?.class ?? s.suggestion ?? '', score: percent(s.similarity ?? 0) }) : s.reason),
            h('div', { class: 'pair' }, figure(s.sha256, s.class, t('this_picture')),
                s.other && figure(s.other.sha256, s.other.class, t(twin ? 'its_twin' : 'its_neighbour', { score: percent(s.similarity ?? 0) }))),
            h('div', { class: 'chips' },
                to && h('button', { class: 'btn main', type: 'button', 'data-do': 'move', onclick: () => move(s, to) }, icon('move'), t('move_to', { name: to.name })),
                h('button', { class: 'btn', type: 'button', 'data-do': 'keep', onclick: () => keep(s) }, icon('check'), t(twin ? 'keep_both' : 'keep')),
                h('button', { class: 'btn risk', type: 'button', 'data-do': 'delete', onclick: () => remove(s.sha256, s.class) }, icon('trash'), t(twin ? 'delete_first' : 'delete')),
                twin && s.other && h('button', { class: 'btn risk', type: 'button', onclick: () => remove(s.other.sha256, s.other.class) }, icon('trash'), t('delete_second'))));
    }

    function draw() {
        const kept = new Set(prefs.kept);
        const items = (answer?.items ?? []).filter((s) => !kept.has(keyOf(s)));
        put(summary, !answer ? [h('p', {}, t('checking')), h('progress', { 'aria-label': t('checking') })] : [
            answer.accuracy != null && h('p', { class: 'figure' }, h('strong', {}, percent(answer.accuracy)), ' ', h('span', {}, t('accuracy'))),
            h('p', { class: 'muted' }, t('accuracy_help', { n: answer.checked ?? 0 })),
            h('p', {}, items.length ? t('suspects_found', { n: items.length }) : t('suspects_none'))]);
        put(list, items.map(suspect));
    }

    async function load() {
        try {
            const fresh = await api.suspects(dataset);
            if (!alive) return;
            answer = fresh;
            draw();
        } catch (error) {
            put(summary, h('p', {}, t('check_failed')));
            failed(error);
        }
    }

    put(el, h('header', { class: 'page-head' }, h('div', {}, h('a', { class: 'crumb', href: '#/data' }, icon('back'), dataset), h('h1', {}, t('check_title')), h('p', { class: 'muted' }, t('check_help')))),
        summary, list);
    draw();
    load();
    const off = on('pictures', load);
    return { el, keys: {}, stop: () => {
        alive = false;
        off();
    } };
}
