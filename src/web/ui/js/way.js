/** way.js - two ways to do one thing, side by side: classify by a trained model or by words; trained models or encoders. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { prefs, setPref } from './prefs.js';
import { state } from './state.js';

/** What the Classify tab opens: what was used last, else what can answer already. */
export const classifyWay = () => (['board', 'words'].includes(prefs.way) ? prefs.way : state.models.some((m) => m.active) ? 'board' : 'words');

/** @param {string} label @param {string} here @param {[string, string, string, (() => void)?][]} ways address, icon, key of its name, what else a click does */
const ways = (label, here, list) => h('nav', { class: 'ways', 'aria-label': label }, list.map(([name, glyph, key, chosen]) =>
    h('a', { href: `#/${name}`, 'aria-current': name === here ? 'page' : undefined, 'data-way': name, onclick: chosen }, icon(glyph), h('span', {}, t(key)))));

export const classifyWays = (here) => ways(t('way_classify'), here, [
    ['words', 'tag', 'way_words', () => setPref('way', 'words')], ['board', 'train', 'way_board', () => setPref('way', 'board')]]);

export const modelWays = (here) => ways(t('way_models'), here, [['models', 'train', 'way_trained', undefined], ['encoders', 'chip', 'way_encoders', undefined]]);
