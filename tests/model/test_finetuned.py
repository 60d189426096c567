"""A tiny checkpoint, made for the test, goes through the code for real ones."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from sentiment.errors import UserError
from sentiment.model.families import get_family
from sentiment.model.training import Training

if not find_spec("keras_hub"):  # to import it takes seconds, of every worker that collects this file
    pytest.skip("keras-hub is an extra: requirements-pretrained.txt", allow_module_level=True)

from tests.model.checkpoint import write_checkpoint

PARAMS = {"dropout": 0.0, "learning_rate": 5e-3, "weight_decay": 1e-2}
WORDS = ["good", "bad", "plain", "film", "story", "very", "the", "with", "actor", "and", "scene"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny", WORDS))


def test_it_learns_alone_and_as_an_ensemble_and_comes_back_from_its_folder(two_classes, checkpoint, tmp_path):
    family, history = get_family("finetuned"), []
    training = Training(seed=0, epochs=6, batch_size=8, pretrained=checkpoint)
    first = family.fit(two_classes, PARAMS, training, lambda epoch, figures: history.append(figures["val_accuracy"]))
    labels = two_classes.labels("test")
    probabilities = first.predict_split(two_classes, "test")
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.9 and len(history) > 1

    training = Training(seed=0, epochs=1, batch_size=8, pretrained=checkpoint, members=2)
    model = family.fit_members(two_classes, PARAMS | {"learning_rate": 0.0}, replace(training, seed=1), [first])
    assert len(model.members) == 2 and model.raw_text
    # The second member has learned nothing: the checkpoint is what it starts from.
    embedding = model.members[1].encoder.get_layer("token_embedding").get_weights()[0]
    expected = np.random.default_rng(0).normal(0, 0.3, (len(WORDS) + 5, 16)).astype(np.float32)
    assert np.allclose(embedding, expected, atol=1e-6)
    assert family.refit(two_classes, PARAMS, training, model).members == model.members
    model.save(tmp_path)
    texts = ["A GOOD film!", "", "never heard", "bad " * 50]
    again = family.load(tmp_path)
    assert np.allclose(again.predict_proba(texts), model.predict_proba(texts), atol=1e-6)
    assert np.allclose(again.members[0].predict_proba(texts), first.predict_proba(texts), atol=1e-6)
    one_by_one = np.concatenate([again.predict_proba([text]) for text in texts])
    assert np.allclose(one_by_one, again.predict_proba(texts), atol=1e-5)


@pytest.mark.parametrize(
    "truncation, expected",
    [
        ("last", [[2, 7, 8, 3]]),
        ("first", [[2, 5, 6, 3]]),
        ("chunks", [[2, 5, 6, 3, 2, 7, 8, 3]]),
    ],
)
def test_every_piece_that_is_read_has_its_marks(checkpoint, truncation, expected):
    from sentiment.model.network.checkpoints import load_checkpoint
    from sentiment.model.network.pieces import PieceReader

    _, tokenizer = load_checkpoint(checkpoint)
    assert PieceReader(tokenizer, 4, truncation, 4).encode(["good bad plain film"]).tolist() == expected


@pytest.mark.parametrize(
    "handle, expected",
    [
        ("", "finetuned without pretrained: give the checkpoint of a text encoder"),
        ("./nowhere", "there is no such folder"),
        ("no_such_preset", "no_such_preset cannot be loaded"),
        ("bert_tiny_en_uncased", "download the checkpoint elsewhere and give its folder"),
    ],
)
def test_a_checkpoint_that_cannot_be_had_is_an_error_in_a_line(handle, expected):
    with pytest.raises(UserError, match=expected) as raised:
        get_family("finetuned").validate(Training(pretrained=handle))
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_checkpoint(tmp_path):
    from sentiment.model.network.checkpoints import load_checkpoint

    with pytest.raises(UserError, match="expected config.json, model.safetensors"):
        load_checkpoint(str(tmp_path))
