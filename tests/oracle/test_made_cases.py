"""The cases that are made to fit a port, and vectors of many starts: they show mistakes."""
import numpy as np
import pytest
from helpers.can_ports import LIF, Lif
from helpers.vectors import ENTRIES, MANIFEST, case_of

import snu_ref
from snu_ref.activations import SURROGATES
from snu_ref.oracle.cases.abilities import SNU_OPTIONS, declared
from snu_ref.oracle.cases.families_full import made_cases
from snu_ref.oracle.cases.making import make_case
from snu_ref.oracle.cases.scalar import scalar_outputs
from snu_ref.oracle.cases.tolerances import HEADROOM

CANS = {"all": {}, "lif": LIF, "after": dict(unit="snu", state="after reset"), "own": dict(
    unit="snu", start="own", b="shared"), "spiking": dict(unit="snu", start="spiking", h="step",
                                                          lateral_inhibition=True)}


def made(can, number=1, seed=0):
    """(definition, entry, inputs, outputs) of all cases made for a `can`."""
    for definition in made_cases(declared(can, {}), number, seed):
        yield definition, *make_case(definition, ("twin",))


@pytest.mark.parametrize("can", CANS.values(), ids=CANS)
def test_made_cases_fit_and_have_the_properties_that_show_mistakes(can):
    kinds, full = set(), 0
    for definition, entry, inputs, outputs in made(can):
        config, start = entry["config"], can.get("start", "any")
        kinds.add((config["h"], config["surrogate"], config["g"], config["reset_grad"]))
        for key, value in can.items():
            if key in SNU_OPTIONS:
                assert config[key] in (value if isinstance(value, tuple) else (value,))
        for name in ("decay", "b"):
            if can.get(name) == "shared":
                assert np.ptp(inputs[f"params.{name}"]) == 0
        s, y = inputs["state.s"], inputs["state.y"]
        assert start != "rest" or not (s.any() or y.any())
        assert start != "spiking" or set(np.unique(y)) <= {0, 1}
        assert can.get("state") != "after reset" or not (y.any() or inputs["dend.s"].any())
        for name, a in inputs.items():
            if name != "state.y":
                assert (a.astype(np.float32) == a).all()
        if entry["family"] == "made":
            W, z, v, out = inputs["params.W"], outputs["z"], outputs["v"], outputs["y"]
            full += (W.astype(np.float32).view(np.uint32) & 1).any()
            assert len(z) >= 4 and np.linalg.matrix_rank(W) == W.shape[1] <= W.shape[0]
            assert not (inputs["params.decay"] == 0.5).any()
            assert (np.abs(v) < 0.1).any() and (np.abs(z) > 2).any()
            kept = 1 - outputs["end.y"] if config.get("state") == "after reset" else 1
            assert np.abs(outputs["end.s"] * kept).max() >= 0.5  # no cancellation
            assert (z.max((0, 1)) > 0).all() and (z.min((0, 1)) < 0).all()
            assert (out != out[:, :1]).any()
            assert entry["evidence"]["twin"] <= 1e-13
            twin = scalar_outputs(config, inputs)
            for name in ("y", "grad.W"):
                np.testing.assert_allclose(twin[name], outputs[name], rtol=1e-12, atol=1e-12)
    steps = [k for k in kinds if k[0] == "step"]
    options = declared(can, {})
    assert full and len(steps) == len(options["surrogate"]) * len(options["g"]) * len(
        options["reset_grad"])


def test_starts_ties_and_ends_differ_between_made_cases():
    cases = [(e, i, o) for _, e, i, o in made(dict(unit="snu", h="step"), 2)
             if e["family"] == "made"]
    for some in (lambda e, i, o: i["state.s"].any(), lambda e, i, o: i["state.y"].any(),
                 lambda e, i, o: i["dend.s"].any()):
        assert 0 < sum(bool(some(*case)) for case in cases) < len(cases)
    tied = [((o["y"].sum(-1) > 1).any(), (o["y"].sum(-1) == 1).any()) for e, i, o in cases
            if e["config"]["lateral_inhibition"]]
    assert tied and all(a and b for a, b in tied)


def test_boundary_cases_are_silent_always_firing_and_exactly_at_the_threshold():
    for _, entry, inputs, outputs in made(dict(LIF, g=("relu", "identity", "tanh"), start="any")):
        if entry["family"] == "made-edge":
            v, y, z = outputs["v"], outputs["y"], outputs["z"]
            assert not y[:, 0].any() and y[:, 1].all()
            assert entry["config"]["g"] == "tanh" or (np.abs(v) > 30).any()
            assert (v == 0).any() and ((z == 0) & (inputs["x"] != 0).any(-1, keepdims=True)).any()


def test_numbers_that_float32_rounds_too_much_are_drawn_again():
    can = declared(dict(unit="snu", lateral_inhibition=False, start="rest"), {})
    cases = {d.id: d for d in made_cases(can, 4, 0)}
    entry, *_ = make_case(cases["made-tanh-leakyrelu-rec-2"], ("twin",))
    float32 = entry["tolerance"]["float32"]     # the first numbers that fit have an error of 3e-6
    assert float32["measured"] * HEADROOM / 3 <= float32["bound"]


def test_the_seed_and_the_number_decide_and_nothing_else_does():
    ids = snu_ref.oracle.case_ids(Lif)
    assert ids == snu_ref.oracle.case_ids(Lif) and ids[0] == "start-equal-tanh-identity-det"
    assert len(snu_ref.oracle.case_ids(Lif, made=7)) == len(ids) + 6
    (_, _, a, _), (_, _, b, _), (d, _, c, _) = (next(made(LIF, 1, seed)) for seed in (0, 0, 5))
    assert (a["x"] == b["x"]).all() and (a["x"] != c["x"]).any() and d.id.startswith("made-5-")


# ---- vectors ---------------------------------------------------------------------------------

def test_a_withdrawn_case_is_gone_with_its_reason_and_logsumexp_passes_what_takes_its_place():
    assert "logsumexp" in MANIFEST["withdrawn"]["loss-softmax-cross-entropy-far"]
    entry = ENTRIES["loss-softmax-cross-entropy-distant"]
    inputs, outputs = case_of(entry["id"])
    y, k = inputs["y"].astype("f"), inputs["target"]
    top = y.max(-1)
    total = np.log(np.exp(y - top[..., None]).sum(-1)) + top
    value = (total - np.take_along_axis(y, k[..., None], -1)[..., 0]).mean(dtype="f")
    bound = entry["tolerance"]["float32"]["bound"]
    assert value.dtype == np.float32 and abs(value / outputs["value"] - 1) <= bound <= 1e-5


@pytest.mark.parametrize("start", ["rest", "spiking"])
def test_vectors_meet_every_surrogate_and_reset_gradient_from_each_start(start):
    found = set()
    for id, entry in ENTRIES.items():
        if id.startswith(f"start-{start}-"):
            inputs, _ = case_of(id)
            y = inputs["state.y"]
            assert not inputs["dend.s"].any() and not inputs["dend.y"].any()
            assert (y.any() and set(np.unique(y)) == {0, 1}) == (start == "spiking")
            found.add(tuple(entry["config"][k] for k in ("surrogate", "g", "reset_grad")))
    assert len(found) == len(SURROGATES) * 4 * 2


def test_kinks_with_a_detached_gate_are_met_for_every_g_and_surrogate():
    cases = [e for id, e in ENTRIES.items() if id.startswith("edge-kink-") and id.count("-") > 2]
    assert len({(e["config"]["g"], e["config"]["surrogate"]) for e in cases}) == 20
    for entry in cases:
        inputs, outputs = case_of(entry["id"])
        assert entry["config"]["reset_grad"] == "detached" and inputs["x"].all()
        assert (outputs["z"] == 0).any() and (outputs["v"] == 0).any()
