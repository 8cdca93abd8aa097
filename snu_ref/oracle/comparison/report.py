"""The verdict in words, for people."""
import math
import re
import textwrap
from collections import Counter

from ..cases.manifest import FORMAT, VERSION
from ..diagnosis.causes import failing_options
from ..program.printing import meanings

OUTSIDE = "not within what `can` declares"
ALSO = 12  # further cases of a story that are listed, ours
HEARD = 5  # lines of what a port prints that are shown, ours
OTHERS = 3  # explanations that fit as well as the first, ours
CODES = {"bold": "1", "red": "31", "green": "32"}


def painter(colour):
    """A function (text, name of a colour) -> text; the colour is left out unless `colour`."""
    if not colour:
        return lambda text, name: text
    return lambda text, name: f"\033[{CODES[name]}m{text}\033[0m"


def write(say, verdict, colour=False):
    """Print the whole report of a Verdict."""
    paint, source, results = painter(colour), verdict.source, verdict.results
    say(f"{FORMAT} {VERSION}, {_dtype(source)}, {source.name}")
    if source.can:
        say(f"as `can` declares; {sum(r.entry['family'].startswith('made') for r in results)} "
            f"cases made for it (--made {verdict.made} --seed {verdict.seed})")
    say("")
    _families(say, results)
    _left_out(say, results)
    if source.printed:
        say(f"\nthe port printed {len(source.printed)} lines:")
        for text in source.printed[:HEARD]:
            say(f"  | {text}")
    expected = [r for r in results if r.expected_to_fail and r.verdict in ("failed", "error")]
    if expected:
        say(f"\nfailed as expected: {', '.join(r.id for r in expected)}")
    for stray in source.strays:
        say(paint(f"\nERROR  {stray}", "red"))
    errors = [r for r in results if r.verdict == "error" and not r.expected_to_fail]
    for reason, group in _by_reason(errors).items():
        say(paint(f"\nERROR  {_cases(group)}: {reason}", "red"))
    for hint in hints(errors):
        say(paint(f"\n       {hint}", "red"))
    for r in results:
        if r.expected_to_fail and r.verdict == "passed":
            say(paint(f"\nERROR  {r.id} passed, though it was expected to fail", "red"))
    if verdict.unsteady:
        say(paint(f"\nNOT REPEATABLE  {verdict.unsteady.id} gives other numbers on a second run: "
                  "the port keeps a state from one run to the next,\n  or draws random numbers. "
                  "Fix this first; it may cause the failures below", "red"))
    for i, story in enumerate(verdict.stories):
        _story(say, story, i + 1, len(verdict.stories), results, paint)
    say("")
    _verdict(say, verdict, paint)


def _dtype(source):
    declared = (source.can or {}).get("dtype", source.dtype)
    return f"{source.dtype}" + ("" if declared == source.dtype else
                                f" (--dtype; `can` says {declared})")


def _families(say, results):
    say(f"{'family':10} {'cases':>5} {'passed':>6} {'failed':>6} {'skipped':>7}  {'agreed to':>9}")
    for family in dict.fromkeys(r.entry["family"] for r in results if r.reason != OUTSIDE):
        mine = [r for r in results if r.entry["family"] == family]
        count = Counter(r.verdict for r in mine)
        worst = max((r.comparison.worst for r in mine if r.verdict == "passed"), default=None)
        say(f"{family:10} {len(mine):5} {count['passed'] or '-':>6} "
            f"{count['failed'] + count['error'] or '-':>6} {count['skipped'] or '-':>7}  "
            f"{'-' if worst is None else _digits(worst):>9}")


def _left_out(say, results):
    names = Counter(name for r in results if r.verdict in ("passed", "failed")
                    for name in r.left_out)
    if names:
        say("\nnot returned, so not checked (in so many cases): "
            + ", ".join(f"{name} ({n})" for name, n in names.items()))
    skipped = _by_reason(r for r in results if r.verdict == "skipped")
    if skipped and not names:
        say("")
    for reason, group in skipped.items():
        say(f"skipped, {_cases(group)}: {reason}")


def _by_reason(results):
    groups = {}
    for r in results:
        groups.setdefault(r.reason, []).append(r)
    return groups


def _cases(group):
    ids = [r.id for r in group]
    if len(ids) == 1:
        return ids[0]
    return f"{len(ids)} cases ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})"


def _story(say, story, number, total, results, paint):
    first = story.results[0]
    d, n = first.comparison.divergence, len(story.results)
    say(paint(f"\nFAILURE {number} of {total}: {n} case{'s' * (n > 1)}", "red"))
    for text in diagnosis(story, results):
        say("  " + (paint(text, "bold") if text.startswith("diagnosis") else text))
    say(f"  first divergence, in the order of computation, in the simplest of them:\n"
        f"    case      {first.id}: {first.entry['why']}\n"
        f"    tensor    {d.tensor} at ({', '.join(map(str, d.index))})"
        + (f"   ({d.axes}, from 0)" if d.index else ""))
    say(f"    expected  {d.expected!r:<24} {d.expected_bits}")
    say(f"    got       {d.got!r:<24} {d.got_bits}"
        + ("   <- the first NaN: its inputs are finite" if math.isnan(d.got) else ""))
    say(f"    apart     {d.difference:.3g}" + (f", {d.ulps} ulps" if d.ulps >= 0 else "")
        + (f"; allowed {d.allowed:.2g}" if d.allowed else "; must be equal"))
    if not math.isnan(d.margin):
        say(f"    margin    |v| = {d.margin:.3g} there")
    if d.index and d.axes.endswith("unit") and "params.decay" in first.case[0]:
        decay = first.case[0]["params.decay"][d.index[-1]]
        if decay in (0, 1):
            say(f"    decay     {decay:g} there")
    say(f"    before    {_before(d)}")
    say(f"    config    {', '.join(f'{k}={v}' for k, v in first.entry['config'].items())}")
    if not first.entry["family"].startswith("made"):
        say(f"    see       python -m snu_ref vectors show {first.id}")
    for r in story.results[1:ALSO + 1]:
        d = r.comparison.divergence
        say(f"  also {r.id}: {d.tensor} at {_index(d.index)}, expected {d.expected:.6g}, "
            f"got {d.got:.6g}")
    if n > ALSO + 1:
        say(f"  and {n - ALSO - 1} more; --json lists them all")


def diagnosis(story, results=()):
    """What is said of the cause, line by line."""
    n, first = len(story.results), story.results[0]
    wrong, right, said = first.comparison.wrong, first.comparison.right, []
    if story.grade == "digits":
        said.append(f"diagnosis: {story.says[0]}")
    elif story.grade == "confirmed":
        said.append("diagnosis: " + "; and ".join(story.says))
    elif story.grade == "held":
        said.append("diagnosis, in part: " + "; and ".join(story.says))
    else:
        said.append("no diagnosis: no known mistake gives these numbers")
    for reference, yours in story.diff:
        said += [f"    - {reference}", f"    + {yours}   (yours)"]
    said += [f"    {text}" for text in meanings(story.diff)]
    if story.form.startswith("by hand") and any(" = " in r for r, _ in story.diff) \
            and not all(r.startswith(("d", "ds/", "steps")) for r, _ in story.diff):
        said.append("    Your gradients do not follow this change: they are those of the right "
                    "equations, at the numbers of your forward pass" + story.form[7:] + ".")
    if story.grade == "confirmed":
        these = "these edits" if len(story.says) > 1 else "this edit"
        said.append(f"    confirmed: with {these} the equations give all numbers of "
                    f"{n} failing case{'s' * (n > 1)}, to "
                    f"{story.digits:.0f} digits")
    said += [f"    line {name}: {text}" for name, text in (story.lines or {}).items()]
    if story.grade == "held":
        said.append("    held: each edit holds by itself, on your own numbers of the step before "
                    "(forward) or after (backward); the rest is not explained")
    if story.where:
        said.append(f"    only where {story.where}: the other cases pass")
    for option, value, failing, passing in failing_options(results, story.results):
        said.append(f"    all {failing} cases with {option} = {value} fail, "
                    f"all {passing} others pass")
    for other in list(dict.fromkeys(map("; and ".join, story.others)))[:OTHERS]:
        said.append(f"    or, which explains these cases as well: {other}")
    if story.grade in ("", "held"):
        said.append(f"    wrong: {', '.join(wrong)}; right: {', '.join(right) or 'none'}")
        said += _place(first)
        if "s" not in first.comparison.compared and first.entry["config"]["unit"] == "snu":
            said.append("    Return s as well and check again: y alone does not show the cause.")
    if story.beside:
        said.append(f"    {_cases(story.beside)} fail{'s' * (len(story.beside) == 1)} as well, at "
                    "boundaries: check again after the change")
    return said


def _place(r):
    """Where in a trace the wrong numbers are, if they are not everywhere."""
    d, outputs = r.comparison.divergence, r.case[1]
    a, got = outputs[d.tensor], r.got[d.tensor]
    if a.ndim != 3:
        return []
    bad, said = ~(abs(got - a) <= d.allowed), []
    for axis, name in enumerate(("step", "sample", "input" if d.tensor == "grad.x" else "unit")):
        there = sorted(set(bad.nonzero()[axis].tolist()))
        if len(there) == 1 < a.shape[axis]:
            said.append(f"{name} {there[0]} alone")
    return [f"    {d.tensor} is wrong at {', '.join(said)} (from 0)"] if said else []


def hints(errors):
    """What a dtype or an axis that is wrong everywhere means, once."""
    reasons = [r.reason for r in errors]
    found = []
    dtypes = {text.split("got ")[-1].split(";")[0] for text in reasons if "expected dtype" in text}
    if len(dtypes) == 1 and dtypes <= {"float32", "float64"}:
        dtype = dtypes.pop()
        found.append(f"The port returned {dtype}. If it computes in {dtype}, use --dtype {dtype}, "
                     f"or dtype={dtype!r} in `can`")
    swapped = [m.groups() for text in reasons if (m := re.search(
        r"expected shape \((\d+), (\d+), (\d+)\), got \((\d+), (\d+), (\d+)\)", text))]
    if swapped and all((t, b, n) == (u, v, w) or (t, b, n) == (v, u, w)
                       for t, b, n, u, v, w in swapped):
        found.append("The port returned (B, T, n): batch and time are exchanged; time comes first")
    return found


def _before(d):
    if not d.before:
        return "nothing: the first number"
    how = f" to {_digits(d.agreed)}" if d.agreed else " exactly"
    return f"{d.before} numbers agreed{how}"


def _index(index):
    return f"({', '.join(map(str, index))})"


def _digits(relative):
    return "all bits" if not relative else f"{relative:.1e}"


def _verdict(say, verdict, paint):
    count = Counter(r.verdict for r in verdict.results)
    tensors = sum(len(r.comparison.compared) for r in verdict.results if r.verdict == "passed")
    if verdict.passed:
        say(paint(f"PASSED{' IN PART' * verdict.in_part}: {count['passed']} cases, {tensors} "
                  f"tensors; {count['skipped']} cases skipped", "green"))
        if verdict.not_proved:
            say("\n".join(textwrap.wrap("not proved: " + "; ".join(verdict.not_proved), 98,
                                        subsequent_indent="  ", break_on_hyphens=False)))
        known = any(r.expected_to_fail for r in verdict.results)
        but = ", but for the expected failures" * known
        say(f"Every number that was compared is right{but}. " + (
            "What is listed as not proved was not compared." if verdict.not_proved else
            "The vectors hold nothing more."))
    elif not count["passed"] and not count["failed"] and not count["error"]:
        say(paint(f"FAILED: nothing was checked; {count['skipped']} cases skipped", "red"))
    else:
        say(paint(f"FAILED: {count['failed']} cases with wrong numbers, {count['error']} with "
                  f"errors, {count['passed']} passed, {count['skipped']} skipped", "red"))
