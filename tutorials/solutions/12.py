# %% Exercise 1: in step 0 s is x alone; in step 1 the port keeps 0.8 of it instead of 0.5
YOUR_TENSOR, YOUR_STEP = "s", 1
right_forward = my_forward


def my_forward(x, w, beta, theta, u, o, g):
    return right_forward(x, w, np.full_like(beta, 0.8), theta, u, o, g)


report, text = check("hand-decay")
first = report["cases"][0]["divergence"]
claim((first["tensor"], first["index"][0]) == (YOUR_TENSOR, YOUR_STEP))
# The decay of this case is 0.5, so a constant of 0.5 would pass. One case is never enough.


# %% Exercise 2: distort the input a little; no named mistake does that
def my_forward(x, w, beta, theta, u, o, g):
    return right_forward(x + 0.3 * x ** 3, w, beta, theta, u, o, g)


Port.backward = False
report, text = check("hand-d*" if args.quick else "hand,edge,rest-tanh-*")
claim(count(report)["failed"] > (2 if args.quick else 5))
claim(any(story["diagnosis"] is None for story in report["stories"]))
my_forward = right_forward
Port.backward = True
