/** wordy.mjs - a program with words for several files of tests: a CLIP of two tiny towers, and a data set of drawn pictures. */
import fs from 'node:fs';
import path from 'node:path';
import { test, check, equal, startProgram, openAt, WORK, SHOTS } from './harness.mjs';
import { writeModel } from '../http/tiny_clip.mjs';

let server = null;

async function fill(url, pictures) {
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

/** The program, started for the first test that needs it. */
async function wordy(pictures) {
    if (server) return server;
    const model = path.join(WORK, 'tiny-clip');
    writeModel(model);
    server = await startProgram('words-data', ['--model', model, '--precision', 'f32']);
    await fill(server.url, pictures);
    return server;
}

/** A test on that program; as test() of harness.mjs. */
export const words = (name, run, options = {}) => test(name, async (env) => {
    const { url } = await wordy(env.pictures);
    const { page, context, bad } = await openAt(env.browser, url, options);
    try {
        await run({ ...env, page, url, shot: (file) => page.screenshot({ path: path.join(SHOTS, `${file}.png`) }) });
        check(bad.length === 0, bad.join('; '));
    } catch (error) {
        await page.screenshot({ path: path.join(SHOTS, `FAIL-${name.replace(/\W+/g, '-')}.png`) }).catch(() => {});
        throw error;
    } finally {
        await context.close();
    }
}, { browser: false });

export const stopWordy = async () => server && equal(await server.stop(), 0, 'its end');
