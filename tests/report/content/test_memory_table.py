"""The table of memory, over a run with made-up times."""

from __future__ import annotations

from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.content.memory import memory
from ipcbench.report.content.study import study
from ipcbench.report.page.summary import summary

MIB = 2**20
USED = {"pipe": 30 * MIB, "queue": 20 * MIB, "shared-memory": 40 * MIB}
CASES = [Case("ping-pong", name, size) for name in USED for size in (64, MIB)]
CASES += [Case("task-queue", "queue", 64, workers) for workers in (1, 4)]


def test_a_column_is_a_question_at_its_largest_payload_and_the_least_memory_comes_first() -> None:
    result = make_result(CASES, 5)
    for visit in result.ipcbench.visits:
        case = Case.parse(visit.case)
        used = USED[case.mechanism] + case.size + case.workers
        visit.memory = (used + visit.round * MIB, 0, 0)  # the median is that of round 3
    table = memory(study(result))
    assert table
    assert table.header == ["Mechanism", "ping-pong, 1 MiB, 1 worker", "task-queue, 64 B, 4 workers"]
    assert [row[0] for row in table.rows] == ["queue", "pipe", "shared-memory"]
    assert table.rows[0][1:] == ["24 MiB", "23 MiB"]
    assert table.values[0, 1] == 20 * MIB + MIB + 1 + 3 * MIB
    assert table.rows[1][2] == ""
    assert "## Memory" in summary(study(result), ())


def test_a_run_whose_memory_is_unknown_has_no_table() -> None:
    about = study(make_result(CASES, 5))
    assert memory(about) is None
    assert "## Memory" not in summary(about, ())
