"""The start of every tutorial: options, figures that are saved or shown, checked claims.

    args, keep, claim = snu_ref.tutorial.start(globals())

A tutorial is a script in `# %%` cells. It runs from the command line or cell by cell. In an editor
or a notebook it has no options. `python tutorials/NN.py --exercises` prints its exercises in a form
that can be pasted at a prompt.
"""
import argparse
import linecache
import sys
from pathlib import Path

from . import style


def start(names):
    """Read the command line of a tutorial; names: its globals(). Returns args, keep, claim.

    args.quick, args.out   whether to make shorter runs; the folder for figures
    keep(figure, name)     save a figure there, print its path, and show it in a notebook
    claim(condition)       raise AssertionError if it is false, even if python -O drops `assert`
    """
    file = names.get("__file__")  # notebooks and some editors do not set it
    args = _options(Path(file) if file else None)
    if not __debug__:
        print("PYTHONOPTIMIZE or -O is set: the asserts of the exercises check nothing",
              file=sys.stderr)

    def keep(figure, name):
        path = style.save(figure, args.out / name, dpi=60 if args.quick else style.DPI)
        print("figure", path)
        show_in_notebook(path)

    return args, keep, claim


def _options(script):
    """The options, if the script itself runs; otherwise the arguments belong to an editor."""
    here = script.resolve().parent if script else Path()
    text = script.read_text(encoding="utf-8") if script else "\n# A tutorial."
    # the heading is in the second line
    parser = argparse.ArgumentParser(description=text.splitlines()[1].lstrip("# "),
                                     allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="shorter runs and looser bounds")
    parser.add_argument("--out", type=Path, default=here, metavar="DIR",
                        help="folder for the figures (default: beside the script)")
    parser.add_argument("--exercises", action="store_true",
                        help="print the exercises, their code ready to be pasted, and end")
    as_script = script is not None and Path(sys.argv[0]).name == script.name
    args = parser.parse_args(sys.argv[1:] if as_script else [])
    if args.exercises:
        print(exercises(text))
        sys.exit()
    return args


def exercises(text):
    """The exercises of a tutorial's text: words as comments, code ready to be pasted.

    >>> exercises("# ## Exercises\\n#\\n# 1. *Try.* Set:\\n#\\n#        x = 1\\n")
    '# 1. *Try.* Set:\\n#\\nx = 1'
    """
    _, found, part = text.partition("# ## Exercises\n")
    part = part.split("\n# %%")[0] if found else "# This tutorial has none."
    lines = [line.removeprefix("#").removeprefix(" ") for line in part.splitlines()]
    shown = [line[7:] if line.startswith("       ") else f"# {line}".rstrip() for line in lines]
    return "\n".join(shown).removeprefix("#\n").removesuffix("\n#")


def claim(condition, about=""):
    """Check a claim of the text; if it is false, AssertionError quotes the line."""
    if not condition:
        caller = sys._getframe(1)
        line = linecache.getline(caller.f_code.co_filename, caller.f_lineno).strip()
        raise AssertionError(f"line {caller.f_lineno} is false: {line} {about}".rstrip())


def show_in_notebook(path):
    """Show a figure below the cell of a notebook; elsewhere, show nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell and "IPKernelApp" in shell.config:
        from IPython.display import Image, display

        display(Image(data=Path(path).read_bytes(), width=640))
