/**
 * intake.js - the library's tab of what comes in: imports with their progress, files that failed and why, folders that are watched.
 *
 * The server is asked again every second while something is under way and this tab is on show, else every five; an event of a job
 * asks at once.  Nothing here is needed for an import to go on.
 */
import { h, put, redraw } from './dom.js';
import { t, number, date, duration } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { failed, toast } from './toast.js';
import { on } from './state.js';
import { reasonText } from './reasons.js';
import { confirm } from './dialog.js';
import { trouble } from './trouble.js';

const BUSY_MS = 1000;
const CALM_MS = 5000;
/** Finished imports that are listed. */
const OVER = 5;

/** @param {HTMLElement} host @param {any} ctx of library.js */
export function mount(host, ctx) {
    const work = h('div', { class: 'intake-work' });
    const failures = h('div', { class: 'intake-failures' });
    const folders = h('div', { class: 'intake-folders' });
    let state = null;
    let watches = null;
    let more = []; // failures of further pages
    let next = null;
    let timer = 0;
    let visible = true;
    let alive = true;
    let was = 0; // what was done when pictures were last read again
    let shapes = ['', '', ''];
    host.append(work, failures, folders);

    const tool = (what, glyph, label, run, more = {}) => h('button', { class: 'btn plain quiet', type: 'button', 'data-do': what, onclick: run, ...more }, icon(glyph), label);
    const busy = () => !!state && (state.waiting > 0 || state.working > 0 || state.reading);
    const act = (promise, words) => promise.then((r) => {
        if (words) toast(words(r));
        return read();
    }).catch(failed);

    // ---- imports

    function counts(b) {
        return [t('in_added', { n: b.added }), b.same && t('in_same', { n: b.same }), b.failed && t('in_failed', { n: b.failed }), b.dropped && t('in_dropped', { n: b.dropped })].filter(Boolean).join(' · ');
    }

    /** Its folder is being read still: how many there are is known when they were counted. */
    const inReading = (b) => b.reading;
    const expected = (b) => Math.max(b.total, b.expected);

    function running(b) {
        const done = b.total - b.waiting;
        const left = state.rate > 0.05 ? state.waiting / state.rate : 0;
        return h('li', { class: 'sheet', 'data-set': `in-${b.id}` },
            h('div', { class: 'tray-head' }, h('b', {}, b.name === 'upload' ? t('in_upload') : b.name),
                tool('cancel', 'close', t('cancel'), () => confirm(t('in_cancel_title'), t('in_cancel_text', { n: b.waiting }), t('in_cancel'), { risk: true })
                    .then((yes) => yes && act(api.intakeCancel(b.id), (r) => t('in_dropped', { n: r.dropped }))), { 'data-class': String(b.id) })),
            h('progress', { max: String(expected(b) || 1), value: inReading(b) && expected(b) === b.total ? undefined : String(done), 'aria-label': t('in_progress', { name: b.name }) }),
            h('p', { class: 'muted small' }, [inReading(b) ? `${t('in_reading')} · ${counts(b)}` : t('in_done_of', { done: number(done), total: number(expected(b)) }),
                state.rate > 0.05 && t('send_rate', { n: number(state.rate, { maximumFractionDigits: state.rate < 10 ? 1 : 0 }) }),
                left > 2 && !inReading(b) && t('send_left', { time: duration(left) })].filter(Boolean).join(' · ')));
    }

    const over = (b) => h('li', { class: 'intake-row' }, icon('check'), h('span', {}, h('b', {}, b.name === 'upload' ? t('in_upload') : b.name), h('span', { class: 'muted small' }, `${counts(b)} · ${date(b.at)}`)));

    function drawWork() {
        const now = state.batches.filter((b) => b.waiting > 0 || inReading(b));
        const past = state.batches.filter((b) => !now.includes(b)).slice(0, OVER);
        put(work, h('h2', {}, t('in_title')),
            state.trouble && h('p', { class: 'intake-row', role: 'status', 'data-set': 'in-trouble' }, icon('warn'), h('span', {}, t('in_trouble', { why: reasonText(state.trouble) }))),
            state.reading && !now.length && h('p', { class: 'muted' }, t('in_reading')),
            now.length > 0 && h('ul', { class: 'intake-list', 'aria-label': t('in_running') }, now.map(running)),
            !now.length && !state.reading && h('p', { class: 'muted' }, t('in_nothing')),
            past.length > 0 && h('ul', { class: 'intake-list', 'aria-label': t('in_past') }, past.map(over)));
    }

    // ---- failures

    async function readMore() {
        const page = await api.intakeState({ cursor: next, limit: 100 });
        more.push(...page.failures);
        next = page.next;
        shapes[1] = '';
        draw();
    }

    function drawFailures() {
        const list = [...state.failures, ...more];
        put(failures, list.length > 0 && [
            h('div', { class: 'tray-head' }, h('h2', {}, t('in_failures', { n: state.failed })),
                tool('dismiss-all', 'check', t('in_dismiss_all'), () => act(api.intakeDismiss('')))),
            h('ul', { class: 'intake-list', 'aria-label': t('send_failures') }, list.map((f) => h('li', { class: 'intake-row', 'data-set': `fail-${f.id}` }, icon('warn'),
                h('span', {}, h('b', {}, f.file || t('in_nameless')), h('span', { class: 'muted small' }, reasonText(f.message)), f.source && h('span', { class: 'muted small path' }, f.source)),
                h('button', { class: 'btn plain round', type: 'button', 'data-do': 'dismiss', 'data-class': String(f.id), 'aria-label': t('in_dismiss', { name: f.file }), onclick: () => act(api.intakeDismiss(f.id)) }, icon('close'))))),
            next && h('button', { class: 'btn', type: 'button', 'data-do': 'more', onclick: () => readMore().catch(failed) }, t('in_more'))]);
    }

    // ---- folders

    const words = (w) => (w.state === 'watching' ? t('in_watching') : w.state === 'reading' ? t('in_state_reading') : w.state === 'missing' ? t('in_missing') : t('in_state_failed'));

    function folderRow(w) {
        return h('li', { class: 'intake-row', 'data-set': `watch-${w.id}` }, icon(w.state === 'missing' || w.state === 'failed' ? 'warn' : 'move'),
            h('span', {}, h('b', { class: 'path' }, w.folder),
                h('span', { class: 'muted small' }, [words(w), w.message && reasonText(w.message), w.files && t('in_files', { n: w.files }), w.classes && t('in_as_classes')].filter(Boolean).join(' · '))),
            h('button', { class: 'btn plain round', type: 'button', 'data-do': 'unwatch', 'data-class': String(w.id), 'aria-label': t('in_unwatch', { name: w.folder }), onclick: () => act(api.unwatch(w.id), () => t('in_unwatched')) }, icon('close')));
    }

    function folderForm() {
        const path = h('input', { type: 'text', id: 'intake-path', name: 'path', required: true, value: watches.roots[0] ?? '', autocomplete: 'off', spellcheck: 'false' });
        const watch = h('input', { type: 'checkbox', id: 'intake-watch', name: 'watch' });
        const classes = h('input', { type: 'checkbox', id: 'intake-classes', name: 'classes' });
        return h('form', { class: 'sheet intake-form', onsubmit: (e) => {
            e.preventDefault();
            act(api.intakeFolder({ path: path.value.trim(), watch: watch.checked, classes: classes.checked, ...(ctx.dataset() && { dataset: ctx.dataset() }) }), (r) => t(r.watch ? 'in_watch_begun' : 'in_import_begun'));
        } },
        h('label', { class: 'field' }, h('span', {}, t('in_path')), path, h('span', { class: 'hint muted small' }, t('in_path_hint', { roots: watches.roots.join(', ') }))),
        h('label', { class: 'check' }, watch, h('span', {}, t('in_watch'))),
        h('label', { class: 'check' }, classes, h('span', {}, t('in_classes'))),
        h('button', { class: 'btn main', type: 'submit' }, t('in_begin')));
    }

    function drawFolders() {
        put(folders, h('h2', {}, t('in_folders')),
            watches.items.length > 0 && h('ul', { class: 'intake-list', 'aria-label': t('in_folders') }, watches.items.map(folderRow)),
            watches.roots.length > 0 ? folderForm() : h('p', { class: 'muted' }, t('in_no_roots')));
    }

    // ---- reading

    /** Each part is drawn when it changed; what somebody types into the form stays. */
    function draw() {
        if (!state || !watches) return;
        const now = [JSON.stringify([state.batches, state.reading, state.trouble, Math.round(state.rate), watches.items.map((w) => [w.batch, w.state])]), JSON.stringify([state.failures, more.length]), JSON.stringify(watches)].map((s) => s + document.documentElement.lang);
        const parts = [[work, drawWork], [failures, drawFailures], [folders, drawFolders]];
        const had = failures.contains(document.activeElement);
        parts.forEach(([el, run], i) => now[i] !== shapes[i] && redraw(el, run, '[data-do="dismiss"]'));
        if (had && (!failures.firstChild || !failures.contains(document.activeElement))) (folders.querySelector('input, button') ?? document.querySelector('.library-tabs [aria-current]'))?.focus(); // none is left
        shapes = now;
    }

    async function read() {
        clearTimeout(timer);
        try {
            const [s, w] = await Promise.all([api.intakeState({ limit: 100 }), api.watches()]);
            if (!alive) return;
            if (!more.length || s.failed !== state?.failed) {
                more = [];
                next = s.next;
            }
            state = s;
            watches = w;
            draw();
            if (was !== s.done && !busy()) ctx.changed();
            if (!busy()) was = s.done;
        } finally {
            if (alive && visible) timer = setTimeout(() => read().catch(() => {}), busy() ? BUSY_MS : CALM_MS);
        }
    }

    const off = [on('jobs', () => visible && !busy() && read().catch(() => {}))];
    const first = api.intakeState({ limit: 1 }).then((s) => (was = s.done)).then(read);
    first.catch((error) => put(work, trouble(error, () => read().catch(failed))));
    return first.catch(() => {}).then(() => ({
        show() {
            visible = true;
            read().catch((error) => state && failed(error));
        },
        hide() {
            visible = false;
            clearTimeout(timer);
        },
        unmount() {
            alive = false;
            clearTimeout(timer);
            off.forEach((f) => f());
        },
    }));
}
