"""What the lexicon of ``simple`` is worth by the number of training texts, and on a task that is not about sentiment.

    NLTK_DATA=… python benchmarks/lexicon.py [--corpora sample movie_reviews path/to/folder/*.csv] [--seeds 2]
    # keeps its table in lexicon.md

For each corpus, each seed from 42 on and each number of training texts: the trials of a search with the defaults, with
and without the lexicon, on the same texts; the best by cross-validation on training and validation split is fitted on
both and measured on the whole test split, beside the ten lines of corpora.py. The task that is not about sentiment is
to tell from which of the first two corpora a text is.
"""

import argparse
import itertools
import math
import statistics
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import pandas as pd
from corpora import ten_lines
from project import encode
from report import MACHINE, keep

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, split
from sentiment.model.families import get_family, simple
from sentiment.model.space import drop_inactive
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.training import Training, accuracy

SIZES = (200, 500, 1_000, None)  # of training and validation split together; None for all
POINTS = [simple.DEFAULTS | changes for changes in ({}, *simple.STARTS)]
WITH = [drop_inactive(simple.SPACE, params) for params in POINTS]
WITHOUT = [params | {"lexicon": "none"} for params in WITH]
VARIANTS = {"without": WITHOUT, "with": WITH}


def search(features, seed):
    """For each variant, the accuracy on the test split of the point that a cross-validation chooses, and its point."""
    family, training = get_family("simple"), Training(seed=seed)

    @cache
    def validate(point):
        return family.cross_validate(features, dict(point), training)

    @cache
    def test(point):
        model = family.refit(features, dict(point), training, None)
        return accuracy(features.labels("test"), model.predict_split(features, "test"))

    found = {}
    for name, trials in VARIANTS.items():
        best = max((tuple(params.items()) for params in trials), key=validate)
        found[name] = {"accuracy": test(best), "lexicon": dict(best)["lexicon"] == "vader"}
    return found


def measure(frame, seed, size, folder):
    parts = split(frame, 0.2, 0.2, seed, True)
    if size:  # the rows have the order of a hash
        parts |= {"train": parts["train"][: int(size * 0.8)], "validation": parts["validation"][: int(size * 0.2)]}
    features = encode(parts, folder)
    peer = ten_lines(pd.concat([parts["train"], parts["validation"]]), parts["test"])
    return {"ten lines": peer, **search(features, seed)}


def read(corpora):
    """Each corpus by its name, and the first two as one, of their words alone, with their names as labels."""
    frames = {Path(corpus).stem: clean(CorpusInput(Corpus(corpus)).read())[0] for corpus in corpora}
    both = pd.concat([frame.assign(label=name) for name, frame in itertools.islice(frames.items(), 2)])
    both["text"] = [" ".join(Cleaner().tokens(text)) for text in both["text"]]  # no blanks and no case to tell them by
    return frames | {"which corpus": clean(both)[0]}


def main(corpora, seeds, sizes):
    found = defaultdict(list)  # by corpus and size: the figures of each seed
    for size, (name, frame) in itertools.product(sizes, read(corpora).items()):
        for seed in range(42, 42 + seeds):
            with tempfile.TemporaryDirectory() as folder:
                found[name, size].append(measure(frame, seed, size, Path(folder)))
        report(found, seeds)


def report(found, seeds):
    """Print what has been measured so far and keep it."""
    lines = [
        "# The gain of the lexicon",
        "",
        f"{MACHINE}. Accuracy on the test split, means over the splits of {seeds} seed(s) from 42 on; each model is "
        "chosen by cross-validation on its training texts among the five trials that a search starts with. Chosen: in "
        "how many of the searches the cross-validation has chosen the lexicon. "
        "amazon_snippets and rated_tweets come from the paper of VADER, whose lexicon may have been made with an eye "
        "on texts like these, and customer_reviews has 1,095 of the 2,927 sentences of the former; sample and "
        "movie_reviews are independent of it. In `which corpus` the label is the name "
        "of the corpus that a text comes from.",
        "",
        "| corpus | training texts | ten lines | without lexicon | with it | gain | chosen |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, size), runs in sorted(found.items(), key=lambda row: (row[0][0], row[0][1] or math.inf)):
        peer, without, gained = (
            statistics.mean(run[model]["accuracy"] for run in runs) for model in ("ten lines", *VARIANTS)
        )
        chosen = sum(run["with"]["lexicon"] for run in runs)
        lines.append(
            f"| {name} | {size or 'all'} | {peer:.4f} | {without:.4f} | {gained:.4f} | {gained - without:+.4f} "
            f"| {chosen} of {len(runs)} |"
        )
    keep(__file__, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample", "movie_reviews"])
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="0 for all")
    main(**vars(arguments.parse_args()))
