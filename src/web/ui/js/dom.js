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

/** The first match below root; the page's own markup, so it is there. */
export const $ = (selector, root = document) => root.querySelector(selector);
