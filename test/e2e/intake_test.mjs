/**
 * intake_test.mjs - the library's tab of what comes in, on a real server: a folder is brought in from the page, one is watched, what
 * fails is told with its reason and dismissed, a folder is watched no longer; keyboard only where a person would.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, until, startProgram, openAt, WORK, SHOTS } from './harness.mjs';
import { stripes } from './manypictures.mjs';

test('what comes in is shown, and folders are brought in and watched from the page', async (env) => {
    const root = path.join(WORK, 'intake-root');
    for (const name of ['albums', 'inbox']) fs.mkdirSync(path.join(root, name), { recursive: true });
    for (let i = 0; i < 30; i++) fs.writeFileSync(path.join(root, 'albums', `${i}.png`), stripes(i));
    fs.writeFileSync(path.join(root, 'albums', 'lies.jpg'), 'words');
    const server = await startProgram('intake-data', ['--folders', root]);
    const { page, context, bad } = await openAt(env.browser, server.url, {});
    const shot = (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`), fullPage: true });
    try {
        await page.goto(`${server.url}#/library/intake`);
        await page.waitForSelector('#intake-path');
        equal(await page.inputValue('#intake-path'), root, 'the allowed folder is offered');
        await page.fill('#intake-path', path.join(root, 'albums'));
        await page.keyboard.press('Enter');
        await page.waitForSelector('.intake-failures li');
        check((await page.textContent('.intake-failures')).includes('not a picture'), 'the reason is told');
        await until(async () => (await page.textContent('.intake-work')).includes('30 new'), 'the import is over');
        await until(async () => (await page.textContent('#library-count')).includes('30'), 'the library counts them');
        await shot('intake');
        await page.click('[data-do="dismiss-all"]');
        await page.waitForSelector('.intake-failures li', { state: 'detached' });

        await page.fill('#intake-path', path.join(root, 'inbox'));
        await page.check('#intake-watch');
        await page.click('.intake-form [type="submit"]');
        await page.waitForSelector('.intake-folders li');
        await until(async () => (await page.textContent('.intake-folders li')).includes('watched'), 'it is watched');
        fs.writeFileSync(path.join(root, 'inbox', 'new.png'), stripes(100));
        await until(async () => (await page.textContent('#library-count')).includes('31'), 'what is put there comes in');
        fs.rmSync(path.join(root, 'inbox'), { recursive: true });
        await page.click('[data-do="unwatch"]');
        await page.waitForSelector('.intake-folders li', { state: 'detached' });
        await page.fill('#intake-path', '/');
        await page.click('.intake-form [type="submit"]');
        await page.waitForSelector('.toast');
        check(bad.filter((b) => !/400/.test(b)).length === 0, bad.join('; '));
    } finally {
        await context.close();
        await server.stop();
    }
}, { browser: false });

test('a full disk is told, and with room it goes on by itself', async (env) => {
    const small = path.join(WORK, 'intake-small'), from = path.join(WORK, 'intake-many');
    fs.mkdirSync(small, { recursive: true });
    fs.mkdirSync(from, { recursive: true });
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small], { stdio: 'ignore' });
    } catch {
        console.log('     skipped: no small disk can be mounted here');
        return;
    }
    const many = new Set();
    for (let i = 0; i < 400; i++) {
        const bytes = stripes(i);
        many.add(bytes.toString('base64'));
        fs.writeFileSync(path.join(from, `${i}.png`), bytes);
    }
    const server = await startProgram('intake-full', ['--folders', from, '--data', path.join(small, 'data')]);
    const { page, context, bad } = await openAt(env.browser, server.url, {});
    try {
        await page.goto(`${server.url}#/library/intake`);
        await page.waitForSelector('#intake-path');
        await page.click('.intake-form [type="submit"]');
        await until(async () => /full|No space/.test(await page.textContent('.intake-work')), 'the full disk is told');
        check(!/cannot be read/.test(await page.textContent('.intake-folders')), 'its folder can be read');
        await page.screenshot({ path: path.join(SHOTS, 'intake-full.png'), fullPage: true });
        execFileSync('mount', ['-o', 'remount,size=100m', small]);
        await until(async () => (await page.textContent('.intake-work')).includes(`${many.size} new`), 'it goes on');
        check((await page.$('[data-set="in-trouble"]')) === null, 'the trouble is over');
        check(bad.length === 0, bad.join('; '));
    } finally {
        await context.close();
        await server.stop();
        execFileSync('umount', [small]);
    }
}, { browser: false });
