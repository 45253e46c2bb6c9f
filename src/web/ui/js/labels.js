/**
 * labels.js - the words that a picture is held against, as chips: type, paste a list, remove by click or key.
 *
 * What is pasted is split as the server splits it: lines, or words with commas between.  The list is kept by this browser.
 */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { say } from './toast.js';

/** @param {string} text @returns {string[]} */
export function split(text) {
    return text.split(/[\n,;\uFF0C\u3001]+/).map((w) => w.trim().replace(/^["']|["']$/g, '')).filter(Boolean);
}

/** One after the other, doubles left out whatever their capitals. */
export function merge(have, more) {
    const seen = new Set(have.map((l) => l.toLocaleLowerCase()));
    return [...have, ...more.filter((l) => !seen.has(l.toLocaleLowerCase()) && seen.add(l.toLocaleLowerCase()))];
}

/**
 * @param {{labels: string[], most: number, presets: {name: string, text: string, labels: () => string[]}[], changed: (labels: string[]) => void}} o
 * @returns {{el: HTMLElement, count: HTMLElement, add: (words: string[]) => void, mark: (unknown: string[]) => void, draw: () => void}}
 */
export function labelEditor(o) {
    let labels = o.labels;
    let unknown = new Set();
    const list = h('ul', { class: 'label-chips', 'aria-label': t('labels') });
    const bad = h('p', { class: 'problem', role: 'alert' });
    const count = h('span', { class: 'muted small', 'data-part': 'label-count' });
    const presets = h('div', { class: 'chips' });
    const none = h('p', { class: 'muted small' }, t('labels_none'));
    const input = h('input', { type: 'text', id: 'label-new', autocomplete: 'off', maxlength: 4000, enterkeyhint: 'done', placeholder: t('label_placeholder'), 'aria-describedby': 'label-hint', onkeydown: typed, onpaste: pasted, oninput: () => /[,;\n\uFF0C\u3001]/.test(input.value) && take() });
    const el = h('div', { class: 'labels' },
        h('label', { class: 'legend', for: 'label-new' }, t('labels_add')),
        h('div', { class: 'label-entry' }, input, h('button', { class: 'btn square', type: 'button', title: t('label_add'), 'aria-label': t('label_add'), onclick: () => (take(true), input.focus()) }, icon('plus'))),
        h('p', { class: 'hush', id: 'label-hint' }, t('label_hint')), bad, list, none, presets);

    function set(next, words) {
        bad.textContent = next.length > o.most ? t('labels_most', { n: o.most }) : '';
        labels = next.slice(0, o.most);
        draw();
        if (words) say(words);
        o.changed(labels);
    }

    /** What is typed becomes chips; a word under way stays unless all is asked for. */
    function take(all = false) {
        const parts = input.value.split(/[,;\n\uFF0C\u3001]/);
        const rest = all ? '' : parts.pop().trimStart();
        const words = split(parts.join(','));
        input.value = rest;
        if (words.length) add(words);
    }

    function add(words) {
        const next = merge(labels, words);
        set(next, t('labels_added', { n: next.length - labels.length }));
    }

    function pasted(e) {
        const text = e.clipboardData?.getData('text') ?? '';
        if (!/[\n,;\uFF0C\u3001]/.test(text.trim())) return;
        e.preventDefault();
        add(split(text));
    }

    function typed(e) {
        if (e.key === 'Enter') {
            e.preventDefault();
            take(true);
        } else if (e.key === 'Backspace' && !input.value && labels.length) {
            e.preventDefault();
            drop(labels.length - 1);
        }
    }

    /** Remove one; the focus goes to its neighbour, or to the field. */
    function drop(index, stay = false) {
        const gone = labels[index];
        set(labels.filter((_, i) => i !== index), t('label_removed', { name: gone }));
        if (stay) (list.querySelectorAll('button')[Math.min(index, labels.length - 1)] ?? input).focus();
    }

    function keys(e, index) {
        const all = list.querySelectorAll('button');
        if (e.key === 'Delete' || e.key === 'Backspace') {
            e.preventDefault();
            drop(index, true);
        } else if (e.key === 'ArrowRight' || e.key === 'ArrowLeft') {
            e.preventDefault();
            (all[index + (e.key === 'ArrowRight' ? 1 : -1)] ?? input).focus();
        }
    }

    /** One stop of Tab for the whole list, arrows inside it. */
    function draw() {
        count.textContent = t('labels_n', { n: labels.length });
        put(list, labels.map((l, i) => h('li', { class: unknown.has(l.toLocaleLowerCase()) ? 'unknown' : '' },
            h('button', { type: 'button', 'data-label': l, tabindex: i ? '-1' : '0', 'aria-label': t('label_remove', { name: l }), title: t(unknown.has(l.toLocaleLowerCase()) ? 'label_unknown' : 'label_remove', { name: l }), onclick: () => drop(i, true), onkeydown: (e) => keys(e, i) }, h('span', {}, l), icon('close')))));
        list.hidden = !labels.length;
        none.hidden = labels.length > 0;
        put(presets, o.presets.map((p) => h('button', { class: 'btn quiet', type: 'button', 'data-preset': p.name, onclick: () => set(merge([], p.labels()), t('labels_n', { n: p.labels().length })) }, p.text)),
            labels.length > 0 && h('button', { class: 'btn quiet plain', type: 'button', 'data-preset': 'none', onclick: () => (set([]), input.focus()) }, t('labels_clear')));
    }

    draw();
    return { el, count, add, draw, mark: (words) => {
        unknown = new Set(words.map((w) => w.toLocaleLowerCase()));
        draw();
    } };
}
