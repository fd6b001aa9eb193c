/* SPDX-License-Identifier: MIT */
#include "report/page_parts.h"

/* Contrast of text is at least 4.5 to 1 on the page and on its panels, of lines in charts 3 to 1, in both palettes (WCAG 2.2).
 * What two lines mean is told by dashes as well as by colour. */
static const char palette[] =
    ":root{--back:#fff;--panel:#f6f7f9;--text:#1c2330;--soft:#566070;--rule:#d8dce3;--grid:#e6e9ee;"
    "--a:#1d5fc2;--b:#b8450b;--c:#1b7a43;--fill-a:#8db4ea;--fill-b:#eda77f;--warn:#9c1c1c}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--back:#13171d;--panel:#1b2129;--text:#e5e9f0;--soft:#a2adbc;"
    "--rule:#343d4a;--grid:#27303b;--a:#7db2ff;--b:#ff9d66;--c:#63d294;--fill-a:#33619f;--fill-b:#98542c;--warn:#ff8f8f}}\n";

static const char frame[] =
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n"
    "body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Noto Sans','DejaVu Sans',sans-serif}\n"
    "main{max-width:66rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
    "h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.25rem;margin:2.4rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid var(--rule)}\n"
    "h3{font-size:1rem;margin:1.4rem 0 .5rem}\n"
    "p{margin:.4rem 0 .8rem;max-width:62rem;overflow-wrap:anywhere}\n"
    ".soft{color:var(--soft)}\n.warn{color:var(--warn);font-weight:600}\n"
    "code,pre{font-family:ui-monospace,'Cascadia Mono','DejaVu Sans Mono',monospace;font-size:.9em}\n"
    "pre{background:var(--panel);border:1px solid var(--rule);border-radius:.4rem;padding:.7rem .9rem;"
    "white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "details{margin:.8rem 0}\nsummary{cursor:pointer;color:var(--a);padding:.2rem 0}\n";

static const char parts[] =
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.4rem,1fr));gap:.7rem;margin:1rem 0}\n"
    ".tile{background:var(--panel);border:1px solid var(--rule);border-radius:.5rem;padding:.7rem .9rem}\n"
    ".tile b{display:block;font-size:1.6rem;line-height:1.3;font-variant-numeric:tabular-nums}\n"
    ".tile span{display:block;color:var(--soft);font-size:.9rem}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}\n"
    ".three{grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr))}\n"
    "figure{margin:0;background:var(--panel);border:1px solid var(--rule);border-radius:.5rem;padding:.8rem .8rem .4rem}\n"
    "figcaption{font-size:.92rem;min-height:1.6em}\nfigcaption strong{margin-right:.5rem}\n"
    "figure>svg{display:block;width:100%;height:auto;max-width:40rem;margin:.3rem auto 0}\n"
    ".key{display:inline-block;color:var(--soft);margin-right:.6rem}\n"
    ".swatch{width:1.5rem;height:.5rem;vertical-align:middle}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));gap:.6rem 1.2rem;margin:.6rem 0}\n"
    "dt{color:var(--soft);font-size:.9rem}\ndd{margin:0;overflow-wrap:anywhere}\n";

static const char tables[] =
    ".scroll{overflow-x:auto;max-width:100%}\n"
    "table{border-collapse:collapse;font-size:.94rem;margin:.3rem 0 .8rem}\n"
    "caption{text-align:left;color:var(--soft);padding-bottom:.3rem}\n"
    "th,td{text-align:left;padding:.28rem .9rem .28rem 0;border-bottom:1px solid var(--rule);vertical-align:top}\n"
    "thead th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    "tbody th{font-weight:400;min-width:8rem;max-width:24rem;overflow-wrap:anywhere}\n"
    "td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "td.text{overflow-wrap:anywhere;min-width:9rem}\n"
    "@media (max-width:30rem){table{font-size:.86rem}th,td{padding-right:.5rem}tbody th{min-width:5.5rem}}\n"
    "table.bars{width:100%}table.bars tbody th{min-width:7.4rem}td.bar{min-width:7rem;width:32%;vertical-align:middle}\n"
    "td.bar svg{display:block;width:100%;height:1.15rem}td.bar line,td.bar rect{vector-effect:non-scaling-stroke}\n"
    ".side{display:flex;flex-wrap:wrap;gap:.5rem 3rem}\n";

static const char drawing[] =
    "svg text{fill:var(--soft);font-size:13px;font-family:inherit}\n"
    "svg .grid{stroke:var(--grid);stroke-width:1}\nsvg .axis{stroke:var(--soft);stroke-width:1}\n"
    "svg path{fill:none;stroke-linejoin:round}\n"
    "svg .a{stroke:var(--a);stroke-width:2}\nsvg .b{stroke:var(--b);stroke-width:2;stroke-dasharray:6 3}\n"
    "svg .many-a{stroke:var(--a);stroke-width:1.2;stroke-opacity:.75}\n"
    "svg .many-b{stroke:var(--b);stroke-width:1.2;stroke-opacity:.85;stroke-dasharray:5 2}\n"
    "svg .c{stroke:var(--c);stroke-width:1.6}\nsvg .none{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4}\n"
    "svg .error{stroke:var(--a);stroke-width:1.2;stroke-opacity:.7}\n"
    "svg .error-b{stroke:var(--b);stroke-width:1.2;stroke-opacity:.7}\n"
    "svg .whisker{stroke:var(--text);stroke-width:1.2}\n"
    "svg .dot{fill:var(--a)}\nsvg .dot-b{fill:var(--b)}\nsvg .ring{fill:var(--panel);stroke:var(--text);stroke-width:1.6}\n"
    "svg .bar-a{fill:var(--fill-a);stroke:var(--a);stroke-width:.8}\n"
    "svg .bar-b{fill:var(--fill-b);stroke:var(--b);stroke-width:.8;fill-opacity:.65}\n"
    "svg .key-a{stroke:var(--fill-a);stroke-width:8}\nsvg .key-b{stroke:var(--fill-b);stroke-width:8}\n";

static const char printing[] =
    "@media print{@page{margin:14mm}body{font-size:10pt}main{max-width:none;padding:0}figure,.tile,tr{break-inside:avoid}"
    "h2,h3{break-after:avoid}.charts,.three{grid-template-columns:1fr 1fr}.scroll{overflow:visible}details{display:none}"
    "figure,.tile,pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n";

void page_style(struct text *page)
{
	html_add(page, "<style>\n");
	html_add(page, palette);
	html_add(page, frame);
	html_add(page, parts);
	html_add(page, tables);
	html_add(page, drawing);
	html_add(page, printing);
	html_add(page, "</style>\n");
}
