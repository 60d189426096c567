"""The main job on movie_reviews beside a plain Keras Tuner search, one after the other on the same machine.

    NLTK_DATA=… python benchmarks/main.py            # prints the table and keeps it in benchmarks/main.md

The main job tunes three families, compares, registers and logs all of it; the peer (keras_tuner_dense.py) tunes one
network and logs nothing.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import MACHINE, PROJECT, keep

from sentiment.workflow.launch import use_this_python


def main_job(corpus):
    """Seconds of the whole process, and the rows of comparison.json."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mlflow", "run", str(PROJECT), "--env-manager", "local", "-P", f"corpus={corpus}"]
        started = time.time()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        seconds = time.time() - started
        comparison = next(Path(folder).glob("mlruns/*/*/artifacts/comparison.json"))
        return seconds, json.loads(comparison.read_text())["rows"]


def peer():
    """Seconds of the whole process, and what it printed."""
    started = time.time()
    process = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("keras_tuner_dense.py"))],
        check=True,
        capture_output=True,
        text=True,
    )
    return time.time() - started, json.loads(process.stdout.splitlines()[-1])


def main(repeats=1):
    use_this_python()
    sample, ours, theirs = [], [], []
    for _ in range(repeats):
        sample.append(main_job("sample"))
        ours.append(main_job("movie_reviews"))
        theirs.append(peer())

    def seconds(measured):
        return statistics.median(second for second, _ in measured)

    plain = theirs[-1][1]
    lines = [
        "# Main job beside a plain Keras Tuner search",
        "",
        f"{MACHINE}, {repeats} run(s) each, medians.",
        "",
        "| job | seconds | of the peer's time |",
        "|---|---|---|",
        f"| `mlflow run .` on the sample | {seconds(sample):.0f} | |",
        f"| `mlflow run . -P corpus=movie_reviews`, 3 families | {seconds(ours):.0f} "
        f"| {seconds(ours) / seconds(theirs):.2f} |",
        f"| plain Keras Tuner, {plain['trials']} trials of a dense network, no tracking | {seconds(theirs):.0f} | 1 |",
        "",
        "| movie_reviews, same splits | validation accuracy | test accuracy | 95% interval |",
        "|---|---|---|---|",
    ]
    for row in ours[-1][1]:
        interval = f"{row['test_accuracy_low']:.3f} to {row['test_accuracy_high']:.3f}"
        lines.append(
            f"| {row['family']} | {row['validation_accuracy']:.4f} | {row['test_accuracy']:.4f} | {interval} |"
        )
    lines.append(f"| dense, plain Keras Tuner | {plain['validation_accuracy']:.4f} | {plain['test_accuracy']:.4f} | |")
    keep(__file__, lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
