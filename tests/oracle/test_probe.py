"""`check --probe` calls a port to find out what it can do."""
import sys

import pytest
from helpers.can_ports import Forgetful, Lif, Own, Restful  # noqa: F401 (targets of the probe)

import snu_ref
from snu_ref.__main__ import main
from snu_ref.oracle.cases.abilities import FORMS


@pytest.fixture
def probed(tmp_path, monkeypatch, capsys):
    def run(target):
        status = main(["check", f"{__file__}:{target}", "--probe"])
        text = capsys.readouterr().out
        space = {}
        exec(text[text.index("can = dict("):], space)
        return status, text, space["can"]
    monkeypatch.setattr(sys, "path", list(sys.path))
    return run


class Single(Lif):
    def run(self, case):
        return {name: a.astype("f") for name, a in super().run(case).items()}


def test_a_probe_finds_what_the_ports_here_declare(probed):
    for port in (Single, Own):
        status, text, can = probed(port.__name__)
        said = {**port.can, "returns": set(port.can["returns"])}
        said = {k: v for k, v in said.items() if k not in FORMS or v != FORMS[k][0]}
        assert status == 0 and {**can, "returns": set(can["returns"])} == said, text
        assert all(len(line) <= 100 for line in text.splitlines())


class Broken(Lif):
    def run(self, case):
        return {**super().run(case), "grad.W": 0 * case["params.W"]}


@pytest.mark.usefixtures("undiagnosed")
def test_a_probe_of_a_port_that_is_wrong_everywhere_is_a_guess_and_says_so(probed):
    status, text, can = probed("Broken")
    assert status == 1 and "No answer was right" in text and can["unit"] == "snu"


def test_a_probe_finds_out_that_a_port_ignores_its_initial_state(probed):
    status, text, can = probed("Forgetful")
    assert status == 0 and can["start"] == "rest", text


def test_a_port_without_gradients_at_rest_passes_with_the_can_that_it_is_told(probed):
    status, text, can = probed("Restful")
    assert status == 0 and FORMS.keys() & can.keys() == {"start"}, text
    assert can["start"] == "rest" and not {"start.s", "start.y"} & {*can["returns"]}, text
    port = Restful()
    port.can = can
    verdict = snu_ref.oracle.check(port, cases="start", made=0)
    assert verdict.passed, str(verdict)
