"""The registry of families: what it says without importing what families need."""

import importlib
import sys

import pytest

from sentiment.errors import UserError
from sentiment.model.families import MODULES, families_with, family_names, get_family, option_names, unknown_options

HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "tensorflow", "keras", "torch", "transformers")


def test_every_module_is_a_family_of_its_name():
    assert family_names() == sorted(MODULES)
    assert [get_family(name).name for name in MODULES] == list(MODULES)


def test_an_unknown_family_is_named_with_those_there_are():
    with pytest.raises(UserError, match="unknown family 'forest': expected one of .*simple"):
        get_family("forest")


def test_options_and_the_families_that_understand_them():
    assert set(option_names()) == {"embedding", "embedding_file", "pretrained", "members"}
    assert families_with("pretrained") == ["finetuned", "pipeline"]
    assert families_with("members") == ["dense", "finetuned", "lstm", "transformer"]
    assert set(unknown_options("transformer")) == {"embedding", "embedding_file", "pretrained"}
    assert set(unknown_options("simple")) == set(option_names()) and "members" not in unknown_options("lstm")


def test_the_registry_leaves_numpy_scikit_learn_and_tensorflow_out(monkeypatch):
    """As in main, which starts without them: none of them can be imported here."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "sentiment"]:
        monkeypatch.delitem(sys.modules, name)
    for name in HEAVY:
        monkeypatch.setitem(sys.modules, name, None)
    families = importlib.import_module("sentiment.model.families")
    for name in families.family_names():
        assert families.get_family(name).requirements
