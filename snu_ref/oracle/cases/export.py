"""An exported folder: every case as raw numbers and .npy files, for programs in any language.

snu_ref/vectors/v1/README.md, "Other languages", describes the files.
"""
import json
from pathlib import Path

import numpy as np

from ...files import one_writer, whole_file, write_text
from .case import cast, find
from .manifest import FORMAT, VERSION, load_case, read_manifest, write_manifest
from .storage import little


def export(folder, patterns, dtype):
    """Write the chosen cases into `folder`, which must be empty or new; returns their number."""
    if not str(folder) or Path(folder).is_dir() and any(Path(folder).iterdir()):
        raise ValueError(f"DIR: expected a new or empty folder, got {str(folder)!r}")
    manifest = read_manifest()
    entries = find(patterns, manifest["cases"])
    with one_writer("DIR", folder) as folder:
        for entry in entries:
            case, listed = folder / entry["id"], ""
            case.mkdir(parents=True)
            (folder / "results" / entry["id"]).mkdir(parents=True)
            for kind, arrays in zip(("input", "output"), load_case(entry)):
                for name, a in cast(arrays, dtype).items():
                    with whole_file(case / f"{kind}.{name}.bin", False) as file:
                        file.write(little(a).tobytes())
                    with whole_file(case / f"{kind}.{name}.npy", False) as file:
                        np.save(file, a, allow_pickle=False)
                    listed += " ".join([kind, name, str(a.dtype), *map(str, a.shape)]) + "\n"
            write_text(case / "arrays.txt", listed, False)
            write_text(case / "config.txt", "".join(
                f"{name} {value if isinstance(value, str) else json.dumps(value)}\n"
                for name, value in entry["config"].items()), False)
        write_text(folder / "cases.txt", "".join(f"{e['id']}\n" for e in entries), False)
        write_manifest(folder, {k: v for k, v in manifest.items() if k != "cases"}, entries)
        for where in (folder / "results", folder):  # last: without it a stopped export is of no use
            write_text(where / "vectors.txt", f"{FORMAT} {VERSION} {np.dtype(dtype)}\n", False)
    return len(entries)
