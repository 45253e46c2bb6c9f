/**
 * libsearch.js - looking for something among the library's pictures: by words, by a stored picture, by one from here.  What is found
 * is a source for the same grid; above it stands what was asked and in words why the list ends where it ends.
 */
import { h, put } from './dom.js';
import { t, number, percent } from './i18n.js';
import { icon } from './icons.js';
import { api, explain, thumb } from './api.js';
import { state } from './state.js';
import { address, keptPicture, parse, without } from './query.js';
import { reason, quoted } from './search.js';
import { say } from './toast.js';

const keys = ['q', 'like', 'file', 'all'];

/** What the library's address asks for; null: nothing. */
export function asked(ctx) {
    const query = Object.fromEntries(keys.map((k) => [k, ctx.address.get(k)]));
    return query.q.trim() || query.like || query.file ? query : null;
}

/** What a library that nothing has come into yet answers: without a name the search would be about another data set. */
const NOTHING = { total: 0, results: [], considered: 0 };

/** How well it fits, on the tile. */
export const scoreBadge = (item) => (item.score === undefined ? null : percent(item.score, 0));

/**
 * @param {any} query of asked() @param {any} ctx @param {(answer: any, error?: any) => void} told
 * @returns {{load: Function}} parts of what is found, in its order; the filter narrows it as it narrows the list
 */
export function searchSource(query, ctx, told) {
    const { order: _, ...filter } = ctx.filter(); // what is found has its own order
    let known = false;
    async function ask(offset, limit, signal) {
        const { words, minus } = parse(query.q);
        const file = query.file ? keptPicture(query.file) : null;
        if (query.file && !file) throw Object.assign(new Error(t('search_picture_gone')), { status: -1 });
        if (minus.length && !words && !query.like && !file) throw Object.assign(new Error(t('minus_needs')), { status: -1 });
        if (!ctx.dataset() && !state.library) return NOTHING;
        return api.search({ words, minus, sha256: query.like, dataset: ctx.dataset() || state.library?.name, filter: Object.keys(filter).length ? filter : undefined, offset, limit, cutoff: query.all ? 'none' : undefined }, file, signal);
    }
    return {
        async load(offset, limit, signal) {
            try {
                const answer = await ask(offset, limit, signal);
                if (!known) told(answer);
                known = true;
                return { total: answer.total, items: answer.results };
            } catch (error) {
                if (error.name === 'AbortError' || known) throw error;
                told(null, error);
                return { total: 0, items: [] };
            }
        },
    };
}

function trouble(error, query) {
    return h('div', { class: 'welcome middle', 'data-part': 'trouble' }, icon('warn'),
        error.status === 409 ? [h('h2', {}, t('search_no_words')), h('p', { class: 'muted' }, t('search_no_words_help')), h('a', { class: 'btn main', href: '#/encoders' }, icon('chip'), t('way_encoders'))]
            : [h('h2', {}, t('search_failed')), h('p', { class: 'muted' }, error.status === 404 && query.like ? t('search_gone') : explain(error))]);
}

/** What stands above the grid. */
export function askedBar(ctx) {
    const el = h('div', { class: 'asked library-asked' });
    const set = (change) => ctx.address.set({ picture: '', ...change });
    const clear = () => set({ q: '', like: '', file: '', all: '' });
    const picture = (src, gone) => h('li', { class: 'asked-picture' }, h('img', { src, alt: t('search_like') }),
        h('button', { class: 'btn square plain', type: 'button', 'data-do': 'no-picture', 'aria-label': t('search_no_picture'), title: t('search_no_picture'), onclick: gone }, icon('close')));

    function nothing(query, answer, words) {
        return h('div', { class: 'welcome middle', 'data-part': 'nothing' }, icon('none'), h('h2', {}, words ? t('search_nothing', { words }) : t('search_nothing_like')), h('p', { class: 'muted' }, reason(answer)),
            h('div', { class: 'chips' }, !query.all && answer.considered > 0 && answer.cutoff?.reason !== 'unknown_words' && h('button', { class: 'btn', type: 'button', 'data-do': 'nearest', onclick: () => set({ all: '1' }) }, t('search_nearest')),
                h('a', { class: 'btn', href: address(query), 'data-do': 'everywhere' }, t('search_everywhere')), h('button', { class: 'btn', type: 'button', onclick: clear }, t('search_stop'))));
    }

    return {
        el,
        /** @param {any} query null: nothing is asked @param {any} [answer] @param {any} [error] */
        draw(query, answer, error) {
            el.hidden = !query;
            if (!query) return put(el);
            const { words, minus } = parse(query.q);
            const file = query.file && keptPicture(query.file);
            const n = answer?.total ?? 0;
            put(el, h('ul', { class: 'asked-list' },
                query.like && picture(thumb(query.like, 96), () => set({ like: '' })), file && picture(file.url, () => set({ file: '' })),
                words && h('li', { class: 'asked-words' }, `“${words}”`),
                minus.map((m) => h('li', {}, h('button', { class: 'tag minus', type: 'button', 'data-minus': m, 'aria-label': t('minus_remove', { name: m }), onclick: () => set({ q: without(query.q, m) }) }, h('span', {}, `${t('without')} ${m}`), icon('close')))),
                h('li', { class: 'muted' }, error ? '' : answer ? t('search_n', { n, of: number(answer.considered ?? n) }) : t('searching')),
                h('li', {}, h('button', { class: 'btn quiet', type: 'button', 'data-do': 'stop-search', onclick: clear }, icon('close'), t('search_stop')))),
            error && trouble(error, query), answer && !n && nothing(query, answer, words),
            answer && n > 0 && h('p', { class: 'muted small' }, reason(answer), ' ', h('a', { href: address(query) }, t('search_everywhere'))),
            n > 0 && answer.unknown_words?.length > 0 && h('p', { class: 'aside' }, icon('help'), t('w_unknown', { words: quoted(answer.unknown_words) })));
            if (answer) say(n ? t('search_n', { n, of: number(answer.considered ?? 0) }) : t('search_nothing', { words }));
        },
    };
}
