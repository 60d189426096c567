"""How good the families are on movie_reviews, over several seeds, beside what is known of the corpus.

    NLTK_DATA=… python benchmarks/quality.py [--seeds 3] [--glove file]
    # keeps its table in quality.md

For each seed from 42 on: the whole chain, on a split of that seed. The test split is looked at in its last step, once
the winner is known. With a GloVe text file (100 dimensions, such as glove.6B.100d.txt; the npm package wink-embeddings-
sg-100d has such vectors as JSON) the lstm starts from its vectors.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from project import comparison, encode, find_runs, mlflow_run
from report import MACHINE, keep

from sentiment.model.families import simple
from sentiment.model.linear.fitting import cross_validate
from sentiment.model.space import drop_inactive
from sentiment.model.training import Training

CORPUS = "corpus=movie_reviews stratify=false"
SEARCH = "epochs=10 max_evals=4 members=3 max_length=800"
FOLDS = 10
(LONG_TEXTS,) = (point for point in simple.STARTS if point.get("word_weighting") == "ratio")
BOUNDS = {
    "champion": (
        0.915,
        "0.7975 of a tuned dense network, 0.8925 of NB-SVM with fixed settings, on the split of seed 42",
    ),
    "simple, 10-fold": (0.915, "0.8945 published for NB-SVM (Wang and Manning 2012)"),
    "simple": (None, ""),
    "ensemble": (None, ""),  # in splits where one family does not get all the weight
    "lstm": (0.86, "0.7775 of a plain biLSTM on 400 tokens"),
    "transformer": (0.87, "0.82, plain, on 400 tokens"),
    "champion's calibration error": (0.04, ""),
}


def cross_validated(folder, seed):
    """Accuracy of ``simple`` at its starting point for long texts in a cross-validation over all documents."""
    dataset = Path(mlflow.artifacts.download_artifacts(f"runs:/{find_runs('ingest')[0].info.run_id}/dataset"))
    whole = pd.concat([pd.read_parquet(part) for part in sorted(dataset.glob("*.parquet"))]).sample(
        frac=1, random_state=0
    )
    parts = {
        "train": whole[:-2],
        "validation": whole[-2:],
        "test": whole[:1],
    }  # one is left out
    params = drop_inactive(simple.SPACE, simple.DEFAULTS | LONG_TEXTS)
    return cross_validate(encode(parts, folder), params, Training(seed=seed), FOLDS)


def main(seeds, glove):
    figures = {name: [] for name in BOUNDS}
    vectors = f" embedding=glove embedding_file={glove}" if glove else ""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(42, 42 + seeds):
            mlflow_run(folder, "main", f"{CORPUS} {SEARCH}{vectors} seed={seed} split_seed={seed}")
            compared = comparison()
            rows = {row["family"]: row for row in compared["rows"]}
            for family, row in rows.items():
                figures[family].append(row["test_accuracy"])
            figures["champion"].append(rows[compared["winner"]]["test_accuracy"])
            figures["champion's calibration error"].append(rows[compared["winner"]]["calibration_error"])
            with tempfile.TemporaryDirectory() as scratch:
                figures["simple, 10-fold"].append(cross_validated(Path(scratch), seed))
            report(figures, glove)


def report(figures, glove):
    """Print what has been measured so far, a dict from the rows' names to lists of figures, and keep it."""
    seeds = len(figures["champion"])
    embedding = f"word vectors of the lstm: {'GloVe, 100 dimensions' if glove else 'none, learned as it trains'}"
    lines = [
        "# Quality on movie_reviews",
        "",
        f"{MACHINE}. Splits of {seeds} seed(s) from 42 on, "
        f"`-P {CORPUS.replace(' ', ' -P ')} -P {SEARCH.replace(' ', ' -P ')}`; "
        f"{embedding}; accuracy on the test split (400 reviews), chosen without it. "
        "The figures in brackets are the lowest and the highest.",
        "",
        "| | known before | bound | measured | reached on average |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures.items():
        if found:
            bound, known = BOUNDS[name]
            spread = f" ({min(found):.4f} to {max(found):.4f}; seed 42: {found[0]:.4f})" if len(found) > 1 else ""
            spread += f" ({len(found)} of {seeds} splits)" if len(found) < seeds else ""
            mean, low_is_good = statistics.mean(found), "error" in name
            limit, reached = "", ""
            if bound:
                limit = f"{'≤' if low_is_good else '≥'} {bound}"
                reached = "yes" if (mean <= bound if low_is_good else mean >= bound) else "no"
            lines.append(f"| {name} | {known} | {limit} | {mean:.4f}{spread} | {reached} |")
    keep(__file__, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--glove", type=lambda path: Path(path).resolve())
    main(**vars(arguments.parse_args()))
