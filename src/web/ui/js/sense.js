/**
 * sense.js - what a small grey version of the live picture tells: too dark, blurred, moving, still.
 *
 * Pure arithmetic on bytes, no browser objects, so it is tested without one.  Shapes: a frame is
 * W x H luminance bytes, row by row.
 *
 * Steady: the mean absolute difference to the frame before stays under MOVING for HOLD ms, the picture
 * is not an empty table (contrast), and it differs from the one captured last.  The differences are taken
 * after removing the change of mean brightness, so automatic exposure does not count as motion.
 */
export const W = 96;
export const H = 72;
const MOVING = 4;
const CHANGED = 9;
const HOLD = 700;
const DARK = 38;
const BRIGHT = 232;
const BLUR = 14;
const FLAT = 8;

/** RGBA bytes to luminance (Rec. 601 weights in 256ths). */
export function toGrey(rgba, out = new Uint8Array(W * H)) {
    for (let i = 0, p = 0; i < out.length; i++, p += 4)
        out[i] = (77 * rgba[p] + 150 * rgba[p + 1] + 29 * rgba[p + 2]) >> 8;
    return out;
}

export function stats(grey) {
    let sum = 0;
    let squares = 0;
    for (const v of grey) {
        sum += v;
        squares += v * v;
    }
    const mean = sum / grey.length;
    return { mean, contrast: Math.sqrt(Math.max(0, squares / grey.length - mean * mean)) };
}

/** Mean absolute difference of two frames, each relative to its own mean. */
export function difference(a, b) {
    const shift = stats(a).mean - stats(b).mean;
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i] - shift);
    return sum / a.length;
}

/** Standard deviation of the 4-neighbour Laplacian: small when nothing has a sharp edge. */
export function sharpness(grey) {
    let sum = 0;
    let squares = 0;
    let n = 0;
    for (let y = 1; y < H - 1; y++)
        for (let x = 1; x < W - 1; x++, n++) {
            const i = y * W + x;
            const l = 4 * grey[i] - grey[i - 1] - grey[i + 1] - grey[i - W] - grey[i + W];
            sum += l;
            squares += l * l;
        }
    return Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
}

/** 'too_dark', 'too_bright', 'blurred' or '' for a frame; the server's words for the same. */
export function hint(grey) {
    const { mean, contrast } = stats(grey);
    if (mean < DARK) return 'too_dark';
    if (mean > BRIGHT && contrast < 3 * FLAT) return 'too_bright';
    if (contrast > FLAT && sharpness(grey) < BLUR * Math.min(1, contrast / 40)) return 'blurred';
    return '';
}

export class Steady {
    before = null;
    taken = null;
    since = 0;

    /** Forget the last capture, so that the same thing may be captured again. */
    rearm() {
        this.taken = null;
        this.since = 0;
    }

    /** This frame was captured, by whatever means. */
    took(grey) {
        this.taken = grey ? grey.slice() : this.before;
        this.since = 0;
    }

    /**
     * @param {Uint8Array} grey a fresh frame; kept by reference, so give a new one each time
     * @param {number} now milliseconds
     * @returns {{moving: boolean, fill: number, fire: boolean}} fill: 0..1 of the waiting time
     */
    feed(grey, now) {
        const moving = !this.before || difference(grey, this.before) > MOVING;
        this.before = grey;
        const fresh = !this.taken || difference(grey, this.taken) > CHANGED;
        if (moving || !fresh || stats(grey).contrast < FLAT) {
            this.since = 0;
            return { moving, fill: 0, fire: false };
        }
        if (!this.since) this.since = now;
        const fill = Math.min(1, (now - this.since) / HOLD);
        if (fill < 1) return { moving, fill, fire: false };
        this.took(grey);
        return { moving, fill, fire: true };
    }
}
