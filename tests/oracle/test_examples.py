"""The adapter examples in the READMEs work as printed: each is cut out, run, and passes.

PyTorch, JAX and a C compiler are no requirements of the package: what is not there is skipped by
name.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snu_ref.__main__ import main
from snu_ref.oracle.cases.manifest import FOLDER

ROOT = Path(__file__).resolve().parents[2]
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def example(readme, before, language="python"):
    """The block of code that follows the words `before` in a README."""
    block = re.escape(before) + rf".*?```{language}\n(.*?)```"
    return re.search(block, readme.read_text(), re.S).group(1)


@pytest.fixture
def verdict(tmp_path, capsys, monkeypatch):
    """verdict(source, *options) -> exit status and report of `check` on that text as an adapter."""
    def run(source, *options):
        path = tmp_path / "my_port.py"
        path.write_text(source)
        monkeypatch.setattr(sys, "path", list(sys.path))
        status = main(["check", f"{path}:Adapter", *options])
        return status, capsys.readouterr().out
    yield run
    sys.modules.pop("my_port", None)


@DTYPES
def test_numpy(verdict, dtype):
    source = example(FOLDER / "README.md", "### NumPy\n")
    status, text = verdict(source, "--dtype", dtype)
    assert status == 0 and int(re.search(r"PASSED: (\d+) cases", text)[1]) >= 52, text


@DTYPES
def test_c(tmp_path, capsys, dtype):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler")
    (tmp_path / "port.c").write_text(example(FOLDER / "README.md", "### C\n", "c"))
    real = ["-DREAL=float"] if dtype == "float32" else []
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", *real, "-o", "port", "port.c",
                    "-lm"], cwd=tmp_path, check=True)
    options = ["--cases", "hand,edge,stream,default,unit-tanh-*,long-snu-200", "--dtype", dtype]
    assert main(["vectors", "export", str(tmp_path / "dir"), *options]) == 0
    subprocess.run(["./port", "dir"], cwd=tmp_path, check=True)
    capsys.readouterr()
    status = main(["check", str(tmp_path / "dir")])
    text = capsys.readouterr().out
    assert status == 0 and int(re.search(r"PASSED: (\d+) cases", text)[1]) >= 50, text


@DTYPES
@pytest.mark.parametrize("framework, heading, cases, count", [
    ("torch", "### PyTorch", "hand,edge,batch,stream,unit,rest,default,long-snu-200", 349),
    ("jax", "### JAX", "hand,edge,batch,stream,unit-*-relu-rec-inh*", 88)])
def test_frameworks(verdict, framework, heading, cases, count, dtype):
    pytest.importorskip(framework)
    source = example(FOLDER / "README.md", heading)
    status, text = verdict(source, "--dtype", dtype, "--cases", cases)
    assert status == 0 and int(re.search(r"PASSED: (\d+) cases", text)[1]) >= count, text


@pytest.mark.parametrize("heading", ["### PyTorch", "### JAX"])
def test_examples_that_cannot_be_run_are_python_at_least(heading):
    compile(example(FOLDER / "README.md", heading), heading, "exec")
