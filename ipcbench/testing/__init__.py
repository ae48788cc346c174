"""For authors of mechanisms: test the contract with pytest, or with `ipcbench conformance NAME`.

from ipcbench.testing import conformance

@pytest.mark.parametrize("rule", conformance.rules("my-ring"), ids=str)
def test_my_ring_keeps_the_contract(rule):
    rule.check()
"""
