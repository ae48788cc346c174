"""The whole matrix of faults: kinds x start methods x mechanisms, and kinds x points x roles. Minutes, so not collected
by default: `pytest tests/soak/test_faults_soak.py -s`.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from faults.kinds import ANYWHERE, KINDS, Fault, Point, Role
from faults.promises import RIGHT, broken_promises
from faults.trials import BASES, Trial, faults_by_name, make_trial, matrix, try_all, unfit

from ipcbench.machine.facts import capabilities
from ipcbench.model import START_METHODS
from ipcbench.run.stop import Stop

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(1200)]

SEED = 20_240_229
SAMPLE = 120  # of about 390 places
SHARE = 0.995  # the share of verdicts that must be as the table says; what is reported as ok must be none
IN_THE_WORKER: tuple[Point, ...] = ("import", "setup")


@pytest.fixture(autouse=True)
def by_name() -> Iterator[None]:
    with faults_by_name():
        yield


def keep_promises(stop: Stop, what: str, product: str, trials: Sequence[Trial], share: float = SHARE) -> None:
    """Try all of them, print the figures and every wrong one by name, and hold them against the promises.

    share is the least share of verdicts that must be right.
    """
    began = time.monotonic()
    tried, left = try_all(stop, trials)
    took = time.monotonic() - began
    broken = broken_promises(tried, left)
    right = len(tried) - len(broken[RIGHT])
    print(f"\nsoak faults: {product} = {len(tried)}: verdict right in {right / len(tried):.1%}; {what}, {took:.0f} s")
    for promise, where in broken.items():
        for text in where:
            print(f"  not so that {promise}: {text}")
    assert right / len(tried) >= share
    del broken[RIGHT]
    assert not any(broken.values()), broken


def test_every_kind_with_every_start_method_and_four_mechanisms(stop: Stop) -> None:
    trials = matrix(START_METHODS, BASES, SEED)
    product = f"{len(KINDS)} kinds x {len(START_METHODS)} start methods x {len(BASES)} mechanisms"
    keep_promises(stop, f"seed {SEED}", product, trials)


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
    keep_promises(stop, f"fork, mechanisms in turn, seed {SEED}", f"{SAMPLE} of all kinds x points x roles", trials)


def test_every_kind_once_is_right_and_leaves_nothing_in_the_current_folder(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    trials = [trial for trial in matrix(["fork"], ["pipe"], SEED) if not unfit(trial, capabilities())]
    began = time.monotonic()
    keep_promises(stop, f"fork, seed {SEED}", f"{len(KINDS)} kinds with pipe", trials, share=1.0)
    assert time.monotonic() - began < 120
    assert not list(here.iterdir())
