"""The test documents on which a model can be compared with the champion: neither has seen nor labelled them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from sentiment.artifacts import artifacts, read_json
from sentiment.corpora.labels import HUMAN, LABELLED_BY, TOGETHER
from sentiment.corpora.splits import GROUP, SPLITS, comparison_form
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.results import registered_version
from sentiment.runs import checked_run
from sentiment.tracking import CLASSES, DATASET, DATASET_DIGEST, INGEST_RUN, PROFILE, Origin, origin, version_origin

MIN_DOCUMENTS = 30  # a comparison on fewer is noise
SEEN = ("train", "validation")  # the splits that models are fitted or selected on
SHOWN = 10  # classes in a message
SAME_CORPUS = 0.5  # smallest share of the champion's documents in a corpus that is the same one, extended or corrected


class NotComparable(Exception):
    """Two models cannot be compared; the message says why, as the continuation of "the champion …"."""


def comparable_rows(champion: ModelVersion, classes: list[str], ingest_run: Run) -> np.ndarray:
    """Which test documents of a dataset the champion has not seen, nor near-duplicates of them.

    The test split may hold documents that it has seen: with another split seed, a champion of an earlier release, or
    a new near-duplicate that moved a group to another split. If the champion is a labeler of the dataset, only the
    documents with human labels count: by its own labels it is always right.

    Args:
        champion: the champion's version.
        classes: class names of the dataset.
        ingest_run: the dataset's ingest run.

    Returns:
        Bool array of shape (test documents,).

    Raises:
        NotComparable: other classes, an unknown or another corpus, or too few documents that the champion has not seen,
            or labelled.
    """
    try:
        theirs = read_classes(version_origin(champion)) if CLASSES in champion.tags else None
    except UserError as error:
        raise NotComparable(f"has more classes than its tag {CLASSES} holds, and {error}") from error
    if theirs is not None and theirs != classes:
        raise NotComparable(f"knows other classes ({_list_some(theirs)}; these are {_list_some(classes)})")
    dataset = artifacts(ingest_run.info.run_id, DATASET)
    if champion.tags.get(DATASET_DIGEST) == origin(ingest_run).dataset_digest:
        return np.ones(len(_read_texts(dataset, "test")), dtype=bool)
    if INGEST_RUN not in champion.tags:
        raise NotComparable(f"has no tag {INGEST_RUN}, so its training texts are unknown")
    try:
        champion_run = checked_run(INGEST_RUN, champion.tags[INGEST_RUN], "ingest")
        champion_dataset = artifacts(champion_run.info.run_id, DATASET)
    except UserError as error:
        raise NotComparable(f"was trained on a corpus that is gone ({error})") from error
    seen_by_champion = _fitted_or_chosen_by(champion_dataset)
    champion_test = _read_texts(champion_dataset, "test").map(comparison_form)
    all_champion_texts = pd.concat([seen_by_champion, champion_test])
    documents = _read_documents(dataset)
    forms = documents["text"].map(comparison_form)
    shared = all_champion_texts.isin(forms).mean()
    if shared < SAME_CORPUS:
        raise NotComparable(
            f"is of another corpus ({shared:.0%} of its {len(all_champion_texts)} documents are in this one)"
        )
    seen = forms.isin(seen_by_champion)
    if GROUP in documents:  # a source's own splits may have near-duplicates in the test split from the beginning
        seen |= documents[GROUP].isin(documents[GROUP][seen]) & ~forms.isin(champion_test)
    unseen = ~seen.loc["test"].to_numpy()
    if unseen.sum() < MIN_DOCUMENTS:
        raise NotComparable(
            f"has seen all but {unseen.sum()} of these {len(unseen)} test documents or near-duplicates of them"
        )
    if LABELLED_BY in documents and _is_labeler(champion, documents[LABELLED_BY]):
        by_people = unseen & (documents.loc["test", LABELLED_BY] == HUMAN).to_numpy()
        if by_people.sum() < MIN_DOCUMENTS:
            raise NotComparable(
                f"is a labeler of this corpus, and only {by_people.sum()} of the {unseen.sum()} test documents that it "
                "has not seen have human labels"
            )
        return by_people
    return unseen


def read_classes(found: Origin) -> list[str]:
    """The class names of a compare run or a version: from its tag, or its ingest run if the tag cannot hold all.

    Raises:
        UserError: they are in no tag, and the ingest run is gone.
    """
    if found.classes is not None:
        return found.classes
    ingest_run = checked_run(INGEST_RUN, found.ingest_run, "ingest")
    return sorted(read_json(ingest_run.info.run_id, PROFILE)["train"]["classes"])


def trained_on(dataset: Path, texts: pd.Series, cut_at: int | None = None) -> np.ndarray:
    """Whether each text is in a dataset's training or validation split, on which a model was fitted or selected.

    Args:
        dataset: the dataset's folder.
        texts: strings; a missing one is in neither.
        cut_at: characters to which longer texts were cut, so that one of this length may be a prefix of another.

    Returns:
        Bool array of shape (texts,).
    """
    forms = texts.map(comparison_form, na_action="ignore")
    known = forms.isin(_fitted_or_chosen_by(dataset))
    if cut_at and (cut := texts.str.len() == cut_at).any():
        known |= cut & forms.isin(_read_texts(dataset, *SEEN).str[:cut_at].map(comparison_form))
    return known.to_numpy()


def trained_on_digests(dataset: Path, digests: pd.Series) -> np.ndarray:
    """:func:`trained_on` for texts of which only the SHA-256 is known, so that only exact matches count."""
    return digests.isin(_read_texts(dataset, *SEEN).map(text_digest)).to_numpy()


def training_texts(uri: str) -> set[str]:
    """The texts of a registered version's training and validation split, in their comparison form.

    Args:
        uri: ``models:/name/number``; for any other model the set is empty.
    """
    try:
        version = registered_version(uri)
        ingest_run = version.tags.get(INGEST_RUN) if version else None
        if ingest_run is None:
            return set()
        return set(_fitted_or_chosen_by(artifacts(ingest_run, DATASET)))
    except (UserError, MlflowException):  # deleted since
        return set()


def _read_documents(dataset: Path) -> pd.DataFrame:
    """The texts and, where there are some, near-duplicates' groups and labelers; the index begins with the split."""
    names = pq.read_schema(dataset / "test.parquet").names
    columns = [name for name in names if name in ("text", GROUP, LABELLED_BY)]
    return pd.concat({split: pd.read_parquet(dataset / f"{split}.parquet", columns=columns) for split in SPLITS})


def _is_labeler(champion: ModelVersion, labelled_by: pd.Series) -> bool:
    """Whether a version, or the one that it is a copy of, labelled some of a dataset's texts, alone or in a vote."""
    uris = {f"models:/{champion.name}/{champion.version}", champion.source}
    return any(uris.intersection(givers.split(TOGETHER)) for givers in labelled_by.unique())


def _read_texts(dataset: Path, *splits: str) -> pd.Series:
    return pd.concat(pd.read_parquet(dataset / f"{split}.parquet", columns=["text"])["text"] for split in splits)


def _fitted_or_chosen_by(dataset: Path) -> pd.Series:
    """The comparison form of the training and validation texts."""
    return _read_texts(dataset, *SEEN).map(comparison_form)


def _list_some(classes: list[str]) -> str:
    return ", ".join(classes[:SHOWN]) + (f", … of {len(classes)}" if len(classes) > SHOWN else "")
