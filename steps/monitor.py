"""Compare what the champion sees now, a batch or recorded requests, with what it was made from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion

from sentiment.artifacts import artifacts, log_parquet
from sentiment.corpora.labels import CORRECTED, HUMAN, LABELLED_BY
from sentiment.corpora.splits import normal_form
from sentiment.errors import Alert, UserError
from sentiment.monitoring import metrics, monitoring_run
from sentiment.monitoring.drift import describe_accuracy_drop, find_drifts, find_untested
from sentiment.monitoring.observation import Observation, observe_batch, observe_requests
from sentiment.monitoring.reference import Champion
from sentiment.registry.promotions import require_champion
from sentiment.reports import images, monitoring_report
from sentiment.runs import checked_run
from sentiment.tracking import ALERT, GATE_TERMS, MAIN_RUN, MODEL_VERSION, NOTE, REGISTERED_MODEL, active_run
from sentiment.workflow.command_line import format_value
from sentiment.workflow.launch import launch
from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import MainParameters, MonitorParameters


def monitor(parameters: MonitorParameters, hold: Callable[[], None]) -> None:
    champion = Champion(require_champion(parameters.registered_model))
    version = champion.version
    observation = observe(parameters, champion)
    texts, requests = observation.texts, observation.requests
    run = monitoring_run.get_monitoring_run(version.name)
    reference = champion.get_reference(run.info.run_id)

    drifts = find_drifts(reference, texts, parameters.psi, parameters.p_value)
    measured = metrics.text_metrics(texts, champion.features.classes)
    measured |= metrics.request_metrics(requests) | metrics.drift_metrics(drifts)
    alerts = [drift.message for drift in drifts if drift.alert]
    if drop := describe_accuracy_drop(reference, texts, parameters.accuracy_drop, parameters.p_value):
        alerts.append(drop)
    if (error_rate := measured.get("requests/error_rate", 0.0)) > parameters.error_rate:
        alerts.append(f"{error_rate:.1%} of the requests failed, more than {parameters.error_rate:.1%}")
    alert = "; ".join(alerts)
    measured["alert"] = float(bool(alerts))

    mlflow.log_metrics(measured)
    monitoring_run.add_point(run.info.run_id, measured, {ALERT: alert or "none"})
    history = monitoring_run.read_history(run.info.run_id, monitoring_report.select_plotted(measured))
    untested = find_untested(reference, texts)
    figures = monitoring_report.draw_monitoring(reference, texts, requests, history, parameters.psi)
    verdict = monitoring_report.describe(version, observation.source, untested, measured, alert)
    report = monitoring_report.render_report(
        version, observation.source, alert, measured, drifts, untested, texts, figures, run
    )
    mlflow.log_text(report, "report.html")
    images.log_plots(figures)
    tags = {REGISTERED_MODEL: version.name, MODEL_VERSION: version.version, NOTE: verdict}
    mlflow.set_tags(tags | ({ALERT: alert} if alert else {}))
    print(f"monitor: {verdict}", flush=True)

    if alert and parameters.retrain:
        retrain(champion, texts, hold)
    elif parameters.retrain:
        print("monitor: no alert, so nothing is trained", flush=True)
    if alert and parameters.fail_on_alert:
        raise Alert(alert)


def observe(parameters: MonitorParameters, champion: Champion) -> Observation:
    """The batch, or, without one, the recorded requests."""
    if not parameters.batch:
        if parameters.retrain:
            raise UserError("retrain=true needs a labelled batch: -P batch=labelled.csv")
        return observe_requests(champion, active_run().info.experiment_id, parameters.hours)
    observation = observe_batch(champion, parameters.source)
    if parameters.retrain and observation.texts["label"].isna().all():
        raise UserError(
            f"retrain=true needs labels: {parameters.batch} has none in a column {parameters.label_column!r}; name the "
            "column with -P label_column="
        )
    return observation


def retrain(champion: Champion, texts: pd.DataFrame, hold: Callable[[], None]) -> None:
    """Run main as the champion's main run was run, on its corpus with the labelled texts added."""
    splits = [read_human_labels(file) for file in sorted(champion.dataset.glob("*.parquet"))]
    kept, labelled, new = add_labelled(pd.concat(splits, ignore_index=True), texts[texts["label"].notna()])
    log_parquet(pd.concat([kept, labelled], ignore_index=True), "retrain/corpus.parquet")
    corpus = artifacts(active_run().info.run_id, "retrain/corpus.parquet")
    earlier = read_main_parameters(champion.version)
    for name in ("query", "corrections"):  # the splits have what they gave
        earlier.pop(name, None)
    corrected = read_corrected_labels(champion.dataset)
    corrected = corrected[corrected["text"].isin(kept["text"])]
    if not corrected.empty:
        log_parquet(corrected, "retrain/corrections.parquet")
        earlier["corrections"] = str(artifacts(active_run().info.run_id, "retrain/corrections.parquet"))
    size = sum(map(len, splits))
    replaced = f" ({size - len(kept)} of them with the label of the batch)" if size > len(kept) else ""
    print(f"monitor: training again on {size} texts{replaced} and {new} new ones", flush=True)
    hold()
    launch(
        "main",
        earlier
        | {
            "corpus": str(corpus),
            "text_column": "text",
            "label_column": "label",
            "registered_model": champion.version.name,
            "force": "false",
            "fail_on_gate": "false",
        },
    )


def add_labelled(corpus: pd.DataFrame, batch: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The rows of a corpus that a labelled batch does not replace, the batch's rows, and the number of its new texts.

    A text of the batch replaces the same one of the corpus, whose label is older, and takes its split and its slice.
    The split of a new text is train; it counts for ``splits=source`` alone. Texts are the same as for the splits.
    """
    keys, batch_keys = corpus["text"].map(normal_form), batch["text"].map(normal_form)
    places = corpus.drop(columns=["text", "label"]).groupby(keys).first()
    labelled = batch[["text", "label"]].join(places, on=batch_keys).fillna({"split": "train"})
    return corpus[~keys.isin(batch_keys)], labelled, batch_keys[~batch_keys.isin(keys)].nunique()


def read_main_parameters(version: ModelVersion) -> dict[str, Any]:
    """The parameters of the main run that registered a version; those of its gate where register was run by hand."""
    if main_run := version.tags.get(MAIN_RUN):
        return dict(given_parameters(checked_run(MAIN_RUN, main_run, "main", ended=False), MainParameters))
    terms: dict[str, Any] = json.loads(version.tags.get(GATE_TERMS, "{}"))
    known = {name: value for name, value in terms.items() if name in MainParameters.model_fields and value != ""}
    listed = ", ".join(f"{name}={format_value(value)}" for name, value in known.items()) or "none"
    print(
        f"monitor: {version.name} version {version.version} was not registered by a main run, so only the parameters "
        f"of its gate are known ({listed}): the others, families and require_review among them, have their defaults",
        flush=True,
    )
    return known


def read_human_labels(file: Path) -> pd.DataFrame:
    """The texts of a split and the labels that people gave; empty where labelers did, who will label them again.

    The column split has its name; slice is there where the corpus has slices.
    """
    split = pd.read_parquet(file).assign(split=file.stem)
    if LABELLED_BY in split:
        split["label"] = split["label"].where(split[LABELLED_BY] == HUMAN, "")
    return split[[name for name in ("text", "label", "split", "slice") if name in split]]


def read_corrected_labels(dataset: Path) -> pd.DataFrame:
    """The texts on which people have corrected the labelers, and their labels; empty where people gave all labels."""
    splits = pd.concat(map(pd.read_parquet, sorted(dataset.glob("*.parquet"))), ignore_index=True)
    corrected = splits[splits[LABELLED_BY] == CORRECTED] if LABELLED_BY in splits else splits[:0]
    return corrected[["text", "label"]]
