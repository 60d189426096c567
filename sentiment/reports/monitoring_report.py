"""The monitoring report: a self-contained page in the manner of the review card."""

from datetime import UTC, datetime
from pathlib import Path

from sentiment.monitoring.drift import QUANTITIES
from sentiment.monitoring.figures import over_time
from sentiment.reports import monitoring_plots
from sentiment.reports import page as pages

TEMPLATE = Path(__file__).parent / "monitoring_report.html"
TREND = (
    "quality/accuracy",
    "quality/precision_macro",
    "quality/recall_macro",
    "quality/f1",
    "drift/psi",
    "requests/latency",
)
EXAMPLES = 10  # texts that the champion was surest of and wrong


def trend(names):
    """The metrics among some that are drawn over time."""
    return [name for name in names if name.startswith(TREND)]


def figures(reference, observed, requests, points, parameters):
    """The plots, a dict from their names to matplotlib Figures.

    Args:
        reference: DataFrame of the test split.
        observed: DataFrame of the texts.
        requests: DataFrame of the recorded requests, may be empty.
        points: dict from a metric's name to its (step, value) so far.
        parameters: those of the step monitor.
    """
    drawn = {"distributions": monitoring_plots.distributions(reference, observed)}
    if len(requests) > 1:
        drawn["requests"] = monitoring_plots.requests(over_time(requests))
    if points:
        drawn["over_time"] = monitoring_plots.trend(points, {"drift/psi": parameters.psi})
    return drawn


def page(version, source, verdict, measured, drifts, observed, drawn, standing_run):
    """The page.

    Args:
        version: the champion's ``ModelVersion``.
        source: what was looked at, in words.
        verdict: the outcome, in words.
        measured: dict of figures.
        drifts: list of :class:`sentiment.monitoring.drift.Drift`.
        observed: DataFrame of the texts.
        drawn: what :func:`figures` gave.
        standing_run: the run whose metrics have the figures over time.
    """
    labelled = observed[observed["label"].notna() & (observed["label"] != observed["predicted"])]
    mistakes = labelled.sort_values("score", ascending=False).head(EXAMPLES) if "text" in observed else labelled.head(0)
    return pages.render(
        TEMPLATE,
        version=version,
        source=source,
        verdict=verdict,
        when=datetime.now(UTC).isoformat(" ", "minutes"),
        measured=measured,
        drifts=drifts,
        quantities=QUANTITIES,
        mistakes=mistakes.to_dict("records"),
        standing=standing_run.info.run_id,
        plots={name: pages.as_image(figure) for name, figure in drawn.items()},
    )
