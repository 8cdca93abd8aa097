"""Every public function, class and method says what it is, and the examples in docstrings are
right."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import snu_ref
import snu_ref.gradcheck
import snu_ref.pcm
import snu_ref.tasks.statistics

MODULES = [module.name for module in pkgutil.walk_packages(snu_ref.__path__, "snu_ref.")]
WITH_EXAMPLES = {  # the names that a reader meets first
    snu_ref: {
        "SNU",
        "RNN",
        "GRU",
        "LSTM",
        "Dense",
        "Embedding",
        "TiedOutput",
        "Dropout",
        "AveragePool2d",
        "MaxPool2d",
        "Flatten",
        "Network",
        "mean_square_error",
        "bernoulli_nll",
        "softmax_cross_entropy",
        "SGD",
        "Adam",
        "clip_by_norm",
        "rate_code",
        "ConvSNU",
        "without_dropout",
    },
    snu_ref.gradcheck: {
        "check_gradient",
        "check_layer",
        "central_difference",
        "complex_step",
        "frozen_step",
        "frozen_max",
        "frozen_forward",
    },
    snu_ref.pcm: {"PCMArray", "full_scale", "UpdateRule", "DeviceReadout", "ColumnReadout"},
    snu_ref.tasks.statistics: {"summary", "difference", "verdict", "mcnemar"},
}


def own_docstring(thing):
    """The docstring of a thing, or none if a named tuple made it, such as Name(a, b)."""
    text = thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__
    made_up = inspect.isclass(thing) and (text or "").startswith(f"{thing.__name__}(")
    return "" if text is None or made_up else text


def public_things(module):
    """(name, thing) of the public functions, classes, methods and properties that a module
    defines."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
        if inspect.isclass(thing):
            for inner, method in vars(thing).items():
                method = (
                    method.fget
                    if isinstance(method, property)
                    else getattr(method, "__func__", method)
                )
                if inspect.isfunction(method) and not inner.startswith("_"):
                    yield f"{name}.{inner}", method


@pytest.mark.parametrize("name", MODULES)
def test_module_is_documented_and_its_examples_are_right(name):
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip(), f"{name} says nowhere what it is"
    bare = [thing for thing, value in public_things(module) if not own_docstring(value).strip()]
    assert not bare, f"{name}: no docstring: {', '.join(bare)}"
    found = doctest.testmod(module)
    assert not found.failed, (
        f"{name}: {found.failed} of {found.attempted} examples are wrong, printed above"
    )


@pytest.mark.parametrize("package", WITH_EXAMPLES, ids=lambda package: package.__name__)
def test_main_names_have_examples(package):
    missing = [
        name
        for name in WITH_EXAMPLES[package]
        if ">>>" not in own_docstring(getattr(package, name))
    ]
    assert not missing


def test_every_name_of_the_package_is_documented():
    for name, thing in vars(snu_ref).items():
        if not name.startswith("_") and not inspect.ismodule(thing):
            assert own_docstring(thing), name


def test_the_walk_finds_what_is_bare():
    """A function, a class, a method and a property without a docstring, and a named tuple's
    made-up one."""
    import types
    from typing import NamedTuple

    class Bare(NamedTuple):
        x: int

        @property
        def half(self):
            return self.x / 2

        def told(self):
            """Said."""

    def function():
        pass

    module = types.ModuleType("bare")
    for thing in (Bare, function):
        thing.__module__ = "bare"
        setattr(module, thing.__name__, thing)
    found = {name: own_docstring(thing) for name, thing in public_things(module)}
    assert {name for name, text in found.items() if not text} == {"Bare", "Bare.half", "function"}
    assert found["Bare.told"] == "Said."
