"""Every family beside ten lines of scikit-learn, on several corpora and seeds.

    NLTK_DATA=… python benchmarks/corpora.py [--corpora sample path/to/folder/*.csv movie_reviews] [--seeds 5]
        [--families simple lstm transformer] [--set max_evals=5 epochs=5]
    # keeps its table in corpora.md

For each corpus and each seed from 42 on: the steps ingest, featurize, tune and compare in this process, on a split of
that seed, and the ten lines, which are fitted on the training and validation split together, on the same split. CSV
files have the columns text and label. The champion is the family that compare chooses without the test split.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from report import MACHINE, keep
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from sentiment.corpora.reading import CorpusInput
from sentiment.evaluation.metrics import METRICS
from sentiment.tracking import ENTRY_POINT
from sentiment.workflow.logged_parameters import log_parameters
from sentiment.workflow.parameters import CompareParameters, FeaturizeParameters, IngestParameters, TuneParameters
from sentiment.workflow.process import quieten
from steps.compare import compare
from steps.featurize import featurize
from steps.ingest import ingest
from steps.tune import tune

CORPORA = ("sample", "movie_reviews")
FIGURES = {"accuracy": "{:.4f}", "f1_macro": "{:.4f}", "log_loss": "{:.3f}", "calibration_error": "{:.3f}"}
PEER, ENSEMBLE, CHAMPION = "ten lines", "ensemble", "champion"
LEXICON = (
    "amazon_snippets and rated_tweets come from the paper of the lexicon that all families read, and sentences of\n"
    "customer_reviews are among those of amazon_snippets: the lexicon's authors have not seen the other corpora\n"
    "([lexicon.md](lexicon.md))."
)


def ten_lines(train, test):
    """What a user would write instead of running this project. It gives no probabilities."""
    words = TfidfVectorizer(token_pattern=r"[^\s]+", ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    pipeline = make_pipeline(make_union(words, characters), LinearSVC())
    search = GridSearchCV(pipeline, {"linearsvc__C": [0.1, 0.3, 1]}, cv=3)
    search.fit(train["text"], train["label"])
    predicted = search.predict(test["text"])
    return {
        "accuracy": accuracy_score(test["label"], predicted),
        "f1_macro": f1_score(test["label"], predicted, average="macro"),
    }


def run_step(step, parameters, *inputs, **options):
    """Run a step in this process, and return its finished run and its duration in seconds."""
    started = time.time()
    with mlflow.start_run(tags={ENTRY_POINT: step.__name__}) as run:
        log_parameters(parameters)
        step(parameters, *inputs, **options)
    return mlflow.get_run(run.info.run_id), time.time() - started


def measure(corpus, seed, families, settings):
    """A dict from each model to its figures on the test split."""
    given = IngestParameters(corpus=corpus, split_seed=seed)
    ingested, _ = run_step(ingest, given, CorpusInput(given.source))
    dataset = Path(mlflow.artifacts.download_artifacts(f"runs:/{ingested.info.run_id}/dataset"))
    train, validation, test = (pd.read_parquet(dataset / f"{name}.parquet") for name in ("train", "validation", "test"))
    started = time.time()
    found = {PEER: ten_lines(pd.concat([train, validation]), test)}
    found[PEER]["seconds"] = time.time() - started

    featurized, encoding_seconds = run_step(featurize, FeaturizeParameters(), ingested)
    tuned, seconds = [], {}
    for family in families:
        parameters = TuneParameters(family=family, seed=seed, **settings)
        run, seconds[family] = run_step(tune, parameters, featurized, hold=lambda: None)
        tuned.append(run)
    compared, comparison_seconds = run_step(compare, CompareParameters(seed=seed), tuned)
    comparison = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")
    for row in comparison["rows"]:
        figures = {name: row[METRICS[name].key] for name in FIGURES}
        searches = row.get("weights", [row["family"]])  # of an ensemble those of its members
        found[row["family"]] = figures | {"seconds": encoding_seconds + sum(seconds[family] for family in searches)}
    if len(families) > 1:
        whole = encoding_seconds + sum(seconds.values()) + comparison_seconds
        found[CHAMPION] = found[comparison["winner"]] | {"seconds": whole}
    return found


def main(corpora, seeds, families, settings):
    quieten()
    found = defaultdict(lambda: defaultdict(list))  # by corpus, then by model: the figures of each seed
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("corpora", f"{folder}/artifacts")
        mlflow.set_experiment("corpora")
        for corpus in corpora:
            for seed in range(42, 42 + seeds):
                for model, figures in measure(corpus, seed, families, settings).items():
                    found[Path(corpus).stem][model].append(figures)
                report(found, seeds, families, settings)


def report(found, seeds, families, settings):
    """Print what has been measured so far and keep it."""
    given = " ".join(f"-P {name}={value}" for name, value in {"families": ",".join(families), **settings}.items())
    lines = [
        "# Compared with ten lines of scikit-learn, by corpus",
        "",
        f"{MACHINE}. Splits of {seeds} seed(s) from 42 on, `{given}`, otherwise the defaults; figures of the test "
        "splits, chosen without them: means over the seeds, in brackets the lowest and the highest accuracy. "
        f"The {PEER}: TF-IDF of words (1 to 2) and of characters inside words (2 to 5), LinearSVC, C by 3-fold "
        "cross-validation. Seconds are those of featurize and tune; for the champion, of the whole chain after ingest.",
        "",
        "| corpus | model | accuracy | macro F1 | log loss | calibration error | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    means = defaultdict(list)
    for corpus, models in found.items():
        for model in filter(models.get, (PEER, *families, ENSEMBLE, CHAMPION)):
            runs = models[model]
            mean = {name: statistics.mean(run[name] for run in runs) for name in runs[0]}
            accuracies = [run["accuracy"] for run in runs]
            spread = f" ({min(accuracies):.4f} to {max(accuracies):.4f})"
            if len(runs) < len(models[PEER]):
                spread += f", {len(runs)} of {len(models[PEER])} splits"
            else:
                means[model].append(mean)
            lines.append(row(corpus, model, mean, spread))
    for model, rows in means.items():
        if len(rows) == len(found) > 1:
            lines.append(row("mean", model, {name: np.mean([one[name] for one in rows]) for name in rows[0]}))
    if len(families) > 1:
        lines += ["", f"Splits where one family gets all the weight have no {ENSEMBLE}."]
    lines += ["", LEXICON]
    keep(__file__, lines)


def row(corpus, model, figures, spread=""):
    shown = [text.format(figures[name]) if name in figures else "–" for name, text in FIGURES.items()]
    return f"| {corpus} | {model} | {shown[0]}{spread} | {' | '.join(shown[1:])} | {figures['seconds']:.1f} |"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=CORPORA)
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--families", nargs="+", default=["simple", "lstm", "transformer"])
    arguments.add_argument("--set", dest="settings", nargs="*", default=[], help="parameters of tune: max_evals=5")
    given = vars(arguments.parse_args())
    given["settings"] = dict(one.split("=", 1) for one in given["settings"])
    main(**given)
