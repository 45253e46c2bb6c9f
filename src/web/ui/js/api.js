/**
 * api.js - the one place that talks to the server.
 *
 * Every failure is an ApiError with the HTTP status (0: not reached) and the server's own words.  A 503
 * means "full just now": the call waits as long as Retry-After says and tries again, twice.
 */
import { t, has, language } from './i18n.js';

export class ApiError extends Error {
    /** @param {number} status @param {string} detail */
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}

/** A failure in the reader's language; the server's English words follow where they add something. */
export function explain(error) {
    const status = error instanceof ApiError ? error.status : -1;
    const key = status === 500 && /disk is full|disk or quota|No space left|quota exceeded/i.test(error.message) ? 'error_full' : `error_${status}`;
    const known = has(key) ? t(key) : '';
    if (!known) return error.message || t('error_other');
    return language() === 'en' && status > 0 && error.message && key !== 'error_full' ? error.message : known;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function problem(response) {
    let detail = response.statusText;
    try {
        const body = await response.json();
        detail = body.detail ?? body.title ?? detail;
    } catch {
        /* not JSON: the status line must do */
    }
    return new ApiError(response.status, detail);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{query?: object, json?: object, body?: BodyInit, signal?: AbortSignal, tries?: number, key?: string (of an act that must happen once), blob?: boolean (what comes is a file)}} [options]
 */
export async function call(method, path, { query = {}, json, body, signal, tries = 3, key, blob = false } = {}) {
    const url = new URL(path, location.href);
    for (const [name, value] of Object.entries(query))
        if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
    const headers = { ...(json && { 'Content-Type': 'application/json' }), ...(key && { 'Idempotency-Key': key }) };
    for (;;) {
        let response;
        try {
            response = await fetch(url, { method, headers, signal, body: json ? JSON.stringify(json) : body });
        } catch (error) {
            if (error.name === 'AbortError') throw error;
            throw new ApiError(0, t('error_0'));
        }
        if (response.ok) return response.status === 204 ? {} : blob ? response.blob() : response.json();
        if (response.status !== 503 || --tries <= 0) throw await problem(response);
        await pause(Math.min(5, Number(response.headers.get('Retry-After')) || 1) * 1000);
    }
}

/** One picture as a form: the server learns its file name, which a raw body cannot tell. */
function form(field, blob, name, fields = {}) {
    const data = new FormData();
    for (const [key, value] of Object.entries(fields)) if (value) data.append(key, String(value));
    data.append(field, blob, name || 'capture.jpg');
    return data;
}

/** Several pictures as one form. */
function forms(parts) {
    const data = new FormData();
    for (const { blob, name } of parts) data.append('images', blob, name || 'picture.jpg');
    return data;
}

/* A class is named by its name, never by its id: the server looks for the name first, and somebody may
 * call a class "12". */
const item = (sha) => `/v1/images/${encodeURIComponent(sha)}`;

export const api = {
    info: () => call('GET', '/v1/info'),
    inspections: () => call('GET', '/training/list'),
    inspectionSources: () => call('GET', '/v1/inspections/sources'),
    inspection: (id) => call('GET', `/v1/inspections/${encodeURIComponent(id)}`),
    startInspection: (json) => call('POST', '/training/start', { json }),
    cancelInspection: (id) => call('POST', `/training/cancel/${encodeURIComponent(id)}`),
    deleteInspection: (id) => call('DELETE', `/training/delete/${encodeURIComponent(id)}`, { query: { delete_files: 'true' } }),
    orientations: (id) => call('GET', `/orientation/samples/${encodeURIComponent(id)}`),
    confirmOrientations: (id, orientations) => call('POST', `/orientation/confirm/${encodeURIComponent(id)}`, { json: { orientations } }),
    /** Pictures with coded names against a training's golden samples. */
    inspect(task, files) {
        return call('POST', '/v1/inspect', { query: { task }, body: forms(files.map((f) => ({ blob: f, name: f.name }))) });
    },
    jobs: () => call('GET', '/v1/jobs').then((r) => r.items),
    datasets: () => call('GET', '/v1/datasets').then((r) => r.items),
    createDataset: (name, preset) => call('POST', '/v1/datasets', { json: preset ? { name, preset } : { name } }),
    patchDataset: (name, change) => call('PATCH', `/v1/datasets/${encodeURIComponent(name)}`, { json: change }),
    deleteDataset: (name) => call('DELETE', `/v1/datasets/${encodeURIComponent(name)}`),

    classes: (dataset) => call('GET', '/v1/classes', { query: { dataset } }).then((r) => r.items),
    createClass: (name, dataset) => call('POST', '/v1/classes', { json: { name, dataset } }),
    renameClass: (id, name) => call('PATCH', `/v1/classes/${id}`, { json: { name } }),
    deleteClass: (id) => call('DELETE', `/v1/classes/${id}`),
    undo: (token) => call('POST', `/v1/undo/${encodeURIComponent(token)}`),

    /** The pictures of a data set, filtered and ordered: {total, items}. */
    pictures: (query, signal) => call('GET', '/v1/pictures', { query, signal }),
    /** The pictures as points on a plane, as bytes (mapdata.js). */
    map: (dataset, filter = {}) => call('GET', '/v1/map', { query: { dataset, ...filter }, blob: true }).then((b) => b.arrayBuffer()),
    /** What a person should look at next; '' is the library. */
    review: (dataset, limit) => call('GET', '/v1/review', { query: { dataset, limit } }),
    answerReview: (json) => call('POST', '/v1/review', { json }),
    reviewProgress: (dataset) => call('GET', '/v1/review/progress', { query: { dataset } }),
    /** All that is known about one picture. */
    picture: (sha, dataset) => call('GET', item(sha), { query: { dataset } }),
    images: (query) => call('GET', '/v1/images', { query }),
    moveImage: (sha, to, dataset) => call('PATCH', item(sha), { query: { dataset }, json: { class: to } }),
    deleteImage: (sha, dataset) => call('DELETE', item(sha), { query: { dataset } }),
    /** Kept when answered, taken in behind. @returns {Promise<{accepted: {sha256: string, file: string, there: boolean}[], refused: {file: string, code: string, message: string}[], batch: number}>} */
    intake(parts, { dataset, class: name, batch, signal }) {
        const body = new FormData();
        if (dataset) body.append('dataset', dataset);
        if (name) body.append('class', name);
        if (batch) body.append('batch', String(batch));
        for (const part of parts) body.append('images', part.blob, part.name || 'picture.jpg');
        return call('POST', '/v1/intake', { body, signal, tries: 20 });
    },
    intakeState: (query) => call('GET', '/v1/intake', { query }),
    /** Forget one failure, or all. */
    intakeDismiss: (id) => call('DELETE', id ? `/v1/intake/failures/${id}` : '/v1/intake/failures'),
    /** Read a folder of the server's machine, or watch it. */
    intakeFolder: (wish) => call('POST', '/v1/intake/folder', { json: wish }),
    watches: () => call('GET', '/v1/watches'),
    unwatch: (id) => call('DELETE', `/v1/watches/${id}`),
    intakeCancel: (batch) => call('DELETE', `/v1/intake/batches/${batch}`),
    /** Which of these pictures need not be sent. */
    known: (dataset, sha256, signal) => call('POST', '/v1/intake/known', { json: { ...(dataset && { dataset }), sha256 }, signal }).then((r) => r.known),
    /** Many pictures at once: tags, class, album, deletion; one undo for all. */
    change: (body) => call('POST', '/v1/pictures/change', { json: body }),
    opinions: (query) => call('GET', '/v1/pictures/opinions', { query }),
    askOpinions: (json) => call('POST', '/v1/pictures/opinions', { json }),
    teach: (body) => call('POST', '/v1/pictures/teach', { json: body }),
    /** Groups of a tier, a page at a time; '' is the library. */
    duplicates: (query) => call('GET', '/v1/duplicates', { query }),
    runDuplicates: (json) => call('POST', '/v1/duplicates/run', { json }),
    resolveDuplicates: (json) => call('POST', '/v1/duplicates/resolve', { json }),
    apartDuplicates: (json) => call('POST', '/v1/duplicates/apart', { json }),
    albums: (dataset) => call('GET', '/v1/albums', { query: { dataset } }).then((r) => r.items),
    audit: (query) => call('GET', '/v1/audit', { query }),
    /** Add one picture to the class named to; the answer's item, or an ApiError if that item failed. */
    async addImage(blob, name, to, dataset, signal) {
        const body = form('file', blob, name, { class: to, dataset });
        const { items } = await call('POST', '/v1/images', { body, signal, tries: 6 });
        if (items[0]?.error) throw new ApiError(items[0].error.status, items[0].error.detail);
        return items[0];
    },

    predict: (blob, name, { dataset, method, signal }) =>
        call('POST', '/v1/predict', { query: { dataset, method, top: 3 }, body: form('image', blob, name), signal }),
    models: () => call('GET', '/v1/models'),
    promote: (id) => call('POST', `/v1/models/${id}/promote`),
    rollback: () => call('POST', '/v1/models/rollback'),
    served: () => call('GET', '/v1/models/history').then((r) => r.items),
    /** What the active model says of these pictures; recorded.  slow: {tta, mc_dropout} */
    classify: (parts, signal, slow = {}) => call('POST', '/v1/predictions', { query: slow, body: forms(parts), signal, tries: 6 }),
    /** What one version says; nothing is recorded. */
    tryModel: (id, parts) => call('POST', `/v1/models/${id}/predict`, { body: forms(parts), tries: 6 }),
    deleteModel: (id) => call('DELETE', `/v1/models/${id}`),
    deletePrediction: (id) => call('DELETE', `/v1/predictions/${id}`),
    /** All that match; with an empty query all there are. */
    deletePredictions: (query) => call('DELETE', '/v1/predictions', { query: Object.values(query).some(Boolean) ? query : { all: 'true' } }).then((r) => r.deleted),
    predictions: (query) => call('GET', '/v1/predictions', { query }),
    predictionStats: (query) => call('GET', '/v1/predictions/stats', { query }),
    /** How far an answer of the record spreads. */
    doubt: (id, signal) => call('GET', `/v1/predictions/${id}/doubt`, { signal, tries: 6 }),
    /** The picture under a map of where the network looked, as an address for an image. */
    async heat(id, signal) {
        return URL.createObjectURL(await call('GET', `/v1/predictions/${id}/heat`, { signal, tries: 6, blob: true }));
    },
    trainSources: () => call('GET', '/v1/train/sources'),
    train: (body) => call('POST', '/v1/train', { json: body }),
    job: (id, from = 0) => call('GET', `/v1/jobs/${id}`, { query: { from: String(from) } }),
    resumeJob: (id) => call('POST', `/v1/jobs/${id}/resume`),
    stopJob: (id) => call('POST', `/v1/jobs/${id}/cancel`),

    labels: () => call('GET', '/labels'),
    /** Which of the labels fits best; labels null: the server's own. */
    byWords: (blob, name, { labels, templates, none, theme, signal }) => call('POST', '/v1/classify', { signal, tries: 6,
        body: form('file', blob, name, { labels: labels && JSON.stringify(labels), templates: templates ? 'seven' : 'none', none_of_these: none ? 'true' : 'false', theme }) }),
    verdict: (body, key) => call('POST', '/v1/feedback', { json: body, key }),
    verdicts: (query) => call('GET', '/v1/feedback', { query }),
    /** By words, by a stored picture (sha256), by a picture from here; empty fields do not narrow. */
    search(query, picture, signal) {
        const wanted = Object.fromEntries(Object.entries(query).filter(([, v]) => v !== undefined && v !== '' && v.length !== 0));
        if (!picture) return call('POST', '/v1/search', { json: wanted, signal });
        const fields = Object.fromEntries(Object.entries(wanted).map(([k, v]) => [k, Array.isArray(v) ? v.join() : typeof v === 'object' ? JSON.stringify(v) : v]));
        return call('POST', '/v1/search', { body: form('file', picture.blob, picture.name, fields), signal });
    },
    encoders: () => call('GET', '/v1/encoders'),
    pullEncoder: (name, accept) => call('POST', `/v1/encoders/${encodeURIComponent(name)}/pull`, { json: { accept_licence: accept } }),
    useEncoder: (name) => call('POST', `/v1/encoders/${encodeURIComponent(name)}/use`, { json: {} }),

    /** Of all, or of what a filter means (its texts as in the address). */
    clusters: (dataset, filter) => call('GET', '/v1/clusters', { query: { dataset, ...filter } }),
    clusterPictures: (id, query, signal) => call('GET', `/v1/clusters/${id}/pictures`, { query, signal }),
    runClusters: (how) => call('POST', '/v1/clusters/run', { json: how }),
    changeCluster: (id, change) => call('PATCH', `/v1/clusters/${id}`, { json: change }),
    mergeClusters: (ids, name) => call('POST', '/v1/clusters/merge', { json: name ? { ids, name } : { ids } }),
    splitCluster: (id, k) => call('POST', `/v1/clusters/${id}/split`, { json: k ? { k } : {} }),
    /** Into a group; id 0: out of their groups. */
    moveToCluster: (id, sha256, dataset, filter) => call('POST', `/v1/clusters/${id}/pictures`, { json: { sha256, ...(dataset && { dataset }), ...(filter && { filter }) } }),
    clusterClass: (id, to) => call('POST', `/v1/clusters/${id}/class`, { json: to }),

    suspects: (dataset) => call('GET', '/v1/suspects', { query: { dataset } }),
};

/** Where a stored picture's small version is; size 96, 192 or 384. */
export const thumb = (sha, size = 192) => `${item(sha)}/thumb?size=${size}`;
export const original = (sha) => `${item(sha)}/file`;
