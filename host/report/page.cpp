// SPDX-License-Identifier: Apache-2.0
#include "host/report/page.hpp"

#include <cstdlib>

#include "host/base/html.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

// Contrast of text to ground: at least 4.5 in both (WCAG 2.2, 1.4.3), of marks at least 3 (1.4.11).
constexpr const char* k_style = R"(
:root{color-scheme:light dark;--ground:#f7f6f3;--card:#fff;--ink:#1d2126;--soft:#5a616b;--line:#d9d7d0;
--accent:#1f5fa8;--band:#1f5fa833;--good:#1c6e3a;--bad:#a3281e;--cell:31,95,168}
@media (prefers-color-scheme:dark){:root{--ground:#15181c;--card:#1e2227;--ink:#e8e6e1;--soft:#a4abb5;
--line:#3a4048;--accent:#7db3f2;--band:#7db3f240;--good:#78cf97;--bad:#f29a90;--cell:125,179,242}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:76rem;color:var(--ink);
background:var(--ground)}
h1{font-size:1.5rem;margin:.5rem 0;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}
h3{font-size:.95rem;margin:.8rem 0 .2rem;overflow-wrap:anywhere}
p{margin:.3rem 0;overflow-wrap:anywhere}small,caption,figcaption{color:var(--soft)}
a{color:var(--accent)}nav a{display:inline-block;padding:.3rem .8rem .3rem 0}
a:focus-visible,summary:focus-visible,.wide:focus-visible,audio:focus-visible{outline:3px solid var(--accent);
outline-offset:2px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}
figure,article{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;
min-width:0}
figcaption{font-size:.9rem;color:var(--ink);font-weight:600;overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
.axis{stroke:var(--line);stroke-width:1}.curve{fill:none;stroke:var(--accent);stroke-width:1.8;
stroke-linejoin:round}.band{fill:var(--band);stroke:none}.dot{fill:var(--accent)}.stage{stroke:var(--soft);
stroke-dasharray:3 4}.bar{fill:var(--accent)}.ideal{stroke:var(--soft);stroke-dasharray:4 3;fill:none}
.good{color:var(--good);fill:var(--good);stroke:var(--good)}.bad{color:var(--bad);fill:var(--bad);stroke:var(--bad)}
b.good,b.bad,td.good,td.bad{stroke:none}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.4rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.9rem;padding-bottom:.2rem}
td,th{padding:.25rem .7rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}td.n,th.n{text-align:right}
table.confusion td{text-align:center;padding:.3rem .5rem;min-width:2.2rem}
summary{cursor:pointer;padding:.3rem 0;color:var(--accent)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);border:1px solid var(--line);
border-radius:6px;padding:.6rem;font-size:.8rem}
img{max-width:100%;height:auto;min-width:112px;image-rendering:pixelated;background:#000;margin-right:4px}
audio{width:100%;margin:.2rem 0}.tokens span{background:var(--band);border-radius:3px;padding:0 3px}
svg.wave{background:var(--ground)}svg.wave polyline{fill:none;stroke:var(--accent);stroke-width:1}
.over{position:relative;display:inline-block;margin:.2rem 0}.over img{display:block;margin:0}
.over svg{position:absolute;inset:0;width:100%;height:100%}.strip svg{height:1.2rem;
border:1px solid var(--line)}svg.map{fill:#ff8c1a}.words span{border-radius:3px;padding:0 2px}
td.gauge{width:50%}td.gauge svg{border:1px solid var(--line)}
@media print{details>*{display:block}nav{display:none}}
)";

bool is_number(const std::string& cell) {
  if (cell.empty() || cell == "-") return true;
  char* end = nullptr;
  std::strtod(cell.c_str(), &end);
  return end != cell.c_str() && (*end == '\0' || *end == ' ');
}

}  // namespace

void Page::add(const std::string& heading, const std::string& html) {
  sections_.push_back({heading, html});
}

std::string Page::html() const {
  // Should something slip through: no script, no address is allowed.
  std::string page =
      concat("<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">\n",
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
             "data:; media-src data:; style-src 'unsafe-inline'\">\n",
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
             escaped(title_), "</title>\n<style>", k_style, "</style></head><body>\n<header><h1>",
             escaped(title_), "</h1>\n<p>", subtitle_, "</p>\n<nav aria-label=\"Sections\">");
  for (std::size_t i = 0; i < sections_.size(); ++i)
    page += concat("<a href=\"#s", i, "\">", escaped(sections_[i].heading), "</a> ");
  page += "</nav></header>\n<main>\n";
  for (std::size_t i = 0; i < sections_.size(); ++i)
    page += concat("<section id=\"s", i, "\"><h2>", escaped(sections_[i].heading), "</h2>\n",
                   sections_[i].html, "</section>\n");
  return page + "</main></body></html>\n";
}

std::string html_table(const std::string& caption,
                       const std::vector<std::vector<std::string>>& rows) {
  // What is wider than the page is scrolled, by keyboard too.
  std::string html = concat("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"",
                            escaped(caption.empty() ? "table" : caption), "\"><table>");
  if (!caption.empty()) html += concat("<caption>", escaped(caption), "</caption>");
  for (std::size_t r = 0; r < rows.size(); ++r) {
    html += "<tr>";
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const bool is_head = r == 0 || c == 0;
      const std::string& below = r == 0 && rows.size() > 1 ? rows[1][c] : rows[r][c];
      const std::string right = c > 0 && is_number(below) ? " class=\"n\"" : "";
      const char* scope = r == 0 ? " scope=\"col\"" : " scope=\"row\"";
      html += is_head ? concat("<th", scope, right, ">", escaped(rows[r][c]), "</th>")
                      : concat("<td", right, ">", escaped(rows[r][c]), "</td>");
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string html_details(const std::string& summary, const std::string& html) {
  return concat("<details><summary>", escaped(summary), "</summary>", html, "</details>\n");
}

}  // namespace weft::host
