"""The README is right: its commands exist, its Python runs, its links work."""
import importlib
import re
import shlex
from pathlib import Path

import pytest

import snu_ref
from snu_ref.__main__ import COMMANDS, EXAMPLES, parse

HERE = Path(__file__).parents[2]
README = (HERE / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"python -m snu_ref (?!COMMAND)([^`\n&|>]*)")
NAMES = [name for group in COMMANDS.values() for name in group]
STANDS_FOR = {"TASK": "music", "U": "snu", "N": "1"}  # what a reader would put in



def commands(text):
    """What follows `python -m snu_ref` in a text, without the comments behind two blanks."""
    text = (
        re.sub(r"\n(?!\n|```| *[-*|])", " ", text) if "`" in text else text
    )  # inline code may be broken over lines
    found = [words.split("  ")[0].strip().rstrip(".,:;)") for words in COMMAND.findall(text)]
    return [words for words in found if words and words.split()[0]]


def named():
    yield from ((words, "README") for words in commands(README))
    yield from ((words, "--help") for words in commands(EXAMPLES))
    for name in NAMES:
        text = importlib.import_module(f"snu_ref.commands.{name}").__doc__
        yield from ((words, name) for words in commands(text.partition("\nexample")[2]))


@pytest.mark.parametrize("words, where", dict.fromkeys(named()))
def test_every_command_that_is_printed_can_be_given(words, where, capsys, monkeypatch):
    """The parser accepts each command as printed, and its help has examples and the exit
    status."""
    monkeypatch.setenv("COLUMNS", "80")
    words = [STANDS_FOR.get(word, word) for word in shlex.split(words)]
    if words == ["--help"]:
        return
    with pytest.raises(SystemExit) if "--help" in words else no_error():
        parse(words)
    with pytest.raises(SystemExit) as end:
        parse([words[0], "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0 and "example" in text and "exit status" in text
    assert max(map(len, text.splitlines())) <= 80


class no_error:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_commands_are_found_and_wrong_ones_would_be_noticed():
    found = [words for words, _ in named()]
    assert len(found) > 25 and "reproduce" in found and "gradcheck --summary" in found
    assert {words.split()[0] for words in found} > set(NAMES)
    for wrong in (
        ["reproduse"], ["train"], ["train", "music", "--unit", "perceptron"],
        ["reproduce", "--fast"]):
        with pytest.raises(SystemExit) as end:
            parse(wrong)
        assert end.value.code == 2


def test_installs_and_tests_are_what_the_package_offers():
    shell = "\n".join(text for language, text in BLOCKS if not language)
    assert (
        ".venv/bin/pip install . &&" in shell and '.venv/bin/pip install -e ".[test]" &&' in shell)
    assert "[options.extras_require]\ntest =" in (HERE / "setup.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [text for language, text in BLOCKS if language == "python"])
def test_python_runs(code):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_the_version_to_cite_is_this_one():
    assert f"version = {{{snu_ref.__version__}}}" in README


def test_files_and_links_are_there():
    package = Path(snu_ref.__file__).parent  # if it is installed, it is not beside the tests
    for path in re.findall(r"`((?:snu_ref|tutorials|tests)/[\w/.]+)`", README):
        assert ((package.parent if path.startswith("snu_ref/") else HERE) / path).exists(), path
    headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
                for line in re.findall(r"^##+ (.*)$", README, re.MULTILINE)}
    for link in re.findall(r"\]\(#([^)]*)\)", README):
        assert link in headings, link
    overview = (HERE / "tutorials" / "README.md").read_text(encoding="utf-8")
    for script in (HERE / "tutorials").glob("[0-9]*.py"):
        assert f"({script.name})" in overview and f"(pictures/{script.name[:2]}.png)" in overview, (
            script.name)
    pictures = list((HERE / "tutorials" / "pictures").iterdir())
    assert {path.name for path in pictures} == set(re.findall(r"pictures/(\d\d\.png)", overview))
    assert sum(path.stat().st_size for path in pictures) <= 300_000
