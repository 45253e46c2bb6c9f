/**
 * i18n.js - the page's words.
 *
 * A catalogue is three modules (the library's words and the inspection's have their own) with the same keys in every language (test/e2e/catalogues.mjs checks it).  A
 * value is a string with {holes}, or an object of plural forms chosen by the language's own rules from
 * the argument n.  Numbers and dates go through Intl, so a comma is where its reader expects it.
 */
import { en as enFirst } from './lang/en.js';
import { pt as ptFirst } from './lang/pt.js';
import { de as deFirst } from './lang/de.js';
import { zh as zhFirst } from './lang/zh.js';
import { en as enLibrary } from './lang/library-en.js';
import { pt as ptLibrary } from './lang/library-pt.js';
import { de as deLibrary } from './lang/library-de.js';
import { zh as zhLibrary } from './lang/library-zh.js';
import { en as enInspect } from './lang/inspect-en.js';
import { pt as ptInspect } from './lang/inspect-pt.js';
import { de as deInspect } from './lang/inspect-de.js';
import { zh as zhInspect } from './lang/inspect-zh.js';
import { prefs } from './prefs.js';

const en = { ...enFirst, ...enLibrary, ...enInspect };
export const catalogues = { en, pt: { ...ptFirst, ...ptLibrary, ...ptInspect }, de: { ...deFirst, ...deLibrary, ...deInspect }, zh: { ...zhFirst, ...zhLibrary, ...zhInspect } };
export const languageNames = { en: 'English', pt: 'Português', de: 'Deutsch', zh: '中文' };
const tags = { en: 'en', pt: 'pt-BR', de: 'de', zh: 'zh-Hans' };

let lang = 'en';
let plural = new Intl.PluralRules('en');

/** The language this browser asks for, of those we have. */
export function browserLanguage(wanted = navigator.languages) {
    for (const tag of wanted) {
        const base = tag.toLowerCase().split('-')[0];
        if (base in catalogues) return base;
    }
    return 'en';
}

export function applyLanguage() {
    lang = prefs.lang in catalogues ? prefs.lang : browserLanguage();
    plural = new Intl.PluralRules(tags[lang]);
    document.documentElement.lang = tags[lang];
}

export const language = () => lang;

/**
 * The text for key, its {holes} filled from args; numbers are written the language's way.
 * @param {string} key
 * @param {Record<string, string|number>} [args]
 */
export function t(key, args = {}) {
    let text = catalogues[lang][key] ?? en[key];
    if (text === undefined) return key;
    if (typeof text === 'object') text = text[plural.select(Number(args.n))] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (hole, name) => {
        const value = args[name];
        return value === undefined ? hole : typeof value === 'number' ? number(value) : String(value);
    });
}

export const has = (key) => key in en;
export const number = (value, options) => new Intl.NumberFormat(tags[lang], options).format(value);
/** 0.934 -> "93.4 %" in the language's own way. */
export const percent = (value, digits = 1) =>
    number(value, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits });
export const clock = (date) =>
    new Intl.DateTimeFormat(tags[lang], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(date);
/** A moment, from the server's RFC 3339. */
export const date = (text) => (text ? new Intl.DateTimeFormat(tags[lang], { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(text)) : '');
/** A day, from 2026-01-31. */
export const dateOf = (text) => new Intl.DateTimeFormat(tags[lang], { dateStyle: 'medium' }).format(new Date(`${text}T00:00:00`));
/** Seconds for people: the largest unit that fits. */
export function duration(seconds) {
    const [unit, value] = seconds >= 5400 ? ['hour', seconds / 3600] : seconds >= 90 ? ['minute', seconds / 60] : ['second', seconds];
    return number(value, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 });
}
/** Bytes for people, in powers of 1000. */
export function bytes(n) {
    const unit = n >= 1e6 ? 'megabyte' : n >= 1e3 ? 'kilobyte' : 'byte';
    const value = n >= 1e6 ? n / 1e6 : n >= 1e3 ? n / 1e3 : n;
    return number(value, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 });
}
