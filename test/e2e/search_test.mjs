/**
 * search_test.mjs - the box in the bar: words, minus words, a picture dropped on it, more like this; filters, why nothing came,
 * the picture behind a result; and axe over what the words show.
 */
import { test, check, equal, until } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { stopWordy, words } from './wordy.mjs';

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const found = (page) => page.waitForSelector('.search:not([aria-busy]) .hit, .search:not([aria-busy]) [data-part="nothing"]', { timeout: 60000 });
const hits = (page) => page.locator('.hits .hit').evaluateAll((all) => all.map((li) => li.dataset.sha));

words('the slash key comes to the box, Enter searches, minus words leave out', async ({ page, shot }) => {
    await page.goto('#/data');
    await page.waitForSelector('.card');
    await page.keyboard.press('/');
    equal(await page.evaluate(() => document.activeElement.id), 'seek', 'the box has the focus');
    await page.keyboard.type('a gear -coil -"red lid"');
    const [sent] = await Promise.all([page.waitForRequest('**/v1/search'), page.keyboard.press('Enter')]);
    const asked = sent.postDataJSON();
    equal(asked.words, 'a gear', 'the words');
    equal(asked.minus.join('|'), 'coil|red lid', 'the minus words');
    await found(page);
    equal(await page.locator('.tag.minus').count(), 2, 'they are shown');
    const [again] = await Promise.all([page.waitForRequest('**/v1/search'), page.click('[data-minus="coil"]')]);
    equal(again.postDataJSON().minus.join('|'), 'red lid', 'one was taken away');
    await found(page);
    equal(await page.locator('#seek').inputValue(), 'a gear -"red lid"', 'the box follows');
    await shot('search-minus');
    await page.goBack();
    await found(page);
    equal(await page.locator('#seek').inputValue(), 'a gear -coil -"red lid"', 'Back goes back');
});

words('what is being typed stays when another device changes the data set', async ({ page, url }) => {
    await page.goto('#/data');
    await page.waitForSelector('.card');
    const dataset = await page.locator('#dataset').inputValue();
    await page.keyboard.press('/');
    await page.keyboard.type('copper co');
    await page.locator('#seek').evaluate((el) => el.setAttribute('data-drawn', 'before'));
    const made = await fetch(`${url}v1/classes`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ dataset, name: 'Passing' }) });
    equal(made.status, 201, 'the other device made a class');
    await page.waitForSelector('#seek:not([data-drawn])');
    await page.keyboard.type('il');
    equal(await page.locator('#seek').inputValue(), 'copper coil', 'the words go on');
    const { id } = await made.json();
    equal((await fetch(`${url}v1/classes/${id}`, { method: 'DELETE' })).status, 200, 'and took it away');
});

words('nothing that matches: why, and the nearest anyway, page by page', async ({ page, shot }) => {
    await page.goto('#/search/q=rain');
    const reply = await page.waitForResponse('**/v1/search');
    const said = await reply.json();
    await found(page);
    if (said.count === 0) {
        check(/no better than|no pictures/.test(await page.locator('[data-part="nothing"]').textContent()), 'why');
        await shot('search-nothing');
        await page.click('[data-do="nearest"]');
    } else await page.goto('#/search/q=rain&all=1');
    await until(async () => (await hits(page)).length === 24, 'the nearest');
    check((await page.locator('.said').textContent()).includes('24 pictures of 24'), 'how many of how many');
    await page.goto('#/search/q=rain&all=1&n=12');
    await until(async () => (await hits(page)).length === 12, 'twelve');
    await page.click('[data-do="more-hits"]');
    await until(async () => (await hits(page)).length === 24, 'more of them');
    check(page.url().includes('n=36'), 'the address follows');
});

words('filters: class and days in place, each with its x, in the address, Back goes back', async ({ page, shot }) => {
    const today = await page.evaluate(() => [0, -1, 1].map((d) => { const at = new Date(Date.now() + d * 864e5); return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`; }));
    const tags = () => page.locator('[data-filter]').evaluateAll((all) => all.map((b) => b.dataset.filter).join());
    const asked = async (act) => (await Promise.all([page.waitForRequest('**/v1/search'), act()]))[0].postDataJSON();
    await page.goto('#/search/q=rain&all=1');
    await found(page);
    await page.locator('select[name="class"]').focus();
    const gear = await asked(() => page.selectOption('select[name="class"]', 'Gear'));
    equal(gear.class, 'Gear', 'the class is asked for');
    await until(async () => (await hits(page)).length === 6, 'six gears');
    equal(await page.evaluate(() => document.activeElement.name), 'class', 'the keyboard stays where it is');
    const classes = await page.locator('.hit-words span').allTextContents();
    check(classes.every((c) => c === 'Gear'), classes.join());
    await page.fill('input[name="since"]', today[0]);
    await until(async () => page.url().includes(`since=${today[0]}`), 'the day is in the address');
    await found(page);
    equal((await hits(page)).length, 6, 'added today');
    const since = await asked(() => page.reload());
    equal(new Date(since.since).getTime(), new Date(`${today[0]}T00:00:00`).getTime(), 'from midnight of this clock');
    await found(page);
    equal(await tags(), 'class,since', 'both are shown');
    equal(await page.locator('select[name="class"]').inputValue(), 'Gear', 'the address keeps the class');
    equal(await page.locator('input[name="since"]').inputValue(), today[0], 'and the day');
    await shot('search-filters');
    await page.fill('input[name="until"]', today[0]);
    await until(async () => (await tags()) === 'class,since,until', 'until today');
    await found(page);
    equal((await hits(page)).length, 6, 'still there');
    await page.locator('[data-filter="since"]').focus();
    await page.keyboard.press('Enter');
    await until(async () => (await tags()) === 'class,until', 'one was taken away');
    check(await page.evaluate(() => document.activeElement !== document.body), 'the focus is somewhere');
    await page.fill('input[name="until"]', today[1]);
    await page.waitForSelector('[data-part="nothing"]');
    check(/no pictures here/.test(await page.locator('[data-part="nothing"]').textContent()), 'nothing was added before today');
    await shot('search-filters-nothing');
    await page.click('[data-do="everywhere"]');
    await until(async () => (await hits(page)).length === 24 && (await tags()) === '', 'all filters are gone');
    await page.goBack();
    await until(async () => (await tags()) === 'class,until', 'Back goes back');
    await page.goto(`#/search/q=rain&all=1&since=never&until=2026-13-77&class=nobody`);
    await page.waitForSelector('[data-part="trouble"] [data-do="everywhere"]');
    equal(await tags(), 'class', 'days that are none do not count');
    check(/nobody/.test(await page.locator('[data-part="trouble"]').textContent()), 'the class that is not there is named');
    await page.locator('[data-do="everywhere"]').focus();
    await page.keyboard.press('Enter');
    await until(async () => (await hits(page)).length === 24, 'all of them');
}, { allow: /status of 404/ });

words('a day typed by keyboard is not taken before it is whole', async ({ page }) => {
    let asked = 0;
    await page.goto('#/search/q=rain&all=1');
    await found(page);
    page.on('request', (r) => (asked += /v1\/search/.test(r.url())));
    await page.locator('input[name="since"]').focus();
    for (const key of '04042024') // whichever of day and month comes first
        await page.keyboard.press(key, { delay: 30 });
    await until(() => page.url().includes('since=2024-04-04'), 'it counts');
    await found(page);
    equal(asked, 1, 'and was asked for once');
    equal(await page.evaluate(() => document.activeElement.name), 'since', 'the keyboard stays where it is');
    equal((await hits(page)).length, 24, 'all came later');
});

test('more like this, from a class; a result opens large and leads to its class', async ({ page, shot }) => {
    await page.goto('#/data');
    await page.click('.card[data-class="Gear"] .card-link');
    await page.locator('.tile').first().hover();
    const sha = await page.locator('.tile').first().getAttribute('data-sha');
    await page.locator('.tile-like').first().click();
    await found(page);
    if (await page.locator('[data-do="nearest"]').count()) await page.click('[data-do="nearest"]');
    await page.waitForSelector('.hit');
    check(page.url().includes(`like=${sha}`), 'the picture is in the address');
    check(!(await hits(page)).includes(sha), 'it is not like itself');
    await page.waitForFunction(() => [...document.querySelectorAll('.hit img')].every((i) => i.complete && i.naturalWidth > 0));
    await shot('search-like');
    await page.locator('.hit-pick').first().click();
    await page.waitForSelector('dialog .large');
    await shot('search-picture');
    await page.click('dialog [data-do="open-class"]');
    await page.waitForSelector('.tile');
    equal(await page.locator('dialog').count(), 0, 'the picture is closed');
});

test('a picture dropped on the box, pasted into it, chosen', async ({ page, pictures, shot }) => {
    const at = await page.locator('#seek').boundingBox();
    const session = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop']) {
        await session.send('Input.dispatchDragEvent', { type, x: at.x + 40, y: at.y + 10, data: { items: [], files: [pictures.fresh.Coil[0]], dragOperationsMask: 1 } });
        if (type === 'dragOver') {
            equal(await page.evaluate(() => document.body.dataset.drop), 'Drop the picture to find its like', 'it says what happens');
            await shot('search-drop');
        }
    }
    await session.detach();
    await found(page);
    equal(await page.locator('.asked-picture img').count(), 1, 'the picture is shown');
    await shot('search-by-picture');
    await page.click('[data-do="no-picture"]');
    await page.waitForSelector('.search .welcome');
    await page.setInputFiles('#seek-file', pictures.fresh.Gear[0]);
    await found(page);
    await page.reload();
    await page.waitForSelector('[data-part="trouble"]');
    check((await page.locator('[data-part="trouble"]').textContent()).includes('Choose it again'), 'a picture of this page is gone with it');
});

words('search on a phone: the tool in the bar opens the box', async ({ page, shot }) => {
    await page.click('#open-search');
    await until(() => page.evaluate(() => document.activeElement.id === 'seek'), 'the box has the focus');
    await page.keyboard.type('rain');
    await page.keyboard.press('Enter');
    await found(page);
    if (await page.locator('[data-do="nearest"]').count()) await page.click('[data-do="nearest"]');
    await until(async () => (await hits(page)).length > 0, 'pictures');
    const wide = async (what) => {
        const over = await page.evaluate(() => document.documentElement.scrollWidth - screen.width);
        check(over <= 0, `${what} is ${over} pixels too wide`);
    };
    await wide('what was found');
    await shot('phone-search-found');
    await page.click('.filter-room summary');
    await page.selectOption('select[name="class"]', 'Gear');
    await page.waitForSelector('[data-filter="class"]');
    await page.fill('input[name="since"]', '2024-03-05');
    await page.waitForSelector('[data-filter="since"]');
    await found(page);
    await wide('the filters');
    await shot('phone-search-filters');
}, { context: phone });

for (const [theme, context] of [['light', {}], ['dark', {}], ['daylight', {}], ['dark', phone]])
    words(`axe finds nothing in answers by words: ${theme}${context === phone ? ', phone' : ''}`, async ({ page, pictures }) => {
        await page.goto('#/words');
        await page.waitForSelector('.label-chips button');
        await page.setInputFiles('#word-files', pictures.fresh.Gear[0]);
        await page.waitForSelector('#word-verdict', { timeout: 60000 });
        await page.click('[data-do="thumb-down"]');
        await page.waitForSelector('[data-part="given"]');
        await audit(page, 'by words');
        for (const address of ['q=rain', 'q=rain+-snow&all=1']) {
            await page.goto(`#/search/${address}`);
            await found(page);
            await audit(page, address);
        }
        await page.locator('.hit-pick').first().click();
        await page.waitForSelector('dialog .large');
        await audit(page, 'a found picture');
    }, { context, prefs: { theme } });

test('the program with words ends well', stopWordy, { browser: false });
