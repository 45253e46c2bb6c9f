/** undo.js - deletions say what went and offer it back. */
import { t } from './i18n.js';
import { api } from './api.js';
import { inTurn, loadClasses, loadDatasets, emit } from './state.js';
import { toast, failed } from './toast.js';

export async function refresh() {
    await loadDatasets();
    await loadClasses();
    emit('pictures');
}

/**
 * Run one or more deletions, then a toast that undoes all of them.
 * @param {(() => Promise<{undo?: string}>)[]} deletions each answers with the server's token
 * @param {string} text what happened
 */
export async function withUndo(deletions, text) {
    const tokens = [];
    let error = null;
    await inTurn(async () => {
        for (const run of deletions) {
            try {
                tokens.push((await run()).undo);
            } catch (e) {
                error = e;
            }
        }
        await refresh();
    });
    if (error) failed(error);
    if (!tokens.length) return false;
    toast(text, { label: t('undo'), run: async () => {
        await inTurn(async () => {
            for (const token of tokens.reverse()) await api.undo(token);
            await refresh();
        });
        toast(t('undone'));
    } });
    return true;
}
