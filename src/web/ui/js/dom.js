/**
 * dom.js - build elements without a template language.
 *
 * h('button', { class: 'x', onclick: f, 'aria-label': t }, child, ...) makes an element.  Text is always
 * a text node, never markup, so no name or message from a user can become an element.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] attributes; on* are listeners; false, null, undefined are left out
 * @param {...(Node|string|number|null|undefined|false)} kids
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...kids) {
    const el = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
        if (value === undefined || value === null || value === false) continue;
        if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
        else if (key === 'value' || key === 'checked' || key === 'disabled') el[key] = value;
        else el.setAttribute(key, value === true ? '' : String(value));
    }
    fill(el, kids);
    return el;
}

/** Append children, flat or nested, leaving out null, undefined and false. */
export function fill(el, kids) {
    for (const kid of kids.flat(Infinity)) {
        if (kid === undefined || kid === null || kid === false) continue;
        el.append(kid instanceof Node ? kid : String(kid));
    }
    return el;
}

/** Replace what el holds. */
export function put(el, ...kids) {
    el.replaceChildren();
    return fill(el, kids);
}

const marks = ['data-do', 'data-class', 'data-sha', 'data-set', 'data-tier', 'data-colour', 'data-answer', 'href', 'aria-label', 'name'];
const byMarks = (el) =>
    el.id ? `#${CSS.escape(el.id)}` : el.tagName.toLowerCase() + marks.filter((m) => el.hasAttribute(m)).map((m) => `[${m}="${CSS.escape(el.getAttribute(m))}"]`).join('');

/**
 * Draw root's content again without taking the keyboard's place away: the focus goes to the new element that
 * stands for the old one, with what was typed into it, or else to fallback, or to root.
 * @param {HTMLElement} root @param {() => void} draw @param {string} [fallback] selector
 */
export function redraw(root, draw, fallback) {
    const at = document.activeElement;
    const had = at && at !== root && root.contains(at);
    const owner = had && at.parentElement.closest('[data-class], [data-sha], [data-set]');
    const path = had && (owner && root.contains(owner) ? `${byMarks(owner)} ` : '') + byMarks(at);
    draw();
    if (!had || root.contains(document.activeElement)) return;
    const next = root.querySelector(path) ?? (at.dataset.do && root.querySelector(path.replace(/\[aria-label="(?:[^"\\]|\\.)*"\]/g, ''))) ?? (fallback && root.querySelector(fallback));
    if (!next && !root.hasAttribute('tabindex')) root.setAttribute('tabindex', '-1');
    (next ?? root).focus({ preventScroll: true });
    if (next && at.matches('input[type="search"], input[type="text"], textarea')) keepTyped(at, next);
}

function keepTyped(from, to) {
    to.value = from.value;
    to.setSelectionRange(from.selectionStart, from.selectionEnd);
}

/** The keyboard had its place in something that is gone: it goes to what the library's tab on show is about. */
export const focusTab = () => $('.library-tab:not([hidden]) :is(.vgrid, .map-canvas, .groups:not([hidden]) .group-open, .dup-group, .asked-open)')?.focus({ preventScroll: true });

/** The first match below root; the page's own markup, so it is there. */
export const $ = (selector, root = document) => root.querySelector(selector);
