/**
 * thumbqueue.js - which small picture is fetched next: the one nearest to the middle of the screen.
 *
 * A browser has six connections to a host.  Left to itself it fetches in the order in which images were made, so a fast
 * scroll would wait for hundreds of pictures that nobody sees any more.  Here at most LANES are under way; what scrolled away
 * is called off (an image without src stops its request).
 */
const LANES = 6;

/** @returns {{want: (img: HTMLImageElement, src: string, far: number) => void, drop: (img: HTMLImageElement) => void, stop: () => void}} far: how far from the middle, smaller is sooner */
export function thumbQueue() {
    const waiting = new Map(); // img -> {src, far}
    const busy = new Set();
    let pumping = false;

    function over(img) {
        img.onload = img.onerror = null;
        busy.delete(img);
        later();
    }

    function start(img, src) {
        busy.add(img);
        img.onload = () => {
            img.parentElement?.classList.add('seen');
            over(img);
        };
        img.onerror = () => over(img);
        img.src = src;
    }

    function pump() {
        pumping = false;
        const next = [...waiting].sort((a, b) => a[1].far - b[1].far);
        for (const [img, { src }] of next) {
            if (busy.size >= LANES) return;
            waiting.delete(img);
            start(img, src);
        }
    }

    function later() {
        if (pumping || !waiting.size) return;
        pumping = true;
        queueMicrotask(pump);
    }

    const queue = {
        want(img, src, far) {
            if (img.dataset.src === src) {
                const w = waiting.get(img);
                if (w) w.far = far;
                return;
            }
            queue.drop(img);
            img.dataset.src = src;
            waiting.set(img, { src, far });
            later();
        },
        drop(img) {
            waiting.delete(img);
            delete img.dataset.src;
            img.parentElement?.classList.remove('seen');
            if (img.hasAttribute('src')) img.removeAttribute('src');
            if (busy.has(img)) over(img);
        },
        stop() {
            waiting.clear();
            for (const img of busy) {
                img.onload = img.onerror = null;
                img.removeAttribute('src');
            }
            busy.clear();
        },
    };
    return queue;
}
