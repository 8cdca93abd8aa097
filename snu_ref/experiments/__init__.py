"""The paper's experiments and ours, on top of the tasks.

    in_memory      the music network on phase-change devices, a year of drift, weights of few bits
    inhibition     digits with and without lateral inhibition
    reproduction   the jobs of `reproduce`
    side_by_side   runs jobs in parallel processes
    comparison     tables of the runs of `reproduce`, as text
    rows           reads the rows of the results page from rows.ini
    runs           runs these rows; `operations` counts spikes and operations, `baselines` has
                   simple models
    claims         reads the comparisons of the page from claims.txt; `verdicts` judges them,
                   `results_page` writes the page
"""
