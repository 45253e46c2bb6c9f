/**
 * teach.js - "this is ...": one tap adds the scanned picture to the right class, with undo; scanning the
 * same picture again shows what that changed.
 */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';
import { dialog } from './dialog.js';
import { toast, failed, say } from './toast.js';
import { state, emit, loadClasses } from './state.js';
import { scanAgain } from './scanner.js';

async function undoTeach(scan, done) {
    if (done.before) await api.moveImage(done.sha, done.before, done.dataset);
    else await api.deleteImage(done.sha, done.dataset);
    scan.taught = null;
    emit('scan');
    await loadClasses();
    toast(t('undone'));
}

/** Add the scan's picture to a class; one without an id is made first. */
async function add(scan, target) {
    const dataset = scan.result.dataset ?? state.dataset;
    try {
        const { name } = target.id ? target : await api.createClass(target.name, dataset);
        const item = await api.addImage(scan.blob, scan.name, name, dataset);
        const done = { name, sha: item.sha256, before: item.from, dataset };
        scan.taught = done;
        emit('scan');
        await loadClasses();
        const changed = item.created || item.moved;
        toast(t(changed ? 'taught' : 'taught_already', { name }),
            changed ? { label: t('undo'), run: () => undoTeach(scan, done) } : undefined);
        say(t('taught', { name }));
    } catch (error) {
        failed(error);
    }
}

/** All classes with a filter, and a field for a new one. */
async function chooseOther(scan) {
    const target = await dialog(t('this_is_title'), (close) => chooser(state.classes, close, true));
    if (target) await add(scan, target);
}

/**
 * Chips of classes that narrow as one types; what matches none can become a new class.
 * @param {any[]} classes
 * @param {(target: {id?: number, name: string}) => void} choose
 * @param {boolean} mayCreate
 * @param {{find?: string, make?: string, none?: string}} [says] keys of its words, where it is not about classes
 */
export function chooser(classes, choose, mayCreate, says = {}) {
    const { find = mayCreate ? 'find_or_new' : 'find_class', make = 'new_class_named', none = 'type_new' } = says;
    const list = h('div', { class: 'chips choose' });
    const input = h('input', { type: 'search', autofocus: true, autocomplete: 'off', maxlength: 120, placeholder: t(find), 'aria-label': t(find), oninput: draw });
    function draw() {
        const text = input.value.trim();
        const low = text.toLocaleLowerCase();
        const hits = classes.filter((c) => c.name.toLocaleLowerCase().includes(low));
        const exact = classes.some((c) => c.name.toLocaleLowerCase() === low);
        list.replaceChildren(
            ...hits.map((c) => h('button', { class: 'btn chip', type: 'button', 'data-class': c.name, onclick: () => choose({ id: c.id, name: c.name }) }, c.name, h('span', { class: 'muted small' }, String(c.images)))),
            ...(mayCreate && text && !exact ? [h('button', { class: 'btn chip main', type: 'button', 'data-new': 'true', onclick: () => choose({ name: text }) }, icon('plus'), t(make, { name: text }))] : []));
        if (!list.children.length) list.append(h('p', { class: 'muted' }, t(mayCreate ? none : 'nothing_found')));
    }
    draw();
    return h('form', { class: 'dialog-body-form', onsubmit: (e) => {
        e.preventDefault();
        list.querySelector('[data-new], .chip')?.click();
    } }, input, list);
}

/** The classes worth offering at once: the candidates first, then the others while they are few. */
function offers(r) {
    const first = (r.classes ?? []).map((c) => ({ id: c.id, name: c.name }));
    const rest = state.classes.filter((c) => !first.some((f) => f.id === c.id));
    return state.classes.length <= 6 || !first.length ? [...first, ...rest].slice(0, 6) : first.slice(0, 3);
}

export function teach(scan) {
    const r = scan.result;
    if (scan.taught)
        return h('section', { class: 'teach done', 'aria-label': t('correct') },
            h('p', {}, icon('check'), t('taught', { name: scan.taught.name })),
            h('div', { class: 'chips' },
                h('button', { class: 'btn main', type: 'button', 'data-do': 'rescan', onclick: () => scanAgain(scan) }, icon('again'), t('rescan'))));
    return h('section', { class: 'teach', 'aria-label': t('correct') },
        h('h2', {}, t(r.status === 'match' ? 'correct_match' : 'correct')),
        h('div', { class: 'chips' },
            offers(r).map((c) => h('button', { class: 'btn chip', type: 'button', 'data-class': c.name, onclick: () => add(scan, c) },
                c.name === r.label && icon('check'), c.name)),
            h('button', { class: 'btn chip', type: 'button', 'data-do': 'other', onclick: () => chooseOther(scan) }, icon('plus'), t('other_class'))));
}
