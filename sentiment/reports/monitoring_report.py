"""The monitoring report, a self-contained page like the review card."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
from matplotlib.figure import Figure
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from sentiment.monitoring.drift import QUANTITIES, Drift, select_evaluated, was_tested
from sentiment.monitoring.metrics import requests_over_time
from sentiment.monitoring.monitoring_run import CHAMPION
from sentiment.pages import run_page, ui_url
from sentiment.reports import images, monitoring_plots, page

MISTAKES = 10  # the most confident ones of the champion


def select_plotted(names: Iterable[str]) -> list[str]:
    """The metrics that are plotted over time: quality except per class, drift, latency, the champion's version."""
    whole = ("drift/psi", "requests/latency", CHAMPION)
    return [name for name in names if name.startswith(whole) or (name.startswith("quality/") and "." not in name)]


def describe(
    version: ModelVersion, source: str, untested: Mapping[str, str], metrics: Mapping[str, float], alert: str
) -> str:
    """The outcome of a monitoring, in words.

    Args:
        version: the champion.
        source: what was monitored, in words.
        untested: what :func:`sentiment.monitoring.drift.find_untested` found.
        metrics: what was measured.
        alert: why there is an alert; empty if there is none.
    """
    parts = [f"{version.name} version {version.version} on {source}"]
    if "quality/accuracy" in metrics:
        parts.append(f"accuracy {metrics['quality/accuracy']:.4f} on {metrics['data/labelled']:.0f} labelled texts")
    if "requests/count" in metrics:
        parts.append(
            f"{metrics['requests/per_minute']:.1f} requests a minute, p95 {metrics['requests/latency_ms_p95']:.1f} ms, "
            f"{metrics['requests/error_rate']:.1%} errors"
        )
    parts += untested.values()
    parts.append(f"ALERT: {alert}" if alert else say_no_alert(untested, metrics))
    return "; ".join(parts)


def say_no_alert(untested: Mapping[str, str], metrics: Mapping[str, float]) -> str:
    """Says that there is no alert, or that nothing was tested that could raise one."""
    return "no alert" if was_tested(untested, metrics) else "nothing was tested"


def draw_monitoring(
    reference: pd.DataFrame,
    observed: pd.DataFrame,
    requests: pd.DataFrame,
    history: Mapping[str, Sequence[tuple[int, float]]],
    psi_limit: float,
) -> dict[str, Figure]:
    """The plots, by name.

    Args:
        reference: the champion's test split.
        observed: the texts.
        requests: the recorded requests; may be empty.
        history: from a metric to its (step, value) so far.
        psi_limit: PSI from which a quantity has drifted.
    """
    figures = {"distributions": monitoring_plots.draw_distributions(reference, observed)}
    if len(requests) > 1:
        figures["requests"] = monitoring_plots.draw_requests(requests_over_time(requests))
    if history.keys() - {CHAMPION}:
        figures["over_time"] = monitoring_plots.draw_history(history, {"drift/psi": psi_limit})
    return figures


def render_report(
    version: ModelVersion,
    source: str,
    alert: str,
    metrics: Mapping[str, float],
    drifts: Sequence[Drift],
    untested: Mapping[str, str],
    observed: pd.DataFrame,
    figures: Mapping[str, Figure],
    monitoring_run: Run,
    reference: pd.DataFrame,
    psi_limit: float,
    p_limit: float,
) -> str:
    """The page.

    Args:
        version: the champion.
        source: what was monitored, in words.
        alert: why there is an alert; empty if there is none.
        metrics: what was measured.
        drifts: the drift of each quantity.
        untested: what :func:`sentiment.monitoring.drift.find_untested` found.
        observed: the texts.
        figures: what :func:`draw_monitoring` returned.
        monitoring_run: the run that holds the metrics over time.
        reference: the champion's test split.
        psi_limit: PSI from which a quantity has drifted.
        p_limit: p-value below which it has.
    """
    labelled, evaluated = select_evaluated(reference), select_evaluated(observed)
    wrong = evaluated[evaluated["label"] != evaluated["predicted"]]
    mistakes = wrong.sort_values("score", ascending=False).head(MISTAKES if "text" in observed else 0)
    return page.render(
        "monitoring_report.html",
        version=version,
        source=source,
        alert=alert,
        no_alert=say_no_alert(untested, metrics),
        when=datetime.now(UTC),
        metrics=metrics,
        drifts=[(drift, _judge(drift, psi_limit, p_limit)) for drift in drifts],
        limits={"psi": psi_limit, "p_value": p_limit},
        reference_accuracy=(labelled["label"] == labelled["predicted"]).mean() if len(labelled) else None,
        untested=untested,
        quantities=QUANTITIES,
        mistakes=mistakes.to_dict("records"),
        over_time=ui_url(run_page(monitoring_run)),
        figures={name: images.embed_panels(figure) for name, figure in figures.items()},
        table=[["metric", ""]]
        + [[name, _show(value)] for name, value in metrics.items() if not name.startswith("drift/")],
    )


def _judge(drift: Drift, psi_limit: float, p_limit: float) -> str:
    """The verdict on a quantity, in words: an alert needs both a large PSI and a small p-value."""
    if drift.alert:
        return "drifted"
    if drift.p_value < p_limit:
        return "shift too small for an alert"
    return "may be chance" if drift.psi >= psi_limit else "no drift"


def _show(value: float) -> str:
    """A count without decimals, anything else with three, or three digits if it is small."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 0.001 else f"{value:,.3f}"
