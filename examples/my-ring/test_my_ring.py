"""Whether my-ring keeps the contract of all mechanisms; needs the package installed."""

import pytest

from ipcbench.testing import conformance


@pytest.mark.parametrize("rule", conformance.rules("my-ring"), ids=str)
def test_my_ring_keeps_the_contract(rule: conformance.RuleOf) -> None:
    rule.check()
