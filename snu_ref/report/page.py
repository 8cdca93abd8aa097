"""The pieces of a self-contained HTML page: elements, tables, figures, and the page around them.

    element("p", "1 < 2 ", element("strong", "always"))  ->  <p>1 &lt; 2 <strong>always</strong></p>

Everything is built by `element`, which escapes whatever is not `Html` already: no text, from
whatever file it comes, can become markup. Figures are put inside as data URIs; the page needs no
network and has no scripts. One style sheet serves the screen, light and dark, from a telephone's
width on, and A4 paper: a table that is too wide scrolls in a box of its own, and figures stand in
pairs where there is room for two.
"""
import base64
import html

from ..files import read_regular

VOID = ("meta", "img", "br")  # elements without an end


class Html(str):
    """Text that is markup already, and is not escaped again."""


def text(content):
    """Markup for anything: Html as it is, all else escaped.

    >>> text("a < b"), text(Html("<br>"))
    ('a &lt; b', '<br>')
    """
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def element(name, /, *content, **attributes):
    """<name attributes>content</name>, escaped; an attribute's trailing _ is dropped (class_).

    >>> element("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    inside = "".join(text(part) for part in content)
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                    for key, value in attributes.items() if value is not None)
    return Html(f"<{name}{given}>" + ("" if name in VOID else f"{inside}</{name}>"))


def paragraph(*content):
    """A paragraph of text."""
    return element("p", *content)


def table(caption, head, rows, *, foot=(), class_=None):
    """A table in a box that scrolls by itself; the first cell of a row names the row.

    caption: text above it; head: dict from the names of the columns to their explanations, which
    stand below the table ("": the caption explains it); rows and, below a line, foot: lists of
    lists of cells. A cell is text, or a tuple (text, columns) that spans several columns.
    """
    def row(cells):
        first, *others = cells
        return element("tr", element("th", first, scope="row"), *map(cell, others))

    def cell(content):
        content, span = content if isinstance(content, tuple) else (content, None)
        return element("td", content, colspan=span)

    body = element(
        "table",
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *map(row, rows)), *([element("tfoot", *map(row, foot))] if foot else []),
        class_=class_)
    return element("figure", element("figcaption", caption),
                   element("div", body, class_="scroll", role="region", aria_label=caption,
                           tabindex="0"),
                   explained({name: words for name, words in head.items() if words}),
                   # a short one is not cut by a page
                   class_="table short" if len(rows) < 25 else "table")


def explained(words):
    """What some names mean, as a small paragraph: dict from names to explanations."""
    parts = [part for name, meaning in words.items()
             for part in (element("strong", name), f": {meaning}. ")]
    return element("p", *parts, class_="explained") if parts else Html()


def figure(path, alt, caption):
    """A PNG file as a figure inside the page; alt says in words what there is to see."""
    data = read_regular(path, 10 ** 7)
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        raise ValueError(f"{path}: expected a PNG file")
    width, height = (int.from_bytes(data[i:i + 4], "big") for i in (16, 20))
    image = element("img", src="data:image/png;base64," + base64.b64encode(data).decode("ascii"),
                    alt=alt, width=width, height=height)
    return element("figure", image, element("figcaption", caption))


def pairs(*figures):
    """Figures in pairs where there is room for two, one below the other elsewhere."""
    return element("div", *figures, class_="pairs")


def section(id, level, title, *content):
    """A part of the page, with its heading <h2>, <h3> ..."""
    return element("section", element(f"h{level}", title), *content, id=id)


def page(title, *body):
    """The whole document as a string."""
    head = element("head", element("meta", charset="utf-8"),
                   element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                   element("title", title), element("style", Html(STYLE)))
    return "<!DOCTYPE html>\n" + element("html", head, element("body", *body), lang="en") + "\n"


STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --soft: #595959; --line: #c9c9c9; --back: #fff;
  --box: #f4f5f7; --link: #00558c; --warn: #8a3b00; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --soft: #a9adb3; --line: #4a4f57;
  --back: #16181b; --box: #212429; --link: #7cc4f5; --warn: #ffb27a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--back);
  color: var(--text); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 3rem 0 .8rem; padding-top: .8rem;
  border-top: 2px solid var(--text); }
h3 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p, ul, ol, blockquote { max-width: 42rem; margin: .7rem 0; }
ul, ol { padding-left: 1.4rem; }
li { margin: .3rem 0; }
a { color: var(--link); }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .9em; }
p code, .number { white-space: nowrap; }
.equations { display: block; margin: 1rem 0; padding: .8rem 1rem; background: var(--box);
  border-radius: 6px; max-width: 42rem; }
.equations p { margin: .25rem 0; padding-left: 1.6em; text-indent: -1.6em; }
.equations .soft { font-size: .9em; margin-top: .5rem; padding-left: 0; text-indent: 0; }
.soft, figcaption, .source, .explained { color: var(--soft); }
.explained { font-size: .88rem; line-height: 1.4; margin-top: .4rem; }
.data { font-size: .88em; }
.warning { border-left: 4px solid var(--warn); padding: .5rem .9rem; background: var(--box); }
.warning strong { color: var(--warn); }
nav ol { columns: 14rem; padding-left: 1.3rem; }
nav li { margin: 0 0 .3rem; }
blockquote { margin-left: 0; padding: .3rem 1rem; border-left: 4px solid var(--line);
  white-space: pre-line; }
.table { margin: 1.3rem 0; }
.table figcaption { margin: 0 0 .4rem; max-width: 42rem; }
.scroll { overflow-x: auto; max-width: 100%; /* with a shadow on the side where there is more */
  background:
    linear-gradient(to right, var(--back) 30%, transparent) left / 2rem 100% no-repeat local,
    linear-gradient(to left, var(--back) 30%, transparent) right / 2rem 100% no-repeat local,
    linear-gradient(to right, var(--line), transparent) left / .6rem 100% no-repeat scroll,
    linear-gradient(to left, var(--line), transparent) right / .6rem 100% no-repeat scroll; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
table { border-collapse: collapse; font-size: .92rem; line-height: 1.4;
  font-variant-numeric: tabular-nums; }
th, td { text-align: right; vertical-align: top; padding: .3rem 0 .3rem 1.1rem;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody th, tfoot th, th:first-child { text-align: left; padding-left: 0; font-weight: 600; }
thead th { vertical-align: bottom; white-space: normal; border-bottom: 2px solid var(--text);
  font-weight: 600; }
tbody tr:last-child > * { border-bottom: 2px solid var(--text); }
tfoot th, tfoot td { color: var(--soft); font-weight: 400; }
tfoot th { white-space: normal; }
.source { display: block; font-size: .9em; font-weight: 400; }
th .source, td .source { white-space: normal; }
th .source { min-width: 8rem; max-width: 15rem; }
td .source { max-width: 9.5rem; margin-left: auto; }
.settings .source { display: inline; margin-left: .5em; }
.settings td { text-align: left; white-space: normal; min-width: 7rem; max-width: 15rem; }
.settings thead th { text-align: left; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1.2rem; margin: .7rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
figure { margin: 0; break-inside: avoid; }
figure img { display: block; width: 100%; height: auto; background: #fff; border-radius: 4px; }
figcaption { font-size: .88rem; line-height: 1.4; margin-top: .4rem; }
.pairs { display: grid; gap: 1.8rem 2rem; margin: 1.6rem 0; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
.pairs > figure { max-width: 34rem; }
@media (max-width: 30rem) {
  body { font-size: 1rem; padding-top: 1rem; }
  h1 { font-size: 1.55rem; }
  table { font-size: .84rem; }
  th, td { padding-left: .7rem; }
}
@page { size: A4; margin: 16mm 15mm; }
@media print {
  :root { --text: #000; --soft: #444; --line: #bbb; --back: #fff; --box: #f4f4f4; --link: #000;
    --warn: #8a3b00; }
  body { max-width: none; padding: 0; font-size: 10pt; line-height: 1.4; }
  h1 { font-size: 19pt; }
  h2 { font-size: 14pt; margin-top: 8mm; }
  h3 { font-size: 11.5pt; margin-top: 6mm; }
  h2, h3, .table figcaption { break-after: avoid; }
  blockquote { break-before: avoid; }
  p, ul, ol, blockquote, .equations { max-width: none; orphans: 3; widows: 3; }
  nav { display: none; }
  a { text-decoration: none; }
  .scroll { overflow: visible; background: none; }
  .table { margin: 4mm 0; break-inside: auto; }
  .short { break-inside: avoid; }
  table { font-size: 8.5pt; }
  .pairs { grid-template-columns: 1fr 1fr; gap: 5mm 6mm; margin: 4mm 0; }
  figcaption, .explained { font-size: 8.5pt; }
  li, tr, figcaption, .warning, .equations { break-inside: avoid; }
}
"""
