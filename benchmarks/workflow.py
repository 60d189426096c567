"""What the workflow around the steps costs and saves.

    NLTK_DATA=… python benchmarks/workflow.py                # all of it, about an hour; keeps benchmarks/workflow.md
    python benchmarks/workflow.py rerun share                # some of it: rerun, share, parallel, kills

- rerun: main on the sample with nothing changed, beside ``mlflow run`` of a project that does nothing. - share: main on
the sample, less the longest chain of step bodies (ingest, featurize, the slowest tune, compare, register). - parallel:
main on movie_reviews, one family after the other and side by side. - kills: main on the sample (3 trials a family, 3
epochs) killed with SIGKILL, with all its processes, at random moments, and started again. The store is made before:
MLflow's own set-up of a new SQLite store does not survive a kill.
"""

import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mlflow
from project import command, environment, find_runs, mlflow_run
from report import MACHINE

NOTHING = "name: nothing\nentry_points:\n  main:\n    command: python -c pass\n"
IDLE, REPEATS, KILLS = "nothing", 5, 20
SHORT = "max_evals=3 epochs=3"


def rerun():
    """A rerun with nothing changed, a project that does nothing, and where the time goes."""
    with tempfile.TemporaryDirectory() as folder:
        idle = Path(folder) / IDLE
        idle.mkdir()
        (idle / "MLproject").write_text(NOTHING)
        mlflow_run(folder, "main")
        ours, theirs, inside, imports = [], [], [], []
        for _ in range(REPEATS):
            theirs.append(mlflow_run(folder, "main", project=idle)[0])
            seconds, output = mlflow_run(folder, "main")
            assert output.count(" reused ") == 7 and " ran " not in output, output
            ours.append(seconds)
            inside.append(find_runs("main")[0].data.metrics["duration_seconds"])
            started = time.time()
            subprocess.run([sys.executable, "-c", "import mlflow"], check=True)
            imports.append(time.time() - started)
    a, b, c, d = (statistics.median(values) for values in (ours, theirs, inside, imports))
    return [
        f"## A rerun with nothing changed (sample, medians of {REPEATS}, one after the other)",
        "",
        "| | seconds | of the project that does nothing |",
        "|---|---|---|",
        f"| `mlflow run` of a project with the command `python -c pass` | {b:.2f} | 1 |",
        f"| `mlflow run .`, all seven steps reused | {a:.2f} | {a / b:.2f} |",
        f"| of these: finding the seven runs and reporting | {c:.2f} | {c / b:.2f} |",
        f"| of these: main's own start (imports of mlflow and of its SQL store) | {a - b - c:.2f} | "
        f"{(a - b - c) / b:.2f} |",
        f"| for comparison: `python -c 'import mlflow'` | {d:.2f} | {d / b:.2f} |",
    ]


def share():
    """Orchestration on the sample."""
    measured = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            seconds, _ = mlflow_run(folder, "main")
            bodies = step_seconds()
        chain = sum(max(bodies[step]) for step in ("ingest", "featurize", "tune", "compare", "register"))
        measured.append((seconds, chain, (seconds - chain) / seconds))
    seconds, chain, part = sorted(measured, key=lambda row: row[2])[1]
    return [
        "## Orchestration (sample at its defaults, 3 families, the median of 3)",
        "",
        "| wall time | longest chain of step bodies | orchestration |",
        "|---|---|---|",
        f"| {seconds:.1f} s | {chain:.1f} s | {part:.0%} |",
        "",
        "All three: " + ", ".join(f"{part:.0%} of {seconds:.1f} s" for seconds, _, part in measured) + ".",
    ]


def parallel():
    """Families side by side on movie_reviews."""
    rows, figures = {}, {}
    for at_a_time in ("1", "2"):
        with tempfile.TemporaryDirectory() as folder:
            seconds, _ = mlflow_run(folder, "main", f"corpus=movie_reviews parallelism={at_a_time}")
            rows[at_a_time], figures[at_a_time] = (seconds, span("tune")), tuned()
    lines = [
        "## Families side by side (movie_reviews at its defaults, one run each)",
        "",
        "| parallelism | `mlflow run` | of it tuning |",
        "|---|---|---|",
        *(f"| {key} | {seconds:.0f} s | {tuning:.0f} s |" for key, (seconds, tuning) in rows.items()),
        "| ratio | " + " | ".join(f"{one / two:.2f}" for one, two in zip(rows["1"], rows["2"])) + " |",
        "",
    ]
    same = figures["1"] == figures["2"]
    return [
        *lines,
        "Validation accuracy and log loss of the tuned families are "
        + ("the same." if same else f"not the same: {figures}"),
        "",
        "One after the other does not mean one core: with parallelism=1 each operation of a network is divided among "
        "both cores, with 2 each of them works on a trial of its own.",
    ]


def kills():
    """Main on the sample killed at random moments."""
    with tempfile.TemporaryDirectory() as folder:
        whole, _ = mlflow_run(folder, "main", SHORT)
        expected = tuned()
    draw = random.Random(42)
    rows = []
    for number in range(KILLS):
        moment = draw.uniform(0, whole)
        with tempfile.TemporaryDirectory() as folder:
            store = ["mlflow", "db", "upgrade", f"sqlite:///{folder}/mlflow.db"]
            subprocess.run(store, env=environment(), check=True, capture_output=True)
            started = subprocess.Popen(
                command("main", SHORT),
                cwd=folder,
                env=environment(),
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(moment)
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            seconds, output = mlflow_run(folder, "main", SHORT)
            found, versions = tuned(), registered()
        outcomes = re.findall(r"^\w+ +(ran|reused) +\w{32}", output, re.MULTILINE)
        repeated = sum(int(count) for count in re.findall(r"going on from (\d+) finished", output))
        right = found == expected and versions == ["1"]
        rows.append(
            f"| {moment:.0f} | {outcomes.count('reused')} | {repeated} | {seconds:.0f} "
            f"| {'yes' if right else f'NO: {found}, {versions}'} |"
        )
        print(f"kill {number + 1}: {rows[-1]}", flush=True)
    same = sum("| yes |" in row for row in rows)
    return [
        f"## Killed at {KILLS} random moments (sample, 3 trials a family, 3 epochs, undisturbed {whole:.0f} s)",
        "",
        f"{same} of {KILLS} reruns finished with the figures of the undisturbed run and one registered version.",
        "",
        "| killed after s | steps reused | trials reused | rerun s | same figures |",
        "|---|---|---|---|---|",
        *rows,
    ]


def step_seconds():
    steps = ("ingest", "featurize", "tune", "compare", "register")
    return {step: [run.data.metrics["step_seconds"] for run in find_runs(step)] for step in steps}


def span(entry_point):
    found = find_runs(entry_point)
    return (max(run.info.end_time for run in found) - min(run.info.start_time for run in found)) / 1000


def tuned():
    """Validation accuracy and log loss by family, every digit."""
    names = ("validation_accuracy", "validation_log_loss")
    latest = {run.data.tags["family"]: run for run in reversed(find_runs("tune"))}
    return {family: [run.data.metrics[name] for name in names] for family, run in sorted(latest.items())}


def registered():
    return [str(version.version) for version in mlflow.MlflowClient().search_model_versions("name = 'sentiment'")]


PARTS = {"rerun": rerun, "share": share, "parallel": parallel, "kills": kills}


def main(names):
    kept = Path(__file__).with_suffix(".json")  # the parts measured before
    tables = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in names or PARTS:
        tables[name] = PARTS[name]()
        print("\n".join(tables[name]), end="\n\n", flush=True)
        kept.write_text(json.dumps(tables, indent=1))
        text = ["# The workflow around the steps", f"{MACHINE}."]
        text += ["\n".join(tables[part]) for part in PARTS if part in tables]
        kept.with_suffix(".md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
