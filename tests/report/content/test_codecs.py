"""The table of codecs, over a run with made-up times."""

from __future__ import annotations

from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.content.codecs import codecs
from ipcbench.report.content.study import study
from ipcbench.report.page.summary import summary

CASES = [
    *(Case("codec", name, 4096, 1, way, "object") for name in ("pipe", "json-pipe") for way in ("encode", "decode")),
    Case("codec", "dill-pipe", 4096, 1, "encode", "object"),
    *(Case("ping-pong", name, 4096, payload="object") for name in ("pipe", "json-pipe", "queue")),
]


def test_a_row_has_the_bytes_and_the_times_of_one_codec_and_the_cheapest_comes_first() -> None:
    result = make_result(CASES, 5)
    for visit in result.ipcbench.visits:
        if visit.case.startswith("codec"):
            visit.encoded = 9876 if "json" in visit.case else 4096
    table = codecs(study(result))
    assert table
    names = [row[0].partition(",")[0] for row in table.rows]
    assert set(names[:2]) == {"pipe", "json-pipe"}
    assert names[2] == "dill-pipe"  # what was not decoded is last; a queue has no codec
    assert {row[0]: row[1] for row in table.rows}["json-pipe, object, 4 KiB"] == "9,876 B"
    assert [bool(cell) for cell in table.rows[2]] == [True, True, True, False, False]
    totals = [table.values[row, 2] + table.values[row, 3] for row in range(2)]
    assert totals == sorted(totals)
    assert len({column for _, column in table.strong}) == 2
    assert "## Codecs" in summary(study(result), ())


def test_without_a_codec_there_is_no_table() -> None:
    about = study(make_result(CASES[-3:], 5))
    assert codecs(about) is None
    assert "## Codecs" not in summary(about, ())
