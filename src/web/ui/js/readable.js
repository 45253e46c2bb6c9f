/**
 * readable.js - a picture that the server would refuse, made one that it takes.
 *
 * Telephones save HEIC, browsers save AVIF, scanners save 60 MB: where this browser can decode such a file it
 * is sent as a JPEG (upright, at most SIDE pixels a side).  Everything else is sent as it is, byte for
 * byte, because a picture is known by the digest of its bytes.
 */
import { state } from './state.js';

const SIDE = 4096;
const FOREIGN = /^image\/(heic|heif|avif|jxl|svg\+xml|x-icon|vnd\.microsoft\.icon)/;
const FOREIGN_NAME = /\.(heic|heif|avif|jxl|svg|ico)$/i;

async function asJpeg(blob) {
    const image = await createImageBitmap(blob);
    const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const ctx = canvas.getContext('2d');
    ctx.fillStyle = '#fff';
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.92));
}

/**
 * @param {Blob} blob @param {string} name
 * @returns {Promise<{blob: Blob, name: string}>} the same, or a JPEG of it
 */
export async function readable(blob, name) {
    const most = state.info?.limits?.max_bytes ?? Infinity;
    if (blob.size <= most && !FOREIGN.test(blob.type) && !FOREIGN_NAME.test(name)) return { blob, name };
    try {
        const jpeg = await asJpeg(blob);
        return jpeg ? { blob: jpeg, name: `${name.replace(/\.\w+$/, '')}.jpg` } : { blob, name };
    } catch {
        return { blob, name }; // not ours to read either: the server says what is wrong with it
    }
}
