/**
 * camera.js - one camera for the whole page.
 *
 * States: off -> starting -> on, or one of the reasons why not: insecure (the browser gives the camera
 * only to https and localhost), none, refused, busy, error.  'change' is sent on every transition.  The
 * camera is let go while the page is hidden or nobody watches, so its light tells the truth.
 */
import { prefs, setPref } from './prefs.js';

const reasons = {
    NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'none',
    OverconstrainedError: 'none', NotReadableError: 'busy', AbortError: 'busy',
};

class Camera extends EventTarget {
    state = 'off';
    /** @type {MediaStream|null} */
    stream = null;
    wanted = 0;
    video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, autoplay: true });

    constructor() {
        super();
        this.video.setAttribute('playsinline', '');
        document.addEventListener('visibilitychange', () => this.follow());
        navigator.mediaDevices?.addEventListener?.('devicechange', () => {
            if (this.wanted && this.state === 'none') this.start();
            else this.dispatchEvent(new Event('change'));
        });
    }

    /** Somebody shows the picture now; the answer says how to stop showing it. */
    watch() {
        this.wanted++;
        this.follow();
        let done = false;
        return () => {
            if (!done) this.wanted--;
            done = true;
            setTimeout(() => this.follow(), 300);
        };
    }

    follow() {
        const want = this.wanted > 0 && !document.hidden;
        if (want && (this.state === 'off' || this.state === 'busy')) this.start();
        else if (!want && this.stream) this.stop();
    }

    move(state) {
        this.state = state;
        this.dispatchEvent(new Event('change'));
    }

    /** Start, or start again with another device. */
    async start(deviceId = prefs.camera) {
        if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) return this.move('insecure');
        this.drop();
        this.move('starting');
        const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
        const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: 'environment' } };
        try {
            const stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
            this.stream = stream;
            this.video.srcObject = stream;
            stream.getVideoTracks()[0].addEventListener('ended', () => this.stream === stream && this.stop());
            await this.video.play().catch(() => {});
            this.move('on');
            if (!this.wanted || document.hidden) this.stop();
        } catch (error) {
            if (deviceId) {
                setPref('camera', '');
                return this.start('');
            }
            this.move(reasons[error.name] ?? 'error');
        }
    }

    drop() {
        for (const track of this.stream?.getTracks() ?? []) track.stop();
        this.stream = null;
        this.video.srcObject = null;
    }

    stop() {
        this.drop();
        this.move('off');
    }

    get track() {
        return this.stream?.getVideoTracks()[0] ?? null;
    }

    /** @returns {Promise<MediaDeviceInfo[]>} */
    async devices() {
        const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
        return all.filter((d) => d.kind === 'videoinput');
    }

    /** What the lens can do: {torch, zoom: {min, max, step}}; absent where it cannot. */
    abilities() {
        const caps = this.track?.getCapabilities?.() ?? {};
        const zoom = caps.zoom && caps.zoom.max > caps.zoom.min ? caps.zoom : null;
        return { torch: Boolean(caps.torch), zoom };
    }

    setting(name, value) {
        return this.track?.applyConstraints({ advanced: [{ [name]: value }] });
    }

    get ready() {
        return this.state === 'on' && this.video.videoWidth > 0;
    }

    /** The picture now, as it comes from the sensor. @returns {Promise<Blob>} */
    capture() {
        const canvas = document.createElement('canvas');
        canvas.width = this.video.videoWidth;
        canvas.height = this.video.videoHeight;
        canvas.getContext('2d').drawImage(this.video, 0, 0);
        return new Promise((done, fail) =>
            canvas.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/jpeg', 0.92));
    }
}

export const camera = new Camera();
