// The forms of /docs: build the request, send it, show the answer.  No library, no outside resource.
const quote = (s) => "'" + s.replaceAll("'", "'\\''") + "'";

// What the form says: address, options for fetch, and the same as a curl command.
function request(form) {
  // Not form.dataset: a field called "dataset" hides it.
  let path = form.getAttribute("data-path");
  const query = new URLSearchParams();
  const data = new FormData();
  const options = { method: form.getAttribute("data-method"), headers: {} };
  const curl = ["curl"];
  if (options.method !== "GET") curl.push("-X", options.method);
  for (const el of form.querySelectorAll("[data-in]")) {
    const value = el.value.trim();
    const where = el.dataset.in;
    if (where === "path") path = path.replace(`{${el.name}}`, encodeURIComponent(value));
    else if (where === "query" && value) query.set(el.name, value);
    else if (where === "form") {
      data.append(el.name, value);
      curl.push("-F", quote(`${el.name}=${value}`));
    } else if (where === "file") {
      for (const file of el.files) {
        data.append(el.name, file);
        curl.push("-F", quote(`${el.name}=@${file.name}`));
      }
    } else if (where === "raw" && el.files.length) {
      options.body = el.files[0];
      curl.push("--data-binary", quote("@" + el.files[0].name));
    } else if (where === "json") {
      options.body = value || "{}";
      options.headers["Content-Type"] = "application/json";
      curl.push("--json", quote(options.body));
    }
  }
  if ([...data.keys()].length) options.body = data;
  const url = path + (query.size ? "?" + query : "");
  curl.push(quote(location.origin + url));
  return { url, options, curl: curl.join(" ") };
}

function pre(text) {
  const el = document.createElement("pre");
  el.textContent = text;
  return el;
}

async function show(output, response, ms) {
  const type = response.headers.get("Content-Type") || "";
  output.append(pre(`${response.status} ${response.statusText}   ${Math.round(ms)} ms   ${type}`));
  if (type.startsWith("image/")) {
    const img = document.createElement("img");
    img.alt = "";
    img.src = URL.createObjectURL(await response.blob());
    output.append(img);
  } else if (type.includes("json")) {
    output.append(pre(JSON.stringify(await response.json(), null, 2)));
  } else {
    output.append(pre((await response.text()).slice(0, 100000)));
  }
}

// An event stream never ends: show what comes for a while.
async function follow(output, response) {
  const el = pre("");
  output.append(el);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  setTimeout(() => reader.cancel(), 60000);
  for (let part = await reader.read(); !part.done; part = await reader.read()) el.textContent += part.value;
  el.textContent += "(stopped after a minute)";
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const output = form.querySelector("output");
  const { url, options, curl } = request(form);
  form.querySelector(".curl").textContent = curl;
  output.replaceChildren();
  const start = performance.now();
  try {
    const response = await fetch(url, options);
    const stream = (response.headers.get("Content-Type") || "").startsWith("text/event-stream");
    await (stream ? follow(output, response) : show(output, response, performance.now() - start));
  } catch (error) {
    output.append(pre("No answer: " + error.message));
  }
}

// An example for a JSON body, from its schema.
function example(schema) {
  const out = {};
  for (const [key, value] of Object.entries(schema.properties || {}))
    out[key] = value.const ?? (value.type === "integer" ? 1 : "");
  return JSON.stringify(out);
}

async function loadSchemas() {
  const doc = await (await fetch("/openapi.json")).json();
  const schemas = doc.components.schemas;
  const section = document.getElementById("schemas");
  for (const el of document.querySelectorAll("[data-schema]"))
    if (schemas[el.dataset.schema]) el.value = example(schemas[el.dataset.schema]);
  for (const [name, schema] of Object.entries(schemas)) {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    details.id = "schema-" + name;
    summary.textContent = name;
    details.append(summary, pre(JSON.stringify(schema, null, 2)));
    section.append(details);
  }
}

// A link to a route or a schema opens it.
function openTarget() {
  const el = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (el instanceof HTMLDetailsElement) {
    el.open = true;
    el.scrollIntoView();
  }
}

for (const form of document.forms) form.addEventListener("submit", send);
document.getElementById("filter").addEventListener("input", (event) => {
  const word = event.target.value.toLowerCase();
  for (const el of document.querySelectorAll("main details"))
    el.hidden = !el.querySelector("summary").textContent.toLowerCase().includes(word);
});
addEventListener("hashchange", openTarget);
loadSchemas().then(openTarget);
