"""For authors of mechanisms: does mine keep the contract? Use it in pytest, or as `ipcbench conformance NAME`.

from ipcbench.testing import conformance

@pytest.mark.parametrize("rule", conformance.RULES, ids=str)
def test_my_ring_keeps_the_contract(rule):
    conformance.check("my-ring", rule)
"""
