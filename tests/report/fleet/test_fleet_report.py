"""A report over many hosts: who is found, who is not accused, what is left out, and what all of it looks like."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_checks import check_drawn_twice, check_layout
from commands import Finished
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from pages import chromium, visit
from synthetic import make_cases, make_result, model_seconds

from ipcbench.analysis.compare.averages import centres, trimmed_rows
from ipcbench.analysis.compare.side import side_of_result
from ipcbench.analysis.difference import centre_of, trimmed, unpaired
from ipcbench.analysis.fleet.gather import gather, notes
from ipcbench.analysis.fleet.host import LEAST_FOR_PROCESSES, Host, host_of, read_hosts
from ipcbench.analysis.fleet.outliers import Outliers, judge, outliers
from ipcbench.analysis.fleet.winners import winners
from ipcbench.analysis.self_check import drift_between, self_check
from ipcbench.analysis.stats import by_round
from ipcbench.errors import BadRequest, ResultError
from ipcbench.model import Case
from ipcbench.report.charts import SURVEYED, Chart
from ipcbench.report.fleet.formats import as_csv, as_json, as_markdown, terminal
from ipcbench.report.fleet.words import Survey, parts, sentences
from ipcbench.report.fleet.write import footer, page, write
from ipcbench.results.schema import PROTOCOL, ResultFile
from ipcbench.results.store import save

Run = Callable[..., Finished]

FEW = make_cases(sizes=[64, 65536], mechanisms=["queue", "simple-queue", "pipe", "pipe-bytes", "raw-array", "memcpy"])
ODD = 3  # the place of the host that a test makes differ


def slowed(factors: dict[str, float], whole: float) -> Callable[[Case], float]:
    return lambda case: model_seconds(case) * factors.get(case.mechanism, 1.0) * whole


def make(number: int, whole: float = 1.0, factors: dict[str, float] | None = None, **more: Any) -> ResultFile:
    given_: dict[str, Any] = {"cases": FEW, "rounds": 8, "noise": 0.01, "label": f"lab-{number:08x}"}
    given_ |= {"seed": number + 1, "seconds": slowed(factors or {}, whole)}
    return make_result(**(given_ | more))


def fleet(many: int, spread: float = 0.0, seed: int = 0, odd: ResultFile | None = None) -> list[ResultFile]:
    """Hosts that differ by `spread` (standard deviation of log(time)), one of them replaced."""
    chance = np.random.default_rng(seed)
    found = [
        make(number, float(np.exp(chance.normal(0.0, spread))), seed=1000 * seed + number + 1) for number in range(many)
    ]
    return [*found[:ODD], odd, *found[ODD + 1 :]] if odd is not None else found


def hosts_of(results: Sequence[ResultFile]) -> list[Host]:
    return [host_of(side_of_result(result)) for result in results]


def surveyed(results: Sequence[ResultFile], title: str = "lab") -> Survey:
    about = gather(hosts_of(results))
    return Survey(title, about, outliers(about), winners(about))


def accused(found: Outliers) -> list[str]:
    hosts = found.hosts
    return list(hosts.loc[hosts["verdict"].isin(["slower", "faster"]) | (hosts["families"] != ""), "host"])


# One host


def test_a_host_has_the_numbers_that_compare_has_of_its_file() -> None:
    side = side_of_result(make(1, over_time=lambda _, round_: 1 + 0.01 * round_))
    host, series = host_of(side), by_round(side.visits)
    drift = self_check(list(series.values()), side.rounds).drift
    assert drift > 0
    assert drift_between(list(series.values())) == drift
    for place, about in enumerate(host.about):
        assert host.numbers.log[place] == pytest.approx(centre_of([series[about.case]]))
        alone = unpaired([series[about.case]], [np.ones(8)], drift)  # the other side has drift too, and nothing else
        assert alone.error**2 == pytest.approx(host.numbers.error[place] ** 2 + drift**2)


@given(arrays(float, some.tuples(some.integers(1, 5), some.integers(1, 20)), elements=some.floats(-20, 5)))
@settings(max_examples=60)
def test_many_rows_are_trimmed_as_each_alone(logs: Any) -> None:
    logs[:, ::4] = np.where(logs[:, ::4] > 0, np.nan, logs[:, ::4])
    for row, log, variance, freedom in zip(logs, *trimmed_rows(logs), strict=True):
        known = row[~np.isnan(row)]
        if len(known) > 1:
            centre = trimmed(known)
            assert (log, variance, freedom) == pytest.approx((centre.log, centre.variance, centre.freedom), abs=1e-12)
        else:
            assert np.isnan(variance)
            assert np.isnan(log) == (len(known) == 0)


def test_repeats_are_the_sample_where_there_are_several() -> None:
    chance = np.random.default_rng(5)
    rows, repeats = np.exp(chance.normal(0, 0.1, (4, 9))), np.array([1, 1, 1, 2, 2, 2, 3, 3, 3])
    log, error, freedom = centres(np.log(rows), repeats, 0.5)
    for place, row in enumerate(rows):
        found = unpaired([row[:3], row[3:6], row[6:]], [np.ones(3), np.ones(3)])
        assert (np.exp(log[place]), error[place], freedom[place]) == pytest.approx((found.ratio, found.error, 2))


def test_a_host_that_was_measured_for_two_rounds_has_times_and_no_errors() -> None:
    host = host_of(side_of_result(make(1, rounds=2)))
    assert not np.isnan(host.numbers.log).any()
    assert np.isnan(host.numbers.error).all()
    assert np.isnan(host.mean.error)


# Who differs


@pytest.mark.full
@pytest.mark.parametrize("spread", [0.0, 0.03])
def test_equal_hosts_are_not_accused(spread: float) -> None:
    """With a rate of 5 % one fleet of twenty may have an accused host; of what is below 3 % none has."""
    guilty = [name for seed in range(20) for name in accused(surveyed(fleet(12, spread, seed + 1)).outliers)]
    assert len(guilty) <= 3, guilty


@pytest.mark.parametrize("many", [3, 12, 40])
@pytest.mark.parametrize(("whole", "verdict"), [(1.3, "slower"), (0.75, "faster")])
def test_a_host_that_differs_by_one_factor_in_all_is_found_with_it(many: int, whole: float, verdict: str) -> None:
    odd = make(ODD, whole) if many > ODD else None
    results = fleet(many, 0.01, odd=odd) if odd else [*fleet(many - 1, 0.01), make(ODD, whole)]
    found = surveyed(results).outliers
    host = found.hosts.set_index("host").loc[f"lab-{ODD:08x}"]
    assert host["verdict"] == verdict
    assert host["ratio"] == pytest.approx(whole, rel=0.03)
    assert host["low"] < host["ratio"] < host["high"]
    assert host["families"] == ""
    assert host["odd"] == 0
    assert host["controls"] == pytest.approx(whole, rel=0.03)
    assert accused(found) == [f"lab-{ODD:08x}"]


def test_a_host_that_differs_in_one_family_is_told_by_it() -> None:
    odd = make(ODD, factors={"queue": 1.8, "simple-queue": 1.8})
    about = surveyed(fleet(12, 0.01, odd=odd))
    host = about.outliers.hosts.set_index("host").loc[f"lab-{ODD:08x}"]
    assert host["families"] == "queues"
    assert host["level"] == pytest.approx(1.0, abs=0.03)
    families = about.outliers.families
    row = families[(families["host"] == f"lab-{ODD:08x}") & (families["family"] == "queues")].iloc[0]
    assert row["beside"] == pytest.approx(1.8, rel=0.03)
    assert accused(about.outliers) == [f"lab-{ODD:08x}"]
    odd_cases = about.outliers.odd
    assert set(odd_cases["host"]) == {f"lab-{ODD:08x}"}
    assert all("queue" in case for case in odd_cases["case"])
    assert f"lab-{ODD:08x} with 1." in " ".join(sentences(about))
    assert re.search(r"in queues 1\.[78]\d×", " ".join(sentences(about)))


def test_a_single_case_that_differs_is_told_and_its_host_is_like_the_rest() -> None:
    odd = make(ODD, over_time=lambda case, _: 1.5 if case.id == "stream/pipe/64B/1w" else 1.0)
    found = surveyed(fleet(12, 0.01, odd=odd)).outliers
    assert list(found.odd[["host", "case"]].itertuples(index=False, name=None)) == [
        (f"lab-{ODD:08x}", "stream/pipe/64B/1w")
    ]
    assert found.odd["beside"].iloc[0] == pytest.approx(1.5, rel=0.03)
    assert found.hosts["odd"].sum() == 1


def test_hosts_of_two_kinds_fall_in_two_groups_and_in_two_classes() -> None:
    results = [make(number, 1.0 + number % 2, cpu_model=f"CPU {number % 2}") for number in range(12)]
    about = surveyed(results)
    assert about.outliers.groups == 2
    assert about.outliers.factor == pytest.approx(2.0, rel=0.05)
    assert [many for _, many in about.outliers.classes] == [6, 6]
    assert about.outliers.hosts["kin"].between(0.95, 1.05).all()
    assert "two groups" in " ".join(sentences(about))


def test_a_host_of_two_rounds_is_not_judged() -> None:
    about = surveyed(fleet(10, 0.01, odd=make(ODD, 3.0, rounds=2)))
    assert about.outliers.hosts.set_index("host").loc[f"lab-{ODD:08x}", "verdict"] == "unknown"
    assert "not enough to tell whether they differ" in " ".join(sentences(about))


@given(arrays(float, some.tuples(some.integers(2, 12), some.integers(0, 4)), elements=some.floats(-3, 3)), some.data())
@settings(max_examples=60)
def test_no_distance_below_three_percent_and_none_without_an_error_counts(distance: Any, data: Any) -> None:
    error = data.draw(arrays(float, distance.shape, elements=some.sampled_from([np.nan, 0.0, 0.01, 0.3])))
    found = judge(distance, error, np.where(np.isnan(error), np.nan, 5.0))
    assert not found.certain[np.isnan(error)].any()
    assert not found.certain[np.abs(distance) < 0.029].any()


# Winners


def test_a_winner_that_changes_on_one_host_is_told_and_ties_are_not() -> None:
    about = surveyed(fleet(12, 0.02, odd=make(ODD, factors={"queue": 0.1})))
    changes = about.winners.changes
    assert set(changes["host"]) == {f"lab-{ODD:08x}"}
    assert set(changes["winner"]) == {"queue"}
    assert (changes["ratio"] > 1.05).all()
    blocks = about.winners.blocks
    block = blocks[(blocks["question"] == "ping-pong") & (blocks["size"] == 64)].iloc[0]
    assert (block["hosts"], block["wins"], block["other"], block["lacking"]) == (12, 11, 1, 0)
    assert re.fullmatch(r"[\w-]+ 11, queue 1", block["by"])


def test_equal_hosts_change_no_winner() -> None:
    changed = [len(surveyed(fleet(12, 0.02, seed + 1)).winners.changes) for seed in range(10)]
    assert sum(changed) == 0


def test_a_host_that_lacks_the_winner_is_counted_and_not_called_another() -> None:
    lacking = {case.id: ("failed", "exit 1") for case in FEW if case.mechanism in ("pipe", "pipe-bytes", "raw-array")}
    about = surveyed(fleet(12, 0.01, odd=make(ODD, verdicts=lacking)))
    assert about.winners.changes.empty
    assert about.winners.blocks["lacking"].max() == 1
    host = about.outliers.hosts.set_index("host").loc[f"lab-{ODD:08x}"]
    assert host["missing"] == len([case for case in lacking])
    assert host["verdict"] == ""


# What cannot stand beside the rest


def test_what_cannot_be_compared_is_left_out_with_a_line_each() -> None:
    results = fleet(5)
    results[2].ipcbench.protocol = PROTOCOL + 1
    foreign = make(7, cases=[Case("ping-pong", "fifo", 64)])
    part = make(8, seed=1)  # started when another one was, by the same seed, on a machine that is not known
    without = side_of_result(make(9, verdicts={case.id: ("failed", "nothing works") for case in FEW}))
    with pytest.raises(ResultError, match="lab-00000009: no case has a number"):
        host_of(without)
    found = gather(["x.json: cut off", *hosts_of([*results, foreign, part])])
    assert [host.name for host in found.hosts] == [f"lab-{number:08x}" for number in (0, 1, 3, 4)]
    assert [line.partition(":")[2].strip() for line in found.left_out] == [
        "cut off",
        "shares with lab-00000000 what was measured at 2026-01-15 10:20",
        f"measured by protocol {PROTOCOL + 1}, most others by {PROTOCOL}: what was timed differs",
        "no case in common with any other file",
    ]


def test_two_machines_measured_at_one_second_by_one_seed_are_two_hosts() -> None:
    results = [make(0), make(1, seed=1)]
    for number, result in enumerate(results):
        result.ipcbench.machine.id = f"{number:016x}"
    assert len(gather(hosts_of(results)).hosts) == 2
    results[1].ipcbench.machine.id = "0" * 16
    with pytest.raises(BadRequest, match="shares with"):
        gather(hosts_of(results))


def test_fewer_than_two_hosts_and_two_of_one_name_are_refused() -> None:
    for few in ([], [make(0)]):
        with pytest.raises(BadRequest, match="needs two files that can be compared, and has"):
            gather(hosts_of(few))
    with pytest.raises(BadRequest, match="two files are called 'lab-00000000'"):
        gather(hosts_of([make(0), make(1, label="lab-00000000")]))


def test_conditions_that_differ_are_noted() -> None:
    results = fleet(4)
    results[1].ipcbench.machine.python = "3.13.0"
    for number, result in enumerate(results):
        result.ipcbench.machine.id = f"{number % 3:016x}"
    said = " ".join(notes(gather(hosts_of(results))))
    assert "Python differs: CPython 3.11.7 on 3, CPython 3.13.0 on 1." in said
    assert "1 of the files are of machines that are here already" in said


# The commands


def keep(folder: Path, results: Sequence[ResultFile]) -> None:
    (folder / "results").mkdir(exist_ok=True)
    for result in results:
        save(result, folder / "results" / f"{result.ipcbench.label}.json", replace=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve hosts of the fleet lab, one of them 1.3 times slower, and a file of another label."""
    keep(tmp_path, fleet(12, 0.01, odd=make(ODD, 1.3)))
    keep(tmp_path, [make(99, label="lab-other")])
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_label_stands_for_all_hosts_of_a_fleet(within: Run) -> None:
    done = within("fleet", "report", "lab")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("12 hosts, ")
    assert re.search(r"lab-00000003 +1\.\d\d× .*slower +in everything", done.out)
    assert "1 host differs from the rest: lab-00000003 with 1." in " ".join(done.out.split())


@pytest.mark.usefixtures("folder")
def test_many_files_are_compared_by_host_and_few_one_by_one(within: Run) -> None:
    names = [f"lab-{number:08x}" for number in range(12)]
    assert within("compare", *names).out.startswith("12 hosts, ")
    assert "lab-00000001 against lab-00000000" in within("compare", *names[:8]).out
    assert within("compare", *names[:4], "--fleet").out.startswith("4 hosts, ")
    assert "against lab-00000000" in within("compare", *names[:9], "--no-fleet", "--filter", "mechanism=pipe").out
    assert "lab-00000008 against" in within("compare", *names[:9], "--row", "mechanism", "--filter", "size=64B").out
    done = within("compare", *names, "--fleet", "--fail-if", "slower")
    assert (done.code, done.out) == (2, "")
    assert "leave out --fail-if" in done.err


def test_an_unreadable_file_is_one_line_and_the_others_go_on(within: Run, folder: Path) -> None:
    path = folder / "results" / "lab-00000001.json"
    path.write_bytes(path.read_bytes()[:-500])
    done = within("fleet", "report", "lab")
    assert done.code == 2
    assert len(done.errors) == 1
    assert re.match(r"left out: results/lab-00000001.json: .*cut off", done.err)
    assert done.out.startswith("11 hosts, ")
    assert "1 file left out" in " ".join(done.out.split())


def test_many_files_are_read_in_processes_to_the_same_end(folder: Path) -> None:
    keep(folder, [make(number) for number in range(12, LEAST_FOR_PROCESSES + 1)])
    files = [(None, path) for path in sorted((folder / "results").glob("lab-0*.json"))]
    assert len(files) >= LEAST_FOR_PROCESSES
    there, here = gather(read_hosts(files)), gather(host for pair in files for host in read_hosts([pair]))
    np.testing.assert_array_equal(there.numbers, here.numbers)
    assert [host.name for host in there.hosts] == [host.name for host in here.hosts]


@pytest.mark.usefixtures("folder")
def test_only_what_passes_the_filters_is_surveyed(within: Run) -> None:
    done = within("fleet", "report", "lab", "--filter", "mechanism=queue", "--format", "json")
    assert {case["mechanism"] for case in json.loads(done.out)["cases"]} == {"queue"}
    done = within("fleet", "report", "lab", "--filter", "size=1MiB")
    assert (done.code, done.out) == (2, "")
    assert "unknown size '1MiB'" in done.err


def test_every_format_can_go_to_a_file_and_the_report_has_a_page(within: Run, folder: Path) -> None:
    for kind in ("table", "markdown", "json", "csv"):
        done = within("fleet", "report", "lab", "--format", kind, "--output", "out.txt")
        assert (done.code, done.out, done.err) == (0, "", "")
        assert "lab-00000003" in (folder / "out.txt").read_text()
    done = within("fleet", "report", "lab", "--charts")
    assert "report: reports/lab-fleet/report.html" in done.out
    out = folder / "reports" / "lab-fleet"
    assert {path.name for path in out.iterdir()} == {
        "report.html", "summary.md", "hosts.csv", "cases.csv", "manifest.json", "charts",
    }  # fmt: skip
    assert len(list((out / "charts").iterdir())) == 8
    assert "charts/fleet-hosts-dark.svg" in (out / "summary.md").read_text()
    again = {path.name: path.read_bytes() for path in out.glob("*.*")}
    within("compare", *(f"lab-{number:08x}" for number in range(12)), "--report", "again")
    assert (folder / "again" / "cases.csv").read_bytes() == again["cases.csv"]
    assert within("embed", "fleet-hosts", "--report", str(out)).code == 0


@pytest.mark.usefixtures("folder")
def test_nothing_there_is_one_line(within: Run) -> None:
    done = within("fleet", "report", "nothing")
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "no such file and no such label" in done.err
    done = within("fleet", "report", "lab-other")
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "needs two files" in done.err


# What it looks like


def hostile() -> Survey:
    bad = "</script><img onerror=alert(1)>|$x$\u202e"
    results = [make(number, 1.0 + number / 2, cpu_model=f"CPU {number} {bad}" + "w" * 60) for number in range(6)]
    sides = [side_of_result(result, f"{bad}{number}{'h' * 50}") for number, result in enumerate(results)]
    about = gather([f"{bad}: cut off", *map(host_of, sides)])
    return Survey(bad, about, outliers(about), winners(about))


def thousand() -> Survey:
    """A thousand hosts from one file, by arithmetic: their noise is not that of rounds."""
    host, chance = hosts_of([make(1)])[0], np.random.default_rng(1)
    hosts = []
    for number in range(1000):
        table = np.array(host.numbers)
        table[0] += chance.normal(0.0, 0.01) + chance.normal(0.0, 0.01, table.shape[1])
        table[0] += np.log(1.5) * (number % 20 == 7) - np.log(3) * (number == 500)
        fields = {name: getattr(host, name) for name in Host.__dataclass_fields__}
        fields |= {"name": f"lab-{number:08x}", "digest": str(number), "repeats": frozenset()}
        hosts.append(Host(**fields | {"numbers": type(host.numbers)(*table)}))
    about = gather(hosts)
    return Survey("lab", about, outliers(about), winners(about))


SURVEYS: dict[str, Callable[[], Survey]] = {
    "two": lambda: surveyed([make(0), make(1, 1.2)]),
    "three, one case": lambda: surveyed([make(number, cases=FEW[:1]) for number in range(3)]),
    "equal and without noise": lambda: surveyed([make(number, noise=0.0) for number in range(4)]),
    "one round": lambda: surveyed([make(number, rounds=1) for number in range(3)]),
    "forty": lambda: surveyed(fleet(40, 0.05, odd=make(ODD, 30.0, {"queue": 2.0, "pipe": 0.2}))),
    "hostile": hostile,
    "a thousand": thousand,
}


@pytest.fixture(scope="module", params=list(SURVEYS))
def about(request: pytest.FixtureRequest) -> Survey:
    return SURVEYS[request.param]()


def drawable(about: Survey) -> list[tuple[Chart[Survey], pd.DataFrame]]:
    return [(chart, chart.table(about)) for chart in SURVEYED if not chart.lacks(about)]


@pytest.mark.sample
def test_texts_of_a_survey_lie_inside_and_never_on_each_other(about: Survey) -> None:
    for chart, table in drawable(about):
        check_layout(chart, table, footer(about))


@pytest.mark.sample
def test_charts_of_a_survey_are_repeatable_have_words_and_come_with_their_table(about: Survey) -> None:
    for chart, table in drawable(about):
        check_drawn_twice(chart, table)


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_longer_than_the_terminal(about: Survey, width: int) -> None:
    for everything in (False, True) if len(about.fleet.hosts) < 50 else (False,):
        for line in terminal(about, everything, width).splitlines():
            assert len(line) <= width


def test_every_format_has_every_host_and_says_nothing_unescaped(about: Survey) -> None:
    document = json.loads(as_json(about))
    assert len(document["hosts"]) == len(about.fleet.hosts)
    assert len(list(csv.DictReader(io.StringIO(as_csv(about))))) == len(about.fleet.hosts)
    for text in (as_markdown(about, everything=False), as_markdown(about, everything=True)):
        assert len(text.encode()) < 65_000
        assert "<img onerror" not in text
        assert "</script>" not in text
    html = page(about, [], "lab-fleet")
    assert html.count("</script>") == 1
    assert "<img" not in html
    assert parts(about)


@pytest.mark.sample
@pytest.mark.browser
def test_the_page_asks_for_nothing_complains_of_nothing_and_fits_a_narrow_screen(about: Survey, tmp_path: Path) -> None:
    path = write(about, tmp_path / "report")
    with chromium() as browser:
        for scheme in ("light", "dark"):
            with visit(browser, path, viewport={"width": 360, "height": 800}, color_scheme=scheme) as seen:
                assert seen.see("document.documentElement.scrollWidth") <= 360
