"""The manifest of a set of vectors: what each file contains and means, and where it was made.

It has the fields of `head.json` and "cases", one line for each case, with FIELDS. The reader is
strict: a manifest that it returns has all fields, plain names and shapes of limited size. Every
text of a manifest is checked before it is used as a path.
"""
import json
import math
import os
import platform
from pathlib import Path

import numpy as np

from ...files import write_text
from .case import group
from .storage import checked_name, digest, inside, read_json, read_npz

HEAD = json.loads(Path(__file__).with_name("head.json").read_text(encoding="utf-8"))
FORMAT, VERSION = HEAD["format"], HEAD["version"]
FOLDER = Path(__file__).resolve().parents[2] / "vectors" / VERSION
LARGEST = 10 ** 6  # our choice: the most numbers in one array

FIELDS = {"id": str, "family": str, "why": str, "flags": list, "config": dict, "inputs": dict,
          "integers": list, "outputs": dict, "exact": list, "zero": list, "tolerance": dict,
          "margin": dict, "spike_rate": (list, type(None)), "gradient_norm": dict, "evidence": dict,
          "rounding": (float, type(None)), "attempt": int, "digest": str}


def environment():
    """What can change the last bit: machine, vector instructions, libc, NumPy, BLAS, its kernel."""
    found, kernel = np.show_config(mode="dicts"), os.environ.get("OPENBLAS_CORETYPE", "")
    blas = found.get("Build Dependencies", {}).get("blas", {})
    return {"machine": f"{platform.system()} {platform.machine()}",
            "simd": " ".join(found.get("SIMD Extensions", {}).get("found", [])),
            "libc": " ".join(platform.libc_ver()), "numpy": np.__version__,
            "blas": f"{blas.get('name', '?')} {blas.get('version', '?')} {kernel}".strip()}


def write_manifest(folder, head, entries):
    """Write the manifest as JSON, one line for each case."""
    lines = json.dumps({**head, "cases": []}, indent=1)
    body = ",\n".join("  " + json.dumps(entry) for entry in entries)
    text = lines.replace('"cases": []', '"cases": [\n' + body + "\n ]")
    write_text(Path(folder) / "manifest.json", text + "\n")


def read_manifest(folder=FOLDER):
    """The manifest of a folder, checked. A ValueError names the wrong field."""
    path = inside(folder, "manifest.json")
    manifest = read_json(path)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{path}: not a manifest of {FORMAT}")
    if manifest.get("version") != VERSION:
        raise ValueError(f"{path}: expected version {VERSION}, got {manifest.get('version')!r}")
    for field in ("environment", "names", "flags", "families", "tolerances", "withdrawn"):
        if not isinstance(manifest.get(field), dict):
            raise ValueError(f"{path}: field {field!r}: expected an object")
    entries = manifest.get("cases")
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path}: expected a list of cases")
    seen = set()
    for entry in entries:
        try:
            _check_entry(entry)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if entry["id"] in seen:
            raise ValueError(f"{path}: expected each case once, got {entry['id']} twice")
        seen.add(entry["id"])
    return manifest


def _check_entry(entry):
    if not isinstance(entry, dict):
        raise ValueError("cases: expected a list of objects")
    id = checked_name("case", entry.get("id"))
    for field, kind in FIELDS.items():
        value = entry.get(field)
        if not isinstance(value, kind) or isinstance(value, bool):
            kind = kind[0] if isinstance(kind, tuple) else kind
            raise ValueError(f"case {id}: field {field!r}: expected {kind.__name__}, "
                             f"got {type(value).__name__}")
    for field in ("flags", "integers", "exact", "zero"):
        if not all(isinstance(name, str) for name in entry[field]):
            raise ValueError(f"case {id}: {field}: expected a list of strings")
    for kind in ("inputs", "outputs"):
        for name, shape in entry[kind].items():
            checked_name("array", name)
            if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape) \
                    or len(shape) > 8 or math.prod(shape) > LARGEST:
                raise ValueError(f"case {id}: {name}: expected a shape of at most {LARGEST} "
                                 f"numbers, got {str(shape)[:80]}")
    for field, kind in (("exact", "outputs"), ("zero", "outputs"), ("integers", "inputs")):
        if unknown := set(entry[field]) - set(entry[kind]):
            raise ValueError(f"case {id}: {field}: no {kind[:-1]} is called "
                             f"{', '.join(sorted(unknown))}")
    for dtype in ("float64", "float32"):
        tolerance = entry["tolerance"].get(dtype)
        bound = tolerance.get("bound", "") if isinstance(tolerance, dict) else ""
        if bound is not None and not (isinstance(bound, float) and 0 < bound < 1e-3):
            raise ValueError(f"case {id}: tolerance.{dtype}: expected a bound in (0, 0.001) or "
                             f"null, got {bound!r}")


def load_case(entry, folder=FOLDER):
    """(inputs, outputs) of a case; ValueError if the file is damaged or its digest differs."""
    path = inside(folder, entry["id"] + ".npz")
    shapes = ({name: ("int64" if name in entry["integers"] else "float64", tuple(shape))
               for name, shape in entry[kind].items()} for kind in ("inputs", "outputs"))
    arrays = read_npz(path, all_arrays(*shapes))
    if digest(arrays) != entry["digest"]:
        raise ValueError(f"{path}: the digest of the numbers is not that of the manifest")
    return group(arrays, "input"), group(arrays, "output")


def all_arrays(inputs, outputs):
    """Inputs and outputs by their names in a file."""
    return {**{f"input.{name}": a for name, a in inputs.items()},
            **{f"output.{name}": a for name, a in outputs.items()}}
