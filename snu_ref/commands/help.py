"""What `python -m snu_ref COMMAND --help` says beside the options: words, examples, status."""

EXAMPLES = """\
examples:
  python -m snu_ref reproduce            all, on small data, in under 5 minutes
  python -m snu_ref gradcheck --summary  the evidence for the gradients alone
  python -m snu_ref train music --unit snu
  python -m snu_ref COMMAND --help       options, examples and exit status

exit status: 0 for success, 1 if what was checked is wrong, 2 for bad input,
130 if stopped by Ctrl-C. The commands use one thread for matrix products,
unless OPENBLAS_NUM_THREADS says otherwise."""

COMMANDS = {  # name: (more words, examples and exit status)
    "reproduce": ("""\
Does the paper's claim hold? Trains SNU, sSNU, RNN, GRU and LSTM on digits,
music and language, and SNU and sSNU without membrane; compares lateral
inhibition; runs the in-memory experiment; and checks all gradients. The data
come with the package and Python. The runs go side by side in processes; their
number does not change the results. Everything is printed, and written to a
folder: results.json, the figures, and report.html, one page with all of it.

If the command is stopped, or a process dies, the finished runs stay in
DIR/finished: the same command with --resume goes on from there. Without
--resume a new run begins, and replaces what is in DIR.""", """\
examples:
  python -m snu_ref reproduce                      one seed
  python -m snu_ref reproduce --seeds 5            five, which give intervals
  python -m snu_ref reproduce --seeds 5 --resume   go on after a stop
  python -m snu_ref reproduce --quick --out try    a trial of the command

exit status: 0 if all gradients agree, 1 if one is out, 2 for bad input,
130 if stopped by Ctrl-C."""),
    "report": ("""\
Make the page of a reproduction again, from results.json and the figures in its
folder: DIR/report.html, which needs no network, no scripts and no other file.
`reproduce` makes it by itself.""", """\
example:
  python -m snu_ref report snu_ref_out

exit status: 0, or 2 if the folder is not one that `reproduce` has written."""),
    "train": ("""\
One training run: prints the settings with their sources and a line an epoch,
and writes checkpoint.npz, learning_curve.png and results.json to a folder. The
test split is read once, at the end. A run that was stopped goes on with
--resume and ends with the same numbers.

A finished run can be trained for longer: --resume with a larger --epochs. With
a constant schedule it ends as if it had had that many epochs from the start.
With a cosine schedule it does not: its first epochs followed the cosine of the
old length, the new ones follow that of the new length, so the learning rate
jumps up again.

Preset paper needs your own copy of the full data: MNIST's four IDX files for
digits, jsb-chorales-quarter.json for music, ptb.train.txt, ptb.valid.txt and
ptb.test.txt for language.

--own trains on data of your own: a folder of IDX files with square images, a
JSON file of MIDI pitches, or any text. Their figures are labelled "own data,
not the published set".""", """\
examples:
  python -m snu_ref train music --unit snu
  python -m snu_ref train digits --unit lstm --seed 3 --out runs/try
  python -m snu_ref train digits --unit lstm --seed 3 --out runs/try --resume
  python -m snu_ref train music --set lr=0.01 --set options.decay=0.9
  python -m snu_ref train music --unit snu --weights pcm
  python -m snu_ref train language --unit ssnu --preset paper --data ptb
  python -m snu_ref train language --unit ssnu --own book.txt

exit status: 0 for success, 1 if the loss diverged, 2 for bad input, 130 if
stopped by Ctrl-C."""),
    "use": ("""\
Use the network of a finished run. Digits: list and draw the test images that it
gets wrong. Music: go on with a test piece, as a piano roll and as sound.
Language: go on with a text. In Python: snu_ref.tasks.load_run(RUN).""", """\
examples:
  python -m snu_ref use runs/digits-snu-small-0
  python -m snu_ref use runs/music-ssnu-small-0 --prime 8 --temperature 0.7
  python -m snu_ref use runs/language-ssnu-small-0 --prompt "the value of"

exit status: 0, or 2 for bad input."""),
    "memory": ("""\
The paper's in-memory experiment by itself: the music network on 52,800
phase-change devices, trained in software, on ideal devices, with the hardware
in the loop, or programmed once; and read over a year of drift. The same as in
`reproduce`, also on the full chorales and from several seeds.""", """\
examples:
  python -m snu_ref memory
  python -m snu_ref memory --data jsb --seeds 3

exit status: 0, or 2 for bad input."""),
    "experiments": ("""\
Run the rows of the results page, snu_ref/tasks/RESULTS.md, block by block. A
block is a table, TABLES/BLOCK.csv, with a line for each run: settings, seed,
figures, processor and versions. Runs that the table has are left out, so the
same command goes on after any stop. Without a block, the blocks are listed.""", """\
examples:
  python -m snu_ref experiments
  python -m snu_ref experiments digits --tables tables
  python -m snu_ref experiments --tables tables --page RESULTS.md
  python -m snu_ref experiments jsb membrane --data jsb --only SNU

exit status: 0, 2 for bad input, 130 if stopped by Ctrl-C."""),
    "bench": ("""\
Time training steps of standard networks, and the same matrix products alone:
a ratio of 1 would be the speed of the products. Run it on an idle machine; it
takes about two minutes.""", """\
examples:
  python -m snu_ref bench
  python -m snu_ref bench --quick --json speed.json

exit status: 0, or 2 for bad input."""),
    "gradcheck": ("""\
Hold every hand-derived gradient against central differences, the complex step
and a second derivation in scalar loops: every layer, variant, parameter, input
and initial state. Spiking layers are differentiated as programs frozen at the
nominal run. A gradient of zero or a silent network counts as a failure.""", """\
examples:
  python -m snu_ref gradcheck --summary      one line a piece
  python -m snu_ref gradcheck --piece SNU    every row of one piece

exit status: 0 if all gradients agree, 1 if one is out."""),
    "vectors": ("""\
The conformance vectors: cases with inputs, every-step traces, adjoints,
gradients and tolerances, which another implementation is held against by
`check`.""", """\
examples:
  python -m snu_ref vectors list                  one line a case
  python -m snu_ref vectors show hand-decay       a case in full
  python -m snu_ref vectors export port           raw files, for other languages
  python -m snu_ref vectors verify                make all numbers again

exit status: 0 for success, 1 if verification failed, 2 for bad input."""),
    "check": ("""\
Hold another implementation against the conformance vectors: say at which
number it first departs, and, where it can be told, which change of the
equations gives its numbers. TARGET is an adapter in Python, a class with a
function run(case) that returns arrays by name, or a folder of results that
`vectors export` began.""", """\
examples:
  python -m snu_ref check my_port.py:Adapter
  python -m snu_ref check my_port.py:Adapter --cases "unit-*" --dtype float32
  python -m snu_ref check port --json verdict.json     a folder of results

exit status: 0 if nothing failed and something was checked, 1 otherwise,
2 for bad input."""),
}
