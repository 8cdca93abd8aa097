"""The adapters that `vectors adapter` prints and the examples of the vectors' page work as printed.

PyTorch, JAX, Keras and a C compiler are optional: a test without them is skipped, and the reason
names what is missing. Every adapter is also run with one mistake, which must be named.
"""
import ast
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from helpers.vectors import ENTRIES, case_of, copied

from snu_ref.__main__ import main
from snu_ref.commands.vectors import ADAPTERS, FORMS, FRAMEWORKS, adapter_text
from snu_ref.oracle.cases.abilities import declared
from snu_ref.oracle.cases.case import Case
from snu_ref.oracle.cases.manifest import FOLDER

PAGE = FOLDER / "README.md"
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])
PYTHON = [(framework, form) for framework in FRAMEWORKS if framework != "c" for form in FORMS]
CASES = "hand-default-through,edge-default-v-zero,unit-tanh-relu,rest-tanh-relu," \
    "default-snu-small,default-snu-20,stream-snu"

# Text of an adapter, the wrong text of a port, and the words of the diagnosis.
NO_RESET = "the state is never reset"
DETACHED = "the reset gate is a constant in the backward pass"
NO_SLOPE = "the slope of g is left out"
MISTAKES = {
    ("torch", "step"): ("decay * s * (1 - y)", "decay * s * (1 - y.detach())", DETACHED),
    ("torch", "module"): (" * (1 - self.y)", "", NO_RESET),
    ("torch", "sequence"): ("self.decay * s * (1 - y)", "self.decay * s - self.threshold * y",
                            "the reset subtracts the threshold -b (soft reset), after the decay"),
    ("jax", "step"): ('params["decay"] * s * (1 - y)', 'params["decay"] * s', NO_RESET),
    ("jax", "module"): ("self.decay * self.s * (1 - self.y)",
                        "self.decay * self.s * (1 - jax.lax.stop_gradient(self.y))", DETACHED),
    ("jax", "sequence"): ("s = jax.nn.relu(current", "s = (current", "g is left out"),
    ("keras", "step"): ("self.decay * s * (1 - y)", "self.decay * s", NO_RESET),
    ("keras", "module"): ("(1 - self.y)", "(1 - ops.stop_gradient(self.y))", DETACHED),
    ("keras", "sequence"): ("s = ops.relu(", "s = (", "g is left out"),
    ("c", "step"): ("dy[j] = -dz * decay[j] * s_before[j]", "dy[j] = 0", DETACHED),
    ("c", "module"): ("REAL dz = (dv + u->ds[j]) * (s[j] > 0)", "REAL dz = dv + u->ds[j]",
                      NO_SLOPE),
    ("c", "sequence"): ("(1 - tanh_v * tanh_v)", "(1 - tanh_v)",
                        "the slope is 1 - tanh(v), without the square"),
}


def example(before, language="python"):
    """The block of code that follows the words `before` on the page."""
    return re.search(re.escape(before) + rf".*?```{language}\n(.*?)```", PAGE.read_text(),
                     re.S).group(1)


def wrong(framework, form):
    """(the adapter with its mistake, the words of the diagnosis)."""
    right, mistake, words = MISTAKES[framework, form]
    text = adapter_text(framework, form)
    assert text.count(right) == 1
    return text.replace(right, mistake), words


def a_case():
    """The plain SNU, as an adapter sees it."""
    entry = ENTRIES["unit-tanh-relu"]
    inputs, _ = copied(case_of(entry["id"]))
    return Case(entry["id"], "", "", entry["config"], inputs, entry["outputs"], "float64")


def expected_names():
    """The outputs of that case without the traces, which few ports have."""
    return {name for name in a_case().outputs
            if name not in ("z", "v") and not name.startswith("adj.")}


@pytest.fixture
def verdict(tmp_path, capsys, monkeypatch):
    """verdict(source, *options) -> exit status and report of `check` on that text as an adapter."""
    def run(source, *options):
        path = tmp_path / "my_port.py"
        path.write_text(source)
        monkeypatch.setattr(sys, "path", list(sys.path))
        target = f"{path}:Adapter" if "class Adapter" in source else str(path)
        status = main(["check", target, *options])
        return status, capsys.readouterr().out
    yield run
    sys.modules.pop("my_port", None)


# ---- Python adapters ----------------------------------------------------------------------------

def test_the_command_prints_every_adapter_and_the_files_are_these_alone(capsys):
    for framework in FRAMEWORKS:
        for form in FORMS:
            assert main(["vectors", "adapter", framework, "--form", form]) == 0
            assert capsys.readouterr().out == adapter_text(framework, form)
    assert main(["vectors", "adapter", "torch"]) == 0
    assert capsys.readouterr().out == adapter_text("torch", "module")
    assert {path.name for path in ADAPTERS.iterdir()} == {
        f"{framework}{end}.txt" for framework in FRAMEWORKS
        for end in ("", *("-" + form for form in FORMS))}


@pytest.mark.parametrize("framework, form", PYTHON)
def test_names_and_can_of_an_adapter_are_those_of_the_cases(framework, form):
    tree = ast.parse(adapter_text(framework, form))
    for source in (adapter_text(framework, form), wrong(framework, form)[0]):
        compile(source, f"{framework}-{form}", "exec")
    parts = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    names = {}
    exec(compile(ast.Module([parts["gradients"]], []), "gradients", "exec"), names)
    found = names["gradients"](a_case())
    assert set(found.values()) <= set(a_case().inputs)
    assert {"s", "y", "end.s", "end.y", *found} == expected_names()
    can = next(ast.unparse(node.value) for node in tree.body if isinstance(node, ast.Assign)
               and ast.unparse(node.targets[0]) == "can")
    assert declared(eval(can), {"snu": a_case().outputs})["unit"] == ("snu",)
    returned = {key.value for node in ast.walk(parts["port"]) if isinstance(node, ast.Return)
                for dictionary in ast.walk(node) if isinstance(dictionary, ast.Dict)
                for key in dictionary.keys}
    assert returned == {"s", "y"}


@pytest.mark.parametrize("framework, form", PYTHON)
def test_what_is_to_be_edited_has_at_most_25_lines(framework, form):
    text = (ADAPTERS / f"{framework}-{form}.txt").read_text()
    edited = text[text.index("# ---- 2."):].splitlines()
    assert len([line for line in edited if line.strip() and line.strip()[0] not in '#"']) <= 25


@pytest.mark.parametrize("framework, form", PYTHON)
def test_adapters_right_and_wrong(verdict, framework, form):
    for needed in {"keras": ("keras", "torch")}.get(framework, (framework,)):
        if not find_spec(needed):
            pytest.skip(f"{needed} is not installed")
    some = ["--cases", CASES] if framework == "jax" else ["--made", "1"]  # 1000 steps, not compiled
    status, text = verdict(adapter_text(framework, form), *some)
    assert status == 0 and "PASSED" in text, text
    source, words = wrong(framework, form)
    status, text = verdict(source, "--cases", CASES)
    assert status == 1 and f"diagnosis: {words}" in text, text


@pytest.mark.parametrize("before, after, words", [
    ("bias=False", "bias=True", "Missing key(s): 'linear.bias'"),
    ('"linear.weight"', '"fc.weight"', "Unexpected key(s): 'fc.weight'"),
    ('"s": s.transpose(0, 1), "y": y.transpose(0, 1)', '"s": s, "y": y', "Time comes first")])
def test_the_pytorch_adapter_names_keys_and_axes_that_do_not_fit(verdict, before, after, words):
    if not find_spec("torch"):
        pytest.skip("torch is not installed")
    text = adapter_text("torch", "sequence")
    assert before in text
    status, text = verdict(text.replace(before, after), "--cases", "rest-tanh-relu")
    assert status == 1 and words in text, text


@DTYPES
def test_numpy(verdict, dtype):
    status, text = verdict(example("### NumPy\n"), "--dtype", dtype, "--made", "1")
    assert status == 0 and int(re.search(r"PASSED.*?: (\d+) cases", text)[1]) >= 52, text


def test_the_verdicts_on_the_page_are_those_of_the_check(verdict):
    """With the NumPy example in the place of the PyTorch adapter, which has the same options."""
    right = example("### NumPy\n").replace("tuple(FLOOR)", '"relu"').replace("tuple(SLOPE)",
                                                                             '"tanh"')
    wrong = right
    for line, mistake in (("W + decay * S[-1] * (1 - Y[-1])", "W + decay * S[-1]"),
                          ("dz[t] * decay * (1 - Y[t]), -dz[t] * decay * S[t]",
                           "dz[t] * decay, np.zeros_like(s)"),
                          ("(dz * S[:-1] * (1 - Y[:-1]))", "(dz * S[:-1])")):
        assert wrong.count(line) == 1
        wrong = wrong.replace(line, mistake)
    for source, start in ((right, "PASSED IN PART"), (wrong, "FAILURE 1 of 1")):
        shown = re.search(rf"```\n({start}.*?)```", PAGE.read_text(), re.S).group(1)
        report = re.sub(r", to \d+ digits", "", verdict(source)[1])
        for line in shown.splitlines():
            assert re.sub(r", to \d+ digits", "", line) in report, report


# ---- C ------------------------------------------------------------------------------------------

@pytest.fixture
def compiled(tmp_path, capsys):
    """compiled(source, dtype) -> exit status and report of `check` on the results of a C port."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("there is no C compiler")

    def run(source, dtype, cases):
        (tmp_path / "port.c").write_text(source)
        real = ["-DREAL=float"] if dtype == "float32" else []
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", *real, "-o", "port",
                        "port.c", "-lm"], cwd=tmp_path, check=True)
        assert main(["vectors", "export", str(tmp_path / "dir"), "--cases", cases,
                     "--dtype", dtype]) == 0
        subprocess.run(["./port", "dir"], cwd=tmp_path, check=True)
        capsys.readouterr()
        return main(["check", str(tmp_path / "dir")]), capsys.readouterr().out
    return run


def test_names_of_the_c_adapter_are_those_of_the_cases():
    text = adapter_text("c", "step")
    assert set(re.findall(r'result\("([\w.]+)"', text)) == expected_names()
    assert set(re.findall(r'= input\("([\w.]+)"', text)) == set(a_case().inputs)


@pytest.mark.parametrize("form, dtype", [*((form, "float64") for form in FORMS),
                                         ("sequence", "float32")])
def test_c_right(compiled, form, dtype):
    # hand-input has another g
    status, text = compiled(adapter_text("c", form), dtype, CASES + ",hand-input")
    count = len(CASES.split(","))
    assert status == 0 and int(re.search(r"PASSED.*?: (\d+) cases", text)[1]) == count, text


@pytest.mark.parametrize("form", FORMS)
def test_c_wrong(compiled, form):
    source, words = wrong("c", form)
    status, text = compiled(source, "float64", CASES)
    assert status == 1 and f"diagnosis: {words}" in text, text
