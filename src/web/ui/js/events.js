/**
 * events.js - the server's event stream: what another device does to the data set shows here too.
 *
 * Only while the page is visible, because a browser allows six connections to a host and a forgotten tab
 * should not hold one.  Bursts of events become one reading of the lists.
 */
import { emit, inTurn, loadClasses, loadDatasets, state } from './state.js';
import { drawNotice, loadJobs, noteJob } from './notice.js';
import { loadModels } from './board.js';

const WAIT_MS = 800;
const AGAIN_MS = 4000;

export function follow() {
    let source = null;
    let timer = 0;
    let lost = false;
    const setLost = (now) => {
        if (lost === now) return;
        lost = state.lost = now;
        drawNotice();
    };
    const read = () => {
        timer = 0;
        inTurn(() => loadDatasets().then(loadClasses)).then(() => emit('pictures'), () => {}); // classes after data sets: ours may have a new name
    };
    const soon = () => (timer ||= setTimeout(read, WAIT_MS));
    const open = () => {
        if (source || document.hidden) return;
        source = new EventSource('/v1/events');
        source.addEventListener('dataset', soon);
        source.addEventListener('models', () => loadModels().catch(() => {}));
        source.addEventListener('job', (e) => noteJob(JSON.parse(e.data)));
        source.addEventListener('lost', () => loadJobs().then(soon, () => {}));
        source.addEventListener('open', () => {
            loadJobs().catch(() => {});
            if (lost) soon(); // what happened meanwhile
            setLost(false);
        });
        source.addEventListener('error', () => {
            setLost(true);
            if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
            source = null;
            setTimeout(open, AGAIN_MS);
        });
    };
    document.addEventListener('visibilitychange', () => {
        if (document.hidden) {
            source?.close();
            source = null;
        } else open();
    });
    open();
}
