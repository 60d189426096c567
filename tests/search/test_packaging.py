"""A fitted model as an MLflow model: what it contains, and that it loads where the project cannot be imported."""

import shutil
import stat
import sys
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from sentiment.artifacts import artifacts
from sentiment.errors import UserError
from sentiment.evaluation.pooling import pool_families
from sentiment.features.store import Features
from sentiment.model import families
from sentiment.model.families import get_family
from sentiment.model.space import drop_inactive
from sentiment.model.training import Training
from sentiment.search import packaging
from sentiment.search.fitting import TrialConfig, log_best_model, run_trial
from sentiment.search.trials import TrialRecorder
from sentiment.tracking import VALIDATION_PREDICTIONS
from tests.model.conftest import make_features

# All that somebody else's family consists of, beside its name in the registry.
PRIOR = '''
"""The class frequencies of the training split, whatever the text."""

import json

import numpy as np

from ..space import Choice
from . import Family


class PriorModel:
    raw_text = True

    def __init__(self, shares):
        self.shares = shares

    def predict_proba(self, documents):
        return np.tile(self.shares, (len(documents), 1))

    def predict_split(self, features, split):
        return self.predict_proba(features.texts(split))

    def save(self, folder):
        (folder / "shares.json").write_text(json.dumps(self.shares))


class PriorFamily(Family):
    name = "prior"
    requirements = ("tqdm",)

    def search_space(self, training):
        return {"smoothing": Choice((0, 1))}, {"smoothing": 1}

    def fit(self, features, params, training, on_epoch):
        counts = np.bincount(features.labels("train"), minlength=len(features.classes)) + params["smoothing"]
        model = PriorModel((counts / counts.sum()).tolist())
        right = model.predict_split(features, "validation").argmax(axis=1) == features.labels("validation")
        on_epoch(1, {"val_accuracy": float(np.mean(right))})
        return model

    def load(self, folder):
        return PriorModel(json.loads((folder / "shares.json").read_text()))


FAMILY = PriorFamily()
'''


# One that knows the labels of the texts that it was fitted on by heart, and says the first class of all others.
MEMORY = """
import json

import numpy as np

from . import Family


class MemoryModel:
    raw_text = True

    def __init__(self, labels, classes):
        self.labels, self.classes = labels, classes

    def predict_proba(self, documents):
        return np.eye(self.classes)[[self.labels.get(text, 0) for text in documents]]

    def predict_split(self, features, split):
        return self.predict_proba(features.texts(split))

    def save(self, folder):
        (folder / "labels.json").write_text(json.dumps([self.labels, self.classes]))


def remember(features, *splits):
    pairs = (pair for split in splits for pair in zip(features.texts(split), features.labels(split)))
    return MemoryModel({text: int(label) for text, label in pairs}, len(features.classes))


class MemoryFamily(Family):
    name = "memory"

    def search_space(self, training):
        return {}, {}

    def fit(self, features, params, training, on_epoch):
        on_epoch(1, {"val_accuracy": 0.5})
        return remember(features, "train")

    def refit(self, features, params, training, model):
        return remember(features, "train", "validation", "choice")

    def load(self, folder):
        return MemoryModel(*json.loads((folder / "labels.json").read_text()))


FAMILY = MemoryFamily()
"""


@pytest.fixture
def add_family(tmp_path, monkeypatch):
    """A function that adds a family as a person would: a new module, and its name in the registry."""
    added = []

    def add(name, source):
        folder = tmp_path / "model"
        shutil.copytree(packaging.MODEL_FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "families" / f"{name}.py").write_text(source, encoding="utf-8")
        registry = folder / "families" / "__init__.py"
        text = registry.read_text(encoding="utf-8")
        registry.write_text(text.replace("MODULES = (", f'MODULES = ("{name}", '), encoding="utf-8")
        monkeypatch.setattr(packaging, "MODEL_FOLDER", folder)
        monkeypatch.setattr(families, "MODULES", (*families.MODULES, name))
        monkeypatch.setattr(families, "__path__", [*families.__path__, str(folder / "families")])
        added.append(f"sentiment.model.families.{name}")

    yield add
    for module in added:
        sys.modules.pop(module, None)


@pytest.fixture
def prior(add_family):
    add_family("prior", PRIOR)


@pytest.fixture
def logged(tracked, tmp_path):
    """A function that runs a trial of a family and logs it as the best of its search."""
    features = make_features(tmp_path, ["good", "bad"])

    def log(family):
        space, defaults = get_family(family).search_space(Training())
        params = drop_inactive(space, defaults)
        locations = str(features.folder), str(features.dataset)
        config = TrialConfig(family, *locations, Training(), mlflow.get_tracking_uri())
        with mlflow.start_run() as run:
            recorder = TrialRecorder(family, run)
            folder = tmp_path / family / "fitted"
            shutil.rmtree(folder, ignore_errors=True)  # of an earlier call
            folder.parent.mkdir(exist_ok=True)
            best = run_trial(config, recorder, 1, params, 1, 42, (), folder, None)
            assert best.error is None
            return log_best_model(config, run.info.run_id, [best], "digest")

    return log


def load_without_project(uri, monkeypatch):
    """The loaded model; nothing of the project can be imported while it loads."""
    with monkeypatch.context() as hidden:
        for name in [*sys.modules, "sentiment", "steps"]:
            if name.partition(".")[0] in ("sentiment", "steps"):
                hidden.setitem(sys.modules, name, None)
        model = mlflow.pyfunc.load_model(uri)
        return model, model.predict(["good film", "!", "bad bad film"])


def requirements_of(uri):
    return (Path(mlflow.artifacts.download_artifacts(uri)) / "requirements.txt").read_text().splitlines()


def test_a_model_loads_where_the_project_cannot_be_imported(logged, monkeypatch):
    uri = logged("simple").uri
    _, answer = load_without_project(uri, monkeypatch)
    assert answer["label"].tolist()[::2] == ["pos", "neg"] and answer["score"].between(0.5, 1).all()
    expected = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops", "vaderSentiment")
    assert requirements_of(uri) == [f"{name}=={version(name)}" for name in expected]


def test_the_code_in_a_model_can_be_replaced_where_that_of_the_checkout_is_read_only(monkeypatch, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(packaging.MODEL_FOLDER, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (checkout, *checkout.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr(packaging, "MODEL_FOLDER", checkout)
    package = packaging.copy_code(tmp_path)
    copied = [path for path in (package, *package.rglob("*")) if not path.stat().st_mode & stat.S_IWUSR]
    assert (package / "model" / "families" / "simple.py").is_file() and copied == []


def test_models_of_two_families_load_in_the_process_that_has_logged_them(prior, logged):
    for uri in [logged(family).uri for family in ("simple", "prior")]:
        assert len(mlflow.pyfunc.load_model(uri).predict(["good film"])) == 1


def test_a_linear_model_is_fitted_on_both_splits(logged, tmp_path):
    served = mlflow.pyfunc.load_model(logged("simple").uri).get_raw_model()
    of_the_trial = get_family("simple").load(tmp_path / "simple" / "fitted")
    texts = ["good film", "bad story"]
    before = of_the_trial.predict_proba([served.cleaner.tokens(text) for text in texts])
    assert not np.allclose(served.predict_proba(texts), before, atol=1e-3)


def test_a_family_of_ones_own_is_tuned_packaged_with_its_requirements_and_served(prior, logged, monkeypatch):
    uri = logged("prior").uri
    model, answer = load_without_project(uri, monkeypatch)
    assert answer["score"].tolist() == [0.5, 0.5, 0.5]
    assert np.allclose(model.get_raw_model().predict_proba(["any text"]), 0.5)
    expected = ("mlflow", "numpy", "pandas", "tqdm")
    assert requirements_of(uri) == [f"{name}=={version(name)}" for name in expected]


def test_the_package_is_the_whole_folder_and_named_after_its_content(tmp_path, prior):
    for name in ("first", "again", "changed"):
        (tmp_path / name).mkdir()
    first, again = (packaging.copy_code(tmp_path / name) for name in ("first", "again"))
    assert first.name == again.name and first.name.startswith("sentiment_")
    source = packaging.MODEL_FOLDER
    files = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert {path.relative_to(first / "model") for path in (first / "model").rglob("*") if path.is_file()} == files
    assert {path.name for path in first.iterdir()} == {"__init__.py", "errors.py", "model"}
    (source / "families" / "prior.py").rename(source / "families" / "renamed.py")
    assert packaging.copy_code(tmp_path / "changed").name != first.name


@pytest.mark.parametrize("statement", ["from sentiment.model.space import Choice", "import json, steps.tune"])
def test_code_that_would_only_load_beside_the_project_is_not_packaged(tmp_path, prior, statement):
    (packaging.MODEL_FOLDER / "families" / "mine.py").write_text(f'"""Mine."""\n\n\ndef f():\n    {statement}\n')
    with pytest.raises(UserError, match="sentiment/model/families/mine.py:5 imports the project by its name"):
        packaging.copy_code(tmp_path)


def predictions_for_the_choice(uri):
    run_id = mlflow.get_logged_model(uri.removeprefix("models:/")).source_run_id
    return pd.read_parquet(artifacts(run_id, VALIDATION_PREDICTIONS)).to_numpy()


def test_an_ensemble_of_two_families_is_one_model_that_loads_where_the_project_cannot_be_imported(
    logged, monkeypatch, tmp_path
):
    uris = {"dense": logged("dense").uri}
    assert mlflow.get_logged_model(uris["dense"].removeprefix("models:/")).name == "dense"  # as the UI shows it
    shutil.copytree(packaging.MODEL_FOLDER, tmp_path / "model", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "model" / "pyfunc.py").open("a", encoding="utf-8").write("# of a later version of the project\n")
    monkeypatch.setattr(packaging, "MODEL_FOLDER", tmp_path / "model")
    uris["simple"] = logged("simple").uri
    with mlflow.start_run():
        uri = packaging.log_ensemble(uris, {"dense": 0.3, "simple": 0.7})
    model, answer = load_without_project(uri, monkeypatch)
    assert answer["label"].tolist()[::2] == ["pos", "neg"]
    texts = ["good film", "!", "the bad story", "good and bad"]
    dense, simple = (mlflow.pyfunc.load_model(uris[name]).get_raw_model().predict_proba(texts) for name in uris)
    expected = 0.3 * dense + 0.7 * simple
    assert np.allclose(model.get_raw_model().predict_proba(texts), expected, atol=1e-6)
    answer = model.predict(pd.DataFrame({"text": texts}), {"probabilities": True})
    assert np.allclose(answer[["probability_neg", "probability_pos"]], expected, atol=1e-6)
    assert np.allclose(answer["score"], expected.max(axis=1), atol=1e-6)
    assert model.metadata.signature == packaging.SIGNATURE
    assert set(requirements_of(uri)) == set(requirements_of(uris["dense"]) + requirements_of(uris["simple"]))


def test_a_family_that_knows_its_texts_by_heart_gets_no_weight_in_the_ensemble(add_family, logged, tmp_path):
    add_family("memory", MEMORY)
    logs = {family: logged(family) for family in ("memory", "simple")}
    features = Features(tmp_path / "features", tmp_path / "dataset")
    served = mlflow.pyfunc.load_model(logs["memory"].uri).get_raw_model()
    labels = np.array(features.labels("choice"))
    assert (served.predict_proba(features.texts("choice")).argmax(axis=1) == labels).all()
    predictions = {family: predictions_for_the_choice(log.uri) for family, log in logs.items()}
    assert pool_families(predictions, labels, 42).weights == {"simple": 1.0}


def test_the_digest_of_a_model_is_that_of_what_is_served(add_family, logged, monkeypatch, tmp_path):
    assert logged("simple").digest == logged("simple").digest
    add_family("memory", MEMORY)
    before = logged("memory").digest
    assert logged("memory").digest == before
    shutil.copytree(packaging.MODEL_FOLDER, tmp_path / "edited", ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "edited" / "pyfunc.py", "a", encoding="utf-8") as edited:
        edited.write("\n# a word more\n")
    outputs = Schema([ColSpec("string", "label"), ColSpec("float", "score")])
    for what, place, name, other in (
        ("the refit", type(get_family("memory")), "refit", lambda *arguments: None),
        ("the served code", packaging, "MODEL_FOLDER", tmp_path / "edited"),
        ("the signature", packaging, "SIGNATURE", ModelSignature(packaging.SIGNATURE.inputs, outputs)),
        ("a requirement", packaging, "version", lambda name: "0.0.1"),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(place, name, other)
            assert logged("memory").digest != before, what
