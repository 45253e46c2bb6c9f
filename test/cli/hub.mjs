// A hub of models for the tests of "assay model pull": one folder a repository, below the folder given.
//   node hub.mjs FOLDER PORT-FILE
// FOLDER/org/name/FILES.  Weights (*.safetensors) are redirected to a second server at another host name,
// as the real hub sends them to its store; ranges are answered.  A file FOLDER/behaviour.json may hold
//   {"break": bytes, "spoil": true, "status": 429, "code": "GatedRepo", "wait": 7, "slow": ms}
// and is read anew for every request.  One line a request is appended to FOLDER/requests.
import { createServer } from "node:http";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [root, portFile] = process.argv.slice(2);
const commit = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";
let store;

function behaviour() {
    const path = join(root, "behaviour.json");
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

function digest(bytes, large) {
    if (large) return createHash("sha256").update(bytes).digest("hex");
    return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function refuse(answer, status, code, more = {}) {
    answer.writeHead(status, { "X-Error-Code": code, "Content-Length": 0, ...more });
    answer.end();
}

function list(answer, repo) {
    const folder = join(root, repo);
    if (!existsSync(folder)) return refuse(answer, 401, "RepoNotFound");
    const card = existsSync(join(folder, "card.json")) ? JSON.parse(readFileSync(join(folder, "card.json"))) : {};
    answer.setHeader("Content-Type", "application/json");
    answer.end(JSON.stringify({ sha: commit, gated: false, cardData: card,
        siblings: readdirSync(folder).map((rfilename) => ({ rfilename })) }));
}

async function send(request, answer, bytes, how) {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = range ? Number(range[1]) : 0;
    if (from >= bytes.length && from > 0) return refuse(answer, 416, "Range");
    if (range) answer.setHeader("Content-Range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    answer.writeHead(range ? 206 : 200, { "Content-Length": bytes.length - from });
    const body = Buffer.from(bytes.subarray(from));
    if (how.spoil) body[body.length >> 1] ^= 1;
    const end = how.break ? Math.min(how.break, body.length) : body.length;
    for (let at = 0; at < end; at += 65536) {
        answer.write(body.subarray(at, Math.min(at + 65536, end)));
        if (how.slow) await new Promise((go) => setTimeout(go, how.slow));
    }
    if (end < body.length) setTimeout(() => answer.destroy(), 50);
    else answer.end();
}

function hub(request, answer) {
    const how = behaviour();
    const path = decodeURIComponent(request.url.split("?")[0]);
    appendFileSync(join(root, "requests"), `${request.method} ${path} ${request.headers.authorization ?? "-"}\n`);
    if (how.status) return refuse(answer, how.status, how.code ?? "", how.wait ? { "Retry-After": how.wait } : {});
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\//.exec(path);
    if (api) return list(answer, api[1]);
    const wanted = /^\/([^/]+\/[^/]+)\/resolve\/(main|refs\/pr\/\d+|[0-9a-f]{40})\/(.+)$/.exec(path);
    if (!wanted) return refuse(answer, 404, "RevisionNotFound");
    const file = join(root, wanted[1], wanted[3]);
    if (!existsSync(join(root, wanted[1]))) return refuse(answer, 401, "RepoNotFound");
    answer.setHeader("X-Repo-Commit", commit);
    if (!existsSync(file) || !statSync(file).isFile()) return refuse(answer, 404, "EntryNotFound");
    const bytes = readFileSync(file);
    if (file.endsWith(".safetensors")) {
        answer.writeHead(302, { "X-Linked-ETag": `"${digest(bytes, true)}"`, "X-Linked-Size": bytes.length,
            Location: `http://localhost:${store.address().port}/${wanted[1]}/${wanted[3]}`, "Content-Length": 0 });
        return answer.end();
    }
    answer.setHeader("ETag", `"${digest(bytes, false)}"`);
    if (request.method === "HEAD") {
        answer.setHeader("Content-Length", bytes.length);
        return answer.end();
    }
    send(request, answer, bytes, {});
}

store = createServer((request, answer) => {
    appendFileSync(join(root, "requests"),
        `STORE ${request.url} ${request.headers.authorization ?? "-"} ${request.headers.range ?? ""}\n`);
    send(request, answer, readFileSync(join(root, decodeURIComponent(request.url))), behaviour());
});
store.listen(0, "localhost", () => {
    const main = createServer(hub);
    main.listen(0, "127.0.0.1", () => writeFileSync(portFile, `${main.address().port}\n`));
});
