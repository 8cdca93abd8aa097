"""List, show, export, verify and build the conformance vectors; print adapters.

A vector is a test case: inputs, the traces of every step, adjoints, gradients
and tolerances. `check` compares another implementation with them.

examples:
  python -m snu_ref vectors list                  one line for each case
  python -m snu_ref vectors show hand-decay       a case in full
  python -m snu_ref vectors export port           raw files, for other languages
  python -m snu_ref vectors verify                compute all numbers again
  python -m snu_ref vectors adapter torch         an adapter for a port, to edit

exit status: 0 for success, 1 if verification failed, 2 for bad input."""
import json
from pathlib import Path

from ..files import one_writer
from ..oracle.cases.building import build, verify
from ..oracle.cases.case import find
from ..oracle.cases.export import export
from ..oracle.cases.manifest import FOLDER, load_case, read_manifest
from ..oracle.cases.storage import bits

SHOWN = 12  # our choice: the numbers of an array that `show` prints without --all
LISTED = ("id", "family", "why", "config", "flags", "inputs", "outputs", "tolerance")
ADAPTERS = Path(__file__).parents[1] / "oracle" / "adapters"  # FRAMEWORK-FORM.txt, FRAMEWORK.txt
FRAMEWORKS = ("torch", "jax", "keras", "c")
FORMS = {"step": "a function of one step", "module": "an object with a state, called once a step",
         "sequence": "a function or object that takes the whole sequence"}


def add_arguments(parser):
    """The sub-commands and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="one line per case")
    listed.add_argument("--cases", default="*", metavar="PATTERN",
                          help="ids or families, with * and commas (default: all)")
    listed.add_argument("--json", action="store_true", help="print id, family, why, config, flags, "
                        "shapes of inputs and outputs, and tolerance of each case as a JSON list")
    shown = actions.add_parser("show", help="a case in full: why it exists, and its numbers in "
                                            "decimal and bits")
    shown.add_argument("case", metavar="CASE", help="the id of a case, as `vectors list` prints it")
    shown.add_argument("--all", action="store_true", help="print all numbers of large arrays")
    exported = actions.add_parser("export",
                                  help="write cases as raw little-endian .bin and .npy files")
    exported.add_argument("folder", metavar="DIR", help="folder to write to")
    exported.add_argument("--cases", default="*", metavar="PATTERN",
                          help="ids or families, with * and commas (default: all)")
    exported.add_argument("--dtype", default="float64", choices=("float64", "float32"),
                          help="dtype of the exported arrays (default: %(default)s)")
    verified = actions.add_parser("verify", help="compute every array again and compare")
    verified.add_argument("folder", nargs="?", default=str(FOLDER), metavar="DIR",
                          help="a folder of vectors (default: the vectors of the package)")
    adapter = actions.add_parser("adapter", help="print a complete adapter to edit: the code "
                                                 "between a port and `check`")
    adapter.add_argument("framework", choices=FRAMEWORKS, help="what the port is written in")
    adapter.add_argument("--form", choices=FORMS, default="module",
                         help="what the port is: " + "; ".join(f"{form}, {text}" for form, text
                                                               in FORMS.items())
                              + " (default: %(default)s)")
    built = actions.add_parser("build", help="for maintainers: write the vectors into DIR; cases "
                                             "already there are kept and must not change, new ones "
                                             "are added")
    built.add_argument("folder", metavar="DIR", help="folder of vectors")


def run(args):
    """Run the sub-command; 0, or 1 if verification failed."""
    if args.action == "verify":
        return 1 if verify(args.folder) else 0
    if args.action == "build":
        with one_writer("DIR", args.folder) as folder:
            build(folder)
    elif args.action == "export":
        print(f"{export(args.folder, args.cases, args.dtype)} cases in {args.folder}; "
              f"results go to {args.folder}/results, to be checked by: "
              f"python -m snu_ref check {args.folder}")
    elif args.action == "adapter":
        print(adapter_text(args.framework, args.form), end="")
    elif args.action == "list":
        entries = find(args.cases, read_manifest()["cases"])
        listed = [{field: entry[field] for field in LISTED} for entry in entries]
        lines = [f"{entry['id']:34} {entry['why']}" for entry in entries]
        print(json.dumps(listed, indent=1) if args.json else "\n".join(lines))
    else:
        show(args.case, args.all)
    return 0


def adapter_text(framework, form):
    """The text of an adapter: the part to edit, which depends on `form`, then the part to keep."""
    return "".join((ADAPTERS / f"{name}.txt").read_text(encoding="utf-8")
                   for name in (f"{framework}-{form}", framework))


def show(id, everything=False):
    """Print a case: why it exists, its options, evidence and arrays."""
    manifest = read_manifest()
    entries = {entry["id"]: entry for entry in manifest["cases"]}
    if id not in entries:
        reason = manifest["withdrawn"].get(id)
        raise ValueError(f"case {id!r}: " + (
            f"withdrawn: {reason}" if reason else
            "made anew by each check; in run, numpy.savez('case.npz', **case.inputs) saves it"
            if id.startswith("made-") else "unknown; `vectors list` shows all"))
    entry = entries[id]
    print(f"{id}: {entry['why']}")
    for flag in entry["flags"]:
        print(f"  catches ({flag}): {manifest['flags'][flag]}")
    print(f"  config: {json.dumps(entry['config'])}")
    for dtype, t in entry["tolerance"].items():
        bound = "not offered" if t["bound"] is None else f"{t['bound']:.1e}"
        reason = manifest["tolerances"].get(t["reason"], t["reason"])
        print(f"  tolerance {dtype}: {bound}: {reason}")
    print(f"  exact: {', '.join(entry['exact']) or '-'}    zero: {', '.join(entry['zero']) or '-'}")
    print(f"  margins: {entry['margin'] or '-'}    spike rate: {entry['spike_rate'] or '-'}")
    print(f"  derivations agree to: {entry['evidence']}    "
          f"rounding of float64: {entry['rounding']}")
    for kind, arrays in zip(("input", "output"), load_case(entry)):
        for name, a in arrays.items():
            print(f"  {kind} {name} {a.dtype} {a.shape}")
            flat = a.ravel().tolist()
            for value in flat if everything else flat[:SHOWN]:
                print(f"    {value!r:>24}" +
                      (f"  {bits(value)}" if isinstance(value, float) else ""))
            if len(flat) > SHOWN and not everything:
                print(f"    ... {len(flat) - SHOWN} more: --all")
