/** words.js - a decision in words: what a screen reader hears, the title, the sentence, how sure. */
import { t, has, percent } from './i18n.js';

/** The two classes in question, for "A or B". */
export function candidates(r) {
    const names = (r.classes ?? []).map((c) => c.name);
    const args = r.message_args ?? {};
    return { a: args.first ?? names[0] ?? '', b: args.second ?? names[1] ?? '' };
}

/** One line that says it all; also what a screen reader hears. */
export function headline(r) {
    const score = percent(r.score ?? 0);
    return t(`say_${r.status}`, { label: r.label ?? '', score, ...candidates(r) });
}

export function title(r) {
    if (r.status === 'match') return r.label;
    if (r.status === 'ambiguous') return t('either', candidates(r));
    return t(`title_${r.status}`);
}

/** What it means and what to do, by the server's code where we know it, else by the status. */
export function sentence(r) {
    const args = { label: r.label ?? '', ...candidates(r) };
    const key = `msg_${r.message_code}`;
    return has(key) ? t(key, args) : t(`msg_${r.status}`, args);
}

/** How sure, in words: from the calibrated probability where there is one. */
export function sureness(r) {
    if (r.status !== 'match') return t(`status_${r.status}`);
    const p = r.probability ?? (r.margin >= 0.05 ? 0.9 : 0.7);
    return t(p >= 0.95 ? 'sure_very' : p >= 0.8 ? 'sure_quite' : 'sure_look');
}
