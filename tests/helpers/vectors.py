"""The cases of a check, those of the package and new ones: each is read or made once."""
from functools import lru_cache

from snu_ref.oracle.cases.drawn import drawn
from snu_ref.oracle.cases.families_full import made_cases
from snu_ref.oracle.cases.making import make_case
from snu_ref.oracle.cases.manifest import FOLDER, load_case, read_manifest

MANIFEST = read_manifest()
ENTRIES = {entry["id"]: entry for entry in MANIFEST["cases"]}


@lru_cache(maxsize=None)
def case_of(id):
    """(inputs, outputs) of a case of the package; all tests share them, so nobody can change them.
    """
    groups = load_case(ENTRIES[id])
    for arrays in groups:
        for a in arrays.values():
            a.flags.writeable = False
    return groups


def copied(groups):
    """Copies of these arrays, which a port may change."""
    return tuple({name: a.copy() for name, a in arrays.items()} for arrays in groups)


def once(function):
    """The function without repeats: the same arguments, as text, give the same object."""
    known = {}

    def call(*args, **options):
        key = repr((args, options))
        if key not in known:
            known[key] = function(*args, **options)
        return known[key]
    return call


MADE = {}  # what make_case gave, by the function that draws the numbers


def make_once(definition, methods):
    """`make_case` of a definition whose `make` is made once."""
    if definition.make not in MADE:
        MADE[definition.make] = make_case(definition, methods)
    entry, *groups = MADE[definition.make]
    return dict(entry), *copied(groups)


SHARED = {
    "read_manifest": lambda folder=FOLDER: MANIFEST if folder == FOLDER else read_manifest(folder),
    "load_case": lambda entry, folder=FOLDER: (
        copied(case_of(entry["id"])) if folder == FOLDER else load_case(entry, folder)),
    "made_cases": once(lambda *args: list(made_cases(*args))),
    "drawn": once(drawn),
    "make_case": make_once,
}


def share(patch, *modules):
    """Let modules read and make nothing twice; patch: `setattr`, or that of monkeypatch."""
    for module in modules:
        for name in SHARED.keys() & vars(module):
            patch(module, name, SHARED[name])
