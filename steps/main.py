"""The whole chain, from a corpus to a registered model, nested under one run."""

import os
import shlex
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from sentiment.commands import curl_command
from sentiment.corpora.logged_datasets import use_datasets
from sentiment.errors import GateFailed, UserError
from sentiment.evaluation.metrics import figures_of
from sentiment.markdown import escape_prose
from sentiment.model import families
from sentiment.pages import run_page, shown_tracking_uri, ui_url, version_page
from sentiment.registry import promotions
from sentiment.reports import table
from sentiment.search.cores import POLL_SECONDS, are_taken, share_cores, usable_cores
from sentiment.search.loop import LAG
from sentiment.search.progress import SHARED_CONSOLE
from sentiment.search.space_file import narrow_space
from sentiment.search.workers import thread_limits
from sentiment.tracking import (
    ALIAS,
    COMPARE_RUN,
    COMPARISON,
    FEATURIZE_RUN,
    GATE,
    INGEST_RUN,
    MODEL_VERSION,
    NOTE,
    REGISTERED_MODEL,
    REVIEW_CARD,
    TUNE_RUN,
    WAITS,
    active_run,
    gate_tags,
)
from sentiment.workflow.chain import Chain, ChainStep
from sentiment.workflow.parameters import MainParameters


def main(parameters: MainParameters) -> None:
    started = time.time()
    check_families(parameters)
    check_space(parameters)
    promotions.check_permission(parameters.registered_model)
    chain = Chain(parameters.model_dump(), parameters.reuse)
    ingest = chain.start("ingest")
    pretrained = parameters.pretrained if parameters.tokens == "checkpoint" else ""
    featurize = chain.start("featurize", ingest_run=ingest, pretrained=pretrained)
    with tempfile.TemporaryDirectory() as cores:
        tuned = tune_side_by_side(chain, featurize, parameters, cores)
        compare = chain.start("compare", tune_runs=tuned)
        # The gate fails main itself, after its summary.
        register = chain.start("register", compare_run=compare, fail_on_gate=False)
        chain.finish()

    use_datasets(ingest.run.result(), "training", "validation", "test")
    registering, comparing = register.run.result(), compare.run.result()
    tags = registering.data.tags
    registered = mlflow.MlflowClient().get_model_version(tags[REGISTERED_MODEL], tags[MODEL_VERSION])
    comparison = mlflow.artifacts.load_dict(f"runs:/{comparing.info.run_id}/{COMPARISON}")
    mlflow.log_metrics(figures_of(comparison["rows"][0]) | {"duration_seconds": time.time() - started})
    made = {key: tags[key] for key in (REGISTERED_MODEL, MODEL_VERSION, ALIAS)}
    used = {INGEST_RUN: [ingest], FEATURIZE_RUN: [featurize], TUNE_RUN: tuned, COMPARE_RUN: [compare]}
    for tag, steps in used.items():
        made[tag] = ",".join(step.run.result().info.run_id for step in steps)
    card_note = describe_card(
        comparison, comparing, registering, {step.name: step.run.result() for step in chain.steps}
    )
    links = {"review card": run_page(registering, REVIEW_CARD)}
    links[f"{registered.name} version {registered.version}"] = version_page(registered.name, registered.version)
    links |= {step.name: run_page(step.run.result()) for step in chain.steps}
    # The links first: MLflow's UI shows the first lines only, until it is asked for more.
    made[NOTE] = (
        ", ".join(f"[{name}]({page.removeprefix('/')})" for name, page in links.items())
        + (f"\n\n{card_note}" if card_note else "")
        + f"\n\n{escape_prose(table.verdict(comparison))}\n\n{tags[NOTE]}\n\n{table.markdown(comparison)}"
        + f"\n\n```\n{chain.report()}\n```"
    )
    mlflow.set_tags(made)
    status = describe_status(registered, promotions.get_champion_version(registered.name), tags)
    seconds = time.time() - started
    print(summary(comparison, registered, registering, status, card_note, chain.report(), seconds), flush=True)
    if parameters.fail_on_gate and tags[GATE] == "failed":
        raise GateFailed(status)


def check_families(parameters: MainParameters) -> None:
    """Raise UserError if a family is unknown, or an option is given that no family has."""
    if not parameters.families:
        raise UserError(
            f"families is empty: expected some of {', '.join(families.family_names())}, separated by commas"
        )
    for family in parameters.families:
        families.get_family(family)
    for option in families.option_names():
        names, value = families.families_with(option), getattr(parameters, option)
        if option == "pretrained" and parameters.tokens == "checkpoint":
            continue
        if value != default_of(option) and not set(names) & set(parameters.families):
            raise UserError(
                f"{option}={value} has no effect on {', '.join(parameters.families)}: "
                f"add {' or '.join(names)} to families"
            )
    if parameters.tokens != "word" and parameters.embedding != "random":
        raise UserError(f"embedding={parameters.embedding} has vectors of words: it needs tokens=word")


def default_of(option: str) -> object:
    return MainParameters.model_fields[option].default


def check_space(parameters: MainParameters) -> None:
    """Raise UserError if the space file does not fit one of the families, before anything starts."""
    if parameters.space:
        for name in parameters.families:
            space = families.get_family(name).search_space(parameters.training())
            narrow_space(name, *space, parameters.space, discrete=parameters.algo == "grid")


def trains_in_epochs(family: str) -> bool:
    return families.get_family(family).trains_in_epochs


def tune_side_by_side(chain: Chain, featurize: ChainStep, parameters: MainParameters, folder: str) -> list[ChainStep]:
    """Tune the families, ``parallelism`` trials of all of them at a time; returns the steps once the last has begun."""
    on_spark = parameters.engine == "spark"
    processes = parameters.parallelism or usable_cores()
    at_a_time = 1 if on_spark else min(processes, len(parameters.families))  # a family has the whole cluster
    os.environ |= thread_limits(processes)
    if at_a_time > 1:
        os.environ[SHARED_CONSOLE] = "1"
        share_cores(folder, processes)
    # The long ones first, so that none runs alone at the end.
    steps: list[ChainStep] = []
    running: set[Future[Run]] = set()
    for family in sorted(parameters.families, key=trains_in_epochs, reverse=True):
        # One more is started when others have all cores, so that its imports are done when one becomes free.
        while len(running) > at_a_time or len(running) == at_a_time and not (at_a_time > 1 and are_taken(folder)):
            running = wait(running, POLL_SECONDS, FIRST_COMPLETED).not_done
        trials = parameters.parallelism
        if trials and not on_spark:
            trials = min(trials, LAG) if trains_in_epochs(family) else 1
        # An option of another family changes nothing here.
        others = {option: default_of(option) for option in families.unknown_options(family)}
        steps.append(chain.start("tune", family=family, featurize_run=featurize, parallelism=trials, **others))
        running.add(steps[-1].run)
    return steps


def describe_status(registered: ModelVersion, champion: str | None, tags: Mapping[str, str]) -> str:
    """What a version is now, which may have changed since a reused register run, and what it fails or waits for.

    Args:
        registered: the version.
        champion: the current champion's version, or None.
        tags: of the register run.
    """
    status = f"{registered.name} version {registered.version} is {' and '.join(registered.aliases) or 'registered'}"
    if champion not in (None, str(registered.version)):
        status += f"; version {champion} is champion"
    if WAITS in tags and promotions.CHALLENGER in registered.aliases:
        status += f"; {tags[WAITS]}"
    failed = [
        f"{key.removeprefix(f'{GATE}.')} {outcome}"
        for key, outcome in gate_tags(tags).items()
        if outcome.startswith("failed")
    ]
    return status + (f"; it does not pass the gate ({'; '.join(failed)})" if failed else "")


def describe_card(comparison: Mapping[str, Any], comparing: Run, registering: Run, used: Mapping[str, Run]) -> str:
    """Which earlier runs the review card describes in place of those of this chain; empty where there are none.

    A comparison is reused where the corpus and the models are the same, also if their runs differ in what the card
    shows: the name of the corpus, the rows that were dropped, the trials.

    Args:
        comparison: the content of comparison.json.
        comparing: the run that it is of.
        registering: the run that has the card.
        used: the runs of this chain, by step and family.
    """
    described = {"ingest": comparing.data.tags.get(INGEST_RUN), "compare": registering.data.params.get("compare_run")}
    described |= {row["family"]: row["tune_run"] for row in comparison["rows"]}
    earlier = [
        f"{name} {run}" for name, run in described.items() if run and name in used and run != used[name].info.run_id
    ]
    return f"The review card describes earlier runs with the same result: {', '.join(earlier)}." if earlier else ""


def summary(
    comparison: Mapping[str, Any],
    registered: ModelVersion,
    registering: Run,
    status: str,
    card_note: str,
    report: str,
    seconds: float,
) -> str:
    """The text at the end: what won, by how much, and the next commands."""
    name, version, aliases = registered.name, registered.version, registered.aliases
    tracking = shlex.quote(shown_tracking_uri())
    start_ui = "" if tracking.startswith("http") else f"Look at it with:     mlflow ui --backend-store-uri {tracking}\n"
    card_note = f"\n{card_note}" if card_note else ""
    model = shlex.quote(f"models:/{name}@{aliases[0]}" if aliases else f"models:/{name}/{version}")
    return f"""
{report}
{table.console_report(comparison)}
{status}. Everything took {seconds:.0f} s.{card_note}

{start_ui}The run:             {ui_url(run_page(active_run()))}
The review card:     {ui_url(run_page(registering, REVIEW_CARD))}
The model:           {ui_url(version_page(name, version))}
Serve the model:     MLFLOW_TRACKING_URI={tracking} mlflow models serve -m {model} --env-manager local -p 5001
Ask it:              {curl_command("localhost:5001/invocations")}
"""
