// Start of the page.
import { h } from './dom.js';

document.getElementById('main').append(h('h1', {}, 'Assay'));
