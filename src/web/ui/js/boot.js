/* boot.js - the only script that runs before the first paint: theme and language, so nothing flashes. */
(function () {
    'use strict';
    var prefs = {};
    try {
        prefs = JSON.parse(localStorage.getItem('assay') || '{}') || {};
    } catch (e) {
        prefs = {};
    }
    var theme = prefs.theme;
    if (theme !== 'light' && theme !== 'dark' && theme !== 'daylight')
        theme = matchMedia('(prefers-contrast: more)').matches ? 'daylight'
            : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    document.documentElement.dataset.theme = theme;
})();
