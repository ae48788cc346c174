"""The whole matrix of faults: kinds x start methods x mechanisms, and kinds x points x roles. Minutes, so not collected
by default: `pytest tests/soak/test_faults_soak.py -s`.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from commands import run

from ipcbench.measure.faults import ANYWHERE, KINDS, Fault, Point, Role
from ipcbench.model import START_METHODS
from ipcbench.run.interrupt import Stop
from ipcbench.run.selftest import BASES, Bench, Trial, make_trial, matrix

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(1200)]

SEED = 20_240_229
SAMPLE = 120  # of about 390 places
RIGHT = 0.995  # the share of verdicts that must be as the table says; what is reported as ok must be none
IN_THE_WORKER: tuple[Point, ...] = ("import", "setup")


def try_all(stop: Stop, what: str, product: str, trials: Sequence[Trial]) -> None:
    """Try all of them, print the figures and every wrong one by name, and hold them against the goals."""
    bench = Bench(stop)
    began = time.monotonic()
    tried = [bench.attempt(trial) for trial in trials]
    left = bench.close()
    escaped = [found for found in tried if found.left]
    hidden = [found for found in tried if found.verdict == "ok" and not found.trial.harmless]
    wrong = [found for found in tried if found.wrong]
    right = len(tried) - len(wrong)
    took = time.monotonic() - began
    print(
        f"\nsoak faults: {product} = {len(tried)}: {len(tried) - len(escaped)} contained, "
        f"{len(hidden)} reported as ok, verdict right in {right} ({right / len(tried):.1%}); {what}, {took:.0f} s"
    )
    for found in tried:
        if found.left or found.wrong:
            print(f"  {found.trial.case.id}: {found.wrong or 'right'}; left: {', '.join(found.left) or 'nothing'}")
    unclean = [found.trial.case.id for found in tried if getattr(found.clean, "verdict", None)]
    assert not left
    assert not escaped
    assert not hidden
    assert not unclean
    assert right / len(tried) >= RIGHT


def test_every_kind_with_every_start_method_and_four_mechanisms(stop: Stop) -> None:
    trials = matrix(START_METHODS, BASES, SEED)
    product = f"{len(KINDS)} kinds x {len(START_METHODS)} start methods x {len(BASES)} mechanisms"
    try_all(stop, f"seed {SEED}", product, trials)


def test_faults_at_points_and_in_roles_that_are_not_their_default(stop: Stop) -> None:
    roles: tuple[Role, ...] = ("worker", "peer")
    places = [
        (kind, point, role)
        for kind, point, role in itertools.product(KINDS, ANYWHERE, roles)
        if point in KINDS[kind].points
        and role in KINDS[kind].roles
        and (role == "worker" or point not in IN_THE_WORKER)
    ]
    places = random.Random(SEED).sample(places, SAMPLE)
    bases = itertools.cycle(BASES)
    trials = [make_trial(Fault(kind, point, 1, role, next(bases)), "fork") for kind, point, role in places]
    try_all(stop, f"fork, mechanisms in turn, seed {SEED}", f"{SAMPLE} of all kinds x points x roles", trials)


def test_selftest_takes_less_than_a_minute_and_keeps_all_promises(tmp_path: Path) -> None:
    began = time.monotonic()
    done = run("selftest", "-v", cwd=tmp_path, timeout=120)
    print(f"\nselftest: {time.monotonic() - began:.0f} s, code {done.code}\n{done.out}")
    assert done.code == 0
    assert not list(tmp_path.iterdir())
