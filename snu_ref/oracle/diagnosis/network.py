"""Test a mistake of the unit in training runs: networks whose SNU layers have edited lines."""
from types import SimpleNamespace

import numpy as np

from ...snu import SNU
from ..cases.reference_training import make_network
from .seen import Seen
from .sets import Whole


def network_with(edits, count):
    """A function like `make_network` whose SNU layers run with a set of edits (`Edits`)."""
    def make(config, params, dtype):
        network = make_network(config, params, dtype)
        for layer in network.layers:
            if isinstance(layer, SNU):
                _edit(layer, edits, count)
        return network
    return make


def _edit(layer, edits, count):
    config = dict(unit="snu", h=layer.h.name, g=layer.g.name, surrogate=layer.surrogate.name,
                  recurrent="H" in layer.params, lateral_inhibition=layer.lateral_inhibition,
                  reset_grad=layer.reset_grad)

    def outputs(inputs):
        seen = Seen("", "", config, inputs, {}, 0.0)
        return Whole(seen, count).run(edits.for_case(seen))

    def forward(x, state=None):
        zero = np.zeros((x.shape[1], layer.params["b"].size))
        s, y = state or (zero, zero)
        inputs = {"x": x, "state.s": s, "state.y": y, "dend.s": zero, "dend.y": zero,
                  "dy": np.zeros((*x.shape[:2], zero.shape[1])),
                  **{f"params.{name}": a for name, a in layer.params.items()}}
        found = outputs(inputs)
        end = type(layer.zero_state(x.shape[1]))(found["end.s"], found["end.y"])
        return found["y"], SimpleNamespace(inputs=inputs, state=end, y=found["y"])

    def backward(dy, cache, dstate=None, need_dx=True):
        found = outputs({**cache.inputs, "dy": dy})
        return found["grad.x"], {name: found[f"grad.{name}"] for name in layer.params}, None
    layer.forward, layer.backward = forward, backward
