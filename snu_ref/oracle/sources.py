"""Where a port's numbers come from: an adapter in Python, or a folder of files.

An adapter is a class or module with

    run(case) -> {name: array}        or      forward(case) and backward(case), either or both

case is a `snu_ref.oracle.case.Case`; the names are those of case.outputs, as many of them as the port
has. NotImplementedError("reason") leaves a case out; it is listed as skipped.

A source has `dtype`, `name`, `strays` (what is there and should not be), leaves_out(id) -> a reason
or "", and get(case) -> arrays, where Skip says that a case is left out, Fault that its answer cannot
be compared.
"""
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path

import numpy as np

from .manifest import FORMAT, VERSION
from .storage import ARRAY_NAME, CASE_NAME, inside, read_bin, read_npy


class Skip(Exception):
    """The port leaves this case out, for the reason given."""


class Fault(Exception):
    """The port's answer cannot be compared, for the reason given."""


def open_source(target, dtype, entries, withdrawn):
    """The source that TARGET names. Raises ValueError if there is none, or one of another version."""
    if Path(target).is_dir():
        return FolderSource(target, dtype, entries, withdrawn)
    return AdapterSource(target, dtype)


# ---- an adapter in Python -----------------------------------------------------------------------

class AdapterSource:
    """Calls an adapter, and checks what it returns."""

    def __init__(self, target, dtype):
        self.name, self.dtype, self.strays = target, np.dtype(dtype or "float64"), []
        adapter = _import(target)
        if isinstance(adapter, type):
            try:
                adapter = adapter()
            except Exception as error:
                raise ValueError(f"{target}: making the adapter raised {_told(error)}") from None
        self._functions = [getattr(adapter, "run", None)]
        if self._functions[0] is None:
            self._functions = [f for f in (getattr(adapter, "forward", None), getattr(adapter, "backward", None)) if f]
        if not self._functions or not all(map(callable, self._functions)):
            raise ValueError(f"{target}: expected a class or module with run(case), or forward(case) and "
                             "backward(case)")

    def leaves_out(self, id):
        """"": an adapter is asked case by case."""
        return ""

    def get(self, case):
        """The arrays of a case, checked: name -> array of case.dtype."""
        arrays = {}
        for function in self._functions:
            try:
                answer = function(case)
            except NotImplementedError as error:
                raise Skip(str(error) or "not implemented") from None
            except (Exception, SystemExit) as error:
                raise Fault(f"{function.__name__} raised {_told(error)}") from None
            if answer is None or (isinstance(answer, dict) and not answer):
                raise Fault(f"{function.__name__} returned nothing: expected a dict of arrays by name")
            if not isinstance(answer, dict):
                raise Fault(f"{function.__name__} returned {type(answer).__name__}: expected a dict of arrays by name")
            arrays.update(answer)
        return checked(arrays, case)


def _import(target):
    """The module, class or object that "module:name", "path/file.py:name" or "module" stands for."""
    path, _, name = target.partition(":") if not target.endswith(".py") else (target, "", "")
    if path.endswith(".py") and not Path(path).is_file():
        raise ValueError(f"{target}: no such file")
    try:
        if path.endswith(".py"):
            sys.path.insert(0, str(Path(path).resolve().parent))
            spec = importlib.util.spec_from_file_location(Path(path).stem, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
        else:
            sys.path.insert(0, "")
            module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name and (path == error.name or path.startswith(error.name + ".")):
            raise ValueError(f"{target}: neither a folder nor an importable module; expected module:Adapter, "
                             "path/to/file.py:Adapter, or a folder of results") from None
        raise ValueError(f"{target}: importing it raised {_told(error)}") from None
    except Exception as error:  # whatever the port's own code raises
        raise ValueError(f"{target}: importing it raised {_told(error)}") from None
    for part in name.split(".") if name else ():
        if not hasattr(module, part):
            raise ValueError(f"{target}: {path} has no {name!r}")
        module = getattr(module, part)
    return module


def _told(error):
    """An exception in a line: its type, its message, and the last line of code that was not ours."""
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).resolve().parent)
    theirs = [f for f in frames if not f.filename.startswith((here, "<frozen"))]
    place = f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""
    return f"{type(error).__name__}: {str(error).strip() or 'no message'}{place}"


def checked(arrays, case):
    """The arrays of an answer; Fault for an unknown name, another dtype, or another shape."""
    good, faults = {}, []
    for name, value in arrays.items():
        if name not in case.outputs:
            faults.append(f"unknown name {name!r}; this case has {', '.join(case.outputs)}")
            continue
        try:
            a = value if isinstance(value, np.ndarray) else np.asarray(value)
        except Exception as error:
            faults.append(f"{name}: expected an array, got {type(value).__name__}: {error}")
            continue
        shape = tuple(case.outputs[name])
        if a.dtype != case.dtype:
            faults.append(f"{name}: expected dtype {case.dtype}, got {a.dtype}")
        elif a.shape != shape:
            faults.append(f"{name}: expected shape {shape}, got {a.shape}")
        else:
            good[name] = a
    if faults:
        raise Fault("; ".join(faults))
    return good


# ---- a folder of files --------------------------------------------------------------------------

class FolderSource:
    """Reads FOLDER/CASE/NAME.bin or NAME.npy; FOLDER/vectors.txt says which vectors they belong to."""

    def __init__(self, target, dtype, entries, withdrawn):
        root = Path(target)
        if (root / "results").is_dir() and (root / "manifest.json").is_file():
            root = root / "results"  # the folder that `vectors export` wrote
        self.name, self.root = str(root), root
        self.dtype = _version(root, dtype)
        known = {entry["id"] for entry in entries}
        self.strays = []
        for path in sorted(root.iterdir()):
            if path.name in known and path.is_dir() or path.name == "vectors.txt" or path.name.startswith("."):
                continue
            reason = f"withdrawn: {withdrawn[path.name]}" if path.name in withdrawn else \
                "no such case" if CASE_NAME.fullmatch(path.name) else "neither a case nor vectors.txt"
            self.strays.append(f"{path.name!r} in {root}: {reason}")

    def _files(self, id):
        folder = self.root / id
        return sorted(p for p in folder.iterdir() if p.name[0] != ".") if folder.is_dir() else []

    def leaves_out(self, id):
        """Why a case is left out, as far as that is known without its inputs; else ""."""
        return "" if self._files(id) else "no results in the folder"

    def get(self, case):
        """The arrays of a case, checked: name -> array of case.dtype."""
        try:
            inside(self.root, case.id)
        except ValueError as error:
            raise Fault(str(error)) from None
        arrays, faults = {}, []
        for path in self._files(case.id):
            name, form = path.name.rpartition(".")[::2]
            try:
                path = inside(self.root, case.id, path.name)
                if form not in ("bin", "npy") or not ARRAY_NAME.fullmatch(name) or not path.is_file():
                    raise ValueError("expected files NAME.bin or NAME.npy")
                if name not in case.outputs:
                    raise ValueError(f"unknown name {name!r}; this case has {', '.join(case.outputs)}")
                if name in arrays:
                    raise ValueError(f"{name} is there as .bin and as .npy")
                shape = tuple(case.outputs[name])
                arrays[name] = read_bin(path, case.dtype, shape) if form == "bin" else \
                    read_npy(path, 16 * max(int(np.prod(shape)), 1))
            except (ValueError, OSError, EOFError) as error:
                faults.append(f"{path.name}: {error}")
        if faults:
            raise Fault("; ".join(faults))
        return checked(arrays, case)


def _version(root, dtype):
    """The dtype of a folder of results, after its version has been found to be ours."""
    path = root / "vectors.txt"
    wanted = f"{FORMAT} {VERSION}"
    if not path.is_file():
        raise ValueError(f"{root}: no vectors.txt. It says to which vectors the results belong: copy it from the "
                         f"exported folder, or write one line, {wanted} {dtype or 'float64'}")
    words = inside(root, "vectors.txt").read_bytes()[:200].decode("utf-8", "replace").split()
    if " ".join(words[:3]) != wanted:
        raise ValueError(f"{path}: expected {wanted!r}, got {' '.join(words[:3])!r}: results of another version "
                         "are not compared")
    found = words[3] if len(words) > 3 else dtype or "float64"
    if found not in ("float32", "float64") or dtype not in (None, found):
        raise ValueError(f"{path}: the results are {found}, --dtype asks for {dtype or 'float32 or float64'}")
    return np.dtype(found)
