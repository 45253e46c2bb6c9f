/** toast.js - short messages at the bottom, with one action (usually Undo). */
import { h, $ } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { explain } from './api.js';

const box = () => $('#toasts');

/**
 * @param {string} text
 * @param {{label: string, run: () => any}} [action] runs once; the toast then goes
 * @param {boolean} [bad]
 */
export function toast(text, action, bad = false) {
    const el = h('div', { class: bad ? 'toast bad' : 'toast' }, h('span', {}, text));
    let from = null; // what had the keyboard before it came here
    const gone = () => {
        const had = el.contains(document.activeElement);
        el.remove();
        if (had) (from?.isConnected && from.checkVisibility() ? from : el.ownerDocument.querySelector('dialog[open]') ?? $('#main')).focus({ preventScroll: true });
    };
    if (action) {
        el.append(h('button', { class: 'btn', type: 'button', 'data-toast': 'action', onclick: () => {
            gone();
            Promise.resolve(action.run()).catch(failed);
        } }, action.label));
    }
    el.append(h('button', { class: 'btn square', type: 'button', 'aria-label': t('close'), onclick: gone }, icon('close')));
    box().append(el);
    while (box().children.length > 3) box().firstElementChild.remove();
    let timer = setTimeout(gone, action ? 10000 : 5000);
    el.addEventListener('pointerenter', () => clearTimeout(timer));
    el.addEventListener('focusin', (e) => {
        clearTimeout(timer);
        if (e.relatedTarget && !box().contains(e.relatedTarget)) from = e.relatedTarget;
    });
    el.addEventListener('focusout', (e) => !el.contains(e.relatedTarget) && (timer = setTimeout(gone, 4000)));
    el.addEventListener('pointerleave', () => (timer = setTimeout(gone, 4000)));
    return el;
}

/** Tell the person what went wrong. */
export function failed(error) {
    if (error?.name === 'AbortError') return;
    toast(explain(error), undefined, true);
}

/** Say it to a screen reader only. */
export function say(text) {
    $('#live').textContent = text;
}
