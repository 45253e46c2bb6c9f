/**
 * digest.js - the name that a picture has here, worked out in a worker so that the page stays quick.
 *
 * Browsers compute digests on secure pages only (https, or this very computer): elsewhere the answer is '' and everything is sent.
 */
let worker = null;
let last = 0;
const waiting = new Map();

/** @param {Blob} file @returns {Promise<string>} 64 hex digits; '' when it cannot be known */
export function digest(file) {
    if (!isSecureContext) return Promise.resolve('');
    if (!worker) {
        worker = new Worker('/js/digestworker.js');
        worker.onmessage = ({ data: [id, sha] }) => {
            waiting.get(id)?.(sha);
            waiting.delete(id);
        };
        worker.onerror = () => {
            for (const done of waiting.values()) done('');
            waiting.clear();
        };
    }
    return new Promise((done) => {
        waiting.set(++last, done);
        worker.postMessage([last, file]);
    });
}
