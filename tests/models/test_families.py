"""Every family on a small corpus whose classes a word each gives away."""

import numpy as np
import pandas as pd
import pytest

from steps import models
from steps.features import store
from steps.features.cleaning import Cleaner
from steps.search.space import active
from steps.workflow.errors import UserError

WORDS = {"good": "pos", "bad": "neg", "plain": "mid"}


def corpus(classes, seed=0):
    random = np.random.default_rng(seed)
    fillers = ["film", "story", "very", "the", "with", "actor", "and", "scene"]
    rows = []
    for number in range(60 * len(classes)):
        word = classes[number % len(classes)]
        length = random.integers(3, 12)
        words = [*random.choice(fillers, length), word, word]
        rows.append((" ".join(random.permutation(words)), WORDS[word]))
    return pd.DataFrame(rows, columns=["text", "label"])


@pytest.fixture(
    scope="module", params=[["good", "bad"], ["good", "bad", "plain"]], ids=["two classes", "three classes"]
)
def features(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    parts = {name: corpus(request.param, seed) for seed, name in enumerate(("train", "validation", "test"))}
    return store.write(folder, parts, Cleaner(), vocabulary_size=100, max_length=20)


def fit(family, features, seed=0, epochs=8, **options):
    module, history = models.family(family), []
    point = {name: module.DEFAULTS[name] for name in active(module.SPACE, module.DEFAULTS)} | options
    model = models.trainer(family)(
        features, point, seed, epochs, 8, lambda epoch, figures: history.append((epoch, figures))
    )
    return model, history


@pytest.mark.parametrize("family", models.families())
def test_learns_reports_every_epoch_and_comes_back_from_its_folder(family, features, tmp_path):
    model, history = fit(family, features)
    labels = features.labels("test")
    probabilities = model.predict_split(features, "test")
    assert probabilities.shape == (len(labels), len(features.classes)) and probabilities.dtype == np.float64
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.95
    assert [epoch for epoch, _ in history] == list(range(1, len(history) + 1))
    assert all(set(figures) == {"loss", "accuracy", "val_loss", "val_accuracy"} for _, figures in history)

    model.save(tmp_path)
    documents = [["good", "film"], [], ["never", "heard"], ["bad"] * 50]
    again = models.load(family, tmp_path)
    assert np.allclose(again.predict_proba(documents), model.predict_proba(documents), atol=1e-6)
    one_by_one = np.concatenate([again.predict_proba([document]) for document in documents])
    assert np.allclose(one_by_one, again.predict_proba(documents), atol=1e-5)  # padding does not count


@pytest.mark.parametrize("family", models.families())
def test_the_same_seed_gives_the_same_model(family, features):
    first, history = fit(family, features, epochs=2)
    second, repeated = fit(family, features, epochs=2)
    assert history == repeated
    assert np.array_equal(first.predict_split(features, "test"), second.predict_split(features, "test"))


def test_training_stops_when_nothing_gets_better_and_keeps_the_best_weights(tmp_path):
    random = np.random.default_rng(5)
    texts = [" ".join(random.choice(["red", "green", "blue", "grey"], 6)) for _ in range(120)]
    noise = pd.DataFrame({"text": texts, "label": random.choice(["neg", "pos"], 120)})
    parts = {"train": noise[:60], "validation": noise[60:100], "test": noise[100:]}
    features = store.write(tmp_path, parts, Cleaner(), vocabulary_size=100, max_length=20)
    model, history = fit("dense", features, epochs=30)
    curve = [figures["val_accuracy"] for _, figures in history]
    kept = np.mean(model.predict_split(features, "validation").argmax(axis=1) == features.labels("validation"))
    assert len(curve) == curve.index(max(curve)) + 1 + 3 < 30
    assert kept == pytest.approx(max(curve)) and curve[-1] < max(curve)


@pytest.mark.parametrize(
    "classifier, rest",
    [
        ("linear_svm", {"C": 1.0, "max_terms": 5000}),
        ("logistic_regression", {"C": 1.0, "max_terms": 5000}),
        ("nb_svm", {"C": 1.0, "alpha": 1.0, "interpolation": 0.25, "max_terms": 5000}),
        ("multinomial_nb", {"alpha": 0.5, "max_terms": 5000}),
        ("gaussian_nb", {"var_smoothing": 0.01}),
    ],
)
@pytest.mark.parametrize("weighting", ["tfidf", "counts", "binary"])
def test_every_corner_of_the_simple_family_learns_and_is_saved(features, tmp_path, classifier, rest, weighting):
    point = {"classifier": classifier, "weighting": weighting, "max_order": 2, **rest}
    model = models.trainer("simple")(features, point, 0, 1, 1, lambda *_: None)
    before = model.predict_split(features, "test")
    assert np.mean(before.argmax(axis=1) == features.labels("test")) > 0.9
    model.save(tmp_path)
    texts = pd.concat([corpus([word for word in WORDS if WORDS[word] in features.classes], seed=2)])["text"]
    after = models.load("simple", tmp_path).predict_proba([Cleaner().tokens(text) for text in texts])
    assert np.allclose(before, after)


def test_a_diverging_network_is_an_error(features):
    with pytest.raises(FloatingPointError, match="no longer a number"):
        fit("lstm", features, learning_rate=float("nan"))


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(UserError, match="unknown family 'forest': expected one of .*simple"):
        models.family("forest")


def test_listing_families_leaves_tensorflow_out():
    import subprocess
    import sys

    from tests.conftest import PROJECT

    code = "import sys; from steps import models; models.family('lstm'); models.families(); print('tensorflow' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert process.stdout.strip() == "False", process.stderr
