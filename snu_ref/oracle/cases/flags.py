"""The flags of the cases: for each, which mistake of a port it is there to show."""

FLAGS = {
    "input weights": "W transposed, or the input scaled",
    "bias": "b subtracted instead of added, added with the wrong sign, or kept in the state",
    "decay": "decay left out, put outside the reset gate, applied to the input, or 1 - decay used",
    "reset": "no reset, reset by subtraction, gate from y_t instead of y_{t-1}, gate on the input "
             "too",
    "reset gradient": "the gradient through the reset gate left out (or let in, where it is "
                      "detached)",
    "recurrence": "H fed with the input or y_t, transposed, gated by the reset, or outside g",
    "inhibition": "the gate by unit instead of the layer's maximum, or coupled across the batch",
    "ties": "the gradient of a tied maximum given to one unit, or to each in full, instead of 1/k",
    "g": "g left out, or its slope left out of the backward pass",
    "leak": "another slope than 0.1 in leaky_relu",
    "surrogate": "another surrogate, its argument s instead of s + b, another width or height",
    "sigmoid": "a step where the soft unit has a sigmoid, or another slope",
    "threshold": "a spike at v = 0: the unit fires only above its threshold, step(0) = 0",
    "kink": "the wrong side's slope at a kink: g'(0) is the left slope, of psi the smaller slope "
            "counts",
    "start state": "the initial state ignored, or its gradient missing or cut",
    "end state": "the gradient that comes in through the final state ignored, or added a step too "
                 "early",
    "zero start": "a start other than s = y = 0, or a state left over from the sequence before",
    "time": "time reversed, or batch and time exchanged, or the gradient cut after one step",
    "sums": "means instead of sums over time or batch in the gradients of the parameters",
    "batch": "samples that see each other; a gradient averaged over the batch",
    "pieces": "state or gradient lost where one piece of a sequence meets the next",
    "saturation": "exp that overflows to inf or NaN far from the threshold",
    "large state": "a state clipped from above, as by relu6 or a fixed-point format",
    "silent": "a division by the number of spikes; a gradient that needs a spike to flow",
    "firing": "state carried through a gate that is closed at every step",
    "long": "float32 accumulation in a float64 port; errors that build up over time",
    "small shapes": "axes of length 1 squeezed away or broadcast",
    "precision": "weights rounded to bfloat16, TF32, float16, or a few bits",
    "tails": "the last units, inputs or samples forgotten where a loop takes several at once",
    "gates": "the order of the gates, or the reset of the GRU before or after the product",
    "mask": "padded steps that count in the loss, or in the number that divides it",
    "loss": "sum instead of mean, sigmoid or softmax taken twice, or the wrong divisor",
    "optimiser": "the learning rate inside the velocity, no bias correction, eps inside the root",
    "clipping": "clipping tensor by tensor or element by element instead of by the common norm",
    "training": "gradients left over from the step before, an update from old parameters, tied or "
                "frozen parameters treated as free ones",
    "device": "a coefficient or a clip of the phase-change device, or the memory of its pulses",
    "drift": "the age of a device measured from the wrong time, or base-10 logarithms",
    "converter": "rounding, step size or clipping of a converter",
    "update": "the remainder of the accumulated step lost, pulses rounded instead of truncated, "
              "or sent to the wrong device of the pair",
    "exact": "nothing but a wrong equation: all numbers are short binary fractions, no order of "
             "sums rounds",
}
