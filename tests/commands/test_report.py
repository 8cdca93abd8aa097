"""The report of a reproduction: one page without other files, with the numbers of results.json.

The page of a real run is tested in test_commands.py; here it is built from made-up results.
"""
import copy
import json
import os
import struct
import zlib

import pytest
from helpers.html_page import read_page, table_rows

from snu_ref.report import document as report
from snu_ref.__main__ import main
from snu_ref.report.figures import FIGURE
from snu_ref.report.page import element

FIGURES = [name for name, _ in FIGURE.findall(
    (report.HERE / "page.html").read_text(encoding="utf-8"))]
HOSTILE = "<script>alert('&')</script>\"><img src=x onerror=y> </style>"


def png(width=3, height=2):
    """The bytes of a small PNG."""
    def chunk(kind, data):
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    raw = (b"\0" + b"\x80" * width) * height
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def made_up():
    """Results in the form of results.json: two units, two seeds, numbers that are all different."""
    def settings(lr):
        return {"lr": {"value": lr, "source": "ours"},
                "hidden": {"value": [150], "source": "published"},
                "options": {"value": {"g": "identity", "recurrent": True}, "source": "toolkit"}}

    metrics = {"digits": ("accuracy", 0.9), "music": ("nll", 8.0), "language": ("perplexity", 60.0)}
    runs = [{"task": task, "unit": unit, "seed": seed, "parameters": 1000 + 10 * k,
             "metric": metric, "test": {metric: value * (1 + 0.01 * k + 0.002 * seed)},
             "baselines": {"simple": 2 * value} if task != "digits" else {},
             "seconds": 1.5 + k, "best_epoch": 2,
             "history": [{"epoch": e, "loss": 1.0 / e, metric: value} for e in (1, 2)],
             "settings": settings(0.01 + k)}
            for task, (metric, value) in metrics.items()
            for k, unit in enumerate(("snu", "ssnu")) for seed in (4, 5)]
    sweep = {"metric": "nll", "software": 8.5, "times": [20.0, 3600.0],
             "raw": [[8.61, 8.72], [8.63, 8.75]], "compensated": [[8.62, 8.64], [8.66, 8.69]]}
    bits = {"metric": "accuracy", "software": 0.961, "bits": [2, 8], "after": [0.231, 0.942],
            "during": [0.853, 0.954]}
    way = {"nll": 8.701, "history": [{"epoch": 1, "nll": 8.8}], "counters": {},
           "settings": settings(0.02)}
    counters = {"set_pulses": 123456, "refreshes": 21, "resets": 42, "device_reads": 9876543}
    return {
        "command": "python -m snu_ref reproduce --seed 4 --seeds 2",
        "started": "2026-01-02T03:04:05+00:00", "machine": {"Python": "3.11", "processors": 2},
        "seed": 4, "seeds": 2, "quick": False,
        "bounds": {"central": 1e-6, "complex": 1e-12, "twin": 1e-13},
        "gradients": [{"piece": "SNU", "variants": 192, "tensors": 1248, "zero": 48,
                       "central": 1.03e-8, "complex": 1.81e-15, "twin": 1.79e-15, "failed": 0}],
        "facts": {task: ["counts of the data"] for task in metrics},
        "runs": runs, "sample": "the <unk> .\n  it is",
        "inhibition": [{"inhibition": False, "accuracy": 0.954, "spikes": 319.1},
                       {"inhibition": True, "accuracy": 0.957, "spikes": 70.4}],
        "memory": {
            "devices": 52800, "device_seeds": 2, "precision_epochs": {"music": 20, "digits": 5},
            "ways": {"software": way, "in the loop": {**way, "nll": 8.874, "counters": counters},
                     "programmed": {"nll": 9.92, "spread": 0.32, "history": [], "counters": {}}},
            "over_time": {"music": sweep, "digits": {**sweep, "metric": "accuracy"}},
            "precision": {"music": {**bits, "metric": "nll"}, "digits": bits}},
        "figures": list(FIGURES),
        "parts": [{"part": "tasks", "seconds": 12.3, "processor": 11.2}],
        "seconds": 12.4, "processor": 11.3}


@pytest.fixture
def folder(tmp_path):
    """A folder with every figure, in which a test puts its results."""
    for name in FIGURES:
        (tmp_path / name).write_bytes(png())
    return tmp_path


def page_of(results, folder):
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return read_page(report.write_report(folder).read_text(encoding="utf-8"))


def test_the_page_has_every_figure_once_and_in_words(folder):
    images = page_of(made_up(), folder).all("img")
    assert len(images) == len(FIGURES)
    for image in images:
        assert image.attributes["src"].startswith("data:image/png;base64,")
        assert (image.attributes["width"], image.attributes["height"]) == ("3", "2")
    words = [image.attributes["alt"] for image in images]
    assert min(map(len, words)) > 60 and len(set(words)) == len(words)
    assert any("1,010 parameters" in alt for alt in words)  # the figure's numbers, in words


def test_figures_that_were_not_drawn_are_left_out_and_missing_ones_are_named(folder):
    results = made_up()
    results["figures"].remove("neuron.png")
    (folder / "neuron.png").unlink()
    assert len(page_of(results, folder).all("img")) == len(FIGURES) - 1
    (folder / "spikes.png").unlink()
    with pytest.raises(OSError, match="spikes.png"):
        report.write_report(folder)
    (folder / "spikes.png").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="spikes.png: expected a PNG file"):
        report.write_report(folder)


def test_numbers_are_those_of_the_results(folder):
    page = page_of(made_up(), folder)
    for section, row in (
            ("Gradients", ["SNU", "192", "1,248", "48", "1.0e-08", "1.8e-15", "1.8e-15", "none"]),
            ("Digits", ["SNU", "1,000", "90.81 ± 0.13", "2", "98.477 layers, MNIST, %"]),
            ("Music", ["sSNU", "1,010", "8.152 ± 0.011", "2",
                       "8.3988-150-88, JSB chorales, nats"]),
            ("Language", ["simple", "", "120.0", "", ""]),
            ("Lateral inhibition and sparsity", ["with", "95.70", "70.4"]),
            ("Drift", ["1 h", "8.735 ± 0.021", "8.665 ± 0.035", "873.50 ± 2.12", "866.50 ± 3.54"]),
            ("Few bits", ["2", "0.231", "0.853", "23.10", "85.30"]),
            ("What was run, and how long it took", ["tasks", "12.3", "11.2"]),
            ("Settings and their sources", ["lr", "0.01ours", "1.01ours"]),  # where units differ
            ("Settings and their sources", ["hidden", "150published"]),      # where they agree
            ("Settings and their sources", ["options", "g identity, recurrenttoolkit"])):
        assert row in table_rows(page, section), (section, row)
    ways = [row[1:] for row in table_rows(page, "Weights on phase-change devices")]
    assert ["8.874", "123,456", "21", "42", "9,876,543"] in ways
    assert ["9.920 ± 0.453", "–", "–", "–", "–"] in ways


def test_deviations_between_networks_and_between_devices_stand_apart(folder):
    """Two networks on two sets of devices each: 8.625, 8.825 are their means, 0.0212 within."""
    results = made_up()
    sweep = results["memory"]["over_time"]["music"]
    for kind in ("raw", "compensated"):
        sweep[kind] = [[8.61, 8.7], [8.64, 8.7], [8.81, 8.7], [8.84, 8.7]]
    sweep["networks"] = 2
    row = [row for row in table_rows(page_of(results, folder), "Drift") if row[0] == "20 s"][0]
    assert row[1] == "8.725 ± 0.141; 0.021"


def with_comparators():
    """The same with an RNN; and runs without membrane, whose results are 0.9 times the others."""
    results = made_up()

    def changed(run, unit, factor, parameters):
        metric = run["metric"]
        return {**run, "unit": unit, "parameters": parameters,
                "test": {metric: factor * run["test"][metric]}}

    results["without_membrane"] = [changed(r, r["unit"], 0.9, r["parameters"])
                                   for r in results["runs"]]
    results["runs"] += [changed(r, "rnn", 1.1, 4000) for r in results["runs"] if r["unit"] == "snu"]
    for sweep in results["memory"]["over_time"].values():
        sweep["shrunk"] = [[raw[0], raw[0] + 0.1] for raw in sweep["raw"]]
    return results


def test_the_claim_opens_the_page_and_its_differences_are_signed_so_that_more_is_better(folder):
    results = with_comparators()
    page = page_of(results, folder)
    assert page.all("h2")[0].text == "The claim, and this run's answer"
    rows = {row[0]: row[1:] for row in table_rows(page, "The claim, and this run's answer")}
    assert rows["Digits, %: SNU"] == [
        "90.81 ± 0.13", "−9.08worse25 % of its parameters", "–", "–",
        "+9.08better100 % of its parameters"]
    assert rows["Language, perplexity: SNU"] == [
        "60.5 ± 0.1", "+6.1better25 % of its parameters", "–", "–",
        "−6.1worse100 % of its parameters"]
    assert [rows["Music, nats a step: sSNU"][i][0] for i in (1, 4)] == ["+", "−"]
    words = " ".join(page.text.split())
    assert "in 4 of 6 comparisons" in words and "in 2 of 6 cases" in words
    assert "plain RNN with a sigmoid" in words
    assert "no spread" not in words and "--seeds 5" not in words
    alone = {**results, "seeds": 1, "runs": results["runs"][::2],
             "without_membrane": results["without_membrane"][::2]}
    assert "One seed has no spread" in page_of(alone, folder).text


def test_drift_compensation_in_the_first_hour_is_paired_and_has_an_interval(folder):
    """Two devices: the differences 8.64 - 8.72 and 8.69 - 8.75, the t of one degree of freedom is
    12.7."""
    page = page_of(with_comparators(), folder)
    rows = table_rows(page, "Drift")
    assert ["1 h", "-0.070 [-0.197 to 0.057]", "-7.00 [-19.71 to 5.71]"] in rows
    assert any(row[0] == "1 h" and row[2].startswith("0.100 [0.100 to 0.100]") for row in rows)
    assert "Music, after 1 h: no clear difference" in page.text
    results = with_comparators()
    results["memory"]["over_time"]["music"]["compensated"] = [[8.62, 9.64], [8.66, 9.69]]
    assert "Music, after 1 h: yes, it is worse" in page_of(results, folder).text
    # below the raw results of that hour, above those of the first read
    results["memory"]["over_time"]["music"]["compensated"] = [[8.62, 8.66], [8.66, 8.69]]
    assert "Music, after 1 h: no, it is better" in page_of(results, folder).text


def test_every_column_and_setting_is_explained(folder):
    """A name in bold below the tables, or in the caption: for each column, and each setting of all
    presets."""
    from snu_ref.tasks.settings import SETTINGS
    from snu_ref.tasks.presets import PRESETS
    settings = {name for tables in PRESETS.values() for table in tables.values() for name in table}
    assert settings <= SETTINGS.keys()
    page = page_of(with_comparators(), folder)
    assert {"lr", "hidden", "options"} <= {node.text for node in page.all("strong")}
    tables = [node for node in page.all("figure") if node.all("table")]
    for table in tables:
        if table.all("table")[0].attributes.get("class") == "settings":
            continue
        bold = {" ".join(node.text.split()) for node in table.all("strong")}
        words = "".join(node.text for node in table.all("figcaption") + table.all("p")).lower()
        for cell in table.all("thead")[0].all("th"):
            first = cell.text.lower().split(",")[0].split(":")[0]
            assert cell.text in bold or first in words, cell.text
    assert len(tables) > 12


def test_gradients_that_are_out_are_named(folder):
    results = made_up()
    assert "All gradients agree" in page_of(results, folder).text
    results["gradients"][0]["failed"] = 3
    text = page_of(results, folder).text
    assert "All gradients agree" not in text and text.count("3 of 1,248 tensors are wrong.") == 2


def test_a_quick_run_says_that_it_is_a_trial(folder):
    results = made_up()
    assert "A trial." not in page_of(results, folder).text
    assert "A trial." in page_of({**results, "quick": True}, folder).text


def strings_in(value, path=()):
    """The path of every string in nested results."""
    if isinstance(value, str):
        yield path
    inside = (value.items() if isinstance(value, dict)
              else enumerate(value) if isinstance(value, list) else ())
    for key, item in inside:
        yield from strings_in(item, (*path, key))


NAMES = {"task", "unit", "metric"}  # these are looked up in our tables, not printed


def test_text_from_the_results_is_never_markup(folder):
    harmless = page_of(made_up(), folder)
    results = made_up()
    results["machine"][HOSTILE] = HOSTILE
    results["memory"]["ways"]["programmed"]["counters"] = {}
    results["runs"][-1]["baselines"][HOSTILE] = results["runs"][-4]["baselines"][HOSTILE] = 3.0
    for path in list(strings_in(results)):
        if path[0] != "figures" and path[-1] not in NAMES:
            inner = results
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = HOSTILE
    page = page_of(results, folder)
    for name in ("script", "style", "img"):
        assert len(page.all(name)) == len(harmless.all(name))
    assert page.text.count(HOSTILE) > 20                       # all are shown as text
    assert not any("onerror" in node.attributes for node in page.all("img"))


def test_attributes_are_escaped():
    node, = read_page("<!DOCTYPE html>\n" + element("p", HOSTILE, title=HOSTILE)).all("p")
    assert node.attributes == {"title": HOSTILE} and node.children == [HOSTILE]


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"runs": []}', "\xff", json.dumps({**made_up(), "runs": []}),
    json.dumps({k: v for k, v in made_up().items() if k != "memory"})])
def test_results_of_something_else_are_refused_in_a_line(folder, capsys, text):
    (folder / "results.json").write_text(text, encoding="latin-1")
    assert main(["report", str(folder)]) == 2
    error = capsys.readouterr().err
    assert "results.json: expected results of this version of `reproduce`" in error
    assert error.count("\n") == 1
    assert not (folder / "report.html").exists()


def test_the_command_makes_the_page_again(folder, capsys):
    (folder / "results.json").write_text(json.dumps(made_up()), encoding="utf-8")
    assert main(["report", str(folder)]) == 0
    first = (folder / "report.html").read_bytes()
    assert "report.html" in capsys.readouterr().out
    assert main(["report", str(folder)]) == 0 and (folder / "report.html").read_bytes() == first
    assert main(["report", str(folder / "nowhere")]) == 2 and "nowhere" in capsys.readouterr().err


def test_results_are_not_changed(folder):
    results = made_up()
    before = copy.deepcopy(results)
    report.build(results, folder)
    assert results == before


# ---- files of others ----------------------------------------------------------------------------

@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["results.json", "neuron.png"])
def test_a_pipe_a_folder_or_a_dead_link_is_named_and_not_read(folder, name, capsys):
    made = {"a pipe": os.mkfifo, "a folder": os.mkdir,
            "a link to nowhere": lambda path: os.symlink("gone", path)}
    (folder / "results.json").write_text(json.dumps(made_up()))
    path = folder / name
    for found, make in made.items():
        path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
        make(path)
        assert main(["report", str(folder)]) == 2
        assert f"{path}: expected a file, found {found}" in capsys.readouterr().err


def test_results_that_are_too_deep_or_too_long_are_named(folder, capsys, monkeypatch):
    (folder / "results.json").write_text("[" * 100_000)
    assert main(["report", str(folder)]) == 2
    assert "results.json" in capsys.readouterr().err
    monkeypatch.setattr(report, "LARGEST", 100)
    assert main(["report", str(folder)]) == 2
    assert "expected at most 100 bytes, found more" in capsys.readouterr().err


def test_text_from_outside_cannot_command_the_terminal(tmp_path, capsys):
    name = tmp_path / "\x1b[31mred\nnext\x07"
    assert main(["report", str(name)]) == 2
    err = capsys.readouterr().err
    assert "\\x1b[31mred\\nnext\\x07" in err and err.count("\n") == 1
    assert all(c.isprintable() for c in err.rstrip("\n"))
