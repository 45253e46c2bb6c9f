/** dialog.js - the browser's own <dialog>: it keeps the focus inside and Escape closes it. */
import { h, fill, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { explain } from './api.js';

let count = 0;

/**
 * Open a dialog; resolves when it closes, with what close(value) was given.
 * @param {string} title
 * @param {(close: (value?: any) => void) => (Node|Node[])} build
 * @param {{wide?: boolean, onclose?: () => void}} [options]
 */
export function dialog(title, build, { wide = false, onclose } = {}) {
    return new Promise((resolve) => {
        const id = `dialog-${++count}`;
        const el = h('dialog', { 'aria-labelledby': id, class: wide ? 'wide' : '' });
        let value;
        const close = (v) => {
            value = v;
            el.close();
        };
        el.append(
            h('div', { class: 'dialog-head' },
                h('h2', { id }, title),
                h('button', { class: 'btn plain square', type: 'button', 'aria-label': t('close'), onclick: () => close() }, icon('close'))),
            fill(h('div', { class: 'dialog-body' }), [build(close)]));
        const left = () => el.close(); // Back goes away from the page under it too
        addEventListener('hashchange', left);
        el.addEventListener('click', (e) => e.target === el && close());
        el.addEventListener('close', () => {
            removeEventListener('hashchange', left);
            el.remove();
            onclose?.();
            resolve(value);
        });
        document.body.append(el);
        el.showModal();
        el.querySelector('[autofocus]')?.focus();
    });
}

/**
 * Ask before something happens; true when the person wants it.
 * @param {string} title @param {string} text @param {string} action what the button says
 * @param {{risk?: boolean}} [options] risk: it cannot be undone, so the safe button has the focus
 */
export function confirm(title, text, action, { risk = false } = {}) {
    return dialog(title, (close) => [h('p', {}, text), h('div', { class: 'dialog-foot' },
        h('button', { class: 'btn plain', type: 'button', autofocus: risk, onclick: () => close(false) }, t('cancel')),
        h('button', { class: risk ? 'btn risk' : 'btn main', type: 'button', autofocus: !risk, 'data-do': 'confirm', onclick: () => close(true) }, action))]);
}

/**
 * Ask for a line of text and do something with it; a failure is shown in place and the text may be mended.
 * @param {string} title
 * @param {{label: string, value?: string, action: string, hint?: string, run: (text: string) => Promise<any>}} o
 * @returns {Promise<boolean|undefined>} true when run succeeded
 */
export function ask(title, { label, value = '', action, hint = '', run, typed }) {
    return dialog(title, (close) => {
        const input = h('input', { type: 'text', value, maxlength: 120, autofocus: true, required: true, autocomplete: 'off' });
        const bad = h('p', { class: 'problem', role: 'alert' });
        const says = h('p', { class: 'muted small', role: typed && 'status' }, hint);
        const go = h('button', { class: 'btn main', type: 'submit' }, action);
        if (typed) input.addEventListener('input', () => {
            const now = typed(input.value.trim());
            put(says, now?.hint ?? hint);
            put(go, now?.action ?? action);
        });
        const submit = async (e) => {
            e.preventDefault();
            const text = input.value.trim();
            if (!text || text === value) return text ? close() : undefined;
            try {
                await run(text);
                close(true);
            } catch (error) {
                bad.textContent = explain(error);
                input.focus();
            }
        };
        setTimeout(() => input.select());
        return h('form', { class: 'dialog-body-form', onsubmit: submit },
            h('label', { class: 'field' }, h('span', {}, label), input), bad,
            hint && says,
            h('div', { class: 'dialog-foot' },
                h('button', { class: 'btn plain', type: 'button', onclick: () => close() }, t('cancel')),
                go));
    });
}
