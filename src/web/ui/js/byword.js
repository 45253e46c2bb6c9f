/**
 * byword.js - classify by words: a picture, the labels it is held against, and what fits best.
 *
 * On a desk the picture and the labels stand left, the answer right; on a phone they follow each other, and the labels
 * fold away once there is an answer.
 */
import { h, put, redraw } from './dom.js';
import { t } from './i18n.js';
import { icon } from './icons.js';
import { explain, original } from './api.js';
import { prefs, setPref } from './prefs.js';
import { state, on } from './state.js';
import { failed } from './toast.js';
import { classifyWays } from './way.js';
import { labelEditor } from './labels.js';
import { snap } from './snap.js';
import { thumbs } from './thumbs.js';
import { statusOf, wordResult } from './wordresult.js';
import { askAbout, askAgain, labelsNow, loadLabels, showPast, words } from './asked.js';

const narrow = matchMedia('(max-width: 860px)');

/** A stored picture, for somebody without one at hand. */
async function trySample(c) {
    try {
        const blob = await (await fetch(original(c.cover))).blob();
        await askAbout([new File([blob], `${c.name}.jpg`, { type: blob.type })]);
    } catch (error) {
        failed(error);
    }
}

const past = (shot) => h('li', {}, h('button', { type: 'button', class: 'past', 'data-status': statusOf(shot.result), 'aria-current': shot === words.now ? 'true' : undefined, onclick: () => showPast(shot) },
    h('img', { src: shot.url, alt: '' }), h('span', {}, shot.result.label ?? t('w_no_words'))));

export function wordsView() {
    let editor = null;
    let again = 0;
    const picker = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, id: 'word-files', onchange: (e) => {
        const files = [...e.target.files];
        e.target.value = '';
        askAbout(files);
    } });
    const head = h('header', { class: 'page-head' }, h('div', {}, h('h1', {}, t('tab_board')), h('p', { class: 'muted' }, t('words_help'))), classifyWays('words'));
    const stage = h('section', { class: 'word-stage', 'aria-label': t('picture') });
    const room = h('details', { class: 'sheet label-room', open: !narrow.matches || !words.now });
    const panel = h('section', { class: 'panel', id: 'word-result', 'aria-label': t('result'), tabindex: '-1' });
    const el = h('div', { class: 'data' }, head, h('div', { class: 'scan by-words' }, h('div', { class: 'word-left' }, stage, room), panel), picker);

    const take = async () => {
        const file = await snap();
        if (file) askAbout([file]);
    };

    const buttons = () => h('div', { class: 'chips middle' },
        h('button', { class: words.now ? 'btn' : 'btn main', type: 'button', 'data-do': 'pick-picture', onclick: () => picker.click() }, icon('file'), t('pick')),
        h('button', { class: 'btn', type: 'button', 'data-do': 'snap', onclick: take }, icon('camera'), t('take_photo')));

    function drawStage() {
        redraw(stage, () => put(stage,
            words.now ? h('div', { class: 'frame word-frame' }, h('img', { src: words.now.url, alt: t('captured_alt') }))
                : h('div', { class: 'frame word-frame void' }, icon('file'), h('p', {}, t('words_drop'))),
            buttons(),
            words.past.length > 1 && h('div', { class: 'history' }, h('h2', { class: 'over' }, t('history')), h('ol', {}, words.past.map(past)))));
    }

    /** Ask again a little after the last change of labels. */
    function changed(labels) {
        setPref('labels', labels);
        later();
    }
    function later() {
        clearTimeout(again);
        if (words.now) again = setTimeout(askAgain, 350);
    }

    const tick = (name, key) => h('label', { class: 'tick-row' }, h('input', { type: 'checkbox', name, checked: prefs[name], onchange: (e) => {
        setPref(name, e.target.checked);
        later();
    } }), h('span', {}, h('b', {}, t(key)), ' ', h('span', { class: 'muted' }, t(`${key}_help`))));

    function drawLabels() {
        const presets = [{ name: 'built-in', text: t('preset_built_in', { n: words.info.labels.length }), labels: () => words.info.labels }];
        if (state.classes.length > 1) presets.push({ name: 'classes', text: t('preset_classes', { name: state.dataset }), labels: () => state.classes.map((c) => c.name) });
        editor = labelEditor({ labels: labelsNow(), most: words.info.most, presets, changed });
        put(room, h('summary', {}, h('h2', {}, t('labels')), editor.count), editor.el, h('div', { class: 'ticks' }, tick('templates', 'templates'), tick('none', 'none_option')));
        if (words.now?.result) editor.mark(words.now.result.unknown_labels ?? []);
    }

    const dropLabels = (gone) => {
        const low = new Set(gone.map((g) => g.toLocaleLowerCase()));
        setPref('labels', labelsNow().filter((l) => !low.has(l.toLocaleLowerCase())));
        drawLabels();
        askAgain();
    };

    function samples() {
        const covers = state.classes.filter((c) => c.cover).slice(0, 8);
        return covers.length > 0 && [h('h2', { class: 'over' }, t('welcome_try')), h('ul', { class: 'samples' }, covers.map((c) => h('li', {},
            h('button', { type: 'button', class: 'sample', 'data-sample': c.name, onclick: () => trySample(c) }, h('img', { src: `/v1/images/${c.cover}/thumb?size=192`, alt: '', loading: 'lazy' }), h('span', {}, c.name)))))];
    }

    const welcome = () => h('div', { class: 'welcome' }, h('h1', {}, t('words_welcome')), h('p', { class: 'muted' }, t('words_welcome_help')), samples());

    /** No answer: the encoder reads no words, or something else went wrong. */
    const trouble = (error) => h('div', { class: 'welcome', 'data-part': 'trouble' }, h('p', { class: 'band' }, icon('warn'), h('span', {}, t('words_failed'))),
        error.status === 409 ? [h('h1', { class: 'as-h2' }, t('words_no_tower')), h('p', { class: 'muted' }, t('words_no_tower_help')), h('a', { class: 'btn main', href: '#/encoders' }, icon('chip'), t('way_encoders')),
            error.message && h('details', { class: 'details' }, h('summary', {}, t('details')), h('p', { class: 'muted small print', lang: 'en' }, error.message))]
            : [h('p', { class: 'sentence' }, explain(error)), h('button', { class: 'btn', type: 'button', onclick: askAgain }, icon('again'), t('try_again'))]);

    const waiting = () => h('div', { class: 'result waiting' }, h('p', { class: 'band' }, t('looking')), h('progress', { 'aria-label': t('looking') }));

    function answer() {
        const shot = words.now;
        if (!shot) return words.info?.reads === false ? trouble({ status: 409 }) : welcome();
        if (shot.error) return trouble(shot.error);
        return shot.result ? wordResult(shot, { redraw: drawPanel, add: (tags) => editor.add(tags), drop: dropLabels, thumbs: thumbs(shot) }) : waiting();
    }

    function drawPanel() {
        redraw(panel, () => put(panel, answer()));
        el.classList.toggle('wordless', words.info?.reads === false && !words.now);
        panel.setAttribute('aria-busy', String(Boolean(words.now?.pending)));
    }

    function draw() {
        el.classList.toggle('has-result', Boolean(words.now));
        drawStage();
        drawPanel();
        if (words.now?.result && !words.now.pending) {
            editor?.mark(words.now.result.unknown_labels ?? []);
            if (narrow.matches && words.past.length === 1 && !words.now.before) room.open = false;
        }
    }

    const off = [on('words', draw), on('classes', () => words.info && (drawLabels(), drawPanel()))];
    draw();
    loadLabels().then(() => (drawLabels(), drawPanel()), failed);
    return {
        el,
        onDrop: (files) => askAbout(files.map((f) => f.file)),
        get dropText() { return t('words_drop_here'); },
        keys: { u: () => picker.click(), o: () => picker.click() },
        stop() {
            clearTimeout(again);
            off.forEach((f) => f());
        },
    };
}
