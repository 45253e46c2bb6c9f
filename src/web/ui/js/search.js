/**
 * search.js - what a search found: a grid with class and score, filters, and in words why it ends where it ends.
 *
 * The address holds the whole question, so that Back, a bookmark and a second tab work.  Only the newest answer counts.
 */
import { h, put, redraw, $ } from './dom.js';
import { t, has, percent, number } from './i18n.js';
import { icon } from './icons.js';
import { api, explain, thumb } from './api.js';
import { failed, say } from './toast.js';
import { address, empty, filters, fromAddress, keptPicture, moment, parse, without } from './query.js';
import { focusSearch, seekFile, followAddress } from './searchbox.js';
import { filterTags, searchFilters } from './searchfilters.js';
import { snap } from './snap.js';
import { state } from './state.js';
import { likeLink, view } from './viewer.js';
import { loadLabels, words as told } from './asked.js';

const STEP = 24;
const MOST = 192;

export const quoted = (list) => list.map((w) => `“${w}”`).join(', ');

/** Why nothing, or why no more: by the server's code where we know it, else as the server says it. */
export function reason(answer) {
    const c = answer.cutoff ?? {};
    const key = `cut_${c.reason}`;
    return has(key) ? t(key, { of: answer.considered ?? 0 }) : (c.text ?? '');
}

function hit(r) {
    const score = percent(r.score);
    const bar = h('span', { class: 'bar-line', 'aria-hidden': 'true' });
    bar.style.setProperty('--v', Math.max(0, Math.min(1, r.score)));
    return h('li', { class: 'hit', 'data-sha': r.sha256 },
        h('button', { class: 'hit-pick', type: 'button', 'aria-label': t('hit_open', { name: r.class || r.file || t('picture'), score }), onclick: () => view({ ...r, score }) },
            h('img', { src: r.thumb ?? thumb(r.sha256), alt: '', loading: 'lazy' })),
        h('p', { class: 'hit-words' }, h('span', { title: r.dataset }, r.class || r.file || ''), h('b', {}, score)), bar,
        likeLink(r.sha256, { class: 'hit-like', title: t('more_like'), 'aria-label': t('more_like') }, ));
}

/** @param {string} hash */
export function searchView(hash) {
    const query = fromAddress(hash);
    let running = new AbortController();
    let answer = null;
    let trouble = null;
    let alive = true;
    const sets = [...state.datasets, ...(state.library ? [state.library] : [])].map((d) => d.name);
    const set = () => query.dataset || (sets.length === 1 ? sets[0] : ''); // the only one needs no choosing
    const { words, minus } = parse(query.q);
    const file = query.file ? keptPicture(query.file) : null;
    const picker = h('input', { type: 'file', accept: 'image/*', hidden: true, id: 'seek-file', onchange: (e) => {
        const picked = e.target.files[0];
        e.target.value = '';
        if (picked) seekFile(picked);
    } });
    const head = h('header', { class: 'page-head' });
    const asked = h('div', { class: 'asked' });
    const narrowing = searchFilters(query, sets, set, refine);
    const said = h('div', { class: 'said', role: 'status' });
    const grid = h('ol', { class: 'hits', 'aria-label': t('search_found') });
    const foot = h('div', { class: 'more' });
    const el = h('div', { class: 'data search' }, head, asked, narrowing.el, said, grid, foot, picker);

    const narrowed = () => filters.some((f) => query[f]);
    const widen = () => Object.fromEntries(filters.map((f) => [f, '']));
    const go = (change) => (location.hash = address({ ...query, ...change }));

    const picture = (src, gone) => h('li', { class: 'asked-picture' }, h('img', { src, alt: t('search_like') }),
        h('button', { class: 'btn square plain', type: 'button', 'data-do': 'no-picture', 'aria-label': t('search_no_picture'), title: t('search_no_picture'), onclick: gone }, icon('close')));

    function drawHead() {
        put(head, h('div', {}, h('h1', {}, t('search')), empty(query) && h('p', { class: 'muted' }, t('search_help'))),
            h('div', { class: 'page-tools' },
                h('button', { class: 'btn', type: 'button', 'data-do': 'seek-file', onclick: () => picker.click() }, icon('file'), h('span', { class: 'long' }, t('search_by_picture')), h('span', { class: 'short', 'aria-hidden': 'true' }, t('pick_short'))),
                h('button', { class: 'btn', type: 'button', 'data-do': 'seek-snap', onclick: async () => {
                    const shot = await snap();
                    if (shot) seekFile(shot);
                } }, icon('camera'), h('span', { class: 'long' }, t('take_photo')), h('span', { class: 'short', 'aria-hidden': 'true' }, t('camera')))));
        el.classList.toggle('asking', !empty(query));
        narrowing.el.hidden = empty(query);
    }

    function drawAsked() {
        put(asked, (query.like || file || minus.length > 0 || (!empty(query) && narrowed())) && h('ul', { class: 'asked-list' },
            query.like && picture(thumb(query.like, 96), () => go({ like: '' })), file && picture(file.url, () => go({ file: '' })),
            (query.like || file) && words && h('li', { class: 'asked-words' }, words),
            minus.map((m) => h('li', {}, h('button', { class: 'tag minus', type: 'button', 'data-minus': m, 'aria-label': t('minus_remove', { name: m }), onclick: () => go({ q: without(query.q, m), n: '' }) }, h('span', {}, `${t('without')} ${m}`), icon('close')))),
            !empty(query) && filterTags(query, refine)));
    }

    /** Narrow or widen in place; the address follows, and Back goes back. */
    function refine(change) {
        Object.assign(query, change, { n: '' });
        history.pushState(null, '', address(query));
        redraw(asked, drawAsked);
        narrowing.draw();
        if (!asked.contains(document.activeElement) || !asked.firstChild) narrowing.keep();
        if ('dataset' in change) loadClasses();
        ask();
    }

    function loadClasses() {
        const of = set();
        if (!of) return narrowing.show([]);
        api.classes(of).then((list) => alive && of === set() && narrowing.show(list), (error) => error.status !== 404 && failed(error));
    }

    /** What to begin with: names of classes; pictures, where the encoder reads no words. */
    function examples() {
        const wordless = told.info?.reads === false;
        const some = state.classes.filter((c) => c.images > 0 && (!wordless || c.cover)).slice(0, 6);
        const picture = (c) => h('li', {}, h('a', { class: 'sample', href: address({ like: c.cover }), 'aria-label': t('search_like_class', { name: c.name }) }, h('img', { src: thumb(c.cover), alt: '', loading: 'lazy' }), h('span', {}, c.name)));
        return h('div', { class: 'welcome middle' }, icon(wordless ? 'file' : 'search'), h('h2', {}, t(wordless ? 'search_no_words' : 'search_welcome')), h('p', { class: 'muted' }, t(wordless ? 'search_no_words_help' : 'search_welcome_help')),
            wordless && h('a', { class: 'btn', href: '#/encoders' }, icon('chip'), t('way_encoders')),
            some.length > 0 && (wordless ? h('ul', { class: 'samples' }, some.map(picture)) : h('div', { class: 'chips' }, some.map((c) => h('a', { class: 'btn', href: address({ q: c.name }), 'data-example': c.name }, c.name)))));
    }

    function unknown() {
        return answer.unknown_words?.length > 0 && h('p', { class: 'aside', 'data-part': 'unknown' }, icon('help'), t('w_unknown', { words: quoted(answer.unknown_words) }));
    }

    function nothing() {
        return h('div', { class: 'welcome middle', 'data-part': 'nothing' }, icon('none'), h('h2', {}, words ? t('search_nothing', { words }) : t('search_nothing_like')),
            h('p', { class: 'muted' }, reason(answer)), answer.cutoff?.reason === 'unknown_words' ? h('a', { class: 'btn', href: '#/encoders' }, icon('chip'), t('w_any_text')) : unknown(),
            h('div', { class: 'chips' }, !query.all && answer.considered > 0 && answer.cutoff?.reason !== 'unknown_words' && h('button', { class: 'btn', type: 'button', 'data-do': 'nearest', onclick: () => go({ all: '1' }) }, t('search_nearest')),
                everywhere()));
    }

    const everywhere = () => narrowed() && h('button', { class: 'btn', type: 'button', 'data-do': 'everywhere', onclick: () => refine(widen()) }, t('search_everywhere'));

    function refused() {
        return h('div', { class: 'welcome middle', 'data-part': 'trouble' }, icon('warn'),
            trouble.status === 409 ? [h('h2', {}, t('search_no_words')), h('p', { class: 'muted' }, t('search_no_words_help')), h('a', { class: 'btn main', href: '#/encoders' }, icon('chip'), t('way_encoders')),
                h('details', { class: 'details' }, h('summary', {}, t('details')), h('p', { class: 'muted small print', lang: 'en' }, trouble.message))]
                : [h('h2', {}, t('search_failed')), h('p', { class: 'muted' }, trouble.status === 404 && query.like && !narrowed() ? t('search_gone') : explain(trouble)),
                    trouble.status === 404 && narrowed() ? everywhere() : trouble.status !== -1 && h('button', { class: 'btn', type: 'button', onclick: ask }, icon('again'), t('try_again'))]);
    }

    function drawFound() {
        const n = answer?.results.length ?? 0;
        const limit = Number(query.n) || STEP;
        if (empty(query)) put(said, examples());
        else if (trouble) put(said, refused());
        else if (!answer) put(said, h('p', { class: 'muted' }, t('searching')), h('progress', { 'aria-label': t('searching') }));
        else if (!n) put(said, nothing());
        else put(said, h('p', { class: 'muted' }, t('search_n', { n, of: number(answer.considered ?? n) }), answer.timing && ` · ${t('ms', { n: number((answer.timing.embed_ms ?? 0) + (answer.timing.search_ms ?? 0), { maximumFractionDigits: 1 }) })}`), unknown(), answer.waiting > 0 && h('p', { class: 'muted small' }, t('search_waiting', { n: answer.waiting })));
        redraw(grid, () => put(grid, answer?.results.map(hit)));
        grid.hidden = !n;
        put(foot, n >= limit && limit < MOST && h('button', { class: 'btn', type: 'button', 'data-do': 'more-hits', onclick: () => more(limit + STEP) }, t('more')),
            n > 0 && n < limit && h('p', { class: 'muted small', 'data-part': 'cutoff' }, reason(answer)),
            query.all && n > 0 && h('p', { class: 'muted small' }, h('a', { href: address({ ...query, all: '' }) }, t('search_matching'))));
    }

    async function ask() {
        if (empty(query)) return;
        const missing = query.file && !file ? 'search_picture_gone' : minus.length && !words && !query.like && !file ? 'minus_needs' : '';
        if (missing) {
            trouble = Object.assign(new Error(t(missing)), { status: -1 });
            return drawFound();
        }
        trouble = null;
        running.abort();
        running = new AbortController();
        el.setAttribute('aria-busy', 'true');
        try {
            const found = await api.search({ words, minus, sha256: query.like, dataset: set() || '*', class: query.class, since: moment(query.since), until: moment(query.until, true), limit: Number(query.n) || STEP, cutoff: query.all ? 'none' : undefined }, file, running.signal);
            if (!alive) return;
            answer = found;
            say(found.results.length ? t('search_n', { n: found.results.length, of: number(found.considered ?? 0) }) : t(words ? 'search_nothing' : 'search_nothing_like', { words }));
        } catch (error) {
            if (error.name === 'AbortError') return;
            trouble = error;
            answer = null;
        }
        el.removeAttribute('aria-busy');
        if (alive) drawFound();
    }

    /** More of the same in place: the address follows without a new view. */
    function more(n) {
        query.n = String(n);
        history.replaceState(null, '', address(query));
        ask();
    }

    drawHead();
    drawAsked();
    narrowing.draw();
    drawFound();
    followAddress();
    ask();
    loadClasses();
    if (empty(query)) loadLabels().then(() => alive && redraw(said, drawFound), failed);
    if (empty(query)) setTimeout(() => alive && $('#seek') && focusSearch());
    return {
        el, keys: {},
        onDrop: (files) => seekFile(files[0].file),
        get dropText() { return t('search_drop'); },
        stop() {
            alive = false;
            narrowing.stop();
            running.abort();
        },
    };
}
