"""The families of models. A family is one module of this folder that has a ``SPACE``; its name is the module's.

Each has ``SPACE`` and ``DEFAULTS``, its search space (:mod:`steps.search.space`) and the point that a search starts
from, and either

- ``build(point, vocabulary_size, max_length, classes)``, an untrained Keras network; :mod:`steps.models.keras_model`
  trains, saves and loads it; or
- ``fit(features, point, seed, epochs, batch_size, on_epoch)`` and ``load(folder)`` of its own.

A fitted model has ``predict_proba(documents)`` for lists of tokens and ``predict_split(features, split)`` for an
encoded split, which give float64 of shape (documents, classes) with rows that sum to 1, and ``save(folder)``.
"""

import importlib
from functools import partial
from pathlib import Path

from steps.workflow.errors import UserError


def families():
    """Names of the families, sorted. The files are read as text, so that TensorFlow stays out."""
    modules = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in modules if "\nSPACE = " in path.read_text(encoding="utf-8"))


def family(name):
    """The module of a family; UserError where there is none of this name."""
    if name not in families():
        raise UserError(f"unknown family {name!r}: expected one of {', '.join(families())}")
    return importlib.import_module(f"steps.models.{name}")


def trainer(name):
    """A family's ``fit(features, point, seed, epochs, batch_size, on_epoch)``.

    The model is fitted on the training split. The validation split serves to report on each epoch, by
    ``on_epoch(epoch, figures)`` with epochs from 1, and to stop in time.
    """
    module = family(name)
    if hasattr(module, "fit"):
        return module.fit
    from steps.models import keras_model

    return partial(keras_model.fit, name)


def load(name, folder):
    """A fitted model of a family from the folder that its ``save`` wrote."""
    module = family(name)
    if hasattr(module, "load"):
        return module.load(folder)
    from steps.models import keras_model

    return keras_model.load(folder)
