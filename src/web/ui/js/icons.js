/** icons.js - line icons on a 24 grid, drawn for this page. */
const paths = {
    scan: 'M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M7 12h10',
    library: 'M5 4v16M9 4v16M13 4.5l4.500 15.500M5 4h4M5 20h4M13 4.500l3.500-1 4.500 15.500-3.500 1',
    album: 'M6 4h12v16l-6-4-6 4z',
    pause: 'M9 6v12M15 6v12',
    minus: 'M5 12h14',
    data: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
    board: 'M4 6h11l-4 5v7l-3-2v-5zM17 10h4M15 14h6M15 18h6',
    train: 'M4 19h16M4 19V5M5 16c3 0 4-7 7-7s3 3 8-4',
    models: 'M12 4 4 8l8 4 8-4zM4 12l8 4 8-4M4 16l8 4 8-4',
    report: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
    camera: 'M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4',
    nocamera: 'M4 8h3l1.5-2.5h7L17 8h3v11H4zM3 3l18 18',
    flip: 'M4 11a8 8 0 0 1 14-4.5L20 8M20 4v4h-4M20 13a8 8 0 0 1-14 4.5L4 16M4 20v-4h4',
    file: 'M4 17V7a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM4 15.5l4.5-4.5 4 4 2.5-2.5 5 5M15 9.5h.01',
    steady: 'M12 4v3M12 17v3M4 12h3M17 12h3M12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5',
    torch: 'M8 4h8l-1 5-1 2v9h-4v-9l-1-2zM8.5 7h7',
    zoom: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20M8 10.5h5M10.5 8v5',
    phone: 'M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 18h2',
    settings: 'M5 7h9M18 7h1M5 17h1M10 17h9M16 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4M8 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
    help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 16.8h.01',
    close: 'M6 6l12 12M18 6 6 18',
    check: 'M5 12.5l4.5 4.5L19 7.5',
    unsure: 'M4 9.5c2-2 4-2 6-.5s4 1.5 6-.5l4-1.5M4 15.5c2-2 4-2 6-.5s4 1.5 6-.5l4-1.5',
    none: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16M6.5 17.5l11-11',
    empty: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
    plus: 'M12 5v14M5 12h14',
    pin: 'M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6',
    split: 'M12 4v5M12 9c0 4-6 3-6 8v3M12 9c0 4 6 3 6 8v3M3.500 17.500 6 20l2.500-2.500M15.500 17.500 18 20l2.500-2.500',
    merge: 'M6 4v3c0 5 6 4 6 8v5M18 4v3c0 5-6 4-6 8M9.500 17.500 12 20l2.500-2.500',
    edit: 'M5 19l1-4L15.5 5.5l3 3L9 18zM13.5 7.5l3 3',
    trash: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 10.5v5M13.5 10.5v5',
    move: 'M4 7h6l2 2h8v10H4zM10 14h5M13 11.5l2.5 2.5-2.5 2.5',
    upload: 'M12 16V5M7.5 9.5 12 5l4.5 4.5M5 19h14',
    burst: 'M8 7h12v9M5 10h12v9H5zM11 16.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4',
    back: 'M14 6l-6 6 6 6',
    forth: 'M10 6l6 6-6 6',
    again: 'M5 12a7 7 0 1 0 2.2-5M5 4v4h4',
    search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20',
    doctor: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20M8 10.7l1.8 1.8 3.2-3.5',
    warn: 'M12 4 3 19.5h18zM12 10v4.5M12 17h.01',
    lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
    sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5',
    arrow: 'M5 12h13M13 7l5 5-5 5',
    tag: 'M4 5v6.5l8.5 8.5 7-7L11 4.5H4.5zM8.5 8.5h.01',
    chip: 'M7 7h10v10H7zM10 10h4v4h-4zM9 4v3M12 4v3M15 4v3M9 17v3M12 17v3M15 17v3M4 9h3M4 12h3M4 15h3M17 9h3M17 12h3M17 15h3',
    up: 'M7 11v9H4v-9zM7 12l4-8c1.6 0 2.5 1.1 2.2 2.8L12.5 10H18a2 2 0 0 1 2 2.3l-1 6a2 2 0 0 1-2 1.7H7',
    down: 'M7 13V4H4v9zM7 12l4 8c1.6 0 2.5-1.1 2.2-2.8L12.5 14H18a2 2 0 0 0 2-2.3l-1-6A2 2 0 0 0 17 4H7',
    map: 'M6 17h.01M9 13h.01M7 8h.01M13 16h.01M15 10h.01M18 14h.01M17 6h.01M12 6h.01',
    similar: 'M4 4h9v9H4zM16 8h4v12H8v-4',
    download: 'M12 5v11M7.5 11.5 12 16l4.5-4.5M5 19.5h14',
    shield: 'M12 4l7 2.5v5c0 4.2-2.8 7.3-7 8.5-4.2-1.2-7-4.3-7-8.5v-5z',
};

const NS = 'http://www.w3.org/2000/svg';

/** An icon that says nothing to a screen reader: the words beside it do. */
export function icon(name) {
    const svg = document.createElementNS(NS, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    svg.setAttribute('focusable', 'false');
    const path = document.createElementNS(NS, 'path');
    path.setAttribute('d', paths[name] ?? paths.help);
    svg.append(path);
    return svg;
}

/** The mark: four corners of a viewfinder around an A. */
export function logo() {
    const svg = document.createElementNS(NS, 'svg');
    svg.setAttribute('viewBox', '0 0 64 64');
    svg.setAttribute('aria-hidden', 'true');
    const add = (tag, attributes) => {
        const el = document.createElementNS(NS, tag);
        for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, v);
        svg.append(el);
    };
    add('path', {
        d: 'M10 21v-6a5 5 0 0 1 5-5h6M43 10h6a5 5 0 0 1 5 5v6M54 43v6a5 5 0 0 1-5 5h-6M21 54h-6a5 5 0 0 1-5-5v-6',
        fill: 'none', stroke: 'currentColor', 'stroke-width': 4.5, 'stroke-linecap': 'round',
    });
    add('path', { d: 'm32 18 13 28h-6.7l-2.5-5.900h-7.6L25.7 46H19zm0 12.2-2 4.900h4z', fill: 'var(--accent)' });
    return svg;
}
