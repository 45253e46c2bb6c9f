/* http/docs.c - the table of routes as a page: ay_openapi_html().  Styles and script are files of
 * their own (assets/docs.css, docs.js), because the Content-Security-Policy allows nothing inline.
 */
#include "http/openapi.h"
#include "http/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ay_html_text(ay_buf *out, const char *text)
{
    for (const char *p = text; *p; p++)
        switch (*p) {
        case '&':
            ay_buf_puts(out, "&amp;");
            break;
        case '<':
            ay_buf_puts(out, "&lt;");
            break;
        case '>':
            ay_buf_puts(out, "&gt;");
            break;
        case '"':
            ay_buf_puts(out, "&quot;");
            break;
        case '\'':
            ay_buf_puts(out, "&#39;");
            break;
        default:
            ay_buf_putc(out, *p);
        }
}

static void field(void *ctx, const char *name, const char *in)
{
    ay_buf *out = ctx;
    const ay_param_text *t = ay_param_find(name);

    ay_buf_printf(out, "<label><span><code>%s</code> <small>%s, %s</small></span>", name, in,
                  t ? t->type : "");
    if (t && t->choices) {
        ay_buf_printf(out, "<select data-in=\"%s\" name=\"%s\"><option></option>", in, name);
        for (const char *p = t->choices; *p;) {
            int n = (int)strcspn(p, "|");
            ay_buf_printf(out, "<option>%.*s</option>", n, p);
            p += n + (p[n] == '|');
        }
        ay_buf_puts(out, "</select>");
    } else
        ay_buf_printf(out, "<input data-in=\"%s\" name=\"%s\"%s>", in, name,
                      strcmp(in, "path") == 0 ? " required" : "");
    ay_buf_puts(out, "<em>");
    ay_html_text(out, t ? t->text : "");
    ay_buf_puts(out, "</em></label>");
}

/* Where the form of a route names its text fields; the first scanner's clients send only forms. */
static void body_field(ay_buf *out, const ay_route *r)
{
    bool old = r->request && strncmp(r->request, "S1", 2) == 0;

    switch (r->body) {
    case AY_BODY_NONE:
        return;
    case AY_BODY_PICTURE:
    case AY_BODY_PICTURES:
    case AY_BODY_RAW:
        ay_buf_printf(
            out,
            "<label><span><code>%s</code> <small>body</small></span>"
            "<input type=\"file\" accept=\"image/*\" data-in=\"%s\" name=\"%s\" required%s>"
            "<em>The picture%s</em></label>",
            r->body == AY_BODY_PICTURES ? "images[]" : "image",
            r->body == AY_BODY_RAW ? "raw" : "file",
            r->body == AY_BODY_PICTURES ? "images[]" : "image",
            r->body == AY_BODY_PICTURES ? " multiple" : "", r->body == AY_BODY_PICTURES ? "s" : "");
        if (old && strcmp(r->path, "/scan") != 0)
            ay_buf_puts(out, "<label><span><code>classification</code> <small>form</small></span>"
                             "<input data-in=\"form\" name=\"classification\" required>"
                             "<em>The class&#39;s name</em></label>");
        return;
    case AY_BODY_FORM:
        ay_buf_puts(out, "<label><span><code>name</code> <small>form</small></span>"
                         "<input data-in=\"form\" name=\"name\" required><em>A name</em></label>");
        return;
    case AY_BODY_JSON:
        ay_buf_printf(
            out,
            "<label class=\"wide\"><span><code>%s</code> <small>JSON body</small></span>"
            "<textarea data-in=\"json\" data-schema=\"%s\" rows=\"3\" spellcheck=\"false\">"
            "</textarea></label>",
            r->request, r->request);
        return;
    }
}

static void replies(ay_buf *out, const ay_route *r)
{
    ay_buf_puts(out, "<p class=\"replies\">");
    for (const char *p = r->replies; *p;) {
        size_t n = strcspn(p, " ");
        const char *what = memchr(p, ':', n);
        int status = atoi(p);
        ay_buf_printf(out, "<span class=\"s%d\"><b>%d</b> %s", status / 100, status,
                      ay_problem_title(status));
        if (what && !memchr(what, '/', (size_t)(p + n - what)))
            ay_buf_printf(out, " <a href=\"#schema-%.*s\">%.*s</a>", (int)(p + n - what - 1),
                          what + 1, (int)(p + n - what - 1), what + 1);
        else if (what)
            ay_buf_printf(out, " <code>%.*s</code>", (int)(p + n - what - 1), what + 1);
        ay_buf_puts(out, "</span> ");
        p += n + (p[n] == ' ');
    }
    ay_buf_puts(out, "</p>");
}

static void route(ay_buf *out, const ay_route *r)
{
    ay_buf_printf(out,
                  "<details id=\"%s\"><summary><b class=\"method %s\">%s</b> <code class=\"path\">",
                  r->id, r->method, r->method);
    ay_html_text(out, r->path);
    ay_buf_puts(out, "</code> <span>");
    ay_html_text(out, r->summary);
    ay_buf_printf(out, "</span></summary><form data-method=\"%s\" data-path=\"%s\">", r->method,
                  r->path);
    ay_param_each(r, field, out);
    body_field(out, r);
    replies(out, r);
    ay_buf_puts(out, "<p class=\"go\"><button>Try it</button> <code class=\"curl\"></code></p>"
                     "<output></output></form></details>\n");
}

void ay_openapi_html(const ay_route *routes, size_t n, ay_buf *out)
{
    const char *tag = "";

    ay_buf_puts(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\"><title>Assay: the interface</title>"
        "<link rel=\"stylesheet\" href=\"/docs/docs.css\"><link rel=\"icon\" href=\"data:,\">"
        "<script type=\"module\" src=\"/docs/docs.js\"></script></head>\n<body><header>"
        "<h1>Assay <small>" AY_VERSION "</small></h1><p>The interface, from the table that the "
        "server itself runs on. The same for programs: <a href=\"/openapi.json\">openapi.json</a>. "
        "Back to the <a href=\"/\">scanner</a>.</p><p>What is tried here is done for real, on "
        "this server&#39;s data. Failures are <code>application/problem+json</code>: "
        "<code>detail</code> is one sentence.</p>"
        "<input id=\"filter\" type=\"search\" placeholder=\"Filter\" aria-label=\"Filter\">"
        "</header><main>\n");
    for (size_t i = 0; i < n; i++) {
        if (routes[i].flags & AY_ROUTE_HIDDEN)
            continue;
        if (strcmp(tag, routes[i].tag) != 0) {
            ay_buf_printf(out, "%s<section><h2>%s</h2>\n", *tag ? "</section>" : "", routes[i].tag);
            tag = routes[i].tag;
        }
        route(out, &routes[i]);
    }
    ay_buf_puts(
        out, "</section><section id=\"schemas\"><h2>schemas</h2></section></main></body></html>\n");
}
