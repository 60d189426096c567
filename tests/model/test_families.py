"""Every family on a small corpus in which a word identifies each class."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from sentiment.evaluation.metrics import balanced_accuracy, log_loss
from sentiment.model.families import family_names, get_family
from sentiment.model.linear.fitting import cross_validate
from sentiment.model.space import drop_inactive
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.training import Criterion, Training
from tests.model.conftest import WORDS, corpus, make_features, write_corpus

FEW_EPOCHS = Training(seed=0, epochs=4, batch_size=8)
BLEND = {"C": 1.0, "alpha": 1.0, "char_share": 0.5, "tail_weight": 0.0, "lexicon": "none", "max_terms": 5000}
TRAINED = [name for name in family_names() if "pretrained" not in get_family(name).options]
ALL = tuple(WORDS)


def defaults_of(family, **changes):
    """The default hyperparameters of a family, those that are active beside the changes."""
    space, defaults = get_family(family).search_space(Training())
    return drop_inactive(space, defaults | changes)


def fit(family, features, training=FEW_EPOCHS, **hyperparameters):
    history = []
    params = defaults_of(family) | hyperparameters
    model = get_family(family).fit(features, params, training, lambda epoch, figures: history.append((epoch, figures)))
    return model, history


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A function that gives features with these words, and a model that was fitted on them, once, with its history."""

    @cache
    def learn(family, words):
        features = make_features(tmp_path_factory.mktemp(family), words)
        return features, *fit(family, features)

    return learn


@pytest.mark.parametrize("family, words", [("simple", ("good", "bad")), *((name, ALL) for name in TRAINED)])
def test_learns_the_same_from_the_same_seed_reports_every_epoch_and_comes_back(family, words, learned, tmp_path):
    features, model, history = learned(family, words)
    labels = features.labels("test")
    probabilities = model.predict_split(features, "test")
    assert probabilities.shape == (len(labels), len(features.classes)) and probabilities.dtype == np.float64
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.95
    assert [epoch for epoch, _ in history] == list(range(1, len(history) + 1))
    assert all(set(figures) == {"loss", "accuracy", "val_loss", "val_accuracy"} for _, figures in history)
    second, repeated = fit(family, features)
    assert history == repeated and np.array_equal(second.predict_split(features, "test"), probabilities)

    model.save(tmp_path)
    documents = [["good", "film"], [], ["never", "heard"], ["bad"] * 50, ["the", "film", "superb"]]
    again = get_family(family).load(tmp_path)
    assert np.allclose(again.predict_proba(documents), model.predict_proba(documents), atol=1e-6)
    one_by_one = np.concatenate([again.predict_proba([document]) for document in documents])
    assert np.allclose(one_by_one, again.predict_proba(documents), atol=1e-5)  # padding does not count


@pytest.mark.parametrize("family", ["lstm", "transformer"])
def test_a_network_knows_words_that_it_was_never_trained_on_by_the_lexicon(family, learned):
    from sentiment.model.network.model import KerasModel

    features, model, _ = learned(family, ALL)
    praise, blame = ["superb", "charming", "brilliant"], ["terrible", "horrible", "annoying"]
    documents = [["the", "film", word] for word in praise + blame]
    unknown = features.vocabulary.is_unknown(features.vocabulary.encode(documents, 3))
    assert unknown.tolist() == [[False, False, True]] * 6
    found = model.predict_proba(documents).argmax(axis=1)
    assert [features.classes[number] for number in found] == ["pos"] * 3 + ["neg"] * 3
    params = model.params | {"lexicon": "none"}
    without = KerasModel(get_family(family), params, features.vocabulary, 20, len(features.classes), "last")
    assert np.ptp(without.predict_proba(documents), axis=0).max() < 1e-6  # to this one all of them are the same


def test_a_transformer_reads_a_long_text_in_chunks(learned):
    """With weights from short texts; other networks are trained in chunks in :mod:`tests.model.test_networks`."""
    from sentiment.model.network.model import KerasModel

    features, model, _ = learned("transformer", ALL)
    family, classes = get_family("transformer"), len(features.classes)
    in_chunks = KerasModel(family, model.params, features.vocabulary, 6, classes, "chunks")
    in_chunks.network.set_weights(model.network.get_weights())
    assert_chunks_count_the_same(in_chunks)


def assert_chunks_count_the_same(model):
    first, second = [["good"] * 6, ["bad", "film"] * 3]
    parts = model._predictor.predict_proba(model.vocabulary.encode([first, second], 6), 1.0)
    whole = model._predictor.predict_proba(model.vocabulary.encode([first + second], 6, "chunks"), 1.0)
    assert np.allclose(whole[0], parts.mean(axis=0), atol=1e-5) and not np.allclose(*parts, atol=0.1)


def test_training_stops_when_nothing_gets_better_and_keeps_the_best_weights(tmp_path):
    random = np.random.default_rng(8)
    texts = [" ".join(random.choice(["red", "green", "blue", "grey"], 6)) for _ in range(120)]
    noise = pd.DataFrame({"text": texts, "label": random.choice(["neg", "pos"], 120)})
    parts = {"train": noise[:60], "validation": noise[60:100], "test": noise[100:]}
    features = write_corpus(tmp_path, parts)
    model, history = fit("dense", features, Training(seed=0, epochs=30, batch_size=8))
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
        ("blend", BLEND | {"word_weighting": "tfidf"}),
        ("blend", BLEND | {"word_weighting": "ratio", "tail_weight": 2.0, "lexicon": "vader"}),
        ("multinomial_nb", {"alpha": 0.5, "max_terms": 5000}),
        ("gaussian_nb", {"var_smoothing": 0.01}),
    ],
)
@pytest.mark.parametrize(
    "weighting, classes",  # so each classifier has two classes and three
    [("tfidf", "three_classes"), ("counts", "two_classes"), ("binary", "three_classes")],
)
def test_every_corner_of_the_simple_family_learns_and_is_saved(tmp_path, classifier, rest, weighting, classes, request):
    features = request.getfixturevalue(classes)
    params = {"classifier": classifier, "weighting": weighting, "max_order": 2, **rest}
    model = get_family("simple").fit(features, params, Training(), lambda *_: None)
    before = model.predict_split(features, "test")
    assert np.mean(before.argmax(axis=1) == features.labels("test")) > 0.9
    model.save(tmp_path)
    texts = corpus([word for word in WORDS if WORDS[word] in features.classes], seed=2)["text"]
    after = get_family("simple").load(tmp_path).predict_proba([Cleaner().tokens(text) for text in texts])
    assert np.allclose(before, after)


@pytest.mark.parametrize("family", ["simple", "dense"])  # all networks share one training loop
def test_balanced_class_weights_find_more_of_a_rare_class(family, tmp_path):
    random = np.random.default_rng(3)
    rows = [(f"{random.choice(['dull', 'fine'], p=[0.7, 0.3])} film", "neg") for _ in range(180)]
    rows += [(f"{random.choice(['dull', 'fine'], p=[0.3, 0.7])} film", "pos") for _ in range(20)]
    part = pd.DataFrame(rows, columns=["text", "label"]).sample(frac=1, random_state=0)
    features = write_corpus(tmp_path, dict.fromkeys(("train", "validation", "test"), part), 10, 4)
    rare = features.labels("test") == 1
    found = {}
    for weight in ("none", "balanced"):
        training = Training(seed=0, epochs=8, batch_size=16, class_weight=weight)
        model, _ = fit(family, features, training)
        found[weight] = np.mean(model.predict_split(features, "test").argmax(axis=1)[rare] == 1)
    assert found["none"] < 0.2 and found["balanced"] > 0.5


def test_cross_validation_is_near_what_held_out_texts_give(features):
    simple = get_family("simple")
    for classifier in simple.search_space(Training())[0]["classifier"].values:
        params = defaults_of("simple", classifier=classifier, max_terms=5000)
        assert simple.cross_validate(features, params, Training()) > 0.95


def test_cross_validation_of_noise_is_at_chance(tmp_path):
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 3000, 20)) for _ in range(300)]
    noise = pd.DataFrame({"text": texts, "label": random.choice(["neg", "pos"], 300)})
    parts = {"train": noise[:200], "validation": noise[200:250], "test": noise[250:]}
    features = write_corpus(tmp_path, parts)
    assert 0.35 < cross_validate(features, defaults_of("simple"), Training()) < 0.65


def test_copies_share_a_fold(tmp_path):
    """Noise, three copies of each text: a fold that has seen a copy knows the label, and is sure of what it knows."""
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 3000, 20)) for _ in range(150)]
    frame = pd.DataFrame({"text": texts, "label": random.choice(["neg", "pos"], 150), "group": range(150)})
    copies = pd.concat([frame.assign(text=frame["text"] + f" copy{number}") for number in range(3)])
    parts = {"train": copies[copies["group"] < 110], "validation": copies[copies["group"].between(110, 139)]}
    features = write_corpus(tmp_path, parts | {"test": copies[copies["group"] >= 140]})
    for classifier in ("blend", "linear_svm"):
        params = defaults_of("simple", classifier=classifier)
        assert 0.3 < cross_validate(features, params, Training()) < 0.7
        model, _ = fit("simple", features, Training(), **params)
        assert model.predict_split(features, "validation").max(axis=1).mean() < 0.6


def test_a_single_training_step_trains(learned):
    features, *_ = learned("dense", ALL)
    once = Training(seed=0, epochs=1, batch_size=1000)
    slow, fast = (fit("dense", features, once, learning_rate=rate)[0] for rate in (1e-9, 0.01))
    found = [
        model.predict_split(features, "train").argmax(axis=1) == features.labels("train") for model in (slow, fast)
    ]
    assert found[1].mean() > found[0].mean() + 0.1


RARE = Criterion("balanced_accuracy", balanced_accuracy)


def test_epochs_and_folds_are_chosen_by_the_metric(tmp_path):
    """A word that says nothing, and nine texts of one class to one of the other."""
    random = np.random.default_rng(3)
    parts = {}
    for name in ("train", "validation", "test"):
        words = random.choice(["film", "story", "scene", "actor"], (100, 4))
        labels = np.where(np.arange(100) % 10 == 0, "pos", "neg")
        words[labels == "pos", 0] = random.choice(["good", "film"], 10)
        parts[name] = pd.DataFrame({"text": [" ".join(row) for row in words], "label": labels})
    features = write_corpus(tmp_path, parts)
    training = Training(seed=0, epochs=6, batch_size=8, class_weight="balanced", metric=RARE)
    model, history = fit("dense", features, training)
    curve = [figures["val_balanced_accuracy"] for _, figures in history]
    kept = balanced_accuracy(features.labels("validation"), model.predict_split(features, "validation"))
    assert kept == pytest.approx(max(curve)) and max(curve) > 0.5
    by_loss = replace(training, metric=Criterion("log_loss", log_loss, higher_is_better=False))
    _, history = fit("dense", features, by_loss)
    for _, figures in history:
        assert figures["val_log_loss"] == pytest.approx(figures["val_loss"], abs=1e-4)
    simple = get_family("simple")
    for classifier in ("linear_svm", "logistic_regression"):
        found = simple.cross_validate(features, defaults_of("simple", classifier=classifier), training)
        assert 0.5 < found < 0.95
        assert 0 < simple.cross_validate(features, defaults_of("simple", classifier=classifier), by_loss) < 0.8


@pytest.mark.parametrize("family", ["simple", "dense"])
def test_what_families_are_chosen_by_changes_nothing_but_the_last_fit(family, tmp_path):
    """The texts for the choice are replaced: epochs, temperature and folds are the same, the fit on all is not."""
    parts = {name: corpus(["good", "bad"], seed) for seed, name in enumerate(("train", "validation", "test"))}
    (tmp_path / "first").mkdir()
    first = write_corpus(tmp_path / "first", parts)
    kept = parts["validation"]["text"].isin(first.texts("choice"))
    assert kept.sum() == 60
    misled = parts["validation"].loc[kept, "text"].str.replace("good", "dull").str.replace("bad", "good")
    parts["validation"].loc[kept, "text"] = misled
    (tmp_path / "second").mkdir()
    params, found = defaults_of(family), []
    training = Training(seed=0, epochs=10, batch_size=8)
    for features in (first, write_corpus(tmp_path / "second", parts)):
        model, history = fit(family, features, training)
        folds = get_family(family).cross_validate(features, params, training)
        again = get_family(family).refit(features, params, training, model)
        served = again.predict_proba([["dull", "film"], ["good"]])
        found.append((history, folds, model.predict_split(features, "test"), served))
    (history, folds, predicted, last), others = found
    assert history == others[0] and folds == others[1] and np.array_equal(predicted, others[2])
    assert not np.allclose(last, others[3], atol=1e-3)  # what is served has seen them
