"""A Hugging Face text classifier as it is, not trained: how far a pretrained model gets without this corpus."""

import numpy as np
from sklearn.metrics import log_loss

from ...errors import UserError

SPACE = {}
DEFAULTS = {}
OWN_PROCESS = True  # torch and TensorFlow bring an LLVM each, and the second one ends the process
BATCH = 16


def fit(features, point, training, on_epoch):
    """Load the pipeline ``training.pretrained`` and give its labels the names of the corpus; see :mod:`sentiment.model.families`.

    Raises:
        UserError: there is no such pipeline, or its labels are not those of the corpus.
    """
    pipeline = load_pipeline(training.pretrained)
    config = pipeline.model.config
    named = corresponding([config.id2label[number] for number in range(config.num_labels)], features.classes)
    config.id2label = dict(enumerate(named))
    config.label2id = {name: number for number, name in enumerate(named)}
    model = PipelineModel(pipeline)
    probabilities = model.predict_split(features, "validation")
    truth = features.labels("validation")
    accuracy = float(np.mean(probabilities.argmax(axis=1) == truth))
    loss = float(log_loss(truth, probabilities, labels=range(probabilities.shape[1])))
    on_epoch(1, {"val_accuracy": accuracy, "val_loss": loss})
    return model


def load(folder):
    return PipelineModel(load_pipeline(str(folder)))


class PipelineModel:
    """A ``transformers`` pipeline whose labels have the names of the corpus."""

    raw_text = True

    def __init__(self, pipeline):
        self.pipeline = pipeline

    def predict_proba(self, texts):
        return pipeline_probabilities(self.pipeline, texts)

    def predict_split(self, features, split):
        return self.predict_proba(features.texts(split))

    def save(self, folder):
        self.pipeline.save_pretrained(str(folder))


def pipeline_probabilities(pipeline, texts):
    """Probabilities of the classes in the order of their names: float64 of shape (texts, classes)."""
    found = pipeline(texts, top_k=None, truncation=True, batch_size=BATCH)
    rows = [[row["score"] for row in sorted(scores, key=lambda row: row["label"])] for scores in found]
    probabilities = np.array(rows, dtype=np.float64)
    return probabilities / probabilities.sum(axis=1, keepdims=True)


def load_pipeline(handle):
    """The pipeline of a checkpoint: a folder, or a name on the Hugging Face hub."""
    if not handle:
        raise UserError(
            "pipeline without pretrained: give a checkpoint of a text classifier, its folder or a name such as "
            "pretrained=distilbert-base-uncased-finetuned-sst-2-english"
        )
    try:
        import torch  # noqa: F401, transformers says only later that it is missing
        import transformers
    except ModuleNotFoundError as missing:
        raise UserError("pipeline needs transformers and torch: pip install -r requirements-pipeline.txt") from missing
    try:
        return transformers.pipeline("text-classification", model=handle)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(
            f"pretrained={handle} cannot be loaded as a text classifier ({reason}): if the hub cannot be reached from "
            "here, download the checkpoint elsewhere and give its folder, pretrained=path/to/checkpoint"
        ) from error


def corresponding(labels, classes):
    """The class that each label of a pipeline stands for: the same name, or the start of it, in any case.

    Args:
        labels: list of str, such as NEGATIVE and POSITIVE.
        classes: list of str, such as neg and pos.

    Returns:
        The classes in the order of the labels.

    Raises:
        UserError: not every label stands for one class of its own.
    """
    found = []
    for label in labels:
        same = [name for name in classes if name.lower() == label.lower()]
        found.append(same or [name for name in classes if _starts(name.lower(), label.lower())])
    if sorted(found) != [[name] for name in sorted(classes)]:
        raise UserError(
            f"the labels of the pipeline ({', '.join(labels)}) are not the classes of the corpus "
            f"({', '.join(classes)}): expected the same names, or one the beginning of the other, such as NEG and negative"
        )
    return [name for (name,) in found]


def _starts(first, second):
    return first.startswith(second) or second.startswith(first)
