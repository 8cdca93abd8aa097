"""The vectors: complete, right, drawn as documented, each with its reason."""
import json
import re

import numpy as np
import pytest
from helpers.vectors import ENTRIES, MANIFEST, case_of

from snu_ref.__main__ import main
from snu_ref.oracle.cases.derivations import differences
from snu_ref.oracle.cases.making import AGREEMENT
from snu_ref.oracle.cases.manifest import FOLDER, HEAD
from snu_ref.oracle.cases.storage import bits


def test_every_array_can_be_made_again(capsys):
    assert main(["vectors", "verify"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "verified"
    assert re.match(rf"{len(ENTRIES)} cases, \d+ arrays; \d+ bit-identical", said[0])


def test_all_variants_of_the_unit_are_there():
    configs = {
        json.dumps(e["config"], sort_keys=True) for e in ENTRIES.values() if e["family"] == "unit"
    }
    assert len(configs) == 192
    assert {e["family"] for e in ENTRIES.values()} == set(MANIFEST["families"])


def test_every_flag_is_used_and_explained():
    used = {flag for entry in ENTRIES.values() for flag in entry["flags"]}
    assert used == set(HEAD["flags"]) == set(MANIFEST["flags"])
    assert all(entry["flags"] and entry["why"] for entry in ENTRIES.values())


def test_inputs_are_exact_in_float32():
    for id in ENTRIES:
        inputs, _ = case_of(id)
        for name, a in inputs.items():
            assert a.dtype == np.int64 or (a.astype(np.float32) == a).all(), (id, name)


def test_derivations_agree_in_every_case():
    for entry in ENTRIES.values():
        assert entry["evidence"]["twin"] <= 1e-13
        assert entry["evidence"].get("complex", 0) <= 1e-12
        assert entry["evidence"].get("tape", 0) <= 1e-13
        if entry["family"] in ("unit", "rest"):
            assert set(entry["evidence"]) == {"twin", "complex", "tape"}


def test_evidence_of_units_losses_and_training_is_found_again():
    for id, entry in ENTRIES.items():
        if entry["family"] in ("rnn", "gru", "lstm", "loss", "optimiser", "training"):
            found = differences(entry["config"], *case_of(id), AGREEMENT)
            assert found.keys() == entry["evidence"].keys(), id
            assert all(found[method] <= AGREEMENT[method] for method in found), id


def test_drawn_cases_keep_away_from_branches_and_are_alive():
    for entry in ENTRIES.values():
        if entry["family"] in ("unit", "rest", "long", "default"):
            assert min(entry["margin"].values(), default=1) >= 2.0 ** -10
            assert all(0.05 <= rate <= 0.95 for rate in entry["spike_rate"] or [])
            norms = {k: v for k, v in entry["gradient_norm"].items() if k not in entry["zero"]}
            assert min(norms.values()) > 0.02
            assert set(entry["zero"]) <= {"start.y"}


def test_tolerances_stay_within_their_table():
    for entry in ENTRIES.values():
        assert entry["tolerance"]["float64"]["bound"] == 1e-10
        single = entry["tolerance"]["float32"]
        assert single["bound"] is None or 1e-6 <= single["bound"] <= 1e-5
        assert single["reason"] in MANIFEST["tolerances"] or len(single["reason"]) > 20


def test_boundary_cases_sit_exactly_on_their_boundary():
    for id, name in (
        ("edge-v-zero-tanh", "v"),
        ("edge-v-zero-then-kept", "v"),
        ("edge-z-zero-relu", "z"),
    ):
        _, outputs = case_of(id)
        assert (outputs[name] == 0).any() and name in ENTRIES[id]["exact"]
        if name == "v":
            assert not outputs["y"][outputs["v"] == 0].any()


@pytest.mark.parametrize("h", ["step", "sigmoid"])
def test_a_port_of_a_default_unit_alone_has_cases_of_every_kind(h):
    default = {"unit": "snu", "h": h, "g": "relu", "surrogate": "tanh", "recurrent": False,
               "lateral_inhibition": False}
    for reset_grad, least in (("through", 9), ("detached", 4)):
        config = {**default, "reset_grad": reset_grad}
        mine = [e for e in ENTRIES.values() if config.items() <= e["config"].items()]
        assert len(mine) >= least
        assert {"hand", "default", "unit", "rest"} <= {e["family"] for e in mine}
        assert reset_grad == "detached" or "edge" in {e["family"] for e in mine}
        inputs = [case_of(e["id"])[0] for e in mine]
        assert any(i["state.s"].any() and i["dend.s"].any() for i in inputs)


def test_a_threshold_however_near_zero_is_seen():
    """v = +-2^-11 and +-2^-20, exactly, in both precisions."""
    for id in ("edge-near-threshold", "edge-default-near-threshold"):
        inputs, outputs = case_of(id)
        v = outputs["v"][0, 0]
        assert sorted(v.tolist()) == [-2.0 ** -11, -2.0 ** -20, 2.0 ** -20, 2.0 ** -11]
        assert (outputs["y"][0, 0] == (v > 0)).all() and "v" in ENTRIES[id]["exact"]
        single = {name: a.astype("f") for name, a in inputs.items()}
        assert (single["x"][0] @ single["params.W"] + single["params.b"] == v).all()


def test_cases_of_memory_reach_its_limits():
    limits, folded = (case_of(f"pcm-{id}")[1]
                      for id in ("pulses-limits", "program-folded"))
    assert (limits["G0"] == 20).any() and (limits["G0"] == 0.1).any()
    assert (folded["nu"] < 0.049 - 2 * 0.008).any()    # |mu - 3 sigma|: this draw is < 0
    _, updates = case_of("pcm-refresh-spares")
    G, spared = updates["G0"][-1], (updates["P"][-1] <= updates["P"][-2]).all(axis=0)
    large, worn = abs(G[0] - G[1]) > 7, G.max(axis=0) > 9       # far beyond the read noise
    assert (spared & large & worn).any() and (spared & ~large & ~worn).any() and (~spared).any()


def test_pieces_and_samples_are_those_of_the_whole():
    _, whole = case_of("stream-whole")
    _, first = case_of("stream-first-half")
    _, second = case_of("stream-second-half")
    assert (np.concatenate([first["y"], second["y"]]) == whole["y"]).all()
    assert (first["grad.W"] + second["grad.W"] == whole["grad.W"]).all()
    _, together = case_of("batch-snu")
    _, alone = case_of("batch-snu-sample-3")
    np.testing.assert_allclose(
        alone["grad.x"][:, 0], together["grad.x"][:, 3], rtol=1e-13, atol=1e-15
    )


def test_text_says_the_same_as_the_bits():
    content = json.loads((FOLDER / "hand-soft.json").read_text())
    _, outputs = case_of("hand-soft")
    for name, a in outputs.items():
        text = content["outputs"][name]
        assert [float(d) for d in text["decimal"]] == a.ravel().tolist()
        assert [int(b, 16) for b in text["bits"]] == a.ravel().view(np.uint64).tolist()
    assert bits(1.0) == "0x3ff0000000000000" and bits(np.float32(1)) == "0x3f800000"


def test_the_worked_example_in_the_readme():
    text = (FOLDER / "README.md").read_text()
    _, outputs = case_of("hand-reset-gradient-through")
    for name, i in re.findall(r"(adj\.\w)_(\d) = ", text):
        stated = re.search(rf"{re.escape(name)}_{i} = (?:.* = )?(-?[\d.]+)\b", text).group(1)
        assert float(stated) == outputs[name][int(i) - 1, 0, 0], (name, i)
    for name in ("grad.W", "grad.b", "grad.decay", "start.s", "start.y"):
        stated = re.search(rf"{re.escape(name)} = [^\n]*?= (-?[\d.]+)(?= {{2,}}|\n)", text).group(1)
        assert float(stated) == outputs[name].item(), name
    assert outputs["grad.x"].ravel().tolist() == [-1.125, 3]
    _, detached = case_of("hand-reset-gradient-detached")
    assert detached["adj.y"][0] == 0 and detached["grad.W"] == 2.25
