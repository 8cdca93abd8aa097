# %% Exercise 1: s after the first step is x alone; in the second, 0.8 of it is left, not 0.5
YOUR_TENSOR, YOUR_STEP = "s", 1
right_forward = my_forward


def my_forward(x, w, beta, theta, u, o, g):
    return right_forward(x, w, np.full_like(beta, 0.8), theta, u, o, g)


report, text = check("hand-decay")
first = report["cases"][0]["divergence"]
claim((first["tensor"], first["index"][0]) == (YOUR_TENSOR, YOUR_STEP))
# A constant of 0.5 is what the case has: it would pass. One case is never enough.


# %% Exercise 2: an input that is bent a little; no change of the equations with a name does that
def my_forward(x, w, beta, theta, u, o, g):
    return right_forward(x + 0.3 * x ** 3, w, beta, theta, u, o, g)


Port.backward = False
report, text = check("hand-d*" if args.quick else "hand,edge,rest-tanh-*")
claim(count(report)["failed"] > (2 if args.quick else 5))
claim(any(story["diagnosis"] is None for story in report["stories"]))
my_forward = right_forward
Port.backward = True
