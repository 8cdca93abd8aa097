"""Finding out by calling what a port can do: the `can` that it should declare.

A port is asked one small case at a time: every combination of options from rest; then unequal
decays, other starts, the state after its reset, the other units. What comes out right, it can do.
"""
import itertools
import textwrap

import numpy as np

from ..cases.abilities import SNU_OPTIONS, UNITS, as_reported
from ..cases.case import Case, Definition
from ..cases.drawn import SIZES, drawn, unfit
from ..cases.literal import snu_config
from ..cases.making import make_case
from ..cases.manifest import load_case, read_manifest
from .answers import Fault, Skip
from .compare import compare
from .port import open_source

EQUAL = ("decay", "b")
FORM = {"decay": "shared", "b": "shared"}


def probe(target, say):
    """Ask the port, print what it can do and a `can` to paste; whether any case came out right."""
    entries = read_manifest()["cases"]
    source = open_source(target, None, {}, entries)
    configs = [snu_config(*c) for c in itertools.product(*(SNU_OPTIONS[k] for k in (
        "h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")))
        if c[0] == "step" or c[2] == "tanh"]
    for start, own in (("rest", {}), ("own", {"start": "own"})):
        answers, reasons = [], {}
        for config in configs:
            answer, reason = _ask(source, config, start, form={**FORM, **own})
            if "expected dtype float64, got float32" in reason and source.dtype == np.float64:
                source.dtype = np.dtype("float32")
                answer, reason = _ask(source, config, start, form={**FORM, **own})
            if answer is None:
                reasons.setdefault(reason, config)
            else:
                answers.append((config, *answer))
        right = [a for a in answers if _right(a)]
        if right:
            break
    some = right or [a for a in answers if "y" in a[2]] or answers
    can = {"unit": tuple(unit for unit in UNITS if unit == "snu" and some or unit != "snu" and any(
        _given(source, e) for e in entries if e["config"]["unit"] == unit))}
    if some:
        can.update(_of_snu(source, some, own if right else {}, len(can["unit"]) > 1))
    _report(say, can, answers, right, reasons, len(configs))
    return bool(right) or len(can["unit"]) > 1


def _ask(source, config, start="rest", shared=EQUAL, end="", form=FORM):
    """((names that came back, right ones), "") of a case made for this, or (None, why)."""
    config = {**config, **form}
    made = Definition("probe", "made", "a probe", ("g",), config,
                      drawn(config, SIZES[1], start, end, shared=shared, full=True), unfit=unfit)
    entry, inputs, outputs = make_case(made, ("twin",))
    return _given(source, entry, inputs, as_reported(config, inputs, outputs))


def _given(source, entry, inputs=None, outputs=None):
    """Likewise of any case; of one on record, whether all that came back is right."""
    on_record = inputs is None
    if on_record:
        inputs, outputs = load_case(entry)
    case = Case(entry["id"], entry["family"], entry["why"], entry["config"], inputs,
                {name: a.shape for name, a in outputs.items()}, source.dtype)
    try:
        got = source.get(case)
        with np.errstate(all="ignore"):
            wrong = compare(entry, outputs, got, source.dtype).wrong
    except (Skip, Fault) as reason:
        return False if on_record else (None, str(reason))
    except TypeError:  # the bound of a case that is not offered in float32
        return False
    return not wrong if on_record else ((tuple(got), tuple(n for n in got if n not in wrong)), "")


def _right(answer):
    """Whether y and all gradients that came back are right."""
    _, came, right = answer
    return "y" in right and all(n in right for n in came if n == "y" or n.startswith("grad."))


def _of_snu(source, some, own, any_others):
    """The abilities of the unit, from the configurations that it can do."""
    can = {key: tuple(v for v in there if any(config[key] == v for config, _, _ in some if
                                              key != "surrogate" or config["h"] == "step"))
           for key, there in SNU_OPTIONS.items()}
    config = some[0][0]
    came = dict.fromkeys(name for _, names, _ in some for name in names)

    def does(*ask, **options):
        answer, _ = _ask(source, config, *ask, **options)
        return answer is not None and _right((config, *answer)) and (
            "start.s" not in answer[0] or "start.s" in answer[1])
    for name, other in (("decay", "b"), ("b", "decay")):
        if not does("own" if own else "rest", (other,), form={other: "shared", **own}):
            can[name] = "shared"
    shared = tuple(name for name in EQUAL if name in can)
    form = {name: "shared" for name in shared}
    after = {**form, "state": "after reset"}
    if own:
        can["start"] = "own"
    elif "s" in came and "s" not in some[0][2] and "s" in (_ask(
            source, config, "rest", shared, form=after)[0] or ((), ()))[1]:
        can["state"] = "after reset"
        if not does("silent", shared, "y", form=after):
            can["start"] = "rest"
    elif not does("graded", shared, "sy", form=form):
        alone = does("silent", shared, form=form)       # s_0 without spikes that wipe it out
        can["start"] = next((start for start, more in (("spiking", {}), ("own", {"start": "own"}))
                             if (alone or more) and does(start, shared, form={**form, **more})),
                            "rest")
    gone = [n for n in came if n == "start.y" and (can.get("start") == "own" or "state" in can)]
    if not any_others:
        can["returns"] = tuple(name for name in came if name not in gone)
    if source.dtype == np.float32:
        can["dtype"] = "float32"
    return {key: value for key, value in can.items() if value != ()}


def _report(say, can, answers, right, reasons, asked):
    rows = [("option", "came out right", "not")]
    for key, there in SNU_OPTIONS.items():
        yes = [v for v in there if any(config[key] == v for config, _, _ in right)]
        rows.append((key, *(", ".join(map(str, some)) or "-" for some in (
            yes, [v for v in there if v not in yes]))))
    width = max(len(yes) for _, yes, _ in rows)
    for key, yes, no in rows:
        say(f"{key:20}{yes:{width + 2}}{no}")
    say(f"\n{len(right)} of {asked} combinations of options came out right, "
        f"{len(answers) - len(right)} wrong, {asked - len(answers)} without an answer")
    product = np.prod([len(can.get(key, there)) for key, there in SNU_OPTIONS.items()])
    if 0 < len(right) < product and set(can.get("h", ())) == {"step"}:
        say("not all combinations of what is below: the check will show which")
    for reason, config in list(reasons.items())[:3]:
        options = ", ".join(f"{key}={config[key]}" for key in SNU_OPTIONS)
        say("\n".join(textwrap.wrap(f"no answer: {reason} ({options})", 98,
                                    subsequent_indent="  ", break_on_hyphens=False)))
    if not right:
        say("No case came out right, so this is a guess: run the check, which says what is wrong.")
    say("\nPaste this into the adapter, then run the check without --probe:\n")
    parts = []
    for key, value in can.items():
        if value != (*SNU_OPTIONS.get(key, ()),) and value != UNITS:
            single = isinstance(value, tuple) and len(value) == 1 and key != "returns"
            parts.append(f"{key}={value[0] if single else value!r}" if not single
                         or not isinstance(value[0], str) else f"{key}={value[0]!r}")
    say("\n".join(textwrap.wrap(f"can = dict({', '.join(parts)})", 98, break_on_hyphens=False,
                                subsequent_indent=" " * 11)))
