# %% [markdown]
# # 10. A phase-change device: pulses, noise, drift
#
# **What you will see.** The paper stores the weights of a network in 52,800 devices, each a speck
# of a special glass. You will pulse such a device, read it, leave it alone for a year, and build a
# weight from two of them. Its response to pulses is uneven, no two reads are equal, and its value
# drifts. One or two equations describe each of these effects, and you will write them all.
#
# **What it needs.** Mean and standard deviation, and NumPy arrays. None of the earlier tutorials.
#
# **Time.** 3 s of processor time (`--quick`: 2 s), half an hour to read.
#
#     .venv/bin/python tutorials/10_a_phase_change_device.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref.figures import style
from snu_ref.pcm import PCMArray, PCMDevices, ProgramNoise

# %% [markdown]
# ## A speck of glass
#
# A phase-change device is a small volume of material between two wires. Melt it with a strong,
# short pulse of current, and it freezes as a glass, which hardly conducts. Warm it with a weaker
# pulse, and a part of it turns into crystal, which conducts well. The crystalline part sets its
# *conductance* G, the current at one volt. Here G lies between 0 and 25 microsiemens (at 1 volt, 1
# uS passes 1 microampere). The device keeps its conductance without power.
#
# What is this good for? Put a voltage x_i on each row of a grid of devices. Device (i, j) passes
# the current G_ij x_i, and the wire of column j collects
#
#     I_j = sum_i G_ij x_i
#
# That is a matrix product, computed where the matrix is stored. No weight has to be moved.
#
# ## Pulses
#
# The strong pulse is called RESET. It brings the device to G = 0.1 uS. The weak one is called SET.
# On average it adds to G; only a RESET brings G back down. How much does one SET pulse add?
# Nandakumar et al. measured it on many devices (J. Appl. Phys. 124, 152135, 2018). In microsiemens:
#
#     P  <-  P exp(-1/2.6)                                  P = 1 after a RESET             (a)
#     G  <-  G + mu + sigma N,     kept between 0.1 and 20                                  (b)
#
#     mu    = -0.084 G + 0.880 + 1.40 P                     mean of the step
#     sigma =  0.091 G + 0.260 + 2.15 P                     its standard deviation
#
# N is a fresh *standard normal* number in each pulse: mean 0, standard deviation 1. P records how
# many pulses came since the RESET: the first pulses add more than later ones. Also, mu shrinks as G
# grows. And sigma is as large as mu, so the effect of one pulse on a single device is hardly
# predictable.


# %%
def pulse(G, P, N):
    """G and P after one SET pulse, (a) and (b); works on arrays of devices."""
    P = P * np.exp(-1 / 2.6)
    mu = -0.084 * G + 0.880 + 1.40 * P
    sigma = 0.091 * G + 0.260 + 2.15 * P
    return np.clip(G + mu + sigma * N, 0.1, 20), P


rng = np.random.default_rng(0)
many, pulses = 500 if args.quick else 5000, 20
N_reset, N = rng.normal(size=many), rng.normal(size=(pulses, many))

G, P = np.maximum(0.1 + 0.01 * N_reset, 0), np.ones(many)       # RESET is nearly exact
history = [G]
for N_one in N:
    G, P = pulse(G, P, N_one)
    history.append(G)
history = np.array(history)                                     # (pulses + 1, many), uS

mean, spread = history.mean(axis=1), history.std(axis=1)
first, tenth, twentieth = (mean[k] - mean[k - 1] for k in (1, 10, 20))
step = (mean[10] - mean[0]) / 10                                # the mean step of a pulse
claim(abs(step - 0.77) < (0.08 if args.quick else 0.04))        # uS
claim(first > 2 * tenth > 2.2 * twentieth)                      # uneven: each adds less
claim(0.25 < spread[10] / mean[10] < 0.4)                       # each device differs
back = np.mean(np.diff(history[:11], axis=0) < 0)               # share of pulses that lower G
claim(0.15 < back < 0.35)

# %% [markdown]
# Do these functions agree with the package? Give both the same N; otherwise only their averages
# could be compared. For this purpose, the package accepts an array of N wherever it would draw N
# itself.

# %%
devices = PCMDevices((many,), t=0.0, noise=N_reset)
for k in range(pulses):
    devices.set_pulse(1.0, noise=N[k:k + 1])                    # at t = 1 s
    claim(np.abs(devices.G0 - history[k + 1]).max() < 1e-12)

with style.house():
    figure, axes = style.figure(height=4.2)
    k = np.arange(pulses + 1)
    for one in range(8):
        axes.plot(k, history[:, one], color=style.OKABE_ITO["sky blue"], linewidth=1.1,
                  label="single devices" if one == 0 else None)
    axes.plot(k, mean, "o-", color=style.OKABE_ITO["blue"], label=f"mean of {many}")
    axes.plot(k[:11], 0.1 + 0.77 * k[:11], "--", color=style.COLOUR["true"],
              label="0.77 µS a pulse")
    axes.set(xlabel="SET pulses after a RESET", ylabel="conductance G (µS)", xlim=(0, 20),
             xticks=(0, 5, 10, 15, 20), ylim=(0, 20.5), yticks=(0, 5, 10, 15, 20),
             title="No two devices respond alike to pulses")
    axes.legend(loc="lower right")
    keep(figure, "10_pulses.png")

# %% [markdown]
# About a quarter of the pulses even lower G. On average ten pulses add 7.7 uS, or 0.77 uS each. The
# next tutorial trains with this number, the *nominal* step.
#
# ## How many values can a device hold?
#
# There is a slower way to write: pulse, read, correct, and repeat until G is close enough to the
# target G_T ("closed loop"). Joshi et al. (Nat. Commun. 11, 2473, 2020) measured the error that
# remains; the coefficients are those of IBM's aihwkit. Reading is noisy as well. With r = G_T/25:
#
#     programmed:   G   = max( G_T + ( 0.26348 + 1.9650 r - 1.1731 r^2 ) N, 0 )             (c)
#     read once:    G' = G + ( 0.03 G + 0.13 ) N                                            (d)
#
# with a fresh N each time. (d) is *white* noise: each read has its own. So a device written to 10
# uS is read as 10 uS with a standard deviation of 0.96 uS. How many values can it hold if a single
# read must tell them apart? Put the first value at 0. Put each next value so far away that the
# border between the two is two standard deviations from both. 97.7 % of a normal distribution lies
# on the correct side of such a border.


# %%
def program_sigma(G_T):
    r = G_T / 25
    return 0.26348 + 1.9650 * r - 1.1731 * r * r                # uS


def program(G_T, N):
    return np.maximum(G_T + program_sigma(G_T) * N, 0)


def read_sigma(G):
    return 0.03 * G + 0.13


def read(G, N):
    return G + read_sigma(G) * N


def both_sigma(G):
    """Independent errors add in squares."""
    return np.sqrt(program_sigma(G) ** 2 + read_sigma(G) ** 2)


fine = np.linspace(0, 25, 25001)
levels, borders = [0.0], []
while True:
    border = levels[-1] + 2 * both_sigma(levels[-1])
    free = fine[fine - 2 * both_sigma(fine) >= border]
    if not free.size:
        break
    levels.append(free[0])
    borders.append(border)
levels, borders = np.array(levels), np.array(borders)

written = np.repeat(np.arange(len(levels)), many)               # index of the level
got = read(program(levels[written], rng.normal(size=written.size)), rng.normal(size=written.size))
taken_for = np.searchsorted(borders, got)
right = np.mean(taken_for == written)
claim(abs(both_sigma(10.0) - 0.96) < 0.005)
claim(len(levels) == 8)                                         # three bits
claim(0.94 < right < 0.985)                                     # 2.3 % lost on each side

with style.house():
    figure, axes = style.figure()
    bins = np.arange(-1, 30, 0.2)
    for k in range(len(levels)):
        colour = list(style.OKABE_ITO.values())[(5, 1)[k % 2]]  # blue and orange in turn
        axes.hist(got[written == k], bins, density=True, color=colour, alpha=0.75)
    for border in borders:
        axes.axvline(border, color=style.GREY, linewidth=1, linestyle="--")
    axes.set(xlabel="conductance as read, once (µS)", ylabel="density (1/µS)", xlim=(-1.2, 28),
             title="Eight values can be told apart: three bits")
    keep(figure, "10_levels.png")

# %% [markdown]
# A device can hold eight values, or three bits; a weight in software has 32 bits. And these values
# will drift, as you will see below.
#
# ## What averaging can do
#
# Noise that is fresh in every read averages out: the mean of n reads has 1/sqrt(n) of it. Does
# averaging solve the problem? Not quite. First, the error of programming stays: the device really
# has another conductance. Second, there is a slow noise, whose power grows towards low frequencies
# like 1/f. It hardly changes while you average. In the model of Joshi et al. all reads at one time
# share one N:
#
#     G' = max( G ( 1 + Q sqrt( ln( (a + t_r) / (2 t_r) ) ) N ), 0 )                        (e)
#     Q = min( 0.0088 / (G0/25)^0.65, 0.2 ),     t_r = 250 ns, the duration of a read
#
# a is the *age*: the time since the device was written, at least 20 s. G0 is the conductance as
# programmed; G differs from it because of drift (below). At 10 uS and 20 s, the standard deviation
# of (e) is 0.67 uS, larger than the 0.43 uS of white noise.


# %%
def flicker_sigma(G0, a):
    """Relative standard deviation of the slow noise, (e)."""
    Q = np.minimum(0.0088 / np.maximum(G0 / 25, 1e-7) ** 0.65, 0.2)     # 1e-7: no division by 0
    return Q * np.sqrt(np.log((a + 250e-9) / (2 * 250e-9)))


reads = np.array([1, 3, 10, 30, 100])
tries, G10 = 300 if args.quick else 2000, 10.0
white, slow = [], []
for n in reads:
    white.append(read(G10, rng.normal(size=(n, tries))).mean(axis=0).std())
    one_N = rng.normal(size=tries)                                      # the same in all n reads
    repeated = np.tile(G10 * (1 + flicker_sigma(G10, 20.0) * one_N), (n, 1))
    slow.append(repeated.mean(axis=0).std())
white, slow = np.array(white), np.array(slow)

falls = np.polyfit(np.log(reads), np.log(white), 1)[0]
claim(abs(falls + 0.5) < (0.1 if args.quick else 0.03))                 # 1/sqrt(n)
claim(abs(white[0] - 0.43) < (0.06 if args.quick else 0.03))
claim(np.abs(slow - 0.67).max() < (0.12 if args.quick else 0.05))       # no slope

devices = PCMDevices((tries,), t=0.0, noise=0.0)
N_G, N_nu, N_read = rng.normal(size=(3, tries))
devices.program(np.full(tries, G10), 0.0, noise=ProgramNoise(N_G, N_nu))
G0 = program(np.full(tries, G10), N_G)
claim(np.abs(devices.G0 - G0).max() < 1e-12)
claim(np.abs(devices.read_white(20.0, noise=N_read) - read(G0, N_read)).max() < 1e-12)
slow_once = np.maximum(G0 * (1 + flicker_sigma(G0, 20.0) * N_read), 0)
claim(np.abs(devices.read_1f(20.0, noise=N_read) - slow_once).max() < 1e-12)

with style.house():
    figure, axes = style.figure()
    axes.axhline(program_sigma(G10), color=style.COLOUR["true"], linestyle="--",
                 label="programming")
    axes.loglog(reads, slow, "s-", color=style.OKABE_ITO["vermillion"], label="slow (1/f) noise")
    axes.loglog(reads, white, "o-", color=style.OKABE_ITO["blue"], label="white noise")
    axes.text(32, 0.105, "1/$\\sqrt{n}$", color=style.OKABE_ITO["blue"], fontsize=13)
    axes.set(xlabel="reads averaged, n", ylabel="error at 10 µS (µS)", ylim=(0.03, 1.3),
             xticks=reads, xticklabels=reads, yticks=(0.05, 0.1, 0.2, 0.5, 1),
             yticklabels=(0.05, 0.1, 0.2, 0.5, 1), title="Averaging removes only the fast noise")
    axes.minorticks_off()
    axes.legend(loc="lower left")
    keep(figure, "10_averaging.png")

# %% [markdown]
# ## Drift
#
# The glassy part slowly relaxes and conducts less and less. The conductance follows a power of the
# age:
#
#     G(t) = G0 ( a / t0 )^-nu,     t0 = 20 s after programming                             (f)
#
# Each device has its own exponent, which is drawn when the device is written:
#
#     nu = |mu_nu + sigma_nu N|,   with
#
#     mu_nu    = -0.0155 ln r + 0.0244,   kept between 0.049 and 0.1
#     sigma_nu = -0.0125 ln r - 0.0059,   kept between 0.008 and 0.045
#
# On logarithmic axes (f) is a straight line of slope -nu: each time the age grows tenfold, the same
# fraction is lost. From 20 s to an hour the age grows by a factor of 180, and from an hour to 7.5
# days by another 180. So the first hour costs as much as the week that follows. A year is 1.6
# million times 20 s; with nu = 0.049, exp(-0.049 ln 1.6e6) = 50 % is left.


# %%
def drift_exponent(G_T, N):
    log_r = np.log(np.maximum(G_T / 25, 1e-7))
    mu = np.clip(-0.0155 * log_r + 0.0244, 0.049, 0.1)
    sigma = np.clip(-0.0125 * log_r - 0.0059, 0.008, 0.045)
    return np.abs(mu + sigma * N)


def drifted(G0, nu, a, t0=20.0):
    return G0 * (np.maximum(a, t0) / t0) ** -nu


YEAR, DAY, HOUR = 31_536_000.0, 86_400.0, 3600.0
times = np.geomspace(20, YEAR, 30)
nu = drift_exponent(G10, N_nu)
fading = drifted(G0, nu, times[:, None])                                # (30, tries)

for i in (1, 10, 29):
    claim(np.abs(devices.conductance(times[i]) - fading[i]).max() < 1e-12)
slopes = np.log(fading[-1] / fading[0]) / np.log(YEAR / 20)
claim(np.abs(slopes + nu).max() < 1e-12)                                # straight lines
left = fading[-1] / fading[0]                                           # after a year
claim(abs(left.mean() - 0.50) < 0.02 and 0.09 < left.std() / left.mean() < 0.14)
at_hour, at_week = drifted(G0, nu, HOUR), drifted(G0, nu, 7.5 * DAY)
claim(np.abs(at_hour / G0 - at_week / at_hour).max() < 1e-12)         # hour and week lose the same

with style.house():
    figure, axes = style.figure()
    for one in range(10):
        axes.loglog(times, fading[:, one], color=style.OKABE_ITO["sky blue"], linewidth=1.3,
                    label="single devices" if one == 0 else None)
    axes.loglog(times, np.exp(np.log(fading).mean(axis=1)), color=style.OKABE_ITO["blue"],
                linewidth=3, label="geometric mean")
    for t, name in ((60, "minute"), (HOUR, "hour"), (DAY, "day"), (30 * DAY, "month")):
        axes.axvline(t, color=style.GREY, linewidth=0.8, linestyle=":")
        axes.text(t * 1.15, 3.1, name, color=style.GREY, fontsize=12)
    axes.set(xlabel="time since programming (s)", ylabel="conductance G (µS)", xlim=(20, YEAR),
             ylim=(3, 14), yticks=(3, 4, 6, 8, 10, 14), yticklabels=(3, 4, 6, 8, 10, 14),
             title="Each device drifts at its own rate")
    axes.minorticks_off()
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.06))
    keep(figure, "10_drift.png")

# %% [markdown]
# ## A weight is a pair
#
# A conductance is never negative, but a weight can be. So each weight has two devices:
#
#     w = ( G+ - G- ) / scale,      scale in uS per unit of weight                          (g)
#
# One of the two gets |w| scale, the other 0. So the 88 x 150 + 150 x 88 weights of the paper's
# music network need 52,800 devices. To use the whole range, the largest weight of a matrix is
# stored as 25 uS.
#
# Write a matrix, wait a year, and read it. Three errors add up: programming, slow noise, drift. The
# mean loss by drift, about a half, is common to all devices. One number can correct it. This number
# is measured on the array itself: r = mean |output| when the inputs are switched on one by one.
# Multiply the outputs by r(20 s) / r(year). The differences between the devices remain.


# %%
def pair(W, scale):
    """Target conductances (2, n_in, n_out) of a matrix: plus devices first."""
    return np.stack([np.maximum(W * scale, 0), np.maximum(-W * scale, 0)])


def read_pair(G0, nu, a, N, scale):
    G = drifted(G0, nu, a)
    G = np.maximum(G * (1 + flicker_sigma(G0, a) * N), 0)
    return (G[0] - G[1]) / scale


def response(W):
    return np.abs(np.eye(len(W)) @ W).mean()                    # inputs one by one


n_in, n_out = (40, 30) if args.quick else (100, 80)
W = rng.normal(0, 0.3, (n_in, n_out))
scale = 25 / np.abs(W).max()
N_G, N_nu, N_early, N_late = rng.normal(size=(4, 2, n_in, n_out))
G_T = pair(W, scale)
G0, nu = program(G_T, N_G), drift_exponent(G_T, N_nu)
early = read_pair(G0, nu, 20.0, N_early, scale)
late = read_pair(G0, nu, YEAR, N_late, scale)
factor = response(early) / response(late)


def error(W_read):
    """Root mean square error of the weights, relative to the root mean square of the weights."""
    return np.sqrt(np.mean((W_read - W) ** 2) / np.mean(W ** 2))


errors = {"after 20 s": error(early), "after a year": error(late),
          "a year, compensated": error(factor * late)}
claim(0.08 < errors["after 20 s"] < 0.25)
claim(errors["after a year"] > 0.42)
claim(errors["after 20 s"] < errors["a year, compensated"] < 0.7 * errors["after a year"])
claim(1.7 < factor < 2.2)

# %% [markdown]
# Compare with the package again, with the same draws, by one product of a vector with the matrix.
# (The package models a converter of 8 bits; `bits=None` switches it off.)

# %%
from snu_ref.pcm import DeviceReadout

array = PCMArray(n_in, n_out, noise=0.0, scale=scale, read_noise="1/f",
                 readout=DeviceReadout(bits=None))
array.program(W, 0.0, noise=ProgramNoise(N_G[:, None], N_nu[:, None]))  # (2, pairs, n_in, n_out)
array.calibrate(20.0, noise=N_early[:, None])
array.compensate(YEAR, noise=N_late[:, None])
x = rng.uniform(0, 1, n_in)
package = array.product(x, YEAR, noise=N_late[:, None])
ours = factor * (x @ late)
package_difference = np.abs(package - ours).max() / np.abs(ours).max()
claim(package_difference < 1e-12)

with style.house():
    figure, axes = style.figure(height=4.6)
    for values, colour, marker, name in (
            (late, style.OKABE_ITO["orange"], "s", "after a year"),
            (factor * late, style.OKABE_ITO["blue"], "o", "a year, compensated")):
        axes.plot(W.ravel()[:600], values.ravel()[:600], marker, color=colour, markersize=3.2,
                  alpha=0.8, markeredgewidth=0, label=f"{name}: error {100 * errors[name]:.0f} %")
    axes.plot([-1, 1], [-1, 1], "--", color=style.COLOUR["true"], linewidth=1.4, zorder=4,
              label="as the target")
    axes.set(xlabel="target weight", ylabel="weight as read", xlim=(-1, 1), ylim=(-1.25, 1.4),
             xticks=(-1, -0.5, 0, 0.5, 1), yticks=(-1, -0.5, 0, 0.5, 1),
             title="One factor corrects the mean, not the spread")
    axes.legend(loc="upper left", markerscale=2)
    keep(figure, "10_weights.png")

# %%
print(f"mean step of pulses 1 to 10          {step:.2f} uS")
print(f"pulses that lower G                  {100 * back:.0f} %")
print(f"values that a device can hold        {len(levels)}")
print(f"right reads of these values          {100 * right:.1f} %")
print(f"error at 10 uS, written and read     {both_sigma(G10):.2f} uS")
print(f"white noise falls as n to the power  {falls:.2f}")
print(f"mean conductance left after a year   {100 * left.mean():.0f} %")
for name, value in errors.items():
    print(f"weight error, {name:23}{100 * value:.0f} %")
print(f"package against this script          below 1e-12")

# %% [markdown]
# ## Exercises
#
# 1. *Where does it end?* A device gets pulse after pulse, with N = 0 in all of them. At which G
#    does it come to rest? Find it with pencil and paper (what is P by then?), and check:
#
#        G, P = 0.1, 1.0
#        for _ in range(300):
#            G, P = pulse(G, P, 0.0)
#        assert abs(G - YOUR_G) < 0.01
#
#    Now let N be random again, for 5000 devices. Do they come to rest? What is their spread, and
#    which two numbers of (b) determine it?
#
#    *Hint.* P is nearly 0 after twenty pulses. At rest the mean step is 0.
#
# 2. *A forecast.* Read a device at 20 s and at one hour, and predict its conductance after a year.
#    Solve (f) for nu, and predict:
#
#        nu = drift_exponent(G10, rng.normal(size=2000))
#        G_20s, G_hour, G_year = (drifted(G10, nu, t) for t in (20, HOUR, YEAR))
#        predicted = YOUR_FORMULA                                # from G_20s and G_hour only
#        assert np.abs(predicted / G_year - 1).max() < 1e-9
#
#    Then read G_20s and G_hour with the noise of (e), and look at the error of your prediction.
#    Compare it with the error of the simple guess that half will be left. Which tells you more, two
#    noisy reads of the device or the mean of all devices?
#
#    *Hint.* Divide (f) at one hour by (f) at 20 s: G0 drops out.
#
# 3. *Your port of the device, checked.* The oracle has two cases with single devices, `pcm-pulses`
#    and `pcm-program`. Their inputs contain the draws N, their outputs the conductances; `python -m
#    snu_ref vectors show pcm-pulses` prints a case. Save your own version of this tutorial's
#    functions as `my_pcm.py`, with this adapter:
#
#        class Adapter:
#            def run(self, case):
#                c, a = case.config, case.inputs
#                if case.id == "pcm-program":
#                    G0, nu, t0 = YOUR CODE              # from a["G_T"], a["noise.conductance"] ...
#                    out = {"G0": G0, "nu": nu}
#                elif case.id == "pcm-pulses":
#                    G0, P, nu, t0 = YOUR CODE     # P, G0 after each pulse: (pulses, n)
#                    out = {"P": P, "G0": G0}
#                    G0 = G0[-1]
#                else:
#                    raise NotImplementedError("single devices only")
#                age = YOUR CODE                                 # a["t"][:, None], c["t_write"], t0
#                out["G"] = YOUR CODE                            # (times, n), without any noise
#                out["white"] = YOUR CODE                        # from a["noise.white"]
#                out["flicker"] = YOUR CODE                      # from a["noise.flicker"]
#                return out
#
#    After a pulse, t0 is 38.6 s and nu is 0.04 for all devices. Let the oracle check your port:
#
#        from snu_ref.__main__ import main
#
#        assert main(["check", "my_pcm.py:Adapter", "--cases", "pcm-pulses,pcm-program"]) == 0
#
#    Then let P shrink after the pulse instead of before it. Which number is the first that the
#    oracle finds wrong? What happens if you leave out the upper limit of 20 uS? What does a pass
#    prove, and what does it not prove?

# %% [markdown]
# ## Expected output
#
# These are the last lines. A ~ marks those that differ with `--quick`.
#
#     mean step of pulses 1 to 10          0.77 uS
#     pulses that lower G                  26 %  ~
#     values that a device can hold        8
#     right reads of these values          96.0 %  ~
#     error at 10 uS, written and read     0.96 uS
#     white noise falls as n to the power  -0.50  ~
#     mean conductance left after a year   50 %
#     weight error, after 20 s             13 %  ~
#     weight error, after a year           51 %  ~
#     weight error, a year, compensated    22 %  ~
#     package against this script          below 1e-12
