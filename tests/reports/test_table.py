from sentiment.reports import table
from tests.reports.rows import row


def pair(first, second, points, significant):
    return {
        "first": first,
        "second": second,
        "difference": points / 100,
        "low": (points - 3) / 100,
        "high": (points + 4) / 100,
        "p_value": 0.4,
        "p_corrected": 0.8,
        "significant": significant,
    }


def test_verdict_says_who_and_why_and_does_not_hide_a_worse_test_figure():
    rows = [row("simple", 0.9, 0.86), row("lstm", 0.88, 0.87)]
    said = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("simple", "lstm", -1, False)]})
    assert said == (
        "simple wins: the reason. On the test split it is 1.0 points behind lstm, within noise "
        "(95% interval -4.0 to +3.0, p = 0.8)."
    )
    turned = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("lstm", "simple", -1, True)]})
    assert "1.0 points ahead of lstm, a real difference (95% interval -3.0 to +4.0" in turned
    tied = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("lstm", "simple", 0, False)]})
    assert "On the test split it is level with lstm, within noise" in tied
    assert "only family" in table.verdict({"rows": rows[:1], "pairs": []})


def test_verdict_has_the_weights_of_the_ensemble_whether_it_wins_or_not():
    rows = [row("simple", 0.9, 0.86), row("ensemble", 0.88, 0.87) | {"weights": {"lstm": 0.25, "simple": 0.75}}]
    said = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("simple", "ensemble", -1, False)]})
    assert said.endswith("The ensemble is 0.75 simple + 0.25 lstm.")


def test_verdict_says_where_hyperparameters_were_chosen_on_a_sample():
    said = table.verdict({"rows": [row("simple", 0.9, 0.86) | {"search_texts": 50_000}], "pairs": []})
    assert said.endswith("The hyperparameters of simple were chosen on a sample of 50,000 training texts.")


def test_the_slices_that_are_lost_are_listed_the_worst_first():
    lost = [{"slice": "a", "documents": 20, "family": "lstm", "behind": 0.01}]
    lost.append({"slice": "b", "documents": 30, "family": "lstm", "behind": 0.05})
    lines = table.lost_slices({"winner": "simple", "lost_slices": lost}).splitlines()
    assert lines[-2:] == ["| b | 30 | lstm | 5.0 |", "| a | 20 | lstm | 1.0 |"]
    assert table.lost_slices({"winner": "simple", "lost_slices": []}) == ""
    lost[0]["slice"] = "class a|b\n<!--"
    lines = table.lost_slices({"winner": "simple", "lost_slices": lost}).splitlines()
    assert lines[-1].startswith(r"| class a\|b &lt;!-- | ")


def test_console_table_is_aligned():
    lines = table.console({"rows": [row("simple", 0.9, 0.86), row("transformer", 0.88, 0.87)]}).splitlines()
    assert len({len(line) for line in lines}) == 1 and lines[1].startswith("simple ")


def test_the_table_has_what_families_are_chosen_by_and_ends_with_the_majority_class():
    rows = [row("simple", 0.9, 0.86) | {"validation_roc_auc": 0.95}]
    baseline = {"family": "majority class", "class": "pos", "test_accuracy": 0.6, "log_loss": 0.7}
    baseline |= {"test_accuracy_low": 0.5, "test_accuracy_high": 0.7, "lead": pair("winner", "majority", 26, True)}
    comparison = {"rows": rows, "metric": "roc_auc", "baseline": baseline, "pairs": []}
    header, first, last = table.comparison_cells(comparison)
    assert header[1:4] == ["validation", "validation ROC AUC", "test"] and first[1:4] == ["0.900", "0.950", "0.860"]
    assert last[0] == "majority class" and last[1:5] == ["", "", "0.600", "0.500 to 0.700"]
    said = table.verdict(comparison)
    assert "only family, with 0.9500 validation roc auc" in said
    assert "26.0 points of accuracy ahead of always answering 'pos', a real difference" in said
