/**
 * asked.js - pictures held against words: ask the server, keep this session's answers.
 *
 * Only the newest request counts; asking again (other labels, a verdict given) keeps the scores before, so that what
 * changed can be shown.
 */
import { api } from './api.js';
import { prefs } from './prefs.js';
import { readable } from './readable.js';
import { emit, state } from './state.js';
import { failed, say } from './toast.js';
import { headline } from './wordresult.js';

const KEEP = 40;
/** {labels, most, reads} of the server, once asked; the picture on show; this session's, newest first. */
export const words = { info: null, now: null, past: /** @type {any[]} */ ([]) };
let running = null;
let number = 0;

export async function loadLabels() {
    const told = await api.labels();
    words.info = { labels: told.default_labels, most: told.max_labels ?? 256, reads: told.reads_words };
    return words.info;
}

/** The labels in force: this browser's own; before it has any, the classes of the data set, or the server's list. */
export function labelsNow() {
    if (prefs.labels) return prefs.labels;
    const names = state.classes.map((c) => c.name);
    return names.length > 1 && names.length <= (words.info?.most ?? 0) ? names : words.info?.labels ?? [];
}
/** What to send: null for the server's own list, which an empty one means too. */
function labelsSent() {
    const now = labelsNow();
    return now.length && JSON.stringify(now) !== JSON.stringify(words.info?.labels) ? now : null;
}

/** @param {any} shot one of words.past, or a new one */
async function ask(shot) {
    running?.abort();
    const mine = (running = new AbortController());
    const before = shot.result;
    Object.assign(shot, { pending: true, error: null });
    words.now = shot;
    emit('words');
    try {
        const result = await api.byWords(shot.blob, shot.name, { labels: labelsSent(), templates: prefs.templates, none: prefs.none, theme: prefs.subject.trim(), signal: mine.signal });
        Object.assign(shot, { before, result });
        if (!words.past.includes(shot)) words.past.unshift(shot);
        for (const old of words.past.splice(KEEP)) URL.revokeObjectURL(old.url);
        say(headline(result));
    } catch (error) {
        if (error.name === 'AbortError') return;
        shot.error = error;
    } finally {
        shot.pending = false;
        if (running === mine) {
            running = null;
            emit('words');
        }
    }
}

export async function askAbout(files) {
    for (const file of files) {
        try {
            const shot = { id: ++number, time: new Date(), url: URL.createObjectURL(file), ...(await readable(file, file.name || 'picture.jpg')) };
            await ask(shot);
        } catch (error) {
            failed(error);
        }
    }
}

export const askAgain = () => words.now && ask(words.now);

export function showPast(shot) {
    words.now = shot;
    emit('words');
}
