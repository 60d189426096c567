from sentiment.registry.checks import Check
from sentiment.registry.gate import Verdict
from sentiment.reports.pull_request import say_what_differs


def test_no_comparison_is_claimed_where_the_gate_could_make_none():
    compared, refused = (Verdict(False, "", [Check(name, False, "")]) for name in ("accuracy", "comparable"))
    assert say_what_differs(compared).endswith("the gate compares both on the same texts.")
    assert say_what_differs(refused).endswith("another dataset, its own.")
