/**
 * duplicates.js - the library's tab of duplicates: a group each, the picture to keep chosen, what differs marked.
 *
 * The server looks by itself where pictures have come; groups are read a page at a time and more of them when the end comes near.
 * Nothing goes without a press of a person's, and everything can be taken back.
 *
 * Keys, on a group: 1 to 9 choose the one to keep, Enter lets the others go, D says that they are different, C compares,
 * arrows go from group to group.
 */
import { h, put, redraw } from './dom.js';
import { t, has, number, bytes, date } from './i18n.js';
import { icon } from './icons.js';
import { api, thumb } from './api.js';
import { failed, say } from './toast.js';
import { state, on } from './state.js';
import { confirm } from './dialog.js';
import { compareDialog } from './dupcompare.js';
import { reasonText } from './reasons.js';
import { trouble, waiting } from './trouble.js';

const PAGE = 20;
/** The most that the server tells at once. */
const MOST = 200;
const TIERS = ['same', 'picture', 'alike'];

/** What is told of a picture, and whether a larger number is better. */
const facts = [
    ['pixels', (p) => p.width * p.height, (p) => `${p.width} × ${p.height}`],
    ['bytes', (p) => p.bytes, (p) => bytes(p.bytes)],
    ['format', (p) => p.format, (p) => p.format.toUpperCase()],
    ['taken', (p) => p.taken_at ?? '', (p) => (p.taken_at ? date(p.taken_at) : '')],
    ['class', (p) => (p.unsorted ? '' : p.class), (p) => (p.unsorted ? '' : p.class)],
    ['tags', (p) => p.tags.join(', '), (p) => p.tags.join(', ')],
];

/** @param {HTMLElement} host @param {any} ctx of library.js */
export function mount(host, ctx) {
    const head = h('div', { class: 'groups-head dup-head' });
    const list = h('ol', { class: 'dups', 'aria-label': t('lib_duplicates') });
    const end = h('div', { class: 'groups-more' });
    let data = null;
    let items = [];
    let alive = true;
    let visible = true;
    let stale = true;
    let turn = 0;
    let loading = false;
    const choices = new Map(); // group -> the picture that a person chose to keep
    const drawn = new Map(); // group -> {as, group, node}: what has not changed stays where it is, with its pictures and the keyboard
    host.append(head, list, end);

    const tier = () => (TIERS.includes(ctx.address.get('tier')) ? ctx.address.get('tier') : data ? TIERS.find((x) => data.counts[x].groups) ?? 'same' : '');

    /** What the server tells, with what was chosen here. */
    const adopt = (groups) => groups.map((g) => {
        const sha = choices.get(g.id);
        if (g.pictures.some((p) => p.sha256 === sha)) for (const p of g.pictures) if (p.keep !== (p.sha256 === sha)) Object.assign(p, { keep: p.sha256 === sha, why: [] });
        return g;
    });

    /** The groups from the first on; keep: as many as are on show now, so that the one that has the keys stays among them. */
    async function read(keep = false) {
        if (!visible) return void (stale = true);
        const mine = ++turn;
        const wanted = keep ? items.length + PAGE : 0; // what was taken back comes in again
        loading = true;
        stale = false;
        try {
            let got = await api.duplicates({ dataset: ctx.dataset(), tier: tier(), limit: Math.min(MOST, Math.max(PAGE, wanted)) });
            if (!alive || mine !== turn) return;
            const first = !data;
            data = got;
            if (first && !ctx.address.get('tier')) { // nobody has chosen: the first tier that has any
                got = await api.duplicates({ dataset: ctx.dataset(), tier: tier(), limit: PAGE });
                if (!alive || mine !== turn) return;
                data = got;
            }
            items = adopt(got.items);
            while (items.length < wanted && data.next) {
                got = await api.duplicates({ dataset: ctx.dataset(), tier: tier(), limit: MOST, cursor: data.next });
                if (!alive || mine !== turn) return;
                data = got;
                items = items.concat(adopt(got.items));
            }
            draw();
        } catch (error) {
            if (!alive || mine !== turn) return;
            stale = true;
            if (data) failed(error);
            else put(end, trouble(error, () => read()));
        } finally {
            if (mine === turn) loading = false;
        }
    }

    async function more() {
        if (loading || !data?.next) return;
        const mine = turn;
        loading = true;
        try {
            const got = await api.duplicates({ dataset: ctx.dataset(), tier: tier(), limit: PAGE, cursor: data.next });
            if (!alive || mine !== turn) return;
            data = got;
            const known = new Set(items.map((g) => g.id));
            items = items.concat(adopt(got.items.filter((g) => !known.has(g.id))));
            drawList();
            drawEnd();
        } catch (error) {
            failed(error);
        } finally {
            if (mine === turn) loading = false;
        }
    }

    /* ---- above the groups */

    const job = () => state.jobs.find((j) => j.id === data?.job && ['running', 'pending'].includes(j.state));

    function running() {
        const j = job();
        return h('div', { class: 'groups-note', 'data-part': 'running' }, h('p', {}, t('dup_running')),
            h('progress', { max: String(j?.total || 1000), value: j ? String(j.done) : undefined, 'aria-label': t('dup_running') }),
            j && h('button', { class: 'btn quiet', type: 'button', 'data-do': 'stop', onclick: () => api.stopJob(j.id).catch(failed) }, t('cancel')));
    }

    const lookAgain = () => api.runDuplicates({ dataset: ctx.dataset() || undefined }).then(() => read(true)).catch(failed);
    const stopped = () => h('div', { class: 'groups-note', role: 'alert', 'data-part': 'stopped' }, h('p', { class: 'problem' }, t('dup_stopped', { why: reasonText(data.trouble) })),
        h('button', { class: 'btn quiet', type: 'button', 'data-do': 'look-again', onclick: lookAgain }, icon('again'), t('try_again')));

    function tierButton(id) {
        const n = data.counts[id];
        const on = tier() === id;
        return h('button', { class: `btn quiet${on ? ' on' : ''}`, type: 'button', 'data-tier': id, 'aria-pressed': String(on), onclick: () => ctx.address.set({ tier: id }) },
            t(`dup_tier_${id}`), ' ', h('b', {}, number(n.groups)));
    }

    function resolveAll() {
        const n = data.counts[tier()];
        if (tier() === 'alike' || !n.groups) return null;
        return h('button', { class: 'btn', type: 'button', 'data-do': 'all', onclick: async () => {
            const sure = await confirm(t('dup_all'), t('dup_all_sure', { n: n.extra, groups: number(n.groups) }), t('dup_all_do'));
            if (!sure) return;
            await act(() => api.resolveDuplicates({ dataset: ctx.dataset() || undefined, tier: tier() }), (now) => t('dup_resolved', { n: now.removed }));
        } }, icon('check'), t('dup_all'));
    }

    const drawHead = () => redraw(head, () => put(head, data.job ? running() : data.trouble && stopped(),
        h('div', { class: 'dup-tiers' }, h('div', { class: 'chips', role: 'group', 'aria-label': t('dup_tiers') }, TIERS.map(tierButton)), resolveAll()),
        h('p', { class: 'muted small', 'data-part': 'facts' }, t(`dup_help_${tier()}`),
            data.counts.elsewhere > 0 && ` ${t('dup_elsewhere', { n: data.counts.elsewhere })}`,
            data.failed > 0 && ` ${t('dup_failed', { n: data.failed })}`)), '[aria-pressed="true"]');

    /* ---- a group */

    function factLine(p, group) {
        return h('dl', { class: 'dup-facts' }, facts.map(([id, value, text]) => {
            const all = group.pictures.map(value);
            const differs = new Set(all).size > 1;
            const best = differs && group.tier !== 'same' && typeof all[0] === 'number' && value(p) === Math.max(...all);
            return text(p) && h('div', { class: `${differs ? 'differs' : ''}${best ? ' best' : ''}` }, h('dt', {}, t(`dup_fact_${id}`)), h('dd', {}, text(p)));
        }));
    }

    function pictureNode(p, i, group) {
        const name = p.file || p.sha256.slice(0, 12);
        const notes = [p.orientation !== 1 && t('dup_turned'), p.cropped && t('dup_cropped'), ...(p.elsewhere ?? []).map((e) => t('dup_also', { name: `${e.dataset} / ${e.class}` }))].filter(Boolean);
        return h('li', { class: `dup-picture${p.keep ? ' keep' : ''}`, 'data-sha': p.sha256 },
            h('label', { class: 'dup-keep' },
                h('input', { type: 'radio', name: `keep-${group.id}`, checked: p.keep, onchange: () => keep(group, i) }),
                h('span', { class: 'dup-number', 'aria-hidden': 'true' }, i < 9 ? String(i + 1) : ''), h('span', {}, t(p.keep ? 'dup_keeps' : 'dup_goes'))),
            h('button', { class: 'dup-shot', type: 'button', 'aria-label': t('picture_of', { name }), onclick: () => ctx.openPicture(p.sha256, { index: i, total: group.pictures.length, item: async (k) => group.pictures[k] }) },
                h('img', { src: thumb(p.sha256, 384), alt: '', loading: 'lazy' })),
            h('p', { class: 'dup-name', title: name }, name),
            factLine(p, group),
            p.keep && p.why.length > 0 && h('p', { class: 'dup-why small' }, icon('check'), p.why.filter((w) => has(`dup_why_${w}`)).map((w) => t(`dup_why_${w}`)).join(', ')),
            notes.length > 0 && h('p', { class: 'muted small' }, notes.join(' · ')));
    }

    function groupNode(group) {
        const n = group.size - 1;
        const button = (what, glyph, text, run, main) => h('button', { class: `btn${main ? ' main' : ' quiet'}`, type: 'button', 'data-do': what, onclick: () => Promise.resolve(run()).catch(failed) }, icon(glyph), text);
        return h('li', { class: 'dup-group', tabindex: '0', 'data-group': group.id, 'aria-label': t('dup_group', { n: group.size }) },
            h('ul', { class: 'dup-pictures' }, group.pictures.map((p, i) => pictureNode(p, i, group))),
            group.size > group.pictures.length && h('p', { class: 'muted small' }, t('dup_not_shown', { n: group.size - group.pictures.length })),
            h('div', { class: 'dup-acts' },
                button('resolve', 'trash', t('dup_resolve', { n }), () => resolve(group), group.tier !== 'alike'),
                button('apart', 'split', t('dup_different'), () => apart(group)),
                button('compare', 'similar', t('dup_compare'), () => compare(group))));
    }

    const nodeOf = (group) => list.querySelector(`[data-group="${group.id}"]`);

    function keep(group, i) {
        group.pictures.forEach((p, k) => {
            p.keep = k === i;
            if (k !== i) p.why = [];
        });
        choices.set(group.id, group.pictures[i].sha256);
        const had = nodeOf(group).contains(document.activeElement);
        drawList();
        if (had) onScreen(nodeOf(group));
        say(t('dup_keep_said', { name: group.pictures[i].file || String(i + 1) }));
    }

    /** The keyboard goes there; groups that come on the screen may be taller than was thought, so it is looked at again. */
    function onScreen(node) {
        node?.focus();
        requestAnimationFrame(() => requestAnimationFrame(() => node?.isConnected && document.activeElement === node && node.scrollIntoView({ block: 'nearest' })));
    }

    /** The list may have grown above the group meanwhile. */
    const compare = (group) => compareDialog(group.pictures).then(() => nodeOf(group)?.contains(document.activeElement) && nodeOf(group).scrollIntoView({ block: 'nearest' }));

    /** One change, then the list without what it settled; the next group has the keys. */
    async function act(run, text, group) {
        const now = await run();
        const at = group ? items.indexOf(group) : -1;
        const next = at >= 0 ? (items[at + 1] ?? items[at - 1])?.id : '';
        ctx.undo(now.undo, text(now), () => act(run, text)); // before the list is read: it may be taken back at once
        await read(true);
        const node = next && list.querySelector(`[data-group="${next}"]`);
        if (at >= 0) onScreen(node || head.querySelector('[aria-pressed="true"]'));
        else if (document.activeElement === document.body) head.querySelector('[aria-pressed="true"]')?.focus();
        ctx.changed();
    }

    const resolve = (group) => act(() => api.resolveDuplicates({ dataset: ctx.dataset() || undefined, groups: [{
        keep: group.pictures.filter((p) => p.keep).map((p) => p.sha256), remove: group.pictures.filter((p) => !p.keep).map((p) => p.sha256) }] }),
    (now) => t('dup_resolved', { n: now.removed }) + (now.tagged || now.moved ? ` ${t('dup_given')}` : ''), group);

    const apart = (group) => act(() => api.apartDuplicates({ dataset: ctx.dataset() || undefined, sha256: group.pictures.map((p) => p.sha256) }), () => t('dup_apart_said'), group);

    /* ---- the list */

    function drawEnd() {
        put(end, data.next && h('button', { class: 'btn', type: 'button', 'data-do': 'more', onclick: more }, t('dup_more', { n: data.total - items.length })));
    }

    function welcome() {
        const looked = data.made_at && !data.job;
        if (data.trouble && !data.job && !data.made_at) return null; // why stands above
        return h('div', { class: 'welcome middle', 'data-part': 'empty' }, icon(looked ? 'check' : 'similar'),
            h('h2', {}, t(looked ? 'dup_none' : data.pictures ? 'dup_looking' : 'grp_no_pictures')),
            h('p', { class: 'muted' }, t('dup_none_help')),
            !data.pictures && h('button', { class: 'btn main', type: 'button', onclick: ctx.addFolder }, icon('move'), t('lib_add_folder')));
    }

    /** Nodes of what is new or other; the rest is not touched. */
    function drawList() {
        const here = new Set(items.map((g) => g.id));
        for (const [id, { node }] of drawn) if (!here.has(id)) {
            node.remove();
            drawn.delete(id);
        }
        items.forEach((group, at) => {
            const as = JSON.stringify(group);
            const was = drawn.get(group.id);
            if (was?.as !== as) {
                const node = groupNode(group);
                was?.node.replaceWith(node);
                drawn.set(group.id, { as, group, node });
            } else items[at] = was.group; // what its buttons speak of
            const { node } = drawn.get(group.id);
            if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
        });
    }

    function draw() {
        const had = list.contains(document.activeElement) && document.activeElement.closest('.dup-group')?.dataset.group;
        const on = (node) => node && node.getBoundingClientRect().bottom > 0 && node.getBoundingClientRect().top < innerHeight;
        const seen = had && on(document.activeElement);
        drawHead();
        redraw(list, drawList);
        if (had && !list.contains(document.activeElement)) (list.querySelector(`[data-group="${had}"]`) ?? list.querySelector('.dup-group'))?.focus();
        if (seen && document.activeElement.matches('.dup-group')) onScreen(document.activeElement); // what came in above must not push it away
        drawEnd();
        if (!items.length) put(end, welcome());
    }

    function onKeys(e) {
        const node = e.target.closest?.('.dup-group');
        const at = node ? items.findIndex((g) => g.id === node.dataset.group) : -1;
        if (at < 0 || e.ctrlKey || e.altKey || e.metaKey) return;
        const group = items[at];
        const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[e.key];
        const digit = Number(e.key);
        const own = e.target === node;
        if (e.key >= '1' && e.key <= '9' && digit <= group.pictures.length) keep(group, digit - 1);
        else if (e.key === 'Enter' && own) resolve(group).catch(failed);
        else if (e.key.toLowerCase() === 'd') apart(group).catch(failed);
        else if (e.key.toLowerCase() === 'c') compare(group);
        else if (to !== undefined && own) {
            const next = items[to] && nodeOf(items[to]);
            if (next) onScreen(next);
            if (to >= items.length - 2) more();
        } else return;
        e.preventDefault();
        e.stopPropagation();
    }
    list.addEventListener('keydown', onKeys);

    const seen = new IntersectionObserver((entries) => entries.some((x) => x.isIntersecting) && visible && more(), { rootMargin: '600px' });
    seen.observe(end);

    /* ---- following along */

    let wasRunning = false;
    const stops = [
        on('jobs', () => {
            if (!data || !visible) return;
            const runs = Boolean(data.job && job());
            if (data.job && !runs && (wasRunning || state.jobs.some((j) => j.id === data.job))) read();
            else if (runs) drawHead();
            wasRunning = runs;
        }),
        ctx.onDataset(() => {
            data = null;
            read();
        }),
        ctx.onAddress(() => visible && data && data.items && tierShown !== tier() && (tierShown = tier(), read())),
        ctx.onChange(() => (visible ? !loading && read(true) : (stale = true))),
    ];
    let tierShown = tier();
    const late = setTimeout(() => !data && !end.firstChild && put(end, waiting()), 400);

    return {
        show() {
            visible = true;
            if (stale || tierShown !== tier()) read().then(() => (tierShown = tier()));
        },
        hide() {
            visible = false;
        },
        unmount() {
            alive = false;
            clearTimeout(late);
            seen.disconnect();
            stops.forEach((f) => f());
        },
    };
}

