"""A Hugging Face text classifier as it is: a name on the hub, or a folder."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.digests import content_digest, hub_revision
from sentiment.labelling.labelers import in_portions
from sentiment.model.hub import HUB

if TYPE_CHECKING:
    import numpy as np

EXPECTED = "a text classifier of Hugging Face, hf://OWNER/NAME or its folder"
REQUIREMENTS = ("transformers", "torch")


def matches(name: str) -> bool:
    return name.startswith(HUB) or Path(name).is_dir()


def resolve(name: str) -> str:
    return name


def digest(name: str) -> str | None:
    return hub_revision(name.removeprefix(HUB)) if name.startswith(HUB) else content_digest(Path(name))


def training_texts(name: str) -> Collection[str]:
    return ()


def rate(name: str, texts: Sequence[str]) -> np.ndarray:
    """The score of the label, negated if it is negative, and 0 if it is neutral.

    It is loaded in its own process: torch cannot be loaded next to TensorFlow.

    Raises:
        UserError: there is no such classifier, a package is missing, or its labels are not polarities.
    """
    from sentiment.evaluation.measure import in_own_process

    return in_own_process(rate_by_pipeline, name, texts)


def rate_by_pipeline(name: str, texts: Sequence[str]) -> np.ndarray:
    """:func:`rate`, in this process."""
    import numpy as np

    from sentiment.labelling.classes import polarity_of
    from sentiment.model.families.pipeline import BATCH, load_pipeline

    pipeline = load_pipeline(name.removeprefix(HUB), "label_by")
    signs = {label: polarity_of(name, label) for label in pipeline.model.config.id2label.values()}
    answers = [
        answer
        for part in in_portions(name, texts)
        for answer in pipeline(list(part), truncation=True, batch_size=BATCH)
    ]
    return np.array([signs[answer["label"]] * answer["score"] for answer in answers], dtype=np.float64)
