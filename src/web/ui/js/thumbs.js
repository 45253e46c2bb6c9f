/**
 * thumbs.js - "does this picture belong to ...?": a verdict about a theme, what it did, and a way back.
 *
 * A verdict is kept for ever; taking it back gives the opposite one, and as many for as against change nothing.  Every
 * click has its own key, so that a request sent twice is one verdict.
 */
import { h, put } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { api, explain } from './api.js';
import { prefs, setPref } from './prefs.js';
import { say } from './toast.js';
import { askAgain } from './asked.js';

const key = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** @param {any} shot with a result */
export function thumbs(shot) {
    const r = shot.result;
    const given = shot.given;
    const bad = h('p', { class: 'problem', role: 'alert' });
    const theme = h('input', { type: 'text', id: 'theme', value: prefs.subject || '', maxlength: 64, autocomplete: 'off', placeholder: r.label ?? '', list: 'theme-words', onchange: () => setPref('subject', theme.value.trim()) });
    const wanted = () => theme.value.trim() || r.label || '';

    /** What a verdict did; without a known word it moves nothing, and that is said beside. */
    const said = (g) => t(g.back ? 'verdict_back' : r.theme && !r.theme.known ? (g.accepted ? 'verdict_kept_yes' : 'verdict_kept_no') : g.accepted ? 'verdict_yes' : 'verdict_no', { theme: g.theme });

    async function give(accepted, back = false) {
        const name = back ? given.theme : wanted();
        if (!name) return theme.focus();
        put(bad);
        for (const b of buttons) b.disabled = true;
        try {
            await api.verdict({ sha256: r.sha256, theme: name, accepted }, key());
            shot.given = { theme: name, accepted, back };
            setPref('subject', name);
            say(t(back ? 'verdict_back' : accepted ? 'verdict_kept_yes' : 'verdict_kept_no', { theme: name }));
            await askAgain();
        } catch (error) {
            put(bad, explain(error));
        } finally {
            for (const b of buttons) b.disabled = false;
        }
    }

    const press = (accepted) => h('button', { class: 'btn square', type: 'button', 'data-do': accepted ? 'thumb-up' : 'thumb-down', 'aria-label': t(accepted ? 'verdict_give_yes' : 'verdict_give_no'), title: t(accepted ? 'verdict_give_yes' : 'verdict_give_no'),
        'aria-pressed': String(Boolean(given && !given.back && given.accepted === accepted)), onclick: () => give(accepted) }, icon(accepted ? 'up' : 'down'));
    const buttons = [press(true), press(false)];
    return h('section', { class: 'teach thumbs', 'aria-label': t('verdict') },
        h('div', { class: 'thumb-row' }, h('label', { class: 'legend', for: 'theme' }, t('verdict')), theme, h('datalist', { id: 'theme-words' }, r.scores.slice(0, 12).map((s) => h('option', { value: s.label }))), buttons),
        bad,
        given && !given.back && r.theme && !r.theme.known ? h('p', { class: 'muted small', 'data-part': 'theme-unknown' }, t('verdict_unknown', { theme: given.theme })) : null,
        given ? h('p', { class: 'given', 'data-part': 'given' }, icon('check'), h('span', {}, said(given)),
            !given.back && h('button', { class: 'btn quiet plain', type: 'button', 'data-do': 'verdict-back', onclick: () => give(!given.accepted, true) }, t('verdict_undo')))
            : h('p', { class: 'muted small' }, t('verdict_help')));
}
