/**
 * sorting.js - new pictures of a line, OK or NG: they are dropped, each component is held against its golden samples, and
 * what does not match stands first, with the reason.
 */
import { h } from './dom.js';
import { t, number } from './i18n.js';
import { icon } from './icons.js';
import { api } from './api.js';

const AT_ONCE = 24; // pictures of one question

/** Files with coded names of one component at one moment must travel together: all but the light is equal. */
function bundles(files) {
    const groups = new Map();
    for (const f of files) {
        const key = f.name.replace(/_[^_@]*\.\w+$/, '');
        groups.set(key, [...(groups.get(key) ?? []), f]);
    }
    const out = [[]];
    for (const group of groups.values()) {
        if (out[out.length - 1].length + group.length > AT_ONCE) out.push([]);
        out[out.length - 1].push(...group);
    }
    return out.filter((b) => b.length > 0);
}

/** @param {string} task @returns {{el: HTMLElement, take: (files: File[]) => Promise<void>}} take: also what is dropped anywhere on the page */
export function sortPanel(task) {
    const rows = h('ul', { class: 'sorted', 'aria-live': 'polite' });
    const count = h('p', { role: 'status', class: 'muted' });
    const bad = h('p', { class: 'problem', role: 'alert' });
    const input = h('input', { type: 'file', multiple: true, accept: 'image/*', hidden: true, onchange: (e) => take([...e.target.files]) });
    const urls = new Map();
    let good = 0;
    let wrong = 0;

    function row(d) {
        const side = d.sides?.find((s) => !s.match) ?? d.sides?.[0];
        const li = h('li', { class: 'sorted-row', 'data-decision': d.decision },
            h('div', { class: 'sorted-pictures' }, (d.files ?? []).map((name) => urls.has(name) && h('img', { src: urls.get(name), alt: name })),
                side?.sample >= 0 && h('img', { class: 'sorted-golden', src: `/v1/inspections/${task}/golden/${side.sample + 1}`, alt: t('ins_golden') })),
            h('div', {}, h('b', { class: `verdict verdict-${d.decision}` }, d.decision), ' ', h('span', {}, [d.product, d.component].filter(Boolean).join(' ')),
                h('p', { class: 'small', lang: 'en' }, d.reason),
                (d.sides ?? []).map((s) => h('p', { class: 'small muted' }, `${s.light}: ${number(s.similarity ?? 0, { maximumFractionDigits: 3 })} / ${number(s.threshold ?? 0, { maximumFractionDigits: 3 })}`))));
        if (d.decision === 'OK') rows.append(li);
        else rows.insertBefore(li, rows.querySelector('[data-decision="OK"]'));
    }

    async function take(files) {
        bad.textContent = '';
        for (const f of files) urls.set(f.name, URL.createObjectURL(f));
        for (const bundle of bundles(files)) {
            try {
                const { decisions, refused } = await api.inspect(task, bundle);
                for (const d of decisions) {
                    d.decision === 'OK' ? good++ : wrong++;
                    row(d);
                }
                for (const r of refused) bad.append(h('span', {}, `${r.file}: ${r.message} `));
            } catch (error) {
                bad.append(h('span', {}, error.message));
            }
            count.textContent = t('ins_sorted', { good, wrong });
        }
    }

    const el = h('section', { class: 'sheet sort' }, h('h2', {}, t('ins_sort_title')), h('p', { class: 'muted' }, t('ins_sort_help')),
        h('div', { class: 'chips' }, h('button', { class: 'btn main', type: 'button', 'data-do': 'sort-choose', onclick: () => input.click() }, icon('upload'), t('ins_sort_choose')), input),
        count, bad, rows);
    return { el, take };
}
