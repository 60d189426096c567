"""What is fitted a part at a time is what is fitted at once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.svm import LinearSVC

from sentiment.model.families import simple
from sentiment.model.families.simple import FAMILY
from sentiment.model.linear import blend, counted, fitting, large_blend
from sentiment.model.linear.blend import BlendTrainer
from sentiment.model.linear.large_blend import LargeBlendTrainer
from sentiment.model.linear.parts import MatrixParts, fit_svm
from sentiment.model.training import Training
from tests.model.conftest import write_corpus


def test_the_svm_is_scikit_learns(tmp_path):
    random = np.random.default_rng(0)
    matrix = sparse.random_array((300, 40), density=0.2, rng=random, format="csr")
    positive = matrix @ random.normal(size=40) + random.normal(0, 0.3, 300) > 0
    weights = random.uniform(0.5, 2, 300)
    parts = MatrixParts(tmp_path)
    for start in range(0, 300, 70):
        parts.append(matrix[start : start + 70])
    coefficients, intercept = fit_svm(parts, positive, weights, 40, 0.5, "fitting")
    peer = LinearSVC(C=0.5, tol=1e-8, max_iter=100_000).fit(matrix, positive, weights)
    assert np.allclose(coefficients, peer.coef_[0], atol=0.02) and abs(intercept - peer.intercept_[0]) < 0.02


@pytest.mark.parametrize(
    "point, class_weight, classes",  # each pair of two of them
    [
        ({}, "none", "two_classes"),
        ({}, "balanced", "three_classes"),
        (simple.STARTS[0], "balanced", "two_classes"),
        (simple.STARTS[0], "none", "three_classes"),
        (simple.STARTS[1], "none", "two_classes"),
        (simple.STARTS[1], "balanced", "three_classes"),
    ],
)
def test_the_blend_is_the_same(point, class_weight, classes, monkeypatch, request):
    features = request.getfixturevalue(classes)
    monkeypatch.setattr(large_blend, "PART", 50)
    monkeypatch.setattr(blend, "PART", 50)
    arguments = features, simple.DEFAULTS | point, Training(class_weight=class_weight)
    whole, _ = BlendTrainer(*arguments).fit()
    model, probabilities = LargeBlendTrainer(*arguments).fit()
    assert (model.terms, model.grams) == (whole.terms, whole.grams)
    assert np.allclose(model.svm.scale_, whole.svm.scale_)
    assert np.allclose(model.svm.coef_, whole.svm.coef_, atol=0.02)
    assert model.predict_split(features, "train") == pytest.approx(probabilities["train"], abs=1e-4)
    assert np.mean(probabilities["validation"].argmax(axis=1) == features.labels("validation")) > 0.95


@pytest.mark.parametrize("classifier", ["blend", "gaussian_nb"])
def test_a_model_of_many_texts_can_be_saved_and_predicts_as_one_of_few(classifier, features, tmp_path, monkeypatch):
    params = simple.DEFAULTS | {"classifier": classifier}
    few = FAMILY.fit(features, params, Training(), lambda *_: None)
    for module in (blend, counted, fitting):
        monkeypatch.setattr(module, "IN_MEMORY", 20)
    monkeypatch.setattr(counted, "BATCH", 50)
    model = FAMILY.fit(features, params, Training(), lambda *_: None)
    model.save(tmp_path)
    expected = few.predict_split(features, "test")
    for each in (model, FAMILY.load(tmp_path)):
        assert np.mean(each.predict_split(features, "test").argmax(axis=1) == expected.argmax(axis=1)) > 0.98


def test_the_model_of_many_texts_is_not_fitted_again(features, monkeypatch):
    monkeypatch.setattr(type(FAMILY), "search_texts", 20)
    assert FAMILY.refit(features, simple.DEFAULTS, Training(), None) is None


def test_a_sample_has_each_class_and_leaves_what_families_are_chosen_by_alone(features):
    sample = replace(features, most=40, seed=1)
    labels = sample.labels("train")
    assert np.bincount(labels).min() >= 10 and 30 <= len(labels) <= 40 < len(features.labels("train"))
    assert len(sample.labels("validation")) < len(features.labels("validation"))
    for split in ("train", "validation"):
        texts = dict(zip(features.texts(split), features.labels(split)))
        assert [texts[text] for text in sample.texts(split)] == sample.labels(split).tolist()
        assert len(sample.tokens(split)) == sample.counts(split).shape[0] == len(sample.ids(split))
    for split in ("choice", "test"):
        assert sample.texts(split) == features.texts(split)
    assert sample.texts("train") != replace(features, most=40, seed=2).texts("train")


def test_a_sample_has_the_shares_of_the_classes_and_half_as_many_texts_to_validate(tmp_path):
    texts, labels = [f"text {number}" for number in range(240)], ["pos", "neg", "neg", "neg"] * 60
    part = pd.DataFrame({"text": texts, "label": labels})
    whole = write_corpus(tmp_path, dict.fromkeys(("train", "validation", "test"), part))
    sample = replace(whole, most=40)
    counts = [np.bincount(sample.labels(split)).tolist() for split in ("train", "validation")]
    assert counts == [[30, 10], [15, 10]]  # no class has fewer than 10
