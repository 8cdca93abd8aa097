"""The pieces of a self-contained HTML page: elements and tables.

    element("p", "1 < 2 ", element("strong", "always"))  ->  <p>1 &lt; 2 <strong>always</strong></p>

`element` builds everything and escapes what is not `Html` already, so text from a file cannot
become markup. `style.css` is for screens as narrow as a telephone, light and dark, and for A4
paper. A table that is too wide scrolls in its own box. Two figures stand side by side if they fit.
"""
import html


class Html(str):
    """Text that is markup already, and is not escaped again."""


def text(content):
    """Markup for anything: Html as it is, all else escaped.

    >>> text("a < b"), text(Html("<br>"))
    ('a &lt; b', '<br>')
    """
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def element(name, /, *content, **attributes):
    """<name attributes>content</name>, escaped; class_ gives class, aria_label gives aria-label.

    >>> element("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                    for key, value in attributes.items() if value is not None)
    return Html(f"<{name}{given}>{join(*content)}</{name}>")


def table(head, rows, foot=(), class_=None):
    """A table; the first cell of a row names the row.

    head: names of the columns; rows, foot: lists of lists of cells, with a line above the foot. A
    cell is text, or a tuple (text, columns) that spans several columns.
    """
    def row(cells):
        first, *others = cells
        return element("tr", element("th", first, scope="row"), *map(cell, others))

    def cell(content):
        content, span = content if isinstance(content, tuple) else (content, None)
        return element("td", content, colspan=span)

    return element(
        "table",
        element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
        element("tbody", *map(row, rows)), *([element("tfoot", *map(row, foot))] if foot else []),
        class_=class_)


def join(*parts):
    """The parts one after the other, as Html."""
    return Html("".join(map(text, parts)))
