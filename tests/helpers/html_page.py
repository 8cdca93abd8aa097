"""A strict little reader of HTML for the tests of the report: every element closed, in order."""
from html.parser import HTMLParser

VOID = {"meta", "img", "br"}


class Node:
    """An element: its name, attributes, and children (nodes and strings)."""

    def __init__(self, name, attributes=()):
        self.name, self.attributes, self.children = name, dict(attributes), []

    def all(self, name):
        """All elements of that name below this one, in the order of the page."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                found += [child] * (child.name == name) + child.all(name)
        return found

    @property
    def text(self):
        """The text in it, as a reader sees it."""
        return "".join(child.text if isinstance(child, Node) else child for child in self.children)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = [Node("page")]

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        node = Node(tag, attrs)
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read_page(text):
    """The page as a Node. AssertionError where an element is not closed in order, or a tag is left
    open."""
    assert text.startswith("<!DOCTYPE html>\n")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].name}> is never closed"
    return reader.open[0]


def table_rows(page, heading):
    """The rows of all tables in the section with that heading: lists of the cells' texts."""
    section, = [s for s in page.all("section") if s.all("h2") + s.all("h3")
                and (s.all("h2") + s.all("h3"))[0].text == heading]
    return [[cell.text for cell in row.children] for row in section.all("tr")]
