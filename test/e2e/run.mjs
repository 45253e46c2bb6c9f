/** run.mjs - the page, tested in a real browser against the built program.  See harness.mjs. */
import { drawPictures, startProgram, startBrowser, runAll } from './harness.mjs';
import './words_test.mjs';
import './data_test.mjs';
import './scan_test.mjs';
import './learn_test.mjs';
import './byword_test.mjs';
import './search_test.mjs';
import './encoders_test.mjs';
import './download_test.mjs';
import './shelf_test.mjs';
import './library_test.mjs';
import './intake_test.mjs';
import './page_test.mjs';
import './lan_test.mjs';
import './clusters_test.mjs';
import './map_test.mjs';
import './duplicates_test.mjs';
import './inspect_test.mjs';
import './views_test.mjs';
import './places_test.mjs';
import './docs_test.mjs';
import './a11y_test.mjs';
import './demo_test.mjs';

const pictures = drawPictures(['Bearing', 'Gear', 'Chip', 'Coil']);
const program = await startProgram();
const browser = await startBrowser(pictures.film);
let failed = 1;
try {
    failed = await runAll({ browser, url: program.url, pictures }, process.argv[2]);
} finally {
    await browser.close();
    const code = await program.stop();
    if (code) console.log(`FAIL the program ended with ${code}`);
    failed += code ? 1 : 0;
}
process.exit(failed ? 1 : 0);
