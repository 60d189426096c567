"""Whether a model is to take the champion's place: a row of checks, each with its figures."""

import json
from dataclasses import dataclass

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError
from sentiment.evaluation.behaviour import Case, report
from sentiment.evaluation.measure import predict_proba
from sentiment.registry import thresholds, versions
from sentiment.registry.comparable_rows import common_ground
from sentiment.tracking import OUTPUT_DIGEST, artifacts, checked_run

TERMS = "gate.terms"  # tag of a version: what its gate was asked to hold it to


@dataclass(frozen=True)
class Check:
    """A condition that a model has to meet.

    Args:
        name: such as ``accuracy`` or ``minimum_f1_macro``.
        passed: whether it does.
        said: the condition with its figures, in words.
        figures: dict from names to floats.
    """

    name: str
    passed: bool
    said: str
    figures: dict


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a model.

    Args:
        passed: whether it is to be champion.
        reason: why, or why not: the first check that failed.
        checks: list of :class:`Check`.
    """

    passed: bool
    reason: str
    checks: list

    @property
    def figures(self):
        return {name: value for check in self.checks for name, value in check.figures.items()}

    def tags(self):
        """A tag for each check."""
        return {
            f"gate.{check.name}": f"{'passed' if check.passed else 'failed'}: {check.said}" for check in self.checks
        }

    def markdown(self):
        """The checks as a table."""
        lines = [
            f"| {check.name} | {'passed' if check.passed else '**failed**'} | {check.said} |" for check in self.checks
        ]
        return "\n".join(["| gate | | |", "|---|---|---|", *lines]) if lines else ""

    def as_dict(self):
        return {"passed": self.passed, "reason": self.reason, "checks": [vars(check) for check in self.checks]}


def terms_of(parameters):
    """What the gate is asked to hold a model to, from a step's parameters: a dict that JSON can hold."""
    return {name: getattr(parameters, name) for name in ("gates", "tolerance", "behaviour_tolerance")}


def weighed(champion, winner, compare_run, terms, force):
    """Weigh the winner of a comparison: against fixed thresholds, and against the champion on texts new to both.

    Args:
        champion: the champion's ``ModelVersion``, or None.
        winner: the winner's row of comparison.json.
        compare_run: the compare run, an ``mlflow.entities.Run``.
        terms: dict of :func:`terms_of`.
        force: whether it takes the place of a champion that it cannot be compared with.

    Returns:
        A :class:`Verdict`.
    """
    checks = [
        Check(
            limit.name,
            limit.holds(winner),
            f"{limit.value(winner):.4g}, expected {limit}",
            {limit.figure: limit.value(winner)},
        )
        for limit in thresholds.parse("gates", terms["gates"])
    ]
    if champion is None:
        return _verdict(checks, "there was no champion")
    if champion.tags.get(versions.COMPARISON) == compare_run.data.tags.get(OUTPUT_DIGEST):
        return Verdict(False, f"champion version {champion.version} is the same model", checks)
    test = pd.read_parquet(artifacts(compare_run.info.run_id, "test_predictions.parquet"))
    tags = compare_run.data.tags
    ingest_run = checked_run("ingest_run", tags["ingest_run"], "ingest")
    obstacle, held_out = common_ground(champion, json.loads(tags["classes"]), ingest_run)
    if obstacle:
        asks = (
            "force=true"
            if force
            else "so that the two cannot be compared: -P force=true puts it in its place all the same"
        )
        checks.append(Check("comparable", force, f"champion version {champion.version} {obstacle}, {asks}", {}))
        return _verdict(checks, checks[-1].said)
    model = _load(champion)
    checks.append(_accuracy(champion, model, winner, test[held_out], terms["tolerance"]))
    checks.append(_behaviour(champion, model, winner, compare_run, terms["behaviour_tolerance"]))
    return _verdict(checks, checks[-2].said)


def _verdict(checks, reason):
    failed = next((check for check in checks if not check.passed), None)
    return Verdict(failed is None, f"{failed.name}: {failed.said}" if failed else reason, checks)


def _load(champion):
    uri = f"models:/{champion.name}/{champion.version}"
    try:
        return mlflow.pyfunc.load_model(uri)
    except (MlflowException, OSError, ImportError) as error:
        raise UserError(
            f"the champion, {uri}, cannot be loaded ({error}), so nothing can be weighed against it: mend it, put the "
            f"one before it back (mlflow run . -e rollback), or delete its alias"
        ) from error


def _accuracy(champion, model, winner, test, tolerance):
    """Whether the winner is not less accurate, by more than the tolerance, on the texts that neither has seen."""
    before = versions.accuracy(model, test)
    now = float((test[f"{winner['family']}.label"] == test["label"]).mean())
    return Check(
        "accuracy",
        now >= before - tolerance,
        f"test accuracy {now:.4f} against {before:.4f} of version {champion.version} on the same {len(test)} documents"
        + (f", tolerance {tolerance:g}" if tolerance else ""),
        {"accuracy": now, "champion_accuracy": before},
    )


def _behaviour(champion, model, winner, compare_run, tolerance):
    """Whether the winner does not fail more behaviour tests, by more than the tolerance, than the champion."""
    cases = [
        Case(**case) for case in mlflow.artifacts.load_dict(f"runs:/{compare_run.info.run_id}/behaviour_cases.json")
    ]
    classes = json.loads(compare_run.data.tags["classes"])
    probabilities = predict_proba(model, [text for case in cases for text in case.texts])
    failed = report.failures(cases, probabilities, classes)
    before = float(np.mean([row["failure_rate"] for row in report.by_capability(cases, failed)]))
    now = winner["behaviour_failure_rate"]
    return Check(
        "behaviour",
        now <= before + tolerance,
        f"{now:.1%} of the behaviour tests fail against {before:.1%} of version {champion.version}, tolerance {tolerance:.0%}",
        {"behaviour_failure_rate": now, "champion_behaviour_failure_rate": before},
    )
