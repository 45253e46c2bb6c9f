/** shelfapi.js - what the server says of tags, albums, saved searches and of what can be filtered by. */
import { call } from './api.js';

const of = (dataset) => ({ query: { dataset } });
const items = (answer) => answer.items;

/** kind: 'tags', 'albums' or 'saved'. */
export const shelf = {
    list: (kind, dataset) => call('GET', `/v1/${kind}`, of(dataset)).then(items),
    /** Tags, counted among the pictures that a filter leaves. */
    tagsOf: (filter, dataset) => call('GET', '/v1/tags', { query: { dataset, ...filter } }).then(items),
    create: (kind, body) => call('POST', `/v1/${kind}`, { json: body }),
    patch: (kind, id, body) => call('PATCH', `/v1/${kind}/${id}`, { json: body }),
    remove: (kind, id) => call('DELETE', `/v1/${kind}/${id}`),
    one: (sha, dataset) => call('GET', `/v1/pictures/${sha}`, of(dataset)),
    /** What the active trained model says of them. */
    opinions: (dataset) => call('GET', '/v1/pictures/opinions', of(dataset)),
    facts: (dataset) => call('GET', '/v1/pictures/facts', of(dataset)),
    /** Tags of many pictures; one undo for all. */
    change: (body) => call('POST', '/v1/pictures/change', { json: body }),
};
