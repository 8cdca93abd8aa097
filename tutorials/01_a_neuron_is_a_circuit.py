# %% [markdown]
# # 1. A neuron is a circuit
#
# **What you will see.** The membrane of a nerve cell stores charge and leaks it, like a capacitor
# with a resistor beside it. You will charge this circuit first with pen and paper, then in small
# time steps. Add a threshold and a reset, and the result is a Spiking Neural Unit (SNU). On the way
# you will measure how wrong the small steps are, and how fast the neuron fires.
#
# **What it needs.** Some Python, and the idea of a derivative. No neuroscience. (The unit is that
# of arXiv:1812.07040; "Eq. 1 and 2" are our numbers for its two equations.)
#
# **Time.** 2 s of processor time (`--quick`: 1 s), half an hour to read.
#
#     .venv/bin/python tutorials/01_a_neuron_is_a_circuit.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref import SNU
from snu_ref.figures import style

# %% [markdown]
# ## The circuit
#
# The inside of the cell and the outside are two salty liquids with a thin, insulating skin
# between them. That is a *capacitor*: it takes charge to raise its voltage. The skin has pores
# through which charge leaks back. That is a *resistor*. Let V be the voltage above its resting
# value, and I the current that other cells inject. The current either leaks (V/R) or charges the
# skin (C dV/dt):
#
#     I = V/R + C dV/dt       or, times R, with the time constant tau = R C:
#
#     tau dV/dt = -V + R I                                                                  (a)
#
# For a constant current switched on at t = 0 the solution is
#
#     V(t) = R I ( 1 - exp(-t/tau) )                                                        (b)
#
# To check it, put (b) into (a): the left side gives R I exp(-t/tau), and so does the right.
# V climbs towards R I, and after one tau it has made 63 % of the way.
#
# The numbers below are our choice, typical of neurons. Megaohms times nanofarads are
# milliseconds, and megaohms times nanoamperes are millivolts, so no factors of ten will appear.

# %%
R = 10.0       # MOhm, resistance of the leak
C = 1.0        # nF, capacitance of the membrane
tau = R * C    # ms
V_th = 15.0    # mV above rest, the firing threshold (used from "A threshold and a reset" on)


def exact(t, I):
    """V after t ms of a constant current I in nA, from rest: Eq. (b), in mV."""
    return R * I * (1 - np.exp(-t / tau))


t, e = np.linspace(1, 50, 50), 1e-4  # ms
dV_dt = (exact(t + e, 2.0) - exact(t - e, 2.0)) / (2 * e)
claim(np.allclose(tau * dV_dt, -exact(t, 2.0) + R * 2.0, atol=1e-6))     # (b) solves (a)
claim(abs(exact(tau, 2.0) / (R * 2.0) - 0.63) < 0.005)                   # 63 % of the way

# %% [markdown]
# ## The Euler step
#
# A computer takes small steps of dt. In each step it follows the present slope in a straight line.
# Write (a) with a difference instead of the derivative:
#
#     tau (V_t - V_{t-1}) / dt = -V_{t-1} + R I_t
#
# and solve it for V_t (tau/R is C):
#
#     V_t = (dt/C) I_t + (1 - dt/tau) V_{t-1}                                               (c)
#
# In words: *add* a little charge, and *keep* a fraction of the old voltage. That fraction is called
# the `decay`, 1 - dt/tau; in the paper's letters it is l(tau).


# %%
def euler(I, dt):
    """V after each step of dt ms, for a list of currents in nA, one a step: Eq. (c), in mV."""
    V, trace = 0.0, []
    for I_t in I:
        V = (dt / C) * I_t + (1 - dt / tau) * V
        trace.append(V)
    return np.array(trace)  # (T,)


I_on = 2.0  # nA, so V climbs towards R I_on = 20 mV
t_end = 50.0  # ms
curves = {}
for dt in (5.0, 1.0):
    steps = round(t_end / dt)
    curves[dt] = dt * np.arange(1, steps + 1), euler([I_on] * steps, dt)

for dt, (t, V) in curves.items():
    n = np.arange(1, len(V) + 1)
    claim(np.allclose(V, R * I_on * (1 - (1 - dt / tau) ** n), rtol=1e-12))  # n equal steps of (c)
    claim((V > exact(t, I_on)).all())  # Euler runs ahead: it keeps the steep slope for a whole step

# %%
with style.house():
    figure, (left, right) = style.figure(1, 2, height=3.6, width_ratios=(1, 2.1))
    wire = dict(color="black", linewidth=1.8, solid_capstyle="butt")
    left.plot([0, 0, 2, 2], [1.75, 3, 3, 2.2], **wire)
    left.plot([0, 0, 2, 2], [1.45, 0, 0, 0.8], **wire)
    for plate in (1.45, 1.75):
        left.plot([-0.5, 0.5], [plate, plate], color=style.COLOUR["s"], linewidth=3.5)
    zigzag = np.array([0, 1, -1, 1, -1, 1, 0]) * 0.28
    left.plot(2 + zigzag, np.linspace(2.2, 0.8, 7), **wire)
    left.plot([1, 1], [3, 3.5], **wire)
    left.annotate("", (1, 3.1), (1, 4.3), arrowprops=dict(
        arrowstyle="-|>", linewidth=2, mutation_scale=18, color=style.COLOUR["x"]))
    left.text(1.2, 3.8, "$I$", color=style.COLOUR["x"], fontsize=15)
    left.text(0.6, 1.6, "$C$", color=style.COLOUR["s"], va="center", fontsize=15)
    left.text(2.4, 1.5, "$R$", va="center", fontsize=15)
    left.plot([1, 1], [0, -0.5], **wire)
    left.text(1.2, 3.1, "inside", fontsize=11, color=style.GREY)
    left.text(1.2, -0.45, "outside", fontsize=11, color=style.GREY)
    left.set(xlim=(-0.7, 3.1), ylim=(-0.8, 4.5), aspect="equal")
    left.axis("off")

    fine = np.linspace(0, t_end, 300)
    right.plot(fine, exact(fine, I_on), color=style.COLOUR["true"], label="exact, Eq. (b)")
    for dt, marker, size, colour in ((5.0, "s", 7, "vermillion"), (1.0, "o", 3.5, "blue")):
        right.plot(*curves[dt], marker, color=style.OKABE_ITO[colour], markersize=size,
                   label=f"Euler, dt = {dt:g} ms")
    V_tau = exact(tau, I_on)
    right.plot([tau, tau, 0], [0, V_tau, V_tau], ":", color=style.GREY, linewidth=1.5)
    right.text(tau + 0.8, 0.5, r"$\tau = RC$", color=style.GREY)
    right.text(0.7, V_tau + 0.5, "63 %", color=style.GREY)
    right.set(xlabel="time (ms)", ylabel="potential V (mV)", xlim=(0, t_end + 1.5), ylim=(0, 22))
    figure.suptitle("A membrane charges up like a leaky capacitor", x=0.02, ha="left")
    right.legend(loc="lower right")
    keep(figure, "01_circuit.png")

# %% [markdown]
# ## The error falls as dt
#
# Look at the squares: with dt = 5 ms, Euler is visibly too high. Each step goes straight where
# the true curve bends, so it misses by an amount proportional to dt^2 (the first term that a
# straight line leaves out). But there are 1/dt steps to make, and the misses add up. What is left
# is proportional to dt: *half the step, half the error*.
#
# Here we can even compute the error. After n steps (c) gives V = R I (1 - (1 - dt/tau)^n), as the
# `claim` above checks. For small dt this differs from (b) by R I (dt/2tau) (t/tau) exp(-t/tau),
# which is largest at t = tau:
#
#     largest error = R I dt / (2 e tau)                                                    (d)
#
# On paper with logarithmic axes, "proportional to dt" is a straight line of slope 1.

# %%
dts = 2.0 ** -np.arange(0, 6 if args.quick else 11)  # 1 ms and its halves
errors = []
for dt in dts:
    steps = round(t_end / dt)
    t = dt * np.arange(1, steps + 1)
    errors.append(np.abs(euler([I_on] * steps, dt) - exact(t, I_on)).max())
errors = np.array(errors)  # mV

slope = np.polyfit(np.log(dts), np.log(errors), 1)[0]
predicted = R * I_on * dts / (2 * np.e * tau)
claim(abs(slope - 1) < (0.03 if args.quick else 0.01))
claim(abs(errors[-1] / predicted[-1] - 1) < (0.01 if args.quick else 0.001))

with style.house():
    figure, axes = style.figure()
    axes.loglog(dts, predicted, color=style.COLOUR["true"],
                label=r"predicted, $R I\,dt\,/\,(2e\tau)$")
    axes.loglog(dts, errors, "o", color=style.OKABE_ITO["vermillion"], markersize=8,
                label="measured")
    axes.set(xlabel="time step dt (ms)", ylabel="largest error of V (mV)",
             title=f"Half the step, half the error: slope {slope:.2f}")
    axes.legend(loc="upper left")
    keep(figure, "01_error_falls_as_dt.png")

# %% [markdown]
# ## A threshold and a reset
#
# So far the circuit only leaks. A neuron does one more thing: when V exceeds a threshold V_th, it
# sends a short pulse, a *spike*, to the cells that listen, and V falls back to rest. All spikes
# look the same, so the shape carries no message. One bit is enough: y = 1 if there was a spike in
# this step, else 0.
#
# The reset is a factor. If the neuron spiked one step ago, (1 - y_{t-1}) is 0 and nothing of V is
# kept; otherwise it is 1 and (c) is as before. V is measured from rest, and we do not let it fall
# below rest: max(0, .). Here is the whole neuron, three lines in a loop:


# %%
def neuron(I, dt):
    """Leaky integrate-and-fire: V in mV and spikes (0 or 1) after each step, for I in nA."""
    V, y = 0.0, 0.0
    trace, spikes = [], []
    for I_t in I:
        V = (dt / C) * I_t + (1 - dt / tau) * V * (1 - y)   # charge, leak, reset
        V = max(V, 0.0)                                     # not below rest
        y = 1.0 if V - V_th > 0 else 0.0                    # a spike, strictly above the threshold
        trace.append(V)
        spikes.append(y)
    return np.array(trace), np.array(spikes)  # (T,), (T,)


# %% [markdown]
# Three currents show what it can do.
#
# - R I below V_th: V climbs towards R I and never gets there. No spike, however long you wait. The
#   current at which this changes is V_th/R = 1.5 nA; the field calls it the *rheobase*.
# - R I above V_th: climb, spike, reset, climb again. This is a clock; its rate shows the current.
# - A very strong current: one step from rest is enough to cross the threshold. The neuron spikes
#   in *every* step. A nerve cell cannot: after a spike it is deaf for a millisecond or two, its
#   refractory period. This neuron has none, and its only speed limit is the time step itself,
#   1/dt.
#
# One detail: after a spike the trace does not return to 0 but to (dt/C) I. Reset and charging
# happen in the same step, so what you see is rest plus the charge of one step.

# %%
dt = 1.0  # ms
runs = {I: neuron([I] * 60, dt) for I in (1.4, 2.0, 16.0)}

claim(runs[1.4][1].sum() == 0 and runs[1.4][0].max() < R * 1.4)          # silent for ever
V, y = runs[2.0]
after = np.flatnonzero(y[:-1]) + 1                                       # the steps after a spike
claim(len(after) >= 3 and np.all(V[after] == (dt / C) * 2.0))            # one step of charge
claim(len(set(np.diff(np.flatnonzero(y)))) == 1)                         # a regular clock
claim(runs[16.0][1].all())                                               # no refractory period

with style.house():
    figure, axes = style.figure(3, 1, height=5.6, sharex=True)
    t = dt * np.arange(1, 61)
    notes = ("below rheobase, silent", "above it, a regular clock", "a spike in every step")
    for ax, (I, (V, y)), note in zip(axes, runs.items(), notes):
        ax.axhline(V_th, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2)
        ax.plot(t, V, ".-", color=style.COLOUR["s"], linewidth=1.6)
        ax.vlines(t[y > 0], 18.5, 23, color=style.COLOUR["y"], linewidth=2)
        ax.set(ylim=(0, 24), yticks=(0, 15))
        ax.set_title(f"I = {I:g} nA: {note}")
    axes[0].text(60, V_th + 1, "threshold", color=style.GREY, ha="right", fontsize=12)
    axes[1].text(60, 20.7, "spikes", color=style.COLOUR["y"], va="center", ha="left", fontsize=12)
    axes[2].set(xlabel="time (ms)", xlim=(0, 68))
    figure.supylabel("potential V (mV)")
    keep(figure, "01_reset.png")

# %% [markdown]
# ## The same thing as an SNU
#
# Now take the paper's unit. For one of them, with "." for point-wise products:
#
#     s_t = g( W x_t + l(tau) . s_{t-1} . (1 - y_{t-1}) )                                 Eq. 1
#     y_t = h( s_t + b )                                                                  Eq. 2
#
# Compare them with the three lines of the loop. They are the same three lines:
#
# | circuit                              | unit                   |
# |--------------------------------------|------------------------|
# | potential V_t                        | state s_t              |
# | current I_t                          | input x_t              |
# | dt/C, times a synapse's strength     | weight W               |
# | 1 - dt/tau                           | decay l(tau)           |
# | -V_th                                | bias b                 |
# | max(0, .): not below rest            | g = relu               |
# | 1 above threshold, else 0            | h = step               |
# | V back to rest after a spike         | the gate (1 - y_{t-1}) |
#
# If that is so, the package's SNU must give the numbers of our loop, exactly to the last bit,
# because both do the same operations in the same order. The current below is random and sometimes
# negative, so the floor at rest is also tested.

# %%
dt, rng = 1.0, np.random.default_rng(7)
I = 2.0 + 3.0 * np.repeat(rng.normal(size=30), 5)  # nA, a new value every 5 ms: (T,)
V, spikes = neuron(I, dt)

unit = SNU(1, 1, rng=rng, h="step", g="relu", decay=1 - dt / tau)
unit.params["W"][:] = dt / C
unit.params["b"][:] = -V_th
y, cache = unit.forward(I[:, None, None])  # time, batch, inputs: (150, 1, 1)

claim(np.array_equal(cache.s[:, 0, 0], V))
claim(np.array_equal(y[:, 0, 0], spikes))
claim(5 < spikes.sum() < 50)                      # it did fire, and not all the time
claim((V == 0).any() and V.min() == 0)            # the floor was needed

with style.house():
    figure, (top, bottom) = style.figure(2, 1, height=4.8, sharex=True, height_ratios=(1, 2))
    t = dt * np.arange(1, len(I) + 1)
    top.axhline(0, color=style.GREY, linewidth=0.8)
    top.step(t, I, where="mid", color=style.COLOUR["x"], linewidth=1.8)
    top.set(ylabel="current\n(nA)", title="The SNU is the circuit, to the last bit")
    bottom.axhline(V_th, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2)
    black, at = style.COLOUR["true"], t[spikes > 0]
    bottom.plot(t, V, color=black, linewidth=1.4, label="loop: V")
    bottom.plot(at, np.full(len(at), 23), "|", color=black, markersize=16, markeredgewidth=1.6,
                label="loop: y")
    bottom.plot(t, cache.s[:, 0, 0], "o", color=style.COLOUR["s"], markersize=4, label="SNU: s")
    at = t[y[:, 0, 0] > 0]
    bottom.plot(at, np.full(len(at), 26.5), "v", color=style.COLOUR["y"], label="SNU: y")
    bottom.set(xlabel="time (ms)", xlim=(0, 152), ylabel="potential (mV)", ylim=(-1, 37),
               yticks=(0, 15))
    bottom.legend(loc="upper center", ncols=4, columnspacing=1.0, handletextpad=0.3)
    keep(figure, "01_snu_is_the_circuit.png")

# %% [markdown]
# ## Spike times, beside the exact neuron
#
# Take an input that changes: a new current every 5 ms. Between two events (a spike, or a new
# current) V follows (b), now from a start value V_0:
#
#     V(t) = R I + (V_0 - R I) exp(-t/tau)                                                  (f)
#     it reaches V_th after  t = tau ln( (R I - V_0) / (R I - V_th) ),  if R I > V_th
#
# So the exact neuron needs no time steps: it goes from event to event. It can spike at any time,
# the SNU only at the end of a step. We compare the SNU's k-th spike with the exact neuron's k-th.
#
# The error is about as large as dt: a tenth of the step gives about a tenth of the error. But look
# at the lower panel: the error is not the same for all spikes. A neuron that fires late begins its
# next climb late, so the error stays. It becomes small again when a strong current makes the spikes
# follow fast, or by chance. If V only just reaches the threshold, a small error in V can cost a
# whole spike.

# %%
PIECE = 5.0  # ms between two changes of the current
I_pieces = np.random.default_rng(1).uniform(0.5, 4.0, 60)  # nA


def exact_neuron(I):
    """Spike times in ms of the exact neuron, and V from event to event, for a current per piece."""
    V, spikes, trace = 0.0, [], []
    for k, I_k in enumerate(I):
        t = 0.0  # ms since the current changed
        while True:
            reaches = R * I_k > V_th
            wait = tau * np.log((R * I_k - V) / (R * I_k - V_th)) if reaches else np.inf
            part = min(wait, PIECE - t)
            some = np.linspace(0, part, 20)
            trace.append((k * PIECE + t + some, R * I_k + (V - R * I_k) * np.exp(-some / tau)))
            if t + wait > PIECE:
                break
            t, V = t + wait, 0.0  # a spike, and the reset
            spikes.append(k * PIECE + t)
        V = trace[-1][1][-1]
    return np.array(spikes), *map(np.concatenate, zip(*trace))


def snu_spikes(I, dt):
    """Spike times in ms of an SNU with steps of dt ms, its states and their times."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), decay=1 - dt / tau)
    unit.params["W"][:] = dt / C
    unit.params["b"][:] = -V_th
    y, cache = unit.forward(np.repeat(I, round(PIECE / dt))[:, None, None])
    return dt * (np.flatnonzero(y) + 1), cache.s[:, 0, 0], dt * np.arange(1, len(y) + 1)


true_times, t_exact, V_exact = exact_neuron(I_pieces)
claim(len(true_times) > 20 and V_exact.max() < V_th + 1e-9)
only, _, _ = exact_neuron([2.0] * 60)  # a constant current: the interval of (e) below
claim(np.allclose(np.diff(only), tau * np.log(20 / (20 - V_th))))
late = {}                                                          # ms, for each spike
for dt in (1.0, 0.1):
    times, s, t = snu_spikes(I_pieces, dt)
    claim(len(times) == len(true_times))
    late[dt] = times - true_times
mean_late = {dt: np.abs(of).mean() for dt, of in late.items()}
claim(mean_late[1.0] < 1.0 and 5 < mean_late[1.0] / mean_late[0.1] < 20)

with style.house():
    figure, (top, bottom) = style.figure(2, 1, height=5.4, sharex=True, height_ratios=(1.2, 1))
    times, s, t = snu_spikes(I_pieces, 1.0)
    top.axhline(V_th, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2)
    top.plot(t_exact, V_exact, color=style.COLOUR["true"], linewidth=1.4, label="exact V")
    top.plot(t, s, ".", color=style.COLOUR["s"], markersize=5, label="SNU, dt = 1 ms: s")
    top.plot(true_times, np.full(len(true_times), 23), "|", color=style.COLOUR["true"],
             markersize=12, markeredgewidth=1.6)
    top.plot(times, np.full(len(times), 27), "|", color=style.COLOUR["y"], markersize=12,
             markeredgewidth=1.6)
    top.set(ylabel="potential (mV)", ylim=(-1, 40), yticks=(0, 15), xlim=(0, 120))
    top.set_title("Spikes come at the end of a step")
    top.legend(loc="upper right", ncols=2)
    for dt, marker, colour in ((1.0, "s", "orange"), (0.1, "o", "vermillion")):
        bottom.plot(true_times, late[dt], marker + "-", color=style.OKABE_ITO[colour],
                    linewidth=1, markersize=5, label=f"dt = {dt:g} ms")
    bottom.axhline(0, color=style.GREY, linewidth=0.8)
    bottom.set(xlabel="time (ms)", ylabel="delay of the\nSNU's spike (ms)")
    bottom.legend(loc="upper right", ncols=2)
    keep(figure, "01_spike_times.png")

# %% [markdown]
# ## How fast does it fire?
#
# Equation (b) gives the time that the circuit takes from rest to threshold. Set V(T) = V_th and
# solve for T:
#
#     T = tau ln( R I / (R I - V_th) )         and the rate is f = 1/T                      (e)
#
# The curve f(I) is what an experimenter measures first on a new cell; it is called the *f-I
# curve*. We let the SNU measure it: forty currents at once, as forty samples of one batch.
#
# The SNU differs from (e) for two reasons, each with an effect of about one step. It can only fire
# at the end of a step, which makes an interval longer by up to dt. And Euler's curve rises faster
# than the true one, which makes an interval shorter by a fraction of dt/(2 tau). (We allow 0.51
# dt/tau, for the terms of higher order.) So:
#
#     T - 0.51 (dt/tau) T  <=  interval of the SNU  <=  T + dt

# %%
currents = np.linspace(0.15, 4.05, 40)  # nA


def snu_interval(currents, dt, duration):
    """Mean time between an SNU's spikes, in ms, for each current in nA; inf if there are none."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), decay=1 - dt / tau)
    unit.params["W"][:] = dt / C
    unit.params["b"][:] = -V_th
    x = np.tile(currents[:, None], (round(duration / dt), 1, 1))  # (T, B, 1), B currents
    y = unit.forward(x)[0][:, :, 0]                               # (T, B)
    times = [dt * np.flatnonzero(spikes) for spikes in y.T]
    return np.array([np.diff(t).mean() if len(t) > 1 else np.inf for t in times])


firing = R * currents > V_th
T = np.full(len(currents), np.inf)
T[firing] = tau * np.log(R * currents[firing] / (R * currents[firing] - V_th))  # Eq. (e), ms

duration = 200.0 if args.quick else 500.0  # ms
fine_dt = 0.1 if args.quick else 0.02
intervals = {dt: snu_interval(currents, dt, duration) for dt in (1.0, fine_dt)}
worst = {}
for dt, interval in intervals.items():
    claim(np.isinf(interval[~firing]).all())                       # silent up to the rheobase
    claim((interval[firing] <= T[firing] + dt + 1e-9).all())
    claim((interval[firing] >= T[firing] * (1 - 0.51 * dt / tau)).all())
    worst[dt] = np.abs(T[firing] / interval[firing] - 1).max()     # relative error of the rate
claim(worst[fine_dt] < (0.03 if args.quick else 0.006) and worst[1.0] > 0.05)

with style.house():
    figure, axes = style.figure(height=4.2)
    grid = V_th / R + np.geomspace(1e-9, 2.55, 400)  # dense where it is steep
    rate = 1000 / (tau * np.log(R * grid / (R * grid - V_th)))
    axes.plot([0, V_th / R, *grid], [0, 0, *rate], color=style.COLOUR["true"],
              label="exact, Eq. (e)", zorder=3)
    for dt, marker, size, colour in ((1.0, "s", 6, "orange"), (fine_dt, "o", 5, "vermillion")):
        axes.plot(currents, 1000 / intervals[dt], marker, color=style.OKABE_ITO[colour],
                  markersize=size, zorder=4, label=f"SNU, dt = {dt:g} ms")
    axes.annotate("rheobase\n$V_{th}/R$ = 1.5 nA", (V_th / R, 3), (0.2, 50), color=style.GREY,
                  arrowprops=dict(arrowstyle="->", color=style.GREY))
    axes.set(xlabel="current I (nA)", ylabel="firing rate (spikes per second)", xlim=(0, 4.2),
             title="The stronger the current, the faster it fires")
    axes.legend(loc="upper left")
    keep(figure, "01_firing_rate.png")

# %% [markdown]
# ## In a network: the threshold is 1
#
# Divide V by V_th, and the threshold becomes 1: then b = -1, and W = (dt/C)/V_th. The package
# starts with b = -1 and a decay of 0.8: a time constant of five steps. In a network nobody sets W
# by hand. Training finds it, and so decides what one unit of input means. Training needs gradients,
# and the step h has no useful gradient. The next tutorial is about this.

# %%
scaled = SNU(1, 1, rng=rng, decay=1 - 1.0 / tau)
claim(scaled.params["b"][0] == -1)                                 # the default: threshold 1
scaled.params["W"][:] = (1.0 / C) / V_th
y_scaled, cache_scaled = scaled.forward(I[:, None, None])
claim(np.array_equal(y_scaled, y))                                 # the same spikes
claim(np.abs(cache_scaled.s * V_th - cache.s).max() < 1e-12)       # s in units of V_th
steps_of_memory = 1 / (1 - SNU(1, 1, rng=rng).params["decay"][0])
claim(abs(steps_of_memory - 5) < 1e-12)

# %%
print(f"rheobase                             {V_th / R:.2f} nA")
print(f"slope of error against dt            {slope:.2f}")
print(f"error at dt = 1 ms, measured         {errors[0]:.3f} mV")
print(f"error at dt = 1 ms, predicted        {predicted[0]:.3f} mV")
counts = [int(y.sum()) for _, y in runs.values()]
print("spikes in 60 ms at 1.4, 2, 16 nA    ", *counts)
differ = (cache.s[:, 0, 0] != V).sum()
print(f"SNU against loop                     {differ} of {len(V)} steps differ")
print(f"spikes, their delay at dt = 1 ms     {len(true_times)}, {mean_late[1.0]:.2f} ms on average")
print(f"their delay at dt = 0.1 ms           {mean_late[0.1]:.2f} ms on average")
print(f"rate error at dt = 1 ms              {100 * worst[1.0]:.1f} %")
print(f"rate error at the finer dt           {100 * worst[fine_dt]:.1f} %")
print(f"default decay, time constant         {steps_of_memory:.1f} steps")

# %% [markdown]
# ## Exercises
#
# 1. *Warm up.* A cell with fewer pores leaks less: R = 20 MOhm. Before you run anything, write
#    down its rheobase and its firing interval T for I = 2 nA. Then set `R = 20.0`, `tau = R * C`,
#    and check:
#
#        I = 2.0
#        _, y = neuron([I] * 4000, dt=0.05)
#        assert abs(np.diff(np.flatnonzero(y)).mean() * 0.05 - YOUR_T) < 0.1
#
#    (Afterwards set R and tau back.)
#
#    *Hint.* (e) gives T; tau is 20 ms now, and R I is 40 mV.
#
# 2. *No error at all.* For a current that is constant during each step, (b) gives V at the end of
#    the step exactly, not only to first order. Find the `decay` and the `W` of an SNU that is exact
#    for any dt, even 5 ms, and check (the threshold is out of reach, so nothing resets):
#
#        unit = SNU(1, 1, rng=rng, decay=YOUR_DECAY)
#        unit.params["W"][:] = YOUR_W
#        unit.params["b"][:] = -1e9
#        _, cache = unit.forward(np.full((10, 1, 1), 2.0))
#        assert np.abs(cache.s[:, 0, 0] - exact(5.0 * np.arange(1, 11), 2.0)).max() < 1e-12
#
#    Which decay does Euler's step have at dt = 15 ms? Why does the SNU refuse this decay but accept
#    yours?
#
#    *Hint.* Let one step of (b) begin at V_0 instead of 0. What is left of V_0, and what does the
#    current add?
#
# 3. *Your first backward pass.* Take the circuit without spikes, s_t = W x_t + decay s_{t-1}, from
#    s_0 = 0. Let dS_t be dL/ds_t over all paths. It has two parts: the direct one (the cotangent
#    G_t below) and the one through s_{t+1}. Write the loop that runs back in time. From its dS,
#    compute the gradients of x, W and decay. The package checks them:
#
#        from snu_ref.gradcheck import check_gradient
#
#        def forward(a):
#            s, trace = 0.0, []
#            for x_t in a["x"]:
#                s = a["W"] * x_t + a["decay"] * s
#                trace.append(s)
#            return np.array(trace)
#
#        def backward(a, G):
#            YOUR LOOP
#            return {"x": dx, "W": dW, "decay": ddecay}     # arrays of the shapes of a["x"] ...
#
#        a = {"x": rng.normal(size=8), "W": np.array(0.5), "decay": np.array(0.8)}
#        rows = check_gradient(forward, backward, a, rng=rng)
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#
#    If a verdict starts with WRONG, it also names the method and the size of the error.

# %% [markdown]
# ## Expected output
#
# These are the last lines at full size. Those with a ~ differ with `--quick`.
#
#     rheobase                             1.50 nA
#     slope of error against dt            1.00  ~
#     error at dt = 1 ms, measured         0.384 mV
#     error at dt = 1 ms, predicted        0.368 mV
#     spikes in 60 ms at 1.4, 2, 16 nA     0 4 60
#     SNU against loop                     0 of 150 steps differ
#     spikes, their delay at dt = 1 ms     29, 0.79 ms on average
#     their delay at dt = 0.1 ms           0.06 ms on average
#     rate error at dt = 1 ms              11.8 %
#     rate error at the finer dt           0.3 %  ~
#     default decay, time constant         5.0 steps
