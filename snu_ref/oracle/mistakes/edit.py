"""A mistake is a wrong text for one or more lines of a program; `table.txt` lists all mistakes."""
import itertools
import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from ..program.lines import applies, read_sections


class Edit(NamedTuple):
    """One mistake: its lines (name, text), what the port does, its place in the table."""
    lines: tuple
    says: str
    when: str = ""
    order: int = 0
    k: float = None
    count: int = 1      # how many mistakes it has: 2 if two are in one line

    @property
    def slot(self):
        """The name of its first line; two edits of one slot exclude each other."""
        return self.lines[0][0]

    @property
    def fitted(self):
        """Whether its text contains a number k that is not yet known."""
        return self.k is None and any(re.search(r"\bk\b", text) for _, text in self.lines)

    @property
    def cost(self):
        """Lower is better: fewer mistakes, and mistakes without k."""
        return self.count + (0.5 if self.k is not None else 0)

    def _with_k(self, text, digits=""):
        return text if self.k is None else re.sub(
            r"\bk\b", f"{self.k:{digits}}".removesuffix(".0"), text)

    def texts(self):
        """name -> text, with the value of k."""
        return {name: self._with_k(text) for name, text in self.lines}

    def said(self):
        """What the port does, with the value of k."""
        return self._with_k(self.says, ".6g")

    def applies(self, config, inputs=None):
        """Whether it applies to a configuration, and to the shapes of a case if given."""
        return applies(self.when, config, inputs)


def texts(edits):
    """{name: text} of several edits; a later edit overrides an earlier one."""
    return {name: text for e in edits for name, text in e.texts().items()}


def merged(right, *two):
    """Two Edits of one line as one Edit that makes both changes to the right text, or None.

    They are merged like two people's changes to one file. If both change the same words, they
    must change them in the same way.
    """
    words = re.findall(r"\w+|\W", right)
    changes = set()
    for edit in two:
        new = re.findall(r"\w+|\W", edit.lines[0][1])
        changes |= {(i, j, tuple(new[k:end])) for tag, i, j, k, end in SequenceMatcher(
            None, words, new, False).get_opcodes() if tag != "equal"}
    changes = sorted(changes)
    touching = any(one[1] >= two[0] for one, two in itertools.pairwise(changes))
    if touching or any(len(e.lines) > 1 or re.search(r"\b(k|if)\b", e.lines[0][1]) for e in two):
        return None
    for i, j, new in reversed(changes):
        words[i:j] = new
    (a, b), text = two, "".join(words)
    when = " ".join(dict.fromkeys(f"{a.when} {b.when}".split()))
    try:
        compile(text, "<line>", "eval")
    except SyntaxError:         # half of a pair of parentheses is common to both
        return None
    return Edit(((a.slot, text),), f"{a.says}; and {b.says}", when, a.order + b.order,
                count=a.count + b.count)


def edits_of(rows):
    """The Edits of rows (lists of cells); a row with {n} gives one for each of 2, 3, 4 and 5."""
    rows = [[cell.replace("{n}", n) for cell in row] for row in rows
            for n in ("2345" if "{n}" in row[1] else "0")]
    return [Edit(tuple(tuple(line.strip().split(": ", 1))
                       for line in f"{slot}: {lines}".split(" ; ")), says, "".join(when), order)
            for order, (slot, lines, says, *when) in enumerate(rows)]


TABLE = {name: edits_of(rows)
         for name, rows in read_sections(Path(__file__).with_name("table.txt")).items()}
