/**
 * main.js - the frame: bar, tabs, which view is on.
 *
 * Views are functions that return {el, stop, keys, onDrop}.  Addresses: #/scan, #/data, #/data/<class>,
 * #/check, #/library/..., #/words, #/board, #/search/<question>, #/train, #/models, #/encoders,
 * #/inspect, #/inspect/<task>.  A change of language draws everything again; the camera and the lists live elsewhere and stay.
 */
import { h, put, redraw, $ } from './dom.js';
import { t, applyLanguage } from './i18n.js';
import { icon, logo } from './icons.js';
import { api } from './api.js';
import { applyTheme } from './prefs.js';
import { state, on, loadDatasets, loadClasses, useDataset } from './state.js';
import { failed } from './toast.js';
import { scanView } from './scan.js';
import { scanFiles } from './scanner.js';
import { classesView } from './classes.js';
import { picturesView } from './pictures.js';
import { checkView } from './suspects.js';
import { boardView, loadModels } from './board.js';
import { wordsView } from './byword.js';
import { searchView } from './search.js';
import { encodersView } from './encoders.js';
import { libraryView } from './library.js';
import { followAddress, focusSearch, searchBox, seekFile } from './searchbox.js';
import { classifyWay } from './way.js';
import { trainView } from './train.js';
import { inspectView } from './inspect.js';
import { modelsView } from './models.js';
import { phoneDialog } from './phone.js';
import { settingsDialog } from './settings.js';
import { helpDialog, listenForKeys } from './shortcuts.js';
import { listenForFiles } from './drop.js';
import { newDataset } from './datasets.js';
import { follow } from './events.js';
import { drawNotice } from './notice.js';

let view = { keys: {} };

/** The tab that an address belongs to. */
const tabOf = { scan: 'scan', library: 'library', data: 'data', check: 'data', words: 'board', board: 'board', train: 'train', models: 'train', encoders: 'train', inspect: 'train', search: '' };
const makers = { data: classesView, check: checkView, words: wordsView, board: boardView, train: trainView, models: modelsView, encoders: encodersView };
const titles = { models: 'to_models', encoders: 'to_models', search: 'search', inspect: 'ins_title' };

function tabs() {
    const here = tabOf[location.hash.split('/')[1]] ?? 'scan';
    const tab = (name, path, glyph) => h('a', { href: path, 'aria-current': here === name ? 'page' : undefined }, icon(glyph), t(`tab_${name}`));
    return [tab('scan', '#/scan', 'scan'), tab('library', '#/library', 'library'), tab('data', '#/data', 'data'), tab('board', `#/${classifyWay()}`, 'board'), tab('train', '#/train', 'train')];
}

function picker() {
    if (!state.datasets.length) return null;
    const choose = (e) => {
        const name = e.target.value;
        if (name) useDataset(name).then(route, failed);
        else newDataset().then(drawBar);
    };
    return h('label', { class: 'set' }, h('span', { class: 'hush' }, t('dataset_in_use')),
        h('select', { id: 'dataset', onchange: choose },
            state.datasets.map((d) => h('option', { value: d.name, selected: d.name === state.dataset }, d.name)),
            h('option', { value: '' }, t('dataset_new_option'))));
}

const drawBar = () => redraw($('#bar'), fillBar);

function fillBar() {
    const tool = (glyph, key, run, id) => h('button', { class: 'btn plain square', type: 'button', id, title: t(key), 'aria-label': t(key), onclick: run }, icon(glyph));
    put($('#bar'), h('a', { class: 'brand', href: '#/scan', 'aria-label': 'Assay' }, logo(), h('span', {}, 'Assay')),
        h('nav', { class: 'tabs', 'aria-label': t('sections') }, tabs()), h('div', { class: 'gap' }), searchBox(), picker(),
        tool('search', 'search', focusSearch, 'open-search'), tool('phone', 'phone', phoneDialog, 'open-phone'), tool('help', 'help', helpDialog, 'open-help'),
        tool('settings', 'settings', () => settingsDialog(speak), 'open-settings'));
    $('#tabs-low').setAttribute('aria-label', t('sections'));
    put($('#tabs-low'), tabs());
    $('#skip').textContent = t('skip');
}

function route() {
    const [, name = 'scan', id] = location.hash.split('/');
    if (document.body.dataset.view === name && view.follow?.(location.hash)) return followAddress();
    view.stop?.();
    view = name === 'search' ? searchView(location.hash) : name === 'library' ? libraryView(location.hash) : name === 'inspect' ? inspectView(id) : name === 'data' && id ? picturesView(id) : (makers[name] ?? scanView)();
    document.body.dataset.view = name;
    document.body.classList.remove('seeking');
    put($('#main'), view.el);
    drawBar();
    followAddress();
    drawNotice();
    document.title = `${t(titles[name] ?? `tab_${tabOf[name] ?? 'scan'}`)} · Assay`;
}

function speak() {
    applyLanguage();
    delete document.body.dataset.view; // drawn anew, in its own words
    route();
}

function toggleTab(hash) {
    return () => {
        location.hash = hash;
    };
}

const keys = () => ({
    s: toggleTab('#/scan'), i: toggleTab('#/library'), d: toggleTab('#/data'), g: () => toggleTab(`#/${classifyWay()}`)(), '/': focusSearch, l: toggleTab('#/train'), '?': helpDialog, ',': () => settingsDialog(speak), p: phoneDialog, ...view.keys,
});

/** A drop anywhere: the view's own use of it, else a scan; on the search box pictures like it. */
function files(target) {
    if (target?.closest?.('[data-takes="files"]')) return { onDrop: (list) => seekFile(list[0].file), dropText: t('search_drop') };
    const scan = (list) => scanFiles(list.map((f) => f.file));
    return { onDrop: view.onDrop ?? scan, onFound: view.onFound, dropText: view.dropText };
}

async function load() {
    try {
        state.info = await api.info();
        await loadDatasets();
        await loadClasses();
        await loadModels();
    } catch (error) {
        failed(error);
    }
}

async function start() {
    applyTheme();
    applyLanguage();
    drawBar();
    await load();
    route();
    addEventListener('hashchange', () => {
        const before = view;
        route();
        if (view === before) return; // it followed the address by itself
        scrollTo(0, 0);
        $('#main').focus({ preventScroll: true });
    });
    $('#skip').addEventListener('click', (e) => {
        e.preventDefault();
        $('#main').focus();
    });
    listenForKeys(keys);
    listenForFiles(files);
    on('datasets', drawBar);
    on('models', drawBar);
    if (state.info) follow();
    document.documentElement.dataset.ready = 'true';
}

start();
