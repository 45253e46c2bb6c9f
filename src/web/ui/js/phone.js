/** phone.js - how to get a telephone's camera onto this scanner: a code to point at, and addresses. */
import { h } from './dom.js';
import { t } from './i18n.js';
import { dialog } from './dialog.js';
import { state } from './state.js';

const local = (url) => /\/\/(localhost|127\.|\[::1\])/.test(url);

export function phoneDialog() {
    const lan = state.info?.lan ?? {};
    const urls = (lan.urls ?? []).filter((u) => !local(u));
    const secure = urls.some((u) => u.startsWith('https:'));
    return dialog(t('phone'), () => urls.length ? h('div', { class: 'phone-dialog' },
        h('img', { src: lan.qr || '/v1/qr.svg', alt: t('qr_alt', { url: lan.phone || urls[0] }), width: 220, height: 220 }),
        h('div', { class: 'dialog-body-form' },
            h('ol', {},
                h('li', {}, h('span', {}, t('phone_1'))),
                h('li', {}, h('span', {}, t('phone_2'))),
                secure && h('li', {}, h('span', {}, t('phone_3'), ' ', h('a', { href: '/v1/ca.crt' }, t('certificate'))))),
            h('div', {}, h('h3', {}, t('addresses')), h('ul', { class: 'addresses' }, urls.map((u) => h('li', {}, h('a', { href: u }, u))))),
            lan.fingerprint && h('div', {}, h('h3', {}, t('fingerprint')), h('code', { class: 'print' }, lan.fingerprint))))
        : [h('p', {}, t('phone_local')), h('p', {}, h('code', {}, 'assay serve --lan'))], { wide: true });
}
