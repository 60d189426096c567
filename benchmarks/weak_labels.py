"""What weak labels are worth: VADER alone, a model trained on its labels, and one trained on those of people.

    python benchmarks/weak_labels.py [--corpora sample path/to/folder/*.csv] [--seeds 3]
    # keeps its table in weak_labels.md

All are measured on the same test splits, with the labels of people. The model is `simple` with the hyperparameters that
its search starts from, fitted on training and validation split; nothing is chosen. `few` are the first 200 of these
texts, which people have labelled.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import pandas as pd
from project import encode
from report import MACHINE, keep

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import HUMAN, LABELLED_BY, VOTE
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, split
from sentiment.labelling.weak_labels import ABSTAINED, Thresholds, add_weak_labels
from sentiment.model.families import get_family, simple
from sentiment.model.space import drop_inactive
from sentiment.model.training import Training, accuracy
from sentiment.workflow.parameters import IngestParameters

FEW = 200
COLUMNS = (
    "vader",
    "coverage",
    "where it gives a class",
    "weak",
    "weak, no lexicon",
    "few",
    "people",
    "people, no lexicon",
)


def fit_and_score(parts, lexicon, seed):
    """Accuracy on the test split of a model that was fitted on the others."""
    params = drop_inactive(simple.SPACE, simple.DEFAULTS | {"lexicon": lexicon})
    with tempfile.TemporaryDirectory() as folder:
        features = encode(parts, Path(folder))
        model = get_family("simple").refit(features, params, Training(seed=seed), None)
        return accuracy(features.labels("test"), model.predict_split(features, "test"))


def measure(frame, seed):
    people = split(frame, 0.2, 0.2, seed, True)
    # People have labelled the test split alone.
    hidden = {name: part if name == "test" else part.assign(label="") for name, part in people.items()}
    defaults = IngestParameters()
    thresholds = Thresholds(defaults.negative_to, defaults.positive_from, defaults.between)
    labelled, _ = add_weak_labels(
        pd.concat([part.assign(split=name) for name, part in hidden.items()], ignore_index=True), ["vader"], thresholds
    )
    test = labelled[labelled["split"] == "test"]
    assert (test[LABELLED_BY] == HUMAN).all()
    gives, right = test[VOTE] != ABSTAINED, test[VOTE] == test["label"]
    weak = {name: labelled[(labelled["split"] == name) & (labelled["label"] != "")] for name in people}
    few = people | {"train": people["train"][: int(FEW * 0.8)], "validation": people["validation"][: int(FEW * 0.2)]}
    figures = right.mean(), gives.mean(), right[gives].mean()
    figures += tuple(
        fit_and_score(parts, lexicon, seed)
        for parts, lexicon in ((weak, "vader"), (weak, "none"), (few, "vader"), (people, "vader"), (people, "none"))
    )
    return dict(zip(COLUMNS, map(float, figures)))


def report(found, seeds):
    """Print what has been measured so far and keep it."""
    lines = [
        "# What weak labels are worth",
        "",
        f"{MACHINE}. Accuracy against human labels on the test split, means over the splits of {seeds} seed(s) "
        "from 42 on, with the standard deviation over these. `vader`: VADER alone with the default thresholds, wrong "
        "where it gives no class, which of two classes it does between the thresholds; coverage: the share to which it "
        "gives one, and its accuracy on these. "
        "`weak`, `people`: `simple` trained on the labels of VADER, or of people, for the same texts; `few`: of people "
        f"for {FEW} of them. The authors of VADER made amazon_snippets and rated_tweets, and its lexicon may have been "
        "made with an eye on texts like these; customer_reviews has 1,095 of the 2,927 sentences of the former; sample "
        "is independent of it. `simple` has VADER's scores as features, with which it repeats VADER's labels "
        "nearly exactly; `no lexicon` is without them.",
        "",
        f"| corpus | {' | '.join(COLUMNS)} |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, runs in found.items():
        cells = []
        for column in COLUMNS:
            values = [run[column] for run in runs]
            cells.append(f"{statistics.mean(values):.3f} ± {statistics.pstdev(values):.3f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    keep(__file__, lines)


def main(corpora, seeds):
    found = defaultdict(list)
    for corpus in corpora:
        frame = clean(CorpusInput(Corpus(corpus)).read())[0]
        for seed in range(42, 42 + seeds):
            found[Path(corpus).stem].append(measure(frame, seed))
            report(found, seeds)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample"])
    arguments.add_argument("--seeds", type=int, default=3)
    main(**vars(arguments.parse_args()))
