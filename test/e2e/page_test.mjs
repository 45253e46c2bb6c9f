/** page_test.mjs - languages, keyboard, themes, a phone, pages without a camera. */
import { test, check, equal, until } from './harness.mjs';

const views = ['#/scan', '#/data', '#/check', '#/words', '#/board', '#/search/', '#/train', '#/models', '#/encoders', '#/library'];
const tabs = { en: ['Scan', 'Library', 'Data set', 'Classify', 'Train'], pt: ['Escanear', 'Biblioteca', 'Base', 'Triagem', 'Treinar'],
    de: ['Erkennen', 'Bibliothek', 'Bilder', 'Sortieren', 'Training'], zh: ['扫描', '资料库', '图库', '分类', '训练'] };
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const scanned = async (page) => {
    await page.waitForSelector('.finder[data-camera="on"]');
    await page.click('#shutter');
    await page.waitForSelector('#verdict');
};

for (const [lang, words] of Object.entries(tabs))
    test(`speaks ${lang}, fits a phone in it`, async ({ page, shot }) => {
        equal((await page.locator('#tabs-low a').allTextContents()).join(), words.join(), 'tabs');
        check((await page.locator('html').getAttribute('lang')).startsWith(lang), 'html lang');
        await scanned(page);
        await shot(`phone-${lang}`);
        for (const view of views) {
            await page.goto(view);
            await page.waitForTimeout(250);
            const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            check(over <= 0, `${view} is ${over} pixels too wide`);
        }
    }, { context: phone, prefs: { lang } });

test('the browser\'s language is taken, another can be chosen', async ({ page, shot }) => {
    equal(await page.locator('#bar .tabs a >> nth=0').textContent(), 'Escanear', 'pt-BR');
    await page.click('#open-settings');
    await page.selectOption('[data-pref="lang"]', 'de');
    await until(async () => (await page.locator('#bar .tabs a >> nth=0').textContent()) === 'Erkennen', 'German');
    await shot('settings-de');
    await page.reload();
    await page.waitForSelector('html[data-ready]');
    equal(await page.locator('#bar .tabs a >> nth=0').textContent(), 'Erkennen', 'remembered');
}, { context: { locale: 'pt-BR' } });

/** Tab until the focus is on a match of selector; every stop must show where it is. */
async function tabTo(page, selector, most = 60) {
    for (let i = 0; i < most; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate((s) => {
            const el = document.activeElement;
            const style = getComputedStyle(el);
            return { here: el.matches(s), seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, what: el.outerHTML.slice(0, 80) };
        }, selector);
        check(at.seen, `the focus is not visible on ${at.what}`);
        if (at.here) return;
    }
    throw new Error(`Tab never reached ${selector}`);
}

test('the keyboard alone: skip link, scan, teach, undo, data set, help', async ({ page, shot }) => {
    await page.keyboard.press('Tab');
    equal(await page.evaluate(() => document.activeElement.id), 'skip', 'the first stop');
    await page.keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement.id), 'main', 'after the skip link');
    await page.waitForSelector('.finder[data-camera="on"]');
    await page.keyboard.press('Space');
    await page.waitForSelector('#verdict');
    await tabTo(page, '.teach .chip');
    await shot('keyboard-focus');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-toast="action"]');
    await page.locator('[data-toast="action"]').focus();
    await page.keyboard.press('Enter');
    await until(async () => (await page.locator('.teach.done').count()) === 0, 'undone');
    await page.keyboard.press('d');
    await page.waitForSelector('.cards');
    await tabTo(page, '.card-link');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tile');
    await tabTo(page, '.tile-pick');
    await page.keyboard.press('Space');
    await page.waitForSelector('.tile-pick[aria-pressed="true"]');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog .keys');
    await shot('help');
    await page.keyboard.press('Escape');
    await page.keyboard.press('s');
    await page.waitForSelector('#shutter');
});

for (const [where, context] of [['a desk', {}], ['a phone', phone]])
    test(`nothing jumps while a view fills, on ${where}`, async ({ page, url }) => {
        for (const view of views) {
            await page.goto('about:blank');
            await page.goto(new URL(view, url).href);
            await page.waitForSelector('html[data-ready]');
            const moved = await page.evaluate(() => new Promise((done) => {
                const seen = { sum: 0, what: [] };
                new PerformanceObserver((list) => {
                    for (const e of list.getEntries().filter((x) => !x.hadRecentInput)) {
                        seen.sum += e.value;
                        seen.what.push(...e.sources.map((s) => s.node?.className || s.node?.nodeName));
                    }
                }).observe({ type: 'layout-shift', buffered: true });
                setTimeout(() => done(seen), 1200);
            }));
            check(moved.sum < 0.02, `${view} jumps by ${moved.sum.toFixed(3)}: ${moved.what.slice(0, 4).join(', ')}`);
        }
    }, { context, ready: false, allow: /localStorage/ }); // a blank page has none

test('every control has a name', async ({ page }) => {
    for (const view of views) {
        await page.goto(view);
        await page.waitForTimeout(250);
        const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select')]
            .filter((el) => !el.hidden && !(el.getAttribute('aria-label') || el.textContent.trim() || el.labels?.length || el.title))
            .map((el) => el.outerHTML.slice(0, 100)));
        equal(nameless.join(), '', `without a name in ${view}`);
        const bare = await page.locator('img:not([alt])').count();
        equal(bare, 0, `pictures without alt in ${view}`);
    }
});

/** Contrast of two colours as WCAG 2 defines it, worked out in the page. */
const contrasts = () => {
    const root = getComputedStyle(document.documentElement);
    const probe = document.createElement('i');
    document.body.append(probe);
    const lum = (name) => {
        probe.style.color = root.getPropertyValue(`--${name}`);
        const c = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map((v) => v / 255);
        const [r, g, b] = c.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pairs = [['ink', 'paper'], ['ink-2', 'paper'], ['ink-2', 'surface'], ['ink-2', 'sunk'], ['accent', 'surface'], ['on-accent', 'accent'],
        ['match', 'match-soft'], ['unsure', 'unsure-soft'], ['none', 'none-soft'], ['none', 'surface'], ['unsure', 'paper']];
    return pairs.map(([a, b]) => {
        const [hi, lo] = [lum(a), lum(b)].sort((x, y) => y - x);
        return [`${a} on ${b}`, (hi + 0.05) / (lo + 0.05)];
    });
};

for (const [theme, least] of [['light', 4.5], ['dark', 4.5], ['daylight', 7]])
    test(`${theme}: text has a contrast of ${least} or more`, async ({ page, shot }) => {
        equal(await page.locator('html').getAttribute('data-theme'), theme, 'theme');
        for (const [pair, ratio] of await page.evaluate(contrasts)) check(ratio >= least, `${pair}: ${ratio.toFixed(2)}`);
        await scanned(page);
        await shot(`scan-${theme}`);
        await page.goto('#/data');
        await page.waitForSelector('.card');
        await shot(`data-${theme}`);
    }, { prefs: { theme } });

test('the device\'s dark mode is followed', async ({ page }) => {
    equal(await page.locator('html').getAttribute('data-theme'), 'dark', 'theme');
    await page.emulateMedia({ colorScheme: 'light' });
    await until(async () => (await page.locator('html').getAttribute('data-theme')) === 'light', 'light');
}, { context: { colorScheme: 'dark' } });

test('on a phone the shutter is under the thumb and the verdict above the fold', async ({ page, shot }) => {
    await scanned(page);
    const shutter = await page.locator('#shutter').boundingBox();
    check(shutter.y > 740 * 0.75 && shutter.y + shutter.height <= 740 && shutter.width >= 64, `shutter at ${JSON.stringify(shutter)}`);
    for (const id of ['#verdict', '#score', '#captured']) {
        const box = await page.locator(id).boundingBox();
        check(box.y + Math.min(box.height, 60) < 740 - 68, `${id} is visible without scrolling`);
    }
    const small = await page.evaluate(() => [...document.querySelectorAll('button, a.btn, .tabs-low a, select')]
        .filter((el) => el.offsetParent && el.getBoundingClientRect().height < 36).map((el) => el.outerHTML.slice(0, 90)));
    equal(small.join(), '', 'targets under 36 pixels');
    await shot('phone-result');
    await page.evaluate(() => scrollTo(0, 500));
    await shot('phone-result-scrolled');
    await page.goto('#/data');
    await page.waitForSelector('.card');
    await shot('phone-data');
}, { context: phone });

test('reduced motion is kept still', async ({ page }) => {
    await scanned(page);
    const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.effect.getTiming().duration > 50).length);
    equal(moving, 0, 'animations');
}, { context: { reducedMotion: 'reduce' } });

/** The same program under a name that no browser calls secure. */
function insecure(url, where) {
    const plain = new URL(where, url);
    plain.hostname = 'plain.localtest';
    return plain.href;
}

test('a page that is not secure explains and takes a photo all the same', async ({ page, url, pictures, shot }) => {
    await page.goto(insecure(url, '/index.html'));
    await page.waitForSelector('.finder[data-camera="insecure"] .excuse');
    check((await page.locator('.excuse').textContent()).includes('secure'), 'it says why');
    equal(await page.locator('#take-photo').getAttribute('capture'), 'environment', 'the rear camera is asked for');
    await shot('camera-insecure');
    await page.setInputFiles('#take-photo', pictures.fresh.Gear[0]);
    await page.waitForSelector('#verdict');
    await shot('camera-insecure-result');
}, { context: phone, allow: /Cross-Origin-Opener-Policy|untrustworthy/ });

test('over plain HTTP the first page works without script', async ({ page, url, pictures, shot }) => {
    await page.goto(insecure(url, '/'));
    await shot('plain-http');
    await page.setInputFiles('input[type="file"]', pictures.fresh.Gear[0]);
    await page.click('form button');
    await page.waitForSelector('img');
    await shot('plain-http-result');
}, { context: { ...phone, javaScriptEnabled: false }, ready: false, allow: /Cross-Origin-Opener-Policy|untrustworthy/ });

for (const [error, state] of [['NotAllowedError', 'refused'], ['NotFoundError', 'none'], ['NotReadableError', 'busy']])
    test(`camera ${state}: it says why and works without`, async ({ page, pictures, shot }) => {
        await page.waitForSelector(`.finder[data-camera="${state}"] .excuse`);
        await shot(`camera-${state}`);
        await page.setInputFiles('#pick-file', pictures.fresh.Gear[0]);
        await page.waitForSelector('#verdict');
    }, { init: `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${error}'))` });

test('the phone dialog shows the way', async ({ page, shot }) => {
    await page.click('#open-phone');
    await page.waitForSelector('dialog .dialog-body');
    check((await page.locator('dialog').textContent()).length > 40, 'words');
    await shot('phone-dialog');
});

test('the policy stops foreign and inline script', async ({ page }) => {
    const stopped = await page.evaluate(() => new Promise((done) => {
        addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.inlineRan = true';
        document.body.append(script);
        setTimeout(() => done('nothing stopped it'), 2000);
    }));
    check(stopped.startsWith('script-src'), stopped);
    equal(await page.evaluate(() => window.inlineRan), undefined, 'inline script');
}, { allow: /Content Security Policy/ });
