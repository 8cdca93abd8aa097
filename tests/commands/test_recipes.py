"""Each recipe runs by itself, unchanged, and its claims hold."""
import re
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "tutorials" / "RECIPES.md"
TEXT = RECIPES.read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
SNIPPETS = [(f"{title} {i}" if i else title, code) for title, body in SECTIONS
            for i, code in enumerate(re.findall(r"^```python\n(.*?)^```$", body,
                                                re.MULTILINE | re.DOTALL))]


@pytest.mark.parametrize("code", [code for _, code in SNIPPETS], ids=[name for name, _ in SNIPPETS])
def test_a_recipe_runs_and_its_claims_hold(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "assert " in code
    for _ in range(1 + (".save(" in code or "--out" in code)):  # twice if it writes files
        exec(compile(code, "RECIPES.md", "exec"), {"__name__": "recipe"})


def test_the_list_at_the_top_names_every_recipe():
    listed = re.findall(r"^- \[(.*?)\]\(#(.*?)\)$", TEXT, re.MULTILINE)
    assert [title for title, _ in listed] == [title for title, _ in SECTIONS]
    for title, link in listed:
        assert link == re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", TEXT):
        assert (RECIPES.parent / picture).stat().st_size > 10_000
