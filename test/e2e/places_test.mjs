/**
 * places_test.mjs - where one is in the library of ten thousand: Back and Forward between tabs, groups, pictures and filters; a page that is
 * loaded again stays where it was; links lead to a group, a picture, a tab.  And what a person sees when the server does not answer.
 * Axe looks at every view in light and dark, at a desk and on a phone.
 */
import { check, equal, openAt, startProgram, test, until } from './harness.mjs';
import { audit } from './a11y_test.mjs';
import { MANY, json, phone, stopTenThousand, view } from './tenthousand.mjs';

const hash = (page) => page.evaluate(() => location.hash);
const shownTab = (page) => page.locator('.library-tab:not([hidden])').getAttribute('data-tab');

view('ten thousand: Back and Forward go between tabs, a group, a picture and filters', async ({ page }) => {
    const at = async (wanted, there) => {
        await until(async () => (await hash(page)) === wanted, `the address ${wanted}`);
        await page.locator(there).first().waitFor();
    };
    await page.locator('.vtile.seen').first().waitFor();
    const steps = [['#/library', '[data-tab="pictures"] .vtile.seen']];
    const go = async (act, there) => {
        await act();
        await page.locator(there).first().waitFor();
        if ((await hash(page)) !== steps.at(-1)[0]) steps.push([await hash(page), there]);
    };
    await go(() => page.locator('.library-tabs [data-tab="groups"]').click(), '.group-card img');
    await go(() => page.locator('.group-open').first().click(), '.group-room .vtile.seen');
    await go(() => page.locator('.group-room .vtile.seen').first().click(), 'dialog.detail[open]');
    await go(() => page.evaluate(() => history.back()), '.group-room .vtile.seen');
    steps.pop();
    await page.evaluate(() => history.forward());
    await page.locator('dialog.detail[open]').waitFor();
    await page.evaluate(() => history.back());
    await page.locator('dialog.detail').waitFor({ state: 'detached' });
    await go(() => page.locator('.library-tabs [data-tab="map"]').click(), `.map-stage[data-points="${MANY}"]`);
    await go(() => page.evaluate(() => { location.hash = '#/library/pictures/text=copy'; }), '[data-tab="pictures"] .filter-chips [data-set]');
    await go(() => page.locator('.library-tabs [data-tab="duplicates"]').click(), '.dup-group');
    check((await hash(page)).includes('text=copy'), 'a filter goes along to another tab');
    const list = steps.filter(([h]) => !h.includes('picture='));
    for (let i = list.length - 2; i >= 0; i--) {
        await page.evaluate(() => history.back());
        await at(...list[i]);
    }
    for (let i = 1; i < list.length; i++) {
        await page.evaluate(() => history.forward());
        await at(...list[i]);
    }
});

view('ten thousand: a page loaded again stays where it was, links lead where they say', async ({ page, url }) => {
    await page.locator('.vtile.seen').first().waitFor();
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
    const middle = () => page.evaluate(() => [...document.querySelectorAll('.vtile:not([hidden])')].filter((el) => el.getBoundingClientRect().bottom > innerHeight / 2 - 10).sort((a, b) => a.index - b.index)[0]?.dataset.sha || '');
    await until(middle, 'the middle is there');
    const before = await middle();
    await page.reload();
    await until(async () => (await middle()) === before, 'the same picture in the middle');
    await page.goto('about:blank');
    await page.goto(`${url}#/library`);
    await page.locator('.vtile.seen').first().waitFor();
    equal(await page.evaluate(() => scrollY), 0, 'who comes anew begins above');

    const { clusters } = await json(`${url}v1/clusters`);
    const { items } = await json(`${url}v1/pictures?limit=1&offset=7000`);
    const links = [[`#/library/groups/group=${clusters[1].id}`, '.group-room .vtile.seen'], ['#/library/groups/group=999999', '.group-room .welcome'], [`#/library/pictures/picture=${items[0].sha256}`, 'dialog.detail[open] .stage-picture.there'],
        [`#/library/map/picture=${items[0].sha256}`, 'dialog.detail[open] .stage-picture.there'], ['#/library/map/colour=date', '[data-colour="date"][aria-pressed="true"]'],
        ['#/library/duplicates/tier=alike', '[data-tier="alike"][aria-pressed="true"]'], ['#/library/review', '.asked img'], ['#/library/intake', '#intake-path'], ['#/library/no-such-tab', '.vtile.seen']];
    for (const [link, there] of links) {
        await page.goto('about:blank');
        await page.goto(url + link);
        await page.locator(there).first().waitFor();
    }
    equal(await shownTab(page), 'pictures', 'a tab that there is not');
    await page.goto(`${url}#/library/groups/group=${clusters[1].id}`);
    await page.locator('.group-room .vtile.seen').first().waitFor();
    await page.locator('[data-do="back"]').click();
    await page.locator('.group-card').first().waitFor();
    equal(await hash(page), '#/library/groups', 'its way back');
}, { allow: /status of 404|localStorage/ });

const looks = [
    ['groups', '#/library/groups', '.group-card img'], ['how to group', '#/library/groups', 'dialog[open]', '[data-do="run"]'], ['a group', '#/library/groups', '.group-room .vtile.seen', '.group-open'],
    ['duplicates', '#/library/duplicates', '.dup-group img'], ['comparison', '#/library/duplicates', 'dialog[open] .dup-side', '[data-do="compare"]'], ['map', '#/library/map', `.map-stage[data-points="${MANY}"]`],
    ['review', '#/library/review', '.asked img'], ['a name', '#/library/review', 'dialog[open]', '[data-do="other"]'], ['coming in', '#/library/intake', '#intake-path'],
];
for (const [theme, context] of [['light', {}], ['dark', {}], ['light', phone], ['dark', phone]])
    view(`ten thousand: axe finds nothing in its views: ${theme}${context === phone ? ', phone' : ''}`, async ({ page, url, shot }) => {
        const wrong = [];
        for (const [name, address, there, press] of looks) {
            await page.goto('about:blank');
            await page.goto(url + address);
            await page.waitForSelector('html[data-ready]');
            if (press) await page.locator(press).first().click();
            await page.locator(there).first().waitFor();
            await audit(page, name).catch((e) => wrong.push(e.message));
            const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            if (wide > 0) wrong.push(`${name} is ${wide} pixels wider than the screen`);
            await shot(`views-${theme}${context === phone ? '-phone' : ''}-${name.replaceAll(' ', '-')}`);
        }
        check(wrong.length === 0, wrong.join('\n    '));
    }, { context, prefs: { theme }, allow: /localStorage/ }); // an empty page between two has none

test('the library\'s views when the server is slow, gone and back', async ({ browser }) => {
    let program = await startProgram('gone', []);
    const { page, context } = await openAt(browser, program.url, {});
    try {
        const port = new URL(program.url).port;
        process.kill(program.pid, 'SIGSTOP'); // it listens and says nothing
        await page.evaluate(() => { location.hash = '#/library/groups'; });
        await page.waitForTimeout(300);
        process.kill(program.pid, 'SIGCONT');
        await page.locator('.library-tab[data-tab="groups"] [data-part="empty"]').waitFor();
        await page.waitForTimeout(5500); // the other tabs' code has come
        await program.stop();
        await page.locator('#notice .lost').waitFor();
        for (const tab of ['map', 'duplicates', 'review', 'intake', 'pictures']) {
            await page.locator(`.library-tabs [data-tab="${tab}"]`).click();
            await page.locator(`.library-tab[data-tab="${tab}"] [data-part="trouble"] [data-do="retry"]`).waitFor();
            check((await page.locator(`.library-tab[data-tab="${tab}"] [data-part="trouble"]`).textContent()).includes('does not answer'), `${tab} says why`);
        }
        await audit(page, 'a view that could not be read');
        program = await startProgram('gone', ['--port', port]);
        await page.locator('#notice .lost').waitFor({ state: 'detached', timeout: 60000 });
        for (const tab of ['pictures', 'map', 'duplicates', 'review', 'intake']) {
            await page.locator(`.library-tabs [data-tab="${tab}"]`).click();
            const retry = page.locator(`.library-tab[data-tab="${tab}"] [data-do="retry"]`);
            await until(async () => {
                if (await retry.isVisible()) await retry.click().catch(() => {});
                return !(await retry.isVisible());
            }, `${tab} is read again`);
        }
    } finally {
        await context.close();
        await program.stop();
    }
}, { browser: false });

/* Here, after all that use it. */
test('the program of ten thousand ends well', async () => stopTenThousand(), { browser: false });
