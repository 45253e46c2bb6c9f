/**
 * clusters.js - the library's tab of groups: a card each, and the pictures of one when it is opened.
 *
 * What is shown is what the server keeps; groups are made in the background and the cards are read again when the job ends. The group that
 * is open is part of the address (`group`, 0: pictures in none), so Back closes it.  With a filter in the address the groups are those of
 * what it means (clusterpart.js), which the server keeps beside the groups of all.
 */
import { h, put, redraw } from './dom.js';
import { t, number, date } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { failed, toast } from './toast.js';
import { state, on } from './state.js';
import { card, looseCard } from './clustercard.js';
import { openGroup } from './clusterview.js';
import { drawPart, part } from './clusterpart.js';
import { trouble, waiting } from './trouble.js';
import { libraryAddress } from './libaddress.js';
import { runDialog, mergeGroups, splitGroup, classFromGroups } from './clusteracts.js';

/** Cards that are drawn at once; density may find thousands of groups. */
const FIRST = 120;

/** @param {HTMLElement} host @param {any} ctx of library.js */
export function mount(host, ctx) {
    const head = h('div', { class: 'groups-head' });
    const of = h('div', { class: 'groups-of', hidden: true });
    const list = h('ul', { class: 'groups', 'aria-label': t('lib_groups') });
    const more = h('div', { class: 'groups-more' });
    const bar = h('div', { class: 'select-bar library-bar groups-bar', role: 'toolbar', 'aria-label': t('grp_chosen') });
    const room = h('div', { class: 'group-room' });
    const chosen = new Set();
    let data = null;
    let opened = null; // the open group's view
    let all = false; // all cards, not the first ones
    let watched = 0; // the job that this page asked for
    let reading = null;
    let alive = true;
    let visible = true;
    let behind = false; // something changed while another tab was on show
    let touched = 0; // the card chosen last, or what became of it: the keyboard goes there when the bar goes
    let listAt = 0; // how far down the cards were when a group was opened
    host.append(of, head, list, more, room, bar);
    const late = setTimeout(() => !data && !head.firstChild && put(head, waiting()), 400);

    const byId = (id) => data?.clusters.find((c) => c.id === id);
    const place = () => ctx.address.get('group');

    async function read() {
        const mine = (reading = api.clusters(ctx.dataset(), part(ctx)));
        try {
            const got = await mine;
            if (!alive || mine !== reading) return;
            data = got;
        } catch (error) {
            if (!alive || mine !== reading) return;
            return data ? failed(error) : void put(head, trouble(error, read));
        }
        behind = false;
        for (const id of chosen) if (!byId(id)) chosen.delete(id);
        draw();
    }

    /* ---- above the cards: what is going on, what is new */

    const job = () => state.jobs.find((j) => j.id === data?.job) ?? state.jobs.find((j) => j.kind === 'cluster' && j.detail?.dataset === data?.dataset && JSON.stringify(j.detail?.filter ?? null) === JSON.stringify(data?.filter ?? null) && ['running', 'pending'].includes(j.state));

    function progress(j) {
        return h('div', { class: 'groups-note', 'data-part': 'running' }, h('p', {}, t('grp_running')),
            h('progress', { max: String(j.total || 1), value: j.total ? String(j.done) : undefined, 'aria-label': t('grp_running') }),
            h('button', { class: 'btn quiet', type: 'button', 'data-do': 'stop', onclick: () => api.stopJob(j.id).catch(failed) }, t('cancel')));
    }

    function stale() {
        if (!data.new && !data.gone) return null;
        return h('div', { class: 'groups-note', 'data-part': 'stale' }, icon('warn'),
            h('p', {}, data.new ? t('grp_new', { n: data.new }) : t(data.filter ? 'grp_part_gone' : 'grp_gone', { n: data.gone })),
            h('button', { class: 'btn quiet', type: 'button', 'data-do': 'again', onclick: () => run({ method: data.method, k: data.k, least: data.least }) }, t('grp_again')));
    }

    function facts() {
        const how = t(`grp_method_${data.method}`);
        return h('p', { class: 'muted small', 'data-part': 'facts' }, t('grp_facts', { n: data.clusters.length, how, when: date(data.made_at) }),
            data.clusters.length > 1 && ` · ${t('grp_apart', { value: number(data.silhouette, { maximumFractionDigits: 2 }) })}`);
    }

    function welcome() {
        const none = !data.pictures;
        if (data.filter && none) return h('div', { class: 'welcome middle', 'data-part': 'empty' }, icon('none'), h('h2', {}, t('grp_part_empty')));
        if (data.filter) return h('div', { class: 'welcome middle', 'data-part': 'empty' }, icon('similar'), h('h2', {}, t('grp_part_none', { n: data.pictures })), h('p', { class: 'muted' }, t('grp_part_help')),
            h('button', { class: 'btn main', type: 'button', 'data-do': 'group', onclick: () => run({}) }, icon('similar'), t('grp_make')));
        return h('div', { class: 'welcome middle', 'data-part': 'empty' }, icon('similar'), h('h2', {}, t(none ? 'grp_no_pictures' : 'grp_none')), h('p', { class: 'muted' }, t('grp_none_help')),
            none ? h('button', { class: 'btn main', type: 'button', onclick: ctx.addFolder }, icon('move'), t('lib_add_folder'))
                : h('button', { class: 'btn main', type: 'button', 'data-do': 'group', onclick: () => run({}) }, icon('similar'), t('grp_make')));
    }

    const drawHead = () => redraw(head, () => {
        const j = job();
        put(head, j ? progress(j) : data.made_at ? stale() : null, data.made_at && data.clusters.length ? facts() : !j && !data.clusters.length && welcome());
    });

    /* ---- cards */

    const act = {
        ctx, chosen, part: () => part(ctx),
        toggle(id) {
            if (!chosen.delete(id)) chosen.add(id);
            touched = id;
            drawBar();
        },
        async rename(c, name) {
            const now = await api.changeCluster(c.id, { name });
            await read();
            ctx.undo(now.undo, t('grp_renamed', { name: now.name }), () => act.rename(c, name));
        },
        async pin(c) {
            const now = await api.changeCluster(c.id, { pinned: !c.pinned });
            await read();
            ctx.undo(now.undo, t(now.pinned ? 'grp_pinned' : 'grp_unpinned', { name: now.name }), () => act.pin(c));
        },
        href: (id) => libraryAddress('groups', { dataset: ctx.dataset(), ...ctx.filter(), group: String(id) }),
        open: (id, far) => ctx.address.set({ group: String(id), far: far ? 'true' : '' }),
        split: (c) => splitGroup(c).then((now) => now && changed(now.undo, t('grp_split_done', { name: c.name, n: now.clusters.length }))),
        toClass: (some) => classFromGroups(some, ctx, data.dataset).then((now) => now && changed(now.undo, now.text)),
    };

    async function changed(token, text, again) {
        chosen.clear();
        ctx.undo(token, text, again);
        await read();
        ctx.changed();
    }

    async function merge() {
        const some = [...chosen].map(byId).filter(Boolean);
        const now = await mergeGroups(some);
        if (now) touched = now.id;
        const told = (m) => changed(m.undo, t('grp_merged', { n: some.length, name: m.name }), again);
        const again = async () => told(await api.mergeClusters(some.map((c) => c.id), now.name));
        if (now) await told(now);
    }

    function drawCards() {
        if (list.querySelector('.group-name input:focus')) return void setTimeout(() => alive && data && drawCards(), 400); // a name is being written: it is not taken away
        const some = all ? data.clusters : data.clusters.slice(0, FIRST);
        redraw(list, () => put(list, some.map((c) => card(c, act)), data.outside + data.waiting > 0 && data.made_at && looseCard(data, act)), '.group-open');
        put(more, some.length < data.clusters.length && h('button', { class: 'btn', type: 'button', 'data-do': 'all', onclick: () => {
            all = true;
            drawCards();
            list.querySelectorAll('.group-open')[FIRST]?.focus(); // the button is gone; what it brought begins here
        } }, t('grp_show_all', { n: data.clusters.length })));
    }

    function drawBar() {
        const some = [...chosen].map(byId).filter(Boolean);
        const had = bar.contains(document.activeElement);
        bar.hidden = !some.length || place() !== '';
        if (had && bar.hidden) (list.querySelector(`[data-group="${touched}"] .group-open`) ?? list.querySelector('.group-open'))?.focus();
        document.body.classList.toggle('choosing-groups', !bar.hidden);
        for (const el of list.querySelectorAll('.group-card')) el.classList.toggle('chosen', chosen.has(Number(el.dataset.group)));
        if (bar.hidden) return put(bar);
        const button = (what, glyph, key, run, off = false) => h('button', { class: 'btn', type: 'button', 'data-do': what, disabled: off, onclick: () => Promise.resolve(run()).catch(failed) }, icon(glyph), h('span', {}, t(key)));
        redraw(bar, () => put(bar, h('b', { class: 'chosen' }, t('grp_selected', { n: some.length })),
            button('merge', 'merge', 'grp_merge', merge, some.length < 2),
            button('split', 'split', 'grp_split', () => act.split(some[0]), some.length !== 1),
            button('class', 'tag', 'grp_class', () => act.toClass(some)),
            h('button', { class: 'btn plain square', type: 'button', 'data-do': 'clear', 'aria-label': t('clear'), title: t('clear'), onclick: clear }, icon('close'))));
    }

    function clear() {
        chosen.clear();
        for (const box of list.querySelectorAll('input[type="checkbox"]')) box.checked = false;
        drawBar();
    }

    /** Arrows go from card to card as they lie on the screen. */
    function onKeys(e) {
        const links = [...list.querySelectorAll('.group-open')];
        const at = links.indexOf(document.activeElement);
        if (at < 0) return;
        const top = links[0].getBoundingClientRect().top;
        const cols = Math.max(1, links.filter((l) => Math.abs(l.getBoundingClientRect().top - top) < 4).length);
        const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + cols, ArrowUp: at - cols, Home: 0, End: links.length - 1 }[e.key];
        const box = links[at].closest('.group-card');
        if (e.key === ' ') box.querySelector('input[type="checkbox"]')?.click();
        else if (e.key === 'F2') box.querySelector('[data-do="name"]')?.click();
        else if (to === undefined || !links[to]) return;
        else links[to].focus();
        e.preventDefault();
    }
    list.addEventListener('keydown', onKeys);

    /* ---- one group */

    function drawPlace() {
        const at = place();
        const one = at !== '';
        const fromList = list.contains(document.activeElement);
        const fromRoom = room.contains(document.activeElement);
        const before = opened?.id;
        if (one && !list.hidden) listAt = scrollY;
        const closed = !one && list.hidden;
        head.hidden = list.hidden = more.hidden = one;
        if (one) of.hidden = true;
        else drawPart(of, ctx, data);
        room.hidden = !one;
        if (!one || opened?.id !== Number(at)) {
            opened?.stop();
            opened = null;
            put(room);
        }
        if (closed && visible) {
            scrollTo(0, listAt);
            if (fromRoom || document.activeElement === document.body) list.querySelector(before ? `[data-group="${before}"] .group-open` : '.loose .group-open')?.focus({ preventScroll: true });
        }
        if (!one) return;
        const group = Number(at) ? byId(Number(at)) : { id: 0, size: data.outside + data.waiting };
        if (!group) return put(room, h('div', { class: 'welcome middle' }, icon('none'), h('h2', {}, t('grp_no_such')), h('a', { class: 'btn', href: back() }, t('lib_groups'))));
        if (opened) opened.draw(group, data);
        else {
            opened = openGroup(room, group, data, act, back);
            if (visible) scrollTo(0, 0);
            if (fromList) opened.focus(); // the keyboard goes where its press led
        }
        if (!visible) opened.show(false);
    }

    const back = () => location.hash.replace(/([/&])(group|far)=[^&]*/g, '$1').replace(/&+/g, '&').replace(/[/&]+$/, '');

    function tools() {
        ctx.tools(data?.pictures && !place() ? h('button', { class: 'btn', type: 'button', 'data-do': 'run', onclick: ask }, icon('similar'), t('grp_make_how')) : null);
    }

    function draw() {
        if (!alive || !data) return;
        drawHead();
        drawCards();
        drawPlace();
        drawBar();
        if (visible) tools();
    }

    /* ---- making them */

    async function run(how) {
        try {
            const asked = Object.fromEntries(Object.entries({ ...how, dataset: ctx.dataset() }).filter(([, v]) => v));
            if (Object.keys(part(ctx)).length) asked.filter = part(ctx);
            watched = (await api.runClusters(asked)).id;
            await read();
        } catch (error) {
            failed(error);
        }
    }

    async function ask() {
        const how = await runDialog(data);
        if (how) await run(how);
    }

    let last = '';
    function onJobs() {
        const j = job();
        const now = `${j?.id ?? 0} ${j?.state ?? ''}`;
        if (!data || !alive) return;
        if (j && head.querySelector('progress')) {
            const line = head.querySelector('progress');
            line.max = j.total || 1;
            line.value = j.done;
        }
        if (now === last && !watched) return;
        const mine = state.jobs.find((x) => x.id === watched);
        const over = mine && !['running', 'pending'].includes(mine.state);
        if (over) {
            watched = 0;
            api.job(mine.id).then((whole) => {
                if (whole.state === 'done') ctx.undo(whole.detail?.undo, t('grp_made', { n: whole.detail?.groups ?? 0, same: whole.detail?.same ?? 0 }));
                else toast(whole.state === 'cancelled' ? t('grp_stopped') : whole.message, undefined, whole.state !== 'cancelled');
            }, failed);
        }
        if (now !== last || over) read();
        last = now;
    }

    const off = [
        ctx.onDataset(() => {
            clear();
            data = null;
            read();
        }),
        ctx.onFilter(() => {
            clear();
            all = false;
            if (visible) read();
            else behind = true;
        }),
        ctx.onChange(() => (visible ? read() : (behind = true))),
        ctx.onAddress(() => data && (drawPlace(), drawBar(), visible && tools())),
        on('jobs', onJobs),
    ];
    read();
    return {
        show() {
            visible = true;
            opened?.show(true);
            if (behind) read();
            if (data) draw();
        },
        hide() {
            visible = false;
            opened?.show(false);
            document.body.classList.remove('choosing-groups');
        },
        get keys() {
            return opened ? opened.keys : { escape: clear, ...(chosen.size > 1 && { m: () => merge().catch(failed) }) }; // the bar is far from the cards for Tab
        },
        unmount() {
            alive = false;
            clearTimeout(late);
            opened?.stop();
            off.forEach((f) => f());
            document.body.classList.remove('choosing-groups');
        },
    };
}
