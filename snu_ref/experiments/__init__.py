"""Experiments on top of the tasks: the paper's, and ours.

    in_memory      the music network on phase-change devices, a year of drift, weights of few bits
    inhibition     digits with and without lateral inhibition
    reproduction   all that `reproduce` runs, as jobs
    side_by_side   jobs side by side in processes
    comparison     runs beside each other, as text
    rows           the rows of the results page, block by block; they stand in rows.ini
    runs           runs them, with `operations`, which counts spikes and operations, and
                   `baselines`, models without a network
    claims         what the page compares, from claims.txt; `verdicts` judges it, `results_page`
                   writes the page
"""
