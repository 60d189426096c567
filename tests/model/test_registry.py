"""The registry of families: what it says without importing what families need."""

import importlib
import sys
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from sentiment.errors import UserError
from sentiment.model.families import MODULES, families_with, family_names, get_family, option_names, unknown_options
from sentiment.model.training import Training
from sentiment.workflow.parameters import TrainParameters, TuneParameters
from tests.conftest import PROJECT

HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "tensorflow", "keras", "torch", "transformers")


def test_every_module_is_a_family_of_its_name():
    assert family_names() == sorted(MODULES)
    assert [get_family(name).name for name in MODULES] == list(MODULES)


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(UserError, match="unknown family 'forest': expected one of .*simple"):
        get_family("forest")


def test_options_and_the_families_that_understand_them():
    assert set(option_names()) == {"embedding", "embedding_file", "pretrained", "members"}
    assert {"encoder", "finetuned", "pipeline"} <= set(families_with("pretrained"))
    assert {"dense", "finetuned", "lstm", "transformer"} <= set(families_with("members"))
    assert set(unknown_options("transformer")) == {"embedding", "embedding_file", "pretrained"}
    assert set(unknown_options("simple")) == set(option_names()) and "members" not in unknown_options("lstm")


@pytest.mark.parametrize("name", family_names())
def test_no_hyperparameter_has_the_name_of_a_parameter(name):
    """A run logs both side by side, and ``train`` takes both on its command line."""
    spaces = [get_family(name).search_space(Training(embedding=kind))[0] for kind in ("random", "word2vec", "glove")]
    parameters = TrainParameters.model_fields.keys() | TuneParameters.model_fields.keys()
    assert set().union(*spaces) & parameters == set()


def test_the_registry_leaves_numpy_scikit_learn_and_tensorflow_out(monkeypatch):
    """As in main, which starts without them: none of them can be imported here."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "sentiment"]:
        monkeypatch.delitem(sys.modules, name)
    for name in HEAVY:
        monkeypatch.setitem(sys.modules, name, None)
    families = importlib.import_module("sentiment.model.families")
    for name in families.family_names():
        assert families.get_family(name).requirements


@pytest.mark.parametrize(
    "family, parts, foreign",
    [
        ("simple", {"linear/blend.py", "text/ngrams.py"}, {"network"}),
        ("lstm", {"network/model.py", "network/ensemble.py", "text/vocabulary.py"}, {"linear", "network/finetuned.py"}),
        ("finetuned", {"network/finetuned.py", "network/checkpoints.py"}, {"linear", "network/model.py"}),
        (
            "encoder",
            {"sentence/model.py", "network/checkpoints.py", "validation.py"},
            {"network/model.py", "network/finetuned.py", "linear/fitting.py", "linear/blend.py"},
        ),
        ("pipeline", set(), {"linear", "network", "sentence"}),
    ],
)
def test_the_imports_of_a_family_reach_its_own_code_and_no_other_family(family, parts, foreign):
    """Reuse depends on it: a step's fingerprint has the files that its imports reach, also those inside functions."""
    finder = ModuleFinder(path=[str(PROJECT)])
    finder.import_hook(f"sentiment.model.families.{family}")
    folder = PROJECT / "sentiment" / "model"
    files = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    reached = {file.relative_to(folder).as_posix() for file in files if file.is_relative_to(folder)}
    assert parts | {"space.py", "training.py", f"families/{family}.py"} <= reached
    assert not {f"families/{other}.py" for other in family_names() if other != family} & reached
    assert not [file for file in reached for other in foreign if file == other or file.startswith(f"{other}/")]
