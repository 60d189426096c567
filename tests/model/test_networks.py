"""What is particular to networks: chunks, ensembles, word vectors, divergence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from sentiment.errors import UserError
from sentiment.features.vectors import word_vectors
from sentiment.model.calibration import scale_temperature
from sentiment.model.families import get_family
from sentiment.model.pyfunc import SentimentModel
from sentiment.model.text.subwords import Subwords
from sentiment.model.training import Training, accuracy
from tests.model.conftest import corpus, make_features, write_corpus
from tests.model.test_families import assert_chunks_count_the_same, defaults_of, fit


@pytest.mark.parametrize("family", ["dense", "lstm"])  # one with batches as wide as the split, one without
def test_a_network_reads_a_long_text_in_chunks(family, tmp_path):
    features = make_features(tmp_path, ["good", "bad"], max_length=6, truncation="chunks")
    assert features.ids("train").shape[1] > 6
    training = Training(seed=0, epochs=4, batch_size=8)
    model, _ = fit(family, features, training)
    assert_chunks_count_the_same(model)
    expected = model.predict_split(features, "test")
    assert np.mean(expected.argmax(axis=1) == features.labels("test")) > 0.9

    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = get_family(family).load(tmp_path / "model")
    assert np.allclose(loaded.predict_proba(features.tokens("test")), expected, atol=1e-6)


def test_of_a_text_longer_than_those_of_the_training_split_the_same_tokens_are_read(tmp_path):
    parts = {name: corpus(["good", "bad"], seed) for seed, name in enumerate(("train", "validation", "test"))}
    words = np.random.default_rng(0).choice(["film", "story", "very", "bad", "with", "good", "and", "scene"], 40)
    longer = pd.DataFrame({"text": [" ".join(words), " ".join(words[::-1])], "label": ["pos", "neg"]})
    parts["test"] = pd.concat([parts["test"], longer], ignore_index=True)
    features = write_corpus(tmp_path, parts, max_length=30)  # the longest training text has 13
    model, _ = fit("dense", features, Training(seed=0, epochs=2, batch_size=8))
    expected = model.predict_split(features, "test")
    assert np.allclose(model.predict_proba(features.tokens("test")), expected, atol=1e-6)


@pytest.mark.parametrize("tokens", ["subword", "checkpoint"])
def test_a_network_over_subwords_serves_what_it_was_trained_on(tokens, tmp_path):
    pytest.importorskip("tokenizers", reason="requirements-tokenizers.txt is not installed")
    tokenizer = make_tokenizer(tmp_path) if tokens == "checkpoint" else None
    features = make_features(tmp_path, ["good", "bad"], tokens=tokens, tokenizer=tokenizer)
    model, _ = fit("dense", features, Training(seed=0, epochs=10, batch_size=8))
    texts = features.texts("test")
    documents = texts if model.raw_text else features.tokens("test")
    expected = model.predict_split(features, "test")
    assert model.raw_text == (tokens == "checkpoint") and np.array_equal(model.predict_proba(documents), expected)
    assert np.mean(expected.argmax(axis=1) == features.labels("test")) > 0.9
    assert "tokenizers" in get_family("dense").packages(features)
    assert "tokenizers" not in get_family("simple").packages(features)

    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    served = SentimentModel(features.cleaner, features.classes, get_family("dense").load(tmp_path / "model"))
    assert np.array_equal(served.predict_proba(texts), expected)

    (tmp_path / "both").mkdir()
    again = features.join_splits(tmp_path / "both")
    assert again.network_tokens(["storys"]) == features.network_tokens(["storys"]) != [["storys"]]
    with pytest.raises(UserError, match="it needs tokens=word"):
        word_vectors("word2vec", "", features, 8, 0)


def make_tokenizer(folder):
    """The tokenizer of a checkpoint that knows a few words and the letters, and lower case alone."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[UNK]", "good", "bad", *letters, *(f"##{letter}" for letter in letters)]
    tokenizer = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.enable_truncation(3)  # as files of checkpoints have it; how much a network reads is up to max_length
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))
    return Subwords.of_checkpoint(str(folder))


NOISY = Training(seed=0, epochs=10, batch_size=8)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Features of 1,600 texts that a network can learn by heart, a quarter of them with the wrong label, and one."""
    random = np.random.default_rng(7)
    label = random.choice(["bad", "good"], 1600)
    said = np.where(random.random(1600) < 0.25, np.where(label == "good", "bad", "good"), label)
    texts = [" ".join([word, *random.choice([f"w{n}" for n in range(300)], 6)]) for word in said]
    documents = pd.DataFrame({"text": texts, "label": label})
    parts = {"train": documents[:700], "validation": documents[700:900], "test": documents[900:]}
    features = write_corpus(tmp_path_factory.mktemp("noisy"), parts, vocabulary_size=400)
    model, history = fit("dense", features, NOISY)
    curve = [figures["val_accuracy"] for _, figures in history]
    assert curve.index(max(curve)) + 1 < len(curve)
    return features, model


@pytest.mark.parametrize("members", [1, 2])
def test_networks_are_as_sure_of_themselves_as_they_are_right(members, noisy, tmp_path):
    features, first = noisy
    several = replace(NOISY, members=members)
    model = get_family("dense").fit_members(features, defaults_of("dense"), several, [first])
    assert len(getattr(model, "members", [model])) == members
    probabilities = model.predict_split(features, "test")
    right = np.mean(probabilities.argmax(axis=1) == features.labels("test"))
    assert np.mean(probabilities.max(axis=1)) == pytest.approx(right, abs=0.08)
    again = get_family("dense").refit(features, defaults_of("dense"), several, model)
    texts = [features.labels(split) for split in ("validation", "choice")]
    on_both = [
        [scale_temperature(each.predict_split(features, split), temperature) for split in ("validation", "choice")]
        for each, temperature in ((model, 1.0), (again, 1.0), (again, 1.1), (again, 0.9))
    ]
    before, after, *others = (log_loss(np.concatenate(texts), np.concatenate(each)) for each in on_both)
    assert after < min(others) and after <= before  # the best temperature for both halves of the validation split
    assert np.array_equal(model.predict_split(features, "test"), probabilities)  # and the model stays what it was

    model.save(tmp_path)
    loaded = get_family("dense").load(tmp_path)
    assert np.allclose(loaded.predict_proba(features.tokens("test")), probabilities, atol=1e-6)


def test_a_fit_with_the_graphs_of_another_is_as_by_itself(two_classes, monkeypatch):
    """And the network that was fitted before stays what it was."""
    trained = {}
    monkeypatch.setattr("sentiment.model.network.model._trained", trained)
    family, training = get_family("dense"), Training(seed=0, epochs=2, batch_size=8)

    def fit_with(rate, seed):
        params = defaults_of("dense") | {"learning_rate": rate}
        return family.fit(two_classes, params, replace(training, seed=seed), lambda epoch, figures: None)

    first = fit_with(1e-3, 0)
    before, (graphs,) = first.network.get_weights(), trained.values()
    second = fit_with(5e-3, 1).network.get_weights()
    assert list(trained.values()) == [graphs]
    assert all(map(np.array_equal, first.network.get_weights(), before))
    trained.clear()
    alone = fit_with(5e-3, 1).network.get_weights()
    assert all(np.allclose(one, other, atol=1e-6) for one, other in zip(second, alone))
    assert not np.allclose(second[0], before[0], atol=1e-3)


def test_as_many_networks_are_fitted_as_their_family_usually_has(noisy):
    features, first = noisy
    usual = get_family("dense").fit_members(features, defaults_of("dense"), replace(NOISY, epochs=1), [first])
    assert len(usual.members) == 2 and usual.members[0] is first
    assert get_family("finetuned").default_members == 1


def test_word_vectors_are_where_embeddings_start_and_stay_where_they_are_frozen(two_classes, tmp_path):
    from sentiment.model.network.model import RANDOM_SPREAD

    features = two_classes
    vectors = np.random.default_rng(0).normal(size=(len(features.vocabulary), 32)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    training = Training(epochs=1, batch_size=8, vectors=str(tmp_path / "vectors.npy"))
    found = {}
    for kept in ("frozen", "fine_tuned"):
        how = {"embedding_size": 32, "lexicon": "none", "vectors": kept, "learning_rate": 1e-3}
        model, _ = fit("lstm", features, training, **how)
        found[kept] = model.encoder.get_layer("words").get_weights()[0]
    assert np.array_equal(found["frozen"], vectors)
    scaled = vectors * (RANDOM_SPREAD / vectors.std())  # of which Adam's steps are a part
    moved = np.abs(found["fine_tuned"] - scaled)[2:]
    assert 1e-4 < moved.max() < 0.02


def test_few_steps_are_enough_to_learn_something(two_classes):
    """One step an epoch: what is kept is an average of the weights, with nothing of the untrained ones."""
    model, history = fit("dense", two_classes, Training(epochs=20, batch_size=1000), learning_rate=0.02)
    losses = [figures["val_loss"] for _, figures in history]
    assert min(losses) < 0.8 * losses[0]
    assert accuracy(two_classes.labels("test"), model.predict_split(two_classes, "test")) > 0.9


def test_a_diverging_network_is_an_error(two_classes):
    with pytest.raises(FloatingPointError, match="no longer a number"):
        fit("dense", two_classes, learning_rate=float("nan"))
