# %% [markdown]
# # 0. Play: a unit with sliders
#
# **What you will see.** One unit over 60 steps, and what its input, decay, threshold and weight do
# to it. Move a slider, and state, output and gradient are drawn again. There are two pages:
#
#     the unit        input x, state s, distance to the threshold v = s + b, output y
#     the gradient    the same state; below it, what each step adds to dL/dW for L = sum of y,
#                     with the surrogate of your choice
#
# **What it needs.** Nothing. Come back after tutorial 1 (the circuit) and 4 (surrogates).
#
# **Time.** As long as you like.
#
#     .venv/bin/python tutorials/00_play.py       (Windows: .venv\Scripts\python)
#
# Without a display it saves one picture, 00_play.png; `--out DIR` chooses the folder.
#
# **Try.** Raise the decay to 1: what makes the unit forget now? Switch the reset off. Make h a
# sigmoid: at which value does y settle? Set the decay to 0: what is left of the past? On the second
# page: which steps add to dL/dW, and what changes with `boxcar`?

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref import SNU
from snu_ref.figures import style

STEPS, SIZE = 60, (10, 7)  # SIZE in inches
SLIDERS = {  # name: (lowest, highest, start)
    "input x": (0.0, 2.0, 0.45), "weight W": (-1.0, 2.0, 1.0), "decay": (0.0, 1.0, 0.8),
    "threshold": (0.1, 3.0, 1.0)}
CHOICES = {"page": ("the unit", "the gradient"), "h": ("step", "sigmoid"),
           "g": ("relu", "leaky_relu", "identity", "tanh"), "reset": ("on", "off"),
           "surrogate": ("tanh", "boxcar", "triangle", "arctan", "fast_sigmoid")}


def simulate(settings):
    """x, s, v, y of one unit over the steps, and what each step adds to dL/dW: (STEPS,) each."""
    x = np.zeros((STEPS, 1, 1))
    x[3:45] = settings["input x"]  # on, then off, to show the forgetting
    unit = SNU(1, 1, rng=np.random.default_rng(0), h=settings["h"], g=settings["g"],
               decay=settings["decay"], surrogate=settings["surrogate"])
    unit.params["W"][:] = settings["weight W"]
    unit.params["b"][:] = -settings["threshold"]
    traces, adds = [], np.zeros(STEPS)
    if settings["reset"] == "on":
        y, cache = unit.forward(x)
        dx, _, _ = unit.backward(np.ones_like(y), cache)
        # dx_t = dz_t W, and step t adds dz_t x_t to dW
        weight = settings["weight W"]
        adds = dx[:, 0, 0] * x[:, 0, 0] / weight if weight else adds
        return x[:, 0, 0], cache.s[:, 0, 0], cache.v[:, 0, 0], y[:, 0, 0], adds
    state = unit.zero_state(1)
    for x_t in x:  # the gate sees no output: 1 - 0 lets all of the state through
        y_t, state = unit.step(x_t, state._replace(y=np.zeros_like(state.y)))
        traces.append((x_t[0, 0], state.s[0, 0], state.s[0, 0] + unit.params["b"][0], y_t[0, 0]))
    return *np.array(traces).T, adds


# %% [markdown]
# ## The window
#
# Everything below is drawing. `Play` has the panels; `update` draws them again.


# %%
class Play:
    """The panels, the sliders and the choices, in a figure of matplotlib."""

    def __init__(self, figure):
        from matplotlib.widgets import RadioButtons, Slider

        self.figure = figure
        grid = dict(left=0.09, right=0.69, top=0.95, bottom=0.34, hspace=0.3)
        self.panels = figure.subplots(3, 1, sharex=True, gridspec_kw=grid)
        self.sliders, self.choices = {}, {}
        for i, (name, (low, high, start)) in enumerate(SLIDERS.items()):
            place = figure.add_axes((0.16, 0.20 - 0.05 * i, 0.46, 0.03))
            self.sliders[name] = Slider(place, name, low, high, valinit=start)
        top = 0.97
        for name, values in CHOICES.items():
            height = 0.05 + 0.032 * len(values)
            place = figure.add_axes((0.74, top - height, 0.24, height - 0.03))
            place.set_title(name, fontsize=11)
            self.choices[name] = RadioButtons(place, values)
            top -= height + 0.02
        for widget in self.sliders.values():
            widget.on_changed(self.update)
        for widget in self.choices.values():
            widget.on_clicked(self.update)
        self.update()

    @property
    def settings(self):
        """The values of the sliders and choices, by name."""
        return {**{name: slider.val for name, slider in self.sliders.items()},
                **{name: choice.value_selected for name, choice in self.choices.items()}}

    def update(self, _=None):
        """Draw the traces of the settings, in the style of all figures."""
        with style.house():
            self.draw(self.settings)
        self.figure.canvas.draw_idle()

    def draw(self, settings):
        """Fill the three panels."""
        x, s, v, y, adds = simulate(settings)
        t = np.arange(1, STEPS + 1)
        first, second, third = self.panels
        for panel in self.panels:
            panel.clear()
        if settings["page"] == "the unit":
            first.step(t, x, where="mid", color=style.COLOUR["x"])
            first.set_ylabel("input x")
        else:
            first.bar(t, adds, color=style.COLOUR["gradient"])
            first.axhline(0, color=style.GREY, linewidth=0.8)
            first.set_ylabel("adds to dL/dW")
            first.set_title(f"dL/dW = {adds.sum():.3f}" if settings["reset"] == "on" else
                            "switch the reset on: this is the gradient of a unit with reset")
        second.plot(t, s, ".-", color=style.COLOUR["s"])
        second.axhline(settings["threshold"], color=style.GREY, linestyle="--", linewidth=1.2)
        second.set_ylabel("state s")
        third.plot(t, v, color=style.COLOUR["v"], linewidth=1.2, label="v = s + b")
        third.vlines(t, 0, y, color=style.COLOUR["y"], linewidth=2.5, label="output y")
        third.axhline(0, color=style.GREY, linewidth=0.8)
        third.set(ylabel="v and y", xlabel="time step", xlim=(0, STEPS + 1),
                  ylim=(min(v.min(), 0) - 0.1, max(v.max(), 1) + 0.8))
        third.legend(loc="upper right", ncols=2, fontsize=10)


def window():
    """An empty figure in a new window; None if no window can be opened."""
    try:
        import matplotlib.pyplot as pyplot

        figure = pyplot.figure("snu_ref: play with a unit", figsize=SIZE)
    except (ImportError, ValueError):  # the toolkit or the backend is missing
        return None
    if getattr(figure.canvas, "required_interactive_framework", None):
        return figure
    pyplot.close(figure)  # only a picture, as in a notebook or without a display
    return None


# %%
claim(simulate({**{name: start for name, (_, _, start) in SLIDERS.items()},
                **{name: values[0] for name, values in CHOICES.items()}})[3].sum() > 3)  # it fires

with style.house():
    import matplotlib

    matplotlib.rcParams["figure.constrained_layout.use"] = False  # the sliders have fixed places
    shown = None if args.quick else window()
    if shown:
        play = Play(shown)
        matplotlib.pyplot.show()
    else:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)
        play = Play(figure)
        keep(figure, "00_play.png")
        print("no window was opened; the picture shows what it would look like")
