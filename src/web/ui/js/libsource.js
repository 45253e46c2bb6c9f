/**
 * libsource.js - where the library's grid gets its pictures from.
 *
 * A source is {load(offset, limit, signal) -> {total, items}, filter?}; filter: all that a filter means, so that a request can name it.
 */
import { api } from './api.js';
import { state, loadDatasets } from './state.js';

/** @param {string} dataset '': the library @param {Record<string, string>} filter */
export const source = (dataset, filter) => ({
    filter: Object.fromEntries(Object.entries(filter).filter(([key]) => key !== 'order')),
    async load(offset, limit, signal) {
        try {
            const page = await api.pictures({ dataset, ...filter, offset: String(offset), limit }, signal);
            if (!dataset && !state.library) loadDatasets().catch(() => {}); // asking made it
            return page;
        } catch (error) {
            if (error.status === 404 && Object.keys(filter).length) return { total: 0, items: [] }; // the filter names what is no more
            throw error;
        }
    },
});
