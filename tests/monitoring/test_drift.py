import numpy as np
import pandas as pd
import pytest

from sentiment.monitoring.drift import compute_psi, describe_accuracy_drop, find_drifts, find_untested
from sentiment.monitoring.metrics import text_metrics


def texts(chance, count, shift=0.0):
    """What a champion makes of texts: lengths with ties, shares of unknown words with many zeros, scores, labels."""
    return pd.DataFrame(
        {
            "words": np.round(chance.lognormal(3 + shift, 0.4, count)),
            "unknown": chance.binomial(20, 0.05 + 0.1 * shift, count) / 20,
            "score": chance.beta(5 - 3 * shift, 2, count) / 2 + 0.5,
            "predicted": chance.choice(["neg", "pos"], count, p=[0.5 + 0.35 * shift, 0.5 - 0.35 * shift]),
        }
    )


def test_psi_of_the_definition():
    # Shares 0.5 and 0.5 against 0.75 and 0.25: 0.25 ln 1.5 - 0.25 ln 0.5, but for the half documents.
    assert compute_psi([5000, 5000], [7500, 2500]) == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5), abs=1e-3)
    assert compute_psi([10, 20, 30], [10, 20, 30]) == 0
    assert np.isfinite(compute_psi([10, 0], [0, 10]))


@pytest.mark.parametrize("before, now", [([1.0] * 95 + [0.9] * 5, [0.55] * 100), ([5.0] * 100, [1.0] * 100)])
def test_a_fall_below_a_value_that_most_texts_have_is_seen(before, now):
    empty = dict.fromkeys(("words", "unknown", "predicted"), np.nan)
    reference, observed = (pd.DataFrame({"score": values} | empty) for values in (before, now))
    (drift,) = find_drifts(reference, observed, 0.2, 0.01)
    assert drift.quantity == "score" and drift.psi > 1 and drift.alert


@pytest.mark.parametrize("count", [40, 150, 2000])
def test_a_batch_of_the_same_data_does_not_alert_in_95_of_100_draws(count):
    chance = np.random.default_rng(0)
    alerts = sum(
        any(d.alert for d in find_drifts(texts(chance, 400), texts(chance, count), 0.2, 0.01)) for _ in range(100)
    )
    assert alerts <= 5


def test_a_shifted_batch_alerts_and_names_what_has_moved():
    chance = np.random.default_rng(0)
    found = {
        drift.quantity: drift for drift in find_drifts(texts(chance, 400), texts(chance, 150, shift=1.0), 0.2, 0.01)
    }
    assert all(drift.alert for drift in found.values()) and len(found) == 4
    assert found["words"].message.startswith("text length drifted (PSI ")
    longer = texts(chance, 150).assign(words=lambda frame: frame["words"] * 3)
    moved = [drift.quantity for drift in find_drifts(texts(chance, 400), longer, 0.2, 0.01) if drift.alert]
    assert moved == ["words"]


def test_a_difference_has_to_be_large_however_many_texts_show_it():
    chance = np.random.default_rng(0)
    slight = find_drifts(texts(chance, 20_000), texts(chance, 20_000, shift=0.03), 0.2, 0.01)
    assert any(drift.p_value < 0.01 for drift in slight) and not any(drift.alert for drift in slight)


def predicted(**counts):
    labels = [label for label, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"predicted": labels} | dict.fromkeys(("words", "unknown", "score"), np.nan))


def test_a_single_text_of_a_rare_class_does_not_alert():
    reference, batch = predicted(positive=1300, negative=700), predicted(positive=19, negative=10, neutral=1)
    (drift,) = find_drifts(reference, batch, 0.2, 0.01)
    assert drift.psi > 0.2 and drift.p_value == pytest.approx(30 / 2030, rel=0.1) and not drift.alert


def test_a_rare_class_that_has_become_frequent_alerts():
    (drift,) = find_drifts(predicted(positive=1300, negative=700), predicted(positive=20, neutral=10), 0.2, 0.01)
    assert drift.alert


def test_few_texts_tell_nothing_and_what_was_not_recorded_is_left_out():
    chance = np.random.default_rng(0)
    assert find_drifts(texts(chance, 400), texts(chance, 29, shift=1.0), 0.2, 0.01) == []
    without = texts(chance, 100).assign(unknown=np.nan)
    assert "unknown" not in [drift.quantity for drift in find_drifts(texts(chance, 400), without, 0.2, 0.01)]


def test_p_values_are_corrected_for_the_number_of_quantities():
    chance = np.random.default_rng(0)
    before, now = texts(chance, 400), texts(chance, 40, shift=0.3)
    others = dict.fromkeys(("unknown", "score", "predicted"), np.nan)
    (alone,) = find_drifts(before.assign(**others), now, 0.2, 0.01)
    together = find_drifts(before, now, 0.2, 0.01)
    assert together[0].p_value == pytest.approx(4 * alone.p_value)


def labelled(right, count):
    return pd.DataFrame({"label": ["pos"] * count, "predicted": ["pos"] * right + ["neg"] * (count - right)})


@pytest.mark.parametrize(
    "right, count, falls",
    [(90, 100, False), (60, 100, True), (12, 20, False), (84, 100, False), (8400, 10_000, True), (8600, 10_000, False)],
)
def test_accuracy_has_fallen_when_it_is_much_and_no_chance(right, count, falls):
    said = describe_accuracy_drop(labelled(900, 1000), labelled(right, count), drop=0.05, p_limit=0.01)
    assert (said is not None) == falls
    if falls:
        assert f"from 0.900 on the test split to {right / count:.3f}" in said


def test_accuracy_that_has_fallen_by_just_the_limit_has_fallen():
    said = describe_accuracy_drop(labelled(950, 1000), labelled(900, 1000), drop=0.05, p_limit=0.01)
    assert "from 0.950 on the test split to 0.900" in said


def test_only_a_fall_of_accuracy_counts_so_the_test_is_one_sided():
    # Fisher's p is 0.015 for a fall and 0.018 for a difference.
    assert describe_accuracy_drop(labelled(900, 1000), labelled(82, 100), drop=0.05, p_limit=0.0165)


def test_texts_of_the_reference_that_people_have_not_labelled_do_not_count():
    weak = labelled(1000, 1000).assign(label=None)  # as labelers have labelled them
    assert describe_accuracy_drop(weak, labelled(60, 100), 0.05, 0.01) is None
    mixed = pd.concat([weak, labelled(70, 100)])
    assert describe_accuracy_drop(mixed, labelled(68, 100), 0.05, 0.01) is None
    assert "from 0.700 on the test split" in describe_accuracy_drop(mixed, labelled(30, 100), 0.05, 0.01)


def test_texts_that_the_champion_fails_on_are_no_fall_of_its_accuracy():
    batch = pd.concat([labelled(140, 140), labelled(60, 60).assign(predicted=None)])
    assert describe_accuracy_drop(labelled(950, 1000), batch, 0.05, 0.01) is None
    assert "from 0.500 on the test split" in describe_accuracy_drop(
        pd.concat([labelled(50, 100), labelled(300, 300).assign(predicted=None)]), labelled(0, 100), 0.05, 0.01
    )
    found = text_metrics(batch.assign(words=3, unknown=0.0, score=0.9), ["neg", "pos"])
    assert [found[f"data/{name}"] for name in ("documents", "labelled", "not_scored")] == [200, 140, 60]
    assert found["quality/accuracy"] == 1


def test_thirty_texts_and_labels_are_enough():
    failed = labelled(30, 30).assign(predicted=None)
    assert find_untested(labelled(30, 30), labelled(30, 30)) == {}
    assert find_untested(labelled(30, 30), pd.concat([labelled(29, 29), failed])) == {
        "accuracy": "accuracy not tested: 29 labels of scored texts, fewer than 30"
    }
    assert set(find_untested(labelled(29, 29), labelled(30, 30))) == {"drift"}
    assert describe_accuracy_drop(labelled(30, 30), labelled(0, 30), 0.05, 0.01)
    chance = np.random.default_rng(0)
    assert len(find_drifts(texts(chance, 30), texts(chance, 30), 0.2, 0.01)) == 4
