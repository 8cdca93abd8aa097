"""Many phase-change devices at once: their state, three ways to write, two ways to read.

State, one entry per device:  G0, the conductance (uS) at the reference time t0 (s) after the last
write; P, the pulse memory; nu, the drift exponent; t_write, the time (s) of that write; stuck.
model.py has the equations and their sources, noise.py explains `noise`.

Time. The devices have one clock, `now`. Every read and every write has a time t (s) and moves the
clock to it; t has no default, so that no call can forget it. A time before the clock raises
TimeRunsBackwards. After an error nothing has changed: all checks come before the first change.

Simplified: a pulse acts on G0, not on the drifted conductance, so a partial SET erases the previous
drift. A stuck device ignores writes and does not drift (our choice), but its reads are noisy.
"""
import numpy as np

from .. import validation
from . import model
from .noise import ProgramNoise, check_noise, check_rounds, normal, normal_at, split

WORKING, STUCK_SET, STUCK_RESET = 0, 1, -1
STATE = ("G0", "P", "nu", "t0", "t_write", "stuck", "now")
MAX_PULSES = 1000  # our choice: the most for a device in a write; 26 nominal pulses span 20 uS


class TimeRunsBackwards(ValueError):
    """A read or write at a time before the last read or write."""


def check_time(t, now):
    """t (s) as a float, if it is finite and not before the clock `now`; otherwise an error."""
    t = validation.finite_number("t", t)
    if t < now:
        raise TimeRunsBackwards(f"t: expected at least {now!r} s, the time of the last read or "
                                f"write, got {t!r}")
    return t


def draw_stuck(shape, p_set, p_reset, *, rng):
    """Draw which devices are stuck: 1 (at SET) with probability p_set, -1 (at RESET) with p_reset.

    Parameters: shape of the devices; p_set, p_reset in [0, 1], their sum at most 1; rng, a
    Generator. Returns an int8 array of `shape`, 0 for other devices. Raises ValueError, TypeError.
    """
    p_set = validation.number_in("p_set", p_set, 0.0, 1.0)
    p_reset = validation.number_in("p_reset", p_reset, 0.0, 1.0 - p_set)
    u = validation.generator("rng", rng).random(validation.sizes("shape", shape))
    cases = [u < p_set, u < p_set + p_reset]  # np.select takes the first that is true
    return np.select(cases, [STUCK_SET, STUCK_RESET], WORKING).astype(np.int8)


def check_stuck(stuck, shape):
    """An integer array of `shape` with the entries 0, 1 and -1; None means zeros."""
    if stuck is None:
        return np.zeros(shape, dtype=np.int8)
    validation.array("stuck", stuck, shape, "integers", low=STUCK_RESET, high=STUCK_SET)
    return stuck.astype(np.int8)


class PCMDevices:
    """Phase-change devices in an array of any shape, which are all RESET at time t.

    Parameters: shape, a tuple; t, start of the clock in s; noise, an array (shape) for the RESET;
    stuck, None or an integer array of `shape` (see draw_stuck).

    >>> devices = PCMDevices((2,), t=0.0, noise=0.0)            # 0.0: without noise
    >>> devices.program(np.array([10.0, 20.0]), 0.0, noise=0.0)
    >>> devices.conductance(3600.0).round(2).tolist()           # uS, an hour later
    [7.75, 15.51]
    """

    def __init__(self, shape, *, t, noise, stuck=None):
        self.shape = validation.sizes("shape", shape)
        self.stuck = check_stuck(stuck, self.shape)
        self.now = validation.finite_number("t", t)
        at_set = self.stuck == STUCK_SET
        self.G0 = np.where(at_set, model.STUCK_SET_G, model.STUCK_RESET_G)
        self.P = np.where(at_set, 0.0, 1.0)
        self.nu = np.zeros(self.shape)
        self.t0 = np.full(self.shape, model.T0_PULSE)
        self.t_write = np.full(self.shape, self.now)
        self.reset(t, noise=noise)

    def program(self, G_T, t, *, noise, where=None):
        """Closed-loop programming to the targets G_T, at time t.

        G0 = max(G_T + sigma N, 0), nu = |mu_nu + sigma_nu N|, t0 = 20;
        P = 0 where G_T > 0, else P = 1 (our choice).

        Parameters: G_T (shape), 0 to 25 uS; t in s; noise, arrays as ProgramNoise (shape each);
        where, a boolean array (shape) of the devices to write, None for all.
        Raises ValueError, TypeError; TimeRunsBackwards. Source: [J20] of model.py.
        """
        t = check_time(t, self.now)
        G_T = validation.float64_array("G_T", G_T, self.shape, low=0, high=model.G_MAX)
        noise = split(noise, ProgramNoise)
        of_G, of_nu = (check_noise(n, self.shape, f"noise.{field}")
                       for n, field in zip(noise, noise._fields))
        index = self._working(where)

        target = G_T.reshape(-1)[index]
        G0 = target + model.program_sigma(target) * normal_at(of_G, index)
        mu, sigma = model.drift_moments(target)
        nu = np.abs(mu + sigma * normal_at(of_nu, index))
        P = np.where(target > 0.0, 0.0, 1.0)
        self._write(index, np.maximum(G0, 0.0), P, nu, model.T0_PROGRAM, t)

    def set_pulse(self, t, *, noise, pulses=1, where=None):
        """Blind SET pulses at time t, one after another.

        P <- P exp(-1/2.6);  G0 <- clip(G0 + mu(G0, P) + sigma(G0, P) N, 0.1, 20)

        Parameters: t in s; noise, an array (R, *shape) with R >= the largest count, whose entry
        r is for pulse r; pulses, their number from 1 to 1000, an integer for all devices or an
        integer array (shape); where, a boolean array (shape) of the devices to write, None for all.
        Raises ValueError, TypeError; TimeRunsBackwards. Source: [N18] of model.py.
        """
        t = check_time(t, self.now)
        index = self._working(where)
        if not isinstance(pulses, np.ndarray):
            pulses = np.full(self.shape, validation.integer("pulses", pulses, 1, MAX_PULSES))
        validation.array("pulses", pulses, self.shape, "integers")
        due = pulses if where is None else pulses[where]
        validation.array("pulses", due, None, "integers", low=1, high=MAX_PULSES)
        left, rounds = pulses.reshape(-1)[index], int(due.max(initial=0))
        noise = check_rounds(noise, rounds, self.shape)

        G0, P = self.G0.reshape(-1)[index], self.P.reshape(-1)[index]
        decay = float(np.exp(-1.0 / model.SET_MEMORY))
        for r in range(rounds):
            k = np.flatnonzero(left > r)  # the devices that get pulse r
            p = P[k] * decay
            mu, sigma = model.set_moments(G0[k], p)
            N = normal_at(noise[r] if isinstance(noise, np.ndarray) else noise, index[k])
            G0[k], P[k] = np.clip(G0[k] + mu + sigma * N, *model.SET_RANGE), p
        self._write(index, G0, P, model.NU_PULSE, model.T0_PULSE, t)

    def reset(self, t, *, noise, where=None):
        """RESET at time t:  G0 = max(0.1 + 0.01 N, 0),  P = 1,  nu = 0.04,  t0 = 38.6.

        Parameters: t in s; noise, an array (shape); where, a boolean array, None for all.
        """
        t, noise = check_time(t, self.now), check_noise(noise, self.shape)
        index = self._working(where)
        G0 = np.maximum(model.RESET_MEAN + model.RESET_SIGMA * normal_at(noise, index), 0.0)
        self._write(index, G0, 1.0, model.NU_PULSE, model.T0_PULSE, t)

    def _working(self, where):
        """Flat positions of the devices to write: those in `where` that are not stuck."""
        working = self.stuck == WORKING
        if where is not None:
            working &= validation.array("where", where, self.shape, bool)
        return np.flatnonzero(working)

    def _write(self, index, G0, P, nu, t0, t):
        for name, value in (("G0", G0), ("P", P), ("nu", nu), ("t0", t0), ("t_write", t)):
            np.put(getattr(self, name), index, value)  # works for any memory layout
        self.now = t

    def wait(self, t):
        """Move the clock to time t (s); the devices do not change otherwise."""
        self.now = check_time(t, self.now)

    def conductance(self, t):
        """Conductance at time t without read noise:  G(t) = G0 (a/t0)^-nu, in uS."""
        self.wait(t)
        a = model.age(self.now, self.t_write, self.t0)
        return model.drift(self.G0, a, self.t0, self.nu)

    def read_white(self, t, *, noise):
        """Read at time t with white noise:  G(t) + (0.03 G(t) + 0.13) N, in uS, may be negative.

        Parameters: t in s; noise, an array (shape). Source: [N18] of model.py.
        """
        noise = check_noise(noise, self.shape)
        G = self.conductance(t)
        return G + model.white_sigma(G) * normal(noise, self.shape)

    def read_1f(self, t, *, noise):
        """Read at time t with 1/f noise:  max(G(t) (1 + Q sqrt(ln((a + t_read)/(2 t_read))) N), 0).

        All reads at one time t have the same N: pass the same array again.
        Parameters: t in s; noise, an array (shape). Source: [J20] of model.py.
        """
        noise = check_noise(noise, self.shape)
        G = self.conductance(t)
        a = model.age(self.now, self.t_write, self.t0)
        relative = model.flicker_sigma(self.G0, a)
        return np.maximum(G * (1.0 + relative * normal(noise, self.shape)), 0.0)

    def state(self):
        """The whole state as a flat dict of copies; `now` is an array of shape ()."""
        return {name: np.array(getattr(self, name)) for name in STATE}

    def restore(self, state):
        """Restore a state() of devices of the same shape; on an error nothing changes."""
        validation.mapping("state", state, STATE)
        least = {"G0": 0, "P": 0, "nu": 0, "t0": np.finfo(float).tiny, "t_write": -np.inf}
        new = {name: validation.float64_array(f"state[{name!r}]", state[name], self.shape, low=low)
               for name, low in least.items()}
        new["stuck"] = check_stuck(state["stuck"], self.shape)
        new["now"] = float(validation.float64_array("state['now']", state["now"], ()))
        if (new["t_write"] > new["now"]).any():
            raise TimeRunsBackwards(f"state['t_write']: expected at most state['now'], "
                                    f"{new['now']!r} s, got {new['t_write'].max()!r}")
        for name, value in new.items():
            setattr(self, name, value)
