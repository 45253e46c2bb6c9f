/**
 * events.js - the server's event stream: what another device does to the data set shows here too.
 *
 * Only while the page is visible, because a browser allows six connections to a host and a forgotten tab
 * should not hold one.  Bursts of events become one reading of the lists.
 */
import { emit, inTurn, loadClasses, loadDatasets } from './state.js';
import { loadJobs, noteJob } from './notice.js';
import { loadModels } from './board.js';

const WAIT_MS = 800;

export function follow() {
    let source = null;
    let timer = 0;
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
        source.addEventListener('open', () => loadJobs().catch(() => {}));
        source.addEventListener('error', () => source?.readyState === EventSource.CLOSED && (source = null));
    };
    document.addEventListener('visibilitychange', () => {
        if (document.hidden) {
            source?.close();
            source = null;
        } else open();
    });
    open();
}
