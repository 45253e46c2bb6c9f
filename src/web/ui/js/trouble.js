/** trouble.js - what stands where something should be that could not be read: why, and a button that tries again. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { explain } from './api.js';

/** @param {any} error @param {() => any} again */
export const trouble = (error, again) => h('div', { class: 'welcome middle', role: 'alert', 'data-part': 'trouble' }, icon('warn'), h('h2', {}, explain(error)),
    h('button', { class: 'btn main', type: 'button', 'data-do': 'retry', onclick: again }, icon('again'), t('try_again')));

/** While the first answer is on its way; shown only after a moment, so that a quick one does not flash. */
export const waiting = () => h('div', { class: 'welcome middle waiting', 'data-part': 'waiting' }, h('p', { class: 'muted' }, t('loading')), h('progress', { 'aria-label': t('loading') }));
