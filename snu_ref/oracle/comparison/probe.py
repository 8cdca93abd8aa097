"""Find out what a port can do by calling it, and print the `can` that it should declare.

The probe runs the port on small cases: all combinations of options from rest, then unequal decays,
other starts, the state after its reset, the other units. `can` has the options with right answers.
"""
import itertools

import numpy as np

from ..cases.abilities import SNU_OPTIONS, UNITS
from ..cases.case import Definition
from ..cases.drawn import SIZES, drawn, unfit
from ..cases.literal import snu_config
from ..cases.manifest import read_manifest
from .answers import wrapped
from .checking import check_case
from .port import open_source

EQUAL = ("decay", "b")
FORM = dict.fromkeys(EQUAL, "shared")


def probe(target, say):
    """Print what the port can do and a `can` to paste; returns whether any answer was right."""
    entries = read_manifest()["cases"]
    source = open_source(target, None, {}, entries)
    configs = [snu_config(*c) for c in itertools.product(*(SNU_OPTIONS[k] for k in (
        "h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")))
        if c[0] == "step" or c[2] == "tanh"]
    for start, own in (("rest", {}), ("own", {"start": "own"})):
        answers, reasons = [], {}
        for config in configs:
            result = _ask(source, config, start, form={**FORM, **own})
            if "expected dtype float64, got float32" in result.reason:
                source.dtype = np.dtype("float32")
                result = _ask(source, config, start, form={**FORM, **own})
            if result.comparison:
                answers.append((config, result.comparison))
            else:
                reasons.setdefault(result.reason, config)
        if right := [a for a in answers if _right(a[1])]:
            break
    some = right or [a for a in answers if "y" in a[1].right] or answers
    can = {"unit": tuple(unit for unit in UNITS if unit == "snu" and some or unit != "snu" and any(
        check_case(source, e).verdict == "passed" for e in entries if e["config"]["unit"] == unit))}
    if some:
        can.update(_of_snu(source, some, own if right else {}, len(can["unit"]) > 1))
    _report(say, can, answers, right, reasons, len(configs))
    return bool(right) or len(can["unit"]) > 1


def _ask(source, config, start, shared=EQUAL, end="", form=FORM):
    """The Result of a new case; it has no comparison if the port did not answer."""
    config = {**config, **form}
    made = drawn(config, SIZES[1], start, end, shared=shared, full=True)
    return check_case(source, {"id": "probe", "definition": Definition(
        "probe", "made", "a probe", ("g",), config, made, unfit=unfit)})


def _right(comparison):
    """Whether y is right, and every gradient that was returned."""
    return comparison is not None and "y" in comparison.right and not any(
        name.startswith("grad.") for name in comparison.wrong)


def _of_snu(source, some, own, any_others):
    """What the port's SNU can do, judged by its best answers, `some`."""
    can = {key: tuple(v for v in there if any(config[key] == v for config, _ in some if
                                              key != "surrogate" or config["h"] == "step"))
           for key, there in SNU_OPTIONS.items()}
    config, first = some[0]
    came = dict.fromkeys(name for _, comparison in some for name in comparison.compared)

    def asked(*how, **options):
        return _ask(source, config, *how, **options).comparison

    def does(*how, **options):
        now = asked(*how, **options)
        return _right(now) and ("start.s" in first.wrong or "start.s" not in now.wrong)

    for name, other in (("decay", "b"), ("b", "decay")):
        if not does("own" if own else "rest", (other,), form={other: "shared", **own}):
            can[name] = "shared"
    shared = tuple(name for name in EQUAL if name in can)
    form = dict.fromkeys(shared, "shared")
    after = {**form, "state": "after reset"}
    if own:
        can["start"] = "own"
    elif "s" in first.wrong and (reset := asked("rest", shared, form=after)) \
            and "s" in reset.right:
        can["state"] = "after reset"
        if not does("silent", shared, "y", form=after):
            can["start"] = "rest"
    elif not does("graded", shared, "sy", form=form):
        alone = does("silent", shared, form=form)       # y_0 = 0, so s_0 is not reset
        can["start"] = next((start for start, more in (("spiking", {}), ("own", {"start": "own"}))
                             if (alone or more) and does(start, shared, form={**form, **more})),
                            "rest")
    lost = can.get("start") == "rest" and "start.s" in first.wrong
    gone = ["start.s"] * lost + ["start.y"] * (lost or can.get("start") == "own" or "state" in can)
    if not any_others:
        can["returns"] = tuple(name for name in came if name not in gone)
    if source.dtype == np.float32:
        can["dtype"] = "float32"
    return {key: value for key, value in can.items() if value != ()}


def _report(say, can, answers, right, reasons, asked):
    rows = [("option", "right", "not right")]
    for key, there in SNU_OPTIONS.items():
        yes = [v for v in there if any(config[key] == v for config, _ in right)]
        rows.append((key, *(", ".join(map(str, some)) or "-" for some in (
            yes, [v for v in there if v not in yes]))))
    width = max(len(yes) for _, yes, _ in rows)
    for key, yes, no in rows:
        say(f"{key:20}{yes:{width + 2}}{no}")
    say(f"\nof {asked} combinations of options, {len(right)} are right, "
        f"{len(answers) - len(right)} wrong, {asked - len(answers)} without an answer")
    product = np.prod([len(can.get(key, there)) for key, there in SNU_OPTIONS.items()])
    if 0 < len(right) < product and set(can.get("h", ())) == {"step"}:
        say("Some combinations of the options below are not right: the check shows which.")
    for reason, config in list(reasons.items())[:3]:
        options = ", ".join(f"{key}={config[key]}" for key in SNU_OPTIONS)
        say(wrapped(f"no answer: {reason} ({options})"))
    if not right:
        say("No answer was right, so this is a guess. The check says what is wrong.")
    say("\nPaste this into the adapter, then run the check without --probe:\n")
    parts = []
    for key, value in can.items():
        if value != (*SNU_OPTIONS.get(key, ()),) and value != UNITS:
            single = isinstance(value, tuple) and len(value) == 1 and key != "returns"
            parts.append(f"{key}={(value[0] if single else value)!r}")
    say(wrapped(f"can = dict({', '.join(parts)})", len("can = dict(")))
