"""The verdict in words, for people, and as JSON, for programs."""
import math

from .manifest import FORMAT, VERSION

ALSO = 12  # further cases of a story that are listed, ours
OTHERS = 3  # explanations that fit as well as the first, ours
CODES = {"bold": "1", "red": "31", "green": "32"}


def painter(colour):
    """A function (text, name of a colour) -> text; the colour is left out unless `colour`."""
    return (lambda text, name: f"\033[{CODES[name]}m{text}\033[0m") if colour else (lambda text, name: text)


def passed(results, strays):
    """Whether the check is passed: nothing failed, and something was checked."""
    return not strays and not any(r.counts_against for r in results) and any(r.verdict == "passed" for r in results)


def write(say, source, results, stories, colour=False):
    """Print the whole report."""
    paint = painter(colour)
    say(f"{FORMAT} {VERSION}, {source.dtype}, {source.name}\n")
    _families(say, results)
    _left_out(say, results)
    expected = [r for r in results if r.expected_to_fail and r.verdict in ("failed", "error")]
    if expected:
        say(f"\nfailed as expected: {', '.join(r.id for r in expected)}")
    for stray in source.strays:
        say(paint(f"\nERROR  {stray}", "red"))
    for reason, group in _by_reason(r for r in results if r.verdict == "error" and not r.expected_to_fail).items():
        say(paint(f"\nERROR  {_cases(group)}: {reason}", "red"))
    for r in results:
        if r.expected_to_fail and r.verdict == "passed":
            say(paint(f"\nERROR  {r.id} passed, though it was expected to fail", "red"))
    for i, story in enumerate(stories):
        _story(say, story, i + 1, len(stories), paint)
    say("")
    _verdict(say, source, results, paint)


def _families(say, results):
    say(f"{'family':10} {'cases':>5} {'passed':>6} {'failed':>6} {'skipped':>7}  {'agreed to':>9}")
    for family in dict.fromkeys(r.entry["family"] for r in results):
        mine = [r for r in results if r.entry["family"] == family]
        count = {v: sum(r.verdict == v for r in mine) for v in ("passed", "failed", "error", "skipped")}
        worst = max((r.comparison.worst for r in mine if r.verdict == "passed"), default=None)
        say(f"{family:10} {len(mine):5} {count['passed'] or '-':>6} {count['failed'] + count['error'] or '-':>6} "
            f"{count['skipped'] or '-':>7}  {'-' if worst is None else _digits(worst):>9}")


def _left_out(say, results):
    names = {}
    for r in results:
        if r.verdict in ("passed", "failed"):
            for name in r.left_out:
                names[name] = names.get(name, 0) + 1
    if names:
        say("\nnot returned, so not checked: " + ", ".join(f"{name} ({n})" for name, n in names.items()))
    for reason, group in _by_reason(r for r in results if r.verdict == "skipped").items():
        say(f"skipped, {_cases(group)}: {reason}")


def _by_reason(results):
    groups = {}
    for r in results:
        groups.setdefault(r.reason, []).append(r)
    return groups


def _cases(group):
    ids = [r.id for r in group]
    return ids[0] if len(ids) == 1 else f"{len(ids)} cases ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})"


def _story(say, story, number, total, paint):
    first = story.results[0]
    d, n = first.comparison.divergence, len(story.results)
    say(paint(f"\nFAILURE {number} of {total}: {n} case{'s' * (n > 1)}", "red"))
    e = story.explanation
    if e is not None:
        say("  " + paint(f"diagnosis: {e.text}", "bold"))
        say(f"    the port's numbers equal that in {n} of the failing cases, to {e.digits:.0f} digits in the one "
            f"diagnosed" + (f"; but {story.against} of {story.looked_at} passing cases looked at speak against it"
                            if story.against else ""))
        for other in story.others[:OTHERS]:
            say(f"    or, which these cases do not tell apart: {other.text}")
    else:
        say("  diagnosis: none of the known mistakes gives these numbers" + (
            "; nearest to them:" if story.partly else ""))
        for other in story.partly:
            say(f"    {other.text}")
        right = [name for name in first.comparison.compared if name not in first.comparison.wrong]
        say(f"    wrong: {', '.join(first.comparison.wrong)}; right: {', '.join(right) or 'none'}")
    say(f"  first divergence, in the order of computation, in the simplest of them:\n"
        f"    case      {first.id}: {first.entry['why']}\n"
        f"    tensor    {d.tensor} at ({', '.join(map(str, d.index))})" + (f"   ({d.axes}, from 0)" if d.index else ""))
    say(f"    expected  {d.expected!r:<24} {d.expected_bits}")
    say(f"    got       {d.got!r:<24} {d.got_bits}" + ("   <- not a number" if math.isnan(d.got) else ""))
    say(f"    apart     {d.difference:.3g}" + (f", {d.ulps} ulps" if d.ulps >= 0 else "") +
        (f"; allowed {d.allowed:.2g}" if d.allowed else "; must be equal"))
    if not math.isnan(d.margin):
        say(f"    margin    |v| = {d.margin:.3g} there")
    say(f"    before    " + (f"{d.before} numbers agreed{'' if d.agreed else ' exactly'}"
                             f"{f' to {_digits(d.agreed)}' if d.agreed else ''}" if d.before else "nothing: the first number"))
    say(f"    config    {', '.join(f'{k}={v}' for k, v in first.entry['config'].items())}")
    say(f"    see       python -m snu_ref vectors show {first.id}")
    for r in story.results[1:ALSO + 1]:
        d = r.comparison.divergence
        say(f"  also {r.id}: {d.tensor} at {_index(d.index)}, expected {d.expected:.6g}, got {d.got:.6g}")
    if n > ALSO + 1:
        say(f"  and {n - ALSO - 1} more; --json lists them all")


def _index(index):
    return f"({', '.join(map(str, index))})"


def _digits(relative):
    return "all bits" if not relative else f"{relative:.1e}"


def _verdict(say, source, results, paint):
    count = {v: sum(r.verdict == v for r in results) for v in ("passed", "failed", "error", "skipped")}
    tensors = sum(len(r.comparison.compared) for r in results if r.comparison)
    if passed(results, source.strays):
        text = f"PASSED: {count['passed']} cases, {tensors} tensors; {count['skipped']} cases skipped"
        return say(paint(text, "green"))
    if not count["passed"] and not count["failed"] and not count["error"]:
        return say(paint(f"FAILED: nothing was checked; {count['skipped']} cases skipped", "red"))
    return say(paint(f"FAILED: {count['failed']} cases with wrong numbers, {count['error']} with errors, "
                     f"{count['passed']} passed, {count['skipped']} skipped", "red"))


def as_json(source, results, stories):
    """The same as plain dicts and lists."""
    story_of = {r.id: i for i, story in enumerate(stories) for r in story.results}
    return {
        "format": FORMAT, "version": VERSION, "target": source.name, "dtype": str(source.dtype),
        "passed": passed(results, source.strays), "strays": source.strays,
        "stories": [{"cases": [r.id for r in s.results],
                     "diagnosis": None if s.explanation is None else
                     {"variants": list(s.explanation.names), "text": s.explanation.text,
                      "digits": float(s.explanation.digits)}} for s in stories],
        "cases": [_case(r, story_of) for r in results],
    }


def _case(r, story_of):
    case = {"id": r.id, "family": r.entry["family"], "verdict": r.verdict, "reason": r.reason,
            "expected_to_fail": r.expected_to_fail, "story": story_of.get(r.id),
            "compared": list(r.comparison.compared) if r.comparison else [], "left_out": r.left_out}
    if r.comparison:
        case["worst"] = _finite(r.comparison.worst)
        if r.comparison.divergence:
            d = r.comparison.divergence._asdict()
            case["divergence"] = {k: _finite(v) if isinstance(v, float) else v for k, v in d.items()}
    return case


def _finite(value):
    """JSON has no NaN and no infinity: those become texts."""
    return value if math.isfinite(value) else str(value)
