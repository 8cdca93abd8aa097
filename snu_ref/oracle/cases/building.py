"""Write a folder of vectors, and verify one: every array is computed again and compared."""
import json
from pathlib import Path

from ...files import write_text
from . import tolerances
from .derivations import relative
from .families import definitions
from .making import AGREEMENT, describe, make_case, remake
from .manifest import HEAD, all_arrays, environment, load_case, read_manifest, write_manifest
from .scalar import scalar_outputs
from .storage import as_text, check_text, inside, write_npz

IN_TEXT = ("hand", "edge")  # families whose cases have a copy in JSON
ROOM = 5  # our choice: the largest ratio of float32 errors on two machines


def build(folder, say=print):
    """Write all cases into `folder`. An existing case must be right, and stays as it is.

    If a case is made in another environment than the first cases, its entry names the environment.
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
            arrays = load_case(entry, folder)
            try:
                _verify_case(entry, definition, *arrays)
            except ValueError as problem:
                raise ValueError(f"{definition.id}: {problem}; a recorded case never changes: "
                                 "withdraw it and add another") from None
        else:
            entry, *arrays = make_case(definition)
            if here != there:
                entry["environment"] = here
            _write(folder, entry, *arrays)
        entries.append(entry)
    if lost := set(old) - set(HEAD["withdrawn"]):
        raise ValueError(f"recorded cases without a definition: {', '.join(sorted(lost))}; "
                         "withdraw them with a reason")
    for id in old:
        for suffix in (".npz", ".json"):
            inside(folder, id + suffix).unlink(missing_ok=True)
    write_manifest(folder, {**HEAD, "environment": there}, entries)
    say(f"{len(entries)} cases in {folder}")


def _write(folder, entry, inputs, outputs):
    """Write the files of a case."""
    write_npz(folder / f"{entry['id']}.npz", all_arrays(inputs, outputs))
    if entry["family"] in IN_TEXT:
        content = {"id": entry["id"], "why": entry["why"], "config": entry["config"],
                   "order": "C order: the last axis runs fastest; "
                            "bits: IEEE-754 double, most significant first",
                   "inputs": as_text(inputs), "outputs": as_text(outputs)}
        write_text(folder / f"{entry['id']}.json", json.dumps(content, indent=1) + "\n")


# ---- verifying ----------------------------------------------------------------------------------

def verify(folder, say=print):
    """Compute every array again and compare it; returns the number of failures."""
    manifest = read_manifest(folder)
    known = {d.id: d for d in definitions()}
    here, there = environment(), manifest["environment"]
    files = {"manifest.json", "README.md"}
    arrays = same = owed = failures = 0

    def fail(text):
        nonlocal failures
        failures += 1
        say(f"FAILED  {text}")

    for field, right in HEAD.items():
        if field != "environment" and manifest.get(field) != right:
            fail(f"manifest.json: field {field!r} differs from this package's")
    for entry in manifest["cases"]:
        id, in_text = entry["id"], entry["family"] in IN_TEXT
        files |= {f"{id}.npz", f"{id}.json"} if in_text else {f"{id}.npz"}
        definition = known.pop(id, None)
        try:
            if definition is None:
                raise ValueError("no such case is defined")
            inputs, outputs = load_case(entry, folder)
            number, identical = _verify_case(entry, definition, inputs, outputs)
            if in_text:
                check_text(inside(folder, f"{id}.json"), inputs, outputs)
        except ValueError as error:
            fail(f"{id}: {error}")
            continue
        arrays, same = arrays + number, same + identical
        if entry.get("environment", there) == here:
            owed += number - identical
    for id in known:
        fail(f"{id}: missing from the manifest")
    for path in sorted(Path(folder).iterdir()):
        if path.name not in files and not path.name.startswith("."):
            fail(f"{path.name}: a file that the manifest does not know")
    say(f"{len(manifest['cases'])} cases, {arrays} arrays; {same} bit-identical, the others within "
        f"{tolerances.AGREE:.0e} of the largest element")
    moved = [f"{key}: {there.get(key)} there, {here[key]} here"
             for key in here if here[key] != there.get(key)]
    if moved:
        say("bits may differ, because vectors were made in another environment: "
            + "; ".join(moved))
    if owed and not failures:
        fail(f"{owed} arrays are not bit-identical, though their cases were made with the "
             "platform, NumPy and BLAS that are here")
    say("verified" if not failures else f"{failures} failures")
    return failures


def _verify_case(entry, definition, inputs, outputs):
    """Count a case's arrays and its bit-identical arrays; raises ValueError for a wrong case."""
    if entry["config"] != json.loads(json.dumps(definition.config)):
        raise ValueError("config: differs from the definition")
    stored, new = all_arrays(inputs, outputs), remake(entry, definition)
    if set(new) != set(stored):
        raise ValueError("the definition does not have the same arrays: "
                         + ", ".join(sorted(set(new) ^ set(stored))))
    same = 0
    for name, a in new.items():
        if (a + 0).tobytes() == (stored[name] + 0).astype(a.dtype).tobytes():  # -0 + 0 is 0
            same += 1
        elif name.startswith("input.") or not relative(a, stored[name]) <= tolerances.AGREE:
            raise ValueError(f"{name}: recomputed, it differs by {relative(a, stored[name]):.1e}")
    for name, a in scalar_outputs(definition.config, inputs).items():
        if not relative(a, outputs[name]) <= tolerances.AGREE:
            raise ValueError(f"{name}: the twin differs by {relative(a, outputs[name]):.1e}")
    for name, right in describe(definition, inputs, outputs).items():
        near = _near_tolerance if name == "tolerance" else _near
        if not near(entry[name], json.loads(json.dumps(right))):
            raise ValueError(f"{name}: does not agree with the definition and the arrays")
    if "twin" not in entry["evidence"]:
        raise ValueError("evidence: expected a comparison with the twin, found none")
    for method, value in entry["evidence"].items():
        if not (method in AGREEMENT and isinstance(value, float) and value <= AGREEMENT[method]):
            raise ValueError(f"evidence: {method} says {value!r}")
    return len(new), same


def _near_tolerance(found, right):
    """Whether tolerances agree; float32 errors may differ by ROOM between machines."""
    bound, wanted = found["float32"]["bound"], right["float32"]["bound"]
    if bound is None or wanted is None:
        return found == right
    least, most = tolerances.FLOAT32
    return found["float64"] == right["float64"] and \
        max(least, wanted / ROOM) <= bound <= min(most, wanted * ROOM)


def _near(found, right):
    """Whether fields are equal; numbers have four digits, and the last one may differ."""
    if isinstance(right, dict):
        return set(found) == set(right) and all(_near(found[name], right[name]) for name in right)
    if isinstance(right, list):
        same_length = isinstance(found, list) and len(found) == len(right)
        return same_length and all(map(_near, found, right))
    return found == right or isinstance(found, float) and abs(found - right) <= 2e-3 * abs(right)
