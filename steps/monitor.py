"""Compare a batch, or recorded requests, with the champion's test split, and alert on drift."""

from collections.abc import Callable

import mlflow

from sentiment.errors import Alert, UserError
from sentiment.markdown import escape_prose
from sentiment.monitoring import metrics, monitoring_run
from sentiment.monitoring.drift import describe_accuracy_drop, find_drifts, find_untested, was_tested
from sentiment.monitoring.observation import Observation, observe_batch, observe_requests
from sentiment.monitoring.reference import Champion
from sentiment.monitoring.retraining import retrain
from sentiment.registry.promotions import require_champion
from sentiment.reports import images, monitoring_report
from sentiment.tracking import ALERT, MODEL_VERSION, NOTE, REGISTERED_MODEL, active_run
from sentiment.workflow.parameters import MonitorParameters


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
    measured[monitoring_run.CHAMPION] = int(version.version)
    alerts = [drift.message for drift in drifts if drift.alert]
    if drop := describe_accuracy_drop(reference, texts, parameters.accuracy_drop, parameters.p_value):
        alerts.append(drop)
    if (error_rate := measured.get("requests/error_rate", 0.0)) > parameters.error_rate:
        alerts.append(f"{error_rate:.1%} of the requests failed, more than {parameters.error_rate:.1%}")
    alert = "; ".join(alerts)
    untested = find_untested(reference, texts)
    tested = was_tested(untested, measured)
    if tested:
        measured["alert"] = float(bool(alerts))

    mlflow.log_metrics(measured)
    plotted = {name: measured[name] for name in monitoring_report.select_plotted(measured)}
    history = monitoring_run.read_history(run.info.run_id, plotted)
    figures = monitoring_report.draw_monitoring(reference, texts, requests, history, parameters.psi)
    verdict = monitoring_report.describe(version, observation.source, untested, measured, alert)
    report = monitoring_report.render_report(
        version,
        observation.source,
        alert,
        measured,
        drifts,
        untested,
        texts,
        figures,
        run,
        reference,
        parameters.psi,
        parameters.p_value,
    )
    mlflow.log_text(report, "report.html")
    images.log_plots(figures)
    tags = {REGISTERED_MODEL: version.name, MODEL_VERSION: version.version, NOTE: escape_prose(verdict)}
    mlflow.set_tags(tags | ({ALERT: alert} if alert else {}))
    # Last: what fails before is monitored again, and is to count once.
    monitoring_run.add_point(run.info.run_id, measured, {ALERT: alert or ("none" if tested else "not tested")})
    print(f"monitor: {verdict}", flush=True)

    if alert and parameters.retrain:
        retrain(champion, observation.batch, hold)
    elif parameters.retrain:
        print(f"monitor: {'no alert' if tested else 'nothing was tested'}, so nothing is trained", flush=True)
    if alert and parameters.fail_on_alert:
        raise Alert(alert)


def observe(parameters: MonitorParameters, champion: Champion) -> Observation:
    """The batch, or, without one, the recorded requests."""
    if not parameters.batch:
        if parameters.retrain:
            raise UserError("retrain=true needs a labelled batch: -P batch=labelled.csv")
        return observe_requests(champion, active_run().info.experiment_id, parameters.hours)
    observation = observe_batch(champion, parameters.source)
    if parameters.retrain and observation.batch["label"].isna().all():
        raise UserError(
            f"retrain=true needs labels: {parameters.batch} has none in a column {parameters.label_column!r}; name the "
            "column with -P label_column="
        )
    return observation
