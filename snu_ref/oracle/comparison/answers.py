"""What a port returns: arrays, checked, or a reason why there is nothing to compare."""
import contextlib
import sysconfig
import textwrap
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

FAULTS = 3  # ours: that are told of one case


class Skip(Exception):
    """The port leaves this case out, for the reason given."""


class Fault(Exception):
    """The port's answer cannot be compared, for the reason given."""


def line(text, longest=300):
    """Any text as one line of printable characters, cut where it is very long."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
    return text if len(text) <= longest else text[:longest] + " ..."


def wrapped(text, indent=2):
    """A paragraph as lines of at most 98 characters, all but the first of them indented."""
    return textwrap.fill(text, 98, subsequent_indent=" " * indent, break_on_hyphens=False)


@contextmanager
def named(what, kind):
    """Whatever the port's own code raises becomes `kind`, and names the port's line.

    SystemExit too, which would end the check with the port's exit status, 0 perhaps.
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
    """An exception in a line: type, message, and the port's own last line of code."""
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
        return "a message that cannot be read"


def together(faults):
    """Several faults of one case in a line that can be read."""
    more = f"; and {len(faults) - FAULTS} more like these or others" if len(faults) > FAULTS else ""
    return "; ".join(faults[:FAULTS]) + more


def checked(arrays, shapes, dtype, sums=()):
    """The arrays of an answer; Fault for an unknown name, another dtype, or another shape.

    shapes: of all arrays that the case has; sums: names of those of which the sum is taken, one
    number or one for each unit. Big-endian numbers are turned, other subclasses of ndarray become
    plain; a masked array is refused, since what it hides is no number.
    """
    good, faults = {}, []
    for name, value in arrays.items():
        if not isinstance(name, str) or name not in shapes:
            faults.append(f"unknown name {line(repr(name), 80)}; this case has {', '.join(shapes)}")
            continue
        try:
            with named("making an array of it", Fault):
                a = np.asarray(value)
        except (Fault, Skip) as error:
            faults.append(f"{name}: expected an array, got {type(value).__name__}: {error}")
            continue
        if isinstance(value, np.ma.MaskedArray):
            faults.append(f"{name}: expected a plain array, got a masked one")
        elif a.dtype.newbyteorder("=") != dtype:
            faults.append(f"{name}: expected dtype {dtype}, got {a.dtype}")
        elif name in sums and a.ndim > 1:
            faults.append(f"{name}: expected one number, or one for each unit, got shape {a.shape}")
        elif name in sums:
            good[name] = np.asarray(a.sum(dtype=dtype))
        elif a.shape != tuple(shapes[name]):
            faults.append(f"{name}: expected shape {tuple(shapes[name])}, got {a.shape}")
        else:
            good[name] = a.astype(dtype, copy=False)
    if faults:
        raise Fault(together(faults))
    return good
