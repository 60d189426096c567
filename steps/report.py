"""Write a Markdown comparison with the champion and the gate's verdict, for a comment on a pull request."""

from pathlib import Path

import mlflow
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from sentiment.artifacts import read_json
from sentiment.errors import GateFailed
from sentiment.registry import gate, promotions
from sentiment.registry.candidate import Candidate, comparison_digest
from sentiment.registry.versions import find_last_rollback, find_version
from sentiment.reports.pull_request import Incumbent, render_comment
from sentiment.runs import checked_run
from sentiment.tracking import COMPARE_RUN, COMPARISON, GATE, REGISTERED_MODEL, origin, version_origin
from sentiment.workflow.parameters import ReportParameters
from sentiment.workflow.upstream import find_run


def report(parameters: ReportParameters) -> None:
    name = parameters.registered_model
    if parameters.version:
        compare_run = find_compare_run(find_version(name, parameters.version))
    else:
        compare_run = find_run("compare_run", parameters.compare_run, "compare")
    comparison = read_json(compare_run.info.run_id, COMPARISON)
    champion = promotions.get_champion(name)
    candidate = Candidate(comparison["rows"][0], compare_run, champion)
    verdict = gate.evaluate(candidate, parameters.terms(parameters.force))

    incumbent = None
    if champion is not None and COMPARE_RUN in champion.tags:  # else it was not registered by this project
        its_run = find_compare_run(champion)
        same_data = origin(its_run).dataset_digest == origin(compare_run).dataset_digest
        incumbent = Incumbent(str(champion.version), read_json(its_run.info.run_id, COMPARISON), same_data)
    rollback = None if parameters.force else find_last_rollback(name, comparison_digest(compare_run))
    text = render_comment(name, comparison, verdict, incumbent, candidate.champion_version, rollback)
    mlflow.log_text(text, "report.md")
    mlflow.set_tags({REGISTERED_MODEL: name, GATE: "passed" if verdict.passed else "failed"} | verdict.tags())
    if parameters.output:
        Path(parameters.output).write_text(text, encoding="utf-8")
    print(f"report: written to {parameters.output}" if parameters.output else text, flush=True)
    if parameters.fail_on_gate and not verdict.passed:
        raise GateFailed(
            f"the winner of compare run {compare_run.info.run_id} does not pass the gate: {verdict.reason}"
        )


def find_compare_run(version: ModelVersion) -> Run:
    """The compare run that a version won."""
    return checked_run(COMPARE_RUN, version_origin(version).compare_run, "compare")
