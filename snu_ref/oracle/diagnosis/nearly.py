"""What is said where no change gives all of a port's numbers: lost digits, or some tensors."""
from .explanation import Explanation, NEAR, PARTIAL, partly, precision_text
from .matching import digits_of
from .runs import ROUNDED
from .variants import find

LOW_PRECISION = 1e-4  # ours: rounded products are reproduced to about this


def precision(runs):
    """Rounded products, or numbers that are all near."""
    port = runs.port
    worst = max(port.errors.values())
    digits = digits_of(worst)
    near = [Explanation(("float32" if digits >= 5 else "precision",), precision_text(digits),
                        digits, tuple(port.names))] if worst <= NEAR else []
    if near and digits >= 5:
        return near
    for name in ROUNDED:
        outputs = runs.run((name,))
        error = max(port.error(k, outputs[k]) for k in port.names)
        if error <= min(LOW_PRECISION, 0.1 * worst):
            return [Explanation((name,), find(name).text, digits_of(error), tuple(port.names))]
    return near


def partial(runs):
    """The changes that explain more of the tensors than the right equations do.

    They must give the whole forward pass, or agree for longer in the order of computation: what
    leaves the first wrong number wrong is not its cause, whatever else it happens to give.
    """
    port = runs.port
    least, start = len(port.matched(runs.right)), port.progress(runs.right)
    ranked = []
    for name, outputs in runs.single.items():
        matched = port.matched(outputs)
        gained = [k for k in matched if k in port.wrong]
        on_the_way = runs.progress(name) > start or port.matches(outputs, port.forward)
        if gained and len(matched) > least and on_the_way:
            ranked.append((-len(matched), -runs.progress(name), name, matched))
    return [partly(name, find(name).text, port.digits(runs.single[name], matched), matched,
                   port.names)
            for _, _, name, matched in sorted(ranked, key=lambda r: r[:2])[:PARTIAL]]
