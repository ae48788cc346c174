"""Refuse, before the first visit, a plan whose journal or results file would exceed what those files may hold."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from ipcbench.errors import BadRequest
from ipcbench.model import Case, Failure
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan
from ipcbench.results.reading import MOST_PARTS
from ipcbench.results.schema import LONGEST_TEXT, ResultFile
from ipcbench.run.journal.records import LONGEST_LINE, PlanRecord
from ipcbench.run.journal.resume import plan_record
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.schedule import Findings
from ipcbench.text import safe_text

_BESIDE = 2**20  # bytes of a journal's first record that are not its plan


def within_one_file(plan: Plan) -> Plan:
    """Limit the rounds of a plan to what one results file holds; raises BadRequest if it asks for more."""
    per_visit = 60 + plan.timing.values + 4 * plan.timing.warmups
    most = MOST_PARTS // max(1, sum(per_visit + 4 * _peers(case) for case in plan.cases))
    rounds, cases = plan.budget.rounds or 1, len(plan.cases)
    if most < rounds:
        asked = f"{rounds} round{'s' * (rounds > 1)} of {cases} case{'s' * (cases != 1)}"
        raise BadRequest(f"{asked}: one results file holds {most:,} rounds of them; choose fewer rounds or cases")
    return replace(plan, budget=plan.budget._replace(most_rounds=min(plan.budget.most_rounds, most)))


def refuse_unkeepable(plan: Plan, occasion: Occasion) -> None:
    """Raise BadRequest for a plan or command that a journal or results file cannot hold."""
    length = len(occasion.command)
    if length > LONGEST_TEXT:
        raise BadRequest(
            f"a results file keeps the command, with at most {LONGEST_TEXT:,} characters, and this one has {length:,}: "
            "name fewer sizes, mechanisms or patterns, or use globs such as 'manager-*'"
        )
    # The largest results file of this plan: every case is in it.
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


def _peers(case: Case) -> int:
    return catalog.pattern(case.pattern).peers(case.workers)
