#include "train/report_page.h"

/* No script, no address: the policy holds even if an escape is ever forgotten. */
const char ay_report_head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n";

const char ay_report_style[] =
    ":root{--paper:#fff;--text:#1a1f26;--muted:#59626e;--line:#d8dde3;--panel:#f3f5f7;--mark:#0072b2}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#15181c;--text:#e8eaed;"
    "--muted:#a3acb8;--line:#343b43;--panel:#1f242a;--mark:#4da9e0}}\n"
    "body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,\"DejaVu Sans\","
    "Verdana,sans-serif}\n"
    "main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}\n"
    "h1{margin:.1rem 0;font-size:1.9rem;overflow-wrap:anywhere}\n"
    "h2{margin:2.5rem 0 .5rem;font-size:1.25rem}\n"
    ".kind{margin:0;color:var(--muted)}\n"
    ".headline{margin:1rem 0 1.5rem;padding:1rem 1.25rem;background:var(--panel);"
    "border-left:5px solid var(--mark);font-size:1.3rem}\n"
    ".note{color:var(--muted)}\n"
    "figure{margin:2rem 0;overflow-x:auto}\n"
    "figure svg{display:block;max-width:100%;height:auto}\n"
    "table{border-collapse:collapse;margin:2rem 0;max-width:100%}\n"
    "caption{text-align:left;font-weight:600;font-size:1.1rem;padding-bottom:.4rem}\n"
    "th,td{padding:.3rem .9rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "tbody th{font-weight:400;overflow-wrap:anywhere}\n"
    "thead th{color:var(--muted);font-weight:600}\n"
    ".facts th{color:var(--muted);min-width:9rem}\n"
    "code{font-size:.9em;overflow-wrap:anywhere}\n"
    "li{margin:.2rem 0;overflow-wrap:anywhere}\n"
    "@media print{main{max-width:none;padding:0}body{font-size:11pt}figure,tr{break-inside:avoid}"
    "thead{display:table-header-group}.headline{border:1px solid var(--line)}}\n";
