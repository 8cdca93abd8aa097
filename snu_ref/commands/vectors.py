"""List, show, export, verify and build the vectors, print adapters: see vectors.txt."""
import json
from pathlib import Path

from ..files import one_writer
from ..oracle.cases.building import build, verify
from ..oracle.cases.case import find
from ..oracle.cases.export import export
from ..oracle.cases.manifest import FOLDER, load_case, read_manifest
from ..oracle.cases.storage import bits

SHOWN = 12  # numbers of an array that `show` prints before it asks for --all, ours
LISTED = ("id", "family", "why", "config", "flags", "inputs", "outputs", "tolerance")
ADAPTERS = Path(__file__).parents[1] / "oracle" / "adapters"  # FRAMEWORK-FORM.txt, FRAMEWORK.txt
FRAMEWORKS = ("torch", "jax", "keras", "c")
FORMS = ("step", "module", "sequence")
CHOICES = {"framework": FRAMEWORKS, "form": FORMS}


def run(args):
    """Run the sub-command; 0, or 1 if verification failed."""
    if args.action == "verify":
        return 1 if verify(args.dir or FOLDER) else 0
    if args.action == "build":
        with one_writer("DIR", args.dir) as folder:
            build(folder)
    elif args.action == "export":
        print(f"{export(args.dir, args.cases, args.dtype)} cases in {args.dir}; "
              f"results go to {args.dir}/results, to be checked by: "
              f"python -m snu_ref check {args.dir}")
    elif args.action == "adapter":
        print(adapter_text(args.framework, args.form), end="")
    elif args.action == "list":
        entries = find(args.cases, read_manifest()["cases"])
        if args.json:
            print(json.dumps([{field: entry[field] for field in LISTED} for entry in entries],
                             indent=1))
            return 0
        for entry in entries:
            print(f"{entry['id']:34} {entry['why']}")
    else:
        show(args.case, args.all)
    return 0


def adapter_text(framework, form):
    """The adapter for a port of that form: the part to edit, then the part for all forms."""
    return "".join((ADAPTERS / f"{name}.txt").read_text(encoding="utf-8")
                   for name in (f"{framework}-{form}", framework))


def show(id, everything=False):
    """Print a case: texts, options, evidence, and its arrays."""
    manifest = read_manifest()
    entries = {entry["id"]: entry for entry in manifest["cases"]}
    if id not in entries:
        reason = manifest["withdrawn"].get(id)
        raise ValueError(f"case {id!r}: " + (
            f"withdrawn: {reason}" if reason else
            "only the adapter sees it; in run, numpy.savez('case.npz', **case.inputs) saves it"
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
