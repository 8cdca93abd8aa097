"""The statistics of one phase-change device: every coefficient, and the equations of one step.

Conductances are in microsiemens (uS), times in seconds, logarithms natural. The functions give
means and standard deviations; device.py puts them together and draws the standard normal N.

Not modelled: temperature, the non-linear current-voltage curve, wear, and the spread of the
coefficients between devices.

Sources
    [N18]  Nandakumar et al., J. Appl. Phys. 124, 152135 (2018): pulses, their drift, white noise;
           the coefficients were read in third-party code, srnn-pcm.
    [J20]  Joshi et al., Nat. Commun. 11, 2473 (2020): programming, drift, 1/f noise; the
           coefficients were read in src/aihwkit/inference/noise/pcm.py of IBM's aihwkit.
           The 1/f noise uses the conductance as programmed, as that code does; the documentation of
           aihwkit uses the target.
    [S]    srnn-pcm itself: RESET to 0.1 +- 0.01 uS, and the range of 0.1 to 20 uS.
    ours   chosen here, no source.
"""
import numpy as np

G_MAX = 25.0  # uS, full scale of closed-loop programming [J20]
R_MIN = 1e-7  # least G/G_MAX in a logarithm or a power [J20]; the clips below act far above it

# Closed-loop programming [J20]: sigma is a polynomial in G_T/G_MAX, in uS.
PROGRAM_SIGMA = (0.26348, 1.9650, -1.1731)
T0_PROGRAM = 20.0  # s, the time of the first read

# Drift exponent after programming [J20]: line in ln(G_T/G_MAX), clipped.
NU_MEAN_SLOPE, NU_MEAN_OFFSET, NU_MEAN_RANGE = -0.0155, 0.0244, (0.049, 0.1)
NU_SIGMA_SLOPE, NU_SIGMA_OFFSET, NU_SIGMA_RANGE = -0.0125, -0.0059, (0.008, 0.045)

# One SET pulse [N18]: mean and standard deviation of the step, in uS.
SET_MEAN_G, SET_MEAN_0, SET_MEAN_P = -0.084, 0.880, 1.40
SET_SIGMA_G, SET_SIGMA_0, SET_SIGMA_P = 0.091, 0.260, 2.15
SET_MEMORY = 2.6          # pulses, the decay constant of the pulse memory P
SET_RANGE = (0.1, 20.0)   # uS [S]
T0_PULSE, NU_PULSE = 38.6, 0.04  # s and exponent after a SET pulse [N18] and a RESET (ours)

RESET_MEAN, RESET_SIGMA = 0.1, 0.01  # uS [S]

# White read noise [N18]: sigma = 0.03 G + 0.13 uS.
WHITE_G, WHITE_0 = 0.03, 0.13

# 1/f read noise [J20]: Q = min(0.0088 / (G0/G_MAX)^0.65, 0.2), read time in s.
FLICKER_Q, FLICKER_POWER, FLICKER_Q_MAX = 0.0088, 0.65, 0.2
T_READ = 250e-9

# Conductance of a stuck device, in uS (ours).
STUCK_SET_G, STUCK_RESET_G = 20.0, 0.1


def program_sigma(G_T):
    """Standard deviation of a programmed conductance, in uS.

    sigma = 0.26348 + 1.9650 r - 1.1731 r^2,   r = G_T/25          [J20]
    """
    r = G_T / G_MAX
    c0, c1, c2 = PROGRAM_SIGMA
    return c0 + c1 * r + c2 * r * r


def drift_moments(G_T):
    """Mean and standard deviation of the drift exponent before its absolute value is taken.

    mu = clip(-0.0155 ln r + 0.0244, 0.049, 0.1),   r = max(G_T/25, 1e-7)
    sigma = clip(-0.0125 ln r - 0.0059, 0.008, 0.045)              [J20]
    """
    log_r = np.log(np.maximum(G_T / G_MAX, R_MIN))
    mu = np.clip(NU_MEAN_SLOPE * log_r + NU_MEAN_OFFSET, *NU_MEAN_RANGE)
    sigma = np.clip(NU_SIGMA_SLOPE * log_r + NU_SIGMA_OFFSET, *NU_SIGMA_RANGE)
    return mu, sigma


def set_moments(G0, P):
    """Mean and standard deviation of the step of one SET pulse, in uS.

    mu = -0.084 G0 + 0.880 + 1.40 P,   sigma = 0.091 G0 + 0.260 + 2.15 P          [N18]

    G0 is the conductance before the pulse, P the pulse memory after its decay for this pulse.
    """
    mu = SET_MEAN_G * G0 + SET_MEAN_0 + SET_MEAN_P * P
    sigma = SET_SIGMA_G * G0 + SET_SIGMA_0 + SET_SIGMA_P * P
    return mu, sigma


def age(t, t_write, t0):
    """Time since the last write, not below the reference time: a = max(t - t_write, t0), in s."""
    return np.maximum(t - t_write, t0)


def drift(G0, a, t0, nu):
    """Conductance at age a:  G = G0 (a/t0)^-nu, in uS.               [N18, J20]"""
    return G0 * np.exp(-nu * np.log(a / t0))  # exp(log) is several times faster than a power


def white_sigma(G):
    """Standard deviation of the white read noise at conductance G:  0.03 G + 0.13 uS.  [N18]"""
    return WHITE_G * G + WHITE_0


def flicker_sigma(G0, a):
    """Relative standard deviation of the 1/f read noise at age a.

    Q sqrt(ln((a + t_read)/(2 t_read))),   Q = min(0.0088 / max(G0/25, 1e-7)^0.65, 0.2)    [J20]
    """
    Q = np.minimum(FLICKER_Q / np.maximum(G0 / G_MAX, R_MIN) ** FLICKER_POWER, FLICKER_Q_MAX)
    return Q * np.sqrt(np.log((a + T_READ) / (2.0 * T_READ)))
