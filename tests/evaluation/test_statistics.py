import numpy as np
import pytest
from scipy.stats import multinomial

from sentiment.evaluation.choosing import choose, compare_models
from sentiment.evaluation.metrics import METRICS, accuracy, balanced_accuracy, scores
from sentiment.evaluation.slices import find_lost_slices, find_slices, slice_accuracies
from sentiment.evaluation.statistics import bootstrap_difference, compare_paired, compare_pairs, holm, pareto_front


def outcomes(both, only_first, only_second, neither):
    """Two classifiers with so many documents that both, one or none of them got right."""
    counts = (both, only_first, only_second, neither)
    first, second = (np.repeat(side, counts) for side in ((True, True, False, False), (True, False, True, False)))
    return first, second


def test_mcnemar_of_agrestis_approval_ratings():
    """Agresti (2013), table 11.1: 150 and 86 of 1,600 changed their minds; the exact p-value is 3.7e-05."""
    assert compare_paired(*outcomes(794, 150, 86, 570)).p_value == pytest.approx(3.7e-5, rel=0.02)


def test_mcnemar_by_hand():
    assert compare_paired(*outcomes(10, 5, 0, 3)).p_value == pytest.approx(2 * 0.5**5)
    assert compare_paired(*outcomes(10, 0, 0, 3)).p_value == compare_paired(*outcomes(5, 4, 4, 1)).p_value == 1.0


def test_holm_of_four_p_values():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0] and holm([]) == []


def tables(documents):
    """Every outcome of so many documents: how many only the first and only the second got right."""
    return [(wins, losses) for wins in range(documents + 1) for losses in range(documents + 1 - wins)]


@pytest.mark.parametrize("confidence", (0.95, 1 - 0.05 / 3))
def test_the_interval_excludes_zero_exactly_where_the_p_value_is_below_its_level(confidence):
    for wins, losses in tables(10):
        found = compare_paired(*outcomes(10 - wins - losses, wins, losses, 0), confidence)
        assert found.low <= found.difference <= found.high
        assert (found.low > 0 or found.high < 0) == (found.p_value < 1 - confidence), (wins, losses)


def test_the_interval_covers_the_true_difference():
    """The probability of every outcome of 10 documents, summed over those whose lower end is too high."""
    ends = {
        (wins, losses): compare_paired(*outcomes(10 - wins - losses, wins, losses, 0)).low
        for wins, losses in tables(10)
    }
    for ahead, behind in ((0.0, 0.0), (0.1, 0.1), (0.3, 0.05), (0.5, 0.5), (0.05, 0.3), (0.9, 0.1), (0.0, 0.4)):
        missed = sum(
            multinomial.pmf((wins, losses, 10 - wins - losses), 10, (ahead, behind, 1 - ahead - behind))
            for (wins, losses), low in ends.items()
            if low > ahead - behind
        )
        assert missed <= 0.0251


@pytest.mark.parametrize("wins, losses, documents", [(40, 20, 160), (10, 1, 20), (3, 2, 12)])
def test_the_interval_is_that_of_the_two_exact_limits_combined_at_random(wins, losses, documents):
    """Fay and Lumbard (2021), section 3, by simulation."""
    random, count = np.random.default_rng(0), 1_000_000
    discordant = wins + losses
    ahead = 2 * random.beta(wins, losses + 1, count) - 1
    sides = ((discordant, documents - discordant + 1), (discordant + 1, documents - discordant))
    simulated = min(np.quantile(random.beta(*side, count) * ahead, 0.025) for side in sides)
    found = compare_paired(*outcomes(documents - discordant, wins, losses, 0))
    assert found.difference == (wins - losses) / documents and found.low == pytest.approx(simulated, abs=0.001)


def test_no_disagreement_is_not_certain_equality():
    found = compare_paired(*outcomes(40, 0, 0, 0))
    assert found.high == -found.low == pytest.approx(1 - 0.025 ** (1 / 40), abs=0.002)


def test_nine_in_ten_classifiers_of_the_same_quality_are_within_noise():
    random = np.random.default_rng(0)
    found = 0
    for _ in range(100):
        first, second, third = random.random((3, 200)) < 0.85
        found += any(pair["significant"] for pair in compare_pairs({"a": first, "b": second, "c": third}))
    assert found <= 10


def test_of_several_pairs_the_verdict_and_the_interval_agree():
    """18 against 6 is significant alone (p = 0.023), and not as one of three pairs: then its interval includes 0."""
    first, second = outcomes(100, 18, 6, 30)
    alone = compare_pairs({"a": first, "b": second})
    assert alone[0]["significant"] and alone[0]["low"] > 0
    for pair in compare_pairs({"a": first, "b": second, "c": first}):
        assert not pair["significant"] and pair["low"] < 0 < pair["high"]


def rows(**figures):
    return [
        {
            "family": name,
            "validation_accuracy": accuracy,
            "validation_log_loss": 0.3,
            "latency_ms_p50": ms,
            "model_bytes": size,
        }
        for name, (accuracy, ms, size) in figures.items()
    ]


def answers(correct):
    """Probabilities for texts of class 0 that are right where ``correct`` is."""
    return np.where(np.asarray(correct)[:, None], (0.8, 0.2), (0.2, 0.8))


def certain(correct, labels):
    """Probabilities of one, of the right one of two classes where ``correct`` is."""
    return np.where(np.asarray(correct)[:, None], np.eye(2)[labels], 1 - np.eye(2)[labels])


def rank(metric, labels, probabilities):
    """What the rule ``accuracy`` makes of families with these probabilities."""
    given = [
        {"family": family} | {f"validation_{name}": value for name, value in scores(labels, found).items()}
        for family, found in probabilities.items()
    ]
    ranked, reason, lead = choose("accuracy", metric, 0.01, given, labels, probabilities)
    return ranked[0]["family"], reason, lead


def pick(rule, given, correct, margin=0.01):
    labels = np.zeros(len(next(iter(correct.values()))), dtype=int)
    ranked, reason, lead = choose(
        rule, "accuracy", margin, given, labels, {family: answers(right) for family, right in correct.items()}
    )
    return ranked[0]["family"], reason, lead


def right(share, documents=4000):
    return np.arange(documents) < share * documents


def test_the_rule_takes_the_cheapest_that_is_shown_to_be_within_the_margin():
    given = rows(big=(0.90, 50.0, 900), fast=(0.898, 1.0, 500), small=(0.899, 9.0, 10), poor=(0.70, 0.1, 1))
    correct = {row["family"]: right(row["validation_accuracy"]) for row in given}
    for rule, winner, said in (
        ("accuracy", "big", "the highest validation accuracy"),
        ("fastest_within", "fast", "the fastest of big, the best, and those"),
        ("smallest_within", "small", "the smallest of big, the best, and those"),
    ):
        chosen, reason, _ = pick(rule, given, correct)
        assert chosen == winner and "poor" not in reason and reason.startswith(said)
    assert pick("fastest_within", given, correct, margin=0.0)[0] == "big"


def test_what_a_few_texts_cannot_tell_is_not_taken_for_equal():
    """On 63 texts a family that is 9.5 points worse is not significantly worse; another never disagrees."""
    best, worse = outcomes(47, 9, 3, 4)
    given = rows(best=(56 / 63, 50.0, 900), worse=(50 / 63, 1.0, 1), same=(56 / 63, 9.0, 500))
    correct = {"best": best, "worse": worse, "same": best}
    assert compare_paired(best, worse).p_value > 0.1
    chosen, reason, _ = pick("fastest_within", given, correct)
    assert chosen == "best" and "no other family is shown to be within 0.01 of" in reason
    assert pick("fastest_within", given, correct, margin=0.06)[0] == "same"
    assert pick("fastest_within", given, correct, margin=0.3)[0] == "worse"


def test_the_choice_says_how_sure_it_is():
    given = rows(first=(0.9, 1.0, 1), second=(0.8, 1.0, 1), third=(0.7, 1.0, 1))
    first, second = outcomes(75, 15, 5, 5)
    _, reason, lead = pick("accuracy", given, {"first": first, "second": second, "third": second})
    found = compare_paired(first, second, 0.975)
    assert (lead["low"], lead["high"]) == (found.low, found.high) and lead["p_value"] == 2 * found.p_value
    assert "10.0 points ahead of second (95% interval -0.9 to +21.1" in reason and reason.endswith("p = 0.083)")
    assert pick("accuracy", given, {"first": first, "second": first, "third": second})[2]["p_value"] == 1


def test_level_accuracy_goes_to_the_lower_log_loss():
    given = rows(first=(0.9, 1.0, 1), second=(0.9, 1.0, 1))
    given[1]["validation_log_loss"] = 0.2
    chosen, reason, _ = pick("accuracy", given, {"first": right(0.9), "second": right(0.9)})
    assert chosen == "second" and "level with first" in reason


def test_what_accuracy_cannot_tell_apart_is_told_by_log_loss():
    """10 points ahead on 100 texts is not significant for one of three families (p = 0.083), 30 points are."""
    given = rows(first=(0.9, 1.0, 1), second=(0.8, 1.0, 1), third=(0.6, 1.0, 1))
    given[1]["validation_log_loss"], given[2]["validation_log_loss"] = 0.2, 0.1
    first, second = outcomes(75, 15, 5, 5)
    chosen, reason, lead = pick("accuracy", given, {"first": first, "second": second, "third": right(0.6, 100)})
    assert chosen == "second" and "those that 100 texts cannot tell from it (second)" in reason
    assert lead["first"] == "first" and lead["low"] < 0 < lead["difference"]


@pytest.mark.parametrize("metric, winner", [("accuracy", "cautious"), ("balanced_accuracy", "bold")])
def test_a_lead_by_another_metric_than_accuracy_is_not_decided_by_log_loss(metric, winner):
    """4 of 40 texts are wrong against 8, which is not significant."""
    labels, place = np.repeat((0, 1), 20), np.arange(40) % 10
    bold, cautious = (certain(correct, labels) for correct in (place > 0, (place == 0) | (place > 2)))
    chosen, reason, _ = rank(metric, labels, {"bold": 0.0001 + 0.9998 * bold, "cautious": 0.49 + 0.02 * cautious})
    assert chosen == winner, reason


@pytest.mark.parametrize(
    "metric, winner", [("accuracy", "constant"), ("balanced_accuracy", "useful"), ("log_loss", "useful")]
)
def test_the_constant_answer_wins_by_accuracy_alone(metric, winner):
    """99 to 1: "useful" finds every rare text and gives six others the wrong label."""
    labels = np.repeat((0, 1), (396, 4))
    useful = np.where((labels == 1) | (np.arange(400) < 6), 1, 0)
    probabilities = {"constant": np.tile((0.99, 0.01), (400, 1)), "useful": 0.02 + 0.96 * np.eye(2)[useful]}
    if metric == "log_loss":
        probabilities["useful"] = 0.05 + 0.9 * np.eye(2)[labels]
        probabilities["constant"] = np.tile((0.9, 0.1), (400, 1))
    chosen, reason, lead = rank(metric, labels, probabilities)
    assert chosen == winner and metric.replace("_", " ") in reason
    assert lead["low"] <= lead["difference"] <= lead["high"] and lead["difference"] > 0


def test_the_bootstrap_of_a_metric_agrees_with_the_exact_test_of_accuracy():
    first, second = outcomes(150, 30, 15, 5)
    labels = np.arange(200) % 2
    both = [certain(correct, labels) for correct in (first, second)]
    found, exact = bootstrap_difference(accuracy, True, labels, *both), compare_paired(first, second)
    assert found.difference == pytest.approx(exact.difference)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.02)
    assert found.p_value == pytest.approx(exact.p_value, abs=0.03)
    wide, narrow = (compare_models(METRICS["balanced_accuracy"], labels, *both, level) for level in (0.99, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high
    all_right = bootstrap_difference(accuracy, True, labels, np.eye(2)[labels], 1 - np.eye(2)[labels])
    assert all_right.p_value == pytest.approx(2 / 1001)  # a bootstrap is never certain


def test_one_text_of_a_rare_class_is_no_evidence():
    """Two models that differ in the only text of a class: 25 points of balanced accuracy, and McNemar's p is 1."""
    labels = np.array([0] * 20 + [1] * 20 + [2] * 17 + [3])
    first, second = np.eye(4)[labels], np.eye(4)[[*labels[:-1], 0]]
    found = bootstrap_difference(balanced_accuracy, True, labels, first, second)
    assert found.difference == pytest.approx(0.25) and found.low == 0 and found.p_value > 0.5


def test_equal_means_of_the_same_recalls_are_level():
    """Recalls of 0.6, 0.7 and 0.8 in either order, whose means differ by 2e-16."""
    labels = np.repeat(np.arange(3), 10)
    wrong = [np.repeat([10 - right for right in order], 10) for order in ((6, 7, 8), (8, 7, 6))]
    predicted = [np.where(np.arange(30) % 10 < number, (labels + 1) % 3, labels) for number in wrong]
    probabilities = {"a": np.eye(3)[predicted[0]], "b": np.eye(3)[predicted[1]] * 0.9 + 0.1 / 3}
    chosen, reason, _ = rank("balanced_accuracy", labels, probabilities)
    assert chosen == "b" and "level with a" in reason  # by its lower log loss


def test_the_front_is_who_nobody_beats_in_both():
    given = [
        {"family": f, "test_accuracy": a, "model_bytes": b} for f, a, b in (("a", 0.9, 5), ("b", 0.8, 1), ("c", 0.8, 3))
    ]
    assert pareto_front(given, "model_bytes") == ["a", "b"]


def test_a_slice_of_the_corpus_does_not_take_the_place_of_another():
    texts, labels = ["not good"] * 10 + ["good"] * 20, np.arange(30) % 2
    found = find_slices(texts, labels, ["neg", "pos"], named=["with negation"] * 25 + [""] * 5)
    assert found["with negation"].sum() == 10 and found["slice with negation"].sum() == 25


def test_slices_by_length_negation_and_class_and_who_is_ahead_there():
    texts = [f"{'not ' if number % 2 else ''}{'word ' * (number % 40)}" for number in range(200)]
    texts[0], texts[2] = "It isn’t", "NEVER again"
    labels = np.arange(200) % 2
    found = find_slices(texts, labels, ["neg", "pos"])
    assert sum(inside.sum() for name, inside in found.items() if "words" in name) == 200
    lengths = np.array([len(text.split()) for text in texts])
    by_length = {name: lengths[inside] for name, inside in found.items() if "words" in name}
    assert {name: (min(inside), max(inside)) for name, inside in by_length.items()} == {
        "up to 10 words": (0, 10),
        "11 to 20 words": (12, 20),
        "21 to 30 words": (22, 30),
        "over 30 words": (32, 40),
    }
    assert found["with negation"][0] and found["with negation"].sum() == 102
    assert np.array_equal(found["class pos"], labels == 1)
    named = find_slices(texts, labels, ["neg", "pos"], ["web", "app", "app", ""] * 49 + ["rare"] * 4)
    assert set(named) - set(found) == {"app", "web"} and named["app"].sum() == 98 and named["web"][0]
    correct = {"a": np.ones(200, bool), "b": labels == 1}
    measured = slice_accuracies(correct, found)
    assert {row["slice"]: row["accuracy"]["b"] for row in measured}["class neg"] == 0.0
    assert not find_lost_slices(measured, "a")
    behind = {row["slice"]: row for row in find_lost_slices(measured, "b")}
    assert behind["class neg"]["behind"] == 1.0 and behind["class neg"]["family"] == "a" and "class pos" not in behind
    assert find_slices(["a"] * 5, np.zeros(5, int), ["neg", "pos"]) == {}
