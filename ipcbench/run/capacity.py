"""Whether all that a plan may come to fits into journal and results file, asked before anything is measured."""

from __future__ import annotations

import msgspec

from ipcbench.errors import BadRequest
from ipcbench.model import Failure
from ipcbench.plan.planner import Plan
from ipcbench.results.schema import LONGEST_TEXT, ResultFile
from ipcbench.run.journal.records import LONGEST_LINE, PlanRecord
from ipcbench.run.journal.resume import plan_record
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.schedule import Findings
from ipcbench.text import safe_text

_BESIDE = 2**20  # bytes of a journal's first record that are not its plan


def refuse_unkeepable(plan: Plan, occasion: Occasion) -> None:
    """Raise BadRequest for a plan or command that a journal or results file would not take."""
    length = len(occasion.command)
    if length > LONGEST_TEXT:
        raise BadRequest(
            f"a results file keeps the command, with at most {LONGEST_TEXT:,} characters, and this one has {length:,}: "
            "name fewer sizes, mechanisms or patterns, or use globs such as 'manager-*'"
        )
    # The fullest that a results file of this plan can be: every case is in it.
    findings = Findings(failures={case: Failure("failed", "start", "") for case in plan.cases})
    result = make_result(plan, findings, occasion)
    try:
        msgspec.json.decode(msgspec.json.encode(result), type=ResultFile)
        record = msgspec.json.encode(plan_record(plan))
        msgspec.json.decode(record, type=PlanRecord)
    except (msgspec.MsgspecError, UnicodeError, OverflowError) as error:
        many = f"{len(plan.cases):,} cases and {len(plan.skips):,} skips"
        raise BadRequest(f"{many}: a results file cannot hold this plan: {safe_text(error, 600)}") from error
    if len(record) > LONGEST_LINE - _BESIDE:
        many = f"{len(plan.cases):,} cases and {len(plan.skips):,} skips"
        raise BadRequest(f"{many}: a journal cannot hold this plan; name fewer sizes, mechanisms or patterns")
