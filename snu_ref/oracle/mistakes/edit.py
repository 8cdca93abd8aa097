"""A mistake is a line of a program, or two, as a wrong port has it; `table.txt` lists them all.

Where a mistake applies is a list of options, `h=step g!=relu`; `several` asks for more than one
unit, `square` for as many inputs as units, `samples` for more than one sample, `b=n` for as many
samples as units, `pieces` for a sequence that is given in pieces.
"""
import itertools
import re
from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """One mistake: its lines (name, text), what the port does, its place in the table."""
    lines: tuple
    says: str
    when: str = ""
    order: int = 0
    k: float = None

    @property
    def slot(self):
        """The line that it stands on; two edits of one slot exclude each other."""
        return self.lines[0][0]

    @property
    def fitted(self):
        """Whether its text holds a number k that is not known yet."""
        return self.k is None and any(re.search(r"\bk\b", text) for _, text in self.lines)

    def texts(self):
        """name -> text, with k put in."""
        k = "k" if self.k is None else f"{self.k:.12g}"
        return {name: re.sub(r"\bk\b", k, text) for name, text in self.lines}

    def said(self):
        """What the port does, with k put in."""
        return self.says if self.k is None else re.sub(r"\bk\b", f"{self.k:.6g}", self.says)

    def applies(self, config, inputs=None):
        """Whether it makes sense for a configuration, and for the shapes of a case."""
        return all(_holds(word, config, inputs) for word in self.when.split())


def _holds(word, config, inputs):
    if word == "pieces":
        return "pieces" in config
    if word in ("several", "square", "samples", "b=n"):
        if inputs is None:
            return True
        (m, n), B = inputs["params.W"].shape, inputs["x"].shape[1]
        return {"several": n > 1, "square": 1 < m == n, "samples": B > 1, "b=n": 1 < B == n}[word]
    name, sign, values = re.fullmatch(r"(\w+)(!?=)(.*)", word).groups()
    return (str(config.get(name)) in values.split(",")) == (sign == "=")


def edits_of(rows):
    """The Edits of some rows."""
    edits = []
    rows = [row.replace("{n}", str(n)) for row in rows
            for n in ((2, 3, 4, 5) if "{n}" in row else (0,))]
    for row in rows:
        slot, lines, says, *when = (cell.strip() for cell in row.split(" | "))
        pairs = [re.fullmatch(r"(?:(\w+): )?(.*)", line.strip()).groups()
                 for line in lines.split(" ; ")]
        pairs = tuple((name or slot, text) for name, text in pairs)
        edits.append(Edit(pairs, says, when[0] if when else "", len(edits)))
    return edits


def read_table(path):
    """Section of the table -> its Edits."""
    text = re.sub(r"\n +", " ", Path(path).read_text(encoding="utf-8"))
    rows = [row for row in text.splitlines() if row and not row.startswith("#")]
    sections = {}
    for row in rows:
        if row.startswith("["):
            sections[row[1:-1]] = mine = []
        else:
            mine.append(row)
    return {name: edits_of(rows) for name, rows in sections.items()}


TABLE = read_table(Path(__file__).with_name("table.txt"))
ORDERS = [f"order | {''.join(order)} | the gates stand in the order {', '.join(order)}{whose}, "
          f"not {', '.join(right)} | unit={unit}"
          for unit, right in (("gru", "rzn"), ("lstm", "ifgo"))
          for order in itertools.permutations(right) if "".join(order) != right
          for whose in [{"zrn": " (Keras 3)", "iofg": " (ONNX 1)"}.get("".join(order), "")]]
TABLE["GATED"] += edits_of(ORDERS)
