"""What the lexicon is worth to the networks.

    NLTK_DATA=… python benchmarks/network_lexicon.py [--corpora sample movie_reviews path/to/folder/*.csv] [--seeds 3]
    # keeps its table in network_lexicon.md

Texts of the training and validation split of seed 42 are split again, once for each seed, and a network with the
default hyperparameters is fitted with and without the lexicon. The test split stays away: defaults were chosen by this.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from project import encode
from report import MACHINE, keep

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, split
from sentiment.evaluation.metrics import log_loss
from sentiment.model.families import get_family
from sentiment.model.training import Training, accuracy

FAMILIES, LEXICONS = ("lstm", "transformer"), ("none", "vader")


def measure(frame, seed, folder):
    """The accuracy and the log loss on a quarter of the texts, by family and lexicon."""
    parts = split(frame, 0.25, 0.15, seed, True)
    features = encode(parts, folder)
    labels, found = features.labels("test"), {}
    for family in map(get_family, FAMILIES):
        for lexicon in LEXICONS:
            training = Training(seed=seed)
            family.prepare()
            model = family.fit(features, family.defaults | {"lexicon": lexicon}, training, lambda *_: None)
            probabilities = model.predict_split(features, "test")
            found[family.name, lexicon] = accuracy(labels, probabilities), log_loss(labels, probabilities)
    return found


def main(corpora, seeds):
    found = {}  # by corpus: the figures of each seed
    for corpus in corpora:
        parts = split(clean(CorpusInput(Corpus(corpus)).read())[0], 0.2, 0.2, 42, True)
        frame = pd.concat([parts["train"], parts["validation"]], ignore_index=True)
        runs = found[Path(corpus).stem] = []
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(measure(frame, seed, Path(folder)))
        report(found, seeds)


def report(found, seeds):
    """Print what has been measured so far and keep it."""
    lines = [
        "# What the lexicon is worth to networks",
        "",
        f"{MACHINE}. Default hyperparameters, five epochs; means over {seeds} splits of the texts that are not in the "
        "test split of seed 42. amazon_snippets and rated_tweets come from the paper of VADER; see "
        "[lexicon.md](lexicon.md).",
        "",
        "| family | corpus | accuracy without lexicon | with it | gain | log loss without lexicon | with it |",
        "|---|---|---|---|---|---|---|",
    ]
    for family in FAMILIES:
        rows = {
            corpus: [
                [statistics.mean(run[family, lexicon][figure] for run in runs) for lexicon in LEXICONS]
                for figure in (0, 1)
            ]
            for corpus, runs in found.items()
        }
        rows["mean"] = np.mean(list(rows.values()), axis=0).tolist()
        for corpus, (accuracies, losses) in rows.items():
            without, gained = accuracies
            lines.append(
                f"| {family} | {corpus} | {without:.4f} | {gained:.4f} | {gained - without:+.4f} "
                f"| {losses[0]:.3f} | {losses[1]:.3f} |"
            )
    keep(__file__, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample", "movie_reviews"])
    arguments.add_argument("--seeds", type=int, default=3)
    main(**vars(arguments.parse_args()))
