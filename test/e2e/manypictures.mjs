/**
 * manypictures.mjs - ten thousand small pictures without a drawing program: stripes in two colours, as PNG, each with its own number
 * inside so that no two have the same bytes; and a library of ten thousand of them, some twice.
 */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const SIDE = 32;

function chunk(type, data) {
    const out = Buffer.alloc(data.length + 12);
    out.writeUInt32BE(data.length, 0);
    out.write(type, 4, 'latin1');
    data.copy(out, 8);
    out.writeUInt32BE(crc(out.subarray(4, 8 + data.length)), 8 + data.length);
    return out;
}

const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
});
function crc(bytes) {
    let c = ~0;
    for (const b of bytes) c = table[(c ^ b) & 255] ^ (c >>> 8);
    return ~c >>> 0;
}

/** The picture of a number; the same every time. A copy has the same pixels and other bytes. */
export function stripes(i, copy = '') {
    let seed = Math.imul(i + 1, 2654435761) >>> 0;
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const colours = [0, 1].map(() => Array.from({ length: 3 }, () => Math.floor(next() * 256)));
    const turns = 2 + Math.floor(next() * 6);
    const angle = next() * Math.PI;
    const raw = Buffer.alloc(SIDE * (SIDE * 3 + 1));
    for (let y = 0; y < SIDE; y++)
        for (let x = 0; x < SIDE; x++) {
            const side = Math.sin((2 * Math.PI * turns * (x * Math.cos(angle) + y * Math.sin(angle))) / SIDE) > 0 ? 0 : 1;
            raw.set(colours[side], y * (SIDE * 3 + 1) + 1 + x * 3);
        }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(SIDE, 0);
    head.writeUInt32BE(SIDE, 4);
    head.set([8, 2], 8);
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('tEXt', Buffer.from(`Comment\0${i}${copy}`)),
        chunk('IDAT', zlib.deflateSync(raw, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

/** Write pictures from..from+count-1 into a folder; their paths. */
export function writeStripes(folder, count, from = 0) {
    fs.mkdirSync(folder, { recursive: true });
    return Array.from({ length: count }, (_, n) => {
        const file = path.join(folder, `stripes-${String(from + n).padStart(5, '0')}.png`);
        fs.writeFileSync(file, stripes(from + n));
        return file;
    });
}
