from sentiment.registry.checks import Check
from sentiment.registry.gate import Verdict
from sentiment.reports.pull_request import render_comment, say_what_differs
from tests.reports.rows import row


def test_no_comparison_is_claimed_where_the_gate_could_make_none():
    compared, refused = (Verdict(False, "", [Check(name, False, "")]) for name in ("accuracy", "comparable"))
    assert say_what_differs(compared).endswith("the gate compares both on the same texts.")
    assert say_what_differs(refused).endswith("another dataset, its own.")


def test_a_class_whose_name_looks_like_html_is_shown():
    lead = {"difference": 0.26, "low": 0.2, "high": 0.3, "p_corrected": 0.01, "significant": True}
    baseline = {"family": "majority class", "class": "A & B <refund>", "test_accuracy": 0.6, "log_loss": 0.7}
    baseline |= {"test_accuracy_low": 0.5, "test_accuracy_high": 0.7, "lead": lead}
    comparison = {"rows": [row("simple", 0.9, 0.86)], "baseline": baseline, "pairs": []}
    comparison |= {"winner": "simple", "lost_slices": [], "behaviour": {"simple": []}}
    comment = render_comment("sentiment", comparison, Verdict(True, "", []), None, None, None)
    assert "ahead of always answering 'A & B &lt;refund>'" in comment


def test_a_class_whose_name_is_markdown_loads_no_image_and_is_shown_as_it_is():
    image = "![x](http://host/p.png)"
    comparison = {"rows": [row("simple", 0.9, 0.86)], "pairs": [], "winner": "simple", "behaviour": {"simple": []}}
    comparison["lost_slices"] = [{"slice": f"class {image}", "documents": 9, "family": "lstm", "behind": 0.1}]
    verdict = Verdict(False, f"the recall of {image} fell", [Check("recall", False, f"{image}: __all__ of not_spam *")])
    comment = render_comment("sentiment", comparison, verdict, None, None, None)
    assert comment.count(r"!\[x\](http://host/p.png)") == 3 and "![" not in comment
    assert r"\_\_all\_\_ of not_spam \* |" in comment and "| **failed** |" in comment
