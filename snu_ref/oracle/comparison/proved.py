"""What a pass does not prove: everything in the vectors on which the port was not checked."""
from ..cases.abilities import SNU_OPTIONS

# if y and the gradients are right, these outputs of the SNU are right too
IMPLIED = ("z", "s", "v", "end.s", "end.y", "adj.y", "adj.v", "adj.s", "adj.z")

FEATURES = {  # text: whether a case of the SNU has this feature
    "boundary cases": lambda c, i, family: family in ("edge", "made-edge"),
    "s_0 other than 0": lambda c, i, family: i["state.s"].any(),
    "y_0 = 1": lambda c, i, family: (i["state.y"] == 1).any(),
    "y_0 between 0 and 1": lambda c, i, family: (i["state.y"] % 1 != 0).any(),
    "a loss on the final state": lambda c, i, family: i["dend.s"].any() or i["dend.y"].any(),
    "a different decay for each unit": lambda c, i, family: len(set(i["params.decay"])) > 1,
    "a different threshold for each unit": lambda c, i, family: len(set(i["params.b"])) > 1,
    "several samples": lambda c, i, family: i["x"].shape[1] > 1,
    "a sequence in pieces": lambda c, i, family: "pieces" in c,
    "200 steps": lambda c, i, family: len(i["x"]) >= 200,
    "sizes that are no multiple of a SIMD width": lambda c, i, family: i["x"].shape[2] > 32,
}


def not_proved(results, entries):
    """Return what no passed Result covers, as strings, and whether the port passed only in part.

    entries: those of all vectors. Missing traces and adjoints do not make a pass partial, because
    right outputs and gradients imply them. Nor do units that the port does not have.
    """
    passed = [r for r in results if r.verdict == "passed"]
    units = {r.entry["config"]["unit"] for r in passed}
    said, of_snu = [], [r for r in passed if r.entry["config"]["unit"] == "snu"]
    needed = _of_snu(of_snu, entries) if of_snu else []
    compared = {(r.entry["config"]["unit"], name) for r in passed for name in r.comparison.compared}
    for unit in sorted(units):
        names = dict.fromkeys(name for e in entries if e["config"]["unit"] == unit
                              for name in e["outputs"] if (unit, name) not in compared)
        for texts, implied in ((needed, False), (said, True)):
            mine = [n for n in names if (unit == "snu" and n in IMPLIED) == implied]
            if mine:
                texts.append(f"{'traces' if implied else 'outputs'} of {unit}: {', '.join(mine)}")
    others = dict.fromkeys(e["config"]["unit"] for e in entries if e["config"]["unit"] not in units)
    if others:
        said.append(f"units: {', '.join(others)}")
    return needed + said, bool(needed)


def _of_snu(passed, entries):
    said = []
    for option in SNU_OPTIONS:
        def values(configs):
            return dict.fromkeys(c[option] for c in configs
                                 if option != "surrogate" or c["h"] == "step")
        there = values(e["config"] for e in entries if e["config"]["unit"] == "snu")
        here = values(r.entry["config"] for r in passed)
        missing = [str(value) for value in there if value not in here]
        if missing and not (option == "surrogate" and len(missing) == len(there)):
            said.append(f"{option} = {', '.join(missing)}")
    return said + [text for text, has in FEATURES.items() if not any(
        has(r.entry["config"], r.case[0], r.entry["family"]) for r in passed)]
