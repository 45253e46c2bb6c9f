/**
 * curves.js - the curves of a training, drawn as it learns: one small chart, two lines told apart by colour, dash and name.
 *
 * A screen reader hears the last values; the numbers themselves are in a table beside the chart for everybody.
 */
import { h } from './dom.js';
import { t, number, percent } from './i18n.js';

const NS = 'http://www.w3.org/2000/svg';
const W = 420;
const H = 180;
const LEFT = 40;
const BELOW = 22;

function s(tag, attributes, text) {
    const el = document.createElementNS(NS, tag);
    for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, String(v));
    if (text !== undefined) el.textContent = text;
    return el;
}

/** Round steps for an axis from lo to hi. */
function ticks(lo, hi, count = 4) {
    const raw = (hi - lo) / count || 1;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * unit).find((x) => x >= raw) ?? raw;
    const out = [];
    for (let v = Math.ceil(lo / step) * step; v <= hi + step * 1e-6; v += step) out.push(v);
    return out;
}

/**
 * @param {string} title
 * @param {any[]} points
 * @param {{key: string, name: string}[]} lines
 * @param {{share?: boolean}} [options] share: 0 to 1, written as per cent
 */
export function chart(title, points, lines, { share = false } = {}) {
    const values = lines.flatMap((l) => points.map((p) => p[l.key])).filter((v) => v !== null && Number.isFinite(v));
    if (!values.length) return null;
    const lo = Math.min(0, ...values);
    const hi = share ? 1 : Math.max(...values) * 1.05 || 1;
    const last = points[points.length - 1].epoch;
    const first = points[0].epoch;
    const x = (e) => LEFT + ((e - first) / Math.max(1, last - first)) * (W - LEFT - 12);
    const y = (v) => 10 + (1 - (v - lo) / (hi - lo)) * (H - BELOW - 10);
    const write = (v) => (share ? percent(v, 0) : number(v, { maximumSignificantDigits: 3 }));
    const svg = s('svg', { viewBox: `0 0 ${W} ${H}`, class: 'chart', role: 'img', 'aria-label': lines.map((l) => `${l.name} ${write(points[points.length - 1][l.key] ?? 0)}`).join(', ') });
    for (const v of ticks(lo, hi)) {
        svg.append(s('line', { x1: LEFT, x2: W - 12, y1: y(v), y2: y(v), class: 'chart-grid' }));
        svg.append(s('text', { x: LEFT - 6, y: y(v) + 4, class: 'chart-text chart-end' }, write(v)));
    }
    for (const e of ticks(first, last, 5).filter((v) => Number.isInteger(v))) svg.append(s('text', { x: x(e), y: H - 5, class: 'chart-text chart-mid' }, number(e)));
    lines.forEach((l, i) => {
        const known = points.filter((p) => Number.isFinite(p[l.key]));
        svg.append(s('polyline', { points: known.map((p) => `${x(p.epoch).toFixed(1)},${y(p[l.key]).toFixed(1)}`).join(' '), class: `chart-line line-${i}` }));
        const end = known[known.length - 1];
        if (end) svg.append(s('circle', { cx: x(end.epoch), cy: y(end[l.key]), r: 3.5, class: `chart-dot line-${i}` }));
    });
    return h('figure', { class: 'chart-box' },
        h('figcaption', {}, h('b', {}, title), h('span', { class: 'chart-names' }, lines.map((l, i) => h('span', { class: `chart-name line-${i}` }, l.name)))), svg);
}

/** The last epochs as numbers. */
export function table(points) {
    const cell = (v, share) => h('td', {}, v === null || v === undefined ? '' : share ? percent(v) : number(v, { maximumSignificantDigits: 4 }));
    return h('details', { class: 'details' }, h('summary', {}, t('as_numbers')),
        h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('as_numbers') }, h('table', {},
            h('thead', {}, h('tr', {}, [t('epoch'), t('loss_train'), t('loss_val'), t('acc_train'), t('acc_val')].map((n) => h('th', { scope: 'col' }, n)))),
            h('tbody', {}, points.slice(-200).map((p) => h('tr', { class: p.best ? 'best' : '' }, h('th', { scope: 'row' }, number(p.epoch)), cell(p.train_loss), cell(p.val_loss), cell(p.train_accuracy, true), cell(p.val_accuracy, true)))))));
}
