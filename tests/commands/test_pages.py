"""The text of a command's help says what the command takes: each form of line, and its values."""
import argparse
import re
from pathlib import Path

import pytest

from snu_ref.commands import add_arguments, use

LINES = """
  TASK                  the task, one of %(choices)s
  [BLOCK ...]           blocks
  --seed N = 3          start of all
                        random numbers
  --out DIR             a folder
  --dtype float32|float64 = float64
                        of numbers
  --only CASE ...       these cases
  [--set NAME=VALUE ...]
                        one setting
  --rate T              a rate
  --resume              go on
"""


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser, LINES, {"task": ("music", "digits")})
    return parser, vars(parser.parse_args(words))


def test_every_form_of_a_line_gives_its_values():
    assert parsed("music")[1] == {
        "task": "music", "block": [], "seed": 3, "out": None, "dtype": "float64", "only": None,
        "set": None, "rate": None, "resume": False}
    assert parsed(
        "digits", "a", "b", "--seed", "7", "--out", "x", "--dtype", "float32", "--only", "c", "d",
        "--set", "lr=1", "--set", "lr=2", "--rate", "0.5", "--resume")[1] == {
            "task": "digits", "block": ["a", "b"], "seed": 7, "out": Path("x"), "dtype": "float32",
            "only": ["c", "d"], "set": ["lr=1", "lr=2"], "rate": 0.5, "resume": True}


@pytest.mark.parametrize("words", [
    [], ["poetry"], ["music", "--seed", "x"], ["music", "--dtype", "int8"], ["music", "--only"]])
def test_what_a_line_does_not_allow_is_refused(words):
    with pytest.raises(SystemExit) as end:
        parsed(*words)
    assert end.value.code == 2


def test_the_help_has_the_meanings_and_the_defaults():
    text = " ".join(parsed("music")[0].format_help().split())
    assert "--seed N start of all random numbers (default: 3)" in text
    assert "the task, one of music, digits" in text and "--resume go on" in text


def test_the_defaults_that_depend_on_the_task_are_those_of_the_help():
    text = Path(use.__file__).with_suffix(".txt").read_text(encoding="utf-8")
    for name, defaults in use.DEFAULTS.items():
        meaning = re.search(rf"^  --{name} (.*?)^(?:  -|\n)", text, re.MULTILINE | re.DOTALL)[1]
        stated = re.findall(r"[\d.]+(?=[,)])", meaning.partition("default")[2])
        assert stated == [str(value) for value in defaults.values() if value != ""], name
        assert f" {', '.join(defaults)}: " in f" {' '.join(meaning.split()[1:])}", name
