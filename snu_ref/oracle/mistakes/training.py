"""Mistakes in whole training runs: what is carried from one step to the next, and in which order.

    training_numbers(config, inputs, **places)      losses, gradients, parameters after each step

The layers are the package's own; rules of optimisers and clipping come from `catalogue_optimisers`,
losses from `catalogue_losses`.
"""
import numpy as np

from ..cases.case import group
from ..cases.reference_training import batch, loss_outputs, make_network, stack
from .entry import Mistake
from .losses import LOSS_MISTAKES
from .optimisers import CLIPS, RULES, right_clip, right_rule

TRAINING = ("training",)


@np.errstate(all="ignore")
def training_numbers(config, inputs, *, loss=loss_outputs, rule=right_rule, clip=right_clip,
                     which=None, carried=False, added="", before=False, late=False, shown=False,
                     decay_clipped=True, trainable=None):
    """The outputs of a training case.

    loss, rule, clip: as in their catalogues. which(k): the batch of step k. carried: the state goes
    on from batch to batch. added: gradients of all steps so far are added up, as they are ("raw")
    or as they were "clipped". before: the parameters reported are those before the update. late:
    the loss reported is that after it. shown: the gradients reported are the clipped ones.
    trainable(name): whether that parameter is updated.
    """
    params, averages, total, state, steps = group(inputs, "params"), {}, {}, None, []
    for k in range(config["steps"]):
        network = make_network(config, params, np.float64)
        x, target, mask = batch(inputs, which(k) if which else k)
        y, cache = network.forward(x, state)
        given = {"y": y, "target": target, **({} if mask is None else {"mask": mask})}
        found = loss({"unit": "loss", "loss": config["loss"]}, given)
        _, grads, _ = network.backward(found["dy"], cache, need_dx=False)
        grads = {name: grads[name] for name in network.trainable}
        if added:
            grads = {name: g + total.get(name, 0.0) for name, g in grads.items()}
        applied = clip(grads, config["max_norm"]) if "max_norm" in config else grads
        total = applied if added == "clipped" else grads
        old, params = params, dict(params)
        for name, g in applied.items():
            if trainable is None or trainable(name):
                params[name] = rule(config, params[name], g, averages.setdefault(name, {}), k + 1)
                if decay_clipped and name.endswith(".decay"):
                    params[name] = np.clip(params[name], 0, 1)
        state = cache.state if carried else None
        if late:
            given["y"] = make_network(config, params, np.float64).forward(x, None)[0]
            found = loss({"unit": "loss", "loss": config["loss"]}, given)
        grads = applied if shown else grads
        steps.append({"losses": found["value"], **{f"grad.{name}": g for name, g in grads.items()},
                      **{f"after.{name}": (old if before else params)[name] for name in grads}})
    return stack(steps)


def _mistake(name, text, when=lambda config: True, **places):
    def run(config, inputs):
        return training_numbers(config, inputs, **places) if when(config) else None
    return Mistake(name, text, TRAINING, run)


def _has(layer, **options):
    return lambda config: any(one["layer"] == layer
                              and all(one.get(k, v) == v for k, v in options.items())
                              for one in config["layers"])


def _changed(name, text, when=lambda config: True, **options):
    """The SNU layers with other options."""
    def run(config, inputs):
        if not _has("snu")(config) or not when(config):
            return None
        layers = [{**one, **options} if one["layer"] == "snu" else one for one in config["layers"]]
        return training_numbers({**config, "layers": layers}, inputs)
    return Mistake(name, text, TRAINING, run)


def _untied(config, inputs):
    """The embedding is not updated, though the tied output shares it."""
    if not any(one["layer"] == "tied_output" for one in config["layers"]):
        return None
    return training_numbers(config, inputs, trainable=lambda name: name != "0.E")


def _with_loss(mistake):
    def loss(config, inputs):
        return mistake.run(config, inputs) or loss_outputs(config, inputs)

    def run(config, inputs):
        return training_numbers(config, inputs, loss=loss)
    return Mistake(mistake.name, mistake.text, TRAINING, run)


TRAINING_MISTAKES = [
    *(_mistake(name, text, lambda c, o=optimiser: c["optimiser"] == o, rule=rule)
      for name, (text, optimiser, rule) in RULES.items()),
    *(_mistake(name, text, lambda c: "max_norm" in c, clip=clip)
      for name, (text, clip) in CLIPS.items()),
    *(_with_loss(mistake) for mistake in LOSS_MISTAKES),
    _mistake("training_gradients_added",
             "the gradients of the steps before are not cleared: each step has its own",
             added="raw"),
    _mistake("training_clipped_gradients_added",
             "the gradients of the steps before, as clipped, are not cleared: each step has its "
             "own", added="clipped"),
    _mistake("training_loss_after_update",
             "losses holds the loss of each batch after the update: before it, that of the "
             "gradient", late=True),
    _mistake("training_clipped_gradients_shown", "grad.NAME is reported after clipping: before it",
             lambda c: "max_norm" in c, shown=True),
    _mistake("training_state_carried", "each batch begins with the state that the one before ended "
             "with: each begins at zero", carried=True),
    _mistake("training_same_batch",
             "every step uses the first batch: step k uses x[k], target[k] and mask[k]",
             which=lambda k: 0),
    _mistake("training_before_update", "after.NAME is reported before the update: after it",
             before=True),
    _mistake("training_decay_unclipped",
             "a trained decay leaves [0, 1]: it is clipped after each step",
             _has("snu", train_decay=True), decay_clipped=False),
    _mistake("training_decay_frozen", "the decay is not updated, though this case trains it",
             _has("snu", train_decay=True), trainable=lambda name: not name.endswith(".decay")),
    _mistake("training_biases_frozen",
             "biases are not updated: they are parameters like the others",
             trainable=lambda name: not name.endswith(".b")),
    _mistake("training_H_frozen", "H is not updated: it is a parameter like the others",
             _has("snu", recurrent=True), trainable=lambda name: not name.endswith(".H")),
    Mistake("training_embedding_frozen",
            "the embedding is not updated: it is one tied parameter, with the gradients of both "
            "its uses added", TRAINING, _untied),
    _changed("reset_detached",
             "the reset gate is a constant in the backward pass: let the gradient flow through 1 - "
             "y_{t-1}", _has("snu", reset_grad="through"), reset_grad="detached"),
    _changed("reset_through",
             "the gradient flows through the reset gate: this layer has reset_grad = \"detached\"",
             _has("snu", reset_grad="detached"), reset_grad="through"),
    *(_changed(f"g_is_{g}", f"g is {g} in every layer, not what this case asks for", g=g)
      for g in ("identity", "leaky_relu", "relu", "tanh")),
    *(_changed(f"surrogate_{s}", f"the surrogate is {s}: tanh, the default, is meant", surrogate=s)
      for s in ("boxcar", "triangle", "arctan", "fast_sigmoid")),
    _changed("inhibition_left_out",
             "each unit has a gate of its own, 1 - y_j: with inhibition it is 1 - max_j y_j",
             _has("snu", lateral_inhibition=True), lateral_inhibition=False),
]
