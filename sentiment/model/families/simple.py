"""Word n-grams and a linear model or naive Bayes: the baseline for the other families."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..space import Choice, LogUniform, Params, Space, Uniform
from . import Family, Model, OnEpoch

if TYPE_CHECKING:
    from ..training import Features, Training

LINEAR = ("logistic_regression", "linear_svm")

SPACE: Space = {
    "classifier": Choice((*LINEAR, "nb_svm", "blend", "multinomial_nb", "gaussian_nb")),
    "weighting": Choice(("tfidf", "counts", "binary"), when={"classifier": (*LINEAR, "multinomial_nb", "gaussian_nb")}),
    "word_weighting": Choice(("ratio_tfidf", "ratio", "tfidf"), when={"classifier": ("blend",)}),
    "max_order": Choice((1, 2, 3)),
    "max_terms": Choice((5_000, 20_000, 200_000), when={"classifier": (*LINEAR, "nb_svm", "blend", "multinomial_nb")}),
    "C": LogUniform(0.01, 100.0, when={"classifier": (*LINEAR, "nb_svm", "blend")}),
    "alpha": LogUniform(0.01, 10.0, when={"classifier": ("nb_svm", "blend", "multinomial_nb")}),
    "interpolation": Uniform(0.05, 1.0, when={"classifier": ("nb_svm",)}),
    "char_share": Uniform(0.1, 1.0, when={"classifier": ("blend",)}),
    "tail_weight": Uniform(0.0, 2.0, when={"classifier": ("blend",)}),
    "lexicon": Choice(("vader", "none"), when={"classifier": ("blend",)}),
    "var_smoothing": LogUniform(1e-9, 0.1, when={"classifier": ("gaussian_nb",)}),
}
DEFAULTS: Params = {
    "classifier": "blend",
    "weighting": "tfidf",
    "word_weighting": "ratio_tfidf",
    "max_order": 2,
    "max_terms": 200_000,
    "C": 0.3,
    "alpha": 1.0,
    "interpolation": 0.25,
    "char_share": 1.0,
    "tail_weight": 0.0,
    "lexicon": "vader",
    "var_smoothing": 0.01,
}
STARTS: tuple[Params, ...] = (
    {"word_weighting": "tfidf", "lexicon": "none"},  # with characters, the usual hand-written pipeline
    {"word_weighting": "ratio", "max_order": 3, "tail_weight": 1.0, "C": 1.0, "alpha": 4.0},  # for long texts
    {"lexicon": "none"},
    {"max_order": 3, "tail_weight": 1.0, "C": 1.0},
)


class SimpleFamily(Family):
    """Classifiers with scikit-learn's conventions (:mod:`sentiment.model.linear`)."""

    name = "simple"
    reads_ngrams = True
    requirements = ("scikit-learn", "scipy", "skops", "vaderSentiment")
    # A trial holds the n-grams of its texts in memory, about 40 MB for 1,000 texts of 20 words.
    search_texts = 50_000
    starts = STARTS

    def search_space(self, training: Training) -> tuple[Space, Params]:
        return SPACE, DEFAULTS

    def prepare(self) -> None:
        from ..linear import fitting  # noqa: F401

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        from ..linear.fitting import fit_linear

        return fit_linear(features, params, training, on_epoch)

    def cross_validate(self, features: Features, params: Params, training: Training) -> float | None:
        from ..linear.fitting import cross_validate

        return cross_validate(features, params, training)

    def refit(self, features: Features, params: Params, training: Training, model: Model) -> Model | None:
        from ..training import REFIT_SPLITS

        if sum(len(features.labels(split)) for split in REFIT_SPLITS) > self.search_texts:
            return None  # a quarter more texts changes little here
        from ..linear.fitting import refit_linear

        return refit_linear(features, params, training)

    def load(self, folder: Path) -> Model:
        from ..linear.fitting import load_linear

        return load_linear(folder)


FAMILY = SimpleFamily()
