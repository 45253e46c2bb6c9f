/** digestworker.js - SHA-256 of files, beside the page: [id, File] comes, [id, hex or ''] goes.  '' where a file cannot be read. */
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');

addEventListener('message', async ({ data: [id, file] }) => {
    try {
        postMessage([id, hex(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))]);
    } catch {
        postMessage([id, '']);
    }
});
