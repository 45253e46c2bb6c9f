/**
 * wordy.mjs - programs of their own for several files of tests: one with words (a CLIP of two tiny towers), filled with
 * drawn pictures, and whatever else a test needs.
 */
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, startProgram, openAt, WORK, SHOTS } from './harness.mjs';
import { writeModel } from '../http/tiny_clip.mjs';

/** The drawn pictures as classes of the data set in use. */
export async function fill(url, pictures) {
    for (const folder of pictures.folders) {
        const name = path.basename(folder);
        const made = await fetch(new URL('/v1/classes', url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name }) });
        equal(made.status, 201, `class ${name}`);
        for (const file of pictures.of(name)) {
            const form = new FormData();
            form.append('images', new Blob([fs.readFileSync(file)], { type: 'image/jpeg' }), path.basename(file));
            equal((await fetch(new URL(`/v1/images?class=${name}`, url), { method: 'POST', body: form })).status, 201, file);
        }
    }
}

/** The folder of the tiny CLIP. */
export function tinyClip() {
    const model = path.join(WORK, 'tiny-clip');
    if (!fs.existsSync(model)) writeModel(model);
    return model;
}

/**
 * Tests on a program of their own, started for the first of them.
 * @param {(pictures: any) => Promise<{url: string, stop: () => Promise<number>}>} start
 * @returns {{on: typeof test, stop: () => Promise<void>}} on: as test() of harness.mjs, its run also gets server
 */
export function program(start) {
    let server = null;
    const stop = async () => {
        if (server) equal(await server.stop(), 0, 'its end');
        server = null;
    };
    const on = (name, run, options = {}) => test(name, async (env) => {
        server ??= await start(env.pictures);
        const { url } = server;
        const { page, context, bad } = await openAt(env.browser, url, options);
        try {
            await run({ ...env, page, context, url, server, shot: (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) }) });
            check(bad.length === 0, bad.join('; '));
        } catch (error) {
            await page.screenshot({ path: path.join(SHOTS, `FAIL-${name.replace(/\W+/g, '-')}.png`) }).catch(() => {});
            throw error;
        } finally {
            await context.close();
        }
    }, { browser: false });
    return { on, stop };
}

const wordy = program(async (pictures) => {
    const server = await startProgram('words-data', ['--model', tinyClip(), '--precision', 'f32']);
    await fill(server.url, pictures);
    return server;
});
/** A test on the program with words. */
export const words = wordy.on;
export const stopWordy = wordy.stop;
