/** mapdata.js - the bytes of GET /v1/map as columns, and a grid over the plane that finds what is near. */

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

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
    return { ...head, n, xy, ...columns, sha: (i) => Array.from(columns.digests.subarray(32 * i, 32 * i + 32), (b) => hex[b]).join('') };
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

/** Cells of the plane with the points in them. */
export function gridOf(xy) {
    const b = boundsOf(xy);
    const side = Math.max(b.right - b.left, b.bottom - b.top) / 128 || 1;
    const cells = new Map();
    const key = (cx, cy) => cx * 4096 + cy;
    for (let i = 0; i < xy.length / 2; i++) {
        const k = key(Math.floor((xy[2 * i] - b.left) / side), Math.floor((xy[2 * i + 1] - b.top) / side));
        if (cells.has(k)) cells.get(k).push(i);
        else cells.set(k, [i]);
    }
    /** Calls fn for each point in a rectangle; fn says true to stop. */
    function each(box, fn) {
        const from = (v, low) => Math.max(0, Math.floor((v - low) / side));
        for (let cx = from(box.left, b.left); cx <= Math.min(128, (box.right - b.left) / side); cx++)
            for (let cy = from(box.top, b.top); cy <= Math.min(128, (box.bottom - b.top) / side); cy++)
                for (const i of cells.get(key(cx, cy)) ?? [])
                    if (xy[2 * i] >= box.left && xy[2 * i] <= box.right && xy[2 * i + 1] >= box.top && xy[2 * i + 1] <= box.bottom && fn(i)) return;
    }
    return {
        each,
        /** The point nearest to (x, y) within r; -1: none. */
        nearest(x, y, r) {
            let best = -1;
            let far = r * r;
            each({ left: x - r, right: x + r, top: y - r, bottom: y + r }, (i) => {
                const d = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
                if (d <= far) {
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
