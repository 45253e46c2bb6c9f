/**
 * selection.js - which pictures are chosen: one set for all tabs of the library, and the bar that acts on it.
 *
 * "All of them" is not a set of 100,000 names but the list they came from, less what was taken out again.  Where that list is what a
 * filter means, the server is told the filter, and no name is read; of what a search found the names are read when something is done.  A picture is known by its digest, so a selection outlives sorting, filters and tabs.
 */

/** The most that all() hands out in one reading of the list. */
const STEP = 500;

export function createSelection() {
    /** @type {Map<string, any>} digest -> what is known about it */
    let picked = new Map();
    /** @type {{load: (offset: number, limit: number) => Promise<{total: number, items: any[]}>, total: number, filter?: Record<string, string>, except: Map<string, any>}|null} */
    let whole = null;
    const listeners = new Set();
    const changed = () => listeners.forEach((f) => f());

    const put = (item, yes) => {
        if (whole) yes ? whole.except.delete(item.sha256) : whole.except.set(item.sha256, item);
        else if (yes) picked.set(item.sha256, item);
        else picked.delete(item.sha256);
    };

    async function readWhole() {
        const items = [];
        for (let at = 0; at < whole.total; at += STEP) {
            const page = await whole.load(at, STEP);
            items.push(...page.items.filter((i) => !whole.except.has(i.sha256)));
            if (!page.items.length) break;
        }
        return items;
    }

    return {
        has: (sha) => (whole ? !whole.except.has(sha) : picked.has(sha)),
        get size() { return whole ? whole.total - whole.except.size : picked.size; },
        get all() { return Boolean(whole); },
        toggle(item) {
            put(item, !this.has(item.sha256));
            changed();
        },
        add(items) {
            for (const i of items) put(i, true);
            changed();
        },
        remove(items) {
            for (const i of items) put(i, false);
            changed();
        },
        /** What a range was becomes what it is now: one change, told once. */
        swap(before, now) {
            for (const i of before) put(i, false);
            for (const i of now) put(i, true);
            changed();
        },
        clear() {
            if (!whole && !picked.size) return;
            whole = null;
            picked = new Map();
            changed();
        },
        /** Everything that a list has; filter: what it is the list of, if that is all it is. */
        selectAll(load, total, filter) {
            whole = total > 0 ? { load, total, filter, except: new Map() } : null;
            picked = new Map();
            changed();
        },
        /**
         * What is chosen, as requests about many pictures name it: {filter, except} or {sha256}.
         * @returns {Promise<{n: number, which: any, filter?: any, out: any[]}>} filter, and the items taken out of it, where it is one
         */
        async which() {
            if (whole?.filter) return { n: this.size, which: { filter: whole.filter, ...(whole.except.size && { except: [...whole.except.keys()] }) }, filter: whole.filter, out: [...whole.except.values()] };
            const items = await this.items();
            return { n: items.length, which: { sha256: items.map((i) => i.sha256) }, out: [] };
        },
        /** A few of them, to be shown. */
        async some(n) {
            return whole ? (await whole.load(0, Math.min(STEP, n + whole.except.size))).items.filter((i) => !whole.except.has(i.sha256)).slice(0, n) : [...picked.values()].slice(0, n);
        },
        /** What is chosen, as the lists' items. @returns {Promise<any[]>} */
        items: async () => (whole ? readWhole() : [...picked.values()]),
        /** @returns {Promise<string[]>} */
        async shas() {
            return (await this.items()).map((i) => i.sha256);
        },
        /** Told after each change; returns how to stop. */
        on(fn) {
            listeners.add(fn);
            return () => listeners.delete(fn);
        },
    };
}
