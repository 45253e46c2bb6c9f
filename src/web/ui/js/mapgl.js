/**
 * mapgl.js - a hundred thousand points by WebGL2; by a plain canvas where there is none.
 *
 * draw({x, y, scale, width, height}, share) shows the plane with (x, y) in the middle and `scale` pixels (of the page) a unit.  Points are put
 * once, colours when they change; a frame is one call to the graphics card.  A share below 1 draws that part of them, taken from everywhere
 * alike: where no graphics card helps, a map in motion is drawn coarser and whole when it rests.
 */

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 colour;
uniform vec2 middle, half_size;
uniform float scale, size;
out vec4 shade;
void main() {
    vec2 p = (place - middle) * scale / half_size;
    gl_Position = vec4(p.x, -p.y, 0.0, 1.0);
    gl_PointSize = size * (colour.a > 0.95 ? 1.0 : 0.7);
    shade = colour;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 shade;
out vec4 result;
void main() {
    float d = length(gl_PointCoord - 0.5) * 2.0;
    float inside = 1.0 - smoothstep(0.8, 1.0, d);
    if (inside <= 0.0) discard;
    result = vec4(shade.rgb, shade.a * inside);
}`;

function program(gl) {
    const p = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
        const s = gl.createShader(kind);
        gl.shaderSource(s, text);
        gl.compileShader(s);
        gl.attachShader(p, s);
    }
    gl.linkProgram(p);
    if (!gl.getProgramParameter(p, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(p) ?? 'shader');
    return p;
}

/** The numbers below n in an order of which every beginning is taken from everywhere. */
function mixed(n) {
    const order = new Uint32Array(n);
    let step = Math.max(1, Math.floor(n * 0.6180339887));
    while (gcd(step, n) !== 1) step++;
    for (let i = 0, at = 0; i < n; i++, at = (at + step) % n) order[i] = at;
    return order;
}
const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/** Pixels of a point: larger when one is near, and when there are few. */
const sizeOf = (scale, n) => Math.min(16, (n > 20000 ? 0.045 : n > 3000 ? 0.07 : 0.11) * scale ** 0.75 + (n > 20000 ? 2.5 : n > 3000 ? 3.5 : 5));

function byGl(canvas, gl) {
    const p = program(gl);
    const places = gl.createBuffer();
    const colours = gl.createBuffer();
    const order = gl.createBuffer();
    const at = Object.fromEntries(['middle', 'half_size', 'scale', 'size'].map((n) => [n, gl.getUniformLocation(p, n)]));
    let n = 0;
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    return {
        kind: 'webgl2',
        place(xy) {
            n = xy.length / 2;
            gl.bindBuffer(gl.ARRAY_BUFFER, places);
            gl.bufferData(gl.ARRAY_BUFFER, xy, gl.STATIC_DRAW);
            gl.enableVertexAttribArray(0);
            gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
            gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, order);
            gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mixed(n), gl.STATIC_DRAW);
        },
        colour(rgba) {
            gl.bindBuffer(gl.ARRAY_BUFFER, colours);
            gl.bufferData(gl.ARRAY_BUFFER, rgba, gl.DYNAMIC_DRAW);
            gl.enableVertexAttribArray(1);
            gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
        },
        draw(view, share = 1) {
            const ratio = canvas.width / view.width;
            gl.viewport(0, 0, canvas.width, canvas.height);
            gl.clearColor(0, 0, 0, 0);
            gl.clear(gl.COLOR_BUFFER_BIT);
            gl.useProgram(p);
            gl.uniform2f(at.middle, view.x, view.y);
            gl.uniform2f(at.half_size, view.width / 2, view.height / 2);
            gl.uniform1f(at.scale, view.scale);
            gl.uniform1f(at.size, sizeOf(view.scale, n) * ratio);
            gl.drawElements(gl.POINTS, Math.ceil(n * share), gl.UNSIGNED_INT, 0);
        },
        stop: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
    };
}

function byCanvas(canvas) {
    const c = canvas.getContext('2d');
    let xy = new Float32Array(0);
    let rgba = new Uint8Array(0);
    return {
        kind: 'canvas',
        place(v) { xy = v; },
        colour(v) { rgba = v; },
        draw(view, share = 1) {
            const ratio = canvas.width / view.width;
            const each = Math.max(1, Math.round(1 / share));
            const size = sizeOf(view.scale, xy.length / 2) * ratio;
            c.clearRect(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < xy.length / 2; i += each) {
                const x = ((xy[2 * i] - view.x) * view.scale + view.width / 2) * ratio;
                const y = ((xy[2 * i + 1] - view.y) * view.scale + view.height / 2) * ratio;
                if (x < 0 || y < 0 || x > canvas.width || y > canvas.height) continue;
                c.fillStyle = `rgba(${rgba[4 * i]},${rgba[4 * i + 1]},${rgba[4 * i + 2]},${rgba[4 * i + 3] / 255})`;
                c.fillRect(x - size / 2, y - size / 2, size, size);
            }
        },
        stop() {},
    };
}

/** @param {HTMLCanvasElement} canvas */
export function createPoints(canvas) {
    const gl = canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: false, preserveDrawingBuffer: false });
    return gl ? byGl(canvas, gl) : byCanvas(canvas);
}
