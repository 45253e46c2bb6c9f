/**
 * reasons.js - why a file was left out, in the reader's language.
 *
 * The readers of pictures explain themselves in English and exactly ("PNG: CRC error"); here that becomes one of a few
 * sentences that say what to make of it.  What is none of them stays as it was said.
 */
import { t, language } from './i18n.js';

const kinds = [
    [/disk is full|disk or quota|No space left|quota exceeded|File too large/i, 'reason_full'],
    [/Permission denied|may not be read|may be read/, 'reason_denied'],
    [/max_user_watches|max_user_instances|another machine may write|inotify/, 'reason_blind'],
    [/cut short/, 'reason_cut'],
    [/not a picture|: [^:]* are read$/, 'reason_foreign'],
    [/empty/, 'reason_empty'],
    [/no such file|not a file/, 'reason_gone'],
    [/at most .* are read|says it is/, 'reason_large'],
    [/damaged|^(PNG|JPEG|GIF|TIFF|BMP|WebP): /, 'reason_damaged'],
];

/** @param {string} text as the server says it */
export function reasonText(text) {
    if (language() === 'en') return text;
    const key = kinds.find(([pattern]) => pattern.test(text))?.[1];
    return key ? t(key) : text;
}
