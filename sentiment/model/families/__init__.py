"""The families of models. A family is one module of this folder that has a ``SPACE``; its name is the module's.

Each has ``SPACE`` and ``DEFAULTS``, its search space (:mod:`sentiment.model.space`) and the point that a search starts
from, and either

- ``build(point, vocabulary_size, classes)``, an untrained Keras network; :mod:`sentiment.model.network.model`
  trains, saves and loads it (a true ``BAG_OF_WORDS`` spares one that counts words the sorting of texts by length); or
- ``fit(features, point, training, on_epoch)`` and ``load(folder)`` of its own.

It may have ``cross_validate(features, point, training)``, which gives the figure that its points are compared by, and
with a ``fit`` of its own a ``refit`` (:func:`refit`).

A fitted model has ``predict_proba(documents)`` for lists of tokens (for raw texts where it has a true ``raw_text``) and ``predict_split(features, split)`` for an
encoded split, which give float64 of shape (documents, classes) with rows that sum to 1, and ``save(folder)``.
"""

import importlib
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from ...errors import UserError

# The parameters of tune and train that have a meaning for some families alone.
OPTIONS = {
    "embedding": ("lstm",),
    "embedding_file": ("lstm",),
    "pretrained": ("transformer", "pipeline"),
    "members": ("dense", "lstm", "transformer"),
}


def families():
    """Names of the families, sorted. The files are read as text, so that TensorFlow stays out."""
    modules = Path(__file__).parent.glob("*.py")
    return sorted(path.stem for path in modules if "\nSPACE = " in path.read_text(encoding="utf-8"))


def check(name):
    """Raise UserError where there is no family of this name."""
    if name not in families():
        raise UserError(f"unknown family {name!r}: expected one of {', '.join(families())}")


def family(name):
    """The module of a family; UserError where there is none of this name."""
    check(name)
    return importlib.import_module(f".{name}", __package__)


def is_keras(name):
    """Whether :mod:`sentiment.model.network.model` trains a family, so that it needs TensorFlow."""
    check(name)
    return "\ndef fit(" not in (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")


def trainer(name, pretrained=""):
    """A family's ``fit(features, point, training, on_epoch)``.

    The model is fitted on the training split. The validation split serves to report on each epoch, by
    ``on_epoch(epoch, figures)`` with epochs from 1 and Keras's names for the figures: loss and accuracy (training
    split), val_loss and val_accuracy. ``pretrained`` is the checkpoint to fine-tune, if there is one.
    """
    module = family(name)
    if hasattr(module, "fit"):
        return module.fit
    keras_model = _keras_model()
    if pretrained:
        from .finetuned import fit

        return fit
    return partial(keras_model.fit, name)


def needs_own_process(name):
    """Whether the models of a family cannot be loaded into a process that has those of others."""
    return getattr(family(name), "OWN_PROCESS", False)


def unknown_options(name):
    """The names in ``OPTIONS`` that do not go with a family, a list."""
    check(name)
    return [option for option, names in OPTIONS.items() if name not in names]


def cross_validation(name):
    """A family's ``cross_validate(features, point, training)``; it gives None for a family that has none."""
    return getattr(family(name), "cross_validate", lambda *_: None)


def refit(name, pretrained=""):
    """A family's ``refit(features, point, training, model)``; it gives None for a family that has none.

    It fits a point on training and validation split, once ``model``, fitted at this point on the training split alone,
    has been judged. A checkpoint is not fine-tuned twice, which takes by far the longest.
    """
    module = family(name)
    if hasattr(module, "fit") or pretrained:
        return getattr(module, "refit", lambda *_: None)
    return partial(_keras_model().refit, name)


def load(name, folder):
    """A fitted model of a family from the folder that its ``save`` wrote."""
    module = family(name)
    if hasattr(module, "load"):
        return module.load(folder)
    keras_model = _keras_model()
    if (folder / "ensemble.json").exists():
        from ..network import ensemble

        return ensemble.load(folder, partial(load, name))
    if (folder / "finetuned.json").exists():
        from . import finetuned

        return finetuned.load(folder)
    return keras_model.load(folder)


def _keras_model():
    """Import TensorFlow without the notes that its C++ side writes to the console whatever the log level is."""
    sys.stderr.flush()
    console = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            from ..network import model as keras_model

            keras_model.start()
        finally:
            os.dup2(console, 2)
            os.close(console)
            notes.seek(0)
            for line in notes.read().decode("utf-8", "replace").splitlines():
                if not line.startswith(("I0000", "W0000", "WARNING: All log")) and "cuInit" not in line:
                    print(line, file=sys.stderr)
    return keras_model
