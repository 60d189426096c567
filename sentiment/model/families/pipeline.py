"""A Hugging Face text classifier, used without training: what a pretrained model achieves on this corpus as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError, describe_error, optional_package
from ..space import Params, Space
from ..text.tweets import replace_surrogates
from . import Family, Model, OnEpoch

if TYPE_CHECKING:
    import numpy as np

    from ..training import Features, Training

BATCH = 16
# Even if a checkpoint scores labels independently (multi_label_classification): a text has one class.
SETTINGS = {"truncation": True, "function_to_apply": "softmax"}


class PipelineFamily(Family):
    """Loads the pipeline ``training.pretrained`` and renames its labels to the classes of the corpus.

    It needs a process of its own: torch and TensorFlow each bring an LLVM, and the second one to load crashes it.
    """

    name = "pipeline"
    options = ("pretrained",)
    own_process = True
    requirements = ("transformers", "torch")
    hub_prefix = ""

    def search_space(self, training: Training) -> tuple[Space, Params]:
        return {}, {}

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        """Load the pipeline; ``on_epoch`` gets its metrics on the validation split.

        Raises:
            UserError: there is no such pipeline, or its labels do not match the classes of the corpus.
        """
        from ..validation import report_fit

        pipeline = load_pipeline(training.pretrained)
        config = pipeline.model.config
        names = match_labels([config.id2label[number] for number in range(config.num_labels)], features.classes)
        config.id2label = dict(enumerate(names))
        config.label2id = {name: number for number, name in enumerate(names)}
        model = PipelineModel(pipeline)
        report_fit(features, training, {"validation": model.predict_split(features, "validation")}, on_epoch)
        return model

    def load(self, folder: Path) -> Model:
        return PipelineModel(load_pipeline(str(folder)))

    def log_model(self, model: Any, **options: Any) -> str:
        """Log in MLflow's ``transformers`` flavor."""
        from importlib.metadata import version

        import mlflow

        return mlflow.transformers.log_model(
            model.pipeline,
            task="text-classification",
            pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", *self.requirements)],
            model_config=SETTINGS,
            **options,
        ).model_uri


class PipelineModel:
    """A ``transformers`` pipeline whose labels are the classes of the corpus."""

    raw_text = True

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline

    def predict_proba(self, documents: list) -> np.ndarray:
        return predict_pipeline(self.pipeline, documents)

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        return self.predict_proba(features.texts(split))

    def save(self, folder: Path) -> None:
        self.pipeline.save_pretrained(str(folder))


def predict_pipeline(pipeline: Any, texts: Sequence[str]) -> np.ndarray:
    """Probabilities of the classes in alphabetical order: float64 of shape (texts, classes)."""
    import numpy as np

    found = pipeline(list(map(replace_surrogates, texts)), top_k=None, batch_size=BATCH, **SETTINGS)
    rows = [[row["score"] for row in sorted(scores, key=lambda row: row["label"])] for scores in found]
    probabilities = np.array(rows, dtype=np.float64)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def load_pipeline(handle: str, parameter: str = "pretrained") -> Any:
    """The pipeline of a checkpoint.

    Args:
        handle: a folder, or a name on the Hugging Face hub.
        parameter: the parameter that names it, for messages.

    Raises:
        UserError: no handle, a package is missing, or the checkpoint cannot be loaded.
    """
    if not handle:
        raise UserError(
            "pipeline without pretrained: give a checkpoint of a text classifier, its folder or a name such as "
            "pretrained=distilbert-base-uncased-finetuned-sst-2-english"
        )
    with optional_package("pipeline", "transformers and torch", "requirements-pipeline.txt"):
        import torch  # noqa: F401, transformers would report its absence only later
        import transformers
    try:
        found = transformers.pipeline("text-classification", model=handle)
    except (OSError, ValueError, KeyError) as error:
        reason = describe_error(error)[:300]
        raise UserError(
            f"{parameter}={handle} cannot be loaded as a text classifier ({reason}): if the hub cannot be reached from "
            f"here, download the checkpoint elsewhere and give its folder, {parameter}=path/to/checkpoint"
        ) from error
    # Without a limit in the tokenizer, texts would not be truncated. RoBERTa's first position is 2.
    positions = getattr(found.model.config, "max_position_embeddings", None)
    if positions and found.tokenizer and found.tokenizer.model_max_length > positions:
        found.tokenizer.model_max_length = positions - 2
    return found


def match_labels(labels: list[str], classes: list[str]) -> list[str]:
    """The class of each label of a pipeline: one of the same name, or one that starts like it, ignoring case.

    Args:
        labels: such as NEGATIVE and POSITIVE.
        classes: such as neg and pos.

    Returns:
        The classes in the order of the labels.

    Raises:
        UserError: labels and classes do not match one to one.
    """
    found = []
    for label in labels:
        same = [name for name in classes if name.lower() == label.lower()]
        found.append(same or [name for name in classes if _start_alike(name.lower(), label.lower())])
    if sorted(found) != [[name] for name in sorted(classes)]:
        raise UserError(
            f"the labels of the pipeline ({', '.join(labels)}) are not the classes of the corpus "
            f"({', '.join(classes)}): expected the same names, or that one is a prefix of the other, "
            "such as NEG and negative"
        )
    return [name for (name,) in found]


def _start_alike(first: str, second: str) -> bool:
    return first.startswith(second) or second.startswith(first)


FAMILY = PipelineFamily()
