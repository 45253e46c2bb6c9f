/** settings.js - language, theme, method, camera, shortcuts: kept by this browser. */
import { h } from './dom.js';
import { t, languageNames } from './i18n.js';
import { prefs, setPref } from './prefs.js';
import { camera } from './camera.js';
import { icon } from './icons.js';
import { dialog } from './dialog.js';
import { state } from './state.js';

function select(label, name, options, after) {
    return h('label', { class: 'field' }, h('span', {}, label),
        h('select', { 'data-pref': name, onchange: (e) => {
            setPref(name, e.target.value);
            after?.(e.target.value);
        } }, options.map(([value, text]) => h('option', { value, selected: prefs[name] === value }, text))));
}

/** @param {() => void} redraw draws the whole page again, in the new language */
export async function settingsDialog(redraw) {
    const devices = await camera.devices().catch(() => []);
    const model = state.info?.model;
    const again = await dialog(t('settings'), (close) => [
        select(t('language'), 'lang', [['auto', t('lang_auto')], ...Object.entries(languageNames)], () => {
            redraw();
            close('again');
        }),
        select(t('theme'), 'theme', ['auto', 'light', 'dark', 'daylight'].map((v) => [v, t(`theme_${v}`)])),
        select(t('method'), 'method', [['auto', t('method_auto')], ['mean', t('method_mean')]]),
        devices.some((d) => d.deviceId) && select(t('camera'), 'camera', [['', t('camera_rear')], ...devices.map((d, i) => [d.deviceId, d.label || t('camera_n', { n: i + 1 })])], (id) => camera.wanted && camera.start(id)),
        h('label', { class: 'choice' }, h('input', { type: 'checkbox', checked: prefs.keys, onchange: (e) => setPref('keys', e.target.checked) }),
            h('span', {}, h('b', {}, t('keys')), h('br'), h('span', { class: 'muted small' }, t('keys_help')))),
        h('a', { class: 'btn', href: '#/encoders', 'data-do': 'encoders', onclick: () => close() }, icon('chip'), t('way_encoders')),
        state.info && h('p', { class: 'muted small' }, `Assay ${state.info.version}`, model ? ` · ${model.name} · ${model.dim} · ${model.precision ?? ''}` : ''),
    ]);
    if (again) settingsDialog(redraw);
}
