/**
 * state.js - what every part of the page shares, and who wants to know when it changes.
 *
 * Topics: 'datasets', 'classes' (lists were read again), 'scan' (a result came), 'history',
 * 'jobs' (work in the background moved), 'models' (trained ones were read again), 'answers' (a model spoke).
 */
import { api } from './api.js';

export const state = {
    /** @type {any} the answer of /v1/info */
    info: null,
    /** @type {any[]} all but the library */
    datasets: [],
    /** the library's data set; null until something made it */
    library: null,
    /** the data set this page works in */
    dataset: '',
    /** @type {any[]} */
    classes: [],
    /** @type {any[]} this session's scans, newest first: {id, blob, url, name, time, result} */
    history: [],
    /** @type {any[]} the server's jobs, newest first */
    jobs: [],
    /** @type {any[]} trained models, newest first */
    models: [],
    /** the scan on show */
    scan: null,
    /** the server's events do not come: it is gone, or the way to it */
    lost: false,
};

const bus = new EventTarget();
export const emit = (topic) => bus.dispatchEvent(new Event(topic));
/** Listen to a topic; returns how to stop. */
export function on(topic, fn) {
    bus.addEventListener(topic, fn);
    return () => bus.removeEventListener(topic, fn);
}

let last = Promise.resolve();
/** Run what changes names, and what reads by them because of an event, one after another: a read between would ask by a name that is gone. */
export function inTurn(run) {
    const done = last.then(run);
    last = done.catch(() => {});
    return done;
}

/** Read the data sets; keep ours if it is still there, else take the active one. */
export async function loadDatasets() {
    const all = await api.datasets();
    state.library = all.find((d) => d.library) ?? null;
    state.datasets = all.filter((d) => !d.library);
    const names = state.datasets.map((d) => d.name);
    if (!names.includes(state.dataset))
        state.dataset = state.datasets.find((d) => d.active)?.name ?? names[0] ?? '';
    emit('datasets');
}

export async function loadClasses() {
    const dataset = state.dataset;
    const items = dataset ? await api.classes(dataset) : [];
    if (dataset === state.dataset) state.classes = items;
    emit('classes');
}

export async function useDataset(name) {
    state.dataset = name;
    await api.patchDataset(name, { active: true });
    for (const d of state.datasets) d.active = d.name === name;
    emit('datasets');
    await loadClasses();
}

export const classById = (id) => state.classes.find((c) => c.id === Number(id));
