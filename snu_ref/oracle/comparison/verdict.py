"""The verdict on a port: whether it has passed, as a report and as plain dicts."""
import math

from ..cases.manifest import FORMAT, VERSION
from .proved import not_proved
from .report import HEARD, diagnosis, write


class Verdict:
    """The result of a check.

    passed      whether a case was checked and none failed
    in_part     whether the port passed, but was not checked on all that the vectors have for it
    not_proved  list of strings: what the vectors cover, but no passed case
    str(...)    the report
    """

    def __init__(self, source, results, stories, unsteady, entries, made=0, seed=0):
        self.source, self.results, self.stories = source, results, stories
        self.unsteady, self.made, self.seed = unsteady, made, seed
        self.passed = (not source.strays and not any(r.counts_against for r in results)
                       and any(r.verdict != "skipped" for r in results))
        self.not_proved, part = not_proved(results, entries)
        self.in_part = self.passed and part

    def __str__(self):
        lines = []
        write(lines.append, self)
        return "\n".join(lines)

    def write(self, say, colour=False):
        """Print the report line by line with say(text)."""
        write(say, self, colour)

    def as_dict(self):
        """The verdict as plain dicts and lists; --json writes these.

        format, version   those of the vectors
        target, dtype     the port's name; the precision in which it was checked
        can               the port's `can`, or null
        made, seed        number of new cases for each combination of options; their seed
        passed, in_part, not_proved
        printed           the first lines that the port printed
        strays            unexpected files in a folder of results
        not_repeatable    the id of a case that gives other numbers on a second run, or null
        stories           one for each group of failures with one cause: cases, beside (ids);
                          diagnosis (null or grade, text, says, diff, form, digits; diff is a list
                          of [the reference's line, the port's]); others; lines; report
        cases             each with id, family, verdict ("passed", "failed", "error", "skipped"),
                          reason, expected_to_fail, story (its number), compared and left_out (names
                          of outputs), worst (largest relative difference) and divergence (the first
                          wrong number: tensor, index, expected, got, allowed ...)
        """
        said = self.source.said
        story_of = {r.id: i for i, story in enumerate(self.stories)
                    for r in (*story.results, *story.beside)}
        return {
            "format": FORMAT, "version": VERSION, "target": self.source.name,
            "dtype": str(self.source.dtype),
            "can": said and {k: sorted(v) if isinstance(v, set) else v for k, v in said.items()},
            "made": self.made, "seed": self.seed, "passed": self.passed, "in_part": self.in_part,
            "not_proved": self.not_proved, "printed": self.source.printed[:HEARD],
            "strays": self.source.strays, "not_repeatable": self.unsteady and self.unsteady.id,
            "stories": [_as_json(story, self.results) for story in self.stories],
            "cases": [_case(r, story_of) for r in self.results],
        }


def _as_json(story, results):
    return {"cases": [r.id for r in story.results], "beside": [r.id for r in story.beside],
            "diagnosis": {"grade": story.grade, "text": "; and ".join(story.says),
                          "says": list(story.says), "diff": [list(pair) for pair in story.diff],
                          "form": story.form, "digits": float(story.digits)}
            if story.says else None,
            "others": ["; and ".join(other) for other in story.others],
            "lines": story.lines or {},
            "report": diagnosis(story, results)}


def _case(r, story_of):
    case = {"id": r.id, "family": r.entry["family"], "verdict": r.verdict, "reason": r.reason,
            "expected_to_fail": r.expected_to_fail, "story": story_of.get(r.id),
            "compared": list(r.comparison.compared) if r.comparison else [], "left_out": r.left_out}
    if r.comparison:
        case["worst"] = _finite(r.comparison.worst)
        if d := r.comparison.divergence:
            case["divergence"] = {k: _finite(v) for k, v in d._asdict().items()}
    return case


def _finite(value):
    """NaN and infinity as strings, because JSON does not have them."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
