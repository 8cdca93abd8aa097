# %% Exercise 1: 0.16 uS an update; the tenth pulse when 7.7 uS have been asked for: 7.7/0.16 = 48.1
YOUR_UPDATE = 49
chi, pulses, update = 0.0, 0, 0
while pulses < 10:
    update += 1
    chi += SCALE * 0.01
    n = np.trunc(chi / EPSILON)
    chi -= n * EPSILON
    pulses += n
claim(update == YOUR_UPDATE)
# Up and down in turn never fills chi: no pulse, no wear. Good, if it was noise.

# %% Exercise 2: the factor of a matrix is its mean size before, over that after
fresh = {name: loop_network.params[name].copy() for name in NAMES}
loop_chip.t += 365 * 86_400.0
loop_chip.read()
faded = validation_loss(loop_network)
for name in NAMES:
    YOUR_FACTOR = np.abs(fresh[name]).mean() / np.abs(loop_network.params[name]).mean()
    loop_network.params[name][:] *= YOUR_FACTOR
repaired = validation_loss(loop_network)
print(loop[-1], faded, repaired)
if not args.quick:  # the small network is trained too little to lose much
    claim(repaired < loop[-1] + (faded - loop[-1]) / 10)
    again = train(loop_network, 1, loop_chip, epochs=3)
    claim(again[-1] < (loop[-1] + faded) / 2)
