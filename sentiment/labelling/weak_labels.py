"""Weak labels for texts without human labels: labelers rate their polarity and vote.

Human labels are kept. The labelers rate these texts as well, to measure their agreement with people
(:mod:`sentiment.labelling.agreement`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sentiment.corpora.labels import HUMAN, LABELLED_BY, TOGETHER, VOTE
from sentiment.errors import UserError
from sentiment.labelling.classes import NEGATIVE, NEUTRAL, POSITIVE, name_classes
from sentiment.labelling.labelers import find_labeler, resolve_labeler

ABSTAINED = ""  # instead of a class


@dataclass(frozen=True)
class Thresholds:
    """The meaning of a polarity from -1 to 1.

    Args:
        negative_to: it is negative up to here,
        positive_from: and positive from here on.
        between: its meaning between them: ``neutral``, ``dropped`` (the labeler abstains), or ``auto``: neutral if
            the human labels have a class for that.
    """

    negative_to: float
    positive_from: float
    between: str

    def __post_init__(self) -> None:
        if self.negative_to >= self.positive_from:
            raise UserError(
                f"negative_to={self.negative_to:g} and positive_from={self.positive_from:g}: expected the first to be "
                "the smaller one"
            )

    def classify(self, polarities: np.ndarray, names: Mapping[int, str], has_neutral: bool) -> np.ndarray:
        """The class of each polarity, ``ABSTAINED`` if it has none: object array of the same shape."""
        between = names[NEUTRAL] if has_neutral else ABSTAINED
        classes = np.full(polarities.shape, between, dtype=object)
        classes[polarities >= self.positive_from] = names[POSITIVE]
        classes[polarities <= self.negative_to] = names[NEGATIVE]
        return classes


def add_weak_labels(
    frame: pd.DataFrame, labelers: Sequence[str], thresholds: Thresholds
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Label the texts without human labels.

    A copy of a text with a human label gets that label. If no class has the most votes, or all labelers abstain, the
    label stays empty.

    Args:
        frame: DataFrame with the string columns text and label, which is empty if the text has no human label.
        labelers: their names in ``label_by``.
        thresholds: what their polarities mean.

    Returns:
        The frame with the further columns ``LABELLED_BY`` and ``VOTE``; and the labelers' classes, by text: a
        DataFrame with one column per labeler, and a last one for their vote if there are several.

    Raises:
        UserError: a labeler cannot be used, or human labels are not polarities.
    """
    text, given = frame["text"].str.strip(), frame["label"]
    by_people = given != ""
    classes = sorted(given[by_people].unique())
    names = name_classes(classes)
    if thresholds.between == "neutral" and classes and names[NEUTRAL] not in classes:
        raise UserError(
            f"between=neutral: the human labels have no neutral class ({', '.join(classes)}); drop these "
            "texts with -P between=dropped"
        )
    has_neutral = thresholds.between == "neutral" or (thresholds.between == "auto" and names[NEUTRAL] in classes)
    texts = text[text != ""].unique().tolist()
    votes = pd.DataFrame(index=pd.Index(texts, dtype=object))
    for labeler in sorted(set(map(resolve_labeler, labelers))):
        polarities = find_labeler(labeler).rate(labeler, texts)
        votes[labeler] = thresholds.classify(polarities, names, has_neutral)
    if votes.shape[1] > 1:
        votes[TOGETHER.join(votes)] = take_vote(votes)
    *_, labeler = votes.columns
    vote_of, label_of = votes[labeler].to_dict(), dict(zip(text[by_people], given[by_people]))
    labels = [own or label_of.get(copy, "") for own, copy in zip(given, text)]
    vote = [vote_of.get(one, ABSTAINED) for one in text]
    columns = {
        "label": [label or voted for label, voted in zip(labels, vote)],
        LABELLED_BY: [HUMAN if label else labeler for label in labels],
        VOTE: vote,
    }
    return frame.assign(**columns), votes


def take_vote(votes: pd.DataFrame) -> np.ndarray:
    """The class with the most votes among labelers that do not abstain; ``ABSTAINED`` for a tie or no votes.

    Args:
        votes: DataFrame with one column per labeler.

    Returns:
        Object array of shape (texts,).
    """
    given = votes.to_numpy(object)
    classes = np.array([name for name in pd.unique(given.ravel()) if name != ABSTAINED], dtype=object)
    if not len(classes):
        return np.full(len(votes), ABSTAINED, dtype=object)
    counts = np.stack([(given == name).sum(axis=1) for name in classes], axis=1)
    most = counts.max(axis=1)
    agreed = (most > 0) & ((counts == most[:, None]).sum(axis=1) == 1)
    return np.where(agreed, classes[counts.argmax(axis=1)], ABSTAINED)
