"""The command line, one module a command, and beside it a text: what its --help prints.

The part "arguments" of the text says what the command takes, in lines such as

    TASK              an argument that must be there
    [BLOCK ...]       one that may be left out; ... stands for several
    --seed N = 0      an option with a value, and the value that it has otherwise
    --out DIR         an option that is None otherwise
    --dtype a|b       an option that is one of these
    --only CASE ...   an option with one value or several
    [--set TEXT ...]  an option that may be given several times
    --resume          a switch

with what each means two blanks further, or below. N is an int and T a float; DIR, PATH and RUN are
paths; any other is text. A module's CHOICES lists the values of some, `%(choices)s` in the text;
its MORE is what the help says before the examples. A line such as "list: one line a case" begins
the arguments of an action, a command within the command.
"""
import math
import re
import shutil
import textwrap
from pathlib import Path

from .. import validation

KINDS = {"N": int, "T": float, "DIR": Path, "PATH": Path, "RUN": Path}


def add_page(parser, command):
    """Give a command's parser its help and its arguments, from the text beside the module."""
    text = Path(command.__file__).with_suffix(".txt").read_text(encoding="utf-8")
    parser.description, arguments, examples = re.split(
        "^arguments:\n|^(?=examples?:\n)", text, flags=re.MULTILINE)
    parser.epilog = getattr(command, "MORE", "") + examples
    own, *actions = re.split(r"^(\w+): (.*)\n", arguments, flags=re.MULTILINE)
    choices = getattr(command, "CHOICES", {})
    add_arguments(parser, own, choices)
    if actions:
        parsers = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name, meaning, of_action in zip(*(actions[i::3] for i in range(3))):
            add_arguments(parsers.add_parser(name, help=meaning, description=meaning), of_action,
                          choices)


def add_arguments(parser, text, choices):
    """Add the arguments that stand in a text; choices: {name of an argument: its values}."""
    for entry in re.split(r"^  (?=\S)", text, flags=re.MULTILINE)[1:]:
        form, meaning = re.split(r" {2,}|\n", entry, maxsplit=1)
        form, _, default = form.partition(" = ")
        name, *value = form.strip("[]. ").split()
        keys = {"help": " ".join(meaning.split()) + " (default: %(default)s)" * bool(default)}
        if name.startswith("--") and not value:
            keys["action"] = "store_true"
        else:
            kind, = value or [name]
            free, several = form.startswith("["), "..." in form
            listed = kind.split("|") if "|" in kind else choices.get(name.strip("-").lower())
            keys |= {"metavar": None if "|" in kind else kind, "type": KINDS.get(kind, str),
                     "choices": listed, "default": default or None}
            if free and value:
                keys["action"] = "append"
            elif free or several:
                keys["nargs"] = "+" if not free else "*" if several else "?"
        parser.add_argument(name.lower(), **keys)


def seeds_of(args):
    """The seeds of --seed and --seeds, checked; without --seeds a single one."""
    first = validation.integer("--seed", args.seed, 0, math.inf)
    return range(first, first + validation.positive_int("--seeds", getattr(args, "seeds", 1)))


def wrapped(text):
    """The lines of a text, indented, as wide as the terminal, within 20 and 100 columns."""
    width = max(20, min(100, shutil.get_terminal_size().columns)) - 1
    return "\n".join(textwrap.fill(line.strip(), width, initial_indent="  ",
                                   subsequent_indent="  ") for line in text.splitlines())
