"""See how the champion does now: a batch, or the requests of the last hours, beside what it was made with."""

from collections.abc import Callable

import mlflow
import pandas as pd

from sentiment.errors import Alert, UserError
from sentiment.monitoring import figures, monitoring_run
from sentiment.monitoring.drift import ENOUGH, drifts, less_accurate
from sentiment.monitoring.observed import read_batch, recorded
from sentiment.monitoring.reference import Champion
from sentiment.registry.promotions import needed_champion
from sentiment.reports import monitoring_report
from sentiment.tracking import artifacts, log_parquet
from sentiment.workflow.launch import launch
from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import MainParameters, MonitorParameters


def monitor(parameters: MonitorParameters, hold: Callable[[], None]) -> None:
    name = parameters.registered_model
    version = needed_champion(name)
    champion = Champion(version)
    classes = champion.features.classes
    observed, requests, source = observe(parameters, champion, classes)
    run = monitoring_run.standing_run(name)
    reference = champion.reference(run.info.run_id)
    found = drifts(reference, observed, parameters.psi, parameters.p_value)
    measured = figures.of_texts(observed, classes) | figures.of_requests(requests) | figures.of_drifts(found)
    alerts = [drift.said for drift in found if drift.alert]
    if said := less_accurate(reference, observed, parameters.accuracy_drop, parameters.p_value):
        alerts.append(said)
    if measured.get("requests/error_rate", 0.0) > parameters.error_rate:
        alerts.append(
            f"{measured['requests/error_rate']:.1%} of the requests failed, more than {parameters.error_rate:.1%}"
        )

    alert = "; ".join(alerts)
    mlflow.log_metrics(measured | {"alert": bool(alerts)})
    monitoring_run.add_point(run.info.run_id, measured | {"alert": bool(alerts)}, {"alert": alert or "none"})
    drawn = monitoring_report.figures(
        reference,
        observed,
        requests,
        monitoring_run.history(run.info.run_id, monitoring_report.trend(measured)),
        parameters,
    )
    for plot, figure in drawn.items():
        mlflow.log_figure(figure, f"plots/{plot}.png")
    verdict = said_of(version, source, observed, measured, alert)
    mlflow.log_text(
        monitoring_report.page(version, source, verdict, measured, found, observed, drawn, run), "report.html"
    )
    tags = {"registered_model": name, "model_version": version.version, "mlflow.note.content": verdict}
    mlflow.set_tags(tags | ({"alert": alert} if alert else {}))
    print(f"monitor: {verdict}", flush=True)

    if alert and parameters.retrain:
        retrain(champion, observed, name, hold)
    elif parameters.retrain:
        print("monitor: no alert, so nothing is trained", flush=True)
    if alert and parameters.fail_on_alert:
        raise Alert(alert)


def observe(parameters, champion, classes):
    """The texts that are looked at, described, the requests, and what they are in words."""
    if parameters.batch:
        batch = read_batch(parameters.batch, parameters.text_column, parameters.label_column, classes)
        if parameters.retrain and batch["label"].isna().all():
            raise UserError(
                f"retrain=true needs labels: {parameters.batch} has no column {parameters.label_column!r} with any"
            )
        new, left_out = unknown_to(champion, batch)
        if new.empty:
            raise UserError(
                f"batch={parameters.batch}: the champion was trained on every text of it, which tells nothing"
            )
        observed = champion.described(new["text"].tolist()).assign(label=new["label"], text=new["text"])
        source = f"{len(observed)} texts of {parameters.batch}{left_out}"
        return observed, pd.DataFrame(), source
    if parameters.retrain:
        raise UserError("retrain=true needs a labelled batch: -P batch=labelled.csv")
    name, experiment = parameters.registered_model, mlflow.active_run().info.experiment_id
    requests, texts = recorded(name, experiment, parameters.hours)
    if requests.empty:
        raise UserError(
            f"there is nothing to look at: no request to {name} was recorded in the last {parameters.hours:g} hours "
            "(mlflow run . -e serve -P record=true), and no -P batch= is given"
        )
    own, left_out = unknown_to(champion, texts[texts["version"] == str(champion.version.version)])
    shown = own["text"].dropna()
    own["unknown"] = float("nan")
    if len(shown):
        own.loc[shown.index, "unknown"] = champion.unknown_words(shown.tolist())
    return (
        own,
        requests,
        f"{len(requests)} requests of the last {parameters.hours:g} hours, {len(own)} texts of this version",
    )


def unknown_to(champion, texts):
    """The rows whose text the champion was not trained on, and how many are left out, in words: they flatter it."""
    new = texts[~champion.trained_on(texts["text"])].reset_index(drop=True)
    return new, f" ({len(texts) - len(new)} that the champion was trained on left out)" if len(new) < len(texts) else ""


def said_of(version, source, observed, measured, alert):
    """The outcome in words."""
    parts = [f"{version.name} version {version.version} on {source}"]
    if "quality/accuracy" in measured:
        parts.append(f"accuracy {measured['quality/accuracy']:.4f} on {measured['data/labelled']:.0f} labelled texts")
    if "requests/count" in measured:
        parts.append(
            f"{measured['requests/per_minute']:.1f} requests a minute, p95 {measured['requests/latency_ms_p95']:.1f} ms, "
            f"{measured['requests/error_rate']:.1%} errors"
        )
    if len(observed) < ENOUGH:
        parts.append(f"too few texts to speak of drift (at least {ENOUGH})")
    parts.append(f"ALERT: {alert}" if alert else "no alert")
    return "; ".join(parts)


def retrain(champion, observed, name, hold):
    """Run main on the champion's corpus with the labelled batch added, as the champion's own main run was run."""
    parts = [pd.read_parquet(file)[["text", "label"]] for file in sorted(champion.dataset.glob("*.parquet"))]
    labelled = observed[observed["label"].notna()][["text", "label"]]
    log_parquet(pd.concat([*parts, labelled], ignore_index=True), "retrain/corpus.parquet")
    corpus = artifacts(mlflow.active_run().info.run_id, "retrain/corpus.parquet")
    main_run = champion.version.tags.get("main_run")
    again = given_parameters(mlflow.get_run(main_run), MainParameters) if main_run else {}
    print(f"monitor: training again on {sum(map(len, parts))} texts and {len(labelled)} new ones", flush=True)
    hold()
    launch(
        "main",
        again
        | {
            "corpus": str(corpus),
            "text_column": "text",
            "label_column": "label",
            "registered_model": name,
            "force": "false",
        },
    )
