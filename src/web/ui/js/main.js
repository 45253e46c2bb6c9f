/**
 * main.js - the frame: bar, tabs, which view is on.
 *
 * Views are functions that return {el, stop, keys, onDrop}.  Addresses: #/scan, #/data, #/data/<class>,
 * #/check, #/board, #/train, #/models.  A change of language draws everything again; the camera and the lists live elsewhere and stay.
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
import { boardView } from './board.js';
import { trainView } from './train.js';
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
const tabOf = { scan: 'scan', data: 'data', check: 'data', board: 'board', train: 'train', models: 'train' };
const makers = { data: classesView, check: checkView, board: boardView, train: trainView, models: modelsView };

function tabs() {
    const here = tabOf[location.hash.split('/')[1]] ?? 'scan';
    const tab = (name, path, glyph) => h('a', { href: path, 'aria-current': here === name ? 'page' : undefined }, icon(glyph), t(`tab_${name}`));
    return [tab('scan', '#/scan', 'scan'), tab('data', '#/data', 'data'), tab('board', '#/board', 'board'), tab('train', '#/train', 'train')];
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
        h('nav', { class: 'tabs', 'aria-label': t('sections') }, tabs()), h('div', { class: 'gap' }), picker(),
        tool('phone', 'phone', phoneDialog, 'open-phone'), tool('help', 'help', helpDialog, 'open-help'),
        tool('settings', 'settings', () => settingsDialog(speak), 'open-settings'));
    $('#tabs-low').setAttribute('aria-label', t('sections'));
    put($('#tabs-low'), tabs());
    $('#skip').textContent = t('skip');
}

function route() {
    const [, name = 'scan', id] = location.hash.split('/');
    view.stop?.();
    view = name === 'data' && id ? picturesView(id) : (makers[name] ?? scanView)();
    put($('#main'), view.el);
    drawBar();
    drawNotice();
    document.title = `${t(name === 'models' ? 'to_models' : `tab_${tabOf[name] ?? 'scan'}`)} · Assay`;
}

function speak() {
    applyLanguage();
    route();
}

function toggleTab(hash) {
    return () => {
        location.hash = hash;
    };
}

const keys = () => ({
    s: toggleTab('#/scan'), d: toggleTab('#/data'), g: toggleTab('#/board'), l: toggleTab('#/train'), '?': helpDialog, ',': () => settingsDialog(speak), p: phoneDialog, ...view.keys,
});

/** A drop anywhere: the view's own use of it, else a scan. */
function files() {
    const scan = (list) => scanFiles(list.map((f) => f.file));
    return { onDrop: view.onDrop ?? scan, dropText: view.dropText };
}

async function load() {
    try {
        state.info = await api.info();
        await loadDatasets();
        await loadClasses();
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
        route();
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
    if (state.info) follow();
    document.documentElement.dataset.ready = 'true';
}

start();
