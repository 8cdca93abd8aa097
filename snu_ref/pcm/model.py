"""The statistics of one phase-change device: all coefficients, and the equations of one step.

Conductances are in microsiemens (uS), times in seconds, logarithms natural. The functions return
means and standard deviations; device.py combines them and draws the standard normal N.

Not modelled: temperature, the non-linear current-voltage curve, wear, and the spread of the
coefficients between devices.

Sources
    [N18]  Nandakumar et al., J. Appl. Phys. 124, 152135 (2018): pulses, their drift, white noise;
           the coefficients were read in third-party code, srnn-pcm.
    [J20]  Joshi et al., Nat. Commun. 11, 2473 (2020): programming, drift, 1/f noise; the
           coefficients were read in src/aihwkit/inference/noise/pcm.py of IBM's aihwkit.
           As in that code, the 1/f noise depends on the conductance as programmed; in the
           documentation of aihwkit it depends on the target.
    [S]    srnn-pcm itself: RESET to 0.1 +- 0.01 uS, and the range of 0.1 to 20 uS.
"""
import numpy as np

G_MAX = 25.0  # uS, full scale of closed-loop programming [J20]
R_MIN = 1e-7  # lower limit of G/G_MAX in logarithms and powers [J20]; the clips undo its effect
T0_PROGRAM = 20.0  # s, the time of the first read after programming [J20]
SET_MEMORY = 2.6  # pulses, the decay constant of the pulse memory P [N18]
SET_RANGE = (0.1, 20.0)  # uS, the range of SET pulses [S]
T0_PULSE, NU_PULSE = 38.6, 0.04  # s, drift exponent: after SET [N18], after RESET (ours)
RESET_MEAN, RESET_SIGMA = 0.1, 0.01  # uS [S]
T_READ = 250e-9  # s, the time of a read [J20]
STUCK_SET_G, STUCK_RESET_G = 20.0, 0.1  # uS, the conductance of a stuck device (our choice)


def program_sigma(G_T):
    """Standard deviation of a programmed conductance, in uS.

    sigma = 0.26348 + 1.9650 r - 1.1731 r^2,   r = G_T/25          [J20]
    """
    r = G_T / G_MAX
    return 0.26348 + 1.9650 * r - 1.1731 * r * r


def drift_moments(G_T):
    """Mean and standard deviation of the drift exponent before its absolute value is taken.

    mu = clip(-0.0155 ln r + 0.0244, 0.049, 0.1),   r = max(G_T/25, 1e-7)
    sigma = clip(-0.0125 ln r - 0.0059, 0.008, 0.045)              [J20]
    """
    log_r = np.log(np.maximum(G_T / G_MAX, R_MIN))
    return (np.clip(-0.0155 * log_r + 0.0244, 0.049, 0.1),
            np.clip(-0.0125 * log_r - 0.0059, 0.008, 0.045))


def set_moments(G0, P):
    """Mean and standard deviation of the step of one SET pulse, in uS.

    mu = -0.084 G0 + 0.880 + 1.40 P,   sigma = 0.091 G0 + 0.260 + 2.15 P          [N18]

    G0 is the conductance before the pulse, P the pulse memory after its decay for this pulse.
    """
    return -0.084 * G0 + 0.880 + 1.40 * P, 0.091 * G0 + 0.260 + 2.15 * P


def age(t, t_write, t0):
    """Time since the last write, not below the reference time: a = max(t - t_write, t0), in s."""
    return np.maximum(t - t_write, t0)


def drift(G0, a, t0, nu):
    """Conductance at age a:  G = G0 (a/t0)^-nu, in uS.               [N18, J20]"""
    return G0 * np.exp(-nu * np.log(a / t0))  # exp(log) is several times faster than a power


def white_sigma(G):
    """Standard deviation of the white read noise at conductance G:  0.03 G + 0.13 uS.  [N18]"""
    return 0.03 * G + 0.13


def flicker_sigma(G0, a):
    """Relative standard deviation of the 1/f read noise at age a.

    Q sqrt(ln((a + t_read)/(2 t_read))),   Q = min(0.0088 / max(G0/25, 1e-7)^0.65, 0.2)    [J20]
    """
    Q = np.minimum(0.0088 / np.maximum(G0 / G_MAX, R_MIN) ** 0.65, 0.2)
    return Q * np.sqrt(np.log((a + T_READ) / (2.0 * T_READ)))
