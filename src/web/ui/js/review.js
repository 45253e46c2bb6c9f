/**
 * review.js - one question at a time: a picture, why it is asked about, and the answers as keys.
 *
 * The questions come in handfuls; after each answer the next of the handful is shown at once, and after FRESH answers a new
 * handful is asked for, which knows of them.  It comes while the person goes on: the question on show stays, with its keys, so
 * that a key never answers another one than was seen; only while an answer is on its way are keys let go.  Which data set is taught is the tab's own choice (address key "teach"): the one on
 * show, or another.
 */
import { h, put, redraw } from './dom.js';
import { t, percent, number } from './i18n.js';
import { icon } from './icons.js';
import { api, original, thumb } from './api.js';
import { failed, say } from './toast.js';
import { state, on } from './state.js';
import { dialog } from './dialog.js';
import { chooser } from './teach.js';
import { chart } from './curves.js';
import { trouble, waiting } from './trouble.js';

const HANDFUL = 20;
const FRESH = 5;
const KEYS = 9;
const NEXT = 8;

const figure = (sha, name, src) => h('figure', { class: 'asked-figure' },
    h('div', { class: 'frame' }, h('img', { src, alt: t('picture_of', { name }), 'data-sha': sha })));

export async function mount(host, ctx) {
    let answer = null; // of GET /v1/review
    let queue = [];
    let done = 0; // answers since the handful came
    let all = true; // the copies get the same answer
    let busy = false;
    let alive = true;
    let shown = false;
    let stale = true; // what is known is of before a change
    let turn = 0;
    let coming = false; // a handful is on its way behind the question on show
    let since = new Set(); // digests answered since the last handful was asked for: it does not know of them
    let points = [];
    let taughtSince = 0; // answers, and pictures that got a class, since the handful came
    let sortedSince = 0;
    let last = ''; // undo token of the last answer
    let lastText = '';

    const body = h('div', { class: 'review' });
    host.append(body);
    const taught = () => ctx.address.get('teach') || ctx.dataset();
    const setName = () => taught() || state.library?.name || '';
    const current = () => queue[0];

    /** Asks for a handful; with "keep" the question on show stays and the new ones come behind it. */
    async function load(keep = false) {
        if (!shown) return void (stale = true);
        const mine = ++turn;
        stale = false;
        since = new Set();
        coming = true;
        try {
            const [next, progress] = await Promise.all([api.review(taught(), HANDFUL), api.reviewProgress(taught())]);
            const known = await api.classes(setName() || undefined).catch(() => []);
            if (!alive || mine !== turn) return;
            const seen = keep ? current() : undefined;
            const fresh = next.items.filter((q) => !since.has(q.sha256) && q.sha256 !== seen?.sha256);
            answer = next;
            queue = seen ? [seen, ...fresh] : fresh;
            points = progress.points;
            done = taughtSince = sortedSince = 0;
            classes = known.filter((c) => !c.unsorted);
            draw();
        } catch (error) {
            if (alive && mine === turn) {
                stale = true;
                if (answer) failed(error);
                else put(body, trouble(error, () => load()));
            }
        } finally {
            if (mine === turn) coming = false;
        }
        if (alive && mine === turn && since.size) await load(true); // answers it did not know of: count them, ask past them
    }
    let classes = [];

    /** Guesses first, then the other classes by their number of pictures. */
    function choices(q) {
        const names = q.guesses.map((g) => g.label);
        for (const w of [q.words, q.model]) if (w && !names.includes(w) && classes.some((c) => c.name === w)) names.push(w);
        for (const c of [...classes].sort((a, b) => b.images - a.images)) if (!names.includes(c.name)) names.push(c.name);
        return names.slice(0, KEYS);
    }

    async function give(what) {
        const q = current();
        if (!q || busy) return;
        busy = true;
        const copies = all && what.answer !== 'skip' ? q.copies : [];
        try {
            const r = await api.answerReview({ dataset: taught() || undefined, sha256: q.sha256, why: q.why, copies, ...what });
            last = r.undo ?? '';
            queue = queue.filter((x) => x !== q);
            since.add(q.sha256);
            done += 1;
            taughtSince += what.answer === 'skip' ? 0 : 1 + copies.length;
            sortedSince += q.taught ? 0 : 1 + copies.length;
            all = true;
            const text = what.answer === 'class' ? t('review_taught', { name: what.label, n: 1 + copies.length }) : t(`review_did_${what.answer}`);
            lastText = text;
            say(text);
            if (what.label && !classes.some((c) => c.name === what.label)) classes = [...classes, { name: what.label, images: 1 }];
            if (queue.length) draw();
        } catch (error) {
            failed(error);
        } finally {
            busy = false;
        }
        if (!coming && (done >= FRESH || !queue.length)) await load(true);
    }

    async function other() {
        const to = await dialog(t('review_what'), (close) => chooser(classes, close, true));
        if (to) await give({ answer: 'class', label: to.name });
    }

    async function takeBack() {
        if (!last || busy) return;
        const token = last;
        last = '';
        lastText = t('undone');
        say(lastText);
        await api.undo(token).then(() => ctx.changed(), failed);
    }

    function why(q) {
        const [a, b] = q.guesses;
        const args = { a: a?.label ?? '', b: b?.label ?? '', label: q.label ?? '', n: q.stands_for, words: q.words ?? '', model: q.model ?? '' };
        if (q.why === 'disagree') return t(q.model && q.model !== a?.label ? 'review_why_model' : 'review_why_words', args);
        if (q.why === 'margin' && !b) return t('review_why_one', args);
        return t(`review_why_${q.why}`, args);
    }

    function question(q) {
        const names = choices(q);
        const share = (name) => q.guesses.find((g) => g.label === name)?.share;
        return h('section', { class: 'asked', 'aria-label': t('review_question') },
            h('button', { class: 'asked-open', type: 'button', title: t('review_open'), onclick: () => ctx.openPicture(q.sha256) }, figure(q.sha256, q.file || q.sha256.slice(0, 8), original(q.sha256))),
            h('div', { class: 'asked-side' },
                h('p', { class: 'asked-why', 'data-why': q.why }, h('b', {}, t(`review_name_${q.why}`)), ' ', why(q)),
                h('h2', {}, q.taught ? t('review_still', { label: q.label }) : t('review_what')),
                h('div', { class: 'replies' },
                    q.taught && h('button', { class: 'btn reply', type: 'button', 'data-answer': 'right', onclick: () => give({ answer: 'right' }) }, h('kbd', {}, 'R'), h('span', {}, t('review_right', { label: q.label }))),
                    names.filter((n) => !(q.taught && n === q.label)).map((name, i) => h('button', { class: `btn reply${i === 0 && share(name) >= 0.5 ? ' main' : ''}`, type: 'button', 'data-answer': name, onclick: () => give({ answer: 'class', label: name }) },
                        h('kbd', {}, String(i + 1)), h('span', {}, name), share(name) !== undefined && h('small', {}, percent(share(name), 0)))),
                    h('button', { class: 'btn reply', type: 'button', 'data-do': 'other', onclick: other }, h('kbd', {}, 'N'), h('span', {}, t(names.length ? 'review_other' : 'review_name_it')))),
                h('div', { class: 'asked-tools' },
                    h('button', { class: 'btn plain', type: 'button', 'data-do': 'skip', onclick: () => give({ answer: 'skip' }) }, h('kbd', {}, 'S'), t('review_skip')),
                    h('button', { class: 'btn plain risk', type: 'button', 'data-do': 'delete', onclick: () => give({ answer: 'delete' }) }, icon('trash'), t('delete')),
                    lastText && h('span', { class: 'review-last muted' }, lastText, last && h('button', { class: 'btn plain', type: 'button', 'data-do': 'undo', onclick: takeBack }, h('kbd', {}, 'Z'), t('undo')))),
                q.copies.length ? h('label', { class: 'copies' }, h('input', { type: 'checkbox', checked: all, onchange: (e) => { all = e.target.checked; } }),
                    h('span', {}, t('review_copies', { n: q.copies.length })), h('span', { class: 'copy-row' }, q.copies.slice(0, 6).map((c) => h('img', { src: thumb(c, 96), alt: '', loading: 'lazy' })))) : null,
                q.like && h('div', { class: 'asked-like' }, figure(q.like.sha256, q.like.label, thumb(q.like.sha256, 192)),
                    h('p', {}, t('review_like', { name: q.like.label, p: percent(q.like.similarity, 0) }))),
                curve()));
    }

    function progress() {
        const end = points[points.length - 1];
        return h('section', { class: 'review-progress', 'aria-label': t('review_progress') },
            h('dl', { class: 'review-sums' },
                h('div', {}, h('dt', {}, t('review_waiting')), h('dd', { id: 'review-waiting' }, number(answer.waiting - sortedSince))),
                h('div', {}, h('dt', {}, t('review_answered')), h('dd', { id: 'review-answered' }, number(answer.answered + taughtSince))),
                h('div', {}, h('dt', {}, t('review_accuracy')), h('dd', {}, answer.accuracy === null ? '–' : percent(answer.accuracy, 0))),
                end?.guessed ? h('div', {}, h('dt', {}, t('review_hit')), h('dd', {}, percent(end.right / end.guessed, 0))) : null));
    }

    function curve() {
        const drawn = points.map((p) => ({ epoch: p.answers, recent: p.recent, accuracy: p.accuracy }));
        return drawn.length > 2 ? chart(t('review_progress'), drawn, [{ key: 'accuracy', name: t('review_accuracy') }, { key: 'recent', name: t('review_recent') }], { share: true }) : null;
    }

    function nothing() {
        const none = !answer.waiting && !answer.taught;
        return h('div', { class: 'welcome middle' }, icon('check'), h('h2', {}, t(none ? 'review_empty' : 'review_done')), h('p', { class: 'muted' }, t(none ? 'review_empty_help' : 'review_done_help')), curve(),
            none ? h('button', { class: 'btn main', type: 'button', onclick: ctx.addFiles }, icon('upload'), t('add_pictures')) : null);
    }

    function draw() {
        if (!answer || !shown) return;
        const q = current();
        redraw(body, () => put(body, progress(), q ? question(q) : nothing(),
            queue.length > 1 ? h('div', { class: 'review-next', 'aria-hidden': 'true' }, h('span', { class: 'hush' }, t('review_next')), queue.slice(1, 1 + NEXT).map((x) => h('img', { src: thumb(x.sha256, 96), alt: '' }))) : null), '.reply');
        tools();
    }

    function tools() {
        ctx.tools(h('label', { class: 'set teach-set' }, h('span', {}, t('review_teach')),
            h('select', { id: 'review-teach', onchange: (e) => ctx.address.set({ teach: e.target.value }) },
                h('option', { value: '', selected: !taught() }, ctx.dataset() || t('tab_library')),
                state.datasets.filter((d) => d.name !== ctx.dataset()).map((d) => h('option', { value: d.name, selected: d.name === taught() }, d.name)))));
    }

    const keys = { n: other, s: () => give({ answer: 'skip' }), r: () => current()?.taught && give({ answer: 'right' }), z: takeBack, delete: () => give({ answer: 'delete' }), 'ctrl+z': takeBack };
    for (let i = 0; i < KEYS; i++) keys[String(i + 1)] = () => {
        const q = current();
        const name = q && choices(q).filter((n) => !(q.taught && n === q.label))[i];
        if (name) give({ answer: 'class', label: name });
    };
    let asked = taught();
    const off = [ctx.onDataset(() => load()), on('datasets', tools),
        ctx.onAddress(() => { if (taught() !== asked) { asked = taught(); load(); } }),
        ctx.onChange(() => load())];
    const late = setTimeout(() => alive && !answer && !body.firstChild && put(body, waiting()), 400);
    return {
        keys,
        show() {
            shown = true;
            if (stale) load();
            else draw();
        },
        hide() { shown = false; },
        unmount() { alive = false; clearTimeout(late); off.forEach((f) => f()); },
    };
}
