/** mapdata.js - the bytes of GET /v1/map as columns, and a grid over the plane that finds what is near and what is drawn round. */

/** Digests as one long text: a hundred thousand of them are parts of it, made in milliseconds. */
function hexOf(bytes) {
    const out = new Uint8Array(2 * bytes.length);
    const digit = (v) => v + (v < 10 ? 48 : 87);
    for (let i = 0; i < bytes.length; i++) {
        out[2 * i] = digit(bytes[i] >> 4);
        out[2 * i + 1] = digit(bytes[i] & 15);
    }
    return new TextDecoder('latin1').decode(out);
}

/** @param {ArrayBuffer} buffer the layout is in src/http/h_map.c */
export function readMap(buffer) {
    const view = new DataView(buffer);
    const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 6));
    if (magic !== 'AYMAP1') throw new Error('this is no map');
    const length = view.getUint32(8, true);
    const n = view.getUint32(12, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 16, length)));
    let at = 16 + length;
    const take = (Type, count) => {
        const column = new Type(buffer, at, count);
        at += Math.ceil(column.byteLength / 4) * 4;
        return column;
    };
    const x = take(Float32Array, n);
    const y = take(Float32Array, n);
    const columns = { klass: take(Uint32Array, n), cluster: take(Uint32Array, n), date: take(Uint32Array, n), fits: take(Uint8Array, n), digests: take(Uint8Array, 32 * n) };
    const xy = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
        xy[2 * i] = x[i];
        xy[2 * i + 1] = y[i];
    }
    let text = '';
    return { ...head, n, xy, ...columns, sha: (i) => (text ||= hexOf(columns.digests)).slice(64 * i, 64 * i + 64) };
}

/** @returns {{left, top, right, bottom}} of all points */
export function boundsOf(xy) {
    const b = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (let i = 0; i < xy.length; i += 2) {
        b.left = Math.min(b.left, xy[i]);
        b.right = Math.max(b.right, xy[i]);
        b.top = Math.min(b.top, xy[i + 1]);
        b.bottom = Math.max(b.bottom, xy[i + 1]);
    }
    return xy.length ? b : { left: -1, top: -1, right: 1, bottom: 1 };
}

/** Cells of the plane with the points in them, one after the other in one array. */
export function gridOf(xy) {
    const n = xy.length / 2;
    const b = boundsOf(xy);
    const across = Math.max(8, Math.min(256, Math.round(Math.sqrt(n / 4))));
    const side = Math.max(b.right - b.left, b.bottom - b.top) / across || 1;
    const column = (x) => Math.max(0, Math.min(across - 1, Math.floor((x - b.left) / side)));
    const line = (y) => Math.max(0, Math.min(across - 1, Math.floor((y - b.top) / side)));
    const start = new Uint32Array(across * across + 1);
    const cell = new Uint32Array(n);
    for (let i = 0; i < n; i++) start[(cell[i] = line(xy[2 * i + 1]) * across + column(xy[2 * i])) + 1]++;
    for (let c = 0; c < across * across; c++) start[c + 1] += start[c];
    const free = start.slice();
    const points = new Uint32Array(n);
    for (let i = 0; i < n; i++) points[free[cell[i]]++] = i;

    /** Calls fn for each point in a rectangle; fn says true to stop. */
    function each(box, fn) {
        for (let cy = line(box.top); cy <= line(box.bottom); cy++)
            for (let cx = column(box.left); cx <= column(box.right); cx++)
                for (let k = start[cy * across + cx]; k < start[cy * across + cx + 1]; k++) {
                    const i = points[k];
                    if (xy[2 * i] >= box.left && xy[2 * i] <= box.right && xy[2 * i + 1] >= box.top && xy[2 * i + 1] <= box.bottom && fn(i)) return;
                }
    }

    /** 1 for each cell that an edge of the polygon may touch. */
    function touched(polygon) {
        const edge = new Uint8Array(across * across);
        for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
            const [x0, y0] = polygon[j];
            const [x1, y1] = polygon[i];
            const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)) / side));
            for (let k = 0; k < steps; k++) { // pieces no longer than a cell, each with the cells of its box
                const at = (a, z, f) => a + ((z - a) * f) / steps;
                const [ax, ay, zx, zy] = [at(x0, x1, k), at(y0, y1, k), at(x0, x1, k + 1), at(y0, y1, k + 1)];
                for (let cy = line(Math.min(ay, zy)); cy <= line(Math.max(ay, zy)); cy++)
                    for (let cx = column(Math.min(ax, zx)); cx <= column(Math.max(ax, zx)); cx++) edge[cy * across + cx] = 1;
            }
        }
        return edge;
    }
    return {
        each,
        /** Calls fn for each point in a polygon: cells that no edge touches are in it or out of it as a whole. */
        within(polygon, fn) {
            const edge = touched(polygon);
            const xs = polygon.map((p) => p[0]);
            const ys = polygon.map((p) => p[1]);
            for (let cy = line(Math.min(...ys)); cy <= line(Math.max(...ys)); cy++)
                for (let cx = column(Math.min(...xs)); cx <= column(Math.max(...xs)); cx++) {
                    const c = cy * across + cx;
                    if (start[c] === start[c + 1] || (!edge[c] && !inside(polygon, b.left + (cx + 0.5) * side, b.top + (cy + 0.5) * side))) continue;
                    for (let k = start[c]; k < start[c + 1]; k++) if (!edge[c] || inside(polygon, xy[2 * points[k]], xy[2 * points[k] + 1])) fn(points[k]);
                }
        },
        /** The point nearest to (x, y) within r, of those that fit; -1: none. */
        nearest(x, y, r, fits = () => true) {
            let best = -1;
            let far = r * r;
            each({ left: x - r, right: x + r, top: y - r, bottom: y + r }, (i) => {
                const d = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
                if (d <= far && fits(i)) {
                    far = d;
                    best = i;
                }
            });
            return best;
        },
    };
}

/** Is (x, y) in the polygon? The rule of crossings. */
export function inside(polygon, x, y) {
    let odd = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        const [a, b] = polygon[i];
        const [c, d] = polygon[j];
        if ((b > y) !== (d > y) && x < ((c - a) * (y - b)) / (d - b) + a) odd = !odd;
    }
    return odd;
}
