# %% Exercise 1: an update adds 0.16 uS; ten pulses are 7.7 uS, and 7.7/0.16 = 48.1
YOUR_UPDATE = 49
chi, pulses, update = 0.0, 0, 0
while pulses < 10:
    update += 1
    chi += SCALE * 0.01
    n = np.trunc(chi / EPSILON)
    chi -= n * EPSILON
    pulses += n
claim(update == YOUR_UPDATE)
# Steps up and down in turn never give a pulse. That is good if the steps are noise.

# %% Exercise 2: the factor of a matrix is its mean |W| before the year, divided by that after it
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
