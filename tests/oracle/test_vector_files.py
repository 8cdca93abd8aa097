"""The files of the vectors: damage is named, recorded cases never change, exports read back."""
import json
import re
import shutil
import zipfile

import numpy as np
import pytest
from helpers.vectors import ENTRIES, MANIFEST, case_of

from snu_ref.__main__ import main
from snu_ref.oracle.cases import making
from snu_ref.oracle.cases.building import build, verify
from snu_ref.oracle.cases.case import Draws
from snu_ref.oracle.cases.families import definitions
from snu_ref.oracle.cases.manifest import (
    FOLDER, environment, load_case, read_manifest, write_manifest)
from snu_ref.oracle.cases.storage import checked_name, inside, write_npz

HEAD = {name: value for name, value in MANIFEST.items() if name != "cases"}


def folder_of(folder, *ids):
    """Copy some cases into a folder, and write its manifest."""
    for id in ids:
        for suffix in (".npz", ".json"):
            if (FOLDER / f"{id}{suffix}").exists():
                shutil.copy(FOLDER / f"{id}{suffix}", folder)
    entries = [json.loads(json.dumps(ENTRIES[id])) for id in ids]
    write_manifest(folder, HEAD, entries)
    return folder


@pytest.fixture
def one(tmp_path):
    """A folder with one case, hand-input, and the writer of its manifest."""
    def rewrite(**changes):
        entry = {**json.loads(json.dumps(ENTRIES["hand-input"])), **changes}
        write_manifest(tmp_path, HEAD, [entry])
        return entry
    return folder_of(tmp_path, "hand-input"), rewrite


# ---- damage -------------------------------------------------------------------------------------

def test_verify_names_every_damage(tmp_path, monkeypatch):
    ids = ["hand-input", "hand-bias", "hand-soft", "unit-tanh-relu", "unit-tanh-tanh",
           "unit-arctan-relu", "unit-arctan-tanh", "unit-boxcar-relu", "rest-tanh-relu",
           "rest-tanh-tanh", "rest-sigmoid-relu", "rest-sigmoid-tanh"]
    folder = folder_of(tmp_path, *ids)
    chosen = [d for d in definitions() if d.id in ids]
    monkeypatch.setattr("snu_ref.oracle.cases.building.definitions", lambda: chosen)
    inputs, outputs = load_case(ENTRIES["unit-tanh-relu"], folder)

    def rewritten(id, change):
        inputs, outputs = load_case(ENTRIES[id], folder)
        arrays = making.all_arrays(inputs, outputs)
        change(arrays)
        write_npz(folder / f"{id}.npz", arrays)

    rewritten("unit-tanh-relu", lambda a: a["output.grad.W"].__setitem__(
        (0, 0), np.nextafter(outputs["grad.W"][0, 0], 9)))
    rewritten("unit-tanh-tanh", lambda a: a.pop("output.y"))
    rewritten("unit-arctan-relu", lambda a: a.update({"output.y": a["output.y"][:-1]}))
    rewritten("unit-arctan-tanh",
              lambda a: a.update({"output.s": a["output.s"].astype(np.float32)}))
    rewritten("unit-boxcar-relu", lambda a: a["output.z"].fill(np.nan))
    (folder / "rest-tanh-relu.npz").unlink()
    (folder / "rest-tanh-tanh.npz").write_bytes(b"not a zip")
    whole = (folder / "rest-sigmoid-relu.npz").read_bytes()
    (folder / "rest-sigmoid-relu.npz").write_bytes(whole[:-100])
    text = json.loads((folder / "hand-input.json").read_text())
    text["outputs"]["y"]["decimal"] = ["0"]
    (folder / "hand-input.json").write_text(json.dumps(text))
    (folder / "hand-bias.json").unlink()
    (folder / "stray.npz").write_bytes(b"")
    said = []
    assert verify(folder, said.append) == 11
    told = {line.split()[1].rstrip(":"): line for line in said if line.startswith("FAILED")}
    for id, word in (
        ("unit-tanh-relu", "digest"),
        ("unit-tanh-tanh", "output.y"),
        ("unit-arctan-relu", "(5, 2, 3)"),
        ("unit-arctan-tanh", "float32"),
        ("unit-boxcar-relu", "NaN"),
        ("rest-tanh-relu", "no such file"),
        ("rest-tanh-tanh", "zip"),
        ("rest-sigmoid-relu", ".npz"),
        ("hand-input", "differs from the .npz in y"),
        ("hand-bias", "no such file"),
        ("stray.npz", "does not know"),
    ):
        assert word in told[id], told[id]


def test_wrong_numbers_with_a_right_digest_are_found(one):
    folder, rewrite = one
    inputs, outputs = load_case(ENTRIES["hand-input"], folder)
    outputs["grad.W"] = outputs["grad.W"] + 1e-9
    arrays = making.all_arrays(inputs, outputs)
    write_npz(folder / "hand-input.npz", arrays)
    rewrite(digest=making.digest(arrays))
    said = []
    verify(folder, said.append)
    assert any(
        "hand-input: grad" in line or "hand-input: output.grad.W: recomputed" in line
        for line in said
    )


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"id": "../hand-input"}, "lower-case"),
        ({"id": "/etc/passwd"}, "lower-case"),
        ({"id": 3}, "case name"),
        ({"inputs": {"../x": [1]}}, "array name"),
        ({"outputs": {"y": [10**9]}}, "shape"),
        ({"outputs": {"y": [-1]}}, "shape"),
        ({"exact": ["nothing"]}, "no output is called nothing"),
        (
            {"tolerance": {"float64": {"bound": 1.0}, "float32": {"bound": None}}},
            "tolerance.float64",
        ),
        ({"config": []}, "config"),
        ({"digest": None}, "digest"),
        ({"flags": None}, "flags"),
    ],
)
def test_hostile_or_broken_manifest(one, changes, word):
    folder, rewrite = one
    rewrite(**changes)
    with pytest.raises(ValueError, match=re.escape(word)):
        read_manifest(folder)


@pytest.mark.parametrize(
    "text, word",
    [
        ("{", "JSON"),
        ("[]", "not a manifest"),
        ('{"format": "snu_ref vectors", "version": "v0"}', "version v1"),
        ('{"format": "snu_ref vectors", "version": "v1"}', "environment"),
        ("\xff", "manifest"),
    ],
)
def test_other_manifests_are_refused(tmp_path, text, word):
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=word):
        read_manifest(tmp_path)


def test_a_case_twice_is_refused(one):
    folder, _ = one
    entry = ENTRIES["hand-input"]
    write_manifest(folder, HEAD, [entry, entry])
    with pytest.raises(ValueError, match="twice"):
        read_manifest(folder)


def test_pickles_are_not_loaded(one, tmp_path):
    folder, _ = one
    with zipfile.ZipFile(folder / "hand-input.npz", "w") as archive:
        for name in [f"input.{n}" for n in ENTRIES["hand-input"]["inputs"]] + \
                [f"output.{n}" for n in ENTRIES["hand-input"]["outputs"]]:
            with archive.open(name + ".npy", "w") as file:
                np.lib.format.write_array(file, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle|Object arrays"):
        load_case(ENTRIES["hand-input"], folder)


def test_links_do_not_lead_out_of_the_folder(one, tmp_path_factory):
    folder, _ = one
    outside = tmp_path_factory.mktemp("outside") / "hand-input.npz"
    shutil.move(folder / "hand-input.npz", outside)
    (folder / "hand-input.npz").symlink_to(outside)
    with pytest.raises(ValueError, match="leads out"):
        load_case(ENTRIES["hand-input"], folder)
    with pytest.raises(ValueError, match="leads out"):
        inside(folder, "..", "x")
    with pytest.raises(ValueError, match="single dots"):
        checked_name("array", "a..b")


# ---- making and exporting -----------------------------------------------------------------------

def test_cases_on_record_never_change(one, monkeypatch):
    folder, rewrite = one
    definition = next(d for d in definitions() if d.id == "hand-input")
    rewrite()
    moved = definition._replace(
        make=lambda draws: {**definition.make(draws), "x": np.full((1, 1, 1), 1.25)}
    )
    monkeypatch.setattr("snu_ref.oracle.cases.building.definitions", lambda: [moved])
    with pytest.raises(ValueError, match="a recorded case never changes"):
        build(folder, say=lambda text: None)
    monkeypatch.setattr("snu_ref.oracle.cases.building.definitions", lambda: [])
    with pytest.raises(ValueError, match="without a definition: hand-input"):
        build(folder, say=lambda text: None)
    monkeypatch.setattr("snu_ref.oracle.cases.building.definitions", lambda: [definition])
    before = (folder / "hand-input.npz").read_bytes()
    build(folder, say=lambda text: None)
    assert (folder / "hand-input.npz").read_bytes() == before


def test_a_case_made_elsewhere_says_where(one, monkeypatch):
    """The other cases keep the first environment; bits must agree in a case's own environment."""
    folder, _ = one
    chosen = [d for d in definitions() if d.id in ("hand-input", "hand-bias")]
    monkeypatch.setattr("snu_ref.oracle.cases.building.definitions", lambda: chosen)
    here = {name: "here" for name in MANIFEST["environment"]}
    monkeypatch.setattr("snu_ref.oracle.cases.building.environment", lambda: here)
    build(folder, say=lambda text: None)
    manifest = read_manifest(folder)
    assert manifest["environment"] == MANIFEST["environment"]
    assert [entry.get("environment") for entry in manifest["cases"]] == [None, here]
    said = []
    assert verify(folder, said.append) == 0
    remake = making.remake
    monkeypatch.setattr("snu_ref.oracle.cases.building.remake", lambda entry, definition: {
        name: a * (1 + 2.0 ** -52) if name == "output.z" and entry["id"] == id else a
        for name, a in remake(entry, definition).items()})
    for id, failures in (("hand-input", 0), ("hand-bias", 1)):
        assert verify(folder, said.append) == failures
    assert said[-2].startswith("FAILED  1 arrays are not bit-identical")


def test_a_kernel_that_is_forced_on_the_blas_is_another_environment(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    plain = environment()
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert environment() == {**plain, "blas": plain["blas"] + " Haswell"}


def test_a_case_whose_derivations_disagree_is_not_made(monkeypatch):
    definition = next(d for d in definitions() if d.id == "hand-input")
    monkeypatch.setattr(
        "snu_ref.oracle.cases.derivations.scalar_outputs",
        lambda config, inputs: {"y": np.zeros((1, 1, 1))},
    )
    with pytest.raises(ValueError, match="twin derivation differs"):
        making.make_case(definition)
    monkeypatch.undo()
    rounded = definition._replace(
        make=lambda draws: {**definition.make(draws), "x": np.full((1, 1, 1), 1.1)}
    )
    with pytest.raises(ValueError, match="listed as exact"):
        making.make_case(rounded)


def test_dead_and_marginal_seeds_are_passed_over(monkeypatch):
    monkeypatch.setattr(making, "ATTEMPTS", 5)  # all of them are made of the same numbers
    definition = next(d for d in definitions() if d.id == "unit-tanh-relu")
    inputs = definition.make(Draws(definition.id, 0))
    silent = definition._replace(make=lambda draws: {**inputs, "params.b": np.full(3, -9.0)})
    with pytest.raises(ValueError, match="spike rate"):
        making.make_case(silent)
    threshold = case_of("unit-tanh-relu")[1]["s"].max(axis=(0, 1)) * (1 - 1e-6)
    inputs = definition.make(Draws(definition.id, ENTRIES["unit-tanh-relu"]["attempt"]))
    near = definition._replace(make=lambda draws: {**inputs, "params.b": -threshold})
    with pytest.raises(ValueError, match="margin"):
        making.make_case(near)


def test_export_and_read_back(tmp_path, capsys):
    folder = tmp_path / "out"
    words = ["--cases", "hand,loss-bernoulli-nll-masked", "--dtype", "float32"]
    assert main(["vectors", "export", str(folder), *words]) == 0
    assert (folder / "vectors.txt").read_text() == "snu_ref vectors v1 float32\n"
    ids = (folder / "cases.txt").read_text().split()
    n_hand = sum(e["family"] == "hand" for e in ENTRIES.values())
    assert "hand-soft" in ids and len(ids) == n_hand + 1
    inputs, outputs = case_of("hand-soft")
    text = (folder / "hand-soft" / "arrays.txt").read_text()
    lines = [line.split() for line in text.splitlines()]
    assert ["input", "x", "float32", "2", "1", "1"] in lines
    raw = np.frombuffer((folder / "hand-soft" / "input.x.bin").read_bytes(), "<f4")
    assert raw.tolist() == inputs["x"].ravel().tolist()
    again = np.load(folder / "hand-soft" / "output.y.npy", allow_pickle=False)
    np.testing.assert_array_equal(again, outputs["y"].astype(np.float32))
    assert "h sigmoid" in (folder / "hand-soft" / "config.txt").read_text().splitlines()
    assert main(["vectors", "export", str(folder)]) == 2
    assert "empty" in capsys.readouterr().err


def test_list_and_show(capsys):
    assert main(["vectors", "list", "--cases", "hand-re*"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed and all(line.startswith("hand-re") for line in listed)
    assert main(["vectors", "show", "hand-input"]) == 0
    shown = capsys.readouterr().out
    assert "0x3ff5000000000000" in shown and "grad.W" in shown  # 1.3125 = 2 . (1 - 1/8) . 3/4
    assert main(["vectors", "show", "nothing"]) == 2
    assert "unknown" in capsys.readouterr().err
    assert main(["vectors", "list", "--cases", "nothing*"]) == 2
