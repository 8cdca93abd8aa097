"""The tree of files: imports run downwards, lines are short, the root is small."""
import ast
import configparser
import re
from pathlib import Path

import pytest

import snu_ref

ROOT = Path(__file__).parents[2]
PACKAGE = Path(snu_ref.__file__).parent
MODULES = {path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8"))
           for path in sorted(PACKAGE.rglob("*.py"))}
LONGEST = 100  # columns


def rows():
    """The rows of the table in snu_ref/README.md, top first: the names of files and folders."""
    table = (PACKAGE / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in table.splitlines()
            if line.startswith("| `")]


def row_of(module):
    """The number of the row that a module, a path below snu_ref/, belongs to."""
    name = module.parts[0] + ("/" if len(module.parts) > 1 else "")
    found = [i for i, names in enumerate(rows())
             if any(name == n or str(module).startswith(n) for n in names)]
    assert len(found) == 1, f"{module}: expected one row of snu_ref/README.md, got {found}"
    return found[0]


def imported(module):
    """The modules of the package that a module imports, anywhere in its text, as paths."""
    found = set()
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = module.parents[node.level - 1]
            target = folder.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                names = (target / f"{alias.name}.py", target.parent / f"{target.name}.py",
                         target / "__init__.py")
                found.add(next(path for path in names if path in MODULES))
    return found - {Path("__init__.py"), module}


def test_imports_run_downwards():
    for module in MODULES:
        if module.name != "__init__.py" or len(module.parts) > 1:
            for target in imported(module):
                assert row_of(target) >= row_of(module), f"{module} imports {target}, upwards"


def test_no_module_imports_itself_by_way_of_others():
    below = {module: imported(module) for module in MODULES}
    while below:  # remove the lowest rows until none is left
        bottom = {module for module, targets in below.items() if not targets & below.keys()}
        assert bottom, f"a circle of imports among {', '.join(map(str, sorted(below)))}"
        below = {module: targets for module, targets in below.items() if module not in bottom}


def test_the_root_of_the_package_is_small_and_every_folder_says_what_it_holds():
    assert len([module for module in MODULES if len(module.parts) == 1]) <= 12
    for module, tree in MODULES.items():
        if module.name == "__init__.py":
            assert ast.get_docstring(tree), f"{module}: expected a docstring"


def test_no_module_or_folder_has_the_name_of_a_public_function():
    public = {name for name in vars(snu_ref) if callable(getattr(snu_ref, name))} | {"check"}
    for module in MODULES:
        names = {*module.parts[:-1], module.stem}
        assert not names & public - {"check"} or module.parts[0] == "commands", module


def test_lines_are_short():
    folders = (PACKAGE, ROOT / "tests", ROOT / "tutorials")
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert len(line) <= LONGEST, f"{path}:{number}: {len(line)} columns"


@pytest.mark.skipif(not (ROOT / "setup.cfg").exists(), reason="the list of files is not installed")
def test_files_that_are_no_modules_are_installed_with_the_package():
    """All but the results page and its tables, which are only in the repository."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    shipped = {path for package, patterns in config["options.package_data"].items()
               for pattern in patterns.split(", ")
               for path in (PACKAGE.parent / package.replace(".", "/")).glob(pattern)}
    left = [path for path in PACKAGE.rglob("*.*") if path.is_file() and path.suffix not in
            (".py", ".pyc") and PACKAGE / "tasks" not in path.parents]
    assert set(left) <= shipped, set(left) - shipped
