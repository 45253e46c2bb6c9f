/**
 * scanner.js - ask the server about a picture and keep what it said.
 *
 * Only the newest request counts: starting a scan cancels the one before it, so a slow answer never
 * overwrites a newer one.
 */
import { api } from './api.js';
import { headline } from './words.js';
import { prefs } from './prefs.js';
import { state, emit } from './state.js';
import { failed, say } from './toast.js';
import { readable } from './readable.js';

const KEEP = 40;
let number = 0;
let running = null;

/** Drop the oldest scans and give back their memory. */
function trim() {
    for (const old of state.history.splice(KEEP)) URL.revokeObjectURL(old.url);
}

/** Ask the server about one picture and show what it says. */
export async function scanBlob(blob, name = 'capture.jpg', again = null) {
    running?.abort();
    const mine = (running = new AbortController());
    const scan = again ?? { id: ++number, blob, name, url: URL.createObjectURL(blob), time: new Date(), result: null };
    scan.pending = true;
    state.scan = scan;
    emit('scan');
    try {
        if (!again) Object.assign(scan, await readable(blob, name));
        const before = scan.result;
        scan.result = await api.predict(scan.blob, scan.name, { dataset: state.dataset, method: prefs.method, signal: mine.signal });
        scan.before = again ? before : null;
        scan.taught = null;
        if (!again) state.history.unshift(scan);
        trim();
        say(headline(scan.result));
    } catch (error) {
        if (error.name === 'AbortError') return;
        if (!again) state.scan = state.history[0] ?? null;
        failed(error);
    } finally {
        scan.pending = false;
        if (running === mine) {
            running = null;
            emit('scan');
        }
    }
}

/** Scan pictures one after the other; each is kept in the history. */
export async function scanFiles(files) {
    for (const file of files) await scanBlob(file, file.name);
}

export const scanAgain = (scan) => scanBlob(scan.blob, scan.name, scan);
