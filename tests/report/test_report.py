"""The report as a whole: files, words, escaping, sizes."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import make_cases, make_result, make_skips, tail_cases

from ipcbench.errors import ResultError
from ipcbench.model import Case, Skip
from ipcbench.report import headlines, said, write
from ipcbench.report.charts import CHARTS
from ipcbench.report.content.absence import groups
from ipcbench.report.content.findings import choices
from ipcbench.report.content.rows import by_size, environment, which_one
from ipcbench.report.content.study import study
from ipcbench.report.content.tables import csv
from ipcbench.report.content.words import absence, interval, listing, markdown, short_ratio
from ipcbench.results import store
from ipcbench.results.schema import NOT_REACHED, ResultFile, SkipRecord
from ipcbench.text import safe_text
from ipcbench.units import format_ratio

EVIL = "</title><script>alert('x')</script><img src=x onerror=alert(1)>|`*_[a](javascript:b)$x$\x1b[31m\x00\u202e\n# h"


class Page(HTMLParser):
    """What a browser would find: tags with attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile() -> ResultFile:
    names = [EVIL.replace("/", ""), "pipe"]
    result = make_result(
        [Case("ping-pong", name, size) for name in names for size in (64, 4096)] + [Case("stream", "queue", 64)],
        3,
        verdicts={"stream/queue/64B/1w": ("failed", EVIL)},
        skips=[Skip(Case("stream", "pipe", 64), EVIL)],
        label=EVIL[:90],
        cpu_model=EVIL,
        titles={name: EVIL for name in names},
        notes={f"ping-pong/{names[0]}/64B/1w": [EVIL]},
    )
    result.ipcbench.command = EVIL
    result.ipcbench.started = EVIL
    return result


def charts_of(result: ResultFile) -> list[str]:
    about = study(result)
    return [chart.id for chart in CHARTS if not chart.lacks(about)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports") / "new" / "laptop"
    bad = "ping-pong/manager-dict/1MiB/1w"
    cases = [*make_cases(), *tail_cases(["queue", "pipe"])]
    write(make_result(cases, verdicts={bad: ("timed-out", "after 30 s, not drained")}, skips=make_skips()), out)
    return out


def test_the_page_is_the_answer_and_every_file_is_there(tmp_path: Path) -> None:
    result = make_result([*make_cases(sizes=[8, 64]), *tail_cases()], 3)
    page = write(result, tmp_path / "out")
    assert page == tmp_path / "out" / "report.html"
    found = {path.relative_to(page.parent).as_posix() for path in page.parent.rglob("*") if path.is_file()}
    ends = ("-light.svg", "-dark.svg", ".png", ".csv")
    assert found == {"report.html", "summary.md", "cases.csv", "manifest.json"} | {
        f"charts/{chart}{end}" for chart in charts_of(result) for end in ends
    }


def test_a_second_report_replaces_the_first_and_leaves_no_chart_of_it(tmp_path: Path) -> None:
    write(make_result(make_cases(sizes=[64]), 3), tmp_path)
    assert (tmp_path / "charts" / "throughput-roofline.csv").exists()
    write(make_result([Case("ping-pong", "pipe", 64)], 3), tmp_path)
    assert {path.stem for path in (tmp_path / "charts").glob("*.csv")} == {
        "slowdown-matrix",
        "cpu-cost",
        "stability",
    }


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultError, match=r"cannot write the report here: .*; choose another folder") as raised:
        write(make_result([Case("ping-pong", "pipe", 64)], 3), tmp_path / "file" / "out")
    assert "\n" not in str(raised.value)


@pytest.mark.full
def test_a_saved_file_gives_the_same_report_as_the_one_in_memory(tmp_path: Path) -> None:
    result = make_result(make_cases(sizes=[64]), 3)
    store.save(result, tmp_path / "laptop.json", replace=False)
    first, second = write(result, tmp_path / "a"), write(store.load(tmp_path / "laptop.json"), tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_the_page_fetches_nothing_and_runs_its_own_script_alone(folder: Path) -> None:
    page = Page((folder / "report.html").read_text())
    assert not {"link", "iframe", "object", "form", "img", "base"} & {tag for tag, _ in page.tags}
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
        assert (attributes.get("href") or "#").startswith("#"), tag


def test_the_policy_allows_exactly_the_one_style_and_the_one_script_of_the_page(folder: Path) -> None:
    text = (folder / "report.html").read_text()
    policy = next(attributes["content"] for tag, attributes in Page(text).tags if "http-equiv" in attributes)
    digests = {}
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests[tag] = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_each_chart_is_on_the_page_once_with_words_for_who_cannot_see_it(folder: Path) -> None:
    text = (folder / "report.html").read_text()
    page = Page(text)
    drawn = {path.stem for path in (folder / "charts").glob("*.csv")}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    labels = [attributes.get("aria-labelledby") for tag, attributes in page.tags if tag == "svg"]
    assert sorted(map(str, labels)) == sorted(f"{chart}-title {chart}-desc" for chart in drawn)
    assert {chart.id for chart in CHARTS} <= set(ids), "what was not drawn says why, in its place"
    for chart in drawn:
        (said,) = re.findall(rf'<desc id="{chart}-desc">(.*?)</desc>', text)
        assert re.search(r"\d", said)


def test_page_and_summary_stay_small(folder: Path) -> None:
    assert (folder / "report.html").stat().st_size < 1_000_000
    assert (folder / "summary.md").stat().st_size < 16_000


def test_every_case_of_the_run_is_on_the_page(folder: Path) -> None:
    text = " ".join(Page((folder / "report.html").read_text()).text)
    assert all(case.id in text for case in [*make_cases(), *tail_cases(["queue", "pipe"])])
    assert "timed: after 30 s, not drained" in text
    for word in ("204 measured", "1 timed-out", "24 unsupported", "8 rounds"):
        assert word in text


def test_hostile_text_is_only_ever_text(tmp_path: Path) -> None:
    text = write(hostile(), tmp_path).read_text()
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert "alert('x')" in " ".join(page.text)
    assert not set("\x00\x1b\u202e") & set(text)
    for path in (tmp_path / "charts").glob("*.svg"):
        assert "script" not in {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
    lines = (tmp_path / "summary.md").read_text().splitlines()
    outside = "\n".join(lines[: next(i for i, line in enumerate(lines) if line.startswith("```"))])
    assert not re.search(r"<(?!/?(details|summary|picture|source|img width=\"691\" alt=\"[^\"<>]*\" src)\b)", outside)
    assert "# h" not in lines
    assert "](" not in outside
    widths = [line.count("|") for line in lines if line.startswith("| ")]
    assert max(widths) <= 8


def test_an_interrupted_run_says_so_everywhere(tmp_path: Path) -> None:
    page = write(make_result([Case("ping-pong", "pipe", 64)], 3, complete=False), tmp_path)
    assert "This run was interrupted" in page.read_text()
    assert "This run was interrupted" in (tmp_path / "summary.md").read_text()


def test_a_run_that_was_continued_elsewhere_says_what_differed(tmp_path: Path) -> None:
    result = make_result([Case("ping-pong", "pipe", 64)], 3)
    result.ipcbench.mixed = ["python 3.11.1, then 3.12.1"]
    assert "python 3.11.1, then 3.12.1" in write(result, tmp_path).read_text()
    assert "python 3.11.1, then 3.12.1" in (tmp_path / "summary.md").read_text()


def test_cases_csv_has_every_case_with_its_figures_or_its_reason(tmp_path: Path) -> None:
    bad = "ping-pong/manager-dict/64B/1w"
    cases = make_cases([64], ["pipe", "manager-dict"])
    write(make_result(cases, 3, verdicts={bad: ("timed-out", "after 30 s")}), tmp_path)
    table = pd.read_csv(tmp_path / "cases.csv", index_col="case")
    assert sorted(table.index) == sorted(case.id for case in cases)
    row = table.loc[bad]
    assert (row["verdict"], row["reason"]) == ("timed-out", "timed: after 30 s")
    assert table["seconds"].isna().tolist() == [name == bad for name in table.index]


def test_no_text_in_csv_is_a_formula_and_numbers_stay_numbers() -> None:
    table = pd.DataFrame({"text": ["=1+1", "plain", "-x", "@a", ""], "number": [-1.5, 2.0, float("nan"), 0.0, 1e-9]})
    assert csv(table) == "text,number\n'=1+1,-1.5\nplain,2\n'-x,\n'@a,0\n,1e-09\n"


def test_a_run_without_any_number_is_reported_in_words(tmp_path: Path) -> None:
    cases = make_cases(sizes=[64], mechanisms=["pipe", "queue"])
    result = make_result(cases, 2, verdicts={case.id: ("failed", "exit 1") for case in cases})
    text = " ".join(Page(write(result, tmp_path).read_text()).text)
    assert headlines(result) == ["No case of this run has a number, so there is nothing to recommend."]
    assert "None of 2 ping-pong cases has a number: 2 failed." in text
    assert not list((tmp_path / "charts").iterdir())


def test_a_run_of_messages_at_a_rate_says_where_they_are_compared() -> None:
    cases = [Case("fan-out", name, 64, 2, "work-1ms-rate-30") for name in ("queue", "simple-queue")]
    result = make_result(cases, 6, seconds=lambda case: 1 / 30 if case.mechanism == "queue" else 1 / 20, noise=1e-6)
    for visit in result.ipcbench.visits:
        visit.tail = [(5_000_000, 10)]
    (headline,) = headlines(result)
    assert headline.startswith(
        "No two cases of this run are ranked by time: messages at a rate are compared by their delays"
    )
    remark = "fan-out:work-1ms of 64 B on 2 workers: queue keeps up with 30.0 /s, half of them within 5.00 ms"
    (found,) = [line for line in study(result).remarks if line.startswith("Messages at a fixed rate: ")]
    assert remark in found
    assert "simple-queue keeps up with no rate tried, but achieves 20.0 /s of 30.0 /s" in found


def test_the_headlines_name_winner_time_ties_and_what_to_watch() -> None:
    times = {"pipe": 50e-6, "pipe-bytes": 51e-6, "simple-queue": 100e-6, "queue": 150e-6}
    cases = [Case("ping-pong", name, 64) for name in times]
    result = make_result(cases, 5, seconds=lambda case: times[case.mechanism], noise=0.0)
    assert headlines(result) == [
        "Round trip, 64 B: pipe is fastest with 50.0 µs (50.0–50.0 µs), "
        "a lead of 2.0× (2.0–2.0×) over simple-queue, 3.0× (3.0–3.0×) over queue; tied with pipe-bytes."
    ]


def test_a_full_run_has_a_headline_for_each_question_that_people_ask_first() -> None:
    said = headlines(make_result())
    assert 5 <= len(said) <= 9
    for start in ("Round trip, 64 B", "Round trip, 1 MiB", "Streaming", "Tasks of 64 B, 4 workers", "Locked increment"):
        assert any(sentence.startswith(start) for sentence in said)


def test_the_nearest_measured_size_and_the_most_workers_stand_in_for_those_asked_about() -> None:
    cases = [Case("ping-pong", "pipe", 16), Case("ping-pong", "pipe", 4096), Case("task-queue", "queue", 16, 2)]
    said = headlines(make_result(cases, 3))
    assert said[0].startswith("Round trip, 16 B: pipe with ")
    assert said[0].endswith("; the only one measured.")
    assert said[1].startswith("Round trip, 4 KiB: pipe")
    assert said[2].startswith("Tasks of 16 B, 2 workers: queue with ")


@pytest.mark.parametrize(
    ("sizes", "called"),
    [
        ([2 * 2**20], ["Round trip, 2 MiB"]),
        ([2**20, 64], ["Round trip, 64 B", "Round trip, 1 MiB"]),
        ([16_384], ["Round trip, 16 KiB"]),
        ([1024, 2048], ["Round trip, 1 KiB", "Round trip, 2 KiB"]),
        ([65_536, 2**20], ["Round trip, 64 KiB", "Round trip, 1 MiB"]),
    ],
)
def test_messages_are_called_by_the_sizes_that_were_measured(sizes: list[int], called: list[str]) -> None:
    said = headlines(make_result([Case("ping-pong", name, size) for name in ("pipe", "queue") for size in sizes], 5))
    assert [line.split(":")[0] for line in said] == called


def test_what_is_slower_but_not_told_apart_is_not_called_equal() -> None:
    cases = [Case("ping-pong", "pipe", 64), Case("ping-pong", "queue", 64)]
    result = make_result(cases, 3, seconds=lambda case: 2e-4 if case.mechanism == "queue" else 1e-4, noise=0.0)
    result.benchmarks[1].runs[0].values = [5e-5, 5e-5]  # in one round of three it was the faster one
    assert "no clear difference from queue (1.26×)" in headlines(result)[0]  # (2 · 2 · 0.5) ** (1 / 3)


def test_a_doubt_about_the_number_of_a_headline_stands_beside_it() -> None:
    case = Case("task-queue", "queue", 64, 4)
    result = make_result([case], 3, notes={case.id: ["oversubscribed"]})
    assert headlines(result)[0].endswith(" k/s, oversubscribed; the only one measured.")
    table = which_one(study(result))[0]
    assert (table.header[-1], table.rows[0][-1]) == ("Notes", "oversubscribed")


def test_one_round_claims_no_interval() -> None:
    said = headlines(make_result(rounds=1))
    assert said[-1].startswith("1 round gives no intervals, ")
    assert "(" not in said[0].split(": ")[1].replace("×)", "")


@pytest.mark.parametrize(("rounds", "held"), [(3, "75"), (4, "86"), (5, "")])
def test_few_rounds_say_that_their_intervals_hold_the_truth_less_often_than_95_times_of_100(
    rounds: int, held: str
) -> None:
    said = headlines(make_result([Case("ping-pong", name, 64) for name in ("pipe", "queue")], rounds))
    assert [f"in about {held} of 100 runs" in line for line in said[1:]] == [True] * bool(held)


def test_the_winner_table_has_one_row_per_block_with_a_number() -> None:
    about = study(make_result())
    tables = which_one(about)
    assert sum(len(table.rows) for table in tables) == len(choices(about.summary)) == 5 + 5 + 4 + 3 + 2
    assert tables[0].rows[1][:2] == ["64 B", "pipe-bytes"]


def test_a_report_opens_with_one_table_of_winner_lead_and_ties(tmp_path: Path) -> None:
    times = {"pipe": 50e-6, "pipe-bytes": 51e-6, "queue": 150e-6}
    cases = [Case("ping-pong", name, 64) for name in times]
    page = write(make_result(cases, 5, seconds=lambda case: times[case.mechanism], noise=0.0), tmp_path)
    row = ["Round trip, 64 B", "**pipe**", "50.0 µs (50.0–50.0 µs)", "3.0× (3.0–3.0×) over queue", "pipe-bytes"]
    summary = (tmp_path / "summary.md").read_text()
    assert next(line for line in summary.splitlines() if line.startswith("| Round")) == f"| {' | '.join(row)} |"
    text = page.read_text()
    assert text.index("<table>") < text.index("<h2", text.index('id="findings-title"') + 1)
    assert re.search(r'<tr data-mech="pipe"><th scope="row">Round trip, 64 B</th><td class="strong">pipe</td>', text)


def test_what_is_wrong_on_purpose_is_counted_as_a_finding_and_other_wrong_results_are_not(tmp_path: Path) -> None:
    careless = Case("counter", "value", 8, 2, operation="unlocked")
    cases = [Case("ping-pong", "pipe", 64), Case("ping-pong", "queue", 64), careless]
    result = make_result(
        cases,
        3,
        verdicts={careless.id: ("wrong", "lost 5 of 10 increments"), cases[1].id: ("wrong", "another payload")},
    )
    expected = "shows lost updates, as expected without a lock"
    assert study(result).badge == [("measured", 1), (expected, 1), ("wrong", 1)]
    page = write(result, tmp_path).read_text()
    assert f"<li>1 {expected}</li>" in page
    assert '<li class="bad">1 wrong</li>' in page
    assert f"1 measured; 1 {expected}; 1 wrong" in (tmp_path / "summary.md").read_text()


def test_the_doubtful_cases_are_listed_where_their_count_leads(tmp_path: Path) -> None:
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue")]
    page = write(make_result(cases, 3, notes={cases[0].id: ["loaded"]}), tmp_path).read_text()
    assert '<a href="#doubtful">1 of them doubtful</a>' in page
    listed = page[page.index('<details id="doubtful">') : page.index('<details id="all-cases">')]
    assert cases[0].id in listed
    assert cases[1].id not in listed


def test_cases_under_another_placement_are_named_and_not_mixed_in() -> None:
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue", "array")]
    cases.append(Case("ping-pong", "pipe", 64, placement="pack"))
    about = study(make_result(cases, 3))
    assert about.other_settings == ["payload bytes, start method fork, placement pack, CPUs idle"]
    assert [row[0] for row in which_one(about)[0].rows] == ["64 B", "64 B, pack"]
    assert len(CHARTS[0].table(about)) == 3


def test_the_size_table_shows_times_ratios_and_words() -> None:
    table = by_size(study(make_result(rounds=3)))
    assert table is not None
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["value"][1:] == ["8 B only"] * 4
    assert sum(cell.endswith("(1.00×)") for row in rows.values() for cell in row) == 5


def test_sixty_sizes_of_one_limit_are_one_line() -> None:
    sizes = [8 + power for power in range(1, 61)]
    skips = [Skip(Case("ping-pong", "value", size), f"{size} B: value carries 8 B") for size in sizes]
    found = groups(study(make_result([Case("ping-pong", "pipe", 64)], 3, skips=skips)).summary)
    assert len(found) == 1
    assert found[0].cases == 60
    assert found[0].reason == "the size: the mechanism carries 8 B"
    assert found[0].where == "ping-pong; 60 sizes, 9 B to 68 B"


def test_failures_come_before_what_cannot_be() -> None:
    verdicts = {"ping-pong/pipe/64B/1w": ("failed", "exit 1")}
    result = make_result(make_cases(sizes=[8, 64]), 3, verdicts=verdicts, skips=[Skip(Case("stream", "x", 8), "no")])  # type: ignore[arg-type]
    assert [group.verdict for group in groups(study(result).summary)] == ["failed", "unsupported"]


@pytest.mark.full
def test_a_summary_of_a_huge_run_still_fits_a_comment(tmp_path: Path) -> None:
    names = [f"mechanism-{number}-{'x' * 40}" for number in range(60)]
    cases = [Case("ping-pong", name, 2**power) for name in names for power in range(12)]
    skips = [Skip(Case("stream", name, 64), f"reason {name}" * 8) for name in names]
    write(make_result(cases, 1, skips=skips), tmp_path)
    assert (tmp_path / "summary.md").stat().st_size < 64 * 1024


def test_controls_and_direction_marks_are_dropped_and_lines_joined() -> None:
    assert safe_text("a\x1b[31m\nb\u202ec\u200b\x85d\ufffe") == "a[31m bc d"


def test_a_byte_that_is_not_utf_8_leaves_a_mark() -> None:
    assert safe_text("a\udce9b\ud800") == "a\ufffdb\ufffd"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert safe_text("x" * 300, 10) == "x" * 9 + "…"


@given(st.text())
def test_safe_text_is_one_printable_line_that_xml_and_utf8_take(text: str) -> None:
    safe = safe_text(text)
    assert len(safe) <= 200
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", safe)
    escaped = safe.replace("&", "&amp;").replace("<", "&lt;")
    assert (ElementTree.fromstring(f"<a>{escaped}</a>").text or "") == safe


@given(st.text())
def test_markdown_text_has_no_markup_left(text: str) -> None:
    written = re.sub(r"&#\d+;", "", markdown(text))
    assert not set("\\`*_[]<>#|!~$@^&") & set(written)
    assert "://" not in markdown(text)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (47.1e-6, 49.5e-6, "47.1–49.5 µs"),
        (990e-9, 1.2e-6, "990 ns–1.20 µs"),
        (float("nan"), 1.0, ""),
    ],
)
def test_an_interval_names_its_unit_once_where_it_can(low: float, high: float, text: str) -> None:
    assert interval(low, high) == text


def test_an_interval_of_ratios_has_one_sign() -> None:
    assert interval(2.5, 3.1, format_ratio) == "2.5–3.1×"


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [listing("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert listing("abcdef", 3) == "a, b and 4 more"


def test_a_reason_keeps_the_name_of_a_library_that_is_called_like_its_mechanism() -> None:
    reason = 'lmdb needs lmdb: pip install "ipcbench[lmdb]"'
    skips = [Skip(Case("ping-pong", "lmdb", 64), reason)]
    (found,) = groups(study(make_result([Case("ping-pong", "pipe", 64)], 3, skips=skips)).summary)
    assert found.reason == 'the mechanism needs lmdb: pip install "ipcbench[lmdb]"'


def test_a_choice_among_what_spins_says_so() -> None:
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue", "shared-memory-spin")]
    result = make_result(cases, 3)
    for facts in result.ipcbench.mechanisms:
        facts.wait = "spin" if facts.name == "shared-memory-spin" else "block"
    (table,) = which_one(study(result))
    assert [row[:2] for row in table.rows] == [["64 B", "pipe"], ["64 B, spinning", "shared-memory-spin"]]


def test_absence_is_a_word_and_one_carried_size_its_reason() -> None:
    assert absence("unsupported", [8]) == "8 B only"
    assert absence("unsupported", [8, 64]) == "can't"
    assert absence("timed-out", [8]) == "timed-out"


def test_a_ratio_too_long_for_a_cell_is_shortened() -> None:
    assert [short_ratio(ratio) for ratio in (1.5, 4000, 36_140_518, 1.1e9)] == ["1.50×", "4,000×", "36.1M×", "1.1G×"]


def test_a_mixed_run_says_so_at_the_top(tmp_path: Path) -> None:
    result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]), 3)
    result.ipcbench.mixed = ["CPUs 0,1 (here 0)"]
    page = write(result, tmp_path)
    for text in ((tmp_path / "summary.md").read_text(), " ".join(Page(page.read_text()).text)):
        assert "This run is mixed" in text
        assert "CPUs 0,1" in text


def test_what_a_stopped_run_did_not_reach_is_not_called_unsupported() -> None:
    result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]), 3, skips=[])
    result.ipcbench.skips = [SkipRecord("stream/queue/64B/1w", NOT_REACHED), SkipRecord("stream/value/64B/1w", "8 B")]
    counts = result.ipcbench.counts
    assert (counts["not measured"], counts["unsupported"]) == (1, 1)


def test_a_report_of_several_repeats_says_how_many_and_when() -> None:
    about = study(make_result(rounds=9, repeats=[5, 4]))
    when = "2 repeats: 2026-01-15 10:20, 2026-01-16 10:20"
    assert when in about.provenance
    rows = {name: value for name, value in environment(about).rows}
    assert when in rows["Run"]
    assert rows["Rounds of the repeats"] == "5, 4"
    assert "in the first repeat" in rows["Rounds"] or "budget" in rows["Rounds"]


def test_many_repeats_are_told_by_the_first_and_the_last() -> None:
    about = study(make_result(rounds=10, repeats=[2] * 5))
    assert about.date == "5 repeats: 2026-01-15 10:20 to 2026-01-19 10:20"


def test_a_report_of_one_repeat_does_not_speak_of_repeats() -> None:
    about = study(make_result(rounds=3))
    assert "repeat" not in " ".join(name + value for name, value in environment(about).rows)
    assert "repeat" not in about.provenance


def test_a_run_too_noisy_to_tell_much_says_so_first() -> None:
    noisy, quiet = make_result(rounds=6, noise=0.6), make_result(rounds=6, noise=0.005)
    assert said(noisy)[0].startswith("Doubtful: only differences above ")
    assert not any(line.startswith("Doubtful") for line in said(quiet))


def test_a_noisy_run_says_that_its_own_ratios_are_another_matter() -> None:
    shared = {number: 1.5 ** (number % 5 - 2) for number in range(1, 13)}  # what slows all cases of a round
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue")]
    result = make_result(cases, 12, noise=0.001, over_time=lambda _, number: shared[number])
    noise, answer = said(result)[:2]
    assert re.search(r"only differences above \d+ % from another run are real", noise)
    assert re.search(r"[\d.]+× \([\d.]+–[\d.]+×\) over queue", answer)
    assert "inside the run, see the interval of each ratio" in noise


def test_large_tasks_have_a_sentence_of_their_own() -> None:
    cases = [Case("task-queue", name, size, 4) for name in ("queue", "simple-queue") for size in (64, 65536)]
    lines = headlines(make_result(cases, 5))
    assert [line.split(":")[0] for line in lines] == [
        "Tasks of 64 B, 4 workers",
        "Tasks of 64 KiB, 4 workers",
    ]
