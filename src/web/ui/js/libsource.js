/**
 * libsource.js - where the library's grid gets its pictures from: the one place that knows which route.
 *
 * A source is {load(offset, limit, signal) -> {total, items}}.
 */
import { api } from './api.js';
import { state } from './state.js';

/** GET /v1/images goes by cursors: the pages before an offset are read once, and kept as cursors. */
export function imagesSource(dataset, filter, classes) {
    const name = dataset || state.library?.name;
    const step = 200;
    const cursors = [''];
    const flat = (i) => ({ ...i, class: i.class.name, class_id: i.class.id, unsorted: classes().some((c) => c.unsorted && c.id === i.class.id) });
    const total = () => (filter.class ? classes().find((c) => c.name === filter.class)?.images : (state.datasets.find((d) => d.name === name) ?? state.library)?.images) ?? 0;
    async function page(n, signal) {
        for (let i = cursors.length; i <= n; i++) {
            const before = await api.images({ dataset: name, class: filter.class, cursor: cursors[i - 1], limit: step });
            if (!before.next) return [];
            cursors[i] = before.next;
        }
        const got = await api.images({ dataset: name, class: filter.class, cursor: cursors[n], limit: step });
        if (got.next) cursors[n + 1] = got.next;
        signal?.throwIfAborted();
        return got.items.map(flat);
    }
    return {
        async load(offset, limit, signal) {
            if (!name) return { total: 0, items: [] };
            const items = [];
            for (let n = Math.floor(offset / step); n * step < offset + limit; n++) items.push(...(await page(n, signal)));
            const at = offset % step;
            return { total: total(), items: items.slice(at, at + limit) };
        },
    };
}

export const source = (dataset, filter, classes) => imagesSource(dataset, filter, classes);
