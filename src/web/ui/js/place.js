/**
 * place.js - a page that is loaded again shows what it showed: how far down it was, kept for this tab of the browser with its address.
 *
 * The browser's own memory of it comes too early: the list has no height before the server has answered.
 */
const KEY = 'assay-place';
/** The list may take as long to come; then the page stays where it is. */
const WAIT_MS = 8000;

export function keepPlace() {
    const leave = () => sessionStorage.setItem(KEY, JSON.stringify({ hash: location.hash, y: Math.round(scrollY) }));
    addEventListener('pagehide', leave);
    let stopped = false;
    const enough = () => (stopped = true);

    /** Go there as soon as there is so much page; a person who moves first is left alone. */
    function restore() {
        const again = performance.getEntriesByType('navigation')[0]?.type === 'reload' && performance.now() < 2 * WAIT_MS;
        const was = again && JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
        sessionStorage.removeItem(KEY);
        if (!was?.y || was.hash !== location.hash) return;
        const until = performance.now() + WAIT_MS;
        const signs = ['wheel', 'keydown', 'pointerdown', 'hashchange'];
        signs.forEach((s) => addEventListener(s, enough, { once: true }));
        const look = () => {
            if (!stopped && document.documentElement.scrollHeight >= was.y + innerHeight) scrollTo(0, was.y);
            else if (!stopped && performance.now() < until) return void requestAnimationFrame(look);
            signs.forEach((s) => removeEventListener(s, enough));
        };
        look();
    }
    return {
        restore,
        stop() {
            stopped = true;
            removeEventListener('pagehide', leave);
        },
    };
}
