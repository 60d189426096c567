"""A million short reviews through ``-e predict``, beside the bare estimator on the same texts in memory.

    python benchmarks/predict.py [rows]     # prints the table and keeps it in predict.md

The estimator is given all texts at once, and in lists of 5,000, which spares its memory and is faster. Each is a
process of its own, so that the memory is its own.
"""

import json
import sys
import tempfile
from pathlib import Path

import pandas as pd
from project import environment, mlflow_run, timed
from report import MACHINE, PROJECT, keep

STEPS = (["ingest"], ["featurize"], ["tune", "max_evals=1"], ["compare"], ["register"])
MEASURED = "import json, resource; print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))"
ESTIMATOR = """
import time, sys, mlflow, pandas as pd
model = mlflow.pyfunc.load_model("models:/sentiment@champion").get_raw_model()
texts, size = pd.read_csv("reviews.csv")["text"].tolist(), int(sys.argv[1])
model.predict_proba(texts[:5000])
started = time.time()
for start in range(0, len(texts), size):
    model.predict_proba(texts[start:start + size])
seconds = time.time() - started
"""
PREDICT = """
import time, sys
from steps.__main__ import start
started = time.time()
start("predict", ["--input=reviews.csv", "--output=" + sys.argv[1]])
import mlflow
run = mlflow.search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'predict'", max_results=1, output_format="list")[0]
seconds = run.data.metrics["rows"] / run.data.metrics["rows_per_second"]
"""


def measured(code, argument, folder):
    """Seconds and MB of a process."""
    command = [sys.executable, "-c", code + MEASURED, argument]
    _, printed = timed(command, cwd=folder, env=environment() | {"PYTHONPATH": str(PROJECT)})
    seconds, kilobytes = json.loads(printed.splitlines()[-1])
    return seconds, kilobytes / 1000


def main(rows):
    sample = pd.read_csv(PROJECT / "sentiment" / "corpora" / "sample" / "reviews.csv")["text"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            mlflow_run(folder, *step)
        texts = (sample * (rows // len(sample) + 1))[:rows]
        pd.DataFrame({"id": range(rows), "text": texts}).to_csv(Path(folder) / "reviews.csv", index=False)
        found = {
            "bare estimator, all at once": measured(ESTIMATOR, str(rows), folder),
            "bare estimator, 5,000 at a time": measured(ESTIMATOR, "5000", folder),
            "`-e predict`, csv to parquet": measured(PREDICT, "scored.parquet", folder),
            "`-e predict`, csv to csv": measured(PREDICT, "scored.csv", folder),
        }
    base = rows / found["bare estimator, 5,000 at a time"][0]
    keep(
        __file__,
        [
            "# A million short reviews",
            "",
            f"{MACHINE}; {rows:,} reviews of 100 characters on average, `simple` (blend) trained on the "
            "sample. The time of `predict` includes reading, writing, the start of the process and loading the model.",
            "",
            "| | reviews/s | of the estimator | peak MB |",
            "|---|---|---|---|",
            *(
                f"| {name} | {rows / seconds:,.0f} | {rows / seconds / base:.2f} | {mb:,.0f} |"
                for name, (seconds, mb) in found.items()
            ),
        ],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
