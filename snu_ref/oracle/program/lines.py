"""Lines of text: the right lines of each unit (`lines.txt`), resolved for a case and computed.

A line or a mistake applies to cases with certain options, such as `h=step g!=relu`. Others:
`several`, more than one unit; `square`, as many inputs as units; `samples`, more than one sample;
`b=n`, as many samples as units; `units=3`, three units; `pieces`, a sequence in pieces.
"""
import re
from functools import lru_cache
from pathlib import Path


def read_sections(path):
    """{section of a table: its rows, lists of cells}; an indented line continues the row before."""
    text = re.sub(r"\n +", " ", Path(path).read_text(encoding="utf-8"))
    sections = {}
    for row in text.splitlines():
        if row.startswith("["):
            sections[row[1:-1]] = mine = []
        elif row and not row.startswith("#"):
            mine.append([cell.strip() for cell in row.split(" | ")])
    return sections


def applies(when, config, inputs=None):
    """Whether a case meets all conditions in `when`; without inputs, those on its config."""
    return all(_holds(word, config, inputs) for word in when.split())


def _holds(word, config, inputs):
    if word == "pieces":
        return "pieces" in config
    if word in ("several", "square", "samples", "b=n") or word.startswith("units="):
        if inputs is None:
            return True
        (m, n), B = inputs["params.W"].shape, inputs["x"].shape[1]
        return {"several": n > 1, "square": 1 < m == n, "samples": B > 1, "b=n": 1 < B == n,
                f"units={n}": True}.get(word, False)
    name, sign, values = re.fullmatch(r"(\w+)(!?=)(.*)", word).groups()
    return (str(config.get(name)) in values.split(",")) == (sign == "=")


SECTIONS = read_sections(Path(__file__).with_name("lines.txt"))
UNITS = {"snu": ("snu", "snu step", "snu backward"),
         **{unit: ("gated", f"{unit} step", "gated backward") for unit in ("rnn", "gru", "lstm")},
         "training": ("training", "optimiser", "clip", "loss"),
         **{unit: (unit,) for unit in ("optimiser", "clip", "loss")},
         **dict.fromkeys(("pcm", "pcm-array"), ("pulse", "program", "age", "drifted", "white",
                                                "flicker", "digitise", "quantise", "array"))}


def right_lines(config, *sections):
    """The right lines of a configuration: name -> text. "0" stands for a missing part."""
    return dict(_right(sections or UNITS[config["unit"]],
                       tuple((name, str(value)) for name, value in config.items())))


@lru_cache(maxsize=None)
def _right(sections, options):
    return {name: text or name for section in sections for names, *cells in SECTIONS[section]
            for text, when in [(*cells, "", "")[:2]] if applies(when, dict(options))
            for name in names.split()}


def resolve(text, config):
    """A line with the functions of this configuration of the SNU for g, h, psi' and the gate."""
    if config["unit"] != "snu" or "(" not in text:
        return text
    slope = right_lines(config)["h_slope"] if "dpsi(" in text else ""
    return _resolved(text, slope, *(config[name] for name in (
        "g", "h", "surrogate", "reset_grad", "lateral_inhibition")))


def program(config, edits):
    """The resolved lines of a configuration, some of them edited (name -> text)."""
    return {name: resolve(text, config) for name, text in {**right_lines(config), **edits}.items()}


ARGUMENT = r"\(((?:[^()]|\([^()]*\))*)\)"   # it may contain parentheses, one level deep


@lru_cache(maxsize=None)
def _resolved(text, slope, g, h, surrogate, reset_grad, inhibited):
    for name, new in (("g", g), ("h", h), ("psi", f"psi_{surrogate}")):
        text = re.sub(rf"\b{name}\(", f"{new}(", text)

    def at(found):
        """psi' with another argument, in parentheses if it is a part of the line."""
        new = re.sub(r"\bv\b", found[1] if found[1].isalpha() else f"({found[1]})", slope)
        new = new.replace(f"(({found[1]}))", f"({found[1]})")
        return new if found[0] == text else f"({new})"
    text = re.sub(r"\bdpsi" + ARGUMENT, at, text)
    seen = r"const(\1)" if reset_grad == "detached" else r"\1"
    for name, new in (("fired_by", f"max({seen})" if inhibited else seen),
                      ("via_gate", r"share(\1, y)" if inhibited else r"\1"),
                      ("top", r"max(\1)" if inhibited else r"\1")):
        text = re.sub(rf"\b{name}{ARGUMENT}", new, text)
    return text


BUILTINS = {"__builtins__": {"__import__": __import__}}  # NumPy may import a module of its own
compiled = lru_cache(maxsize=None)(compile)


def compute(text, names):
    """The value of a line."""
    return eval(compiled(text, "<line>", "eval"), BUILTINS, names)


RESULTS = ("value", "dy", "after")   # the edit of such a line may use the right value


class Lines:
    """The lines of a configuration, some of them edited (name -> text), and their functions."""

    def __init__(self, config, edits, functions):
        self.sections = {name: right_lines(config, name) for name in UNITS[config["unit"]]}
        self.edits, self.functions = edits or {}, functions
        self.text = {**right_lines(config), **self.edits}

    def line(self, name, /, **names):
        """The value of one line."""
        return compute(self.text[name], {**self.functions, **names})

    def all(self, section, /, **names):
        """The names, and the values of all lines of a section."""
        names = {**self.functions, **names}
        for name, right in self.sections[section].items():
            if name not in self.edits or name in RESULTS:
                names[name] = compute(right, names)
            if name in self.edits:
                names[name] = compute(self.edits[name], names)
        return names
