/**
 * orient.js - how is each component mounted?  Its pictures, four arrows, and the arrow keys.
 *
 * Every class must have an answer before it can be sent; an answer may be changed until the network learns.  A class is a
 * group of radio buttons, so that a screen reader and the keyboard need nothing of ours to choose; arrow keys choose the
 * direction they point in (a browser's own would go from button to button).
 */
import { h } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';

const choices = ['Up', 'Right', 'Down', 'Left'];
export const names = { Up: 'ins_up', Right: 'ins_right', Down: 'ins_down', Left: 'ins_left' };
const keysOf = { ArrowUp: 'Up', ArrowRight: 'Right', ArrowDown: 'Down', ArrowLeft: 'Left' };

/**
 * @param {{class_name: string, sample_images: string[], orientation: string|null}[]} classes
 * @param {(answers: Record<string, string>) => Promise<void>} send
 */
export function orientPanel(classes, send) {
    const answers = {};
    for (const c of classes) if (c.orientation) answers[c.class_name] = c.orientation;
    const confirmed = JSON.stringify(answers);
    const left = h('p', { class: 'muted', role: 'status' });
    const button = h('button', { class: 'btn main', type: 'button', 'data-do': 'orient-send', onclick: confirm }, icon('check'), t('ins_confirm'));
    const bad = h('p', { class: 'problem', role: 'alert' });

    function count() {
        const missing = classes.filter((c) => !answers[c.class_name]).length;
        left.textContent = missing ? t('ins_missing', { n: missing }) : JSON.stringify(answers) === confirmed ? t('ins_as_confirmed') : t('ins_all_said');
        button.disabled = missing > 0 || JSON.stringify(answers) === confirmed;
    }

    async function confirm() {
        bad.textContent = '';
        button.disabled = true;
        try {
            await send({ ...answers });
        } catch (error) {
            bad.textContent = error.message;
            count();
        }
    }

    function choose(card, name, value) {
        answers[name] = value;
        card.dataset.choice = value;
        for (const input of card.querySelectorAll('input')) input.checked = input.value === value;
        count();
    }

    function one(c, index) {
        const group = `orient-${index}`;
        const card = h('fieldset', { class: 'orient-card', 'data-class': c.class_name, 'data-choice': answers[c.class_name] ?? '' },
            h('legend', {}, c.class_name),
            h('div', { class: 'orient-pictures' }, c.sample_images.map((src, k) => h('img', { src, alt: t('ins_sample', { n: k + 1, name: c.class_name }), loading: 'lazy' }))),
            h('div', { class: 'orient-choice' }, choices.map((value) => h('label', { class: `orient-arrow orient-${value}`, title: t(names[value]) },
                h('input', { type: 'radio', name: group, value, checked: answers[c.class_name] === value, onchange: () => choose(card, c.class_name, value) }),
                h('span', { class: 'orient-sign', 'aria-hidden': 'true' }, { Up: '↑', Right: '→', Down: '↓', Left: '←' }[value]), h('span', { class: 'orient-word' }, t(names[value]))))));
        card.addEventListener('keydown', (e) => {
            const value = keysOf[e.key];
            if (!value || e.ctrlKey || e.metaKey || e.altKey) return;
            e.preventDefault();
            choose(card, c.class_name, value);
            card.querySelector(`input[value="${value}"]`).focus();
        });
        return card;
    }

    const el = h('section', { class: 'sheet orient' },
        h('h2', {}, t('ins_orient_title')), h('p', { class: 'muted' }, t('ins_orient_help')),
        h('div', { class: 'orient-cards' }, classes.map(one)),
        bad, h('div', { class: 'orient-foot' }, left, button));
    count();
    return el;
}
