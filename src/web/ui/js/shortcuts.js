/**
 * shortcuts.js - single keys for what the hands do often, and the page that lists them.
 *
 * A key does nothing while a field or a dialog has the focus, and Space leaves a focused button alone.
 * They can be switched off in the settings (WCAG 2.1.4).
 */
import { h } from './dom.js';
import { t } from './i18n.js';
import { dialog } from './dialog.js';
import { prefs } from './prefs.js';

export function helpDialog() {
    const rows = [
        ['Space', 'key_capture'], ['O', 'key_open'], ['Ctrl V', 'key_paste'], ['A', 'key_steady'], ['C', 'key_correct'], ['R', 'key_rescan'],
        ['/', 'key_search'], ['S', 'key_scan'], ['I', 'key_library'], ['D', 'key_data'], ['G', 'key_board'], ['L', 'key_train'], ['N', 'key_new'], ['U', 'key_upload'], ['B', 'key_burst'],
        ['Ctrl A', 'key_all'], ['M', 'key_move'], ['T', 'key_tag'], ['1 – 9', 'key_recent'], ['F', 'key_filter'], ['Del', 'key_delete'], ['Ctrl Z', 'key_undo'], ['Ctrl ⇧ Z', 'key_redo'], [',', 'key_settings'], ['?', 'key_help'],
    ];
    return dialog(t('help'), () => [
        h('p', {}, t('help_text')),
        h('dl', { class: 'keys' }, rows.map(([key, text]) => [h('dt', {}, h('kbd', {}, key === 'Space' ? t('space') : key)), h('dd', {}, t(text))])),
        h('p', { class: 'small' }, h('a', { href: '/docs' }, t('docs')))]);
}

const typing = (el) => el?.closest?.('input, select, textarea, dialog, [contenteditable]');

/** @param {() => Record<string, () => void>} current the keys of the view that is on */
export function listenForKeys(current) {
    addEventListener('keydown', (e) => {
        if (!prefs.keys || e.altKey || e.metaKey || typing(e.target) || document.querySelector('dialog[open]')) return;
        const key = (e.ctrlKey ? 'ctrl+' : '') + e.key.toLowerCase();
        if (key === ' ' && e.target.closest?.('button, a, summary')) return;
        const run = current()[key];
        if (!run || e.repeat) return;
        e.preventDefault();
        run(e);
    });
}
