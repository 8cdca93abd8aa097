"""Writing a folder of vectors, and verifying one: every array is made again and compared."""
import json
from pathlib import Path

from ...files import whole_file
from . import tolerances
from .derivations import relative
from .families import FAMILIES, WITHDRAWN, definitions
from .flags import FLAGS
from .making import AGREEMENT, describe, make_case, remake
from .manifest import (FORMAT, NAMES, VERSION, environment, load_case, read_manifest, shapes_of,
                       write_manifest)
from .scalar import scalar_outputs
from .storage import as_text, check_text, inside, write_npz

ABOUT = ("Inputs and right answers for implementations of the Spiking Neural Unit and what belongs "
         "to it. All inputs are exactly representable in float32. Written by "
         "`python -m snu_ref vectors build`, never edited.")
HEAD = {"format": FORMAT, "version": VERSION, "about": ABOUT, "environment": None, "names": NAMES,
        "flags": FLAGS, "families": FAMILIES, "tolerances": tolerances.REASONS,
        "withdrawn": WITHDRAWN}
IN_TEXT = ("hand", "edge")  # families whose cases have a twin in JSON
ROOM = 5  # float32 errors on another machine may be so many times those on record, ours


def build(folder, say=print):
    """Write all cases into `folder`. Those that stand there already are kept, and must be the same.

    A case made elsewhere than the first ones says so in its own entry.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    old, here = {}, environment()
    there = here
    if (folder / "manifest.json").exists():
        manifest = read_manifest(folder)
        old, there = {entry["id"]: entry for entry in manifest["cases"]}, manifest["environment"]
    entries = []
    for definition in definitions():
        if definition.id in old:
            entry = old.pop(definition.id)
            problem = _differs(entry, definition, folder)[0]
            if problem:
                raise ValueError(f"{definition.id}: {problem}; a case on record never changes: "
                                 "withdraw it, and add another")
        else:
            entry, arrays = make_case(definition)
            if here != there:
                entry["environment"] = here
            write_npz(folder / f"{definition.id}.npz", arrays)
            if definition.family in IN_TEXT:
                _write_text(folder, entry, arrays)
        entries.append(entry)
    lost = set(old) - set(WITHDRAWN)
    if lost:
        raise ValueError(f"cases on record without a definition: {', '.join(sorted(lost))}; "
                         "withdraw them with a reason")
    for id in set(old) & set(WITHDRAWN):
        for suffix in (".npz", ".json"):
            inside(folder, id + suffix).unlink(missing_ok=True)
    write_manifest(folder, {**HEAD, "environment": there}, entries)
    say(f"{len(entries)} cases in {folder}")


def _write_text(folder, entry, arrays):
    content = {"id": entry["id"], "why": entry["why"], "config": entry["config"],
               "order": "C order: the last axis runs fastest; "
                        "bits: IEEE-754 double, most significant first"}
    for prefix in ("input", "output"):
        content[prefix + "s"] = as_text({name[len(prefix) + 1:]: a for name, a in arrays.items()
                                         if name.startswith(prefix + ".")})
    text = json.dumps(content, indent=1) + "\n"
    with whole_file(folder / f"{entry['id']}.json") as file:
        file.write(text.encode())


# ---- verifying ----------------------------------------------------------------------------------

def _differs(entry, definition, folder):
    """(what is wrong with a case or "", number of arrays, number of bit-identical ones)."""
    inputs, outputs = load_case(entry, folder)
    if entry["config"] != json.loads(json.dumps(definition.config)):
        return "config: differs from the definition", 0, 0
    new = remake(entry, definition)
    if set(new) != set(shapes_of(entry)):
        odd = ", ".join(sorted(set(new) ^ set(shapes_of(entry))))
        return f"other arrays than the definition: {odd}", 0, 0
    same = 0
    for name, a in new.items():
        kind, plain = name.split(".", 1)
        stored = (inputs if kind == "input" else outputs)[plain]
        if (a + 0).tobytes() == (stored + 0).astype(a.dtype).tobytes():  # -0 + 0 is 0
            same += 1
        elif kind == "input" or not relative(a, stored) <= tolerances.AGREE:
            return f"{name}: made again, it differs by {relative(a, stored):.1e}", len(new), same
    for name, a in scalar_outputs(definition.config, inputs).items():
        if not relative(a, outputs[name]) <= tolerances.AGREE:
            return f"{name}: the twin differs by {relative(a, outputs[name]):.1e}", len(new), same
    return _misdescribed(entry, describe(definition, inputs, outputs)), len(new), same


def _misdescribed(entry, right):
    """Which field of a case in the manifest does not tell what its definition and its arrays do."""
    for name, value in right.items():
        if name == "tolerance":
            same = _same_tolerance(entry[name], value)
        elif name in ("margin", "spike_rate", "gradient_norm"):
            same = _near(entry[name], value)
        else:
            same = entry[name] == json.loads(json.dumps(value))
        if not same:
            return f"{name}: differs from what the definition and the arrays say"
    if "twin" not in entry["evidence"]:
        return "evidence: the twin is missing"
    for method, value in entry["evidence"].items():
        if not (method in AGREEMENT and isinstance(value, float) and value <= AGREEMENT[method]):
            return f"evidence: {method} says {value!r}"
    return ""


def _same_tolerance(found, right):
    bound, wanted = found["float32"]["bound"], right["float32"]["bound"]
    if found["float64"] != right["float64"] or (bound is None) != (wanted is None):
        return False
    if bound is None:
        return found["float32"] == right["float32"]
    return wanted / ROOM <= bound <= wanted * ROOM and \
        tolerances.FLOAT32[0] <= bound <= tolerances.FLOAT32[1]


def _near(found, right):
    """Whether four-digit figures are the same but for a last digit."""
    if isinstance(right, dict):
        return set(found) == set(right) and all(_near(found[name], right[name]) for name in right)
    if isinstance(right, list):
        same_length = isinstance(found, list) and len(found) == len(right)
        return same_length and all(map(_near, found, right))
    return found == right or isinstance(found, float) and abs(found - right) <= 2e-3 * abs(right)


def verify(folder, say=print):
    """Make every array again and compare; returns the number of failures."""
    manifest = read_manifest(folder)
    known = {d.id: d for d in definitions()}
    here, there = environment(), manifest["environment"]
    arrays = same = owed = failures = 0

    def fail(text):
        nonlocal failures
        failures += 1
        say(f"FAILED  {text}")

    for field, right in HEAD.items():
        if field != "environment" and manifest.get(field) != right:
            fail(f"manifest.json: field {field!r} is not that of this package")
    for entry in manifest["cases"]:
        definition = known.pop(entry["id"], None)
        try:
            if definition is None:
                raise ValueError("no such case is defined")
            problem, number, identical = _differs(entry, definition, folder)
            if problem:
                raise ValueError(problem)
            if entry["family"] in IN_TEXT:
                inputs, outputs = load_case(entry, folder)
                check_text(inside(folder, entry["id"] + ".json"),
                           {**{f"input.{n}": a for n, a in inputs.items()},
                            **{f"output.{n}": a for n, a in outputs.items()}})
            arrays, same = arrays + number, same + identical
            if entry.get("environment", there) == here:
                owed += number - identical
        except ValueError as error:
            fail(f"{entry['id']}: {error}")
    for id in known:
        fail(f"{id}: missing from the manifest")
    files = {f"{e['id']}.npz" for e in manifest["cases"]} | {"manifest.json", "README.md"}
    files |= {f"{e['id']}.json" for e in manifest["cases"] if e["family"] in IN_TEXT}
    for path in sorted(Path(folder).iterdir()):
        if path.name not in files and not path.name.startswith("."):
            fail(f"{path.name}: a file that the manifest does not know")
    say(f"{len(manifest['cases'])} cases, {arrays} arrays; {same} bit-identical, the others within "
        f"{tolerances.AGREE:.0e} of the largest element")
    moved = [f"{key}: {there.get(key)} there, {here[key]} here"
             for key in here if here[key] != there.get(key)]
    if moved:
        say("bits may differ, since this is not where the first of them were made: "
            + "; ".join(moved))
    if owed and not failures:
        fail(f"{owed} arrays are not bit-identical, though platform, NumPy and BLAS are those that "
             "the manifest names for them")
    say("verified" if not failures else f"{failures} failures")
    return failures
