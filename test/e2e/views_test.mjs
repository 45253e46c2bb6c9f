/**
 * views_test.mjs - each view of the library with ten thousand pictures on a real server, by keyboard alone: opened, gone through to the end,
 * something chosen, done, and taken back.  The keyboard's place is never lost and always seen.
 */
import fs from 'node:fs';
import path from 'node:path';
import { check, equal, until } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { stripes } from './manypictures.mjs';
import { MANY, TWICE, folders, json, openTab, tell, toast, view, watched } from './tenthousand.mjs';

const bound = (ms, what, most = 15000) => check(ms < most, `${what} took ${ms} ms`);
const number = async (locator) => Number((await locator.textContent()).replace(/\D/g, ''));

view('ten thousand by keyboard: groups', async ({ page, url, hands, shot }) => {
    const before = (await json(`${url}v1/clusters`)).clusters.length;
    const usable = await openTab(page, hands, 'groups', '.group-card:not(.loose) img');
    bound(usable, 'groups');
    await hands.go('[data-do="run"]');
    await page.waitForSelector('dialog[open]');
    await hands.to('dialog input[name="method"]');
    while (!(await hands.at('[value="kmeans"]'))) await hands.press('ArrowDown');
    await hands.to('dialog [name="k"]');
    await hands.press('Control+a');
    await hands.type('200');
    await hands.press('Enter');
    await toast(page, /^200 groups,/).waitFor({ timeout: 120000 });
    await hands.sure('groups were made');
    const cards = page.locator('.group-card:not(.loose)');
    equal(await cards.count(), 120, 'the first cards');
    await hands.to('.group-open');
    await hands.press('End');
    await hands.go('[data-do="all"]');
    await until(async () => (await cards.count()) === 200, 'all cards');
    await hands.sure('all are shown');
    check(await hands.at('.group-open'), 'the first card that it brought');
    await hands.press('Home');
    tell('groups', usable, await watched(page, async () => {
        for (let i = 0; i < 40; i++) await hands.press('ArrowDown');
        await hands.press('End');
    }));
    await hands.sure('the last card');
    await hands.press('Home', ' ', 'ArrowRight', ' ');
    equal(await page.locator('.groups-bar .chosen').textContent(), '2 chosen', 'by Space');
    await hands.press('m');
    await page.waitForSelector('dialog input[type="text"]:focus');
    await hands.press('Control+a');
    await hands.type('Two in one');
    await hands.press('Enter');
    await toast(page, '2 groups are now Two in one').waitFor();
    await until(async () => (await cards.count()) === 199, 'one group less');
    await hands.sure('merged');
    await hands.press('Control+z');
    await until(async () => (await cards.count()) === 200, 'as before');
    await hands.sure('taken back');
    await hands.press('Control+Shift+z');
    await until(async () => (await cards.count()) === 199, 'done again');
    await hands.press('Control+z');
    await until(async () => (await cards.count()) === 200, 'and taken back again');
    if (!(await hands.at('.group-open'))) await hands.to('.group-open');
    await hands.press('Home', 'ArrowRight');
    const opened = await page.evaluate(() => document.activeElement.closest('.group-card').dataset.group);
    await hands.press('Enter');
    await page.locator('.group-room .vtile.seen').first().waitFor();
    check(await hands.at('.vgrid'), 'the pictures have the keyboard');
    await hands.press('End');
    await hands.sure('the last picture');
    await hands.press('Space');
    equal(await number(page.locator('.library-bar .chosen')), 1, 'chosen');
    await hands.press('Escape', 'Escape');
    await page.locator('.group-card').first().waitFor();
    await hands.sure('back at the groups');
    equal(await page.evaluate(() => document.activeElement.closest('.group-card')?.dataset.group), opened, 'at the card that was opened');
    await hands.press('F2');
    await hands.type('Named by keys');
    await hands.press('Enter');
    await toast(page, 'The group is called Named by keys').waitFor();
    await hands.sure('named');
    await shot('views-groups');
    for (let i = 0; i < 2; i++) await hands.press('Control+z'); // the name, then the two hundred
    await until(async () => (await json(`${url}v1/clusters`)).clusters.length === before, 'all taken back');
});

view('ten thousand by keyboard: duplicates', async ({ page, url, hands, shot }) => {
    const usable = await openTab(page, hands, 'duplicates', '.dup-group');
    bound(usable, 'duplicates');
    const group = page.locator('.dup-group');
    const left = async () => (await json(`${url}v1/duplicates`)).counts.same.groups;
    const all = await left();
    check(all === TWICE, `${all} groups`);
    await hands.to('.dup-group');
    tell('duplicates', usable, await watched(page, async () => {
        for (let i = 0; i < all + 40 && (await group.count()) < all; i++) {
            await hands.press('End');
            await page.waitForTimeout(80);
        }
        await hands.press('End');
    }));
    equal(await group.count(), all, 'all groups were gone through');
    await hands.sure('the last group');
    await hands.press('ArrowUp', 'ArrowUp', '2');
    const kept = await page.evaluate(() => document.activeElement.querySelector('.keep').dataset.sha);
    await hands.sure('another one is kept');
    await hands.press('Enter');
    await toast(page, 'duplicate is gone').waitFor();
    await until(async () => (await group.count()) === all - 1, 'one group less, the others still there');
    await hands.sure('the next group');
    equal((await json(`${url}v1/pictures?limit=1`)).total, MANY - 1, 'pictures');
    await hands.press('Control+z');
    await until(async () => (await left()) === all, 'back');
    await until(async () => (await group.count()) === all, 'on show too');
    await hands.sure('taken back');
    check((await json(`${url}v1/pictures?text=copy&limit=500`)).total === TWICE && kept.length === 64, 'every copy is there');
    await until(async () => { // the picture that came back has been looked at (doc/duplicates.md, Limits)
        const now = await json(`${url}v1/duplicates`);
        return now.state === 'ready' && !now.stale;
    }, 'looked through', 300000);
    if (!(await hands.at('.dup-group'))) await hands.to('.dup-group');
    await hands.press('d');
    await until(async () => (await left()) === all - 1, 'different');
    await hands.sure('said to be different');
    await hands.press('Control+z');
    await until(async () => (await left()) === all, 'the same again');
    await hands.sure('taken back once more');
    if (!(await hands.at('.dup-group'))) await hands.to('.dup-group');
    const id = await page.evaluate(() => document.activeElement.dataset.group);
    await hands.press('c');
    await page.waitForSelector('dialog[open] .dup-side img');
    await hands.go('dialog [data-do="flicker"]');
    await hands.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await hands.sure('compared');
    equal(await page.evaluate(() => document.activeElement.dataset.group), id, 'the group has the keyboard again');
    await hands.go('[data-tier="alike"]', { back: true, most: 1500 });
    await until(async () => page.url().includes('tier=alike'), 'the other tier');
    await hands.sure('another tier');
    await hands.go('[data-tier="same"]', { back: true });
    await page.locator('[data-do="all"]').waitFor();
    await hands.go('[data-do="all"]');
    await page.waitForSelector('dialog[open]');
    await hands.sure('asked whether all may go');
    await hands.press('Enter');
    await until(async () => (await left()) === 0, 'all are gone');
    await hands.sure('none is left');
    await shot('views-duplicates-none');
    await hands.press('Control+z');
    await until(async () => (await left()) === all, 'all are back');
});

view('ten thousand by keyboard: the map', async ({ page, url, hands, shot }) => {
    const usable = await openTab(page, hands, 'map', `.map-stage[data-points="${MANY}"]`);
    bound(usable, 'the map');
    await hands.to('.map-canvas');
    tell('map', usable, await watched(page, async () => {
        for (let i = 0; i < 12; i++) await hands.press('+', 'ArrowRight', 'ArrowDown');
        for (let i = 0; i < 12; i++) await hands.press('-');
    }));
    await hands.press('0');
    await page.locator('.map-tip:not([hidden]) img').waitFor();
    await shot('views-map-cross');
    const named = await page.locator('#live').textContent();
    check(named.includes('No class yet'), `the picture under the cross is said: ${named}`);
    await hands.press('Enter');
    await page.waitForSelector('dialog.detail[open] .stage-picture.there');
    await hands.sure('a picture');
    await hands.press('Escape');
    await page.waitForSelector('dialog.detail', { state: 'detached' });
    check(await hands.at('.map-canvas'), 'the map has the keyboard again');
    await hands.press(' ');
    equal(await number(page.locator('.library-bar .chosen')), 1, 'Space takes the one under the cross');
    await hands.press('Escape');
    for (let i = 0; i < 6; i++) await hands.press('+');
    await hands.press('Control+a');
    const inView = await number(page.locator('.library-bar .chosen'));
    check(inView > 1 && inView < MANY, `${inView} are on show`);
    await hands.press('t');
    await page.waitForSelector('#tag-name:focus');
    await hands.type('from the map');
    await hands.press('Enter', 'Enter');
    const tagged = async () => (await json(`${url}v1/pictures?limit=1&tag=from%20the%20map`)).total ?? 0; // without it the tag itself is gone
    await until(async () => (await tagged()) === inView, 'tagged');
    await toast(page, 'from the map').waitFor();
    await hands.sure('tagged');
    await hands.press('Control+z');
    await until(async () => (await tagged()) === 0, 'taken back');
    await hands.go('[data-colour="cluster"]', { back: true });
    await until(async () => page.url().includes('colour=cluster'), 'by group');
    await hands.sure('other colours');
    await until(async () => (await page.locator('.map-legend button').count()) >= 2, 'groups have colours');
    const wanted = await number(page.locator('.map-legend small').first());
    await hands.go('.map-legend button');
    equal(await number(page.locator('.library-bar .chosen')), wanted, 'all of a group');
    await hands.sure('chosen by the list');
    await hands.press('Escape');
});

view('ten thousand by keyboard: review', async ({ page, url, hands, shot }) => {
    const usable = await openTab(page, hands, 'review', '.asked img');
    bound(usable, 'the review');
    const sha = () => page.locator('.asked-open img').getAttribute('data-sha');
    const answered = () => number(page.locator('#review-answered'));
    const next = async (now) => until(async () => (await sha()) !== now, 'the next question');
    tell('review', usable, await watched(page, async () => {
        for (const name of ['wide', 'narrow', 'wide', 'narrow']) {
            const now = await sha();
            await hands.press('n');
            await page.waitForSelector('dialog input[type="search"]:focus');
            await hands.type(name);
            await hands.press('Enter');
            await next(now);
        }
    }));
    await page.locator('.reply[data-answer]').first().waitFor();
    let now = await sha();
    await hands.go('.reply[data-answer]');
    await next(now);
    await hands.sure('answered by a button');
    check(await hands.at('.reply'), 'an answer of the next question has the keyboard');
    const before = await answered();
    now = await sha();
    await hands.press('1');
    await next(now);
    await until(async () => (await answered()) > before, 'key 1 answers');
    await hands.press('z');
    await until(async () => (await answered()) <= before, 'Z takes it back');
    now = await sha();
    await hands.press('s');
    await next(now);
    now = await sha();
    await hands.press('Delete');
    await next(now);
    await until(async () => (await json(`${url}v1/pictures?limit=1`)).total < MANY, 'deleted');
    await hands.press('Control+z');
    await until(async () => (await json(`${url}v1/pictures?limit=1`)).total === MANY, 'and back');
    await hands.go('.asked-open', { back: true });
    await page.waitForSelector('dialog.detail[open]');
    await hands.press('Escape');
    await page.waitForSelector('dialog.detail', { state: 'detached' });
    check(await hands.at('.asked-open'), 'the picture asked about has the keyboard again');
    await hands.press('n');
    await page.waitForSelector('dialog input[type="search"]:focus');
    await hands.press('Escape');
    await hands.sure('a dialog gave the keyboard back');
    await shot('views-review');
});

view('ten thousand by keyboard: what comes in', async ({ page, url, hands, shot }) => {
    const root = path.join(folders, 'later');
    fs.mkdirSync(root, { recursive: true });
    for (let i = 0; i < 30; i++) fs.writeFileSync(path.join(root, `${i}.png`), stripes(MANY + i));
    for (let i = 0; i < 3; i++) fs.writeFileSync(path.join(root, `lies ${i}.jpg`), `words ${i}`);
    const usable = await openTab(page, hands, 'intake', '#intake-path');
    bound(usable, 'what comes in');
    await hands.to('#intake-path');
    await hands.press('Control+a');
    await hands.type(root);
    await hands.press('Enter');
    await page.locator('.intake-failures li').nth(2).waitFor();
    await hands.sure('an import began', { beyond: true }); // what failed is told above it
    await until(async () => (await number(page.locator('#library-count'))) === MANY + 30, 'the library counts them');
    tell('coming in', usable, await watched(page, () => hands.press('End')));
    await hands.go('.intake-failures [data-do="dismiss"]', { back: true });
    await until(async () => (await page.locator('.intake-failures li').count()) === 2, 'one is seen to');
    await hands.sure('dismissed');
    await hands.go('[data-do="dismiss-all"]', { back: true });
    await page.waitForSelector('.intake-failures li', { state: 'detached' });
    await hands.sure('all dismissed');
    await shot('views-intake');
    const { items } = await json(`${url}v1/pictures?order=newest&limit=30`);
    await json(`${url}v1/pictures/change`, 'POST', { sha256: items.map((i) => i.sha256), delete: true });
    equal((await json(`${url}v1/pictures?limit=1`)).total, MANY, 'as before');
});

view('ten thousand by keyboard: a picture', async ({ page, url, hands, shot }) => {
    await page.locator('.vtile.seen').first().waitFor();
    await hands.to('.vgrid');
    await hands.press('End');
    await until(async () => (await page.locator('.vtile.ghost:not([hidden])').count()) === 0, 'the end is read');
    const begun = Date.now();
    await hands.press('Enter');
    await page.waitForSelector('dialog.detail[open] .stage-picture.there');
    await page.waitForSelector('.part[data-part="alike"] img');
    const usable = Date.now() - begun;
    bound(usable, 'a picture');
    equal(await page.locator('.detail-place').textContent(), '10,000 of 10,000', 'the last one');
    tell('a picture', usable, await watched(page, async () => {
        for (let i = 0; i < 20; i++) {
            await hands.press('ArrowLeft');
            await until(async () => (await page.locator('.detail-place').textContent()).startsWith((MANY - 1 - i).toLocaleString('en')), 'the one before');
        }
    }));
    await hands.sure('in the picture');
    const sha = () => page.evaluate(() => /picture=([0-9a-f]+)/.exec(location.hash)[1]);
    const gone = await sha();
    await hands.press('Delete');
    await until(async () => (await sha()) !== gone && (await json(`${url}v1/pictures?limit=1`)).total === MANY - 1, 'deleted, the next one is there');
    await hands.sure('deleted');
    await hands.press('Control+z');
    await until(async () => (await json(`${url}v1/pictures?limit=1`)).total === MANY, 'taken back');
    const one = await sha();
    await hands.to('.tag-editor input');
    await hands.type('seen closely');
    await hands.press('Enter');
    await until(async () => (await json(`${url}v1/pictures?limit=1&tag=seen%20closely`)).total === 1, 'a tag');
    await toast(page, 'seen closely').waitFor();
    await page.waitForSelector('.tag-editor [data-set="seen closely"]');
    await until(() => hands.at('.tag-editor input'), 'the line of tags keeps the keyboard');
    await hands.go('[data-do="change-class"]', { back: true });
    await page.waitForSelector('dialog:not(.detail) input[type="search"]:focus');
    await hands.type('by keys');
    await hands.press('Enter');
    await until(async () => (await page.locator('.part[data-part="class"] b').textContent()) === 'by keys', 'its class');
    await hands.sure('a class was given');
    await hands.press('Control+z', 'Control+z');
    await until(async () => !(await json(`${url}v1/pictures?limit=1&tag=seen%20closely`)).total, 'both taken back');
    equal(await sha(), one, 'still the same picture');
    await audit(page, 'a picture');
    await shot('views-picture');
    await hands.press('Escape');
    await page.waitForSelector('dialog.detail', { state: 'detached' });
    check(await hands.at('.vgrid'), 'the grid has the keyboard again');
    await hands.sure('back');
});
