/**
 * prefs.js - what this browser remembers: language, appearance, camera, shortcuts, the words to classify by.
 * A browser that refuses storage (private mode) gets the defaults and forgets.
 */
const KEY = 'assay';
const defaults = {
    lang: 'auto',
    theme: 'auto',
    method: 'auto',
    camera: '',
    steady: false,
    keys: true,
    way: '', // what the Classify tab opens: 'words', 'board', '': what can answer
    labels: /** @type {string[]|null} words to classify by; none: the server's; null: not chosen yet */ (null),
    templates: true,
    none: true,
    subject: '', // the theme of verdicts
    side: 1, // how large the library's tiles are: 0, 1, 2
    views: false,
    passes: false,
    kept: /** @type {string[]} suspects somebody looked at and kept */ ([]),
};

function load() {
    try {
        return { ...defaults, ...JSON.parse(localStorage.getItem(KEY) || '{}') };
    } catch {
        return { ...defaults };
    }
}

export const prefs = load();

/** Change one preference and remember it. */
export function setPref(name, value) {
    prefs[name] = value;
    try {
        localStorage.setItem(KEY, JSON.stringify(prefs));
    } catch {
        /* full or refused: it holds until the page closes */
    }
    if (name === 'theme') applyTheme();
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');

export function applyTheme() {
    const auto = contrast.matches ? 'daylight' : dark.matches ? 'dark' : 'light';
    const theme = prefs.theme === 'auto' ? auto : prefs.theme;
    document.documentElement.dataset.theme = theme;
    const paper = getComputedStyle(document.documentElement).getPropertyValue('--paper').trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', paper);
}

dark.addEventListener('change', applyTheme);
contrast.addEventListener('change', applyTheme);
