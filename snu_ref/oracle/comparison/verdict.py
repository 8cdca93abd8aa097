"""The verdict in words, for people, and as JSON, for programs."""
import math

from ..cases.manifest import FORMAT, VERSION
from ..diagnosis.explanation import FORWARD_ALONE

ALSO = 12  # further cases of a story that are listed, ours
OTHERS = 3  # explanations that fit as well as the first, ours
CODES = {"bold": "1", "red": "31", "green": "32"}


def painter(colour):
    """A function (text, name of a colour) -> text; the colour is left out unless `colour`."""
    if not colour:
        return lambda text, name: text
    return lambda text, name: f"\033[{CODES[name]}m{text}\033[0m"


def passed(results, strays):
    """Whether the check is passed: nothing failed, and something was checked."""
    return (not strays and not any(r.counts_against for r in results)
            and any(r.verdict == "passed" for r in results))


def write(say, source, results, stories, unsteady=None, colour=False):
    """Print the whole report; unsteady: a Result whose case gives other numbers in another run."""
    paint = painter(colour)
    say(f"{FORMAT} {VERSION}, {source.dtype}, {source.name}\n")
    _families(say, results)
    _left_out(say, results)
    expected = [r for r in results if r.expected_to_fail and r.verdict in ("failed", "error")]
    if expected:
        say(f"\nfailed as expected: {', '.join(r.id for r in expected)}")
    for stray in source.strays:
        say(paint(f"\nERROR  {stray}", "red"))
    errors = [r for r in results if r.verdict == "error" and not r.expected_to_fail]
    for reason, group in _by_reason(errors).items():
        say(paint(f"\nERROR  {_cases(group)}: {reason}", "red"))
    for r in results:
        if r.expected_to_fail and r.verdict == "passed":
            say(paint(f"\nERROR  {r.id} passed, though it was expected to fail", "red"))
    if unsteady:
        say(paint(f"\nNOT REPEATABLE  {unsteady.id} gives other numbers when it is run again: the "
                  "port keeps a state from one run to the next,\n  or draws at random. Mend this "
                  "first: what is said of the failures below may rest on it", "red"))
    for i, story in enumerate(stories):
        _story(say, story, i + 1, len(stories), paint)
    say("")
    _verdict(say, source, results, paint)


def _families(say, results):
    say(f"{'family':10} {'cases':>5} {'passed':>6} {'failed':>6} {'skipped':>7}  {'agreed to':>9}")
    for family in dict.fromkeys(r.entry["family"] for r in results):
        mine = [r for r in results if r.entry["family"] == family]
        count = _count(mine)
        worst = max((r.comparison.worst for r in mine if r.verdict == "passed"), default=None)
        say(f"{family:10} {len(mine):5} {count['passed'] or '-':>6} "
            f"{count['failed'] + count['error'] or '-':>6} {count['skipped'] or '-':>7}  "
            f"{'-' if worst is None else _digits(worst):>9}")


def _count(results):
    return {verdict: sum(r.verdict == verdict for r in results)
            for verdict in ("passed", "failed", "error", "skipped")}


def _left_out(say, results):
    names = {}
    for r in results:
        if r.verdict in ("passed", "failed"):
            for name in r.left_out:
                names[name] = names.get(name, 0) + 1
    if names:
        say("\nnot returned, so not checked: "
            + ", ".join(f"{name} ({n})" for name, n in names.items()))
    for reason, group in _by_reason(r for r in results if r.verdict == "skipped").items():
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


def _story(say, story, number, total, paint):
    first = story.results[0]
    d, n = first.comparison.divergence, len(story.results)
    say(paint(f"\nFAILURE {number} of {total}: {n} case{'s' * (n > 1)}", "red"))
    if story.explanation is not None:
        _diagnosis(say, story, paint)
    else:
        _no_diagnosis(say, story)
    say(f"  first divergence, in the order of computation, in the simplest of them:\n"
        f"    case      {first.id}: {first.entry['why']}\n"
        f"    tensor    {d.tensor} at ({', '.join(map(str, d.index))})"
        + (f"   ({d.axes}, from 0)" if d.index else ""))
    say(f"    expected  {d.expected!r:<24} {d.expected_bits}")
    say(f"    got       {d.got!r:<24} {d.got_bits}"
        + ("   <- not a number" if math.isnan(d.got) else ""))
    say(f"    apart     {d.difference:.3g}" + (f", {d.ulps} ulps" if d.ulps >= 0 else "")
        + (f"; allowed {d.allowed:.2g}" if d.allowed else "; must be equal"))
    if not math.isnan(d.margin):
        say(f"    margin    |v| = {d.margin:.3g} there")
    say(f"    before    {_before(d)}")
    say(f"    config    {', '.join(f'{k}={v}' for k, v in first.entry['config'].items())}")
    say(f"    see       python -m snu_ref vectors show {first.id}")
    for r in story.results[1:ALSO + 1]:
        d = r.comparison.divergence
        say(f"  also {r.id}: {d.tensor} at {_index(d.index)}, expected {d.expected:.6g}, "
            f"got {d.got:.6g}")
    if n > ALSO + 1:
        say(f"  and {n - ALSO - 1} more; --json lists them all")


def _diagnosis(say, story, paint):
    e, n = story.explanation, len(story.results)
    say("  " + paint(f"diagnosis: {e.text}", "bold"))
    say(f"    the port's {'traces equal' if FORWARD_ALONE in e.names else 'numbers equal'} that in "
        f"{n} of the failing cases, to {e.digits:.0f} digits in the one diagnosed")
    if story.where:
        say(f"    so it is in cases with {story.where} alone: others, which would fail too, pass")
    for other in story.others[:OTHERS]:
        say(f"    or, which these cases do not tell apart: {other.text}")


def _no_diagnosis(say, story):
    first = story.results[0]
    say("  diagnosis: none of the known mistakes gives these numbers"
        + ("; nearest to them in one case:" if story.partly else ""))
    for other in story.partly:
        say(f"    {other.text}")
    for e, count, doubt in story.described:
        say(f"    {count} of these cases {'look' if count > 1 else 'looks'} as if: {e.text}\n"
            f"      this describes the numbers, it is no diagnosis: {doubt}")
    right = [name for name in first.comparison.compared if name not in first.comparison.wrong]
    say(f"    wrong: {', '.join(first.comparison.wrong)}; right: {', '.join(right) or 'none'}")


def _before(d):
    if not d.before:
        return "nothing: the first number"
    how = f" to {_digits(d.agreed)}" if d.agreed else " exactly"
    return f"{d.before} numbers agreed{how}"


def _index(index):
    return f"({', '.join(map(str, index))})"


def _digits(relative):
    return "all bits" if not relative else f"{relative:.1e}"


def _verdict(say, source, results, paint):
    count = _count(results)
    tensors = sum(len(r.comparison.compared) for r in results if r.comparison)
    if passed(results, source.strays):
        text = (f"PASSED: {count['passed']} cases, {tensors} tensors; "
                f"{count['skipped']} cases skipped")
        return say(paint(text, "green"))
    if not count["passed"] and not count["failed"] and not count["error"]:
        return say(paint(f"FAILED: nothing was checked; {count['skipped']} cases skipped",
                         "red"))
    return say(paint(f"FAILED: {count['failed']} cases with wrong numbers, {count['error']} with "
                     f"errors, {count['passed']} passed, {count['skipped']} skipped", "red"))


def as_json(source, results, stories, unsteady=None):
    """The same as plain dicts and lists."""
    story_of = {r.id: i for i, story in enumerate(stories) for r in story.results}
    return {
        "format": FORMAT, "version": VERSION, "target": source.name, "dtype": str(source.dtype),
        "passed": passed(results, source.strays), "strays": source.strays,
        "not_repeatable": unsteady and unsteady.id,
        "stories": [_as_json(story) for story in stories],
        "cases": [_case(r, story_of) for r in results],
    }


def _as_json(story):
    return {"cases": [r.id for r in story.results],
            "diagnosis": story.explanation and _explanation(story.explanation),
            "where": story.where,
            "described": [{**_explanation(e), "cases": count, "doubt": doubt}
                          for e, count, doubt in story.described]}


def _explanation(e):
    return {"variants": list(e.names), "text": e.text, "digits": float(e.digits)}


def _case(r, story_of):
    case = {"id": r.id, "family": r.entry["family"], "verdict": r.verdict, "reason": r.reason,
            "expected_to_fail": r.expected_to_fail, "story": story_of.get(r.id),
            "compared": list(r.comparison.compared) if r.comparison else [], "left_out": r.left_out}
    if r.comparison:
        case["worst"] = _finite(r.comparison.worst)
        if r.comparison.divergence:
            d = r.comparison.divergence._asdict()
            case["divergence"] = {k: _finite(v) if isinstance(v, float) else v
                                  for k, v in d.items()}
    return case


def _finite(value):
    """JSON has no NaN and no infinity: those become texts."""
    return value if math.isfinite(value) else str(value)
