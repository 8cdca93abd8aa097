"""The answer of a port: checked arrays, or the reason why there is nothing to compare."""
import contextlib
import sysconfig
import textwrap
import traceback
from pathlib import Path

import numpy as np

from ...files import printable

FAULTS = 3  # our choice: the most faults that are printed for a case


class Skip(Exception):
    """The port leaves this case out, for the reason given."""


class Fault(Exception):
    """The port's answer cannot be compared, for the reason given."""


def line(text, longest=300):
    """Any text as one line of at most `longest` printable characters, then " ..."."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= longest else text[:longest] + " ..."


def wrapped(text, indent=2):
    """A paragraph as lines of at most 98 characters; all lines but the first are indented."""
    return textwrap.fill(text, 98, subsequent_indent=" " * indent, break_on_hyphens=False)


@contextlib.contextmanager
def named(what, kind):
    """Turn every exception of the port's code into `kind`; the message names the port's line.

    SystemExit is included, because it would end the check with an exit status that may be 0.
    """
    try:
        yield
    except (KeyboardInterrupt, Skip, Fault):
        raise
    except BaseException as error:
        if isinstance(error, NotImplementedError) and kind is Fault:
            raise Skip(_message(error) or "not implemented") from None
        raise kind(f"{what} raised {_told(error)}") from None


def _told(error):
    """An exception in one line: its type, its message, and the last line of the port's code."""
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if not f.filename.startswith(OURS)]
    own = [f for f in frames if not f.filename.startswith(LIBRARIES)] or frames
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    code = f": {line(own[-1].line, 80)}" if own and own[-1].line else ""
    return f"{type(error).__name__}: {_message(error) or 'no message'}{place}{code}"


OURS = (str(Path(__file__).resolve().parent), "<frozen", str(Path(contextlib.__file__)))
LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


def _message(error):
    try:
        return line(str(error))
    except Exception:
        return "its message cannot be read"


def together(faults):
    """The faults of a case as one line: the first FAULTS of them, and the number of the others."""
    more = f"; and {len(faults) - FAULTS} more" if len(faults) > FAULTS else ""
    return "; ".join(faults[:FAULTS]) + more


def checked(arrays, shapes, dtype, sums=()):
    """The arrays of an answer. Raises Fault for an unknown name, a wrong dtype or a wrong shape.

    shapes: name -> shape, for all arrays of the case. sums: names of arrays whose sum is compared;
    the port may return the sum or one number for each unit. Big-endian numbers are converted, and
    subclasses of ndarray become plain. A masked array is a Fault: masked elements have no value.
    """
    good, faults = {}, []
    for name, value in arrays.items():
        if not isinstance(name, str) or name not in shapes:
            faults.append(f"unknown name {line(repr(name), 80)}; this case has {', '.join(shapes)}")
            continue
        try:
            with named("converting it to an array", Fault):
                a = np.asarray(value)
        except (Fault, Skip) as error:
            faults.append(f"{name}: expected an array, got {type(value).__name__}: {error}")
            continue
        if isinstance(value, np.ma.MaskedArray):
            faults.append(f"{name}: expected a plain array, got a masked one")
        elif a.dtype.newbyteorder("=") != dtype:
            faults.append(f"{name}: expected dtype {dtype}, got {a.dtype}")
        elif name in sums and a.ndim > 1:
            faults.append(f"{name}: expected one number or one for each unit, got shape {a.shape}")
        elif name in sums:
            good[name] = np.asarray(a.sum(dtype=dtype))
        elif a.shape != tuple(shapes[name]):
            faults.append(f"{name}: expected shape {tuple(shapes[name])}, got {a.shape}")
        else:
            good[name] = a.astype(dtype, copy=False)
    if faults:
        raise Fault(together(faults))
    return good
