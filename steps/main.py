"""The whole chain, from a corpus to a registered model, nested under one run."""

import os
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import mlflow

from steps import models
from steps.evaluation import table
from steps.search.progress import SHARED_CONSOLE
from steps.workflow.chain import Chain
from steps.workflow.errors import UserError


def main(parameters):
    started = time.time()
    check_families(parameters.families)
    chain = Chain(vars(parameters), parameters.reuse)
    ingest_run = chain.run("ingest")
    featurize_run = chain.run("featurize", ingest_run=ingest_run)
    tune_runs = tune_side_by_side(partial(chain.run, "tune", featurize_run=featurize_run), parameters)
    compare_run = chain.run("compare", tune_runs=tune_runs)
    register_run = chain.run("register", compare_run=compare_run)

    tags = mlflow.get_run(register_run).data.tags
    registered = mlflow.MlflowClient().get_model_version(tags["registered_model"], tags["model_version"])
    rows = mlflow.artifacts.load_dict(f"runs:/{compare_run}/comparison.json")["rows"]
    mlflow.log_metric("duration_seconds", time.time() - started)
    mlflow.set_tag(
        "mlflow.note.content",
        f"{table.verdict(rows)}\n\n{tags['mlflow.note.content']}\n\n{table.markdown(rows)}"
        f"\n\n```\n{chain.report()}\n```",
    )
    print(summary(rows, registered, chain.report(), time.time() - started), flush=True)


def check_families(names):
    if not names:
        raise UserError(f"families is empty: expected some of {', '.join(models.families())}, separated by commas")
    for name in names:
        models.check(name)


def tune_side_by_side(tune, parameters):
    """Tune each family in a process of its own, as many at a time as ``parallelism`` says, and return their runs."""
    cores = os.cpu_count()
    at_a_time = min(parameters.parallelism or cores, len(parameters.families))
    os.environ |= thread_limits(max(1, cores // at_a_time))
    if at_a_time > 1:
        os.environ[SHARED_CONSOLE] = "1"
    # MLflow nests a run under the one that is active in the same thread.
    nest = partial(mlflow.start_run, run_id=mlflow.active_run().info.run_id)
    with ThreadPoolExecutor(at_a_time, initializer=nest) as pool:
        return list(pool.map(lambda family: tune(family=family), parameters.families))


def thread_limits(threads):
    """Environment variables that keep a process to a number of threads, for TensorFlow, OpenMP and BLAS."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {name: str(threads) for name in names}


def summary(rows, registered, report, seconds):
    """What a person reads at the end: what won, by how much, and what to type next."""
    name, version, aliases = registered.name, registered.version, registered.aliases
    standing = " and ".join(aliases) or "registered (a later version has taken its alias)"
    tracking = shlex.quote(mlflow.get_tracking_uri())
    model = shlex.quote(f"models:/{name}@{aliases[0]}" if aliases else f"models:/{name}/{version}")
    request = """'{"inputs": ["A gem. I laughed all the way home."]}'"""
    return f"""
{report}

{table.verdict(rows)}
{name} version {version} is {standing}. Everything took {seconds:.0f} s.

Look at the runs:    mlflow ui --backend-store-uri {tracking}
Serve the model:     MLFLOW_TRACKING_URI={tracking} mlflow models serve -m {model} --env-manager local -p 5001
Ask it:              curl localhost:5001/invocations -H 'Content-Type: application/json' -d {request}
"""
