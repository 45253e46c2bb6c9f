/**
 * paged.js - a long list of the server's, as if it were an array: pages are read when somebody looks at them.
 *
 * At most KEEP pages stay (the ones looked at last), so that a list of 100,000 costs as much memory as one of ten
 * thousand.  A page that nobody waits for any more is called off.  After reset() the old items stay on show until
 * the new ones are there: nothing blinks.
 *
 * Rejected: reading everything once (100,000 items are 40 MB), cursors (a scroll bar jumps).
 */
export const PAGE = 200;
const KEEP = 60;

/** @typedef {{total: number, items: any[]}} Page */

/**
 * @param {(offset: number, limit: number, signal: AbortSignal) => Promise<Page>} load
 * @param {{arrived: () => void, failed: (error: any) => void}} tell arrived: a page came, or the total changed
 */
export function paged(load, { arrived, failed }) {
    let pages = new Map(); // number -> items, oldest use first
    let old = new Map();
    const flying = new Map(); // number -> {stop, done}
    let total = -1;
    let turn = 0;

    const pageOf = (i) => Math.floor(i / PAGE);

    function keep(n, items) {
        pages.delete(n);
        pages.set(n, items);
        old.delete(n);
        while (pages.size > KEEP) pages.delete(pages.keys().next().value);
    }

    function read(n) {
        if (pages.has(n)) return Promise.resolve();
        if (flying.has(n)) return flying.get(n).done;
        const stop = new AbortController();
        const mine = turn;
        const done = load(n * PAGE, PAGE, stop.signal).then((page) => {
            if (mine !== turn) return;
            if (total !== page.total) old = new Map();
            total = page.total;
            keep(n, page.items);
            arrived();
        }).finally(() => flying.get(n)?.stop === stop && flying.delete(n));
        done.catch(() => {});
        flying.set(n, { stop, done });
        return done;
    }

    return {
        /** -1: not known yet */
        get total() { return total; },
        /** The item, or undefined while it is not here. */
        at(i) {
            const n = pageOf(i);
            return (pages.get(n) ?? old.get(n))?.[i - n * PAGE];
        },
        /** Somebody looks at first..last: read what is missing there, leave what is far from there. */
        want(first, last) {
            const from = pageOf(Math.max(0, first));
            const to = pageOf(Math.max(0, last));
            for (const [n, { stop }] of flying) if (n < from - 1 || n > to + 1) stop.abort();
            for (let n = from; n <= to; n++)
                if (total < 0 || n * PAGE < total || n === 0) {
                    const items = pages.get(n);
                    if (items) keep(n, items);
                    else read(n).catch((e) => e.name !== 'AbortError' && failed(e));
                }
        },
        /** All items of first..last, read as needed. */
        async range(first, last) {
            const items = [];
            for (let n = pageOf(first); n <= pageOf(last); n++) {
                await read(n);
                const page = pages.get(n) ?? [];
                items.push(...page.slice(Math.max(0, first - n * PAGE), last - n * PAGE + 1));
            }
            return items;
        },
        /** Where a picture is among what is here; -1: not here. */
        find(sha) {
            for (const [n, items] of pages) {
                const i = items.findIndex((x) => x.sha256 === sha);
                if (i >= 0) return n * PAGE + i;
            }
            return -1;
        },
        /** Everything may have changed; keep: the same list, so what is on show may stay until the new page is here. */
        reset(keepOld = true) {
            turn++;
            for (const { stop } of flying.values()) stop.abort();
            flying.clear();
            old = keepOld ? new Map([...old, ...pages]) : new Map();
            pages = new Map();
            if (!keepOld) total = -1;
        },
    };
}
