"""The diagnosis names lines that public code has in place of the unit's."""
import numpy as np
import pytest

import snu_ref


def absolute(x, s, y, W, H, decay, b):
    """The synapses are one tenth of |x W|."""
    s = np.maximum(0.1 * np.abs(x @ W) + decay * s * (1 - y), 0)
    return s, s, (s + b > 0) * 1.0


def absolute_elu(x, s, y, W, H, decay, b):
    """The same with elu, as a public SNU has it."""
    z = 0.1 * np.abs(x @ W) + decay * s * (1 - y)
    s = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
    return s, s, (s + b > 0) * 1.0


def clipped(x, s, y, W, H, decay, b):
    """The state is kept between 0 and 1; y_0 resets nothing."""
    s = x @ W + decay * s
    y = (s + b > 0) * 1.0
    return s, np.clip(s * (1 - y), 0, 1), y


def feeds_its_own_spike(x, s, y, W, H, decay, b):
    """The output is that of the state before; it feeds H, and subtracts the threshold."""
    y = (s + b > 0) * 1.0
    s = x @ W + y @ H + decay * s + b * y
    return s, s, y


def refractory(x, s, y, W, H, decay, b):
    """A unit that has just fired does not fire."""
    s = np.maximum(x @ W + decay * s * (1 - y), 0)
    return s, s, (s + b > 0) * (1 - y)


def exponential_gate(x, s, y, W, H, decay, b):
    """The gate is exp(-y/decay)."""
    s = x @ W + decay * s * np.exp(-y / decay)
    return s, s, (s + b > 0) * 1.0


def several_spikes(x, s, y, W, H, decay, b):
    """As many spikes as thresholds fit into the state."""
    s = np.maximum(x @ W + decay * s * (1 - y), 0)
    return s, s, np.maximum(np.floor(s / -b), 0)


def either_sign(x, s, y, W, H, decay, b):
    """The absolute value of the state fires."""
    s = x @ W + decay * s * (1 - y)
    return s, s, (np.abs(s) + b > 0) * 1.0


def synaptic(x, s, y, W, H, decay, b, current=None):
    """The input flows into a current; the threshold is subtracted."""
    current = 0.9 * (0 if current is None else current) + x @ W
    s = current + decay * s + b * y
    return s, s, (s + b > 0) * 1.0, current


def synaptic_before(x, s, y, W, H, decay, b, current=None):
    """A leaky average of the current of the step before."""
    before = np.zeros(s.shape) if current is None else current
    s = decay * s * (1 - y) + (1 - decay) * before
    return s, s, (s + b > 0) * 1.0, 0.77 * before + x @ W


def gated_current(x, s, y, W, H, decay, b, current=None):
    """The reset sets the whole new state to 0, with what the current adds to it."""
    current = 0.9 * (0 if current is None else current) + x @ W
    s = (decay * s + current) * (1 - y)
    return s, s, (s + b > 0) * 1.0, current


def clamped_decay(x, s, y, W, H, decay, b):
    """The decay is clamped wherever it is used."""
    decay = np.clip(decay, np.exp(-1 / 5), np.exp(-1 / 25))
    s = decay * (s - y) + (1 - decay) * (x @ W + y @ H)
    return s, s, (s + b > 0) * 1.0


def fixed_threshold(x, s, y, W, H, decay, b):
    """Decay and threshold are constants of the program."""
    s = 0.75 * s * (1 - y) + x @ W
    return s, s, (s > 0.3) * 1.0


ENDS = [(), ("end.s", "end.y")]
PUBLIC = [
    (absolute, ["the absolute value of x W is used, multiplied by 0.1"], dict(g="relu")),
    (absolute_elu, ["the absolute value of x W is used, multiplied by 0.1", "g is elu"],
     dict(g="relu", decay="shared", b="shared")),
    (clipped, ["the state is reset in the same step as its spike, and clipped to [0, 1]; s is "
               "reported before that"], dict(g="identity", start="rest")),
    (feeds_its_own_spike, [
        "H is fed h(s_before + b), the output computed from the state of the step before",
        "y is computed from the state of the step before; the reset in the same step subtracts the "
        "threshold -b (soft reset), after the decay"],
     dict(g="identity", recurrent=True, start="own")),
    (refractory, ["a unit that fired in the step before does not fire (refractory)"],
     dict(g="relu")),
    (exponential_gate, ["the gate is exp(-y/decay)"], dict(g="identity")),
    (several_spikes, ["the output is floor(s/threshold), with the threshold -b: several spikes in "
                      "one step"], dict(g="relu")),
    (either_sign, ["v is |s| + b"], dict(g="identity")),
    (synaptic, ["the reset subtracts the threshold -b (soft reset), after the decay",
                "x W flows into a synaptic current, which is multiplied by 0.9 in each step"],
     dict(g="identity")),
    (synaptic_before, ["x W of the step before flows into a synaptic current, which is multiplied "
                       "by 0.77 in each step",
                       "x W is multiplied by 1 - decay (a leaky average)"], dict(g="identity")),
    (gated_current, ["x W flows into a synaptic current, which is multiplied by 0.9 in each step",
                     "the reset gate also multiplies x W"], dict(g="identity")),
    (clamped_decay, ["the decay is clipped to [exp(-1/5), exp(-1/25)], that is [0.8187, 0.9608] "
                     "(sparch, commit ac49b5b)",
                     "the reset subtracts 1 (soft reset), before the decay",
                     "x W is multiplied by 1 - decay (a leaky average)",
                     "y H is multiplied by 1 - decay"], dict(g="identity", recurrent=True)),
    (fixed_threshold, ["the decay is 0.75, whatever the parameter says",
                       "the threshold is 0.3, whatever b says"], dict(g="identity"))]


@pytest.mark.parametrize("step, said, options, ends", [
    (*PUBLIC[0], ENDS[0]), (*PUBLIC[1], ENDS[1]),
    *((*line, ends) for line in PUBLIC[2:4] for ends in ENDS),
    *((*line, ENDS[0]) for line in PUBLIC[4:])])
def test_lines_of_public_code_are_named(step, said, options, ends):
    """Also if the last s and y are returned once more as the state that is kept."""
    def run(case):
        p, s, y, more, out = case.params, case["state.s"], case["state.y"], (), []
        for x in case["x"]:
            shown, s, y, *more = step(x, s, y, p["W"], p.get("H"), p["decay"], p["b"], *more)
            out.append((shown, y))
        s, y = map(np.array, zip(*out))
        return {"s": s, "y": y, **dict(zip(ends, (s[-1], y[-1])))}
    can = dict(unit="snu", h="step", surrogate="tanh", reset_grad="through", recurrent=False,
               lateral_inhibition=False, returns=("s", "y", *ends))
    story = snu_ref.oracle.check(run, "made,default", can={**can, **options}).stories[0]
    assert story.grade == "confirmed" and sorted(story.says) == sorted(said), story
