"""The verdict as a text."""
import math
import re
from collections import Counter

from ..cases.manifest import FORMAT, VERSION
from ..diagnosis.seen import OPTIONS
from ..program.printing import meanings
from .answers import wrapped

OUTSIDE = "outside what `can` declares"
ALSO = 12  # our choice: the most cases of a failure that are listed after the first
HEARD = 5  # our choice: the most lines of the port's output that are shown
OTHERS = 3  # our choice: the most other explanations that are listed
CODES = {"bold": "1", "red": "31", "green": "32"}


def write(out, verdict, colour=False):
    """Print the whole report of a Verdict, line by line, with out(text)."""
    def say(text, shade=None):
        out(f"\033[{CODES[shade]}m{text}\033[0m" if colour and shade else text)

    source, results = verdict.source, verdict.results
    declared = (source.can or {}).get("dtype", source.dtype)
    other = "" if declared == source.dtype else f" (--dtype; `can` says {declared})"
    say(f"{FORMAT} {VERSION}, {source.dtype}{other}, {source.name}")
    if source.can:
        n = sum(r.entry["family"].startswith("made") for r in results)
        say(f"only cases that fit `can`; made for this check: {n} (--made {verdict.made} "
            f"--seed {verdict.seed})")
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
    errors = [r for r in results if r.verdict == "error" and not r.expected_to_fail]
    faults = [f"ERROR  {stray}" for stray in source.strays]
    faults += [f"ERROR  {_cases(group)}: {reason}" for reason, group in _by_reason(errors).items()]
    faults += [f"       {hint}" for hint in hints(errors)]
    faults += [f"ERROR  {r.id} passed, but a failure was expected" for r in results
               if r.expected_to_fail and r.verdict == "passed"]
    if verdict.unsteady:
        faults.append(f"NOT REPEATABLE  {verdict.unsteady.id} gives different numbers on a second "
                      "run: the port keeps a state from one run\n  to the next, or draws random "
                      "numbers. Fix this first; it may cause the failures below")
    for text in faults:
        say(f"\n{text}", "red")
    for i, story in enumerate(verdict.stories, 1):
        n = len(story.results)
        say(f"\nFAILURE {i} of {len(verdict.stories)}: {n} case{'s' * (n > 1)}", "red")
        _story(say, story, results)
    say("")
    _verdict(say, verdict)


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
        say("\n" + wrapped("not returned, so not checked: " + ", ".join(
            f"{name} ({n} case{'s' * (n > 1)})" for name, n in names.items())))
    skipped = _by_reason(r for r in results if r.verdict == "skipped")
    if skipped and not names:
        say("")
    for reason, group in skipped.items():
        say(wrapped(f"skipped, {_cases(group)}: {reason}"))


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


def _story(say, story, results):
    for text in diagnosis(story, results):
        say(wrapped(f"  {text}", 8), "bold" if text.startswith("diagnosis") else None)
    say("  the simplest of these cases, and its first wrong number in the order of computation:")
    for name, text in _divergence(story.results[0]):
        say(wrapped(f"    {name:10}{text}", 14))
    for r in _kinds_first(story.results[1:])[:ALSO]:
        d = r.comparison.divergence
        say(f"  also {r.id}: {d.tensor} at {_index(d)}, expected {d.expected:.6g}, got {d.got:.6g}"
            + ", where the right v is 0" * (d.margin == 0))
    if len(story.results) > ALSO + 1:
        say(f"  and {len(story.results) - ALSO - 1} more; --json lists them all")


def _kinds_first(results):
    """The Results, reordered: one for each kind of first wrong number, then a second one, ..."""
    count = Counter()

    def nth(r):
        d = r.comparison.divergence
        kind = d.tensor, d.index[:1] == (0,), d.margin == 0
        count[kind] += 1
        return count[kind]
    return sorted(results, key=nth)


def _divergence(r):
    """Yield (name, text) of each fact about the first wrong number of a Result."""
    d = r.comparison.divergence
    yield "case", f"{r.id}: {r.entry['why']}"
    yield "tensor", f"{d.tensor} at {_index(d)}" + (f"   ({d.axes}, from 0)" if d.index else "")
    yield "expected", f"{d.expected!r:<24} {d.expected_bits}"
    yield "got", f"{d.got!r:<24} {d.got_bits}" + (
        "   <- the first NaN; all numbers before it are finite" if math.isnan(d.got) else "")
    yield "error", f"{d.difference:.3g}" + (f", {d.ulps} ulps" if 0 <= d.ulps < 1e6 else "") + (
        f"; allowed {d.allowed:.2g}" if d.allowed else "; must be equal")
    if not math.isnan(d.margin):
        yield "margin", f"|v| = {d.margin:.3g}, the distance from the threshold"
    if d.index and d.axes.endswith("unit") and "params.decay" in r.case[0]:
        decay = r.case[0]["params.decay"][d.index[-1]]
        if decay in (0, 1):
            yield "decay", f"{decay:g} in this unit"
    how = f" to {_digits(d.agreed)}" if d.agreed else " exactly"
    some = f"{d.before} number{'s' * (d.before > 1)} agreed{how}"
    yield "before", some if d.before else "no numbers: it is the first"
    yield "config", ", ".join(f"{k}={v}" for k, v in r.entry["config"].items())
    if not r.entry["family"].startswith("made"):
        yield "see", f"python -m snu_ref vectors show {r.id}"


def _index(divergence):
    return f"({', '.join(map(str, divergence.index))})"


def diagnosis(story, results=()):
    """The lines of the report on the cause of a failure."""
    n, first = len(story.results), story.results[0]
    wrong = dict.fromkeys(name for r in story.results for name in r.comparison.wrong)
    right = dict.fromkeys(name for r in story.results for name in r.comparison.right
                          if name not in wrong)
    if story.grade:
        part = ", in part" * (story.grade == "held")
        said = [f"diagnosis{part}: {'; and '.join(story.says)}"]
    else:
        said = ["no diagnosis: " + ("the limit of trials was reached" if story.ended
                                    else "no known mistake was found that gives these numbers")]
    for reference, yours in story.diff:
        said += [f"    - {reference}", f"    + {yours}   (yours)"]
    said += [f"    {text}" for text in meanings(story.diff)]
    if story.form.startswith("by hand") and any(" = " in r for r, _ in story.diff) \
            and not all(r.startswith(("d", "ds/", "steps")) for r, _ in story.diff):
        said.append("    Your gradients follow the right equations, not the edited ones; they use "
                    "the numbers of your forward pass" + story.form[7:] + ".")
    if story.grade == "confirmed":
        these = "these edits" if len(story.says) > 1 else "this edit"
        said.append(f"    confirmed: with {these} the equations give all numbers of "
                    f"{n} failing case{'s' * (n > 1)}, to {story.digits:.0f} digits")
    lines = story.lines or {}
    said += [f"    {'forward' if name in 'zsvy' else 'backward'} line {name}: {text}"
             for name, text in lines.items()]
    if story.grade == "held":
        forward = [text for name, text in lines.items() if name in "zsvy"]
        how = " or ".join(word for word in ("nearly", "partly") if any(
            text.startswith(word) for text in forward))
        said.append(f"    line by line: each edit {how}{' ' * bool(how)}gives your numbers, "
                    "computed from your own numbers of the neighbouring step. " + (
                        "Your forward pass is explained, but not all wrong gradients are"
                        if forward and all(text.startswith("holds") for text in forward) else
                        "Other wrong numbers are not explained"))
    for option, value, failing, passing in _failing_options(results, story.results):
        said.append(f"    all {failing} cases with {option} = {value} fail, "
                    f"all {passing} others pass")
    for other in list(dict.fromkeys(map("; and ".join, story.others)))[:OTHERS]:
        said.append(f"    another explanation of these cases: {other}")
    if story.grade in ("", "held"):
        said.append(f"    wrong: {', '.join(wrong)}; right: {', '.join(right) or 'none'}")
        if "y" in wrong and "s" not in first.comparison.compared \
                and first.entry["config"]["unit"] == "snu":
            said.append("    Return s as well and check again: y alone does not show the cause.")
    if story.beside:
        said.append(f"    also failed, on boundary cases: {_cases(story.beside)}. Check again "
                    "after the change")
    return said


def _failing_options(results, mine):
    """(option, value, failing, passing) where all cases with this value fail, and no others."""
    units = [r for r in results if r.entry["config"]["unit"] == "snu"
             and r.verdict in ("passed", "failed")]
    ids, found = {r.id for r in mine}, []
    if {r.id for r in units if r.verdict == "failed"} - ids:
        return []
    for option in OPTIONS:
        for value in dict.fromkeys(r.entry["config"][option] for r in units):
            there = {r.id for r in units if r.entry["config"][option] == value}
            if there == ids and len(there) < len(units):
                found.append((option, value, len(there), len(units) - len(there)))
    return found


def hints(errors):
    """The likely cause, if all arrays have the same wrong dtype or their first two axes swapped."""
    reasons, found = "\n".join(r.reason for r in errors), []
    dtype, *others = set(re.findall(r"expected dtype \w+, got (\w+)", reasons)) or [""]
    if dtype in ("float32", "float64") and not others:
        found.append(f"The port returned {dtype}. If it computes in {dtype}, use --dtype {dtype}, "
                     f"or dtype={dtype!r} in `can`")
    swapped = re.findall(
        r"expected shape \((\d+), (\d+), (\d+)\), got \((\d+), (\d+), (\d+)\)", reasons)
    if swapped and all((t, b, n) in ((u, v, w), (v, u, w)) for t, b, n, u, v, w in swapped):
        found.append("The port returned (B, T, n). Time comes first: (T, B, n)")
    return found


def _digits(relative):
    return "all bits" if not relative else f"{relative:.1e}"


def _verdict(say, verdict):
    count = Counter(r.verdict for r in verdict.results)
    tensors = sum(len(r.comparison.compared) for r in verdict.results if r.verdict == "passed")
    if verdict.passed:
        say(f"PASSED{' IN PART' * verdict.in_part}: {count['passed']} cases, {tensors} tensors; "
            f"{count['skipped']} cases skipped", "green")
        if verdict.not_proved:
            say(wrapped("not proved: " + "; ".join(verdict.not_proved)))
        known = any(r.expected_to_fail for r in verdict.results)
        but = ", except for the expected failures" * known
        say(f"Every number that was compared is right{but}. " + (
            "Nothing listed as not proved was compared." if verdict.not_proved else
            "The vectors contain nothing else."))
    elif not count["passed"] and not count["failed"] and not count["error"]:
        say(f"FAILED: nothing was checked; {count['skipped']} cases skipped", "red")
    else:
        say(f"FAILED. Cases: {count['failed']} with wrong numbers, {count['error']} with errors, "
            f"{count['passed']} passed, {count['skipped']} skipped", "red")
