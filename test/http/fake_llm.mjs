// A made-up language model behind OpenAI's chat completions: it answers, dawdles, is wrong, rude or away, as told, and keeps
// what it was asked.  For test/http/expand.mjs and the page's tests.
import http from "node:http";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const lists = { subtags: ["puppy", "Hound"], style_traits: ["soft light"], emotions: ["joy", "hound"], pack_suggestions: ["dogs", "dogs!", "rain"] };
const completion = (content) => JSON.stringify({ choices: [{ message: { role: "assistant", content } }] });

// llm.how: "good" | "wrong" (JSON, but not the lists) | "key" (401, with the key in its words) | "limit" (429) | "drip" (never ends)
// | anything else: the line is cut.  llm.delay: ms before any of these.  llm.lists: what "good" answers.
export async function startLlm() {
  const llm = { how: "good", delay: 0, asked: [], lists };
  const server = http.createServer(async (req, res) => {
    let body = "";
    for await (const part of req) body += part;
    llm.asked.push({ url: req.url, key: req.headers.authorization, body: JSON.parse(body), text: body });
    await sleep(llm.delay);
    const send = (status, text, headers = {}) => res.writeHead(status, { "Content-Type": "application/json", ...headers }).end(text);
    if (llm.how === "good") send(200, completion("```json\n" + JSON.stringify(llm.lists) + "\n```"));
    else if (llm.how === "wrong") send(200, completion('{"subtags": {"a": 1}}'));
    else if (llm.how === "key") send(401, JSON.stringify({ error: { message: `Incorrect API key provided: ${req.headers.authorization}` } }));
    else if (llm.how === "limit") send(429, JSON.stringify({ error: { message: "slow down" } }));
    else if (llm.how === "drip") {
      res.writeHead(200);
      const timer = setInterval(() => res.write(" "), 100);
      res.on("close", () => clearInterval(timer));
    } else res.destroy();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  llm.url = `http://127.0.0.1:${server.address().port}/v1`;
  llm.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return llm;
}
