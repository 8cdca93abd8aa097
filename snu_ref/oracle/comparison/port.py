"""Where a port's numbers come from: an adapter in Python, or a folder of files.

An adapter is a function run(case), or a class, instance or module with

    run(case) -> {name: array}        or      forward(case) and backward(case), either or both

case is a `snu_ref.oracle.cases.case.Case`. The port returns some or all arrays of case.outputs. It
may raise NotImplementedError("reason"): the case is then listed as skipped. An attribute `can` says
what the port can do (`snu_ref.oracle.cases.abilities`).

A source is an object with `dtype`, `name`, `can` (or None), `strays` (unexpected files), `printed`
(lines that the port printed), leaves_out(id) -> a reason or "", and get(case) -> arrays. get raises
Skip if the port leaves the case out, and Fault if the answer cannot be compared.
"""
import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path

import numpy as np

from ...files import open_regular
from ...validation import one_of
from ..cases.abilities import UNITS, declared, summed
from ..cases.manifest import FORMAT, VERSION
from ..cases.storage import ARRAY_NAME, CASE_NAME, inside, look_swapped, read_bin, read_npy
from .answers import Fault, checked, line, named, together


def open_source(target, dtype=None, can=None, entries=(), withdrawn=()):
    """The source for a target. Raises ValueError if it does not exist or has another version.

    target: an adapter, its name as a string, or a folder. dtype: overrides that of `can`. can:
    overrides the adapter's `can`. entries: the manifest's cases. withdrawn: {id: reason}.
    """
    if dtype is not None:
        dtype = one_of("dtype", getattr(dtype, "__name__", str(dtype)), ("float64", "float32"))
    if isinstance(target, str) and target.strip() and Path(target).is_dir():
        if can is not None:
            raise ValueError("can: expected None for a folder of results (its cases are fixed)")
        return FolderSource(target, dtype, entries, withdrawn)
    return AdapterSource(target, dtype, can, {
        unit: {name for e in entries if e["config"]["unit"] == unit for name in e["outputs"]}
        for unit in UNITS})


# ---- an adapter in Python -----------------------------------------------------------------------

class AdapterSource:
    """Calls an adapter and checks the arrays that it returns."""

    def __init__(self, target, dtype=None, can=None, names=None):
        self.strays, self.printed = [], []
        with self._listening():
            adapter = _import(target) if isinstance(target, str) else target
            name = target if isinstance(target, str) else getattr(
                target, "__qualname__", getattr(target, "__name__", type(target).__name__))
            if isinstance(adapter, type):
                with named(f"{name}: making the adapter", ValueError):
                    adapter = adapter()
            self.name, self._functions = name, _functions(adapter, name)
            self.said = getattr(adapter, "can", None) if can is None else can
        self.can = None if self.said is None else declared(self.said, names or {})
        self.dtype = np.dtype(dtype or (self.can or {}).get("dtype", "float64"))

    @contextlib.contextmanager
    def _listening(self):
        """Collect what the port prints in `printed`."""
        heard = io.StringIO()
        try:
            with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
                yield
        finally:
            self.printed += [line(text, 90) for text in heard.getvalue().splitlines()
                             if text.strip()]

    def leaves_out(self, id):
        """Always "": an adapter leaves a case out by raising NotImplementedError."""
        return ""

    def answer(self, case):
        """The port's answer, not checked: {name: value}."""
        arrays = {}
        for name, function in self._functions.items():
            with self._listening(), named(name, Fault):
                answer = function(case)
            if not (isinstance(answer, dict) and answer):
                empty = answer is None or isinstance(answer, dict)
                raise Fault(f"{name} returned {'nothing' if empty else type(answer).__name__}: "
                            "expected a dict of arrays by name")
            arrays.update(answer)
        return arrays

    def get(self, case):
        """The checked arrays of a case: {name: array of case.dtype}."""
        shapes, dtype = dict(case.outputs), case.dtype  # copies: the port may change the case
        sums = summed(case.config)
        arrays = self.answer(case)
        if self.can and self.can["returns"]:
            if missing := [name for name in shapes if name not in arrays]:
                raise Fault(f"`can` has {', '.join(missing)} in returns, but the port did not "
                            "return it")
        return checked(arrays, shapes, dtype, sums)


def _functions(adapter, name):
    """The functions of an adapter by name: "run", or "forward" and perhaps "backward"."""
    found = {key: f for key in ("run", "forward", "backward")
             if (f := getattr(adapter, key, None)) is not None}
    if "run" in found or not found and callable(adapter):
        found = {"run": found.get("run", adapter)}
    if not found or not all(map(callable, found.values())):
        there = [key for key, value in getattr(adapter, "__dict__", {}).items()
                 if isinstance(value, type) and hasattr(value, "run")]
        raise ValueError(f"{name}: expected a class or module with run(case), or forward(case) and "
                         "backward(case), or a function run(case)"
                         + (f"; name the class as well: {name}:{there[0]}" if there else ""))
    return found


def _import(target):
    """The object that "module:name" or "path/file.py:name" names; without a name, the module."""
    in_file = re.fullmatch(r"(.*\.py)(?::(.*))?", target, re.S)  # C:\port.py has a colon
    path, name = in_file.groups() if in_file else target.partition(":")[::2]
    wanted = "expected module:Adapter, path/to/file.py:Adapter, or a folder of results"
    if path.endswith(".py") and not Path(path).is_file():
        raise ValueError(f"{target}: no such file")
    if not path.endswith(".py") and not all(part.isidentifier() for part in path.split(".")):
        raise ValueError(f"TARGET {line(target)!r}: neither a folder nor a module; {wanted}")
    try:
        with named(f"{target}: importing it", ValueError):
            if path.endswith(".py"):
                sys.path.insert(0, str(Path(path).resolve().parent))
                spec = importlib.util.spec_from_file_location(Path(path).stem, path)
                found = importlib.util.module_from_spec(spec)
                sys.modules[spec.name] = found
                spec.loader.exec_module(found)
            else:
                sys.path.insert(0, "")
                try:
                    found = importlib.import_module(path)
                except ModuleNotFoundError as error:
                    if error.name and f"{path}.".startswith(f"{error.name}."):
                        raise Fault() from None  # not a module that this one imports
                    raise
    except Fault:
        raise ValueError(f"{target}: neither a folder nor an importable module; {wanted}") from None
    for part in name.split(".") if name else ():
        with named(f"{target}: looking for {name!r}", ValueError):
            there = hasattr(found, part)
        if not there:
            raise ValueError(f"{target}: {path} has no {name!r}")
        found = getattr(found, part)
    return found


# ---- a folder of files --------------------------------------------------------------------------

class FolderSource:
    """Reads FOLDER/CASE/NAME.bin or NAME.npy; FOLDER/vectors.txt names the vectors' version."""

    def __init__(self, target, dtype, entries, withdrawn):
        root = Path(target)
        if (root / "cases.txt").is_file() or (root / "results" / "vectors.txt").is_file():
            inside(root, "results")  # the folder that `vectors export` wrote
            root = root / "results"
            if not root.is_dir():
                raise ValueError(f"{root}: no such folder; put the port's results there")
        self.name, self.root = str(root), root
        self.can, self.said, self.printed = None, None, []
        self.dtype = _version(root, dtype)
        known = {entry["id"] for entry in entries}
        self.strays = []
        for path in sorted(root.iterdir()):
            name = path.name
            if name in known and path.is_dir() or name == "vectors.txt" or name.startswith("."):
                continue
            reason = f"withdrawn: {withdrawn[name]}" if name in withdrawn else \
                "expected a folder" if name in known else \
                "no such case" if CASE_NAME.fullmatch(name) else "neither a case nor vectors.txt"
            self.strays.append(f"{line(repr(name), 100)} in {root}: {reason}")

    def _files(self, id):
        folder = self.root / id
        return sorted(p for p in folder.iterdir() if p.name[0] != ".") if folder.is_dir() else []

    def leaves_out(self, id):
        """Why this case is left out, or ""."""
        return "" if self._files(id) else "no results in the folder"

    def get(self, case):
        """The checked arrays of a case: {name: array of case.dtype}."""
        try:
            inside(self.root, case.id)
        except ValueError as error:
            raise Fault(str(error)) from None
        arrays, raw, faults = {}, [], []
        for path in self._files(case.id):
            name, form = path.name.rpartition(".")[::2]
            try:
                file = inside(self.root, case.id, path.name)
                if form not in FORMS or not ARRAY_NAME.fullmatch(name) or not file.is_file():
                    raise ValueError("expected files NAME.bin or NAME.npy")
                if name not in case.outputs:
                    raise ValueError(f"unknown name {line(repr(name), 80)}; this case has "
                                     f"{', '.join(case.outputs)}")
                if name in arrays:
                    raise ValueError(f"the folder has {name}.bin and {name}.npy: expected one")
                arrays[name] = FORMS[form](file, case.dtype, case.outputs[name])
                raw += [arrays[name]] if form == "bin" else []
            except (ValueError, OSError) as error:
                faults.append(f"{line(path.name, 80)}: {line(str(error))}")
        if faults:
            raise Fault(together(faults))
        if look_swapped(raw):
            raise Fault(".bin files: expected little-endian numbers, got numbers that look "
                        "big-endian")
        return arrays


FORMS = {"bin": read_bin, "npy": read_npy}


def _version(root, dtype):
    """The dtype of a folder of results; ValueError if its version is not ours."""
    path = root / "vectors.txt"
    wanted = f"{FORMAT} {VERSION}"
    if not path.is_file():
        raise ValueError(f"{root}: no vectors.txt, which names the version of the vectors: "
                         f"copy it from the exported folder, or write one line, {wanted} "
                         f"{dtype or 'float64'}")
    with open_regular(inside(root, "vectors.txt")) as file:
        words = file.read(200).decode("utf-8-sig", "replace").split()
    if " ".join(words[:3]) != wanted or len(words) > 4:
        raise ValueError(f"{path}: expected one line, {wanted!r} and the dtype, got "
                         f"{line(' '.join(words), 60)!r}: results of another version cannot be "
                         "compared")
    found = words[3] if len(words) > 3 else dtype or "float64"
    if found not in ("float32", "float64") or dtype not in (None, found):
        raise ValueError(f"{path}: the results are {found}, but --dtype asks for "
                         f"{dtype or 'float32 or float64'}")
    return np.dtype(found)
