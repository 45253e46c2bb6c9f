/**
 * library.js - the library: its tabs, and the ground that they stand on.
 *
 * A tab is a module with mount(host, ctx) -> {show(), hide(), unmount(), keys?, tools?}.  It is loaded when somebody first goes
 * there and kept while the library is on show, so that coming back finds it as it was.  ctx:
 *
 *   api                      the one way to the server
 *   dataset()                what requests say: '' is the library; onDataset(fn) -> stop
 *   filter(), setFilter(f)   what narrows every tab's pictures, kept in the address; onFilter(fn) -> stop
 *   address.get(key), address.set({key: value}, replace?)   the tab's own part of the address; onAddress(fn) -> stop
 *   openPicture(sha, list?)  the detail, with a list {index, total, item(i)} to go through
 *   selection                what is chosen, in all tabs (selection.js)
 *   undo(token, text, again) says what happened and offers it back, also by Ctrl+Z; again() does it once more (Ctrl+Shift+Z)
 *   changed(), onChange(fn)  pictures were added, changed or went: read again
 *   classes()                classes of the data set on show; onClasses(fn): they are known now
 *   tools(...nodes)          what stands at the right of the tabs while this tab is on show
 */
import { h, put, redraw, $ } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, ApiError } from './api.js';
import { failed, say, toast } from './toast.js';
import { inTurn, state, on, loadDatasets } from './state.js';
import { createSelection } from './selection.js';
import { selectBar } from './actions.js';
import { filterKeys, libraryAddress, parseLibrary, tabAddress } from './libaddress.js';
import { seekFile } from './searchbox.js';
import { takeFolder, pickers } from './gather.js';
import { openDetail, closeDetail } from './detail.js';
import { trouble } from './trouble.js';
import { keepPlace } from './place.js';

/** The one table of tabs. */
const tabs = [
    { id: 'pictures', glyph: 'data', title: 'lib_pictures', load: () => import('./gallery.js') },
    { id: 'map', glyph: 'map', title: 'lib_map', load: () => import('./map.js') },
    { id: 'groups', glyph: 'similar', title: 'lib_groups', load: () => import('./clusters.js') },
    { id: 'duplicates', glyph: 'burst', title: 'lib_duplicates', load: () => import('./duplicates.js') },
    { id: 'review', glyph: 'doctor', title: 'lib_review', load: () => import('./review.js') },
    { id: 'intake', glyph: 'upload', title: 'lib_intake', load: () => import('./intake.js') },
];

/** It outlives the view: going away and coming back does not lose what was chosen. */
const selection = createSelection();

export function libraryView(hash) {
    let here = parseLibrary(hash);
    let alive = true;
    let classes = [];
    let current = '';
    const mounted = new Map(); // id -> {host, tab, tools}
    const bus = { dataset: new Set(), filter: new Set(), address: new Set(), change: new Set(), classes: new Set() };
    const tell = (topic) => bus[topic].forEach((f) => f());
    const listen = (topic) => (fn) => {
        bus[topic].add(fn);
        return () => bus[topic].delete(fn);
    };

    const head = h('header', { class: 'page-head library-head' });
    const line = h('div', { class: 'library-line' });
    const tools = h('div', { class: 'library-tools' });
    const body = h('div', { class: 'library-body' });
    const files = pickers((list) => takeFolder(list, ctx));
    const dataset = () => here.params.dataset ?? '';
    const setOf = () => (dataset() ? state.datasets.find((d) => d.name === dataset()) : state.library);
    const filter = () => Object.fromEntries(filterKeys.filter((k) => here.params[k]).map((k) => [k, here.params[k]]));

    function setAddress(change, replace = false) {
        const next = libraryAddress(here.tab, { ...here.params, ...change });
        if (next === location.hash) return;
        if (!replace) location.hash = next;
        else {
            history.replaceState(null, '', next);
            follow(next);
        }
    }

    const ctx = {
        api, selection, dataset, filter,
        classes: () => classes,
        images: () => setOf()?.images ?? 0,
        onDataset: listen('dataset'), onFilter: listen('filter'), onAddress: listen('address'), onChange: listen('change'), onClasses: listen('classes'),
        setFilter: (f, replace) => setAddress({ ...Object.fromEntries(filterKeys.map((k) => [k, ''])), ...f, picture: '' }, replace),
        address: { get: (key) => here.params[key] ?? '', set: setAddress },
        openPicture(sha, list) {
            ctx.walk = list ?? null;
            ctx.opened = !here.params.picture;
            setAddress({ picture: sha });
        },
        walk: null,
        undo(token, text, again) {
            const act = token && { token, again };
            if (act && !redoing) undone.length = 0;
            if (act) acts.push(act);
            toast(text, act && { label: t('undo'), run: () => takeBack(act) });
        },
        takeBack: () => takeBack(acts.at(-1)),
        doAgain,
        changed: () => changed(),
        tools: (...nodes) => {
            const m = mounted.get(current);
            if (m) m.tools = nodes;
            redraw(tools, () => put(tools, nodes));
        },
        addFiles: files.files, addFolder: files.folder,
    };

    /* What was done here and may be taken back, oldest first; and what was taken back and may be done again. */
    const acts = [];
    const undone = [];
    let redoing = false;

    async function takeBack(act) {
        const at = acts.indexOf(act);
        if (at < 0) return void say(t('undo_nothing'));
        acts.splice(at, 1);
        await inTurn(() => api.undo(act.token));
        if (act.again) undone.push(act);
        await changed();
        toast(t('undone'));
    }

    async function doAgain() {
        const act = undone.pop();
        if (!act) return void say(t('redo_nothing'));
        redoing = true;
        try {
            await act.again();
        } finally {
            redoing = false;
        }
    }

    async function loadClasses() {
        const name = dataset() || state.library?.name;
        classes = name ? await api.classes(name).catch(() => []) : [];
    }

    /** Pictures that could not be taken in and nobody has seen to: a number at the tab. */
    const lookForFailures = () => api.intakeState({ limit: 1 }).then((now) => (waits = now.failed), () => 0);

    /** Pictures changed by us: counts and classes first, then every tab. */
    async function changed() {
        await loadDatasets().catch(failed);
        await Promise.all([loadClasses(), lookForFailures()]);
        if (!alive) return;
        drawHead();
        drawLine();
        tell('change');
    }

    function sets() {
        if (!state.datasets.length) return null;
        return h('label', { class: 'set' }, h('span', { class: 'hush' }, t('lib_which')),
            h('select', { id: 'library-set', onchange: (e) => {
                selection.clear();
                location.hash = libraryAddress(here.tab, { dataset: e.target.value });
            } },
            h('option', { value: '', selected: !dataset() }, t('tab_library')),
            state.datasets.map((d) => h('option', { value: d.name, selected: d.name === dataset() }, d.name))));
    }

    let waits = 0;
    const drawHead = () => redraw(head, () => put(head,
        h('div', {}, h('h1', {}, dataset() || t('tab_library')), h('p', { class: 'muted', id: 'library-count' }, t('pictures', { n: ctx.images() }))),
        h('div', { class: 'page-tools' },
            h('button', { class: 'btn main', type: 'button', 'data-do': 'add', onclick: files.files }, icon('upload'), t('add_pictures')),
            h('button', { class: 'btn', type: 'button', 'data-do': 'add-folder', onclick: files.folder }, icon('move'), t('lib_add_folder')),
            sets())));

    function drawLine() {
        redraw(line, () => put(line,
        h('nav', { class: 'ways library-tabs', 'aria-label': t('lib_tabs') }, tabs.map((tab) => h('a', { href: tabAddress(tab.id, here.params), 'data-tab': tab.id, 'aria-current': tab.id === here.tab ? 'page' : undefined }, icon(tab.glyph), h('span', {}, t(tab.title)), tab.id === 'intake' && waits > 0 && h('span', { class: 'dot', title: t('upload_failed', { n: waits }) }, String(Math.min(99, waits)))))),
        tools));
        const nav = line.querySelector('.library-tabs');
        const lit = nav.querySelector('[aria-current]'); // sideways only: the page stays where it is
        if (lit) nav.scrollLeft = lit.offsetLeft - nav.offsetLeft - (nav.clientWidth - lit.offsetWidth) / 2;
        const edge = () => nav.classList.toggle('goes-on', nav.scrollLeft + nav.clientWidth < nav.scrollWidth - 4);
        nav.addEventListener('scroll', edge, { passive: true });
        requestAnimationFrame(edge);
    }

    async function showTab() {
        const spec = tabs.find((x) => x.id === here.tab) ?? tabs[0];
        if (current === spec.id) return;
        const was = mounted.get(current);
        current = spec.id;
        if (was) {
            was.at = scrollY;
            was.tab?.hide?.();
            was.host.hidden = true;
        }
        put(tools);
        let m = mounted.get(spec.id);
        if (!m) {
            m = { host: h('section', { class: 'library-tab', 'aria-label': t(spec.title), 'data-tab': spec.id }), tab: null, tools: [], at: 0 };
            mounted.set(spec.id, m);
            body.append(m.host);
            try {
                const module = await spec.load();
                if (!alive) return;
                m.tab = await module.mount(m.host, ctx);
            } catch (error) {
                mounted.delete(spec.id);
                current = '';
                put(m.host, trouble(error instanceof ApiError ? error : new ApiError(0, ''), () => {
                    m.host.remove();
                    showTab();
                }));
                return;
            }
        }
        if (current !== spec.id) {
            m.host.hidden = true;
            return m.tab?.hide?.();
        }
        m.host.hidden = false;
        put(tools, m.tools);
        m.tab?.show?.();
        scrollTo(0, m.at);
    }

    /** The address changed within the library; true when that is all. */
    function follow(next) {
        const before = here;
        here = parseLibrary(next);
        const same = (keys) => keys.every((k) => (before.params[k] ?? '') === (here.params[k] ?? ''));
        drawLine();
        showTab();
        if (!same(['dataset'])) loadClasses().then(() => {
            if (!alive) return;
            drawHead();
            tell('dataset');
        });
        else if (!same(filterKeys)) tell('filter');
        tell('address');
        detail();
        return true;
    }

    function detail() {
        const sha = here.params.picture;
        if (sha) openDetail(sha, ctx);
        else closeDetail();
    }

    const place = keepPlace();
    const bar = selectBar(ctx);
    const el = h('div', { class: 'data library' }, head, line, body, bar.el, files.el);
    const off = [
        on('datasets', () => drawHead()),
        on('pictures', () => loadClasses().then(() => alive && (drawHead(), tell('change')))),
    ];
    drawHead();
    drawLine();
    Promise.all([loadClasses(), lookForFailures()]).then(() => alive && (drawHead(), drawLine(), tell('classes')));
    showTab().then(() => alive && place.restore());
    detail();
    requestIdleCallback?.(() => tabs.forEach((tab) => tab.load().catch(() => {})), { timeout: 5000 }); // there also when the server is not
    return {
        el,
        follow: (next) => alive && parseLibrary(next) && follow(next),
        onDrop: (list) => seekFile(list[0].file), // pasted: a question, not an addition
        onFound: (found) => takeFolder(found, ctx),
        get dropText() { return t('lib_drop'); },
        get keys() { return { ...bar.keys, u: files.files, 'ctrl+z': (e) => (e.shiftKey ? doAgain() : takeBack(acts.at(-1))).catch(failed), 'ctrl+y': () => doAgain().catch(failed), ...mounted.get(current)?.tab?.keys }; },
        stop() {
            alive = false;
            closeDetail();
            place.stop();
            off.forEach((f) => f());
            bar.stop();
            for (const m of mounted.values()) m.tab?.unmount?.();
        },
    };
}
