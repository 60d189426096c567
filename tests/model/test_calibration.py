import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.calibration import CalibratedClassifierCV

from sentiment.evaluation.metrics import METRICS
from sentiment.model import validation
from sentiment.model.calibration import fit_temperature, scale_temperature
from sentiment.model.families import simple
from sentiment.model.folds import split_folds, stack_labels
from sentiment.model.linear.counted import CountTrainer
from sentiment.model.linear.fitting import cross_validate
from sentiment.model.space import drop_inactive
from sentiment.model.training import Criterion, Training
from tests.model.conftest import write_corpus


def drawn(temperature, classes=3, documents=20_000):
    """Labels drawn from probabilities, and the same probabilities as an over- or underconfident network gives them."""
    random = np.random.default_rng(0)
    true = random.dirichlet(np.ones(classes), documents)
    labels = (true.cumsum(axis=1) < random.random((documents, 1))).sum(axis=1)
    return scale_temperature(true, 1 / temperature), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_a_network_needs_is_found(temperature):
    probabilities, labels = drawn(temperature)
    assert fit_temperature(probabilities, labels) == pytest.approx(temperature, rel=0.05)


def test_a_temperature_moves_no_class_before_another():
    probabilities, _ = drawn(1.0)
    softer = scale_temperature(probabilities, 2.5)
    assert np.array_equal(softer.argsort(axis=1), probabilities.argsort(axis=1))
    assert softer.sum(axis=1) == pytest.approx(1) and softer.max() < probabilities.max()


def test_a_network_that_is_never_wrong_keeps_a_finite_temperature():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert 0 < fit_temperature(certain, np.array([0, 1])) < 25
    assert np.isfinite(scale_temperature(certain, 0.05)).all()
    # That it was right 40 times is no reason to be sure of all that it says: its doubts stay, smaller.
    likely = np.linspace(0.6, 0.95, 40)
    probabilities = np.column_stack([1 - likely, likely])
    scaled = scale_temperature(probabilities, fit_temperature(probabilities, np.ones(40, int)))[:, 1]
    assert (scaled > likely).all() and scaled.min() < 0.95


@pytest.mark.parametrize("metric", ["log_loss", "f1_macro"])
@pytest.mark.parametrize("classifier", ["multinomial_nb", "linear_svm"])
def test_the_cross_validated_figure_is_that_of_what_is_served(classifier, metric, tmp_path):
    """The scores of a strongly regularized SVM are nearly all on the side of the frequent class."""
    random = np.random.default_rng(1)
    words, labels = np.array(["fine", "film", "dull", "story", "poor"]), np.repeat(["pos", "neg"], (200, 100))
    shares = np.where(labels[:, None] == "pos", [0.3, 0.2, 0.1, 0.2, 0.2], [0.1, 0.2, 0.3, 0.2, 0.2])
    texts = [" ".join(random.choice(words, 12, p=share)) for share in shares]
    whole = pd.DataFrame({"text": texts, "label": labels}).sample(frac=1, random_state=0, ignore_index=True)
    features = write_corpus(tmp_path, {"train": whole[:200], "validation": whole[200:], "test": whole[:20]})
    function = METRICS[metric].function
    training = Training(seed=0, metric=Criterion(metric, function, higher_is_better=metric != "log_loss"))
    params = drop_inactive(simple.SPACE, simple.DEFAULTS | {"classifier": classifier, "alpha": 1e-3, "C": 0.01})
    trainer, (labels, groups) = CountTrainer(features, params, training), stack_labels(features)
    served, scores = np.zeros((2, len(labels), 2))
    for inside, outside in split_folds(labels, groups, 3, training.seed):
        one, train, test = trainer.fold(inside, outside)
        if trainer.calibrates:
            scores[outside, 1] = one.fit(train, labels[inside]).decision_function(test)
            one = CalibratedClassifierCV(one, cv=3, ensemble=False)
        served[outside] = one.fit(train, labels[inside]).predict_proba(test)
    found, expected = cross_validate(features, params, training), function(labels, served)
    if trainer.calibrates:
        by_score = function(labels, softmax(scores, axis=1))
        assert abs(found - expected) < 0.2 * abs(found - by_score)
    else:
        assert found == pytest.approx(expected)


def test_a_corpus_above_the_limit_is_not_cross_validated(two_classes, monkeypatch):
    params = drop_inactive(simple.SPACE, simple.DEFAULTS | {"classifier": "multinomial_nb"})
    count = len(stack_labels(two_classes)[0])
    found = []
    for limit in (count, count - 1):
        monkeypatch.setattr(validation, "MAX_DOCUMENTS", limit)
        found.append(cross_validate(two_classes, params, Training()))
    assert found[0] > 0.9 and found[1] is None
