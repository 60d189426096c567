"""Likely label errors, by confident learning (Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125).

The probabilities come from a logistic regression on unigrams and bigrams, and on VADER's scores of short English
texts, for texts that it was not fitted on: for the training and validation splits by cross-validation, for the test
split by a model of the other two. No model is fitted on test texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sentiment.model.folds import count_folds, split_folds
from sentiment.quality.finding import Finding
from sentiment.quality.personal_data import excerpt

FOLDS = 5
C = 3.0  # inverse strength of the regularization; on four of five corpora the list was better than with 10
MIN_TEXTS = 2  # with a word or pair: one in a single text says nothing about others
EXAMPLES = 5


def find_label_errors(
    documents: Sequence[list[str]],
    labels: np.ndarray,
    is_test: np.ndarray,
    lexicon: bool,
    seed: int,
    groups: np.ndarray | None = None,
) -> pd.DataFrame:
    """The texts whose labels are likely wrong, the likeliest first.

    Args:
        documents: the tokens of each text.
        labels: class names, of shape (texts,).
        is_test: bool array of shape (texts,), whether a text is in the test split.
        lexicon: whether VADER's scores are among the inputs.
        seed: of the folds.
        groups: of near-duplicates, int array of shape (texts,), which share a fold: a model that has seen a copy
            predicts the copy's label. None if each text is its own.

    Returns:
        The columns ``row`` (the text's position), ``suggested`` (a class name) and ``probability`` (of that class: 0
        to 1). Empty if there is one class, if one has a single text outside the test split, or no word is in two texts.
    """
    classes, numbers = np.unique(labels, return_inverse=True)
    nothing = pd.DataFrame(
        {"row": np.array([], int), "suggested": np.array([], str), "probability": np.array([], float)}
    )
    own = None if groups is None else groups[~is_test]
    folds = count_folds(numbers[~is_test], own, FOLDS) if len(np.unique(numbers[~is_test])) == len(classes) else 0
    if folds < 2 or len(classes) < 2:
        return nothing
    inputs = weigh(documents, is_test, lexicon)
    if not inputs.shape[1]:
        return nothing
    probabilities = predict_out_of_fold(inputs, numbers, is_test, folds, seed, groups)
    thresholds = confident_thresholds(probabilities[~is_test], numbers[~is_test])
    suspected = find_off_diagonal(probabilities, numbers, thresholds)
    suggested = probabilities.argmax(axis=1)
    rows = np.arange(len(numbers))
    margin = probabilities[rows, suggested] - probabilities[rows, numbers]
    rows = np.flatnonzero(suspected)[np.argsort(-margin[suspected], kind="stable")]
    return pd.DataFrame(
        {"row": rows, "suggested": classes[suggested[rows]], "probability": probabilities[rows, suggested[rows]]}
    )


def confident_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean probability of each class over the texts that are labelled with it: equation 2 of the paper.

    Args:
        probabilities: float array of shape (texts, classes), of texts that were not fitted on.
        labels: int array of shape (texts,).

    Returns:
        float64 array of shape (classes,).
    """
    return np.array([probabilities[labels == number, number].mean() for number in range(probabilities.shape[1])])


def find_off_diagonal(probabilities: np.ndarray, labels: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Whether the confident joint (equation 1) counts a text off its diagonal, in the column of its likeliest class.

    With two classes that is every text off the diagonal. With more, a text may reach the low threshold of a rare class
    while another class is likelier, which is its own label or is below its threshold: such a text is left out.

    Args:
        probabilities: float array of shape (texts, classes).
        labels: int array of shape (texts,).
        thresholds: of :func:`confident_thresholds`.

    Returns:
        bool array of shape (texts,).
    """
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    likeliest = probabilities.argmax(axis=1)
    return (confident.max(axis=1) >= 0) & (confident.argmax(axis=1) == likeliest) & (likeliest != labels)


def predict_out_of_fold(
    inputs: Any, labels: np.ndarray, is_test: np.ndarray, folds: int, seed: int, groups: np.ndarray | None = None
) -> np.ndarray:
    """Probabilities from models that were not fitted on the text: float64 of shape (texts, classes).

    Args:
        inputs: of :func:`weigh`, of shape (texts, terms).
        labels: int array of shape (texts,).
        is_test: bool array of shape (texts,).
        folds: their number.
        seed: of the folds.
        groups: of texts that share a fold, int array of shape (texts,); None if each is its own.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    known = np.flatnonzero(~is_test)
    splits = split_folds(labels[known], None if groups is None else groups[known], folds, seed)
    rounds = [(known[inside], known[outside]) for inside, outside in splits]
    if is_test.any():
        rounds.append((known, np.flatnonzero(is_test)))
    probabilities = np.zeros((len(labels), labels.max() + 1))
    for inside, outside in rounds:
        model = OneVsRestClassifier(LogisticRegression(C=C, solver="liblinear", random_state=seed))
        probabilities[outside] = model.fit(inputs[inside], labels[inside]).predict_proba(inputs[outside])
    return probabilities


def describe_label_errors(suspects: pd.DataFrame, looked_at: int, tests: int) -> Finding:
    """The suspects of a list with the columns text, label, suggested, probability and split.

    Args:
        suspects: of all splits, the likeliest first.
        looked_at: the number of texts that were checked.
        tests: the number of them in the test split.
    """
    in_test = int((suspects["split"] == "test").sum())
    says = f"{len(suspects)} of {looked_at} labels are doubted by a model that was not trained on them"
    if suspects.empty:
        return Finding("Likely label errors", 0, f"{says}.")
    says += (
        ": read them in profile/label_suspects.csv from the top, correct the column label, or empty it to drop a "
        "text, and give the file back with -P corrections=."
    )
    if in_test:
        says += (
            f" {in_test} of them are in the test split: correcting only the doubted labels there can raise a "
            f"model's accuracy by up to {100 * in_test / tests:.1f} points without it being better."
        )
    shown = suspects.head(EXAMPLES)
    rows = [
        [row.label, row.suggested, f"{row.probability:.2f}", row.split, excerpt(row.text)]
        for row in shown.itertuples(index=False)
    ]
    header = ["label", "suggested", "probability", "split", "text"]
    return Finding("Likely label errors", len(suspects), says, examples=[header, *rows] if rows else [])


def weigh(documents: Sequence[list[str]], is_test: np.ndarray, lexicon: bool) -> Any:
    """TF-IDF of words and word pairs, learned outside the test split, and VADER's scores: CSR, one row per text."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    from sentiment.model.text.lexicon import make_polarity_weigher
    from sentiment.model.text.ngrams import mark_negation

    marked = [mark_negation(tokens) for tokens in documents]
    known = [tokens for tokens, test in zip(marked, is_test) if not test]
    texts_with = Counter(term for tokens in known for term in set(_words_and_pairs(tokens)))
    terms = sorted(term for term, count in texts_with.items() if count >= MIN_TEXTS)
    inputs = sparse.csr_array((len(marked), 0))
    if terms:
        counts = CountVectorizer(analyzer=_words_and_pairs, vocabulary=terms).transform(marked)
        inputs = TfidfTransformer(sublinear_tf=True).fit(counts[~is_test]).transform(counts)
    if lexicon:
        inputs = sparse.hstack([inputs, make_polarity_weigher()(list(documents))], format="csr")
    return sparse.csr_matrix(inputs)


def _words_and_pairs(tokens: list[str]) -> list[str]:
    return [*tokens, *map(" ".join, zip(tokens, tokens[1:]))]
